//! What to do about a quota that is reached.

use super::explain::Surroundings;
use crate::aws::{AwsError, Quota, quota_of};

/// Names the quota, its value and where to raise it.
pub(super) fn hint(error: &AwsError, around: &Surroundings) -> String {
    let Some(quota) = quota_of(error) else {
        return format!(
            "remove what is no longer needed, or look under Service Quotas in the AWS console ({}) for the quota that the message is about, and ask for more",
            around.region
        );
    };
    let Quota {
        service,
        code,
        name,
        default,
        global,
    } = *quota;
    let region = if global { "us-east-1" } else { &around.region };
    let applied = around.quotas.get(code).copied();
    let value = match applied {
        Some(value) => format!("is {value} in this account"),
        None => format!("is {default} by default (AWS does not say what it is in this account)"),
    };
    let more = applied.unwrap_or_else(|| f64::from(default)) * 2.0;
    let profile = around.profile.iter();
    let profile: String = profile.map(|name| format!(" --profile {name}")).collect();
    format!(
        "the quota \"{name}\" {value}: remove what is no longer needed, or ask for more at\n\
         https://{region}.console.aws.amazon.com/servicequotas/home/services/{service}/quotas/{code}\n\
         or with\n\
         aws service-quotas request-service-quota-increase \\\n  \
           --service-code {service} --quota-code {code} \\\n  \
           --desired-value {more} --region {region}{profile}"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn around(quotas: BTreeMap<&'static str, f64>) -> Surroundings {
        Surroundings {
            region: "eu-west-1".to_owned(),
            profile: Some("dev".to_owned()),
            quotas,
            ..Surroundings::default()
        }
    }

    #[test]
    fn a_quota_is_named_with_its_value_and_where_to_raise_it() {
        let error = AwsError::in_answer("ec2:CreateVpc", "VpcLimitExceeded", "too many");
        let known = around(BTreeMap::from([("L-F678F1CE", 8.0)]));
        insta::assert_snapshot!(hint(&error, &known), @r#"
        the quota "VPCs per Region" is 8 in this account: remove what is no longer needed, or ask for more at
        https://eu-west-1.console.aws.amazon.com/servicequotas/home/services/vpc/quotas/L-F678F1CE
        or with
        aws service-quotas request-service-quota-increase \
          --service-code vpc --quota-code L-F678F1CE \
          --desired-value 16 --region eu-west-1 --profile dev
        "#);
        let unknown = hint(&error, &around(BTreeMap::new()));
        assert!(unknown.contains("is 5 by default"), "{unknown}");
        assert!(unknown.contains("--desired-value 10 "), "{unknown}");
    }

    #[test]
    fn quotas_of_the_whole_account_are_raised_in_us_east_1() {
        let error = AwsError::in_answer("iam:CreateRole", "LimitExceeded", "RolesPerAccount");
        let hint = hint(&error, &around(BTreeMap::new()));
        assert!(hint.contains("https://us-east-1.console"), "{hint}");
        assert!(hint.contains("--region us-east-1"), "{hint}");
    }

    #[test]
    fn an_unknown_quota_is_looked_for() {
        let error = AwsError::in_answer("logs:CreateLogGroup", "LimitExceededException", "");
        assert!(hint(&error, &around(BTreeMap::new())).contains("Service Quotas"));
    }
}
