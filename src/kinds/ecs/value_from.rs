//! How ECS is told where the value of a secret is: `arn:aws:secretsmanager:region:account:secret:name:key:stage:version`.

/// The secret's ARN, without which part and version of it is meant.
pub(super) fn secret(value_from: &str) -> String {
    let parts: Vec<&str> = value_from.split(':').take(7).collect();
    parts.join(":")
}

/// Whether two name the same secret, in whatever version.
pub(super) fn same_secret(one: &str, other: &str) -> bool {
    secret(one) == secret(other)
}

/// The version, where one is named.
pub(super) fn version(value_from: &str) -> Option<&str> {
    let version = value_from.splitn(10, ':').nth(9)?;
    (!version.is_empty()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_a_secret_and_may_have_a_version() {
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:gw-a1b2c3";
        let pinned = format!("{arn}:cert::4f-2");
        assert_eq!(
            (secret(&pinned).as_str(), version(&pinned)),
            (arn, Some("4f-2"))
        );
        assert_eq!(version(&format!("{arn}:cert::")), None);
        assert_eq!((secret(arn).as_str(), version(arn)), (arn, None));
        assert!(same_secret(&pinned, arn) && !same_secret(&pinned, "arn:other"));
    }
}
