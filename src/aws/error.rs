//! What AWS refused, in its own words, and what kind of refusal it is.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::ErrorKind;

/// What can be done about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The caller may not do this.
    Denied,
    /// There are no credentials, or they are expired or wrong: no call will work.
    Credentials,
    /// Too many calls; the SDK's own retries are used up.
    Throttled,
    /// An account's quota is reached.
    Quota,
    /// No answer arrived, or a server error: AWS may or may not have acted.
    Unclear,
    /// The service could not be reached at all: AWS has not acted.
    Unreachable,
    /// AWS understood and refused.
    Refused,
}

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
                .unwrap_or("no message")
                .to_owned();
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
            SdkError::DispatchFailure(failure) if failure.is_io() && is_refused(failure) => {
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
            message: message.to_owned(),
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

fn bare(code: &str) -> &str {
    code.trim_end_matches("Exception").trim_end_matches("Fault")
}

/// Codes as the services' API references list them under "Common Errors"; quotas by their suffixes.
fn class_of(code: &str, message: &str, status: Option<u16>) -> Class {
    const DENIED: [&str; 5] = [
        "AccessDenied",
        "UnauthorizedOperation",
        "AuthorizationError",
        "Unauthorized",
        "NotAuthorized",
    ];
    const CREDENTIALS: [&str; 9] = [
        "ExpiredToken",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClient",
        "AuthFailure",
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
        "MissingAuthenticationToken",
        "IncompleteSignature",
    ];
    const UNCLEAR: [&str; 6] = [
        "InternalFailure",
        "InternalError",
        "InternalServerError",
        "ServerException",
        "ServiceUnavailable",
        "Unavailable",
    ];
    const THROTTLED: [&str; 7] = [
        "Throttling",
        "ThrottledException",
        "RequestLimitExceeded",
        "TooManyRequests",
        "PriorRequestNotComplete",
        "SlowDown",
        "ProvisionedThroughputExceeded",
    ];
    let listed = |codes: &[&str]| codes.iter().any(|known| bare(known) == bare(code));
    if listed(&CREDENTIALS) {
        Class::Credentials
    } else if listed(&DENIED) {
        Class::Denied
    } else if listed(&THROTTLED) || message.contains("Rate exceeded") {
        Class::Throttled
    } else if ["LimitExceeded", "QuotaExceeded", "LimitExceededException"]
        .iter()
        .any(|end| bare(code).ends_with(bare(end)))
        || bare(code).starts_with("TooMany")
    {
        Class::Quota
    } else if status.is_some_and(|status| status >= 500) || listed(&UNCLEAR) {
        Class::Unclear
    } else {
        Class::Refused
    }
}

fn is_credentials(failure: &aws_smithy_runtime_api::client::result::DispatchFailure) -> bool {
    failure.as_connector_error().is_some_and(|error| {
        matches!(error.as_other(), Some(ErrorKind::ClientError))
            || chain(error).contains("credentials")
    })
}

fn is_refused(failure: &aws_smithy_runtime_api::client::result::DispatchFailure) -> bool {
    failure.as_connector_error().is_some_and(|error| {
        let text = chain(error);
        ["refused", "dns error", "failed to lookup", "unreachable"]
            .iter()
            .any(|word| text.contains(word))
    })
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
    fn codes_fall_into_classes() {
        for (code, status, class) in [
            ("UnauthorizedOperation", 403, Class::Denied),
            ("AccessDeniedException", 400, Class::Denied),
            ("ExpiredTokenException", 400, Class::Credentials),
            ("ThrottlingException", 400, Class::Throttled),
            ("VpcLimitExceeded", 400, Class::Quota),
            ("TooManyLoadBalancers", 400, Class::Quota),
            ("TooManyRequestsException", 400, Class::Throttled),
            (
                "ProvisionedThroughputExceededException",
                400,
                Class::Throttled,
            ),
            ("InternalFailure", 500, Class::Unclear),
            ("DependencyViolation", 400, Class::Refused),
        ] {
            assert_eq!(class_of(code, "", Some(status)), class, "{code}");
        }
    }

    #[test]
    fn a_code_is_known_with_and_without_its_suffix() {
        let error = AwsError::in_answer("rds:DeleteDBCluster", "DBClusterNotFoundFault", "gone");
        assert!(error.is(&["DBClusterNotFound"]));
        assert!(error.is(&["DBClusterNotFoundFault"]));
        assert!(!error.is(&["DBInstanceNotFound"]));
    }
}
