//! One look at a bucket: whose it is, and all its settings, asked for at once.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_s3::operation::get_bucket_encryption::GetBucketEncryptionOutput;
use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
use aws_sdk_s3::operation::get_bucket_ownership_controls::GetBucketOwnershipControlsOutput;
use aws_sdk_s3::operation::get_bucket_policy::GetBucketPolicyOutput;
use aws_sdk_s3::operation::get_bucket_versioning::GetBucketVersioningOutput;
use aws_sdk_s3::operation::get_public_access_block::GetPublicAccessBlockOutput;
use aws_sdk_s3::types::{LifecycleRule, LifecycleRuleFilter, ServerSideEncryptionRule};
use futures::join;

use super::bucket::{Live, Retention};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::iam::Statements;
use crate::resource::{Error, Tags};

/// S3's words for a bucket of the name that is in another region.
const ELSEWHERE: &[&str] = &["PermanentRedirect", "AuthorizationHeaderMalformed"];

/// After how many days what is left of an interrupted upload goes.
pub(super) const UPLOADS_ABORTED_AFTER: i32 = 1;

/// What is at a name.
#[derive(Debug)]
pub(super) enum There {
    /// Nothing.
    Absent,
    /// A bucket of another account, or of another region.
    Theirs,
    /// A bucket of this account, with the tags it has.
    Ours(Box<Live>),
}

/// The rules by which a bucket's contents age, in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Lifecycle(BTreeSet<String>);

impl Lifecycle {
    /// The rules that we set, one a folder.
    pub(super) fn wanted(retention: &[Retention]) -> Self {
        let rules = retention.iter().map(|one| {
            let prefix = format!("{}/", one.folder);
            in_words(&prefix, one.days, UPLOADS_ABORTED_AFTER)
        });
        Self(rules.collect())
    }

    fn read(rules: &[LifecycleRule]) -> Self {
        Self(rules.iter().map(described).collect())
    }
}

impl fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("(none)");
        }
        let rules: Vec<&str> = self.0.iter().map(String::as_str).collect();
        f.write_str(&rules.join("; "))
    }
}

fn in_words(prefix: &str, days: impl fmt::Display, uploads: i32) -> String {
    format!("{prefix}* deleted after {days} days, uploads aborted after {uploads}")
}

/// A rule in words; one like ours in ours, any other by its name and state.
fn described(rule: &LifecycleRule) -> String {
    let prefix = match rule.filter() {
        None => Some(""),
        Some(filter) => only_prefix(filter),
    };
    let days = rule.expiration().and_then(|expiration| expiration.days());
    let uploads = rule.abort_incomplete_multipart_upload();
    let uploads = uploads.and_then(|abort| abort.days_after_initiation());
    let moves = !rule.transitions().is_empty()
        || !rule.noncurrent_version_transitions().is_empty()
        || rule.noncurrent_version_expiration().is_some();
    match (rule.status().as_str(), days, uploads) {
        ("Enabled", Some(days), Some(uploads)) if !moves && prefix.is_some() => {
            in_words(prefix.unwrap_or_default(), days, uploads)
        }
        (status, ..) => format!("{} ({status})", rule.id().unwrap_or("another rule")),
    }
}

/// What the keys begin with that a rule is about, if that is all that it asks of them.
fn only_prefix(filter: &LifecycleRuleFilter) -> Option<&str> {
    let alone = filter.tag().is_none()
        && filter.and().is_none()
        && filter.object_size_greater_than().is_none()
        && filter.object_size_less_than().is_none();
    // S3 answers an empty filter as one with an empty prefix.
    alone.then(|| filter.prefix().unwrap_or_default())
}

/// Asks for a bucket by its name; one that does not belong to `account`, where one is given, is somebody else's.
pub(super) async fn find(
    clients: &Clients,
    name: &str,
    account: Option<&str>,
) -> Result<There, Error> {
    let (tags, settings) = join!(
        tags(clients, name, account),
        settings(clients, name, account)
    );
    let tags = match tags {
        Ok(tags) => tags,
        Err(error) if error.is(&["NoSuchBucket"]) => return Ok(There::Absent),
        Err(error) if is_theirs(&error) => return Ok(There::Theirs),
        Err(error) => return Err(error.into()),
    };
    Ok(match settings? {
        Some(live) => There::Ours(Box::new(Live { tags, ..live })),
        None => There::Absent,
    })
}

