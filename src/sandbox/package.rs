//! The Python package, embedded.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use super::SandboxError;
use super::folder::{Folder, of};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("standin/", $name)))),*]
    };
}

/// Every file of the package; a test compares the list with the folder.
const FILES: &[(&str, &str)] = files![
    "__init__.py",
    "__main__.py",
    "asking.py",
    "calllog.py",
    "control.py",
    "crowd.py",
    "crowd_list.py",
    "dispatch.py",
    "durations.py",
    "durations_tasks.py",
    "ecs_definitions.py",
    "ecs_services.py",
    "ecs_tasks.py",
    "edge/__init__.py",
    "edge/balancer.py",
    "edge/certificates.py",
    "edge/names.py",
    "edge/node.py",
    "edge/place.py",
    "edge/ports.py",
    "fargate_capacity.py",
    "faults.py",
    "fork.py",
    "gateway/__init__.py",
    "gateway/admin.py",
    "gateway/clustering.py",
    "gateway/declarative.py",
    "gateway/errors.py",
    "gateway/http.py",
    "gateway/phases.py",
    "gateway/plugins.py",
    "gateway/proxy.py",
    "gateway/router.py",
    "gateway/schema.py",
    "gateway/status.py",
    "gateway/store.py",
    "gateway/summary.py",
    "kms_keys.py",
    "kong_database.py",
    "kong_image.py",
    "kong_shell.py",
    "lean.py",
    "limits.py",
    "local_calls.py",
    "normal.py",
    "patches/__init__.py",
    "patches/autoscaling.py",
    "patches/dynamodb.py",
    "patches/ec2.py",
    "patches/ec2_endpoints.py",
    "patches/ec2_flows.py",
    "patches/ec2_groups.py",
    "patches/ec2_interfaces.py",
    "patches/ec2_nat.py",
    "patches/ec2_network.py",
    "patches/ec2_requests.py",
    "patches/ecs.py",
    "patches/elb.py",
    "patches/elb_balancers.py",
    "patches/elb_groups.py",
    "patches/elb_listeners.py",
    "patches/elb_logs.py",
    "patches/elb_rules.py",
    "patches/elb_targets.py",
    "patches/iam.py",
    "patches/logs.py",
    "patches/logs_exports.py",
    "patches/paging.py",
    "patches/rds.py",
    "patches/rds_groups.py",
    "patches/rds_instances.py",
    "patches/rds_logs.py",
    "patches/rds_pages.py",
    "patches/rds_power.py",
    "patches/rds_versions.py",
    "patches/route53.py",
    "patches/secretsmanager.py",
    "patches/servicediscovery.py",
    "patches/sts.py",
    "patches/tagging.py",
    "patches/wrapping.py",
    "peers.py",
    "protocols.py",
    "rare/__init__.py",
    "rare/acm.py",
    "rare/cloudwatch.py",
    "rare/cloudwatch_alarms.py",
    "rare/events.py",
    "rare/expressions.py",
    "rare/integrations.py",
    "rare/kms.py",
    "rare/machine.py",
    "rare/machine_language.py",
    "rare/price_table.py",
    "rare/pricing.py",
    "rare/s3.py",
    "rare/scheduler.py",
    "rare/sns.py",
    "rare/stepfunctions.py",
    "rare/wafv2.py",
    "refusals.py",
    "request.py",
    "requirements.txt",
    "sameness.py",
    "server.py",
    "services.py",
    "shell_commands.py",
    "shell_words.py",
    "stale.py",
    "stale_tables.py",
    "state.py",
    "state_kinds.py",
    "state_loop.py",
    "states.py",
    "tagging_history.py",
    "task_behaviour.py",
    "task_health.py",
    "task_identity.py",
    "task_network.py",
    "task_start.py",
    "tasks.py",
    "telling.py",
    "warm.py",
    "world.py",
];

/// What is installed in the virtual environment.
pub(super) fn requirements() -> &'static str {
    FILES
        .iter()
        .find(|(name, _)| *name == "requirements.txt")
        .map_or("", |(_, text)| text)
}

/// Changes when the pins change.
pub(super) fn requirements_version() -> String {
    hash(&[("requirements.txt", requirements())])
}

/// Changes when any file of the package changes.
pub(super) fn version() -> String {
    hash(FILES)
}

/// Writes the package out and returns the folder to put on Python's path.
pub(super) fn write(folder: &Folder) -> Result<PathBuf, SandboxError> {
    let root = folder.at(&format!("standin-{}", version()));
    for (name, text) in FILES {
        let path = root.join("standin").join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(of("making", parent))?;
        }
        fs::write(&path, text).map_err(of("writing", &path))?;
    }
    Ok(root)
}

fn hash(files: &[(&str, &str)]) -> String {
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn collect(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
            if path.is_dir() && !name.contains("__pycache__") {
                collect(&path, &format!("{name}/"), found);
            } else if name.ends_with(".py") || name.ends_with(".txt") {
                found.insert(name);
            }
        }
    }

    #[test]
    fn every_file_of_the_package_is_embedded() {
        let mut found = BTreeSet::new();
        collect(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox/standin"),
            "",
            &mut found,
        );
        let listed: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, found);
    }
}
