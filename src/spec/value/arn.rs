//! Amazon resource names of what a spec may refer to.

use super::Refusal;
use super::text::text_value;

text_value! {
    /// A certificate in ACM (`arn:aws:acm:…:certificate/…`) or IAM (`arn:aws:iam::…:server-certificate/…`).
    CertificateArn, check_certificate
}

text_value! {
    /// A secret in Secrets Manager (`arn:aws:secretsmanager:…:secret:…`).
    SecretArn, check_secret
}

text_value! {
    /// A key in KMS (`arn:aws:kms:REGION:ACCOUNT:key/ID`), not one of its aliases.
    KmsKeyArn, check_kms_key
}

text_value! {
    /// A standard SNS topic (`arn:aws:sns:REGION:ACCOUNT:NAME`).
    TopicArn, check_topic
}

impl TopicArn {
    /// The region in it.
    pub(crate) fn region(&self) -> Option<&str> {
        parts(self.as_str()).map(|arn| arn.region)
    }
}

impl CertificateArn {
    /// Whether it is one of ACM's; IAM keeps certificates too.
    pub(crate) fn is_of_acm(&self) -> bool {
        self.region().is_some()
    }

    /// The region in it; none for a certificate in IAM.
    pub(crate) fn region(&self) -> Option<&str> {
        parts(self.as_str())
            .map(|arn| arn.region)
            .filter(|region| !region.is_empty())
    }

    /// The account in it.
    pub(crate) fn account(&self) -> Option<&str> {
        parts(self.as_str()).map(|arn| arn.account)
    }
}

impl SecretArn {
    /// The region in it.
    pub(crate) fn region(&self) -> Option<&str> {
        parts(self.as_str()).map(|arn| arn.region)
    }
}

impl KmsKeyArn {
    /// The region in it.
    pub(crate) fn region(&self) -> Option<&str> {
        parts(self.as_str()).map(|arn| arn.region)
    }
}

struct Parts<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let mut fields = text.splitn(6, ':');
    let (arn, partition) = (fields.next()?, fields.next()?);
    let parts = Parts {
        service: fields.next()?,
        region: fields.next()?,
        account: fields.next()?,
        resource: fields.next()?,
    };
    let account = parts.account.len() == 12 && parts.account.bytes().all(|b| b.is_ascii_digit());
    (arn == "arn" && partition.starts_with("aws") && account && is_plain(parts.resource))
        .then_some(parts)
}

fn is_plain(resource: &str) -> bool {
    resource
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'*')
}

fn check_certificate(text: &str) -> Result<(), Refusal> {
    let good = parts(text).is_some_and(|arn| match arn.service {
        "acm" => !arn.region.is_empty() && named(arn.resource, "certificate/"),
        "iam" => arn.region.is_empty() && named(arn.resource, "server-certificate/"),
        _ => false,
    });
    if good {
        return Ok(());
    }
    Err(Refusal::new(
        "certificate-arn",
        format!("`{text}` is neither `issue`, `none` nor the ARN of a certificate"),
        "a load balancer takes its certificate by ARN, from ACM or IAM",
        "write `issue`, `none`, or an ARN like `arn:aws:acm:REGION:ACCOUNT:certificate/ID`",
    ))
}

fn check_secret(text: &str) -> Result<(), Refusal> {
    let good = parts(text).is_some_and(|arn| {
        arn.service == "secretsmanager"
            && !arn.region.is_empty()
            && named(arn.resource, "secret:")
            && !arn.resource["secret:".len()..].contains(':')
    });
    if good {
        return Ok(());
    }
    // The text is not repeated: somebody may have written the key itself here.
    Err(Refusal::new(
        "secret-arn",
        "this is neither `generate` nor the ARN of a secret",
        "a key in the file would be readable by everybody who can read the file",
        "write `generate`, or an ARN like `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX`",
    ))
}

fn check_kms_key(text: &str) -> Result<(), Refusal> {
    let good = parts(text).is_some_and(|arn| {
        arn.service == "kms" && !arn.region.is_empty() && named(arn.resource, "key/")
    });
    if good {
        return Ok(());
    }
    Err(Refusal::new(
        "kms-key-arn",
        format!("`{text}` is neither `create` nor the ARN of a KMS key"),
        "CloudWatch Logs takes a key by its own ARN only, and an alias may come to mean another key",
        "write `create`, or an ARN like `arn:aws:kms:REGION:ACCOUNT:key/ID`",
    ))
}

fn check_topic(text: &str) -> Result<(), Refusal> {
    let good = parts(text).is_some_and(|arn| {
        // A subscription's ARN goes on where a topic's ends.
        arn.service == "sns" && !arn.region.is_empty() && is_topic(arn.resource)
    });
    if good {
        return Ok(());
    }
    Err(Refusal::new(
        "topic-arn",
        format!("`{text}` is not the ARN of an SNS topic"),
        "CloudWatch tells a topic of an alarm, by the topic's ARN",
        "write an ARN like `arn:aws:sns:REGION:ACCOUNT:NAME`, or give `email` instead",
    ))
}

/// Topics that keep an order end in `.fifo`, and CloudWatch sends them nothing.
fn is_topic(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.bytes().all(good)
}

fn named(resource: &str, prefix: &str) -> bool {
    resource
        .strip_prefix(prefix)
        .is_some_and(|name| !name.is_empty())
}
