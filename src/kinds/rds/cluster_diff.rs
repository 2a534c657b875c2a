//! Where a cluster is not as desired.

use super::cluster::{Desired, Live};
use super::phase::Phase;
use super::version::{Move, VersionPrefix};
use crate::resource::{Arn, Diff, Effect, Ref, Resolve, Version};

/// Compares every field.
pub(super) fn compare(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
    let Desired {
        identifier,
        version,
        engine_version,
        database_name,
        master_username,
        subnet_group,
        parameter_group,
        security_groups,
        capacity,
        key,
        backup_retention_days,
        deletion_protection,
        // Only matters when it is deleted.
        final_snapshot: _,
        log_exports,
        // Only an order.
        after: _,
        tags,
    } = desired;
    let mut diff = Diff::new();
    compare_fixed(live, &mut diff);
    compare_version(*version, engine_version, live, outputs, &mut diff);
    let why = "a cluster keeps its identifier";
    diff.immutable("db_cluster_identifier", identifier, &live.identifier, why);
    let why = "a cluster keeps its first database's name";
    diff.immutable("database_name", database_name, &live.database_name, why);
    let why = "a cluster keeps its master user";
    diff.immutable(
        "master_username",
        master_username,
        &live.master_username,
        why,
    );
    let moved = Effect::Replace("a cluster stays in its subnet group");
    let have = &live.subnet_group;
    diff.reference("db_subnet_group", subnet_group, have, outputs, moved);
    compare_key(key.as_ref(), live, outputs, &mut diff);
    let field = "db_cluster_parameter_group";
    let have = &live.parameter_group;
    diff.reference(field, parameter_group, have, outputs, Effect::InPlace);
    let (field, have) = ("vpc_security_group_ids", &live.security_groups);
    diff.references(field, security_groups, have, outputs, Effect::InPlace);
    let field = "serverless_v2_scaling_configuration";
    diff.optional(field, Some(capacity), live.capacity.as_ref());
    let have = &live.backup_retention_days;
    diff.field("backup_retention_period", backup_retention_days, have);
    let have = &live.deletion_protection;
    diff.field("deletion_protection", deletion_protection, have);
    let (field, have) = ("enabled_cloudwatch_logs_exports", &live.log_exports);
    diff.set(field, log_exports, have, Effect::InPlace);
    diff.tags(tags, &live.tags);
    diff
}

/// Compares what every cluster of ours has, and what its state says.
fn compare_fixed(live: &Live, diff: &mut Diff) {
    let settled = match Phase::of(&live.status) {
        Phase::Working => true,
        Phase::Stopped => {
            let (old, new) = (live.status.clone(), "available".to_owned());
            diff.push("status".to_owned(), Some(old), Some(new), Effect::InPlace);
            true
        }
        Phase::Busy | Phase::Leaving => {
            diff.pending("status", &live.status, "available");
            false
        }
        Phase::Broken => {
            let why = "it cannot leave this state by itself";
            diff.broken("status", &live.status, "available", why);
            false
        }
    };
    let why = "storage is encrypted from the start or never";
    diff.immutable("storage_encrypted", &true, &live.storage_encrypted, why);
    let have = &live.copy_tags_to_snapshot;
    diff.field("copy_tags_to_snapshot", &true, have);
    // While it is being made, its secret may not be there yet.
    if settled {
        let managed = live.secret.is_some();
        diff.field("manage_master_user_password", &true, &managed);
    }
}

/// Compares the key of the storage. AWS's own has an ARN like any other: where none is wanted, only one of the stack's own,
/// which would go from under the data, is known to be another. The password's key follows it: RDS lets nobody change
/// it while it manages the password.
fn compare_key(key: Option<&Ref<Arn>>, live: &Live, outputs: &dyn Resolve, diff: &mut Diff) {
    if key.is_some() || live.key_is_ours {
        let kept = Effect::Replace("a cluster keeps the key that its storage was encrypted with");
        diff.optional_reference("kms_key_id", key, live.key.as_ref(), outputs, kept);
    }
}

