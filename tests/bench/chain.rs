//! The longest chains of an apply and a destroy: what no schedule could do without, by the simulation's own durations.

use std::collections::BTreeMap;

use crate::support::standin::endpoint;

/// Good checks in a row that make a target healthy, and the seconds between two, as the blueprint sets them.
const CHECKS: f64 = 2.0 * 10.0;

/// One link of a chain: what is waited for, and how long it takes on AWS.
pub(crate) struct Link {
    what: &'static str,
    seconds: f64,
}

/// Durations in seconds, by the simulation's names.
pub(crate) struct Durations(BTreeMap<String, f64>);

impl Durations {
    /// Asks the simulation.
    pub(crate) fn ask() -> Self {
        let agent = ureq::Agent::config_builder().proxy(None).build();
        let url = format!("{}/_standin/durations", endpoint());
        let answer = ureq::Agent::from(agent).get(&url).call();
        let mut answer = answer.expect("the simulation answers");
        Self(answer.body_mut().read_json().expect("a table of seconds"))
    }

    fn sum(&self, names: &[&str]) -> f64 {
        let one = |name: &&str| self.0.get(*name).copied().expect("a known duration");
        names.iter().map(one).sum()
    }

    fn link(&self, what: &'static str, names: &[&str]) -> Link {
        Link {
            what,
            seconds: self.sum(names),
        }
    }

    /// A first apply. Beside it run the NAT gateways, the load balancer, Cloud Map and the readers, which all take less.
    pub(crate) fn up(&self) -> Vec<Link> {
        // Each of these is said in `kong::migrations`, in this order.
        let schema = [
            "task_start",
            "kong_bootstrap",
            "kong_finish",
            "kong_up",
            "kong_finish",
            "kong_list",
            "kong_import",
            "task_deprovision",
        ];
        let node = ["task_schedule", "task_start", "kong_start"];
        let steady = |more: &[&'static str]| [&node[..], more, &["service_settle"]].concat();
        let mut data_plane = self.link(
            "data plane healthy",
            &steady(&["kong_sync", "target_registration"]),
        );
        data_plane.seconds += CHECKS;
        vec![
            self.link("Aurora cluster", &["db_cluster_create"]),
            self.link("its writer", &["db_instance_create"]),
            self.link("schema", &schema),
            self.link("control plane steady", &steady(&[])),
            data_plane,
            self.link("DNS", &["route53_change"]),
        ]
    }

    /// A destroy. Beside it go the data plane, the load balancer, its interfaces and the NAT gateways.
    pub(crate) fn down(&self) -> Vec<Link> {
        vec![
            self.link("control plane stopped", &["kong_stop", "task_deprovision"]),
            self.link("Aurora's writer", &["db_instance_delete"]),
            self.link("its cluster", &["db_cluster_delete"]),
        ]
    }
}

/// How long a chain takes.
pub(crate) fn length(chain: &[Link]) -> f64 {
    chain.iter().map(|link| link.seconds).sum()
}

/// A chain in words.
pub(crate) fn shown(chain: &[Link]) -> String {
    let links = chain.iter();
    let links = links.map(|link| format!("{} {}", link.what, link.seconds));
    links.collect::<Vec<_>>().join(" + ")
}
