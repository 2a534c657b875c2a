//! Tags between RDS's form and ours.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::Tag;

use crate::aws::failed;
use crate::resource::{Error, Step, Tags};

/// Tags in RDS's form.
pub(super) fn to_rds(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Tags as RDS answered them.
pub(super) fn from_rds(tags: &[Tag]) -> Tags {
    Tags::live(tags.iter().map(|tag| (tag.key(), tag.value())))
}

/// The tags of a resource whose description does not hold them.
pub(super) async fn read(client: &Client, arn: &str) -> Result<Tags, Error> {
    let answer = client.list_tags_for_resource().resource_name(arn).send();
    let answer = answer.await.map_err(failed("rds:ListTagsForResource"))?;
    Ok(from_rds(answer.tag_list()))
}

/// Makes the tags of the resource at `arn` as wanted.
pub(super) async fn write(cx: &Step, arn: &str, want: &Tags, live: &Tags) -> Result<(), Error> {
    let client = cx.clients().rds();
    let set = want.to_set(live);
    if !set.is_empty() {
        client
            .add_tags_to_resource()
            .resource_name(arn)
            .set_tags(Some(to_rds(&set)))
            .send()
            .await
            .map_err(failed("rds:AddTagsToResource"))?;
    }
    let remove = want.to_remove(live);
    if !remove.is_empty() {
        client
            .remove_tags_from_resource()
            .resource_name(arn)
            .set_tag_keys(Some(remove))
            .send()
            .await
            .map_err(failed("rds:RemoveTagsFromResource"))?;
    }
    Ok(())
}
