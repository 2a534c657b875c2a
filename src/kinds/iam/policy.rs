//! Policy documents: what the blueprint writes, how IAM takes them, and how what IAM answers compares.
//!
//! IAM answers documents URL-encoded, and a document means the same whether a lone value is written bare or as a list
//! and in whatever order values stand. So documents are compared statement by statement, in one canonical form.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::resource::{Diff, Effect, KNOWN_AFTER_APPLY, References, Resolve, Text};

/// The version of the policy language that knows variables; the only one worth writing.
const VERSION: &str = "2012-10-17";

/// What a principal may do, or who may become it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicyDocument {
    /// The statements, each with a `sid` of its own.
    pub(crate) statements: Vec<Statement>,
}

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Its name: letters and digits, unique in the document.
    pub(crate) sid: &'static str,
    /// The AWS service it is granted to; only in trust policies.
    pub(crate) service: Option<&'static str>,
    /// The actions, such as `logs:PutLogEvents`.
    pub(crate) actions: Vec<&'static str>,
    /// The ARNs it is about; none in trust policies.
    pub(crate) resources: Vec<Text>,
    /// What must also hold.
    pub(crate) conditions: Vec<Condition>,
}

/// One test of a request's context. Those of one operator and key hold where one of their values does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    /// The operator, such as `StringEquals`.
    pub(crate) operator: &'static str,
    /// The context key, such as `aws:SourceAccount`.
    pub(crate) key: &'static str,
    /// What to compare with.
    pub(crate) value: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DocumentJson<'a> {
    version: &'a str,
    statement: Vec<StatementJson<'a>>,
}

/// Who a statement is about: some of a sort, or everybody.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum PrincipalJson<'a> {
    Some(BTreeMap<&'a str, Cow<'a, str>>),
    Everybody(&'a str),
}

impl<'a> PrincipalJson<'a> {
    /// One of a sort, such as `Service`.
    pub(super) fn one(sort: &'a str, name: impl Into<Cow<'a, str>>) -> Self {
        Self::Some(BTreeMap::from([(sort, name.into())]))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatementJson<'a> {
    sid: &'a str,
    pub(super) effect: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) principal: Option<PrincipalJson<'a>>,
    action: &'a [&'static str],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'a str, BTreeMap<&'a str, ValueJson>>,
}

/// What a key of the context is compared with.
#[derive(Serialize)]
#[serde(untagged)]
enum ValueJson {
    One(String),
    Several(Vec<String>),
}

impl ValueJson {
    fn or(self, other: String) -> Self {
        let mut all = match self {
            Self::One(value) => vec![value],
            Self::Several(values) => values,
        };
        all.push(other);
        Self::Several(all)
    }
}

impl PolicyDocument {
    /// The document as IAM takes it, once all it refers to is known.
    pub(crate) fn render(&self, outputs: &dyn Resolve) -> Option<String> {
        let statement = self
            .statements
            .iter()
            .map(|statement| statement.json(outputs))
            .collect::<Option<_>>()?;
        document(statement)
    }

    /// `references` with all that the document refers to.
    pub(crate) fn referred(&self, references: References) -> References {
        let texts = self.statements.iter().flat_map(Statement::texts);
        texts.fold(references, References::in_text)
    }

    /// Notes in `diff` every statement that `have` lacks, has otherwise or has in addition.
    pub(crate) fn compare(
        &self,
        field: &str,
        have: &Statements,
        outputs: &dyn Resolve,
        diff: &mut Diff,
    ) {
        let wanted = self
            .statements
            .iter()
            .map(|statement| (statement.sid, statement.canonical(outputs)));
        have.compare(field, &wanted.collect(), diff);
    }
}

impl Statement {
    /// Everything in it that may refer to other resources.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Text> {
        let values = self.conditions.iter().map(|condition| &condition.value);
        self.resources.iter().chain(values)
    }

    pub(super) fn json(&self, outputs: &dyn Resolve) -> Option<StatementJson<'_>> {
        let mut condition: BTreeMap<&str, BTreeMap<&str, ValueJson>> = BTreeMap::new();
        for one in &self.conditions {
            let value = one.value.resolve(outputs)?;
            let keys = condition.entry(one.operator).or_default();
            let value = match keys.remove(one.key) {
                Some(others) => others.or(value),
                None => ValueJson::One(value),
            };
            keys.insert(one.key, value);
        }
        Some(StatementJson {
            sid: self.sid,
            effect: "Allow",
            principal: self
                .service
                .map(|service| PrincipalJson::one("Service", service)),
            action: &self.actions,
            resource: self
                .resources
                .iter()
                .map(|text| text.resolve(outputs))
                .collect::<Option<_>>()?,
            condition,
        })
    }

    fn canonical(&self, outputs: &dyn Resolve) -> Option<String> {
        self.json(outputs)?.canonical()
    }
}

impl StatementJson<'_> {
    /// The statement in the one form that statements are compared in.
    pub(super) fn canonical(&self) -> Option<String> {
        let value = serde_json::to_value(self).ok()?;
        Some(canonical(&value).to_string())
    }
}

/// A document of statements as AWS takes it.
pub(super) fn document(statement: Vec<StatementJson<'_>>) -> Option<String> {
    serde_json::to_string(&DocumentJson {
        version: VERSION,
        statement,
    })
    .ok()
}

/// A live document: each statement in canonical form, by its `Sid`, or by its number where it has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Statements(BTreeMap<String, String>);

