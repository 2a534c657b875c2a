//! Every name that will be made: its length and characters, with prefix and suffix, and that no two clash.

use super::at;
use super::name_forms::{Form, form};
use crate::spec::model::{Named, StackSpec};
use crate::spec::problem::{Problem, Problems};

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let mut too_long: Vec<(usize, Named)> = Vec::new();
    let mut faulty = false;
    for named in Named::ALL {
        let given = spec.names.get(named).is_some();
        if !given && !out.sound(&["name", "region"]) {
            continue;
        }
        let name = spec.name_of(named);
        let form = form(named);
        let excess = (name.chars().count() + named.room(given)).saturating_sub(form.length);
        if given {
            check_given(named, &name, &form, excess, out);
        } else if excess > 0 {
            too_long.push((excess, named));
        } else if let Some(fault) = (form.fault)(&name).filter(|_| !faulty) {
            faulty = true;
            out.add(
                Problem::new(
                    "name-form",
                    at("name"),
                    format!("{} would be called `{name}`, which {fault}", form.what),
                )
                .because("every name is made of the stack's, and AWS refuses this one")
                .fix(format!(
                    "take another name, or give `names.{}`",
                    named.key()
                )),
            );
        }
    }
    if let Some(problem) = too_long_problem(spec, &too_long) {
        out.add(problem);
    }
    if out.sound(&["name", "region", "names"]) {
        check_clashes(spec, out);
    }
}

fn check_given(named: Named, name: &str, form: &Form, excess: usize, out: &mut Problems) {
    let path = at("names").key(named.key());
    let suffix = match named.suffix_length() {
        0 => String::new(),
        length => format!(", {length} of them kept for a suffix of our own"),
    };
    if excess > 0 {
        out.add(
            Problem::new(
                "name-length",
                path,
                format!("`{name}` is {excess} too long"),
            )
            .because(format!(
                "{} has a name of at most {} characters{suffix}",
                form.what, form.length
            ))
            .fix(format!(
                "write at most {} characters",
                form.length - named.suffix_length()
            )),
        );
    } else if let Some(fault) = (form.fault)(name) {
        out.add(
            Problem::new("name-form", path, format!("`{name}` {fault}"))
                .because(format!("AWS refuses that for {}", form.what))
                .fix(match named {
                    Named::WafLogGroup => {
                        "write `aws-waf-logs-` and letters, digits or hyphens behind it"
                    }
                    _ => "write letters, digits and single hyphens, a lower-case letter first",
                }),
        );
    }
}

/// One problem for all generated names that are too long: they share one cause.
fn too_long_problem(spec: &StackSpec, too_long: &[(usize, Named)]) -> Option<Problem> {
    let (excess, worst) = too_long.iter().max_by_key(|(excess, _)| *excess)?;
    let form = form(*worst);
    let name = spec.name.as_str();
    let keys: Vec<_> = too_long
        .iter()
        .map(|(_, named)| format!("`names.{}`", named.key()))
        .collect();
    let suffix = match worst.suffix_length() {
        0 => "",
        _ => ", our suffix among them",
    };
    let short = name.len().saturating_sub(*excess);
    let instead = format!("give {}", keys.join(", "));
    let fix = if short > 0 {
        format!("shorten it to {short} characters, or {instead}")
    } else {
        instead
    };
    Some(
        Problem::new(
            "name-length",
            at("name"),
            format!("`{name}` is {excess} too long for what is named after it"),
        )
        .because(format!(
            "{} has a name of at most {} characters{suffix}",
            form.what, form.length
        ))
        .fix(fix),
    )
}

/// What AWS keeps in one drawer each, where names must differ.
const DRAWERS: [&[Named]; 8] = [
    &[Named::ControlPlaneService, Named::DataPlaneService],
    &[
        Named::ControlPlaneFamily,
        Named::DataPlaneFamily,
        Named::MigrationsFamily,
    ],
    &[
        Named::ExecutionRole,
        Named::ControlPlaneRole,
        Named::DataPlaneRole,
        Named::FlowLogsRole,
        Named::MachineRole,
        Named::StarterRole,
        Named::LogArchiveRole,
        Named::LogArchiveStarterRole,
    ],
    &[Named::ControlPlaneMachine, Named::LogArchiveMachine],
    &[Named::NewTasksRule, Named::PushRule, Named::LogArchiveRule],
    &[
        Named::LoadBalancerSecurityGroup,
        Named::DataPlaneSecurityGroup,
        Named::ControlPlaneSecurityGroup,
        Named::DatabaseSecurityGroup,
        Named::EndpointsSecurityGroup,
    ],
    &[
        Named::ControlPlaneLogGroup,
        Named::DataPlaneLogGroup,
        Named::MigrationsLogGroup,
        Named::FlowLogsLogGroup,
        Named::WafLogGroup,
    ],
    &[Named::ClusterCertificateSecret, Named::AdminKeySecret],
];

