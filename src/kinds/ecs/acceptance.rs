//! Refusals of ECS that pass by themselves, told from real ones by their messages.
//!
//! ECS has no error codes of its own for them: a role that is not usable yet and a mistyped parameter both come
//! as `InvalidParameterException` or `ClientException`.

use std::future::Future;

use crate::aws::AwsError;
use crate::resource::{Error, Look, Patience, Step};

/// Parts of messages, in lower case, that mean "not yet".
///
/// - A role that IAM has only just made is not known to ECS for some seconds.
/// - The service-linked role is made by the account's very first call, which it fails.
/// - A target group counts as attached to a load balancer some moments after its listener is made.
/// - A service of the same name may still be draining.
/// - A subnet or group made moments ago may be unknown to ECS.
const PASSING: [&str; 8] = [
    "unable to assume",
    "role is not valid",
    "service linked role",
    "service-linked role",
    "does not have an associated load balancer",
    "still draining",
    "invalidsubnetid.notfound",
    "invalidgroup.notfound",
];

/// Repeats `call` while ECS refuses it for a reason that passes.
pub(super) async fn until_accepted<T, F, Fut>(
    cx: &Step,
    what: &str,
    patience: Patience,
    mut call: F,
) -> Result<T, Error>
where
    T: Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, AwsError>> + Send,
{
    cx.wait(what, patience, || {
        let call = call();
        async move {
            match call.await {
                Ok(value) => Ok(Look::Ready(value)),
                Err(error) if passes(&error) => Ok(Look::Pending(error.message().to_owned())),
                Err(error) => Err(error.into()),
            }
        }
    })
    .await
}

fn passes(error: &AwsError) -> bool {
    let message = error.message().to_lowercase();
    error.is(&[
        "InvalidParameterException",
        "ClientException",
        "ServerException",
    ]) && PASSING.iter().any(|part| message.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_is_asked_for_again() {
        for (code, message, again) in [
            (
                "ClientException",
                "ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task.",
                true,
            ),
            (
                "InvalidParameterException",
                "Unable to Start a service that is still Draining.",
                true,
            ),
            (
                "InvalidParameterException",
                "The target group with targetGroupArn arn:x does not have an associated load balancer.",
                true,
            ),
            (
                "ClientException",
                "No Fargate configuration exists for given values.",
                false,
            ),
            ("AccessDeniedException", "unable to assume", false),
        ] {
            let error = AwsError::in_answer("ecs:CreateService", code, message);
            assert_eq!(passes(&error), again, "{message}");
        }
    }
}
