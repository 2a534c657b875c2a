//! Which AWS a run talks to: the account of the SDK's own credential chain, or the sandbox.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;

use super::error::CliError;
use super::flags::AwsArgs;
use super::sandbox::failed as sandbox_failed;
use crate::aws::{Clients, failed, retries};
use crate::gateway::Network;
use crate::report::{Screen, Surroundings};
use crate::resource::{Error, Pace};
use crate::sandbox::{self, Sandbox};

/// How often a call is tried: with the SDK's backoff (at most 20 s) the last try comes about a minute after the first.
const ATTEMPTS: u32 = 8;
/// How long one try may take; the slowest calls (creating a cluster or a load balancer) answer within seconds.
const ATTEMPT: Duration = Duration::from_secs(30);
/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A way to AWS.
pub(super) struct Connection {
    /// For the clients.
    pub(super) config: SdkConfig,
    /// Where the gateway is visited.
    pub(super) network: Network,
    /// How fast time goes there.
    pub(super) pace: Pace,
    /// For messages.
    pub(super) around: Surroundings,
}

/// Starts the sandbox if it is wanted, and says so. Blocks: to be called outside of the asynchronous runtime.
///
/// # Errors
/// When it cannot be started.
pub(super) fn sandbox(args: &AwsArgs, screen: &Screen) -> Result<Option<Sandbox>, CliError> {
    if !args.sandbox {
        return Ok(None);
    }
    let sandbox = sandbox::ensure(&|text| screen.note(&format!("sandbox: {text}\n")))
        .map_err(|error| sandbox_failed("started", &error))?;
    screen.note(&format!(
        "sandbox: this is a simulation of AWS on this machine; nothing real is touched\n\
         sandbox: time goes by {} times as fast\n",
        sandbox.health.speed
    ));
    Ok(Some(sandbox))
}

/// Makes the configuration of all clients. Asks nobody yet.
pub(super) async fn connect(args: &AwsArgs, region: &str, sandbox: Option<&Sandbox>) -> Connection {
    let attempt = sandbox
        .and_then(|sandbox| sandbox.patience)
        .unwrap_or(ATTEMPT);
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .retry_config(retries(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .read_timeout(attempt)
                .operation_attempt_timeout(attempt)
                .build(),
        );
    let loader = match AppName::new("kongstack") {
        Ok(name) => loader.app_name(name),
        Err(_) => loader,
    };
    let loader = match (sandbox, &args.profile) {
        (Some(sandbox), _) => sealed(loader, sandbox),
        (None, Some(profile)) => loader.profile_name(profile),
        (None, None) => loader,
    };
    let config = loader.load().await;
    let around = Surroundings {
        endpoint: config.endpoint_url().map(str::to_owned),
        region: region.to_owned(),
        profile: args.profile.clone(),
        sandbox: sandbox.is_some(),
        quotas: BTreeMap::new(),
    };
    let network = sandbox.map_or(Network::Internet, |sandbox| Network::Sandbox {
        endpoint: sandbox.endpoint.clone(),
        account: sandbox.account.clone(),
    });
    let pace = sandbox.map_or(Pace::REAL, |sandbox| Pace::new(sandbox.health.speed));
    Connection {
        config,
        network,
        pace,
        around,
    }
}

/// Shut off from the environment, and so (without `HOME`) from the files of the AWS configuration too: no real
/// credential is ever read, and no endpoint or proxy of the environment is ever called.
fn sealed(loader: ConfigLoader, sandbox: &Sandbox) -> ConfigLoader {
    let key = format!("SANDBOX{}", sandbox.account);
    let credentials = Credentials::new(key, "sandbox", None, None, "kongstack sandbox");
    loader
        .http_client(sandbox::loopback(&sandbox.endpoint))
        .empty_test_environment()
        .credentials_provider(credentials)
        .endpoint_url(&sandbox.endpoint)
}

/// Asks AWS who is calling, with few tries: what makes every call pointless shows within seconds instead of after all
/// the tries that a call in earnest gets. Any other answer, a refusal too, is good enough.
///
/// # Errors
/// No credentials, or no AWS.
pub(super) async fn knock(clients: &Clients) -> Result<(), Error> {
    let few = RetryConfig::standard().with_max_attempts(2);
    let call = clients.sts().get_caller_identity().customize();
    let answer = call
        .config_override(aws_sdk_sts::config::Builder::new().retry_config(few))
        .send()
        .await
        .map_err(failed("sts:GetCallerIdentity"));
    match answer {
        Err(error) if error.is_pointless() => Err(error.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}
