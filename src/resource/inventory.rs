//! What the Resource Groups Tagging API knows of a stack.

use super::{Error, Tags, tags};
use crate::aws::{Clients, failed};

/// ARNs that carry a stack's tag, with all their tags.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inventory(Vec<(String, Tags)>);

impl Inventory {
    /// Asks for everything tagged as a part of `stack`, 100 a page.
    ///
    /// # Errors
    /// When AWS refuses.
    pub(crate) async fn list(clients: &Clients, stack: &str) -> Result<Self, Error> {
        let filter = aws_sdk_resourcegroupstagging::types::TagFilter::builder()
            .key(tags::STACK)
            .values(stack)
            .build();
        let mut pages = clients
            .tagging()
            .get_resources()
            .tag_filters(filter)
            .resources_per_page(100)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(failed("tag:GetResources"))?;
            let tags = Tags::live(
                item.tags()
                    .iter()
                    .map(|tag| (Some(tag.key()), Some(tag.value()))),
            );
            found.extend(item.resource_arn().map(|arn| (arn.to_owned(), tags)));
        }
        Ok(Self(found))
    }

    /// The ARNs of a service whose ARNs name no resource type, such as `sns`.
    pub(crate) fn of_service<'a>(
        &'a self,
        service: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Tags)> {
        let all = self.0.iter().map(|(arn, tags)| (arn.as_str(), tags));
        all.filter(move |(arn, _)| arn.split(':').nth(2) == Some(service))
    }

    /// The ARNs of one service and resource type, such as `elasticloadbalancing` and `targetgroup`.
    pub(crate) fn of<'a>(
        &'a self,
        service: &'a str,
        resource: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Tags)> {
        self.0
            .iter()
            .map(|(arn, tags)| (arn.as_str(), tags))
            .filter(move |(arn, _)| is_of(arn, service, resource))
    }

    /// The ARNs of a service whose resources have a name and no type, such as S3's buckets.
    pub(crate) fn untyped<'a>(
        &'a self,
        service: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Tags)> {
        self.0
            .iter()
            .map(|(arn, tags)| (arn.as_str(), tags))
            .filter(move |(arn, _)| {
                let mut parts = arn.splitn(6, ':').skip(2);
                let of_service = parts.next() == Some(service);
                of_service && parts.nth(2).is_some_and(|name| !name.contains(['/', ':']))
            })
    }
}

/// `arn:partition:service:region:account:type/…` or `…:type:…`.
fn is_of(arn: &str, service: &str, resource: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let of_service = parts.nth(2) == Some(service);
    let tail = parts.nth(2).unwrap_or_default();
    of_service
        && tail
            .strip_prefix(resource)
            .is_some_and(|rest| rest.starts_with(['/', ':']))
}

#[cfg(test)]
mod tests {
    use super::{Inventory, Tags, is_of};

    #[test]
    fn a_bucket_is_told_from_what_lies_in_it() {
        let arns = [
            "arn:aws:s3:::logs",
            "arn:aws:s3:::logs/key",
            "arn:aws:sns:r:1:topic",
        ];
        let inventory = Inventory(arns.map(|arn| (arn.to_owned(), Tags::default())).into());
        let found: Vec<&str> = inventory.untyped("s3").map(|(arn, _)| arn).collect();
        assert_eq!(found, ["arn:aws:s3:::logs"]);
    }

    #[test]
    fn an_arn_is_of_its_service_and_type_only() {
        let target_group = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b";
        assert!(is_of(target_group, "elasticloadbalancing", "targetgroup"));
        assert!(!is_of(target_group, "elasticloadbalancing", "target"));
        assert!(is_of("arn:aws:rds:eu-west-1:1:subgrp:a", "rds", "subgrp"));
        assert!(!is_of("nonsense", "rds", "subgrp"));
    }
}
