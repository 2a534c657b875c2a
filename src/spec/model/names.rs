//! What every named resource is called: generated from the stack's name unless `names` says otherwise.
//!
//! This is the one table of generated names. Validation measures them here and the blueprint asks here, so a name that
//! passed is the name that is made.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::StackSpec;
use crate::resource::fingerprint;

/// How the name of whatever WAF logs to begins ("Log group naming" in WAF's developer guide).
pub(crate) const WAF_LOGS: &str = "aws-waf-logs-";

/// Names to use instead of the generated ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Names(BTreeMap<Named, String>);

impl Names {
    /// The name given for a resource, if one was.
    pub(crate) fn get(&self, named: Named) -> Option<&str> {
        self.0.get(&named).map(String::as_str)
    }
}

/// A resource with a name of its own in AWS; its spelling in snake case is its key under `names`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Named {
    LoadBalancer,
    /// Generated, it gets the account's number: names of buckets are unique in all of AWS.
    AccessLogsBucket,
    /// Gets a suffix, see [`Named::suffix_length`].
    TargetGroup,
    EcsCluster,
    ControlPlaneService,
    DataPlaneService,
    ControlPlaneFamily,
    DataPlaneFamily,
    MigrationsFamily,
    DatabaseCluster,
    /// Gets the instance's number: `-1` is the first writer.
    DatabaseInstance,
    /// Gets a suffix, see [`Named::suffix_length`].
    DatabaseSubnetGroup,
    /// Gets a suffix, see [`Named::suffix_length`].
    DatabaseParameterGroup,
    ExecutionRole,
    ControlPlaneRole,
    DataPlaneRole,
    FlowLogsRole,
    LoadBalancerSecurityGroup,
    DataPlaneSecurityGroup,
    ControlPlaneSecurityGroup,
    DatabaseSecurityGroup,
    EndpointsSecurityGroup,
    ControlPlaneLogGroup,
    DataPlaneLogGroup,
    MigrationsLogGroup,
    FlowLogsLogGroup,
    /// WAF insists on how it begins.
    WafLogGroup,
    ClusterCertificateSecret,
    AdminKeySecret,
    /// Of the key's alias what follows `alias/`.
    EncryptionKey,
    AlarmTopic,
    /// Of a control plane on demand, as all that follow.
    ControlPlaneMachine,
    /// The schedule and its group.
    ControlPlaneTimer,
    NewTasksRule,
    PushRule,
    MachineRole,
    StarterRole,
    MachineLogGroup,
    WebAcl,
    AdminIpSet,
    /// Of an archive of logs, as all that follow.
    LogArchiveMachine,
    LogArchiveRule,
    LogArchiveRole,
    LogArchiveStarterRole,
}

impl Named {
    /// Every resource with a name.
    pub(crate) const ALL: [Self; 44] = [
        Self::LoadBalancer,
        Self::AccessLogsBucket,
        Self::TargetGroup,
        Self::EcsCluster,
        Self::ControlPlaneService,
        Self::DataPlaneService,
        Self::ControlPlaneFamily,
        Self::DataPlaneFamily,
        Self::MigrationsFamily,
        Self::DatabaseCluster,
        Self::DatabaseInstance,
        Self::DatabaseSubnetGroup,
        Self::DatabaseParameterGroup,
        Self::ExecutionRole,
        Self::ControlPlaneRole,
        Self::DataPlaneRole,
        Self::FlowLogsRole,
        Self::LoadBalancerSecurityGroup,
        Self::DataPlaneSecurityGroup,
        Self::ControlPlaneSecurityGroup,
        Self::DatabaseSecurityGroup,
        Self::EndpointsSecurityGroup,
        Self::ControlPlaneLogGroup,
        Self::DataPlaneLogGroup,
        Self::MigrationsLogGroup,
        Self::FlowLogsLogGroup,
        Self::WafLogGroup,
        Self::ClusterCertificateSecret,
        Self::AdminKeySecret,
        Self::EncryptionKey,
        Self::AlarmTopic,
        Self::ControlPlaneMachine,
        Self::ControlPlaneTimer,
        Self::NewTasksRule,
        Self::PushRule,
        Self::MachineRole,
        Self::StarterRole,
        Self::MachineLogGroup,
        Self::WebAcl,
        Self::AdminIpSet,
        Self::LogArchiveMachine,
        Self::LogArchiveRule,
        Self::LogArchiveRole,
        Self::LogArchiveStarterRole,
    ];

