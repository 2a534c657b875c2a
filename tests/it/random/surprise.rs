//! What AWS brings about, and what other people do, while a run is under way.

use proptest::prelude::Strategy;
use proptest::sample::select;
use serde_json::{Value, json};

use super::spec::{NAME, REGION};
use crate::support::standin::Place;

/// Something that happens during a run.
#[derive(Debug, Clone)]
pub(crate) struct Surprise {
    /// The simulation's word for this sort of order.
    sort: &'static str,
    order: Value,
}

/// The zones of the region.
const ZONES: [&str; 3] = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];

/// Any.
pub(super) fn surprises() -> impl Strategy<Value = Surprise> {
    let orders = [
        late()
            .into_iter()
            .map(|order| ("stale", order))
            .collect::<Vec<_>>(),
        ills().into_iter().map(|order| ("states", order)).collect(),
        others().into_iter().map(|order| ("peers", order)).collect(),
    ];
    // The sort first: there are more orders of one than of another.
    select(orders.to_vec())
        .prop_flat_map(select)
        .prop_map(|(sort, order)| Surprise { sort, order })
}

/// Reads that do not know what is new, or not its tags.
fn late() -> Vec<Value> {
    let services = [
        "ec2",
        "elasticloadbalancing",
        "rds",
        "iam",
        "ecs",
        "logs",
        "secretsmanager",
        "route53",
        "servicediscovery",
        "tagging",
    ];
    let of = |service| {
        let order =
            move |(seconds, hide)| json!({"service": service, "seconds": seconds, "hide": hide});
        [(5, "resources"), (20, "resources"), (20, "tags")].map(order)
    };
    services.into_iter().flat_map(of).collect()
}

/// States nobody asks for: of the next resource that is made, or of what there is.
fn ills() -> Vec<Value> {
    let of = |(kind, resource, state, seconds)| json!({"kind": kind, "resource": resource, "state": state, "seconds": seconds});
    let states = [
        ("nat-gateway", "next", "failed", 10),
        ("vpc-endpoint", "next", "failed", 5),
        ("load-balancer", "next", "failed", 20),
        ("load-balancer", "*", "failed", 0),
        ("db-instance", "next", "failed", 30),
        ("db-instance", "*", "storage-full", 0),
        ("db-instance", "*", "stopped", 0),
        ("cloud-map-operation", "next", "FAIL", 0),
        ("deployment", "next", "vanished", 5),
        ("role", "next", "propagating", 0),
        ("zone", ZONES[0], "no-fargate-capacity", 0),
        ("zone", ZONES[1], "no-fargate-capacity", 0),
    ];
    states.map(of).to_vec()
}

/// Other people's calls right after one of ours. Where the spec has other names, they find nothing.
fn others() -> Vec<Value> {
    let service = format!("{NAME}-dp");
    let of = |(on, operation): (&str, &str), (by, call): (&str, &str), parameters: Value| {
        json!({
            "on": {"service": on, "operation": operation}, "seconds": 5,
            "call": {"service": by, "operation": call, "region": REGION, "parameters": parameters},
        })
    };
    vec![
        of(
            ("ecs", "UpdateService"),
            ("ecs", "UpdateService"),
            json!({"cluster": NAME, "service": service, "forceNewDeployment": true}),
        ),
        of(
            ("ecs", "CreateService"),
            ("ecs", "DeleteService"),
            json!({"cluster": NAME, "service": service, "force": true}),
        ),
        of(
            ("logs", "CreateLogGroup"),
            ("logs", "DeleteLogGroup"),
            json!({"logGroupName": format!("/kongstack/{NAME}/data-plane")}),
        ),
        of(
            ("iam", "CreateRole"),
            ("iam", "UpdateRole"),
            json!({"RoleName": format!("{NAME}-{REGION}-dp"), "Description": "theirs"}),
        ),
        of(
            ("rds", "CreateDBInstance"),
            ("rds", "ModifyDBCluster"),
            json!({"DBClusterIdentifier": format!("{NAME}-db"), "BackupRetentionPeriod": 20,
                   "ApplyImmediately": true}),
        ),
    ]
}

impl Surprise {
    /// Lets it come; false when there is nothing that it could come over.
    pub(super) fn begin(&self, place: &Place) -> bool {
        place.order(self.sort, &self.order).is_ok()
    }

    /// Lets it go, and whatever of its sort is still to come.
    pub(super) fn end(&self, place: &Place) {
        place.withdraw(self.sort);
        if self.order["kind"] == "zone" {
            for zone in ZONES {
                let order = json!({"kind": "zone", "resource": zone, "state": "available"});
                place.order("states", &order).expect("a zone");
            }
        }
    }
}
