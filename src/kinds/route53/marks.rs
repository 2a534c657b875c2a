//! Marks on the load balancer that say which records of which zone are its aliases.
//!
//! A zone is not searched for notes, so without the mark an alias that left the spec would never be found again.

use aws_sdk_elasticloadbalancingv2::types::Tag;

use crate::aws::{OrAbsent, failed};
use crate::kinds::elb::LoadBalancerLive;
use crate::resource::{Error, HostedZoneId, Output, Step};

/// The mark on the load balancer: `zone/domain` of its alias.
const MARK: &str = "kongstack:record";
/// The mark that keeps the alias before, while the new one takes its place.
const OLD_MARK: &str = "kongstack:record-before";

/// A mark on a load balancer of the stack.
pub(super) struct Mark<'a> {
    pub(super) load_balancer: &'a LoadBalancerLive,
    pub(super) zone: &'a str,
    pub(super) domain: String,
    pub(super) current: bool,
}

pub(super) fn marks(load_balancer: &LoadBalancerLive) -> impl Iterator<Item = Mark<'_>> {
    [MARK, OLD_MARK].into_iter().filter_map(|key| {
        let (zone, domain) = load_balancer.tags.get(key)?.split_once('/')?;
        Some(Mark {
            load_balancer,
            zone,
            domain: unspelt(domain),
            current: key == MARK,
        })
    })
}

pub(super) fn take<'a>(
    marks: &mut Vec<Mark<'a>>,
    zone: &HostedZoneId,
    domain: &str,
) -> Option<Mark<'a>> {
    let is = |mark: &Mark<'_>| mark.zone == zone.as_str() && mark.domain == domain;
    let at = marks.iter().position(is)?;
    Some(marks.swap_remove(at))
}

/// Tags hold no `*`.
fn spelt(domain: &str) -> String {
    domain.replace('*', "@")
}

fn unspelt(domain: &str) -> String {
    domain.replace('@', "*")
}

/// Marks the load balancer before the record is made, so that no moment leaves a record that nothing points to.
pub(super) async fn mark(
    cx: &Step,
    arn: &str,
    zone: &HostedZoneId,
    domain: &str,
) -> Result<(), Error> {
    let mark = format!("{zone}/{}", spelt(domain));
    let have = tags_of(cx, arn).await?;
    let before = have
        .into_iter()
        .find(|tag| tag.key() == Some(MARK))
        .and_then(|tag| tag.value);
    if before.as_ref() == Some(&mark) {
        return Ok(());
    }
    let old = before.map(|before| Tag::builder().key(OLD_MARK).value(before).build());
    let new = Tag::builder().key(MARK).value(mark).build();
    cx.clients()
        .elb()
        .add_tags()
        .resource_arns(arn)
        .set_tags(Some(old.into_iter().chain([new]).collect()))
        .send()
        .await
        .map_err(failed("elasticloadbalancing:AddTags"))?;
    Ok(())
}

/// Takes the mark of a deleted alias off.
pub(super) async fn unmark(cx: &Step, arn: &str, mark: &str) -> Result<(), Error> {
    let have = tags_of(cx, arn).await?;
    let keys = have
        .into_iter()
        .filter(|tag| tag.value().map(unspelt).as_deref() == Some(mark))
        .filter_map(|tag| tag.key)
        .filter(|key| key == MARK || key == OLD_MARK);
    let keys: Vec<String> = keys.collect();
    if !keys.is_empty() {
        cx.clients()
            .elb()
            .remove_tags()
            .resource_arns(arn)
            .set_tag_keys(Some(keys))
            .send()
            .await
            .map_err(failed("elasticloadbalancing:RemoveTags"))
            .or_absent(&["LoadBalancerNotFound"])?;
    }
    Ok(())
}

async fn tags_of(cx: &Step, arn: &str) -> Result<Vec<Tag>, Error> {
    let answer = cx
        .clients()
        .elb()
        .describe_tags()
        .resource_arns(arn)
        .send()
        .await
        .map_err(failed("elasticloadbalancing:DescribeTags"))
        .or_absent(&["LoadBalancerNotFound"])?;
    let described = answer.and_then(|answer| answer.tag_descriptions);
    Ok(described
        .unwrap_or_default()
        .into_iter()
        .flat_map(|one| one.tags.unwrap_or_default())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_fits_in_a_tag() {
        assert_eq!(spelt("*.example.com"), "@.example.com");
        assert_eq!(unspelt("@.example.com"), "*.example.com");
    }
}
