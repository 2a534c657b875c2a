//! What was done to a database, as tags on its cluster.

use aws_sdk_rds::types::Tag;

use crate::aws::failed;
use crate::kinds::rds::DbCluster;
use crate::resource::{Arn, Error, Observer, Output, Patience, Ref, Step, Tags};

/// The image whose `migrations up` ran last.
pub(super) const SCHEMA: &str = "kongstack:schema";
/// The image whose `migrations finish` ran last.
pub(super) const FINISHED: &str = "kongstack:schema-finished";
/// The hash of the admin route that was imported last.
pub(super) const ADMIN_ROUTE: &str = "kongstack:admin-route";

/// The cluster at `reference` and its tags, as observed; costs no call of its own.
pub(super) async fn observed(
    cx: &Observer,
    reference: &Ref<Arn>,
) -> Result<Option<(Arn, Tags)>, Error> {
    let Some(arn) = cx.output(reference).await? else {
        return Ok(None);
    };
    let clusters = cx.live::<DbCluster>().await?;
    let cluster = clusters.into_iter().find(|(_, live)| live.arn == arn);
    Ok(cluster.map(|(_, live)| (arn, live.tags)))
}

/// The cluster's tags as they are now.
pub(super) async fn read(cx: &Step, cluster: &Arn) -> Result<Tags, Error> {
    let answer = cx
        .clients()
        .rds()
        .list_tags_for_resource()
        .resource_name(cluster.as_str())
        .send()
        .await
        .map_err(failed("rds:ListTagsForResource"))?;
    Ok(Tags::live(
        answer.tag_list().iter().map(|tag| (tag.key(), tag.value())),
    ))
}

/// Writes marks down.
pub(super) async fn write(cx: &Step, cluster: &Arn, marks: &[(&str, &str)]) -> Result<(), Error> {
    let tags: Vec<Tag> = marks
        .iter()
        .map(|(key, value)| Tag::builder().key(*key).value(*value).build())
        .collect();
    // A cluster that is being changed takes no tags.
    let busy = ["InvalidDBClusterStateFault", "InvalidDBInstanceState"];
    let what = "the marks on the database cluster";
    cx.retry(what, Patience::seconds(5, 5, 900), &busy, || async {
        cx.clients()
            .rds()
            .add_tags_to_resource()
            .resource_name(cluster.as_str())
            .set_tags(Some(tags.clone()))
            .send()
            .await
            .map_err(failed("rds:AddTagsToResource"))
    })
    .await?;
    Ok(())
}
