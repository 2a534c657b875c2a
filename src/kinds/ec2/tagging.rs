//! EC2's spelling of tags, and whose a resource is by them.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use super::calls::{QUICK, filter};
use crate::aws::failed;
use crate::resource::{Address, Error, Found, Observer, Step, Tags, tags};

/// Everything that carries the stack's tag.
pub(super) fn of_stack(stack: &str) -> Filter {
    filter(&format!("tag:{}", tags::STACK), [stack])
}

/// What carries an address; with [`of_stack`] the twins and predecessors of one resource.
pub(super) fn at_address(address: &Address) -> Filter {
    filter(&format!("tag:{}", tags::ADDRESS), [address.as_str()])
}

/// The tags of an answer.
pub(super) fn from_sdk(tags: &[Tag]) -> Tags {
    Tags::live(tags.iter().map(|tag| (tag.key(), tag.value())))
}

/// Tags for a creating call.
pub(super) fn specification(resource: ResourceType, tags: &Tags) -> TagSpecification {
    TagSpecification::builder()
        .resource_type(resource)
        .set_tags(Some(to_sdk(tags)))
        .build()
}

/// Makes a resource's tags what they should be.
pub(super) async fn update(cx: &Step, id: &str, want: &Tags, have: &Tags) -> Result<(), Error> {
    let ec2 = cx.clients().ec2();
    let set = want.to_set(have);
    if !set.is_empty() {
        let call = ec2.create_tags().resources(id).set_tags(Some(to_sdk(&set)));
        call.send().await.map_err(failed("ec2:CreateTags"))?;
    }
    let remove = want.to_remove(have);
    if !remove.is_empty() {
        let keys = remove
            .into_iter()
            .map(|key| Tag::builder().key(key).build())
            .collect();
        let call = ec2.delete_tags().resources(id).set_tags(Some(keys));
        call.send().await.map_err(failed("ec2:DeleteTags"))?;
    }
    Ok(())
}

/// Marks a resource as replaced.
pub(super) async fn retire(cx: &Step, id: &str) -> Result<(), Error> {
    let mark = Tag::builder().key(tags::RETIRED).value("true").build();
    let ec2 = cx.clients().ec2();
    let call = || {
        let call = ec2.create_tags().resources(id).tags(mark.clone());
        async move { call.send().await.map_err(failed("ec2:CreateTags")) }
    };
    cx.retry(id, QUICK, &["RequestLimitExceeded"], call).await?;
    Ok(())
}

/// A resource of the stack, by its tags; nothing when they are not the stack's.
pub(super) fn found<L>(cx: &Observer, tags: &Tags, live: L) -> Option<Found<L>> {
    let address = cx.address_of(tags)?;
    Some(if tags.retired() {
        Found::Retired(address, live)
    } else {
        Found::Owned(address, live)
    })
}

fn to_sdk(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}
