//! The quotas a stack can meet: how AWS calls them, and what they are in this account.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_servicequotas::config::{Builder, Region};
use futures::future::join_all;

use super::error::AwsError;
use super::{Class, Clients};

/// How long an account's own value is waited for; it is worth no more to somebody who waits for an error message.
const PATIENCE: Duration = Duration::from_secs(5);

/// One quota, as Service Quotas lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quota {
    /// The service's code in Service Quotas.
    pub(crate) service: &'static str,
    /// The quota's code.
    pub(crate) code: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// What an account starts with.
    pub(crate) default: u32,
    /// Whether it counts the account's resources everywhere; such a quota is kept in us-east-1.
    pub(crate) global: bool,
}

/// A quota with what AWS refuses with when it is reached.
struct Line {
    /// The error code without its suffix.
    refusal: &'static str,
    /// The operation, where several share the code.
    operation: &'static str,
    /// Words of the message, where several share code and operation.
    message: &'static str,
    quota: Quota,
}

const fn line(refusal: &'static str, quota: [&'static str; 3], default: u32) -> Line {
    let [service, code, name] = quota;
    Line {
        refusal,
        operation: "",
        message: "",
        quota: Quota {
            service,
            code,
            name,
            default,
            global: false,
        },
    }
}

impl Line {
    const fn of(self, operation: &'static str) -> Self {
        Self { operation, ..self }
    }

    const fn saying(self, message: &'static str) -> Self {
        Self { message, ..self }
    }

    const fn everywhere(self) -> Self {
        Self {
            quota: Quota {
                global: true,
                ..self.quota
            },
            ..self
        }
    }

    fn fits(&self, error: &AwsError) -> bool {
        (self.refusal.is_empty() || error.is(&[self.refusal]))
            && error.operation().starts_with(self.operation)
            && error.message().contains(self.message)
    }
}

/// Names, codes and defaults as the pages of the console and the "endpoints and quotas" pages of each service give
/// them; error codes from the services' API references.
#[rustfmt::skip]
const LINES: &[Line] = &[
    line("VpcLimitExceeded", ["vpc", "L-F678F1CE", "VPCs per Region"], 5),
    line("SubnetLimitExceeded", ["vpc", "L-407747CB", "Subnets per VPC"], 200),
    line("InternetGatewayLimitExceeded", ["vpc", "L-A4707A72", "Internet gateways per Region"], 5),
    line("NatGatewayLimitExceeded", ["vpc", "L-FE5A380F", "NAT gateways per Availability Zone"], 5),
    line("RouteTableLimitExceeded", ["vpc", "L-589F43AA", "Route tables per VPC"], 200),
    line("RouteLimitExceeded", ["vpc", "L-93826ACB", "Routes per route table"], 500),
    line("SecurityGroupLimitExceeded", ["vpc", "L-E79EC296", "VPC security groups per Region"], 2500),
    line("RulesPerSecurityGroupLimitExceeded", ["vpc", "L-0EA8095F", "Inbound or outbound rules per security group"], 60),
    line("SecurityGroupsPerInterfaceLimitExceeded", ["vpc", "L-2AFB9258", "Security groups per network interface"], 5),
    line("NetworkInterfaceLimitExceeded", ["vpc", "L-DF5E4CA3", "Network interfaces per Region"], 5000),
    line("VpcEndpointLimitExceeded", ["vpc", "L-1B52E74A", "Gateway VPC endpoints per Region"], 20).saying("ateway"),
    line("VpcEndpointLimitExceeded", ["vpc", "L-29B6F2EB", "Interface VPC endpoints per VPC"], 50),
    line("AddressLimitExceeded", ["ec2", "L-0263D0A3", "EC2-VPC Elastic IPs"], 5),
    line("TooManyLoadBalancers", ["elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region"], 50),
    line("TooManyTargetGroups", ["elasticloadbalancing", "L-B22855CB", "Target Groups per Region"], 3000),
    line("TooManyListeners", ["elasticloadbalancing", "L-B6DF7632", "Listeners per Application Load Balancer"], 50),
    line("TooManyRules", ["elasticloadbalancing", "L-7EED9B64", "Rules per Application Load Balancer"], 100),
    line("TooManyTargets", ["elasticloadbalancing", "L-7E6692B2", "Targets per Application Load Balancer"], 1000),
    line("DBClusterQuotaExceeded", ["rds", "L-952B80B8", "DB clusters"], 40),
    line("InstanceQuotaExceeded", ["rds", "L-7B6409FD", "DB instances"], 40),
    line("DBSubnetGroupQuotaExceeded", ["rds", "L-48C6BF61", "DB subnet groups"], 50),
    line("DBParameterGroupQuotaExceeded", ["rds", "L-E4C808A8", "DB cluster parameter groups"], 50),
    line("SnapshotQuotaExceeded", ["rds", "L-9B510759", "Manual DB cluster snapshots"], 100),
    line("", ["ecs", "L-21C621EB", "Clusters per account"], 10_000).of("ecs:CreateCluster").saying("number of clusters"),
    line("", ["ecs", "L-9EF96962", "Services per cluster"], 5000).of("ecs:CreateService").saying("number of services"),
    line("", ["fargate", "L-3032A538", "Fargate On-Demand vCPU resource count"], 6).of("ecs:").saying("number of vCPUs"),
    line("TooManyBuckets", ["s3", "L-DC2B2D3D", "General purpose buckets"], 10_000).everywhere(),
    line("LimitExceeded", ["secretsmanager", "L-2F66C23C", "Secrets"], 500_000).of("secretsmanager:CreateSecret"),
    line("LimitExceeded", ["dynamodb", "L-F98FE922", "Maximum number of tables"], 2500).of("dynamodb:CreateTable").saying("tables"),
    line("ResourceLimitExceeded", ["AWSCloudMap", "L-0FE3F50E", "Namespaces per Region"], 50).of("servicediscovery:CreatePrivateDnsNamespace"),
    line("WAFLimitsExceeded", ["wafv2", "L-2EC3DE7B", "Maximum web ACLs per account in WAF for regional"], 100).of("wafv2:CreateWebACL"),
    line("WAFLimitsExceeded", ["wafv2", "L-D6DA96AE", "Maximum IP sets per account in WAF for regional"], 100).of("wafv2:CreateIPSet"),
    line("TopicLimitExceeded", ["sns", "L-61103206", "Topics per Account"], 100_000),
    line("LimitExceeded", ["iam", "L-FE177D64", "Roles per account"], 1000).of("iam:CreateRole").everywhere(),
];

