//! Task sizes, autoscaling bounds, where the data plane may send, and how long logs stay.
//!
//! Limits: Fargate's table of CPU and memory, 5000 tasks a service and 1000 targets a load balancer, CloudWatch's list
//! of retentions.

use super::at;
use crate::spec::model::{DataPlane, StackSpec};
use crate::spec::problem::{Problem, Problems};
use crate::spec::value::Percent;

/// Fargate's sizes: CPU units, then least and most memory in MiB and its steps.
const SIZES: [(u32, u32, u32, u32); 7] = [
    (256, 512, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
];

/// Days that CloudWatch Logs can keep a line.
const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Targets that one load balancer takes by default.
const MOST_TARGETS: u32 = 1000;

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    check_size(
        "control_plane",
        spec.control_plane.cpu,
        spec.control_plane.memory,
        out,
    );
    check_size(
        "data_plane",
        spec.data_plane.cpu,
        spec.data_plane.memory,
        out,
    );
    check_scaling(&spec.data_plane, out);
    check_egress(&spec.data_plane, out);
    let days = spec.logs.retention_days;
    if !RETENTIONS.contains(&days) {
        let near = nearest(days, RETENTIONS.into_iter());
        out.add(
            Problem::new(
                "log-retention",
                at("logs.retention_days"),
                format!("logs cannot be kept {days} days"),
            )
            .because(format!(
                "CloudWatch Logs knows these only: {}",
                joined(RETENTIONS.into_iter())
            ))
            .fix(format!("write `{near}`")),
        );
    }
}

fn check_size(plane: &str, cpu: u32, memory: u32, out: &mut Problems) {
    let (cpu_path, memory_path) = (at(plane).key("cpu"), at(plane).key("memory"));
    if !out.sound(&[&cpu_path.to_string()]) {
        return;
    }
    let Some(size) = SIZES.iter().find(|size| size.0 == cpu) else {
        let near = nearest(cpu, SIZES.iter().map(|size| size.0));
        let units = if cpu < 256 && cpu > 0 {
            "; it counts CPU units, 1024 a vCPU"
        } else {
            ""
        };
        return out.add(
            Problem::new(
                "fargate-cpu",
                cpu_path,
                format!("there is no Fargate task of {cpu} CPU units"),
            )
            .because(format!(
                "Fargate knows these only: {}{units}",
                joined(SIZES.iter().map(|size| size.0))
            ))
            .fix(format!("write `{near}`")),
        );
    };
    let sizes: Vec<u32> = memories(*size);
    if sizes.contains(&memory) || !out.sound(&[&memory_path.to_string()]) {
        return;
    }
    let (least, most) = (size.1, size.2);
    let step = if cpu == 256 {
        "512, 1024 or 2048".to_owned()
    } else {
        format!("{least} to {most} in steps of {}", size.3)
    };
    let near = nearest(memory, sizes.into_iter());
    out.add(
        Problem::new(
            "fargate-memory",
            memory_path,
            format!("{memory} MiB do not go with {cpu} CPU units"),
        )
        .because(format!(
            "a Fargate task of {cpu} CPU units has {step} MiB of memory"
        ))
        .fix(format!("write `memory: {near}`, or another `cpu`")),
    );
}

fn memories((cpu, least, most, step): (u32, u32, u32, u32)) -> Vec<u32> {
    if cpu == 256 {
        return vec![512, 1024, 2048];
    }
    (least..=most)
        .step_by(usize::try_from(step).unwrap_or(1))
        .collect()
}

