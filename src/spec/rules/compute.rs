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
