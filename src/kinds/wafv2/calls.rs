//! The calls that web ACLs and IP sets share: how one of a name is found, whose it is, how it is tagged.
//!
//! WAF finds by no name, so a name is looked for in the list of all: an account has at most a hundred web ACLs and a
//! hundred IP sets in a region unless it asked for more.

use aws_sdk_wafv2::types::{Scope, Tag};

use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Error, Observer, Patience, Step, Tags};

/// WAF's word for what is not there.
pub(super) const ABSENT: &[&str] = &["WAFNonexistentItemException"];

/// What WAF answers where somebody else has changed it since it was looked at: then it is looked at again.
pub(super) const CHANGED: &[&str] = &["WAFOptimisticLockException"];

/// Most items that one list answers.
pub(super) const A_PAGE: i32 = 100;

/// WAF's copies agree within a minute or two, and take some more to be let go of.
pub(super) const AGREED: Patience = Patience::seconds(5, 15, 600);

/// A web ACL or an IP set, as lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Its name.
    pub(super) name: String,
    /// Its id.
    pub(super) id: String,
    /// Its ARN.
    pub(super) arn: String,
}

impl Item {
    /// The item of an ARN: `…:regional/KIND/NAME/ID`.
    pub(super) fn of_arn(arn: &str, kind: &str) -> Option<Self> {
        let rest = arn.rsplit(':').next()?.strip_prefix("regional/")?;
        let (name, id) = rest
            .strip_prefix(kind)?
            .strip_prefix('/')?
            .split_once('/')?;
        Some(Self {
            name: name.to_owned(),
            id: id.to_owned(),
            arn: arn.to_owned(),
        })
    }
}

/// Those of a kind that the tagging API knows as the stack's, with what it says of their tags.
pub(super) async fn known(cx: &Observer, kind: &str) -> Result<Vec<(Item, Tags)>, Error> {
    let inventory = cx.inventory().await?;
    let all = inventory.of("wafv2", "regional");
    let items = all.filter_map(|(arn, tags)| Some((Item::of_arn(arn, kind)?, tags.clone())));
    Ok(items.collect())
}

/// The tags of one: what the tagging API says where that is as it should be, and else what WAF says. None when it is gone.
pub(super) async fn tags(
    cx: &Observer,
    arn: &str,
    known: &[(Item, Tags)],
    want: Option<&Tags>,
) -> Result<Option<Tags>, AwsError> {
    let listed = known.iter().find(|(item, _)| item.arn == arn);
    let listed = listed.map(|(_, tags)| tags);
    match listed.filter(|tags| want.is_none_or(|want| want.is_as(tags))) {
        Some(tags) => Ok(Some(tags.clone())),
        None => tags_of(cx.clients(), arn).await,
    }
}

/// What WAF says of the tags of one.
pub(super) async fn tags_of(clients: &Clients, arn: &str) -> Result<Option<Tags>, AwsError> {
    let answer = clients
        .waf()
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await
        .map_err(failed("wafv2:ListTagsForResource"))
        .or_absent(ABSENT)?;
    Ok(answer.map(|answer| {
        let info = answer.tag_info_for_resource;
        let tags = info.and_then(|info| info.tag_list).unwrap_or_default();
        Tags::live(tags.into_iter().map(|tag| (Some(tag.key), Some(tag.value))))
    }))
}

/// Tags in WAF's form.
pub(super) fn to_sdk(tags: &Tags) -> Result<Vec<Tag>, Error> {
    let one = |(key, value)| Tag::builder().key(key).value(value).build();
    let tags = tags.iter().map(one).collect::<Result<_, _>>();
    tags.map_err(|error| Error::Internal(error.to_string()))
}

/// Makes the tags of one as wanted, touching only those that differ.
pub(super) async fn retag(cx: &Step, arn: &str, want: &Tags, live: &Tags) -> Result<(), Error> {
    let (set, remove) = (want.to_set(live), want.to_remove(live));
    if !set.is_empty() {
        let call = cx.clients().waf().tag_resource().resource_arn(arn);
        let call = call.set_tags(Some(to_sdk(&set)?));
        call.send().await.map_err(failed("wafv2:TagResource"))?;
    }
    if !remove.is_empty() {
        let call = cx.clients().waf().untag_resource().resource_arn(arn);
        let call = call.set_tag_keys(Some(remove));
        call.send().await.map_err(failed("wafv2:UntagResource"))?;
    }
    Ok(())
}

/// Whether one of a taken name is the very one that a lost call made.
pub(super) async fn is_ours(cx: &Step, arn: &str) -> Result<bool, AwsError> {
    let tags = tags_of(cx.clients(), arn).await?;
    let its = tags.and_then(|tags| tags.address_in(cx.stack()));
    Ok(its.as_ref() == Some(&cx.address))
}

/// Where load balancers' web ACLs are.
pub(super) fn scope() -> Scope {
    Scope::Regional
}

#[cfg(test)]
mod tests {
    use super::Item;

    #[test]
    fn an_arn_gives_kind_name_and_id() {
        let arn = "arn:aws:wafv2:eu-west-1:1:regional/webacl/gw/1-2";
        let item = Item::of_arn(arn, "webacl").expect("one");
        assert_eq!((item.name.as_str(), item.id.as_str()), ("gw", "1-2"));
        assert_eq!(Item::of_arn(arn, "ipset"), None);
    }
}
