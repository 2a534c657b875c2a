//! What kind of refusal an error code is.

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

/// The codes of a caller that may not do what it asks for.
const DENIED: [&str; 5] = [
    "AccessDenied",
    "UnauthorizedOperation",
    "AuthorizationError",
    "Unauthorized",
    "NotAuthorized",
];

/// The codes of credentials that are none.
const CREDENTIALS: [&str; 10] = [
    "ExpiredToken",
    "TokenRefreshRequired",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClient",
    "SignatureDoesNotMatch",
    "InvalidSignature",
    "InvalidAccessKeyId",
    "MissingAuthenticationToken",
    "IncompleteSignature",
];

/// The codes of servers that failed.
const UNCLEAR: [&str; 7] = [
    "InternalFailure",
    "InternalError",
    "InternalServerError",
    "InternalService",
    "ServerException",
    "ServiceUnavailable",
    "Unavailable",
];

/// The codes of too many calls, as the services' "Common Errors" and botocore's retry rules list them. Left out is
/// `LimitExceededException`, which botocore retries: in all services used here it is a quota.
const THROTTLED: [&str; 11] = [
    "Throttling",
    "Throttled",
    "RequestThrottled",
    "EC2Throttled",
    "RequestLimitExceeded",
    "TooManyRequests",
    "ProvisionedThroughputExceeded",
    "BandwidthLimitExceeded",
    "TransactionInProgress",
    "PriorRequestNotComplete",
    "SlowDown",
];

/// A code without the suffixes that some protocols add.
pub(super) fn bare(code: &str) -> &str {
    code.trim_end_matches("Exception").trim_end_matches("Fault")
}

/// Tells what kind of refusal a code with its message and HTTP status is.
pub(super) fn class_of(code: &str, message: &str, status: Option<u16>) -> Class {
    let listed = |codes: &[&str]| codes.iter().any(|known| bare(known) == bare(code));
    // EC2 has one code for credentials it does not know and for resources of another account.
    let unknown_to_ec2 = code == "AuthFailure" && message.contains("validate");
    if listed(&CREDENTIALS) || unknown_to_ec2 {
        Class::Credentials
    } else if listed(&DENIED) || code == "AuthFailure" {
        Class::Denied
    } else if is_throttle(code) || message.contains("Rate exceeded") {
        Class::Throttled
    } else if is_quota(code, message) {
        Class::Quota
    } else if status.is_some_and(|status| status >= 500) || listed(&UNCLEAR) {
        Class::Unclear
    } else {
        Class::Refused
    }
}

/// Whether a code alone says that there were too many calls.
pub(super) fn is_throttle(code: &str) -> bool {
    THROTTLED.iter().any(|known| *known == bare(code))
}

/// Services end their codes alike, except that ELB begins them alike and ECS has no codes for its own and Fargate's.
fn is_quota(code: &str, message: &str) -> bool {
    let bare = bare(code);
    ["LimitExceeded", "QuotaExceeded", "LimitsExceeded"]
        .iter()
        .any(|end| bare.ends_with(end))
        || bare.starts_with("TooMany")
        || message.contains("reached the limit on the number of")
        || (message.contains("maximum number of") && message.contains("has been reached"))
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
            ("InvalidSignatureException", 400, Class::Credentials),
            ("ThrottlingException", 400, Class::Throttled),
            ("ThrottledException", 400, Class::Throttled),
            ("RequestLimitExceeded", 503, Class::Throttled),
            ("TooManyRequestsException", 400, Class::Throttled),
            ("VpcLimitExceeded", 400, Class::Quota),
            ("TooManyLoadBalancers", 400, Class::Quota),
            ("LimitExceededException", 400, Class::Quota),
            ("ResourceLimitExceeded", 400, Class::Quota),
            ("DBClusterQuotaExceededFault", 403, Class::Quota),
            ("InternalFailure", 500, Class::Unclear),
            ("DependencyViolation", 400, Class::Refused),
        ] {
            assert_eq!(class_of(code, "", Some(status)), class, "{code}");
        }
    }

    #[test]
    fn messages_tell_apart_what_codes_do_not() {
        for (code, message, class) in [
            (
                "AuthFailure",
                "AWS was not able to validate the provided access credentials",
                Class::Credentials,
            ),
            (
                "AuthFailure",
                "The address 'eipalloc-1' does not belong to you.",
                Class::Denied,
            ),
            ("ThrottlingException", "Rate exceeded", Class::Throttled),
            ("LimitExceededException", "Rate exceeded", Class::Throttled),
            (
                "LimitExceededException",
                "Resource limit exceeded.",
                Class::Quota,
            ),
            (
                "ClientException",
                "You've reached the limit on the number of vCPUs you can run concurrently",
                Class::Quota,
            ),
        ] {
            assert_eq!(
                class_of(code, message, Some(400)),
                class,
                "{code}: {message}"
            );
        }
    }
}
