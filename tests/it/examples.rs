//! Every example, its whole life: planned, applied, as it should be, destroyed, and applied again.

use crate::support::{World, account, example, left};

/// An example with what it finds in the account: the file, the stack's name, its region, and what to set.
struct Example {
    file: &'static str,
    stack: &'static str,
    region: &'static str,
    set: Vec<String>,
}

impl Example {
    fn new(file: &'static str, stack: &'static str, region: &'static str) -> Self {
        Self {
            file,
            stack,
            region,
            set: Vec::new(),
        }
    }

    fn set(mut self, path: &str, value: &str) -> Self {
        self.set.push(format!("{path}={value}"));
        self
    }

    fn args<'a>(&'a self, command: &[&'a str], path: &'a str) -> Vec<&'a str> {
        let mut args = command.to_vec();
        args.extend(["-f", path]);
        args.extend(self.set.iter().flat_map(|set| ["--set", set]));
        args
    }

    async fn lives(&self, world: &World) {
        let path = example(self.file);
        let config = world.aws(self.region);
        let before = left(&config, self.stack).await;
        world.forget_calls();
        let _ = world
            .run(&self.args(&["plan", "--detailed-exitcode"], &path))
            .exits(2);
        assert_eq!(
            world.mutating(),
            Vec::<String>::new(),
            "a plan changed something"
        );
        let _ = world
            .run(&self.args(&["apply", "--auto-approve"], &path))
            .exits(0)
            .says("endpoint");
        world.expect_converged(&self.args(&[], &path));
        let mut down = self.args(&["destroy", "--auto-approve"], &path);
        down.extend(["--set", "database.deletion_protection=false"]);
        let _ = world.run(&down).exits(0);
        assert_eq!(left(&config, self.stack).await, before);
        let _ = world
            .run(&self.args(&["apply", "--auto-approve"], &path))
            .exits(0);
        world.expect_converged(&self.args(&[], &path));
    }
}

#[tokio::test]
async fn quickstart() {
    Example::new("quickstart", "kong-quickstart", "eu-west-1")
        .lives(&World::new())
        .await;
}

#[tokio::test]
async fn production() {
    let world = World::new();
    let config = world.aws("ap-southeast-1");
    account::hosted_zone(&config, "example.com").await;
    let certificate = account::certificate(&config, "api.example.com").await;
    let account = format!("\"{}\"", world.account);
    let example = Example::new("production", "kong-prod", "ap-southeast-1")
        .set("account", &account)
        .set("ingress.certificate", &certificate);
    example.lives(&world).await;
}

#[tokio::test]
async fn endpoints_only() {
    let world = World::new();
    let image = format!(
        "{}.dkr.ecr.eu-central-1.amazonaws.com/kong:3.9.3",
        world.account
    );
    let example =
        Example::new("endpoints-only", "kong-private", "eu-central-1").set("kong.image", &image);
    example.lives(&world).await;
}

#[tokio::test]
async fn existing_network() {
    let world = World::new();
    let network = account::network(&world.aws("us-east-1"), ["us-east-1a", "us-east-1b"]).await;
    let list = |subnets: &[String]| format!("[{}]", subnets.join(", "));
    let example = Example::new("existing-network", "kong-shared", "us-east-1")
        .set("network.existing.vpc", &network.vpc)
        .set("network.existing.public_subnets", &list(&network.public))
        .set("network.existing.private_subnets", &list(&network.private));
    example.lives(&world).await;
}