/// Names must differ where AWS keeps them in one drawer.
fn check_clashes(spec: &StackSpec, out: &mut Problems) {
    for drawer in DRAWERS {
        for (index, named) in drawer.iter().enumerate() {
            let name = spec.name_of(*named);
            let same = |other: &&Named| spec.name_of(**other).eq_ignore_ascii_case(&name);
            let Some(other) = drawer[..index].iter().find(same) else {
                continue;
            };
            // One of the two was given, for generated names differ.
            let key = if spec.names.get(*named).is_some() {
                named.key()
            } else {
                other.key()
            };
            out.add(
                Problem::new(
                    "name-clash",
                    at("names").key(key),
                    format!("`{name}` would be the name of two things"),
                )
                .because(format!(
                    "`{}` and `{}` cannot share one",
                    other.key(),
                    named.key()
                ))
                .fix("give them different names"),
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
            "name: a",
            "name: abcdefghijklmnopqrstuvwxy",
            "names: {target_group: Kong-1, ecs_cluster: my_cluster, execution_role: 'kong+x=y,z.@-'}",
            "name: a-name-that-is-far-too-long-for-it\nnames: {load_balancer: lb, target_group: tg}",
            "names: {waf_log_group: aws-waf-logs-front}",
            "names: {control_plane_log_group: /fargate/cp, admin_key_secret: team/kong@admin}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "name: abcdefghijklmnopqrstuvwxyz",
            "name-length name: `abcdefghijklmnopqrstuvwxyz` is 1 too long for what is named after it",
        ),
        (
            "name: a-name-that-is-far-too-long-for-it",
            "name-length name: `a-name-that-is-far-too-long-for-it` is 9 too long for what is named after it",
        ),
        (
            "name: internal-kong",
            "name-form name: a load balancer would be called `internal-kong-alb`, which begins with `internal-`, as only AWS's own names do",
        ),
        (
            "name: sg-kong",
            "name-form name: a security group would be called `sg-kong-alb`, which begins with `sg-`, as only ids do",
        ),
        (
            "name: kong_gw",
            "stack-name name: `kong_gw` has characters other than lower-case letters, digits and hyphens",
        ),
        (
            "name: 1kong",
            "stack-name name: `1kong` does not begin with a lower-case letter",
        ),
        (
            "name: kong--gw",
            "stack-name name: `kong--gw` has a hyphen at its end or two in a row",
        ),
        (
            "name: kong-",
            "stack-name name: `kong-` has a hyphen at its end or two in a row",
        ),
        ("name: ''", "stack-name name: the name is empty"),
        (
            "name: köng",
            "stack-name name: `köng` has characters other than lower-case letters, digits and hyphens",
        ),
        ("name:", "wrong-type name: a text belongs here, not nothing"),
        (
            "names: {load_balancer: internal-x}",
            "name-form names.load_balancer: `internal-x` begins with `internal-`, as only AWS's own names do",
        ),
        (
            "names: {load_balancer: x-}",
            "name-form names.load_balancer: `x-` has a hyphen at an end",
        ),
        (
            "names: {load_balancer: a_b}",
            "name-form names.load_balancer: `a_b` has characters that are not allowed there",
        ),
        (
            "names: {load_balancer: ''}",
            "name-form names.load_balancer: `` is empty",
        ),
        (
            "names: {load_balancer: abcdefghijklmnopqrstuvwxyz1234567}",
            "name-length names.load_balancer: `abcdefghijklmnopqrstuvwxyz1234567` is 1 too long",
        ),
        (
            "names: {target_group: abcdefghijklmnopqrstuvwxyz}",
            "name-length names.target_group: `abcdefghijklmnopqrstuvwxyz` is 1 too long",
        ),
        (
            "names: {database_cluster: Kong}",
            "name-form names.database_cluster: `Kong` has capitals, which RDS stores in lower case",
        ),
        (
            "names: {database_cluster: a--b}",
            "name-form names.database_cluster: `a--b` has two hyphens in a row",
        ),
        (
            "names: {database_subnet_group: default}",
            "name-form names.database_subnet_group: `default` is RDS's own",
        ),
        (
            "names: {data_plane_security_group: SG-1}",
            "name-form names.data_plane_security_group: `SG-1` begins with `sg-`, as only ids do",
        ),
        (
            "names: {control_plane_service: kong-gw-dp}",
            "name-clash names.control_plane_service: `kong-gw-dp` would be the name of two things",
        ),
        (
            "names: {log_archive_machine: kong-gw-control-plane}",
            "name-clash names.log_archive_machine: `kong-gw-control-plane` would be the name of two things",
        ),
        (
            "names: {execution_role: a, data_plane_role: A}",
            "name-clash names.data_plane_role: `A` would be the name of two things",
        ),
        (
            "names: {waf_log_group: /kong/waf}",
            "name-form names.waf_log_group: `/kong/waf` does not begin with `aws-waf-logs-`",
        ),
        (
            "names: {load_balancr: x}",
            "unknown-key names.load_balancr: unknown key `load_balancr`",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
