//! Where a task's network interface lies, as services and one-off tasks share it.

use aws_sdk_ecs::types::{AssignPublicIp, AwsVpcConfiguration, NetworkConfiguration};

use crate::resource::{Error, Output, Ref, References, SecurityGroupId, Step, SubnetId};

/// Subnets, groups, and whether the interface gets a public address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskNetwork {
    /// Subnets to choose from, at most 16.
    pub(crate) subnets: Vec<Ref<SubnetId>>,
    /// Security groups, at most 5.
    pub(crate) security_groups: Vec<Ref<SecurityGroupId>>,
    /// Whether the interface gets a public address.
    pub(crate) assign_public_ip: bool,
}

impl TaskNetwork {
    /// Adds what it refers to.
    pub(crate) fn references(&self, references: References) -> References {
        references
            .to_all(&self.subnets)
            .to_all(&self.security_groups)
    }

    /// As ECS takes it, with all references resolved.
    pub(super) fn to_sdk(&self, cx: &Step) -> Result<NetworkConfiguration, Error> {
        fn texts<T: Output>(values: &[T]) -> Vec<String> {
            values.iter().map(|one| one.as_str().to_owned()).collect()
        }
        let vpc = AwsVpcConfiguration::builder()
            .set_subnets(Some(texts(&cx.get_all(&self.subnets)?)))
            .set_security_groups(Some(texts(&cx.get_all(&self.security_groups)?)))
            .assign_public_ip(if self.assign_public_ip {
                AssignPublicIp::Enabled
            } else {
                AssignPublicIp::Disabled
            })
            .build()
            .map_err(|error| Error::Internal(error.to_string()))?;
        Ok(NetworkConfiguration::builder()
            .awsvpc_configuration(vpc)
            .build())
    }
}
