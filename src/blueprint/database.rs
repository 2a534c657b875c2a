//! Kong's database: an Aurora PostgreSQL cluster on Serverless v2, its instances and groups.
//!
//! One of the two groups belongs to a VPC for good and the other to a major version: what fixes them is in their names,
//! so that a new one can be made beside the old.

use std::collections::BTreeMap;

use super::addresses;
use super::draft::Draft;
use super::encryption;
use super::network;
use crate::kinds::logs::{LogGroup, LogGroupDesired};
use crate::kinds::rds::{
    Capacity, DbCluster, DbClusterParameterGroup, DbInstance, DbSubnetGroup, VersionPrefix,
    cluster, instance, parameter_group, subnet_group,
};
use crate::resource::{Address, Endpoint, Lookup, Ref};
use crate::spec::{Named, StackSpec};

/// The database that Kong keeps its configuration in.
pub(crate) const DATABASE: &str = "kong";

/// The master user, whose password AWS makes. Kong's migrations need its rights.
const MASTER_USER: &str = "kong";

/// The class of instances that scale by the cluster's capacity.
const SERVERLESS: &str = "db.serverless";

/// The log that instances send to CloudWatch.
const LOG: &str = "postgresql";

/// The turn of the writer in a failover: it shares it with the first reader, which therefore scales along with it.
const FIRST_TIER: u8 = 1;

/// The last turn there is.
const LAST_TIER: u8 = 15;

/// Draws the groups, the cluster and its instances.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let version = version(spec);
    draft.look_up(
        addresses::engine_version(),
        Lookup::EngineVersion {
            prefix: version.to_string(),
            min_half_acus: u32::from(spec.database.capacity.min.halves()),
        },
    );
    draw_groups(draft, version);
    draw_logs(draft);
    draw_cluster(draft, version);
    draw_instance(
        draft,
        addresses::database_writer(),
        1,
        instance::Part::Writer,
        FIRST_TIER,
    );
    for reader in 1..=spec.database.readers {
        let tier = u8::try_from(reader).unwrap_or(LAST_TIER).min(LAST_TIER);
        draw_instance(
            draft,
            addresses::database_reader(reader),
            reader + 1,
            instance::Part::Reader,
            tier,
        );
    }
    draft.output("database_endpoint", &host());
}

/// The name that clients connect to, which follows the writer.
pub(crate) fn host() -> Ref<Endpoint> {
    Ref::Of(addresses::database_cluster())
}

/// What must work before anything connects.
pub(crate) fn ready() -> Vec<Address> {
    vec![addresses::database_writer()]
}

fn version(spec: &StackSpec) -> VersionPrefix {
    let wanted = spec.database.engine_version;
    VersionPrefix {
        major: wanted.major,
        minor: wanted.minor,
    }
}

