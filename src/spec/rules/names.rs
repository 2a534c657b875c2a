//! Every name that will be made: its length and characters, with prefix and suffix, and that no two clash.
//!
//! Limits are those of the service models: ELB 32, RDS 63 (groups 255), IAM 64, ECS and security groups 255, log groups
//! and secrets 512.

use super::at;
use crate::spec::model::{Named, StackSpec};
use crate::spec::problem::{Problem, Problems};

/// What a service takes for a name.
struct Form {
    /// The thing, in people's words.
    what: &'static str,
    /// Most characters.
    length: usize,
    /// Why a name is refused, if it is.
    fault: fn(&str) -> Option<&'static str>,
}

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
        let excess = (name.chars().count() + named.suffix_length()).saturating_sub(form.length);
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
                .fix("write letters, digits and single hyphens, a lower-case letter first"),
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

/// Names must differ where AWS keeps them in one drawer.
fn check_clashes(spec: &StackSpec, out: &mut Problems) {
    use Named::{
        AdminKeySecret, ClusterCertificateSecret, ClusterKeySecret, ControlPlaneFamily,
        ControlPlaneLogGroup, ControlPlaneRole, ControlPlaneSecurityGroup, ControlPlaneService,
        DataPlaneFamily, DataPlaneLogGroup, DataPlaneRole, DataPlaneSecurityGroup,
        DataPlaneService, DatabaseSecurityGroup, EndpointsSecurityGroup, ExecutionRole,
        LoadBalancerSecurityGroup, MigrationsFamily, MigrationsLogGroup,
    };
    let drawers: [&[Named]; 6] = [
        &[ControlPlaneService, DataPlaneService],
        &[ControlPlaneFamily, DataPlaneFamily, MigrationsFamily],
        &[ExecutionRole, ControlPlaneRole, DataPlaneRole],
        &[
            LoadBalancerSecurityGroup,
            DataPlaneSecurityGroup,
            ControlPlaneSecurityGroup,
            DatabaseSecurityGroup,
            EndpointsSecurityGroup,
        ],
        &[ControlPlaneLogGroup, DataPlaneLogGroup, MigrationsLogGroup],
        &[ClusterCertificateSecret, ClusterKeySecret, AdminKeySecret],
    ];
    for drawer in drawers {
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

fn form(named: Named) -> Form {
    let (what, length, fault): (_, _, fn(&str) -> Option<&'static str>) = match named {
        Named::LoadBalancer => ("a load balancer", 32, load_balancer_fault),
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
        Named::ExecutionRole | Named::ControlPlaneRole | Named::DataPlaneRole => {
            ("an IAM role", 64, role_fault)
        }
        Named::LoadBalancerSecurityGroup
        | Named::DataPlaneSecurityGroup
        | Named::ControlPlaneSecurityGroup
        | Named::DatabaseSecurityGroup
        | Named::EndpointsSecurityGroup => ("a security group", 255, group_fault),
        Named::ControlPlaneLogGroup | Named::DataPlaneLogGroup | Named::MigrationsLogGroup => {
            ("a log group", 512, log_group_fault)
        }
        Named::ClusterCertificateSecret | Named::ClusterKeySecret | Named::AdminKeySecret => {
            ("a secret", 512, secret_fault)
        }
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

fn secret_fault(name: &str) -> Option<&'static str> {
    characters(name, "/_+=.@-")
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
            "names: {control_plane_log_group: /fargate/cp, admin_key_secret: team/kong@admin}",
        ]);
    }

    #[test]
    fn refuses() {
        refuse(&[
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
                "names: {execution_role: a, data_plane_role: A}",
                "name-clash names.data_plane_role: `A` would be the name of two things",
            ),
            (
                "names: {load_balancr: x}",
                "unknown-key names.load_balancr: unknown key `load_balancr`",
            ),
        ]);
    }
}
