//! ARNs of RDS, `arn:partition:rds:region:account:type:name`.

use crate::resource::Inventory;

/// The name in an ARN.
pub(super) fn name_of(arn: &str) -> Option<&str> {
    arn.splitn(7, ':').nth(6)
}

/// The ARN of another resource of the same account and region.
pub(super) fn sibling(arn: &str, resource: &str, name: &str) -> Option<String> {
    let account: Vec<&str> = arn.splitn(6, ':').take(5).collect();
    (account.len() == 5).then(|| format!("{}:{resource}:{name}", account.join(":")))
}

/// The names of the stack's resources of one type that are not among those wanted.
pub(super) fn unwanted<'a>(
    inventory: &'a Inventory,
    resource: &'a str,
    wanted: impl Fn(&str) -> bool,
) -> Vec<&'a str> {
    inventory
        .of("rds", resource)
        .filter_map(|(arn, _)| name_of(arn))
        .filter(|name| !wanted(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_leads_to_its_siblings() {
        let arn = "arn:aws:rds:eu-west-1:123456789012:db:demo-db-1";
        assert_eq!(name_of(arn), Some("demo-db-1"));
        assert_eq!(
            sibling(arn, "cluster", "demo-db").unwrap(),
            "arn:aws:rds:eu-west-1:123456789012:cluster:demo-db"
        );
        assert_eq!(sibling("nonsense", "cluster", "demo-db"), None);
    }
}