fn draw_groups(draft: &mut Draft<'_>, version: VersionPrefix) {
    let spec = draft.spec;
    let address = addresses::subnet_group();
    let name = spec.suffixed_name(Named::DatabaseSubnetGroup, &[&vpc(spec)]);
    let desired = subnet_group::Desired {
        description: format!("Private subnets of the Kong stack {}", spec.name),
        subnets: network::private_subnets(spec),
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<DbSubnetGroup>(address, desired);

    let address = addresses::parameter_group();
    let family = version.family();
    let name = spec.suffixed_name(Named::DatabaseParameterGroup, &[&family]);
    // Kong falls back to clear text where the server lets it: the server must not.
    let parameters = BTreeMap::from([("rds.force_ssl".to_owned(), "1".to_owned())]);
    let desired = parameter_group::Desired {
        description: format!("Database settings of the Kong stack {}", spec.name),
        family,
        parameters,
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<DbClusterParameterGroup>(address, desired);
}

/// The log group that RDS writes to: made before the cluster, so that it keeps lines no longer than the spec says, and
/// gone after it.
fn draw_logs(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::database_logs();
    let name = log_group(spec);
    let desired = LogGroupDesired {
        key: encryption::key(spec),
        deletion_protection: spec.logs.deletion_protection,
        retention_days: spec.logs.retention_days,
        writers: instance_name(spec, ""),
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<LogGroup>(address, desired);
}

/// What RDS calls the log group that it writes to.
pub(super) fn log_group(spec: &StackSpec) -> String {
    let cluster = spec.name_of(Named::DatabaseCluster);
    format!("/aws/rds/cluster/{cluster}/{LOG}")
}

/// What the instance of a number is called; RDS begins the names of its log streams with that.
fn instance_name(spec: &StackSpec, number: impl std::fmt::Display) -> String {
    format!("{}-{number}", spec.name_of(Named::DatabaseInstance))
}

fn draw_cluster(draft: &mut Draft<'_>, version: VersionPrefix) {
    let spec = draft.spec;
    let database = &spec.database;
    let capacity = Capacity {
        min_half_acus: database.capacity.min.halves(),
        max_half_acus: database.capacity.max.halves(),
        auto_pause: database.capacity.auto_pause(),
    };
    let address = addresses::database_cluster();
    let identifier = spec.name_of(Named::DatabaseCluster);
    let desired = cluster::Desired {
        version,
        engine_version: Ref::Of(addresses::engine_version()),
        database_name: DATABASE.to_owned(),
        master_username: MASTER_USER.to_owned(),
        subnet_group: Ref::Of(addresses::subnet_group()),
        parameter_group: Ref::Of(addresses::parameter_group()),
        security_groups: vec![Ref::Of(addresses::database_group())],
        capacity,
        key: encryption::key(spec),
        backup_retention_days: database.backup_retention_days,
        deletion_protection: database.deletion_protection,
        final_snapshot: database.final_snapshot,
        log_exports: vec![LOG.to_owned()],
        after: vec![addresses::database_logs()],
        tags: draft.tags(&address, &identifier),
        identifier,
    };
    draft.add::<DbCluster>(address, desired);
}

fn draw_instance(
    draft: &mut Draft<'_>,
    address: Address,
    number: u32,
    part: instance::Part,
    promotion_tier: u8,
) {
    let spec = draft.spec;
    let identifier = instance_name(spec, number);
    let desired = instance::Desired {
        cluster: Ref::Of(addresses::database_cluster()),
        part,
        class: SERVERLESS.to_owned(),
        promotion_tier,
        // Whoever names a minor version wants that one.
        auto_minor_version_upgrade: spec.database.engine_version.minor.is_none(),
        tags: draft.tags(&address, &identifier),
        identifier,
    };
    draft.add::<DbInstance>(address, desired);
}

/// What fixes the VPC: its id where it is somebody else's, its address range where it is ours.
fn vpc(spec: &StackSpec) -> String {
    match &spec.network.existing {
        Some(existing) => existing.vpc.to_string(),
        None => spec.network.cidr().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;

    fn drawn(rest: &str) -> crate::resource::Blueprint {
        let spec = spec(rest);
        let mut draft = Draft::new(&spec);
        draw(&mut draft);
        draft.finish()
    }

    fn instances(rest: &str) -> Vec<(String, u8, bool)> {
        let blueprint = drawn(rest);
        let desired = blueprint.resources.values();
        desired
            .filter_map(|resource| resource.desired_as::<DbInstance>())
            .map(|one| {
                (
                    one.identifier.clone(),
                    one.promotion_tier,
                    one.auto_minor_version_upgrade,
                )
            })
            .collect()
    }

    #[test]
    fn the_writer_is_the_first_instance_and_readers_follow() {
        assert_eq!(instances(""), [("demo-db-1".to_owned(), 1, true)]);
        let all = instances("database: {readers: 2, engine_version: \"16.6\"}");
        let names: Vec<&str> = all.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["demo-db-2", "demo-db-3", "demo-db-1"]);
        assert!(
            all.iter().all(|(.., upgraded)| !upgraded),
            "a pinned minor version is kept"
        );
    }

    #[test]
    fn the_server_takes_no_clear_text() {
        for version in ["15", "16", "17"] {
            let blueprint = drawn(&format!("database: {{engine_version: \"{version}\"}}"));
            let group = &blueprint.resources[&addresses::parameter_group()];
            let group = group.desired_as::<DbClusterParameterGroup>().unwrap();
            let force_ssl = group.parameters.get("rds.force_ssl").map(String::as_str);
            assert_eq!(force_ssl, Some("1"), "{version}");
            let cluster = &blueprint.resources[&addresses::database_cluster()];
            let cluster = cluster.desired_as::<DbCluster>().unwrap();
            assert_eq!(
                cluster.parameter_group,
                Ref::Of(addresses::parameter_group())
            );
        }
    }

    #[test]
    fn what_fixes_a_group_is_in_its_name() {
        let names = |rest: &str| {
            let blueprint = drawn(rest);
            let resource = |address: Address| blueprint.resources[&address].clone();
            let subnets = resource(addresses::subnet_group());
            let parameters = resource(addresses::parameter_group());
            (
                subnets.desired_as::<DbSubnetGroup>().unwrap().name.clone(),
                parameters
                    .desired_as::<DbClusterParameterGroup>()
                    .unwrap()
                    .name
                    .clone(),
            )
        };
        let first = names("");
        assert_eq!(first, names("database: {engine_version: \"16.6\"}"));
        let newer = names("database: {engine_version: \"17\"}");
        assert_eq!(first.0, newer.0);
        assert_ne!(first.1, newer.1);
        let moved = names("network: {cidr: 10.1.0.0/16}");
        assert_ne!(first.0, moved.0);
        assert_eq!(first.1, moved.1);
    }

    #[test]
    fn the_capacity_asked_for_is_what_a_version_is_looked_up_by() {
        let look_up = |rest: &str| drawn(rest).lookups[&addresses::engine_version()].clone();
        let asked = |min_half_acus| Lookup::EngineVersion {
            prefix: "16".to_owned(),
            min_half_acus,
        };
        assert_eq!(look_up(""), asked(0));
        assert_eq!(
            look_up("database: {capacity: {min: 0.5, max: 1}}"),
            asked(1)
        );
    }
}
