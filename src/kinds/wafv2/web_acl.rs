//! Web ACLs: which requests do not get through to the load balancer.
//!
//! A web ACL is changed with a token that its last look gave: where it is not the last any more, somebody else has changed
//! it meanwhile, and it is looked at again.

use aws_sdk_wafv2::types::{AllowAction, DefaultAction, Rule as SdkRule, WebAcl as SdkWebAcl};
use futures::future::try_join_all;
use futures::try_join;

use super::association::behind;
use super::calls::{
    A_PAGE, ABSENT, AGREED, CHANGED, Item, is_ours, known, retag, scope, tags, to_sdk,
};
use super::rule::{Rule, Statement, line, visibility};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Blocker, Diff, Effect, Error, Found, KNOWN_AFTER_APPLY, Kind, Look, Observer, Output,
    Outputs, References, Resolve, Step, Tags, Wanted,
};

/// How ARNs call it.
const KIND: &str = "webacl";

/// What WAF answers while an IP set that a rule names is new to it.
const NOT_YET: &[&str] = &[
    "WAFUnavailableEntityException",
    "WAFNonexistentItemException",
];

/// A web ACL.
#[derive(Debug)]
pub(crate) struct WebAcl;

/// What a web ACL should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebAclDesired {
    /// Its name.
    pub(crate) name: String,
    /// Its rules.
    pub(crate) rules: Vec<Rule>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct WebAclLive {
    pub(super) item: Item,
    allows: bool,
    /// Each rule's name and line.
    rules: Vec<(String, String)>,
    /// The IP sets its rules name.
    sets: Vec<String>,
    tags: Tags,
}

impl Kind for WebAcl {
    const TYPE: &'static str = "AWS::WAFv2::WebACL";
    const NOUN: &'static str = "web ACL";

    type Desired = WebAclDesired;
    type Live = WebAclLive;

