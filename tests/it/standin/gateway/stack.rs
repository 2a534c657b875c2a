//! One stack that has been applied, and a branch of its world for each test.

use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{Edge, Seen, World, example};

/// The stack's outputs and a world of the test's own.
pub(super) struct Stack {
    pub(super) world: World,
    outputs: Value,
}

impl Stack {
    /// A branch in which the quickstart stands.
    pub(super) fn quickstart() -> Self {
        static APPLIED: OnceLock<(World, Value)> = OnceLock::new();
        let (world, outputs) = APPLIED.get_or_init(|| {
            let world = World::new();
            let file = example("quickstart");
            let _ = world
                .run(&["apply", "-f", &file, "--auto-approve"])
                .exits(0);
            let said = world
                .run(&["output", "-f", &file, "--format", "json"])
                .exits(0);
            let outputs = serde_json::from_str(&said.stdout).expect("JSON");
            (world, outputs)
        });
        Self {
            world: world.branch(&world.place().fork().endpoint),
            outputs: outputs.clone(),
        }
    }

    /// An output's value.
    pub(super) fn output(&self, name: &str) -> &str {
        self.outputs[name].as_str().expect("an output")
    }

    /// The load balancer's name.
    pub(super) fn host(&self) -> &str {
        self.output("load_balancer_dns_name")
    }

    pub(super) fn edge(&self) -> Edge<'_> {
        Edge(self.world.place())
    }

    /// Asks the gateway for a path.
    #[track_caller]
    pub(super) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Seen {
        let url = format!("http://{}{path}", self.host());
        self.edge().get(&url, headers).expect("an answer")
    }
}