fn compare_version(
    want: VersionPrefix,
    resolved: &Ref<Version>,
    live: &Live,
    outputs: &dyn Resolve,
    diff: &mut Diff,
) {
    let effect = match want.from(&live.engine_version) {
        Move::Stay => return,
        Move::Upgrade => Effect::InPlace,
        Move::Never(why) => Effect::Replace(why),
    };
    let new = resolved
        .resolve(outputs)
        .map_or_else(|| want.to_string(), |version| version.to_string());
    let old = live.engine_version.clone();
    diff.push("engine_version".to_owned(), Some(old), Some(new), effect);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kinds::rds::Capacity;
    use crate::resource::{Address, Attribute, Layer, ManagedSecretArn, Nothing, Output};
    use crate::resource::{ResourceName, SecurityGroupId, Tags};

    struct Resolved;

    impl Resolve for Resolved {
        fn output(&self, _: &Address, _: Attribute) -> Option<String> {
            Some("16.8".to_owned())
        }
    }

    const PAUSING: Capacity = Capacity {
        min_half_acus: 0,
        max_half_acus: 4,
        auto_pause: Some(Duration::from_secs(300)),
    };

    fn desired() -> Desired {
        Desired {
            identifier: "demo-db".to_owned(),
            version: VersionPrefix {
                major: 16,
                minor: None,
            },
            engine_version: Ref::Of(Address::new(Layer::Lookup, "engine-version")),
            database_name: "kong".to_owned(),
            master_username: "kong".to_owned(),
            subnet_group: Ref::Literal(ResourceName::new("subnets")),
            parameter_group: Ref::Literal(ResourceName::new("parameters")),
            security_groups: vec![Ref::Literal(SecurityGroupId::new("sg-1"))],
            capacity: PAUSING,
            key: None,
            backup_retention_days: 7,
            deletion_protection: true,
            final_snapshot: true,
            log_exports: vec!["postgresql".to_owned()],
            after: Vec::new(),
            tags: Tags::live([(Some("team"), Some("a"))]),
        }
    }

    fn live() -> Live {
        Live {
            identifier: "demo-db".to_owned(),
            arn: Arn::new("arn:aws:rds:eu-west-1:123456789012:cluster:demo-db"),
            tags: Tags::live([
                (Some("team"), Some("a")),
                (Some("kongstack:schema"), Some("kong:3.9.3")),
            ]),
            resource_id: "cluster-ABCDEFGHIJKLMNOP".to_owned(),
            status: "available".to_owned(),
            engine_version: "16.6".to_owned(),
            database_name: "kong".to_owned(),
            master_username: "kong".to_owned(),
            secret: Some(ManagedSecretArn::new(
                "arn:aws:secretsmanager:r:1:secret:rds-x",
            )),
            password: None,
            endpoint: None,
            subnet_group: ResourceName::new("subnets"),
            parameter_group: ResourceName::new("parameters"),
            security_groups: vec![SecurityGroupId::new("sg-1")],
            capacity: Some(PAUSING),
            backup_retention_days: 7,
            deletion_protection: true,
            copy_tags_to_snapshot: true,
            storage_encrypted: true,
            key: Some(Arn::new("arn:aws:kms:eu-west-1:123456789012:key/aws-rds")),
            key_is_ours: false,
            log_exports: vec!["postgresql".to_owned()],
            members: Vec::new(),
        }
    }

    fn shown(desired: &Desired, live: &Live) -> Vec<(String, Effect)> {
        let diff = compare(desired, live, &Resolved);
        let shown = |change: &crate::resource::Change| (change.field.clone(), change.effect);
        diff.changes().iter().map(shown).collect()
    }

    #[test]
    fn another_minor_version_and_our_own_marks_are_no_drift() {
        assert_eq!(shown(&desired(), &live()), []);
        let backing_up = Live {
            status: "backing-up".to_owned(),
            ..live()
        };
        assert_eq!(shown(&desired(), &backing_up), []);
    }

    #[test]
    fn settings_change_in_place_and_the_data_s_own_never() {
        let mut wanted = desired();
        wanted.capacity.max_half_acus = 8;
        wanted.backup_retention_days = 3;
        wanted.version.minor = Some(8);
        let fields = shown(&wanted, &live());
        assert!(fields.iter().all(|(_, effect)| *effect == Effect::InPlace));
        let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            names,
            [
                "engine_version",
                "serverless_v2_scaling_configuration",
                "backup_retention_period"
            ]
        );
        wanted.version.major = 17;
        let diff = compare(&wanted, &live(), &Resolved);
        assert_eq!(diff.replacing().count(), 1);
    }

    #[test]
    fn a_database_keeps_its_key() {
        let key = |id: &str| Arn::new(format!("arn:aws:kms:eu-west-1:123456789012:key/{id}"));
        let replaced = |want: Option<Ref<Arn>>, key_is_ours| {
            let wanted = Desired {
                key: want,
                ..desired()
            };
            let live = Live {
                key: Some(key("one")),
                key_is_ours,
                ..live()
            };
            compare(&wanted, &live, &Nothing).replacing().count() == 1
        };
        // AWS's own cannot be told from one that was given before.
        assert!(!replaced(None, false));
        assert!(replaced(None, true));
        assert!(!replaced(Some(Ref::Literal(key("one"))), true));
        assert!(replaced(Some(Ref::Literal(key("two"))), false));
        let unmade = Ref::Of(Address::new(Layer::Encryption, "key"));
        assert!(replaced(Some(unmade), false));
    }

    #[test]
    fn half_made_is_waited_for_and_stopped_is_started() {
        let mut other = live();
        other.status = "creating".to_owned();
        other.secret = None;
        let waited = [("status".to_owned(), Effect::Wait)];
        assert_eq!(shown(&desired(), &other), waited);
        other.status = "modifying".to_owned();
        assert_eq!(shown(&desired(), &other), waited);
        other.secret = live().secret;
        let started = [("status".to_owned(), Effect::InPlace)];
        for stopped in ["stopped", "inaccessible-encryption-credentials-recoverable"] {
            other.status = stopped.to_owned();
            assert_eq!(shown(&desired(), &other), started, "{stopped}");
        }
    }

    #[test]
    fn what_cannot_be_mended_takes_another_cluster_which_a_plan_refuses() {
        for broken in ["failed", "inaccessible-encryption-credentials"] {
            let other = Live {
                status: broken.to_owned(),
                ..live()
            };
            let diff = compare(&desired(), &other, &Resolved);
            assert_eq!(diff.replacing().count(), 1, "{broken}");
        }
    }
}
