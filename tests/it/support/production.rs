//! The largest example in an account that has what it finds there.

use super::{World, account, example};

/// Prepares the account of `world` for `production.yaml`, and returns the arguments that name the file and what
/// differs in this account.
pub(crate) async fn production(world: &World) -> Vec<String> {
    let config = world.aws("ap-southeast-1");
    account::hosted_zone(&config, "example.com").await;
    [
        "-f".to_owned(),
        example("production"),
        "--set".to_owned(),
        format!("account=\"{}\"", world.account),
    ]
    .into()
}
