//! The calls that make a bucket and set what it is to be like.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
    BucketVersioningStatus, CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    VersioningConfiguration,
};

use super::bucket::{Desired, Live, Retention};
use super::look::{There, UPLOADS_ABORTED_AFTER, find};
use crate::aws::failed;
use crate::resource::{Diff, Error, Output, Patience, Step, Tags};

/// A name that was just given up is free again after some time, and a bucket takes one change at a time.
const FREE: Patience = Patience::seconds(5, 10, 600);

/// S3's word for both.
const NOT_YET: &[&str] = &["OperationAborted"];

/// The region of which S3 takes no name: it is where a bucket goes that names none.
const UNNAMED: &str = "us-east-1";

/// What the ids of our lifecycle rules begin with; the folder follows.
const RULE: &str = "kongstack";

/// Makes the bucket with its tags; one that an earlier, unanswered call made is as good.
pub(super) async fn make(cx: &Step, desired: &Desired, name: &str) -> Result<(), Error> {
    let region = cx.region();
    let place = (region != UNNAMED).then(|| BucketLocationConstraint::from(region));
    let configuration = CreateBucketConfiguration::builder()
        .set_location_constraint(place)
        .set_tags(Some(tag_set(&desired.tags)?))
        .build();
    let call = cx
        .clients()
        .s3()
        .create_bucket()
        .bucket(name)
        .object_ownership(ObjectOwnership::BucketOwnerEnforced)
        .create_bucket_configuration(configuration);
    let what = format!("the name {name}");
    let made = cx.retry(&what, FREE, NOT_YET, || {
        let call = call.clone();
        async move { call.send().await.map_err(failed("s3:CreateBucket")) }
    });
    match made.await {
        Ok(_) => Ok(()),
        Err(Error::Aws(error)) if error.is(&["BucketAlreadyOwnedByYou"]) => {
            let account = cx.get(&desired.account)?;
            match find(cx.clients(), name, Some(account.as_str())).await? {
                There::Ours(live)
                    if live.tags.address_in(cx.stack()) == Some(cx.address.clone()) =>
                {
                    Ok(())
                }
                _ => Err(error.into()),
            }
        }
        Err(Error::Aws(error)) if error.is(&["BucketAlreadyExists"]) => Err(Error::Lookup {
            message: format!(
                "the bucket name {name} is taken: bucket names are unique in all of AWS, and somebody else has a bucket of this one; give another under `names.access_logs_bucket`"
            ),
        }),
        Err(error) => Err(error),
    }
}

/// Sets what `diff` names.
pub(super) async fn write(
    cx: &Step,
    desired: &Desired,
    live: &Live,
    diff: &Diff,
) -> Result<(), Error> {
    if diff.has("public_access_block") {
        block_public_access(cx, live).await?;
    }
    if diff.has("object_ownership") {
        enforce_ownership(cx, live).await?;
    }
    if diff.has("bucket_encryption") {
        encrypt(cx, live).await?;
    }
    if diff.has("versioning") {
        suspend_versioning(cx, live).await?;
    }
    if diff.has("lifecycle_configuration") {
        expire(cx, live, &desired.retention).await?;
    }
    if diff.has("bucket_policy") {
        let policy = desired.policy.render(cx.outputs()).ok_or_else(|| {
            Error::Internal("a bucket's policy refers to what is not known yet".to_owned())
        })?;
        put(cx, live, || {
            let call = cx.clients().s3().put_bucket_policy().bucket(&live.name);
            let call = call.set_expected_bucket_owner(live.account.clone());
            let call = call.policy(&policy);
            async move { call.send().await.map_err(failed("s3:PutBucketPolicy")) }
        })
        .await?;
    }
    if diff.has("tags") {
        retag(cx, &desired.tags, live).await?;
    }
    Ok(())
}

/// Makes a change while S3 still has another of the bucket under way.
async fn put<T, F, Fut>(cx: &Step, live: &Live, call: F) -> Result<(), Error>
where
    T: Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, crate::aws::AwsError>> + Send,
{
    // One just made may not be known everywhere yet.
    let not_yet = ["OperationAborted", "NoSuchBucket"];
    cx.retry(&format!("bucket {}", live.name), FREE, &not_yet, call)
        .await?;
    Ok(())
}

async fn block_public_access(cx: &Step, live: &Live) -> Result<(), Error> {
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build();
    put(cx, live, || {
        let call = cx.clients().s3().put_public_access_block();
        let call = call.bucket(&live.name);
        let call = call.set_expected_bucket_owner(live.account.clone());
        let call = call.public_access_block_configuration(block.clone());
        async move {
            let answer = call.send().await;
            answer.map_err(failed("s3:PutBucketPublicAccessBlock"))
        }
    })
    .await
}

