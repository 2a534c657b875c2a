//! The control plane's private name.
//!
//! Limits: namespaces of at most 253 characters, services of at most 127, labels of at most 63 (Cloud Map).

use super::at;
use crate::spec::model::StackSpec;
use crate::spec::path::SpecPath;
use crate::spec::problem::{Problem, Problems};
use crate::spec::value::label_fault;

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let discovery = &spec.discovery;
    check_one(
        &discovery.namespace,
        at("discovery.namespace"),
        253,
        "kong.local",
        out,
    );
    check_one(
        &discovery.service,
        at("discovery.service"),
        127,
        "config",
        out,
    );
    if discovery.host().len() > 253 && out.sound(&["discovery"]) {
        out.add(
            Problem::new(
                "discovery-name",
                at("discovery.namespace"),
                "service and namespace together are too long",
            )
            .because("a name in the DNS has at most 253 characters")
            .fix("shorten one of them"),
        );
    }
}

fn check_one(name: &str, path: SpecPath, length: usize, example: &str, out: &mut Problems) {
    let fault = if name.len() > length {
        Some(format!("is longer than {length} characters"))
    } else {
        name.split('.').find_map(label_fault).map(str::to_owned)
    };
    if let Some(fault) = fault {
        out.add(
            Problem::new("discovery-name", path, format!("`{name}` {fault}"))
                .because("Cloud Map makes a name in the DNS of it")
                .fix(format!("write something like `{example}`")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&["discovery: {namespace: gw.internal, service: cp}"]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "discovery: {namespace: kong_local}",
            "discovery-name discovery.namespace: `kong_local` has characters other than letters, digits and hyphens",
        ),
        (
            "discovery: {namespace: kong.local.}",
            "discovery-name discovery.namespace: `kong.local.` has an empty label",
        ),
        (
            "discovery: {service: ''}",
            "discovery-name discovery.service: `` has an empty label",
        ),
        (
            "discovery: {service: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}",
            "discovery-name discovery.service: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` has a label of more than 63 characters",
        ),
        (
            "discovery: {service: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}",
            "discovery-name discovery.service: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is longer than 127 characters",
        ),
        (
            "discovery: {namespace: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, service: b.c}",
            "discovery-name discovery.namespace: service and namespace together are too long",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