    /// The key under `names`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::LoadBalancer => "load_balancer",
            Self::AccessLogsBucket => "access_logs_bucket",
            Self::TargetGroup => "target_group",
            Self::EcsCluster => "ecs_cluster",
            Self::ControlPlaneService => "control_plane_service",
            Self::DataPlaneService => "data_plane_service",
            Self::ControlPlaneFamily => "control_plane_family",
            Self::DataPlaneFamily => "data_plane_family",
            Self::MigrationsFamily => "migrations_family",
            Self::DatabaseCluster => "database_cluster",
            Self::DatabaseInstance => "database_instance",
            Self::DatabaseSubnetGroup => "database_subnet_group",
            Self::DatabaseParameterGroup => "database_parameter_group",
            Self::ExecutionRole => "execution_role",
            Self::ControlPlaneRole => "control_plane_role",
            Self::DataPlaneRole => "data_plane_role",
            Self::FlowLogsRole => "flow_logs_role",
            Self::LoadBalancerSecurityGroup => "load_balancer_security_group",
            Self::DataPlaneSecurityGroup => "data_plane_security_group",
            Self::ControlPlaneSecurityGroup => "control_plane_security_group",
            Self::DatabaseSecurityGroup => "database_security_group",
            Self::EndpointsSecurityGroup => "endpoints_security_group",
            Self::ControlPlaneLogGroup => "control_plane_log_group",
            Self::DataPlaneLogGroup => "data_plane_log_group",
            Self::MigrationsLogGroup => "migrations_log_group",
            Self::FlowLogsLogGroup => "flow_logs_log_group",
            Self::WafLogGroup => "waf_log_group",
            Self::ClusterCertificateSecret => "cluster_certificate_secret",
            Self::AdminKeySecret => "admin_key_secret",
            Self::EncryptionKey => "encryption_key",
            Self::AlarmTopic => "alarm_topic",
            Self::ControlPlaneMachine => "control_plane_machine",
            Self::ControlPlaneTimer => "control_plane_timer",
            Self::NewTasksRule => "new_tasks_rule",
            Self::PushRule => "push_rule",
            Self::MachineRole => "machine_role",
            Self::StarterRole => "starter_role",
            Self::MachineLogGroup => "machine_log_group",
            Self::WebAcl => "web_acl",
            Self::AdminIpSet => "admin_ip_set",
            Self::LogArchiveMachine => "log_archive_machine",
            Self::LogArchiveRule => "log_archive_rule",
            Self::LogArchiveRole => "log_archive_role",
            Self::LogArchiveStarterRole => "log_archive_starter_role",
        }
    }

    /// Characters the blueprint appends to the name of what must be made anew when it changes (a hyphen and six), or
    /// of what there can be several of (a hyphen and a number).
    pub(crate) fn suffix_length(self) -> usize {
        match self {
            Self::TargetGroup | Self::DatabaseSubnetGroup | Self::DatabaseParameterGroup => 7,
            Self::DatabaseInstance => 3,
            _ => 0,
        }
    }

    /// Characters that follow a name: those of [`Named::suffix_length`], and a hyphen and the account's twelve digits
    /// where the name is generated and is to be nobody else's.
    pub(crate) fn room(self, given: bool) -> usize {
        match self {
            Self::AccessLogsBucket if !given => 13,
            other => other.suffix_length(),
        }
    }

    fn generated(self, stack: &str, region: &str) -> String {
        match self {
            Self::TargetGroup | Self::EcsCluster | Self::WebAcl => stack.to_owned(),
            Self::AccessLogsBucket => format!("{stack}-logs-{region}"),
            Self::LoadBalancer | Self::LoadBalancerSecurityGroup => format!("{stack}-alb"),
            Self::ControlPlaneService
            | Self::ControlPlaneFamily
            | Self::ControlPlaneSecurityGroup => format!("{stack}-cp"),
            Self::DataPlaneService | Self::DataPlaneFamily | Self::DataPlaneSecurityGroup => {
                format!("{stack}-dp")
            }
            Self::MigrationsFamily => format!("{stack}-migrations"),
            Self::DatabaseCluster
            | Self::DatabaseInstance
            | Self::DatabaseSubnetGroup
            | Self::DatabaseParameterGroup
            | Self::DatabaseSecurityGroup => format!("{stack}-db"),
            Self::EndpointsSecurityGroup => format!("{stack}-endpoints"),
            // Roles are the account's, not the region's: the region keeps two stacks of one name apart.
            Self::ExecutionRole => format!("{stack}-{region}-execution"),
            Self::ControlPlaneRole => format!("{stack}-{region}-cp"),
            Self::DataPlaneRole => format!("{stack}-{region}-dp"),
            Self::FlowLogsRole => format!("{stack}-{region}-flow-logs"),
            Self::ControlPlaneLogGroup => format!("/kongstack/{stack}/control-plane"),
            Self::DataPlaneLogGroup => format!("/kongstack/{stack}/data-plane"),
            Self::MigrationsLogGroup => format!("/kongstack/{stack}/migrations"),
            Self::FlowLogsLogGroup => format!("/kongstack/{stack}/flow-logs"),
            Self::WafLogGroup => format!("{WAF_LOGS}{stack}"),
            Self::ClusterCertificateSecret => format!("kongstack/{stack}/cluster-certificate"),
            Self::AdminKeySecret => format!("kongstack/{stack}/admin-key"),
            Self::EncryptionKey => format!("kongstack/{stack}"),
            Self::AlarmTopic => format!("{stack}-alarms"),
            Self::ControlPlaneMachine | Self::ControlPlaneTimer => {
                format!("{stack}-control-plane")
            }
            Self::NewTasksRule => format!("{stack}-new-tasks"),
            Self::PushRule => format!("{stack}-push"),
            Self::MachineRole => format!("{stack}-{region}-machine"),
            Self::StarterRole => format!("{stack}-{region}-starter"),
            // What services write under this prefix needs no policy of its own for each group.
            Self::MachineLogGroup => format!("/aws/vendedlogs/kongstack/{stack}/machine"),
            Self::AdminIpSet => format!("{stack}-admin"),
            Self::LogArchiveMachine | Self::LogArchiveRule => format!("{stack}-log-archive"),
            Self::LogArchiveRole => format!("{stack}-{region}-archive"),
            Self::LogArchiveStarterRole => format!("{stack}-{region}-archive-starter"),
        }
    }
}