/// The quota that a refusal is about, if it is one of those known here.
pub(crate) fn quota_of(error: &AwsError) -> Option<&'static Quota> {
    if error.class() != Class::Quota {
        return None;
    }
    let line = LINES.iter().find(|line| line.fits(error))?;
    Some(&line.quota)
}

/// What these quotas are in this account; those that AWS does not tell in time are left out.
pub(crate) async fn applied(
    clients: &Clients,
    quotas: BTreeSet<&'static Quota>,
) -> BTreeMap<&'static str, f64> {
    let ask = |quota: &'static Quota| async move {
        let few = Builder::new().retry_config(RetryConfig::standard().with_max_attempts(2));
        let config = if quota.global {
            few.region(Region::new("us-east-1"))
        } else {
            few
        };
        let call = clients.quotas().get_service_quota();
        let call = call.service_code(quota.service).quota_code(quota.code);
        let answer =
            tokio::time::timeout(PATIENCE, call.customize().config_override(config).send());
        let answer = answer.await.ok()?.ok()?;
        Some((quota.code, answer.quota()?.value()?))
    };
    let answers = join_all(quotas.into_iter().map(ask)).await;
    answers.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(operation: &'static str, code: &str, message: &str) -> Option<&'static str> {
        quota_of(&AwsError::in_answer(operation, code, message)).map(|quota| quota.code)
    }

    #[test]
    fn a_refusal_is_about_one_quota() {
        for (operation, code, message, quota) in [
            ("ec2:CreateVpc", "VpcLimitExceeded", "", "L-F678F1CE"),
            (
                "rds:CreateDBCluster",
                "DBClusterQuotaExceededFault",
                "",
                "L-952B80B8",
            ),
            (
                "rds:CreateDBInstance",
                "InstanceQuotaExceeded",
                "",
                "L-7B6409FD",
            ),
            (
                "iam:CreateRole",
                "LimitExceeded",
                "Cannot exceed quota for RolesPerAccount: 1000",
                "L-FE177D64",
            ),
            (
                "secretsmanager:CreateSecret",
                "LimitExceededException",
                "",
                "L-2F66C23C",
            ),
            (
                "ec2:CreateVpcEndpoint",
                "VpcEndpointLimitExceeded",
                "gateway endpoints",
                "L-1B52E74A",
            ),
            (
                "ec2:CreateVpcEndpoint",
                "VpcEndpointLimitExceeded",
                "interface endpoints",
                "L-29B6F2EB",
            ),
            (
                "ecs:RunTask",
                "ClientException",
                "You've reached the limit on the number of vCPUs you can run concurrently",
                "L-3032A538",
            ),
        ] {
            assert_eq!(found(operation, code, message), Some(quota), "{operation}");
        }
    }

    #[test]
    fn what_is_no_quota_or_an_unknown_one_names_none() {
        assert_eq!(found("ec2:CreateVpc", "RequestLimitExceeded", ""), None);
        assert_eq!(
            found("iam:PutRolePolicy", "LimitExceeded", "Maximum policy size"),
            None
        );
        assert_eq!(
            found("logs:CreateLogGroup", "LimitExceededException", ""),
            None
        );
    }

    #[test]
    fn every_line_is_found_by_its_own_refusal() {
        for line in LINES {
            let code = if line.refusal.is_empty() {
                "ClientException"
            } else {
                line.refusal
            };
            let message = format!("reached the limit on the number of: {}", line.message);
            let found = found(line.operation, code, &message);
            assert_eq!(found, Some(line.quota.code), "{}", line.quota.name);
            assert!(line.quota.code.starts_with("L-") && line.quota.code.len() == 10);
        }
    }
}
