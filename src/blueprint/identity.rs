//! Who the tasks are, and the least they must be allowed.
//!
//! One execution role starts all tasks: it reads exactly the stack's secrets and writes to exactly its log groups. What runs
//! inside a task needs nothing of AWS, so the task roles have no policy unless ECS Exec is on.

use super::addresses;
use super::draft::Draft;
use super::encryption;
use super::secrets;
use crate::kinds::iam::{
    Condition, PolicyDocument, Role, RolePolicy, Statement, role, role_policy,
};
use crate::resource::{AccountId, Address, Arn, Lookup, Ref, Text};
use crate::spec::{Named, StackSpec};

/// Draws the roles and their policies.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let expected = spec.account.as_ref().map(|id| id.as_str().to_owned());
    draft.look_up(addresses::account(), Lookup::Account { expected });
    let roles = [
        (
            addresses::execution_role(),
            Named::ExecutionRole,
            "Lets ECS start the tasks of",
        ),
        (
            addresses::control_plane_role(),
            Named::ControlPlaneRole,
            "What the control plane runs as in",
        ),
        (
            addresses::data_plane_role(),
            Named::DataPlaneRole,
            "What the data plane runs as in",
        ),
    ];
    for (address, named, purpose) in roles {
        draw_role(draft, address, named, purpose, &[TASKS]);
    }
    draw_policy(
        draft,
        addresses::execution_policy(),
        (addresses::execution_role(), Named::ExecutionRole),
        execution_policy(spec),
    );
    if spec.exec {
        let tasks = [
            (
                addresses::control_plane_policy(),
                (addresses::control_plane_role(), Named::ControlPlaneRole),
            ),
            (
                addresses::data_plane_policy(),
                (addresses::data_plane_role(), Named::DataPlaneRole),
            ),
        ];
        for (address, role) in tasks {
            draw_policy(draft, address, role, exec_policy());
        }
    }
}

/// The role ECS starts tasks with.
pub(crate) fn execution_role() -> Ref<Arn> {
    Ref::Of(addresses::execution_role())
}

/// The role the control plane runs as.
pub(crate) fn control_plane_role() -> Ref<Arn> {
    Ref::Of(addresses::control_plane_role())
}

/// The role the data plane runs as.
pub(crate) fn data_plane_role() -> Ref<Arn> {
    Ref::Of(addresses::data_plane_role())
}

/// The policies that must be there before a control plane or migrations task can start.
pub(crate) fn control_plane_ready(spec: &StackSpec) -> Vec<Address> {
    ready(spec, addresses::control_plane_policy())
}

/// The policies that must be there before a data plane task can start.
pub(crate) fn data_plane_ready(spec: &StackSpec) -> Vec<Address> {
    ready(spec, addresses::data_plane_policy())
}

fn ready(spec: &StackSpec, exec: Address) -> Vec<Address> {
    let exec = spec.exec.then_some(exec);
    [addresses::execution_policy()]
        .into_iter()
        .chain(exec)
        .collect()
}

/// Draws a role that one or several services may take on.
pub(super) fn draw_role(
    draft: &mut Draft<'_>,
    address: Address,
    named: Named,
    purpose: &str,
    trusted: &[(&'static str, &'static str)],
) {
    let spec = draft.spec;
    let name = spec.name_of(named);
    let tags = draft.tags(&address, &name);
    let desired = role::Desired {
        name,
        description: format!("{purpose} the Kong stack {}", spec.name),
        trust: trust(trusted),
        tags,
    };
    draft.add::<Role>(address, desired);
}

/// Draws what a role may do.
pub(super) fn draw_policy(
    draft: &mut Draft<'_>,
    address: Address,
    (role, named): (Address, Named),
    document: PolicyDocument,
) {
    let desired = role_policy::Desired {
        role,
        role_name: draft.spec.name_of(named),
        name: address.name().to_owned(),
        document,
    };
    draft.add::<RolePolicy>(address, desired);
}

/// ECS, for tasks.
const TASKS: (&str, &str) = ("Tasks", "ecs-tasks.amazonaws.com");

/// Services may take on the role for what is of this account: without the condition they could be made to for
/// another's.
pub(super) fn trust(trusted: &[(&'static str, &'static str)]) -> PolicyDocument {
    let statement = |(sid, service): &(&'static str, &'static str)| Statement {
        sid,
        service: Some(service),
        actions: vec!["sts:AssumeRole"],
        resources: Vec::new(),
        conditions: vec![Condition {
            operator: "StringEquals",
            key: "aws:SourceAccount",
            value: Text::from(&account()),
        }],
    };
    PolicyDocument {
        statements: trusted.iter().map(statement).collect(),
    }
}

fn execution_policy(spec: &StackSpec) -> PolicyDocument {
    let groups = [
        Named::ControlPlaneLogGroup,
        Named::DataPlaneLogGroup,
        Named::MigrationsLogGroup,
    ];
    let secrets = allow(
        "Secrets",
        &["secretsmanager:GetSecretValue"],
        secrets::all(spec),
    );
    let logs = allow(
        "Logs",
        &["logs:CreateLogStream", "logs:PutLogEvents"],
        groups.map(|group| streams_of(spec, group)).into(),
    );
    // Secrets Manager decrypts for whoever reads a secret.
    let key = encryption::key(spec);
    let key = key.map(|key| allow("Key", &["kms:Decrypt"], vec![Text::from(&key)]));
    let statements = [secrets, logs].into_iter().chain(key);
    PolicyDocument {
        statements: statements.chain(pull(spec)).collect(),
    }
}