/// Of a bucket of another account S3 says that access is denied, and no more; where it is the caller who lacks a
/// permission, it says whose policy does not allow what.
fn is_theirs(error: &AwsError) -> bool {
    let denied = error.is(&["AccessDenied", "AllAccessDisabled"]);
    error.is(ELSEWHERE) || denied && !error.message().contains("not authorized to perform")
}

async fn tags(clients: &Clients, name: &str, account: Option<&str>) -> Result<Tags, AwsError> {
    let call = clients.s3().get_bucket_tagging().bucket(name);
    let call = call.set_expected_bucket_owner(account.map(str::to_owned));
    let answer = call.send().await.map_err(failed("s3:GetBucketTagging"));
    let answer = answer.or_absent(&["NoSuchTagSet"])?;
    let tags = answer.map(|answer| answer.tag_set).unwrap_or_default();
    Ok(Tags::live(
        tags.iter().map(|tag| (Some(tag.key()), Some(tag.value()))),
    ))
}

/// S3's answers about a bucket's settings; nothing where there is no such setting.
struct Asked {
    access: Option<GetPublicAccessBlockOutput>,
    ownership: Option<GetBucketOwnershipControlsOutput>,
    encryption: Option<GetBucketEncryptionOutput>,
    versioning: Option<GetBucketVersioningOutput>,
    lifecycle: Option<GetBucketLifecycleConfigurationOutput>,
    policy: Option<GetBucketPolicyOutput>,
}

/// Asks for all settings at once.
async fn ask(clients: &Clients, name: &str, account: Option<&str>) -> Result<Asked, AwsError> {
    macro_rules! setting {
        ($call:ident, $failed:expr, $absent:literal) => {
            async {
                let call = clients.s3().$call().bucket(name);
                let call = call.set_expected_bucket_owner(account.map(str::to_owned));
                call.send().await.map_err($failed).or_absent(&[$absent])
            }
        };
    }
    let (access, ownership, encryption, versioning, lifecycle, policy) = futures::try_join!(
        setting!(
            get_public_access_block,
            failed("s3:GetBucketPublicAccessBlock"),
            "NoSuchPublicAccessBlockConfiguration"
        ),
        setting!(
            get_bucket_ownership_controls,
            failed("s3:GetBucketOwnershipControls"),
            "OwnershipControlsNotFoundError"
        ),
        setting!(
            get_bucket_encryption,
            failed("s3:GetEncryptionConfiguration"),
            "ServerSideEncryptionConfigurationNotFoundError"
        ),
        setting!(
            get_bucket_versioning,
            failed("s3:GetBucketVersioning"),
            "NoSuchVersioningConfiguration"
        ),
        setting!(
            get_bucket_lifecycle_configuration,
            failed("s3:GetLifecycleConfiguration"),
            "NoSuchLifecycleConfiguration"
        ),
        setting!(
            get_bucket_policy,
            failed("s3:GetBucketPolicy"),
            "NoSuchBucketPolicy"
        ),
    )?;
    Ok(Asked {
        access,
        ownership,
        encryption,
        versioning,
        lifecycle,
        policy,
    })
}