    fn references(desired: &WebAclDesired) -> References {
        let sets = desired
            .rules
            .iter()
            .filter_map(|rule| match &rule.statement {
                Statement::Path { except, .. } => except.as_ref(),
                Statement::Managed(_) | Statement::Rate(_) => None,
            });
        References::none().to_all(sets)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<WebAclLive>>, Error> {
        let listed = async {
            Ok(match wanted {
                [] => Vec::new(),
                _ => list(cx.clients()).await?,
            })
        };
        let (listed, known) = try_join!(listed, known(cx, KIND))?;
        let want = |item: &Item| wanted.iter().find(|one| one.desired.name == item.name);
        let named = listed.into_iter().filter(|item| want(item).is_some());
        let mut items: Vec<Item> = named.collect();
        for (item, _) in &known {
            if !items.contains(item) {
                items.push(item.clone());
            }
        }
        let read = items.into_iter().map(|item| {
            let known = &known;
            async move {
                let wanted = want(&item).map(|one| &one.desired.tags);
                let (there, tags) = try_join!(
                    read(cx.clients(), &item),
                    tags(cx, &item.arn, known, wanted)
                )?;
                let both = there.zip(tags);
                Ok::<_, AwsError>(both.map(|((acl, _), tags)| from_sdk(item, &acl, tags)))
            }
        });
        let mut found = Vec::new();
        for live in try_join_all(read).await?.into_iter().flatten() {
            let one = match (cx.address_of(&live.tags), want(&live.item)) {
                (Some(address), Some(_)) => Found::Owned(address, live),
                (Some(address), None) => leftover(&found, address, live),
                (None, Some(one)) => Found::Foreign(
                    one.address.clone(),
                    format!("the web ACL {}", live.item.name),
                ),
                (None, None) => continue,
            };
            found.push(one);
        }
        Ok(found)
    }

    fn id(live: &WebAclLive) -> String {
        live.item.arn.clone()
    }

    fn outputs(live: &WebAclLive) -> Outputs {
        Outputs::default().with(Arn::new(&live.item.arn))
    }

    fn uses(live: &WebAclLive) -> Vec<String> {
        live.sets.clone()
    }

    fn diff(desired: &WebAclDesired, live: &WebAclLive, outputs: &dyn Resolve) -> Diff {
        let WebAclDesired { name, rules, tags } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.item.name, "a web ACL keeps its name");
        let action = |allows: bool| if allows { "allow" } else { "block" };
        diff.field("default_action", &action(true), &action(live.allows));
        for rule in rules {
            let want = match rule.sdk(outputs) {
                Some(Ok(rule)) => line(&rule),
                Some(Err(_)) | None => KNOWN_AFTER_APPLY.to_owned(),
            };
            let have = live.rules.iter().find(|(name, _)| name == rule.name);
            let have = have.map(|(_, line)| line);
            if have != Some(&want) {
                let field = format!("rules.{}", rule.name);
                diff.push(field, have.cloned(), Some(want), Effect::InPlace);
            }
        }
        for (name, line) in &live.rules {
            if rules.iter().all(|rule| rule.name != name) {
                let field = format!("rules.{name}");
                diff.push(field, Some(line.clone()), None, Effect::InPlace);
            }
        }
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &WebAclDesired) -> Result<Outputs, Error> {
        let call = cx
            .clients()
            .waf()
            .create_web_acl()
            .name(&desired.name)
            .scope(scope())
            .default_action(allow())
            .set_rules(Some(rules(cx, desired)?))
            .visibility_config(visibility(&desired.name).map_err(|error| incomplete(&error))?)
            .set_tags(Some(to_sdk(&desired.tags)?));
        let what = format!("web ACL {}", desired.name);
        let made = cx.retry(&what, AGREED, NOT_YET, || async {
            let made = call.clone().send().await;
            made.map_err(failed("wafv2:CreateWebACL"))
        });
        let arn = match made.await {
            Ok(made) => made.summary.and_then(|summary| summary.arn),
            // A repeated call whose first answer was lost.
            Err(Error::Aws(error)) if error.is(&["WAFDuplicateItemException"]) => {
                let all = list(cx.clients()).await?;
                let there = all.into_iter().find(|item| item.name == desired.name);
                match there {
                    Some(item) if is_ours(cx, &item.arn).await? => Some(item.arn),
                    _ => return Err(error.into()),
                }
            }
            Err(error) => return Err(error),
        };
        let arn = arn.ok_or(Error::Incomplete {
            operation: "wafv2:CreateWebACL",
            missing: "an ARN",
        })?;
        cx.made(&arn);
        Ok(Outputs::default().with(Arn::new(arn)))
    }

