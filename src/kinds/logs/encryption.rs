//! The KMS key of a log group. CloudWatch Logs itself must be allowed to use it, by the key's own policy.

use std::future::Future;

use super::log_group::LogGroupDesired;
use crate::aws::{AwsError, failed};
use crate::resource::{Error, Look, Output, Patience, Ref, Step};

/// A key just made, and its policy, are known everywhere within minutes.
const KNOWN: Patience = Patience::seconds(3, 5, 300);

/// A change of a group may be under way.
const BUSY: &str = "OperationAborted";

/// Gives a group the key it should have, or takes away the one it has. Lines that are there keep the key they came in
/// with.
pub(super) async fn change(cx: &Step, desired: &LogGroupDesired) -> Result<(), Error> {
    let Some(key) = &desired.key else {
        let what = format!("log group {}", desired.name);
        cx.retry(&what, KNOWN, &[BUSY], || async {
            let call = cx.clients().logs().disassociate_kms_key();
            let gone = call.log_group_name(&desired.name).send().await;
            gone.map_err(failed("logs:DisassociateKmsKey"))
        })
        .await?;
        return Ok(());
    };
    let key = cx.get(key)?;
    let call = cx.clients().logs().associate_kms_key();
    let call = call.log_group_name(&desired.name).kms_key_id(key.as_str());
    allowed(cx, desired, || {
        let call = call.clone();
        async move { call.send().await.map_err(failed("logs:AssociateKmsKey")) }
    })
    .await?;
    Ok(())
}

/// Makes a call that CloudWatch Logs answers only if it may use the group's key. A key of the stack's own is given time to
/// be known; of another one a refusal is final, and says what its policy lacks.
pub(super) async fn allowed<T, F, Fut>(
    cx: &Step,
    desired: &LogGroupDesired,
    mut call: F,
) -> Result<T, Error>
where
    T: Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, AwsError>> + Send,
{
    let own = matches!(desired.key, Some(Ref::Of(_)));
    let what = format!("the key of log group {}", desired.name);
    cx.wait(&what, KNOWN, || {
        let answer = call();
        async move {
            match answer.await {
                Ok(value) => Ok(Look::Ready(value)),
                Err(error) if error.is(&[BUSY]) => Ok(Look::Pending(error.message().to_owned())),
                Err(error) if is_about_the_key(&error) && own => Ok(Look::Pending(
                    "not usable for CloudWatch Logs yet".to_owned(),
                )),
                Err(error) if is_about_the_key(&error) => Err(refused(cx, &error)),
                Err(error) => Err(error.into()),
            }
        }
    })
    .await
}

/// CloudWatch Logs has one message for a key that is not there, disabled, or not for its use, and two codes.
fn is_about_the_key(error: &AwsError) -> bool {
    error.is(&["InvalidParameterException", "AccessDeniedException"])
        && error.message().contains("KMS")
}

fn refused(cx: &Step, error: &AwsError) -> Error {
    Error::Lookup {
        message: format!("{error}; {}", remedy(cx.region())),
    }
}

/// What the policy of a key must say for log groups.
pub(crate) fn remedy(region: &str) -> String {
    format!(
        "add a statement to the key's policy that allows the service logs.{region}.amazonaws.com the actions \
         kms:Encrypt*, kms:Decrypt*, kms:ReEncrypt*, kms:GenerateDataKey* and kms:Describe*, on condition that \
         kms:EncryptionContext:aws:logs:arn is like arn:aws:logs:{region}:ACCOUNT:log-group:*"
    )
}

#[cfg(test)]
mod tests {
    use super::{AwsError, is_about_the_key};

    #[test]
    fn a_refusal_of_the_key_is_told_from_one_of_the_caller() {
        let is = |code: &str, message: &str| {
            is_about_the_key(&AwsError::in_answer("logs:AssociateKmsKey", code, message))
        };
        let key = "The specified KMS key does not exist or is not allowed to be used with Arn 'x'";
        assert!(is("AccessDeniedException", key));
        assert!(is("InvalidParameterException", key));
        assert!(!is(
            "AccessDeniedException",
            "User: x is not authorized to perform: logs:AssociateKmsKey on resource: y"
        ));
        assert!(!is("ResourceAlreadyExistsException", key));
    }
}
