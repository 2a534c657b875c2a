//! The encryption section: whose key the stack's data is encrypted with.

use serde::Deserialize;

use crate::spec::value::{KmsKeyArn, Refusal};

/// With what the stack's secrets, log groups and database are encrypted; AWS encrypts them in any case.
///
/// Two things are not: the bucket of the access logs, for Elastic Load Balancing delivers to no bucket with another key
/// than S3's own ("Enable access logs for your Application Load Balancer"), and the topic of the alarms, which says
/// nothing that is secret and would tell nobody anything if the key's policy left CloudWatch out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Encryption {
    /// The KMS key. Default: none, and each service uses a key of AWS's own. Secrets and log groups change theirs in
    /// place; a database keeps the one it was made with, so that another one takes another database.
    pub(crate) kms_key: Option<KmsKey>,
}

/// Where the key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KmsKey {
    /// The stack makes one: 1 USD a month, and as much again after each of its first two yearly rotations ("AWS KMS
    /// pricing").
    Create,
    /// One that exists; the stack uses it and never changes it. Its policy must let CloudWatch Logs use it. A database
    /// that was made with it keeps it when it is taken out of the file.
    Arn(KmsKeyArn),
}

impl<'de> Deserialize<'de> for KmsKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "create" => Ok(Self::Create),
            arn => KmsKeyArn::parse(arn)
                .map(Self::Arn)
                .map_err(Refusal::into_serde),
        }
    }
}
