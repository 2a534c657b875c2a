//! What AWS refused, in its own words, and what kind of refusal it is.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::ErrorKind;

use super::class::{Class, bare, class_of};

/// What EC2 announces its encoded authorization messages with.
const ENCODED: &str = "Encoded authorization failure message:";

/// A call to AWS that failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub(crate) struct AwsError {
    operation: &'static str,
    code: String,
    message: String,
    request_id: Option<String>,
    class: Class,
}

/// Turns an SDK error of `operation` (`service:Operation`, as IAM spells the action) into an [`AwsError`].
pub(crate) fn failed<E>(operation: &'static str) -> impl Fn(SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    move |error| AwsError::from_sdk(operation, &error)
}

impl AwsError {
    fn from_sdk<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        let request_id = error
            .raw_response()
            .and_then(|response| {
                let headers = response.headers();
                headers
                    .get("x-amzn-requestid")
                    .or_else(|| headers.get("x-amz-request-id"))
            })
            .or_else(|| meta.and_then(|meta| meta.extra("aws_request_id")))
            .map(str::to_owned);
        if let Some(code) = meta.and_then(|meta| meta.code()) {
            let message = meta
                .and_then(|meta| meta.message())
                .map_or_else(|| "no message".to_owned(), readable);
            let class = class_of(code, &message, status);
            return Self {
                operation,
                code: code.to_owned(),
                message,
                request_id,
                class,
            };
        }
        let (code, class) = match error {
            SdkError::TimeoutError(_) => ("Timeout", Class::Unclear),
            SdkError::DispatchFailure(failure) if is_credentials(failure) => {
                ("NoCredentials", Class::Credentials)
            }
            SdkError::DispatchFailure(failure) if is_unconnected(failure) => {
                ("Unreachable", Class::Unreachable)
            }
            SdkError::DispatchFailure(_) => ("ConnectionLost", Class::Unclear),
            SdkError::ConstructionFailure(_) => ("InvalidRequest", Class::Refused),
            _ => ("InvalidResponse", Class::Unclear),
        };
        Self {
            operation,
            code: code.to_owned(),
            message: chain(error),
            request_id,
            class,
        }
    }

    /// A refusal found in an answer that AWS gave as a success, such as `failures` in ECS answers.
    #[must_use]
    pub(crate) fn in_answer(operation: &'static str, code: &str, message: &str) -> Self {
        Self {
            operation,
            code: code.to_owned(),
            message: readable(message),
            request_id: None,
            class: class_of(code, message, None),
        }
    }

    /// The call, as IAM spells its action.
    #[must_use]
    pub(crate) fn operation(&self) -> &'static str {
        self.operation
    }

    /// AWS's error code, or one of ours where no answer came.
    #[must_use]
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// AWS's message.
    #[must_use]
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The id that AWS support asks for.
    #[must_use]
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// What kind of failure it is.
    #[must_use]
    pub(crate) fn class(&self) -> Class {
        self.class
    }

    /// Whether every further call would fail for the same reason.
    #[must_use]
    pub(crate) fn is_pointless(&self) -> bool {
        matches!(self.class, Class::Credentials | Class::Unreachable)
    }

    /// Whether AWS refused to make something because it, or something of its name, is there.
    #[must_use]
    pub(crate) fn is_taken(&self) -> bool {
        ["AlreadyExists", "Duplicate", "InUse"]
            .iter()
            .any(|word| self.code.contains(word))
            // ECS has no code of its own for a service that is there.
            || self.message.contains("not idempotent")
    }

    /// Whether the code is one of these. Codes with and without the suffixes `Exception` and `Fault` are the same.
    #[must_use]
    pub(crate) fn is(&self, codes: &[&str]) -> bool {
        codes.iter().any(|code| bare(code) == bare(&self.code))
    }
}

/// Answers that mean "there is no such thing".
pub(crate) trait OrAbsent<T> {
    /// `None` where AWS answered one of `codes`.
    ///
    /// # Errors
    /// Any other failure.
    fn or_absent(self, codes: &[&str]) -> Result<Option<T>, AwsError>;
}

impl<T> OrAbsent<T> for Result<T, AwsError> {
    fn or_absent(self, codes: &[&str]) -> Result<Option<T>, AwsError> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is(codes) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn is_credentials(failure: &aws_smithy_runtime_api::client::result::DispatchFailure) -> bool {
    failure.as_connector_error().is_some_and(|error| {
        matches!(error.as_other(), Some(ErrorKind::ClientError))
            || chain(error).contains("credentials")
    })
}

/// Whether no connection was made, so that AWS cannot have got the request.
fn is_unconnected(failure: &aws_smithy_runtime_api::client::result::DispatchFailure) -> bool {
    failure.as_connector_error().is_some_and(|error| {
        let text = chain(error);
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let refused = ["refused", "dns error", "failed to lookup", "unreachable"];
        failure.is_io() && has(&refused) || failure.is_timeout() && has(&["HTTP connect timeout"])
    })
}

/// A message without the kilobyte of code that EC2 appends to some refusals; the log has it, for whoever may decode it.
fn readable(message: &str) -> String {
    match message.split_once(ENCODED) {
        Some((text, encoded)) => {
            tracing::debug!("{ENCODED} {}", encoded.trim());
            text.trim_end().to_owned()
        }
        None => message.to_owned(),
    }
}

/// The texts of an error and its sources, without repeating one that contains the next.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let next = inner.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_with_and_without_its_suffix() {
        let error = AwsError::in_answer("rds:DeleteDBCluster", "DBClusterNotFoundFault", "gone");
        assert!(error.is(&["DBClusterNotFound"]));
        assert!(error.is(&["DBClusterNotFoundFault"]));
        assert!(!error.is(&["DBInstanceNotFound"]));
    }

    #[test]
    fn encoded_messages_are_left_out() {
        let message = "You are not authorized to perform this operation. Encoded authorization failure message: abc-_123";
        let error = AwsError::in_answer("ec2:CreateVpc", "UnauthorizedOperation", message);
        assert_eq!(
            error.message(),
            "You are not authorized to perform this operation."
        );
    }
}
