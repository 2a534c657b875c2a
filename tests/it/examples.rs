//! Every example, its whole life: planned, applied, as it should be, destroyed, and applied again.

use crate::support::{World, account, example, left};

/// An example with what it finds in the account: the file, the stack's name, its region, and what to set.
pub(crate) struct Example {
    file: &'static str,
    stack: &'static str,
    region: &'static str,
    set: Vec<String>,
}

impl Example {
    /// Its file's path.
    pub(crate) fn path(&self) -> String {
        example(self.file)
    }

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

    /// A command for it; `path` is its file's.
    pub(crate) fn args<'a>(&'a self, command: &[&'a str], path: &'a str) -> Vec<&'a str> {
        let mut args = command.to_vec();
        args.extend(["-f", path]);
        args.extend(self.set.iter().flat_map(|set| ["--set", set]));
        args
    }

    async fn lives(&self, world: &World) {
        let path = self.path();
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
        down.extend(["--set", "ingress.deletion_protection=false"]);
        let _ = world.run(&down).exits(0);
        assert_eq!(left(&config, self.stack).await, before);
        let _ = world
            .run(&self.args(&["apply", "--auto-approve"], &path))
            .exits(0);
        world.expect_converged(&self.args(&[], &path));
    }
}

/// The example that needs nothing.
pub(crate) fn quickstart() -> Example {
    Example::new("quickstart", "kong-quickstart", "eu-west-1")
}

/// The one with every field, with the zone it names.
pub(crate) async fn production(world: &World) -> Example {
    let config = world.aws("ap-southeast-1");
    account::hosted_zone(&config, "example.com").await;
    let account = format!("\"{}\"", world.account);
    Example::new("production", "kong-prod", "ap-southeast-1").set("account", &account)
}

/// The one without a way out, with an image of the account's own registry.
pub(crate) fn endpoints_only(world: &World) -> Example {
    let image = format!(
        "{}.dkr.ecr.eu-central-1.amazonaws.com/kong:3.9.3",
        world.account
    );
    Example::new("endpoints-only", "kong-private", "eu-central-1").set("kong.image", &image)
}

/// The one whose control plane sleeps.
pub(crate) fn scale_to_zero() -> Example {
    Example::new("scale-to-zero", "kong-zero", "ap-southeast-1")
}

/// The one in somebody's network, with that network.
pub(crate) async fn existing_network(world: &World) -> Example {
    let network = account::network(&world.aws("us-east-1"), ["us-east-1a", "us-east-1b"]).await;
    let list = |subnets: &[String]| format!("[{}]", subnets.join(", "));
    Example::new("existing-network", "kong-shared", "us-east-1")
        .set("network.existing.vpc", &network.vpc)
        .set("network.existing.public_subnets", &list(&network.public))
        .set("network.existing.private_subnets", &list(&network.private))
}

#[tokio::test]
async fn the_quickstart_lives() {
    quickstart().lives(&World::new()).await;
}

#[tokio::test]
async fn scale_to_zero_lives() {
    scale_to_zero().lives(&World::new()).await;
}

#[tokio::test]
async fn production_lives() {
    let world = World::new().after_the_archive();
    production(&world).await.lives(&world).await;
}

#[tokio::test]
async fn endpoints_only_lives() {
    let world = World::new();
    endpoints_only(&world).lives(&world).await;
}

#[tokio::test]
async fn an_existing_network_is_lived_in() {
    let world = World::new();
    existing_network(&world).await.lives(&world).await;
}
