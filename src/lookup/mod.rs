//! Lookups: what a stack reads from the account and never changes.
//!
//! Each answers one kind of question, with what its answer must be for the stack to work, and a fix where it is not.
//! Questions of one sort share one call. Nothing here is owned, created or compared.

mod engine_version;
mod hosted_zone;
mod kms_key;
mod network;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::aws::failed;
use crate::resource::{AccountId, Address, Error, Lookup, Observer, Output, Outputs};

/// Answers the lookup at `address`.
///
/// # Errors
/// When what the spec names is not there or not as it must be ([`Error::Lookup`]), or AWS cannot be asked.
pub(crate) fn look_up<'a>(
    cx: &'a Observer,
    address: &'a Address,
) -> BoxFuture<'a, Result<Outputs, Error>> {
    async move {
        match cx.blueprint().lookups.get(address) {
            None => Err(Error::Internal(format!("the blueprint has no {address}"))),
            Some(Lookup::Account { expected }) => account(cx, expected.as_deref()).await,
            Some(Lookup::Zone { index, of }) => network::zone(cx, *index, *of).await,
            Some(Lookup::Vpc { id }) => network::vpc(cx, id).await,
            Some(Lookup::Subnet { id, vpc, group }) => network::subnet(cx, id, vpc, group).await,
            Some(Lookup::HostedZone { by }) => hosted_zone::look_up(cx, by).await,
            Some(Lookup::KmsKey { arn }) => kms_key::look_up(cx, arn).await,
            Some(Lookup::EngineVersion {
                prefix,
                min_half_acus,
            }) => engine_version::look_up(cx, prefix, *min_half_acus).await,
        }
    }
    .boxed()
}

/// A lookup's refusal.
fn refused(message: impl Into<String>) -> Error {
    Error::Lookup {
        message: message.into(),
    }
}

async fn account(cx: &Observer, expected: Option<&str>) -> Result<Outputs, Error> {
    const CALL: &str = "sts:GetCallerIdentity";
    let call = cx.clients().sts().get_caller_identity();
    let answer = call.send().await.map_err(failed(CALL))?;
    let account = answer.account().ok_or(Error::Incomplete {
        operation: CALL,
        missing: "the account",
    })?;
    right_account(expected, account, answer.arn().unwrap_or("unknown"))
}

fn right_account(expected: Option<&str>, account: &str, arn: &str) -> Result<Outputs, Error> {
    match expected {
        Some(expected) if expected != account => Err(refused(format!(
            "the credentials ({arn}) belong to account {account}, the spec is for account {expected}: \
             choose other credentials (--profile, AWS_PROFILE), or change `account` in the spec"
        ))),
        _ => Ok(Outputs::default().with(AccountId::new(account))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_account_is_refused_with_both_numbers() {
        let arn = "arn:aws:iam::222222222222:user/x";
        let answer = |expected| right_account(expected, "222222222222", arn);
        assert!(answer(None).is_ok() && answer(Some("222222222222")).is_ok());
        let error = answer(Some("111111111111")).unwrap_err().to_string();
        assert!(error.contains("222222222222") && error.contains("111111111111"));
    }
}
