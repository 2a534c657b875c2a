//! The key that the stack is encrypted with.

use super::at;
use crate::spec::model::{KmsKey, StackSpec};
use crate::spec::problem::{Problem, Problems};

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let Some(KmsKey::Arn(arn)) = &spec.encryption.kms_key else {
        return;
    };
    let region = spec.region.as_str();
    let elsewhere = arn.region().filter(|found| *found != region);
    if let Some(found) = elsewhere.filter(|_| out.sound(&["region"])) {
        out.add(
            Problem::new(
                "kms-key-region",
                at("encryption.kms_key"),
                format!("this key is in {found}, the stack in {region}"),
            )
            .because("a key encrypts in its own region only")
            .fix(format!(
                "name a key in {region}, a replica of this one if it is a multi-Region key, or write `create`"
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "encryption: {}",
            "encryption:",
            "encryption: {kms_key: create}",
            "encryption: {kms_key: create}\nnames: {encryption_key: our/gateway_key-1}",
            "encryption: {kms_key: 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555'}",
            // Another account's, and a replica.
            "account: '999999999999'\nencryption: {kms_key: 'arn:aws:kms:eu-west-1:123456789012:key/mrk-0a1b2c3d'}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "encryption: {kms_key: aws}",
            "kms-key-arn encryption.kms_key: `aws` is neither `create` nor the ARN of a KMS key",
        ),
        (
            "encryption: {kms_key: 'arn:aws:kms:eu-west-1:123456789012:alias/ours'}",
            "kms-key-arn encryption.kms_key: `arn:aws:kms:eu-west-1:123456789012:alias/ours` is neither `create` nor the ARN of a KMS key",
        ),
        (
            "encryption: {kms_key: 'arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d'}",
            "kms-key-region encryption.kms_key: this key is in us-east-1, the stack in eu-west-1",
        ),
        (
            "encryption: {key: create}",
            "unknown-key encryption.key: unknown key `key`",
        ),
        (
            "encryption: create",
            "wrong-type encryption: a mapping belongs here, not the text `create`",
        ),
        (
            "names: {encryption_key: alias/ours}",
            "name-form names.encryption_key: `alias/ours` begins with `alias/`, which is put before it",
        ),
        (
            "names: {encryption_key: aws/ours}",
            "name-form names.encryption_key: `aws/ours` begins with `aws/`, which is AWS's own",
        ),
        (
            "names: {encryption_key: our.key}",
            "name-form names.encryption_key: `our.key` has characters that are not allowed there",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