impl StackSpec {
    /// The name of a resource, before any suffix of [`Named::suffix_length`].
    pub(crate) fn name_of(&self, named: Named) -> String {
        self.names.get(named).map_or_else(
            || named.generated(self.name.as_str(), self.region.as_str()),
            str::to_owned,
        )
    }

    /// The name with a suffix of [`Named::suffix_length`] that follows from `fixed`: the properties of which any change
    /// needs a new resource beside the old.
    pub(crate) fn suffixed_name(&self, named: Named, fixed: &[&str]) -> String {
        let digits = named.suffix_length().saturating_sub(1);
        format!("{}-{}", self.name_of(named), fingerprint(fixed, digits))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::Named;
    use crate::spec::rules::good;

    #[test]
    fn keys_are_what_serde_reads() {
        for named in Named::ALL {
            let read = Named::deserialize(serde_json::Value::from(named.key())).unwrap();
            assert_eq!(read, named);
        }
    }

    #[test]
    fn names_are_generated_unless_given() {
        let spec = good("names: {load_balancer: front}");
        assert_eq!(spec.name_of(Named::LoadBalancer), "front");
        assert_eq!(
            spec.name_of(Named::ExecutionRole),
            "kong-gw-eu-west-1-execution"
        );
        assert_eq!(
            spec.name_of(Named::DataPlaneLogGroup),
            "/kongstack/kong-gw/data-plane"
        );
    }
}