fn check_scaling(plane: &DataPlane, out: &mut Problems) {
    let scaling = &plane.scaling;
    if scaling.min == 0 {
        out.add(
            Problem::new(
                "scaling-min",
                at("data_plane.scaling.min"),
                "the data plane cannot go down to no task",
            )
            .because("no traffic reaches a gateway without tasks, and nothing would start one")
            .fix("write 1 or more; 2 survive the loss of a zone"),
        );
    }
    if scaling.max < scaling.min && out.sound(&["data_plane.scaling.min", "data_plane.scaling.max"])
    {
        out.add(
            Problem::new(
                "scaling-bounds",
                at("data_plane.scaling.max"),
                format!(
                    "the most tasks ({}) are fewer than the fewest ({})",
                    scaling.max, scaling.min
                ),
            )
            .because("Application Auto Scaling refuses such bounds")
            .fix(format!(
                "write `max: {}` or more, or lower `min`",
                scaling.min
            )),
        );
    }
    if scaling.max > MOST_TARGETS {
        out.add(
            Problem::new(
                "scaling-max",
                at("data_plane.scaling.max"),
                format!("{} tasks are too many", scaling.max),
            )
            .because(format!(
                "a load balancer has at most {MOST_TARGETS} targets"
            ))
            .fix(format!("write {MOST_TARGETS} or less, and larger tasks")),
        );
    }
    let targets = [("cpu", Some(scaling.cpu)), ("memory", scaling.memory)];
    for (key, _) in targets
        .iter()
        .filter(|(_, target)| *target == Some(Percent::new(0)))
    {
        out.add(
            Problem::new(
                "scaling-target",
                at("data_plane.scaling").key(key),
                "a target of 0 % is never met",
            )
            .because("the service would scale out to its most tasks and stay there")
            .fix("write 1 to 100; 50 to 70 is usual"),
        );
    }
    if scaling.requests_per_target == Some(0) {
        out.add(
            Problem::new(
                "scaling-target",
                at("data_plane.scaling.requests_per_target"),
                "a target of no requests is never met",
            )
            .because("the service would scale out to its most tasks and stay there")
            .fix("write how many requests a minute one task serves well, such as 1000"),
        );
    }
}

fn check_egress(plane: &DataPlane, out: &mut Problems) {
    for (index, rule) in plane.egress.iter().enumerate() {
        let path = at("data_plane.egress").index(index);
        if rule.port == 0 {
            out.add(
                Problem::new("egress-port", path.key("port"), "there is no port 0")
                    .because("TCP ports are 1 to 65535")
                    .fix("write the port of your upstream, such as 443"),
            );
        }
        if plane.egress[..index].contains(rule) {
            out.add(
                Problem::new(
                    "egress-repeated",
                    path.key("port"),
                    format!("port {} to `{}` is allowed twice", rule.port, rule.cidr),
                )
                .because("AWS refuses a second rule for the same traffic")
                .fix("take one of them out"),
            );
        }
    }
}

fn nearest(value: u32, choices: impl Iterator<Item = u32>) -> u32 {
    choices
        .min_by_key(|choice| choice.abs_diff(value))
        .unwrap_or(value)
}