async fn enforce_ownership(cx: &Step, live: &Live) -> Result<(), Error> {
    let rule = OwnershipControlsRule::builder()
        .object_ownership(ObjectOwnership::BucketOwnerEnforced)
        .build()
        .map_err(malformed)?;
    let controls = OwnershipControls::builder().rules(rule).build();
    let controls = controls.map_err(malformed)?;
    put(cx, live, || {
        let call = cx.clients().s3().put_bucket_ownership_controls();
        let call = call.bucket(&live.name);
        let call = call.set_expected_bucket_owner(live.account.clone());
        let call = call.ownership_controls(controls.clone());
        async move {
            let answer = call.send().await;
            answer.map_err(failed("s3:PutBucketOwnershipControls"))
        }
    })
    .await
}

async fn encrypt(cx: &Step, live: &Live) -> Result<(), Error> {
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::Aes256)
        .build()
        .map_err(malformed)?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .build();
    let configuration = ServerSideEncryptionConfiguration::builder()
        .rules(rule)
        .build()
        .map_err(malformed)?;
    put(cx, live, || {
        let call = cx.clients().s3().put_bucket_encryption();
        let call = call.bucket(&live.name);
        let call = call.set_expected_bucket_owner(live.account.clone());
        let call = call.server_side_encryption_configuration(configuration.clone());
        async move {
            let answer = call.send().await;
            answer.map_err(failed("s3:PutEncryptionConfiguration"))
        }
    })
    .await
}

/// Once switched on, versioning can only be suspended.
async fn suspend_versioning(cx: &Step, live: &Live) -> Result<(), Error> {
    let suspended = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Suspended)
        .build();
    put(cx, live, || {
        let call = cx.clients().s3().put_bucket_versioning();
        let call = call.bucket(&live.name);
        let call = call.set_expected_bucket_owner(live.account.clone());
        let call = call.versioning_configuration(suspended.clone());
        async move { call.send().await.map_err(failed("s3:PutBucketVersioning")) }
    })
    .await
}

async fn expire(cx: &Step, live: &Live, retention: &[Retention]) -> Result<(), Error> {
    let rules: Result<Vec<_>, _> = retention.iter().map(rule).collect();
    let configuration = BucketLifecycleConfiguration::builder()
        .set_rules(Some(rules.map_err(malformed)?))
        .build();
    let configuration = configuration.map_err(malformed)?;
    put(cx, live, || {
        let call = cx.clients().s3().put_bucket_lifecycle_configuration();
        let call = call.bucket(&live.name);
        let call = call.set_expected_bucket_owner(live.account.clone());
        let call = call.lifecycle_configuration(configuration.clone());
        async move {
            let answer = call.send().await;
            answer.map_err(failed("s3:PutLifecycleConfiguration"))
        }
    })
    .await
}

fn rule(retention: &Retention) -> Result<LifecycleRule, BuildError> {
    let Retention { folder, days } = retention;
    let days = i32::try_from(*days).unwrap_or(i32::MAX);
    let uploads = AbortIncompleteMultipartUpload::builder()
        .days_after_initiation(UPLOADS_ABORTED_AFTER)
        .build();
    let filter = LifecycleRuleFilter::builder().prefix(format!("{folder}/"));
    LifecycleRule::builder()
        .id(format!("{RULE}-{folder}"))
        .status(ExpirationStatus::Enabled)
        .filter(filter.build())
        .expiration(LifecycleExpiration::builder().days(days).build())
        .abort_incomplete_multipart_upload(uploads)
        .build()
}

/// S3 knows no change of single tags: all are written, those that are not ours to remove among them.
async fn retag(cx: &Step, want: &Tags, live: &Live) -> Result<(), Error> {
    let removed = want.to_remove(&live.tags);
    let kept = live.tags.iter().filter(|(key, _)| {
        // S3 refuses AWS's own, and keeps them whatever is written.
        want.get(key).is_none() && !key.starts_with("aws:") && !removed.iter().any(|one| one == key)
    });
    let all = want.iter().chain(kept);
    let all = Tags::live(all.map(|(key, value)| (Some(key), Some(value))));
    let tagging = Tagging::builder().set_tag_set(Some(tag_set(&all)?)).build();
    let tagging = tagging.map_err(malformed)?;
    put(cx, live, || {
        let call = cx.clients().s3().put_bucket_tagging();
        let call = call.bucket(&live.name);
        let call = call.set_expected_bucket_owner(live.account.clone());
        let call = call.tagging(tagging.clone());
        async move { call.send().await.map_err(failed("s3:PutBucketTagging")) }
    })
    .await
}

fn tag_set(tags: &Tags) -> Result<Vec<Tag>, Error> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(malformed)
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err wants")]
fn malformed(error: BuildError) -> Error {
    Error::Internal(error.to_string())
}
