//! Leases in DynamoDB: one table for all stacks of an account and region, made when it is first needed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType, TableStatus, Tag,
};
use tokio::time::{Instant, sleep};

use super::item::{Item, STACK, TOKEN, VERSION, decode, encode};
use super::record::Lease;
use super::store::{Deleted, Expected, Store, Written};
use super::terms::Terms;
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Error, Pace};

/// The table's name.
const NAME: &str = "kongstack-leases";
/// The table belongs to no stack: destroying one leaves it to the others.
const TAG: (&str, &str) = ("kongstack:made-for", "leases");
/// How often a call is tried.
const ATTEMPTS: u32 = 3;
/// How often a table in the making is looked at. It takes 5 to 10 s.
const LOOK: Duration = Duration::from_secs(1);
/// When to give up on it.
const PATIENCE: Duration = Duration::from_secs(120);

/// What DynamoDB says of a table that is not there, or not yet, or no more.
const ABSENT: &[&str] = &["ResourceNotFound"];
const REFUSED: &[&str] = &["ConditionalCheckFailed"];

/// The table of leases.
pub(crate) struct LeaseTable {
    clients: Arc<Clients>,
    pace: Pace,
    terms: Terms,
}

impl LeaseTable {
    /// The table in the account and region of these clients.
    #[must_use]
    pub(crate) fn new(clients: Arc<Clients>, pace: Pace) -> Self {
        let terms = Terms::at(pace);
        Self {
            clients,
            pace,
            terms,
        }
    }

    /// Shorter tries than others get: an answer that comes after the lease is lost helps nobody.
    fn limits(&self) -> Builder {
        let call = self.terms.call();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(call)
            .operation_attempt_timeout(call)
            .build();
        Builder::new()
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts)
    }

    async fn status(&self) -> Result<Option<TableStatus>, AwsError> {
        let call = self.clients.dynamodb().describe_table().table_name(NAME);
        let answer = call.send().await.map_err(failed("dynamodb:DescribeTable"));
        let table = answer.or_absent(ABSENT)?.and_then(|answer| answer.table);
        Ok(table.and_then(|table| table.table_status))
    }

    async fn create(&self) -> Result<(), AwsError> {
        let invalid = |error| {
            AwsError::in_answer("dynamodb:CreateTable", "InvalidRequest", &describe(&error))
        };
        let key = KeySchemaElement::builder()
            .attribute_name(STACK)
            .key_type(KeyType::Hash);
        let attribute = AttributeDefinition::builder()
            .attribute_name(STACK)
            .attribute_type(ScalarAttributeType::S);
        let tag = Tag::builder().key(TAG.0).value(TAG.1);
        let call = self
            .clients
            .dynamodb()
            .create_table()
            .table_name(NAME)
            .billing_mode(BillingMode::PayPerRequest)
            .key_schema(key.build().map_err(invalid)?)
            .attribute_definitions(attribute.build().map_err(invalid)?)
            .tags(tag.build().map_err(invalid)?);
        match call.send().await.map_err(failed("dynamodb:CreateTable")) {
            Err(error) if !error.is(&["ResourceInUse"]) => Err(error),
            // Somebody else's run has been quicker.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

fn describe(error: &aws_sdk_dynamodb::error::BuildError) -> String {
    error.to_string()
}

impl Store for LeaseTable {
    async fn prepare(&self) -> Result<(), Error> {
        let start = Instant::now();
        loop {
            let status = self.status().await?;
            match &status {
                Some(TableStatus::Active | TableStatus::Updating) => return Ok(()),
                Some(_) => {}
                None => self.create().await?,
            }
            if start.elapsed() >= PATIENCE {
                let state = status.map_or("absent".to_owned(), |status| status.to_string());
                return Err(Error::TimedOut {
                    what: format!("the table {NAME}"),
                    state,
                    after: Duration::from_secs(start.elapsed().as_secs()),
                    detail: Vec::new(),
                });
            }
            sleep(self.pace.scale(LOOK).max(Duration::from_millis(20))).await;
        }
    }

    async fn read(&self, stack: &str) -> Result<Option<Lease>, Error> {
        let call = self
            .clients
            .dynamodb()
            .get_item()
            .table_name(NAME)
            .key(STACK, AttributeValue::S(stack.to_owned()))
            .consistent_read(true)
            .customize()
            .config_override(self.limits());
        let answer = call.send().await.map_err(failed("dynamodb:GetItem"));
        let item = answer.or_absent(ABSENT)?.and_then(|answer| answer.item);
        item.as_ref().map(decode).transpose()
    }

    async fn write(&self, lease: &Lease, expected: Expected<'_>) -> Result<Written, Error> {
        let condition = Condition::of(expected);
        let call = self
            .clients
            .dynamodb()
            .put_item()
            .table_name(NAME)
            .set_item(Some(encode(lease)))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(condition.values)
            .customize()
            .config_override(self.limits());
        match call.send().await.map_err(failed("dynamodb:PutItem")) {
            Ok(_) => Ok(Written::Done),
            Err(error) if error.is(REFUSED) => Ok(Written::Refused),
            Err(error) if error.is(ABSENT) => Ok(Written::NoPlace),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete(&self, stack: &str, expected: Expected<'_>) -> Result<Deleted, Error> {
        let condition = Condition::of(expected);
        let call = self
            .clients
            .dynamodb()
            .delete_item()
            .table_name(NAME)
            .key(STACK, AttributeValue::S(stack.to_owned()))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(condition.values)
            .customize()
            .config_override(self.limits());
        match call.send().await.map_err(failed("dynamodb:DeleteItem")) {
            Ok(_) => Ok(Deleted::Done),
            Err(error) if error.is(REFUSED) || error.is(ABSENT) => Ok(Deleted::Refused),
            Err(error) => Err(error.into()),
        }
    }
}

/// What DynamoDB checks before it acts. Names stand behind placeholders: some are reserved words.
struct Condition {
    expression: &'static str,
    names: HashMap<String, String>,
    values: Option<Item>,
}

impl Condition {
    fn of(expected: Expected<'_>) -> Self {
        let token = |token: &str| (":token", AttributeValue::S(token.to_owned()));
        let (expression, names, values) = match expected {
            Expected::Nothing => ("attribute_not_exists(#stack)", vec![STACK], Vec::new()),
            Expected::Exactly(mark) => (
                "#token = :token AND #version = :version",
                vec![TOKEN, VERSION],
                vec![
                    token(&mark.token),
                    (":version", AttributeValue::N(mark.version.to_string())),
                ],
            ),
            Expected::Token(one) => ("#token = :token", vec![TOKEN], vec![token(one)]),
        };
        let names = names
            .into_iter()
            .map(|name| (format!("#{name}"), name.to_owned()));
        let values: Item = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Self {
            expression,
            names: names.collect(),
            // DynamoDB refuses an empty map.
            values: (!values.is_empty()).then_some(values),
        }
    }
}