    async fn update(
        cx: &Step,
        desired: &WebAclDesired,
        live: &WebAclLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("rules") || diff.has("default_action") {
            put(cx, desired, &live.item).await?;
        }
        if diff.has("tags") {
            retag(cx, &live.item.arn, &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn blockers(
        cx: &Observer,
        _desired: Option<&WebAclDesired>,
        live: &WebAclLive,
    ) -> Result<Vec<Blocker>, Error> {
        let (_, theirs) = behind(cx, &live.item.arn).await?;
        let blockers = theirs.into_iter().map(|arn| Blocker {
            reason: format!(
                "the web ACL {} stands in front of the load balancer {arn}, which is not this stack's",
                live.item.name
            ),
            fix: format!(
                "put another in its place, or take it off: aws wafv2 disassociate-web-acl --resource-arn {arn}"
            ),
        });
        Ok(blockers.collect())
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&WebAclDesired>,
        live: &WebAclLive,
    ) -> Result<Vec<String>, Error> {
        let item = &live.item;
        // What it protected until now is still said to be so for a while.
        let not_yet = [CHANGED, &["WAFAssociatedItemException"]].concat();
        let what = format!("web ACL {}", item.name);
        cx.retry(&what, AGREED, &not_yet, || async {
            let Some((_, token)) = read(cx.clients(), item).await? else {
                return Ok(());
            };
            let call = cx.clients().waf().delete_web_acl();
            let call = call.name(&item.name).id(&item.id).scope(scope());
            let gone = call.lock_token(token).send().await;
            let gone = gone.map_err(failed("wafv2:DeleteWebACL"));
            gone.or_absent(ABSENT).map(|_| ())
        })
        .await?;
        Ok(Vec::new())
    }
}

/// What no rule finds gets through.
fn allow() -> DefaultAction {
    let allow = AllowAction::builder().build();
    DefaultAction::builder().allow(allow).build()
}

fn rules(cx: &Step, desired: &WebAclDesired) -> Result<Vec<SdkRule>, Error> {
    let one = |rule: &Rule| match rule.sdk(cx.outputs()) {
        Some(rule) => rule.map_err(|error| incomplete(&error)),
        None => Err(Error::Internal(format!(
            "{} names what is not known yet",
            rule.name
        ))),
    };
    desired.rules.iter().map(one).collect()
}

fn incomplete(error: &aws_sdk_wafv2::error::BuildError) -> Error {
    Error::Internal(error.to_string())
}

/// All web ACLs of the region.
async fn list(clients: &Clients) -> Result<Vec<Item>, AwsError> {
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let call = clients.waf().list_web_acls().scope(scope()).limit(A_PAGE);
        let page = call.set_next_marker(marker).send().await;
        let page = page.map_err(failed("wafv2:ListWebACLs"))?;
        let last = page.web_acls().len() < usize::try_from(A_PAGE).unwrap_or(usize::MAX);
        marker = page.next_marker;
        found.extend(
            page.web_acls
                .unwrap_or_default()
                .into_iter()
                .filter_map(|one| {
                    Some(Item {
                        name: one.name?,
                        id: one.id?,
                        arn: one.arn?,
                    })
                }),
        );
        // WAF gives a marker with the last page too.
        if last || marker.is_none() {
            return Ok(found);
        }
    }
}

/// A web ACL, and the token to change it with.
async fn read(clients: &Clients, item: &Item) -> Result<Option<(SdkWebAcl, String)>, AwsError> {
    let call = clients.waf().get_web_acl();
    let answer = call
        .name(&item.name)
        .id(&item.id)
        .scope(scope())
        .send()
        .await;
    let answer = answer
        .map_err(failed("wafv2:GetWebACL"))
        .or_absent(ABSENT)?;
    Ok(answer.and_then(|answer| Some((answer.web_acl?, answer.lock_token?))))
}

fn from_sdk(item: Item, acl: &SdkWebAcl, tags: Tags) -> WebAclLive {
    let rules = acl.rules().iter();
    let sets = acl.rules().iter().filter_map(|rule| {
        let all = rule.statement()?.and_statement()?.statements().iter();
        let mut sets = all.filter_map(|one| {
            let inner = one.not_statement()?.statement()?;
            Some(inner.ip_set_reference_statement()?.arn().to_owned())
        });
        sets.next()
    });
    WebAclLive {
        item,
        allows: acl.default_action().is_some_and(|it| it.allow().is_some()),
        sets: sets.collect(),
        rules: rules
            .map(|rule| (rule.name().to_owned(), line(rule)))
            .collect(),
        tags,
    }
}

async fn put(cx: &Step, desired: &WebAclDesired, item: &Item) -> Result<(), Error> {
    let rules = rules(cx, desired)?;
    let seen = visibility(&desired.name).map_err(|error| incomplete(&error))?;
    let what = format!("web ACL {}", item.name);
    let not_yet = [CHANGED, NOT_YET].concat();
    cx.wait(&what, AGREED, || async {
        let Some((_, token)) = read(cx.clients(), item).await? else {
            return Ok(Look::Pending("not visible yet".to_owned()));
        };
        let call = cx.clients().waf().update_web_acl();
        let call = call.name(&item.name).id(&item.id).scope(scope());
        let call = call.default_action(allow()).lock_token(token);
        let call = call
            .set_rules(Some(rules.clone()))
            .visibility_config(seen.clone());
        match call.send().await.map_err(failed("wafv2:UpdateWebACL")) {
            Ok(_) => Ok(Look::Ready(())),
            Err(error) if error.is(&not_yet) => Ok(Look::Pending(error.code().to_owned())),
            Err(error) => Err(error.into()),
        }
    })
    .await
}
