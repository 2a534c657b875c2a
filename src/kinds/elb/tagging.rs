//! Tags of everything in Elastic Load Balancing: one pair of calls serves all its resources.

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::types::Tag;
use futures::future::try_join_all;

use crate::aws::{AwsError, Clients, failed};
use crate::resource::{Error, Step, Tags};

/// Most ARNs that one DescribeTags takes.
const ARNS_A_CALL: usize = 20;

/// What AWS answers when an ARN is gone; one missing ARN spoils the answer for all of a call.
pub(super) const NOT_FOUND: [&str; 4] = [
    "LoadBalancerNotFound",
    "TargetGroupNotFound",
    "ListenerNotFound",
    "RuleNotFound",
];

/// Tags in the SDK's form.
pub(super) fn sdk(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// The tags of all these ARNs, by ARN; one that is gone by now is left out.
pub(super) async fn read(
    clients: &Clients,
    arns: &[String],
) -> Result<HashMap<String, Tags>, AwsError> {
    let answers = try_join_all(
        arns.chunks(ARNS_A_CALL)
            .map(|some| read_some(clients, some)),
    );
    Ok(answers.await?.into_iter().flatten().collect())
}

async fn read_some(clients: &Clients, arns: &[String]) -> Result<Vec<(String, Tags)>, AwsError> {
    match describe(clients, arns).await {
        Err(error) if error.is(&NOT_FOUND) => {
            let mut found = Vec::new();
            for arn in arns {
                match describe(clients, std::slice::from_ref(arn)).await {
                    Ok(tags) => found.extend(tags),
                    Err(error) if error.is(&NOT_FOUND) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(found)
        }
        answer => answer,
    }
}

async fn describe(clients: &Clients, arns: &[String]) -> Result<Vec<(String, Tags)>, AwsError> {
    let answer = clients
        .elb()
        .describe_tags()
        .set_resource_arns(Some(arns.to_vec()))
        .send()
        .await
        .map_err(failed("elasticloadbalancing:DescribeTags"))?;
    let tags = answer.tag_descriptions().iter().filter_map(|one| {
        let tags = Tags::live(one.tags().iter().map(|tag| (tag.key(), tag.value())));
        Some((one.resource_arn()?.to_owned(), tags))
    });
    Ok(tags.collect())
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
            .elb()
            .remove_tags()
            .resource_arns(arn)
            .set_tag_keys(Some(remove))
            .send()
            .await
            .map_err(failed("elasticloadbalancing:RemoveTags"))?;
    }
    Ok(())
}

async fn add(cx: &Step, arn: &str, tags: &Tags) -> Result<(), Error> {
    cx.clients()
        .elb()
        .add_tags()
        .resource_arns(arn)
        .set_tags(Some(sdk(tags)))
        .send()
        .await
        .map_err(failed("elasticloadbalancing:AddTags"))?;
    Ok(())
}

/// Whether `arn` carries the address this step is about: what a lost answer made is taken over, a stranger is not.
pub(super) async fn is_ours(cx: &Step, arn: &str) -> Result<bool, Error> {
    let tags = read(cx.clients(), &[arn.to_owned()]).await?;
    let address = tags.get(arn).and_then(|tags| tags.address_in(cx.stack()));
    Ok(address.as_ref() == Some(&cx.address))
}