fn joined(values: impl Iterator<Item = u32>) -> String {
    values
        .map(|value| value.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "control_plane: {cpu: 256, memory: 512}",
            "control_plane: {cpu: 8192, memory: 20480}",
            "data_plane: {cpu: 16384, memory: 122880}",
            "data_plane: {scaling: {min: 1, max: 1, cpu: 100, memory: 1, requests_per_target: 1}, spot: 100}",
            "data_plane: {egress: []}",
            "logs: {retention_days: 3653}",
            "logs:\n  # retention_days: 3\n",
            "data_plane: {egress: [{port: 1, cidr: 10.0.0.0/8}, {port: 2, cidr: 10.0.0.0/8}]}",
        ]);
    }

    #[test]
    fn refuses() {
        refuse(&[
            (
                "data_plane: {cpu: 300}",
                "fargate-cpu data_plane.cpu: there is no Fargate task of 300 CPU units",
            ),
            (
                "control_plane: {cpu: 1}",
                "fargate-cpu control_plane.cpu: there is no Fargate task of 1 CPU units",
            ),
            (
                "control_plane: {cpu: 512, memory: 512}",
                "fargate-memory control_plane.memory: 512 MiB do not go with 512 CPU units",
            ),
            (
                "control_plane: {cpu: 256, memory: 1536}",
                "fargate-memory control_plane.memory: 1536 MiB do not go with 256 CPU units",
            ),
            (
                "data_plane: {cpu: 8192, memory: 17408}",
                "fargate-memory data_plane.memory: 17408 MiB do not go with 8192 CPU units",
            ),
            (
                "data_plane: {cpu: 1024}",
                "fargate-memory data_plane.memory: 1024 MiB do not go with 1024 CPU units",
            ),
            (
                "data_plane: {scaling: {min: 0}}",
                "scaling-min data_plane.scaling.min: the data plane cannot go down to no task",
            ),
            (
                "data_plane: {scaling: {min: 5, max: 2}}",
                "scaling-bounds data_plane.scaling.max: the most tasks (2) are fewer than the fewest (5)",
            ),
            (
                "data_plane: {scaling: {min: 20}}",
                "scaling-bounds data_plane.scaling.max: the most tasks (10) are fewer than the fewest (20)",
            ),
            (
                "network: {public_subnets: [10.0.0.0/20, 10.0.16.0/20], private_subnets: [10.0.32.0/20, 10.0.48.0/20]}\ndata_plane: {scaling: {max: 1001}}",
                "scaling-max data_plane.scaling.max: 1001 tasks are too many",
            ),
            (
                "data_plane: {scaling: {cpu: 0}}",
                "scaling-target data_plane.scaling.cpu: a target of 0 % is never met",
            ),
            (
                "data_plane: {scaling: {memory: 0}}",
                "scaling-target data_plane.scaling.memory: a target of 0 % is never met",
            ),
            (
                "data_plane: {scaling: {cpu: 101}}",
                "percent-range data_plane.scaling.cpu: 101 is not a share of a hundred",
            ),
            (
                "data_plane: {spot: -1}",
                "percent-range data_plane.spot: -1 is not a share of a hundred",
            ),
            (
                "data_plane: {scaling: {requests_per_target: 0}}",
                "scaling-target data_plane.scaling.requests_per_target: a target of no requests is never met",
            ),
            (
                "data_plane: {egress: [{port: 0, cidr: 10.0.0.0/8}]}",
                "egress-port data_plane.egress.0.port: there is no port 0",
            ),
            (
                "data_plane: {egress: [{port: 70000, cidr: 10.0.0.0/8}]}",
                "wrong-type data_plane.egress.0.port: a whole number from 0 to 65535 belongs here, not the number 70000",
            ),
            (
                "data_plane: {egress: [{port: 1, cidr: 10.0.0.0/8}, {port: 1, cidr: 10.0.0.0/8}]}",
                "egress-repeated data_plane.egress.1.port: port 1 to `10.0.0.0/8` is allowed twice",
            ),
            (
                "data_plane: {egress: [{cidr: 10.0.0.0/8}]}",
                "missing-key data_plane.egress.0.port: this has no `port`",
            ),
            (
                "data_plane: {architecture: arm}",
                "unknown-value data_plane.architecture: unknown value `arm`",
            ),
            (
                "control_plane: {mode: on-demand}",
                "unknown-value control_plane.mode: unknown value `on-demand`",
            ),
            (
                "control_plane: {on_demand: {sync: 5m}}",
                "unknown-key control_plane.on_demand: unknown key `on_demand`",
            ),
            (
                "logs: {retention_days: 8}",
                "log-retention logs.retention_days: logs cannot be kept 8 days",
            ),
            (
                "logs: {retention_days: -1}",
                "wrong-type logs.retention_days: a whole number belongs here, not the number -1",
            ),
            (
                "exec: yes",
                "wrong-type exec: `true` or `false` belongs here, not the text `yes`",
            ),
        ]);
    }
}
