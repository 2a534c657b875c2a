//! The data plane's bounds and targets, and where it may send.

use super::at;
use crate::spec::model::{DataPlane, Scaling, StackSpec};
use crate::spec::problem::{Problem, Problems};
use crate::spec::value::Percent;

/// Targets that one load balancer takes by default.
const MOST_TARGETS: u32 = 1000;

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    check_scaling(&spec.data_plane, out);
    check_egress(&spec.data_plane, out);
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
    check_targets(scaling, out);
}

/// A target of nothing cannot be met, so that the service would grow to its bounds.
fn check_targets(scaling: &Scaling, out: &mut Problems) {
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

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "data_plane: {scaling: {min: 1, max: 1, cpu: 100, memory: 1, requests_per_target: 1}, spot: 100}",
            "data_plane: {egress: []}",
            "data_plane: {egress: [{port: 1, cidr: 10.0.0.0/8}, {port: 2, cidr: 10.0.0.0/8}]}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
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
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
