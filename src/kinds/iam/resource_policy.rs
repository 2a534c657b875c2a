//! Policies that a resource carries itself: buckets and keys have one, and it says of whom it speaks.

use super::policy::{PrincipalJson, Statement, StatementJson, Statements, document};
use crate::resource::{Diff, References, Resolve, Text};

/// What others may do, or must not, with the resource that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResourcePolicy {
    /// The statements, each with a `sid` of its own.
    pub(crate) grants: Vec<Grant>,
}

/// One statement, and whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Whom.
    pub(crate) principal: Principal,
    /// Whether it forbids what it names.
    pub(crate) deny: bool,
    /// What it names; its own `service` is not used.
    pub(crate) statement: Statement,
}

/// Whom a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    /// Everybody there is.
    Everybody,
    /// An AWS service, such as `logs.amazonaws.com`.
    Service(String),
    /// An account, by the ARN of its root: whom its own policies allow it.
    Account(Text),
}

impl ResourcePolicy {
    /// The document as AWS takes it, once all it refers to is known.
    pub(crate) fn render(&self, outputs: &dyn Resolve) -> Option<String> {
        let grants = self.grants.iter();
        document(
            grants
                .map(|grant| grant.json(outputs))
                .collect::<Option<_>>()?,
        )
    }

    /// `references` with all that the document refers to.
    pub(crate) fn referred(&self, references: References) -> References {
        let texts = self.grants.iter().flat_map(Grant::texts);
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
        let wanted = self.grants.iter().map(|grant| {
            let json = grant.json(outputs);
            let canonical = json.and_then(|json| json.canonical());
            (grant.statement.sid, canonical)
        });
        have.compare(field, &wanted.collect(), diff);
    }
}

impl Grant {
    /// Everything in it that may refer to other resources.
    fn texts(&self) -> impl Iterator<Item = &Text> {
        let root = match &self.principal {
            Principal::Account(root) => Some(root),
            Principal::Everybody | Principal::Service(_) => None,
        };
        self.statement.texts().chain(root)
    }

    fn json(&self, outputs: &dyn Resolve) -> Option<StatementJson<'_>> {
        let principal = match &self.principal {
            Principal::Everybody => PrincipalJson::Everybody("*"),
            Principal::Service(name) => PrincipalJson::one("Service", name),
            Principal::Account(root) => PrincipalJson::one("AWS", root.resolve(outputs)?),
        };
        let mut json = self.statement.json(outputs)?;
        json.principal = Some(principal);
        if self.deny {
            json.effect = "Deny";
        }
        Some(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::iam::Condition;
    use crate::resource::Nothing;

    fn policy() -> ResourcePolicy {
        let statement = |sid, actions: &[&'static str]| Statement {
            sid,
            service: None,
            actions: actions.to_vec(),
            resources: vec![Text::from("arn:a"), Text::from("arn:b")],
            conditions: vec![Condition {
                operator: "Bool",
                key: "aws:SecureTransport",
                value: Text::from("false"),
            }],
        };
        ResourcePolicy {
            grants: vec![
                Grant {
                    principal: Principal::Everybody,
                    deny: true,
                    statement: statement("TlsOnly", &["s3:*"]),
                },
                Grant {
                    principal: Principal::Service("logs.amazonaws.com".to_owned()),
                    deny: false,
                    statement: statement("Ours", &["s3:GetObject"]),
                },
            ],
        }
    }

    fn fields(live: &str) -> Vec<String> {
        let mut diff = Diff::new();
        policy().compare("policy", &Statements::decode(live), &Nothing, &mut diff);
        let changes = diff.changes().iter();
        changes.map(|change| change.field.clone()).collect()
    }

    #[test]
    fn a_policy_as_it_was_written_is_as_desired() {
        let own = policy().render(&Nothing).unwrap();
        assert_eq!(
            own,
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":["s3:*"],"Resource":["arn:a","arn:b"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Sid":"Ours","Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":["s3:GetObject"],"Resource":["arn:a","arn:b"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#
        );
        assert_eq!(fields(&own), [""; 0]);
        // S3 unpacks lists of one and turns others round.
        let normal = own
            .replace(r#"["s3:*"]"#, r#""s3:*""#)
            .replace(r#"["arn:a","arn:b"]"#, r#"["arn:b","arn:a"]"#);
        assert_eq!(fields(&normal), [""; 0]);
    }

    #[test]
    fn an_account_and_a_list_of_values_are_written_as_aws_has_them() {
        let condition = |value: &str| Condition {
            operator: "ArnLike",
            key: "kms:EncryptionContext:aws:logs:arn",
            value: Text::from(value),
        };
        let grant = |principal, conditions| Grant {
            principal,
            deny: false,
            statement: Statement {
                sid: "One",
                service: None,
                actions: vec!["kms:*"],
                resources: vec![Text::from("*")],
                conditions,
            },
        };
        let written = |grant| {
            let policy = ResourcePolicy {
                grants: vec![grant],
            };
            let text = policy.render(&Nothing).unwrap();
            let (_, shown) = text.split_once(r#""Allow","#).unwrap();
            shown.to_owned()
        };
        let root = Principal::Account(Text::from("arn:aws:iam::123456789012:root"));
        assert_eq!(
            written(grant(root, Vec::new())),
            r#""Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":["kms:*"],"Resource":["*"]}]}"#
        );
        let logs = Principal::Service("logs.eu-west-1.amazonaws.com".to_owned());
        assert_eq!(
            written(grant(logs, vec![condition("arn:a"), condition("arn:b")])),
            r#""Principal":{"Service":"logs.eu-west-1.amazonaws.com"},"Action":["kms:*"],"Resource":["*"],"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":["arn:a","arn:b"]}}}]}"#
        );
    }

    #[test]
    fn whom_it_is_about_and_what_it_forbids_count() {
        let own = policy().render(&Nothing).unwrap();
        assert_eq!(fields(&own.replace("Deny", "Allow")), ["policy.TlsOnly"]);
        assert_eq!(fields(&own.replace("logs.a", "s3.a")), ["policy.Ours"]);
        assert_eq!(fields(""), ["policy.Ours", "policy.TlsOnly", "policy.#1"]);
    }
}
