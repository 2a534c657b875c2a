//! One stack that has been applied, and a branch of its world for each test.

use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_ecs::types::{Service, Task};
use serde_json::{Value, json};

use crate::support::{Edge, Seen, World, example};

pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const CLUSTER: &str = "kong-quickstart";
pub(crate) const CONTROL_PLANE: &str = "kong-quickstart-cp";
pub(crate) const DATA_PLANE: &str = "kong-quickstart-dp";

/// How often something is looked at before it is given up.
const LOOKS: u32 = 500;

/// The stack's outputs and a world of the test's own.
pub(crate) struct Stack {
    pub(crate) world: World,
    outputs: Value,
}

impl Stack {
    /// A branch in which the quickstart stands.
    pub(crate) fn quickstart() -> Self {
        static APPLIED: OnceLock<(World, Value)> = OnceLock::new();
        let (world, outputs) = APPLIED.get_or_init(|| {
            let world = World::new();
            let file = example("quickstart");
            let _ = world
                .run(&["apply", "-f", &file, "--auto-approve"])
                .exits(0);
            let said = world.run(&["output", "-f", &file, "--format", "json"]);
            let outputs = serde_json::from_str(&said.exits(0).stdout).expect("JSON");
            (world, outputs)
        });
        Self {
            world: world.branch(&world.place().fork().endpoint),
            outputs: outputs.clone(),
        }
    }

    /// An output's value.
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs[name].as_str().expect("an output")
    }

    /// The load balancer's name.
    pub(crate) fn host(&self) -> &str {
        self.output("load_balancer_dns_name")
    }

    pub(crate) fn edge(&self) -> Edge<'_> {
        Edge(self.world.place())
    }

    pub(crate) fn ecs(&self) -> aws_sdk_ecs::Client {
        aws_sdk_ecs::Client::new(&self.world.aws(REGION))
    }

    pub(crate) fn ec2(&self) -> aws_sdk_ec2::Client {
        aws_sdk_ec2::Client::new(&self.world.aws(REGION))
    }

    /// Asks the gateway for a path.
    #[track_caller]
    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Seen {
        let url = format!("http://{}{path}", self.host());
        self.edge().get(&url, headers).expect("an answer")
    }

    /// The key of the admin route.
    pub(crate) async fn key(&self) -> String {
        let secrets = aws_sdk_secretsmanager::Client::new(&self.world.aws(REGION));
        let value = secrets
            .get_secret_value()
            .secret_id(self.output("admin_key_secret"))
            .send()
            .await;
        let value = value.expect("a secret").secret_string;
        value.expect("its text")
    }

    /// The Admin API behind its route.
    pub(crate) async fn admin(&self) -> Admin<'_> {
        let key = self.key().await;
        Admin { stack: self, key }
    }

    /// One of the stack's services.
    pub(crate) async fn service(&self, name: &str) -> Service {
        let found = self.ecs().describe_services().cluster(CLUSTER);
        let found = found.services(name).send().await.expect("services");
        found.services()[0].clone()
    }

    /// The running tasks of a service.
    pub(crate) async fn tasks(&self, service: &str) -> Vec<Task> {
        let listed = self.ecs().list_tasks().cluster(CLUSTER);
        let listed = listed.service_name(service).send().await.expect("tasks");
        if listed.task_arns().is_empty() {
            return Vec::new();
        }
        let found = self.ecs().describe_tasks().cluster(CLUSTER);
        let found = found.set_tasks(listed.task_arns).send().await;
        let tasks = found.expect("tasks").tasks.unwrap_or_default();
        let runs = |task: &Task| task.last_status() == Some("RUNNING");
        tasks.into_iter().filter(runs).collect()
    }

    /// Stops a task, as a person would.
    pub(crate) async fn stop(&self, task: &Task) {
        let arn = task.task_arn().expect("its ARN");
        let stop = self.ecs().stop_task().cluster(CLUSTER).task(arn);
        let _ = stop.send().await.expect("a task that stops");
    }

    /// Lets a service have as many tasks, and waits until it has.
    pub(crate) async fn scale(&self, service: &str, count: usize) {
        let update = self.ecs().update_service().cluster(CLUSTER);
        let update = update.service(service);
        let wanted = i32::try_from(count).expect("a small number");
        let _ = update.desired_count(wanted).send().await.expect("scaled");
        for _ in 0..LOOKS {
            if self.tasks(service).await.len() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(self.tasks(service).await.len(), count, "tasks of {service}");
    }

    /// Orders a state.
    #[track_caller]
    pub(crate) fn put(&self, kind: &str, resource: &str, state: &str) {
        let order = json!({"kind": kind, "resource": resource, "state": state});
        let _ = self.world.order("states", &order);
    }

    /// Looks until it is as wanted, since time goes on in the simulation; the last look otherwise.
    pub(crate) fn until<T: PartialEq>(&self, wanted: &T, look: impl Fn() -> T) -> T {
        for _ in 0..LOOKS {
            let seen = look();
            if seen == *wanted {
                return seen;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        look()
    }
}

/// The Admin API, asked with the key.
pub(crate) struct Admin<'a> {
    stack: &'a Stack,
    pub(crate) key: String,
}

impl Admin<'_> {
    /// Makes a request.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Seen {
        let url = format!("{}{path}", self.stack.output("admin_endpoint"));
        let headers = [("apikey", self.key.as_str()), ("Accept", "*/*")];
        let seen = self.stack.edge().send(method, &url, &headers, body);
        seen.expect("an answer")
    }

    /// Reads something that is there.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        let seen = self.send("GET", path, None);
        assert_eq!(seen.status, 200, "{path}: {seen:?}");
        seen.json()
    }

    /// Puts an entity in its place.
    #[track_caller]
    pub(crate) fn put(&self, path: &str, body: &Value) -> Value {
        let seen = self.send("PUT", path, Some(body));
        assert_eq!(seen.status, 200, "{path}: {seen:?}");
        seen.json()
    }

    /// A field of every data plane the control plane knows.
    #[track_caller]
    pub(crate) fn data_planes(&self, field: &str) -> Vec<Value> {
        let known = self.get("/clustering/data-planes");
        let rows = known["data"].as_array().expect("a list");
        rows.iter().map(|row| row[field].clone()).collect()
    }
}
