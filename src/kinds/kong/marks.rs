//! What was done to a database, as tags on its cluster.

use aws_sdk_rds::types::Tag;

use crate::aws::failed;
use crate::kinds::rds::DbCluster;
use crate::kong::admin_route::AdminRoute;
use crate::resource::{Arn, Error, Observer, Output, Patience, Ref, Step, Tags};

/// The image whose `migrations up` ran last.
pub(crate) const SCHEMA: &str = "kongstack:schema";
/// The image whose `migrations finish` ran last.
pub(crate) const FINISHED: &str = "kongstack:schema-finished";
/// The admin route that was written last.
const ADMIN_ROUTE: &str = "kongstack:admin-route";

/// The admin route that was written last: what a person asks about, and the hash of all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AdminMark {
    /// Its path.
    pub(super) path: String,
    /// Requests a minute and client address.
    pub(super) rate_limit: String,
    /// Who may use it; a long list is only counted.
    pub(super) allow: String,
    /// Changes when anything but the key does.
    pub(super) hash: String,
}

impl AdminMark {
    /// What the mark of `route` says.
    pub(super) fn of(route: &AdminRoute) -> Self {
        let mut allow: Vec<String> = route.allow.iter().map(ToString::to_string).collect();
        allow.sort();
        // RDS takes tag values of 256 characters, commas not among them.
        let allow = match allow.len() {
            0 => "nobody".to_owned(),
            1..=8 => allow.join(" "),
            count => format!("{count} networks"),
        };
        Self {
            path: route.path.clone(),
            rate_limit: route.rate_limit.to_string(),
            allow,
            hash: route.hash(),
        }
    }

    /// The mark among `tags`.
    pub(super) fn read(tags: &Tags) -> Option<Self> {
        let mark = tags.get(ADMIN_ROUTE)?;
        let mut parts = mark.splitn(4, ' ').map(str::to_owned);
        let (hash, rate_limit, path) = (parts.next()?, parts.next()?, parts.next()?);
        let allow = parts.next()?;
        Some(Self {
            path,
            rate_limit,
            allow,
            hash,
        })
    }

    /// As the value of a tag, with its key.
    pub(super) fn tag(&self) -> (&'static str, String) {
        let Self {
            path,
            rate_limit,
            allow,
            hash,
        } = self;
        (ADMIN_ROUTE, format!("{hash} {rate_limit} {path} {allow}"))
    }

    /// Writes it down.
    pub(super) async fn write(&self, cx: &Step, cluster: &Arn) -> Result<(), Error> {
        let (key, value) = self.tag();
        write(cx, cluster, &[(key, &value)]).await
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn route(allow: &[&str]) -> AdminRoute {
        let allow = allow.iter().map(|net| net.parse().unwrap());
        AdminRoute {
            host: "config.kong.local".to_owned(),
            path: "/kong-admin".to_owned(),
            allow: allow.collect(),
            rate_limit: 60,
            key_source: "generate".to_owned(),
        }
    }

    #[test]
    fn what_a_mark_says_is_read_again() {
        let long = vec!["203.0.113.17/32"; 20];
        for allow in [&[][..], &["10.0.0.0/8", "203.0.113.0/24"], &long] {
            let mark = AdminMark::of(&route(allow));
            let (key, value) = mark.tag();
            assert!(value.len() <= 256 && !value.contains(','), "{value}");
            let tags = Tags::live([(Some(key), Some(value.as_str()))]);
            assert_eq!(AdminMark::read(&tags), Some(mark));
        }
    }
}
