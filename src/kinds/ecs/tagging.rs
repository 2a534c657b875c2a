//! Tags as ECS takes and gives them.

use aws_sdk_ecs::types::Tag;

use crate::aws::failed;
use crate::resource::{Error, Step, Tags, tags};

/// Tags for a creating call.
pub(super) fn to_sdk(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Tags as ECS answered them.
pub(super) fn from_sdk(tags: &[Tag]) -> Tags {
    Tags::live(tags.iter().map(|tag| (tag.key(), tag.value())))
}

/// Makes the tags of the resource `arn` as wanted, touching only those that differ.
pub(super) async fn apply(cx: &Step, arn: &str, want: &Tags, live: &Tags) -> Result<(), Error> {
    let (set, remove) = (want.to_set(live), want.to_remove(live));
    if !set.is_empty() {
        cx.clients()
            .ecs()
            .tag_resource()
            .resource_arn(arn)
            .set_tags(Some(to_sdk(&set)))
            .send()
            .await
            .map_err(failed("ecs:TagResource"))?;
    }
    if !remove.is_empty() {
        cx.clients()
            .ecs()
            .untag_resource()
            .resource_arn(arn)
            .set_tag_keys(Some(remove))
            .send()
            .await
            .map_err(failed("ecs:UntagResource"))?;
    }
    Ok(())
}

/// Marks the resource `arn` as one whose replacement has begun.
pub(super) async fn retire(cx: &Step, arn: &str) -> Result<(), Error> {
    cx.clients()
        .ecs()
        .tag_resource()
        .resource_arn(arn)
        .tags(Tag::builder().key(tags::RETIRED).value("true").build())
        .send()
        .await
        .map_err(failed("ecs:TagResource"))?;
    Ok(())
}