/// Everything but the tags; nothing where there is no bucket.
async fn settings(
    clients: &Clients,
    name: &str,
    account: Option<&str>,
) -> Result<Option<Live>, AwsError> {
    let asked = ask(clients, name, account).await;
    let Some(asked) = asked.or_absent(&["NoSuchBucket"])? else {
        return Ok(None);
    };
    let Asked {
        access,
        ownership,
        encryption,
        versioning,
        lifecycle,
        policy,
    } = asked;
    let access = access.and_then(|answer| answer.public_access_block_configuration);
    let private = access.is_some_and(|block| {
        let all = [
            block.block_public_acls,
            block.ignore_public_acls,
            block.block_public_policy,
            block.restrict_public_buckets,
        ];
        all.iter().all(|one| *one == Some(true))
    });
    let ownership = ownership.and_then(|answer| answer.ownership_controls);
    let ownership = ownership.and_then(|controls| {
        let rule = controls.rules().first()?;
        Some(rule.object_ownership().as_str().to_owned())
    });
    let encryption = encryption.and_then(|answer| answer.server_side_encryption_configuration);
    let encryption = encryption.and_then(|all| all.rules().first().and_then(encrypts));
    let status = versioning.and_then(|answer| answer.status);
    let rules = lifecycle
        .and_then(|answer| answer.rules)
        .unwrap_or_default();
    let policy = policy.and_then(|answer| answer.policy);
    Ok(Some(Live {
        name: name.to_owned(),
        account: account.map(str::to_owned),
        private,
        ownership,
        encryption,
        versioned: status.is_some_and(|status| status.as_str() == "Enabled"),
        lifecycle: Lifecycle::read(&rules),
        policy: policy.map_or_else(Statements::default, |policy| Statements::decode(&policy)),
        tags: Tags::default(),
    }))
}

fn encrypts(rule: &ServerSideEncryptionRule) -> Option<String> {
    let default = rule.apply_server_side_encryption_by_default()?;
    let algorithm = default.sse_algorithm().as_str();
    Some(match default.kms_master_key_id() {
        Some(key) => format!("{algorithm} with {key}"),
        None => algorithm.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::types::{
        AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleExpiration,
    };

    fn rule(status: ExpirationStatus, prefix: Option<&str>, days: i32) -> LifecycleRule {
        LifecycleRule::builder()
            .id("theirs")
            .status(status)
            .filter(
                LifecycleRuleFilter::builder()
                    .set_prefix(prefix.map(str::to_owned))
                    .build(),
            )
            .expiration(LifecycleExpiration::builder().days(days).build())
            .abort_incomplete_multipart_upload(
                AbortIncompleteMultipartUpload::builder()
                    .days_after_initiation(UPLOADS_ABORTED_AFTER)
                    .build(),
            )
            .build()
            .expect("a rule")
    }

    #[test]
    fn a_rule_is_ours_if_it_is_about_our_folder_and_does_the_same() {
        let on = ExpirationStatus::Enabled;
        let retention = |folder, days| Retention { folder, days };
        let ours = Lifecycle::wanted(&[retention("alb", 90), retention("archive", 365)]);
        let archive = || rule(on.clone(), Some("archive/"), 365);
        let read = Lifecycle::read(&[archive(), rule(on.clone(), Some("alb/"), 90)]);
        assert_eq!(read, ours);
        let off = rule(ExpirationStatus::Disabled, Some("alb/"), 90);
        let whole = rule(on.clone(), None, 90);
        let sooner = rule(on.clone(), Some("alb/"), 30);
        for other in [off, whole, sooner, rule(on.clone(), Some("alb"), 90)] {
            assert_ne!(Lifecycle::read(&[archive(), other]), ours);
        }
        assert_ne!(Lifecycle::read(&[archive()]), ours);
        assert_eq!(Lifecycle::read(&[]).to_string(), "(none)");
        // What S3 answers of the rule that once was about all of the bucket.
        let before = Lifecycle::read(&[rule(on, Some(""), 90)]);
        assert_eq!(
            before.to_string(),
            "* deleted after 90 days, uploads aborted after 1"
        );
    }

    #[test]
    fn somebody_elses_bucket_is_told_from_a_permission_that_is_missing() {
        let of = |code: &str, message: &str| {
            is_theirs(&AwsError::in_answer("s3:GetBucketTagging", code, message))
        };
        assert!(of("AccessDenied", "Access Denied"));
        assert!(of("PermanentRedirect", "use another endpoint"));
        assert!(!of(
            "AccessDenied",
            "User: x is not authorized to perform: s3:GetBucketTagging because no identity-based policy allows it"
        ));
        assert!(!of("NoSuchBucket", "it does not exist"));
    }
}
