//! Tags of namespaces and services, and requests the SDK cannot build.

use aws_sdk_servicediscovery::error::BuildError;
use aws_sdk_servicediscovery::types::Tag;

use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Error, Step, Tags, tags::RETIRED};

/// A request without a part it needs: a defect of this program.
#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` hands the error over"
)]
pub(super) fn unbuilt(error: BuildError) -> Error {
    Error::Internal(error.to_string())
}

/// Tags in the SDK's form.
pub(super) fn sdk(tags: &Tags) -> Result<Vec<Tag>, Error> {
    tags.iter()
        .map(|(key, value)| {
            let tag = Tag::builder().key(key).value(value).build();
            tag.map_err(unbuilt)
        })
        .collect()
}

/// The tags of `arn`, or nothing if it is gone.
pub(super) async fn read(clients: &Clients, arn: &str) -> Result<Option<Tags>, AwsError> {
    let answer = clients
        .discovery()
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await
        .map_err(failed("servicediscovery:ListTagsForResource"))
        .or_absent(&["ResourceNotFound"])?;
    Ok(answer.map(|answer| {
        let tags = answer.tags().iter();
        Tags::live(tags.map(|tag| (Some(tag.key()), Some(tag.value()))))
    }))
}

/// Brings the tags of `arn` from `have` to `want`.
pub(super) async fn write(cx: &Step, arn: &str, want: &Tags, have: &Tags) -> Result<(), Error> {
    let set = want.to_set(have);
    if !set.is_empty() {
        add(cx, arn, &set).await?;
    }
    let remove = want.to_remove(have);
    if !remove.is_empty() {
        cx.clients()
            .discovery()
            .untag_resource()
            .resource_arn(arn)
            .set_tag_keys(Some(remove))
            .send()
            .await
            .map_err(failed("servicediscovery:UntagResource"))?;
    }
    Ok(())
}

/// Marks `arn` as replaced.
pub(super) async fn retire(cx: &Step, arn: &str) -> Result<(), Error> {
    add(cx, arn, &Tags::live([(Some(RETIRED), Some("true"))])).await
}

async fn add(cx: &Step, arn: &str, tags: &Tags) -> Result<(), Error> {
    cx.clients()
        .discovery()
        .tag_resource()
        .resource_arn(arn)
        .set_tags(Some(sdk(tags)?))
        .send()
        .await
        .map_err(failed("servicediscovery:TagResource"))?;
    Ok(())
}
