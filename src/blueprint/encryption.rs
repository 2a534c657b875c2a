//! The key that the stack's secrets, log groups and database are encrypted with: its own, or one that exists.

use super::addresses;
use super::draft::Draft;
use super::identity::{account, log_group_named, partition};
use crate::kinds::iam::{Condition, Grant, Principal, ResourcePolicy, Statement};
use crate::kinds::kms::{Key, key};
use crate::resource::{Arn, Lookup, Output, Ref, Text};
use crate::spec::{KmsKey, Named, StackSpec};

/// The context key that CloudWatch Logs names the log group in, whenever it uses a key.
const GROUP: &str = "kms:EncryptionContext:aws:logs:arn";

/// The key to encrypt with; nothing where AWS's own will do.
pub(super) fn key(spec: &StackSpec) -> Option<Ref<Arn>> {
    let key = spec.encryption.kms_key.as_ref()?;
    Some(match key {
        KmsKey::Create => Ref::Of(addresses::encryption_key()),
        KmsKey::Arn(arn) => Ref::Literal(Arn::new(arn.as_str())),
    })
}

/// Draws the stack's own key, or has the other one looked at.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let Some(key) = &spec.encryption.kms_key else {
        return;
    };
    match key {
        KmsKey::Create => draw_key(draft),
        KmsKey::Arn(arn) => draft.look_up(
            addresses::existing_key(),
            Lookup::KmsKey {
                arn: Arn::new(arn.as_str()),
            },
        ),
    }
    if let Some(key) = self::key(spec) {
        draft.output("encryption_key", &key);
    }
}

fn draw_key(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::encryption_key();
    let name = spec.name_of(Named::EncryptionKey);
    let desired = key::Desired {
        alias: format!("alias/{name}"),
        description: format!(
            "Encrypts secrets, logs and database of the Kong stack {}",
            spec.name
        ),
        policy: policy(spec),
        tags: draft.tags(&address, &name),
    };
    draft.add::<Key>(address, desired);
}

/// The account's own policies decide who else may use it ("Default key policy"); only CloudWatch Logs, which comes as itself
/// and not as its caller, must be let in here, for the stack's log groups alone ("Encrypt log data in CloudWatch Logs
/// using AWS Key Management Service").
fn policy(spec: &StackSpec) -> ResourcePolicy {
    let region = spec.region.as_str();
    let root = Text::from(format!("arn:{}:iam::", partition(region)));
    let root = root.then_ref(&account()).then(":root");
    let logs = [
        "kms:Encrypt*",
        "kms:Decrypt*",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:Describe*",
    ];
    let condition = |name: String| Condition {
        operator: "ArnEquals",
        key: GROUP,
        value: log_group_named(spec, &name),
    };
    let grant = |principal, sid, actions: &[&'static str], conditions| Grant {
        principal,
        deny: false,
        statement: Statement {
            sid,
            service: None,
            actions: actions.to_vec(),
            resources: vec!["*".into()],
            conditions,
        },
    };
    let service = Principal::Service(format!("logs.{region}.amazonaws.com"));
    let groups = log_groups(spec).into_iter().map(condition).collect();
    ResourcePolicy {
        grants: vec![
            grant(Principal::Account(root), "Account", &["kms:*"], Vec::new()),
            grant(service, "Logs", &logs, groups),
        ],
    }
}

