//! DynamoDB: tables that come and go in their time, and writes under conditions.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};

use super::stage::{Stage, answers, code};

const TABLE: &str = "leases";

async fn create(tables: &Client) -> String {
    let key = KeySchemaElement::builder()
        .attribute_name("stack")
        .key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder()
        .attribute_name("stack")
        .attribute_type(ScalarAttributeType::S);
    let made = tables
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key.build().expect("a key"))
        .attribute_definitions(attribute.build().expect("an attribute"));
    code(made.send().await)
}

async fn status(tables: &Client) -> String {
    let answer = tables.describe_table().table_name(TABLE).send().await;
    match &answer {
        Ok(seen) => {
            let table = seen.table().expect("a table");
            table.table_status().expect("a status").as_str().to_owned()
        }
        Err(_) => code(answer),
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// Writes a token: where there is no item, or over `expected`.
async fn put(tables: &Client, token: &str, expected: Option<&str>) -> String {
    let put = tables
        .put_item()
        .table_name(TABLE)
        .item("stack", text("a"))
        .item("token", text(token));
    let put = match expected {
        None => put
            .condition_expression("attribute_not_exists(#stack)")
            .expression_attribute_names("#stack", "stack"),
        Some(expected) => put
            .condition_expression("#token = :token")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", text(expected)),
    };
    code(put.send().await)
}

async fn token(tables: &Client) -> String {
    let get = tables.get_item().table_name(TABLE).key("stack", text("a"));
    let answer = get.consistent_read(true).send().await;
    match &answer {
        Ok(found) => {
            let token = found.item().and_then(|item| item.get("token"));
            let token = token.and_then(|token| token.as_s().ok());
            token.map_or("no item", String::as_str).to_owned()
        }
        Err(_) => code(answer),
    }
}

async fn delete(tables: &Client, expected: &str) -> String {
    let delete = tables
        .delete_item()
        .table_name(TABLE)
        .key("stack", text("a"))
        .condition_expression("#token = :token")
        .expression_attribute_names("#token", "token")
        .expression_attribute_values(":token", text(expected));
    code(delete.send().await)
}

#[tokio::test]
async fn a_table_takes_its_time_and_cannot_be_used_before() {
    let stage = Stage::new();
    let tables = Client::new(stage.config());
    answers! {
        "no table" => status(&tables).await, "ResourceNotFoundException";
        "read without a table" => token(&tables).await, "ResourceNotFoundException";
        "create" => create(&tables).await, "accepted";
        "create again" => create(&tables).await, "ResourceInUseException";
        "at first" => status(&tables).await, "CREATING";
        "write" => put(&tables, "one", None).await, "ResourceNotFoundException";
        "read" => token(&tables).await, "ResourceNotFoundException";
    }
    stage.skip(10);
    let remove = || tables.delete_table().table_name(TABLE).send();
    answers! {
        "then" => status(&tables).await, "ACTIVE";
        "write" => put(&tables, "one", None).await, "accepted";
        "remove" => code(remove().await), "accepted";
        "on its way out" => status(&tables).await, "DELETING";
        "create" => create(&tables).await, "ResourceInUseException";
        "read" => token(&tables).await, "ResourceNotFoundException";
    }
    stage.skip(10);
    answers! {
        "gone" => status(&tables).await, "ResourceNotFoundException";
        "create" => create(&tables).await, "accepted";
    }
}

#[tokio::test]
async fn writes_and_deletions_act_under_their_condition_only() {
    let stage = Stage::new();
    let tables = Client::new(stage.config());
    assert_eq!(create(&tables).await, "accepted");
    stage.skip(10);
    answers! {
        "nothing there" => token(&tables).await, "no item";
        "over what is not there" => put(&tables, "one", Some("none")).await, "ConditionalCheckFailedException";
        "delete what is not there" => delete(&tables, "none").await, "ConditionalCheckFailedException";
        "first" => put(&tables, "one", None).await, "accepted";
        "second" => put(&tables, "two", None).await, "ConditionalCheckFailedException";
        "over another" => put(&tables, "two", Some("three")).await, "ConditionalCheckFailedException";
        "over the first" => put(&tables, "two", Some("one")).await, "accepted";
        "delete another" => delete(&tables, "one").await, "ConditionalCheckFailedException";
        "what stands" => token(&tables).await, "two";
        "delete" => delete(&tables, "two").await, "accepted";
        "gone" => token(&tables).await, "no item";
    }
}