/// What pulling the image takes: nothing unless it lies in a private ECR registry.
fn pull(spec: &StackSpec) -> Vec<Statement> {
    let image = &spec.kong.image;
    let account = image.registry.split('.').next().unwrap_or_default();
    let Some(region) = image.ecr_region() else {
        return Vec::new();
    };
    let repository = format!(
        "arn:{}:ecr:{region}:{account}:repository/{}",
        partition(region),
        image.repository
    );
    let layers = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ];
    vec![
        // A token is for the whole registry: IAM knows no smaller resource for it.
        allow("Registry", &["ecr:GetAuthorizationToken"], vec!["*".into()]),
        allow("Image", &layers, vec![repository.into()]),
    ]
}

/// What the agent of ECS Exec talks through; these actions know no resources.
fn exec_policy() -> PolicyDocument {
    let channels = [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ];
    PolicyDocument {
        statements: vec![allow("Exec", &channels, vec!["*".into()])],
    }
}

/// Allows actions on resources.
pub(super) fn allow(
    sid: &'static str,
    actions: &[&'static str],
    resources: Vec<Text>,
) -> Statement {
    Statement {
        sid,
        service: None,
        actions: actions.to_vec(),
        resources,
        conditions: Vec::new(),
    }
}

/// The streams of a log group.
fn streams_of(spec: &StackSpec, group: Named) -> Text {
    log_group(spec, group).then(":*")
}

/// The ARN of a log group. It follows from its name, so that a policy need not wait for the group.
pub(super) fn log_group(spec: &StackSpec, group: Named) -> Text {
    log_group_named(spec, &spec.name_of(group))
}

/// The ARN of the log group of a name.
pub(super) fn log_group_named(spec: &StackSpec, name: &str) -> Text {
    let region = spec.region.as_str();
    Text::from(format!("arn:{}:logs:{region}:", partition(region)))
        .then_ref(&account())
        .then(format!(":log-group:{name}"))
}

/// An ARN of this account and region, which follows from names: nothing has to be there before it.
pub(super) fn arn(spec: &StackSpec, service: &str, resource: &str) -> Text {
    let region = spec.region.as_str();
    Text::from(format!("arn:{}:{service}:{region}:", partition(region)))
        .then_ref(&account())
        .then(format!(":{resource}"))
}

/// The account that the stack lives in.
pub(super) fn account() -> Ref<AccountId> {
    Ref::Of(addresses::account())
}

/// The part of AWS that a region belongs to, as ARNs name it.
pub(super) fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;

    /// All statements of all policies, as `sid: resources`.
    fn permissions(rest: &str) -> Vec<String> {
        let spec = spec(rest);
        let mut draft = Draft::new(&spec);
        draw(&mut draft);
        let blueprint = draft.finish();
        let policies = blueprint.resources.values();
        policies
            .filter_map(|resource| resource.desired_as::<RolePolicy>())
            .flat_map(|policy| policy.document.statements.clone())
            .map(|one| {
                let resources: Vec<String> = one.resources.iter().map(Text::to_string).collect();
                format!("{}: {}", one.sid, resources.join(" "))
            })
            .collect()
    }

    #[test]
    fn tasks_read_the_stack_s_secrets_and_write_its_logs_only() {
        insta::assert_snapshot!(permissions("").join("\n"), @r"
        Secrets: ${secrets/cluster-certificate.arn} ${secrets/admin-key.arn} ${database/cluster.secret-arn}
        Logs: arn:aws:logs:eu-west-1:${lookup/account.id}:log-group:/kongstack/demo/control-plane:* arn:aws:logs:eu-west-1:${lookup/account.id}:log-group:/kongstack/demo/data-plane:* arn:aws:logs:eu-west-1:${lookup/account.id}:log-group:/kongstack/demo/migrations:*
        ");
    }

    #[test]
    fn what_starts_tasks_may_decrypt_with_the_stack_s_key_and_no_other() {
        let all = |rest: &str| {
            let mut all = permissions(rest);
            all.retain(|one| one.starts_with("Key"));
            all
        };
        assert_eq!(all("exec: true"), [""; 0]);
        let own = "encryption: {kms_key: create}";
        assert_eq!(all(own), ["Key: ${encryption/key.arn}"]);
        let arn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d";
        let given = format!("exec: true\nencryption: {{kms_key: '{arn}'}}");
        assert_eq!(all(&given), [format!("Key: {arn}")]);
    }

    #[test]
    fn a_private_image_a_shell_and_a_key_of_one_s_own_add_just_that() {
        let image =
            "kong: {image: \"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/kong:3.9.3\"}\n";
        let key = "admin: {api_key: \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:mine-AbCdEf\"}\n";
        let all = permissions(&format!("{image}{key}exec: true\n"));
        let starting = |sid: &str| {
            let statements = all.iter().filter(|one| one.starts_with(sid));
            statements.map(String::as_str).collect::<Vec<_>>()
        };
        assert_eq!(starting("Registry"), ["Registry: *"]);
        assert_eq!(
            starting("Image"),
            ["Image: arn:aws:ecr:eu-west-1:123456789012:repository/mirror/kong"]
        );
        assert_eq!(starting("Exec"), ["Exec: *"; 2], "each plane's own role");
        assert!(starting("Secrets")[0].contains("secret:mine-AbCdEf"));
    }

    #[test]
    fn regions_outside_the_main_partition_have_arns_of_their_own() {
        assert_eq!(partition("eu-west-1"), "aws");
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
    }
}