impl Statements {
    /// Reads a document as IAM answers it. One that is no JSON counts as a single unknown statement.
    pub(crate) fn decode(document: &str) -> Self {
        let text = percent_decoded(document);
        let Ok(value) = serde_json::from_str::<Value>(&text) else {
            return Self(BTreeMap::from([("#1".to_owned(), text)]));
        };
        let statements = match value.get("Statement") {
            Some(Value::Array(statements)) => statements.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        };
        let named = statements.iter().enumerate().map(|(index, statement)| {
            let sid = statement.get("Sid").and_then(Value::as_str);
            let sid = sid.map_or_else(|| format!("#{}", index + 1), str::to_owned);
            (sid, canonical(statement).to_string())
        });
        Self(named.collect())
    }
}

impl Statements {
    /// Notes in `diff` every statement of `wanted`, by its `Sid`, that these lack, have otherwise or have in addition. One
    /// whose text is not known yet counts as another.
    pub(super) fn compare(
        &self,
        field: &str,
        wanted: &BTreeMap<&str, Option<String>>,
        diff: &mut Diff,
    ) {
        for (sid, want) in wanted {
            let live = self.0.get(*sid);
            if want.is_none() || want.as_ref() != live {
                let shown = want.clone();
                let shown = shown.unwrap_or_else(|| KNOWN_AFTER_APPLY.to_owned());
                let field = format!("{field}.{sid}");
                diff.push(field, live.cloned(), Some(shown), Effect::InPlace);
            }
        }
        let unwanted = self.0.iter();
        for (sid, text) in unwanted.filter(|(sid, _)| !wanted.contains_key(sid.as_str())) {
            let field = format!("{field}.{sid}");
            diff.push(field, Some(text.clone()), None, Effect::InPlace);
        }
    }
}

/// Keys sorted, lists sorted without repetition, and every value but `Sid` and `Effect` a list.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, Value> = fields
                .iter()
                .map(|(key, field)| match field {
                    Value::String(_) if key == "Sid" || key == "Effect" => (key, field.clone()),
                    _ => (key, canonical(field)),
                })
                .collect();
            Value::Object(
                sorted
                    .into_iter()
                    .map(|(key, field)| (key.clone(), field))
                    .collect(),
            )
        }
        Value::Array(values) => {
            let mut texts: Vec<String> = values.iter().map(text).collect();
            texts.sort();
            texts.dedup();
            texts.into()
        }
        lone => vec![text(lone)].into(),
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Undoes URL-encoding as RFC 3986 has it: `+` stays, and what is no escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escape {
            Some(byte) => {
                decoded.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, Arn, Attribute, Layer, Ref};

    struct Known(Option<&'static str>);

    impl Resolve for Known {
        fn output(&self, _: &Address, _: Attribute) -> Option<String> {
            self.0.map(str::to_owned)
        }
    }

    fn document() -> PolicyDocument {
        let secret = Ref::<Arn>::Of(Address::new(Layer::Secrets, "one"));
        PolicyDocument {
            statements: vec![Statement {
                sid: "Read",
                service: None,
                actions: vec!["secretsmanager:GetSecretValue"],
                resources: vec![Text::from(&secret), Text::from("arn:b")],
                conditions: vec![Condition {
                    operator: "StringEquals",
                    key: "aws:SourceAccount",
                    value: Text::from("123456789012"),
                }],
            }],
        }
    }

    fn changes(live: &str, known: &Known) -> Vec<String> {
        let mut diff = Diff::new();
        document().compare("policy", &Statements::decode(live), known, &mut diff);
        let field = |change: &crate::resource::Change| change.field.clone();
        diff.changes().iter().map(field).collect()
    }

    #[test]
    fn a_document_is_written_in_one_way() {
        assert_eq!(
            document().render(&Known(Some("arn:a"))).unwrap(),
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":["arn:a","arn:b"],"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}"#
        );
        assert_eq!(document().render(&Known(None)), None);
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        let known = Known(Some("arn:a"));
        let live = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Sid%22%3A%22Read%22%2C%22Condition%22%3A\
            %7B%22StringEquals%22%3A%7B%22aws%3ASourceAccount%22%3A%5B%22123456789012%22%5D%7D%7D%2C\
            %22Resource%22%3A%5B%22arn%3Ab%22%2C%22arn%3Aa%22%5D%2C\
            %22Action%22%3A%22secretsmanager%3AGetSecretValue%22%7D%7D";
        assert_eq!(changes(live, &known), [""; 0]);
        let own = document().render(&known).unwrap();
        assert_eq!(changes(&own, &known), [""; 0]);
    }

    #[test]
    fn every_other_statement_shows() {
        let known = Known(Some("arn:a"));
        let own = document().render(&known).unwrap();
        assert_eq!(changes(&own, &Known(Some("arn:c"))), ["policy.Read"]);
        assert_eq!(changes(&own, &Known(None)), ["policy.Read"]);
        let added = own.replace(r#""Statement":["#, r#""Statement":[{"Effect":"Allow"},"#);
        assert_eq!(changes(&added, &known), ["policy.#1"]);
        assert_eq!(
            changes("not json", &known),
            ["policy.Read", "policy.#1"],
            "what cannot be read is replaced"
        );
    }

    #[test]
    fn escapes_are_undone_and_nothing_else() {
        assert_eq!(percent_decoded("a%2Fb+c%"), "a/b+c%");
        assert_eq!(percent_decoded("%zz%C3%A9"), "%zzé");
    }
}