/// The names of all log groups that the stack may have: one that an option brings needs no other policy then.
fn log_groups(spec: &StackSpec) -> Vec<String> {
    let named = [
        Named::ControlPlaneLogGroup,
        Named::DataPlaneLogGroup,
        Named::MigrationsLogGroup,
        Named::FlowLogsLogGroup,
        Named::MachineLogGroup,
        Named::WafLogGroup,
    ];
    let names = named.map(|named| spec.name_of(named));
    let database = super::database::log_group(spec);
    names.into_iter().chain([database]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;
    use crate::kinds::iam::{Role, RolePolicy};
    use crate::kinds::logs::LogGroup;
    use crate::kinds::rds::DbCluster;
    use crate::kinds::secrets::Secret;
    use crate::resource::{Blueprint, Resource};

    const ALL: &str = "network: {flow_logs: {enabled: true}}\ningress: {waf: {}}\ncontrol_plane: {mode: on-demand}\n";
    const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d";

    fn drawn(rest: &str) -> Blueprint {
        crate::blueprint::draw(&spec(&format!("{ALL}{rest}")))
    }

    /// The keys of everything that can have one, by address.
    fn keys(blueprint: &Blueprint) -> Vec<(String, Option<Ref<Arn>>)> {
        let key = |one: &Resource| {
            let secret = one.desired_as::<Secret>().map(|it| it.key.clone());
            let group = || one.desired_as::<LogGroup>().map(|it| it.key.clone());
            let cluster = || one.desired_as::<DbCluster>().map(|it| it.key.clone());
            let key = secret.or_else(group).or_else(cluster)?;
            Some((one.address.to_string(), key))
        };
        blueprint.resources.values().filter_map(key).collect()
    }

    #[test]
    fn nothing_has_a_key_of_its_own_unless_asked_for() {
        let blueprint = drawn("");
        let keys = keys(&blueprint);
        assert_eq!(keys.len(), 10, "two secrets, seven log groups, a cluster");
        assert!(keys.iter().all(|(_, key)| key.is_none()));
        let key = addresses::encryption_key();
        assert!(!blueprint.resources.contains_key(&key));
        assert!(!blueprint.lookups.contains_key(&addresses::existing_key()));
    }

    #[test]
    fn all_that_can_be_is_encrypted_with_the_stack_s_own_key_and_waits_for_it() {
        let blueprint = drawn("encryption: {kms_key: create}");
        let key = addresses::encryption_key();
        let keys = keys(&blueprint);
        assert_eq!(keys.len(), 10);
        for (address, one) in keys {
            assert_eq!(one, Some(Ref::Of(key.clone())), "{address}");
            let mut all = blueprint.resources.values();
            let resource = all.find(|one| one.address.as_str() == address).unwrap();
            assert!(
                resource.references.iter().any(|one| *one == key),
                "{address}"
            );
        }
        let alias = |rest: &str| {
            let blueprint = drawn(rest);
            let desired = blueprint.resources[&key].desired_as::<Key>().unwrap();
            desired.alias.clone()
        };
        assert_eq!(
            alias("encryption: {kms_key: create}"),
            "alias/kongstack/demo"
        );
        let named = "encryption: {kms_key: create}\nnames: {encryption_key: ours}";
        assert_eq!(alias(named), "alias/ours");
    }

    #[test]
    fn a_key_that_exists_is_used_looked_at_and_not_owned() {
        let blueprint = drawn(&format!("encryption: {{kms_key: '{ARN}'}}"));
        let given = Some(Ref::Literal(Arn::new(ARN)));
        let keys = keys(&blueprint);
        assert!(keys.len() == 10 && keys.iter().all(|(_, key)| *key == given));
        let key = addresses::encryption_key();
        assert!(!blueprint.resources.contains_key(&key));
        assert!(blueprint.lookups.contains_key(&addresses::existing_key()));
        assert_eq!(blueprint.outputs["encryption_key"].to_string(), ARN);
    }

    #[test]
    fn cloudwatch_logs_may_use_it_for_the_stack_s_groups_only() {
        let spec = spec("names: {data_plane_log_group: /ecs/gateway}");
        let policy = policy(&spec);
        let logs = &policy.grants[1];
        let service = "logs.eu-west-1.amazonaws.com".to_owned();
        assert_eq!(logs.principal, Principal::Service(service));
        let conditions = logs.statement.conditions.iter();
        let groups: Vec<String> = conditions.map(|one| one.value.to_string()).collect();
        let lead = "arn:aws:logs:eu-west-1:${lookup/account.id}:log-group:";
        let expected = [
            "/kongstack/demo/control-plane",
            "/ecs/gateway",
            "/kongstack/demo/migrations",
            "/kongstack/demo/flow-logs",
            "/aws/vendedlogs/kongstack/demo/machine",
            "aws-waf-logs-demo",
            "/aws/rds/cluster/demo-db/postgresql",
        ];
        assert_eq!(groups, expected.map(|name| format!("{lead}{name}")));
    }

    #[test]
    fn no_role_but_the_one_that_starts_tasks_may_use_it() {
        let blueprint = drawn("encryption: {kms_key: create}\nexec: true");
        let policies = blueprint.resources.values();
        let policies = policies.filter_map(|one| {
            let policy = one.desired_as::<RolePolicy>()?;
            let mut actions = policy.document.statements.iter().flat_map(|it| &it.actions);
            let uses = actions.any(|action| action.starts_with("kms:"));
            uses.then(|| one.address.to_string())
        });
        let policies: Vec<String> = policies.collect();
        assert_eq!(policies, ["identity/execution-policy"]);
        let roles = blueprint.resources.values();
        assert!(
            roles
                .filter(|one| one.desired_as::<Role>().is_some())
                .count()
                > 1
        );
    }
}
