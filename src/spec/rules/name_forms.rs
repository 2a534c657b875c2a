//! The form of each sort of name: how long, and of which characters.
//!
//! Limits are those of the service models: ELB 32, RDS 63 (groups 255), S3 63, IAM 64, ECS and security groups 255, KMS
//! aliases 256, log groups and secrets 512.

use crate::spec::model::{Named, WAF_LOGS};

/// What a service takes for a name.
pub(super) struct Form {
    /// The thing, in people's words.
    pub(super) what: &'static str,
    /// Most characters.
    pub(super) length: usize,
    /// Why a name is refused, if it is.
    pub(super) fault: fn(&str) -> Option<&'static str>,
}

/// What AWS takes for the name of a resource.
pub(super) fn form(named: Named) -> Form {
    let (what, length, fault): (_, _, fn(&str) -> Option<&'static str>) = match named {
        Named::LoadBalancer => ("a load balancer", 32, load_balancer_fault),
        Named::AccessLogsBucket => ("an S3 bucket", 63, bucket_fault),
        Named::TargetGroup => ("a target group", 32, hyphen_fault),
        Named::EcsCluster => ("an ECS cluster", 255, ecs_fault),
        Named::ControlPlaneService | Named::DataPlaneService => ("an ECS service", 255, ecs_fault),
        Named::ControlPlaneFamily | Named::DataPlaneFamily | Named::MigrationsFamily => {
            ("a task definition", 255, ecs_fault)
        }
        Named::DatabaseCluster => ("a database cluster", 63, database_fault),
        Named::DatabaseInstance => ("a database instance", 63, database_fault),
        Named::DatabaseSubnetGroup => ("a DB subnet group", 255, database_fault),
        Named::DatabaseParameterGroup => ("a DB parameter group", 255, database_fault),
        Named::ExecutionRole
        | Named::ControlPlaneRole
        | Named::DataPlaneRole
        | Named::FlowLogsRole
        | Named::MachineRole
        | Named::StarterRole
        | Named::LogArchiveRole
        | Named::LogArchiveStarterRole => ("an IAM role", 64, role_fault),
        Named::ControlPlaneMachine | Named::LogArchiveMachine => ("a state machine", 80, ecs_fault),
        Named::ControlPlaneTimer => ("a schedule", 64, events_fault),
        Named::NewTasksRule | Named::PushRule | Named::LogArchiveRule => {
            ("an event rule", 64, events_fault)
        }
        Named::LoadBalancerSecurityGroup
        | Named::DataPlaneSecurityGroup
        | Named::ControlPlaneSecurityGroup
        | Named::DatabaseSecurityGroup
        | Named::EndpointsSecurityGroup => ("a security group", 255, group_fault),
        Named::ControlPlaneLogGroup
        | Named::DataPlaneLogGroup
        | Named::MigrationsLogGroup
        | Named::FlowLogsLogGroup
        | Named::MachineLogGroup => ("a log group", 512, log_group_fault),
        Named::WafLogGroup => ("WAF's log group", 512, waf_log_group_fault),
        Named::WebAcl => ("a web ACL", 128, ecs_fault),
        Named::AdminIpSet => ("an IP set", 128, ecs_fault),
        Named::AlarmTopic => ("an SNS topic", 256, ecs_fault),
        // Of the 256 characters of an alias, `alias/` takes six.
        Named::EncryptionKey => ("a KMS alias", 250, alias_fault),
        Named::ClusterCertificateSecret | Named::AdminKeySecret => ("a secret", 512, secret_fault),
    };
    Form {
        what,
        length,
        fault,
    }
}

/// Says what is wrong when a character is not among those allowed.
fn characters(name: &str, more: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("is empty");
    }
    let good = |char: char| char.is_ascii_alphanumeric() || more.contains(char);
    (!name.chars().all(good)).then_some("has characters that are not allowed there")
}

fn hyphen_fault(name: &str) -> Option<&'static str> {
    let ends = name.starts_with('-') || name.ends_with('-');
    characters(name, "-").or(ends.then_some("has a hyphen at an end"))
}

fn load_balancer_fault(name: &str) -> Option<&'static str> {
    let internal = name.starts_with("internal-");
    hyphen_fault(name).or(internal.then_some("begins with `internal-`, as only AWS's own names do"))
}

fn ecs_fault(name: &str) -> Option<&'static str> {
    characters(name, "-_")
}

fn events_fault(name: &str) -> Option<&'static str> {
    characters(name, "-_.")
}

fn database_fault(name: &str) -> Option<&'static str> {
    let fault = if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        "does not begin with a letter"
    } else if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        "has capitals, which RDS stores in lower case"
    } else if name.contains("--") {
        "has two hyphens in a row"
    } else if name == "default" {
        "is RDS's own"
    } else {
        return hyphen_fault(name);
    };
    Some(fault)
}

/// S3's "General purpose bucket naming rules". Dots, which it takes, are not taken here: no certificate of S3's covers a
/// host name with more of them, and the bucket is reached over TLS only.
fn bucket_fault(name: &str) -> Option<&'static str> {
    const BEGINNINGS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
    const ENDS: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    let own = BEGINNINGS.iter().any(|own| name.starts_with(own))
        || ENDS.iter().any(|own| name.ends_with(own));
    let fault = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        "has capitals, which no bucket has"
    } else if own {
        "begins or ends as only S3's own names do"
    } else if (1..3).contains(&name.len()) {
        "has less than three characters"
    } else {
        return hyphen_fault(name);
    };
    Some(fault)
}

fn role_fault(name: &str) -> Option<&'static str> {
    characters(name, "_+=,.@-")
}

fn group_fault(name: &str) -> Option<&'static str> {
    let prefix = name
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("sg-"));
    let own = name
        .eq_ignore_ascii_case("default")
        .then_some("is the VPC's own");
    characters(name, " ._-:/()#,@[]+=&;{}!$*")
        .or(prefix.then_some("begins with `sg-`, as only ids do"))
        .or(own)
}

fn log_group_fault(name: &str) -> Option<&'static str> {
    let own = name
        .starts_with("aws/")
        .then_some("begins with `aws/`, which is AWS's own");
    characters(name, "_-/.#").or(own)
}

fn waf_log_group_fault(name: &str) -> Option<&'static str> {
    let other = !name.starts_with(WAF_LOGS);
    log_group_fault(name).or(other.then_some("does not begin with `aws-waf-logs-`"))
}

fn alias_fault(name: &str) -> Option<&'static str> {
    let fault = if name.starts_with("aws/") {
        "begins with `aws/`, which is AWS's own"
    } else if name.starts_with("alias/") {
        "begins with `alias/`, which is put before it"
    } else {
        return characters(name, "/_-");
    };
    Some(fault)
}

fn secret_fault(name: &str) -> Option<&'static str> {
    characters(name, "/_+=.@-")
}
