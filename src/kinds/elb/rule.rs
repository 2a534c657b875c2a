//! Listener rules: what happens to requests of certain paths and source addresses.

use aws_sdk_elasticloadbalancingv2::types::{Rule as SdkRule, RulePriorityPair};

use super::action::{Action, LiveAction};
use super::condition::Conditions;
use super::load_balancer::LoadBalancer;
use super::{look, tagging};
use crate::aws::{OrAbsent, failed};
use crate::resource::{
    Address, Arn, Diff, Effect, Error, Found, Kind, Observer, Output, Outputs, Ref, References,
    Resolve, Standing, Step, Tags, Wanted, kind,
};

/// A rule of a listener, found on the listeners of the stack.
pub(crate) struct ListenerRule;

/// What a rule should be.
#[derive(Debug, Clone)]
pub(crate) struct ListenerRuleDesired {
    /// The listener it belongs to.
    pub(crate) listener: Ref<Arn>,
    /// Its place: rules are tried from the lowest number, 1 to 50000, one rule a number.
    pub(crate) priority: u16,
    /// Path patterns, at least one; one must match. `*` stands for any characters, `?` for one.
    pub(crate) paths: Vec<String>,
    /// Address ranges, one of which the client must be in; none means every client.
    pub(crate) sources: Vec<String>,
    /// What happens to the request.
    pub(crate) action: Action,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct ListenerRuleLive {
    arn: String,
    listener: Arn,
    priority: u16,
    conditions: Conditions,
    action: LiveAction,
    /// Rewrites of the request, which this program never makes.
    transforms: usize,
    tags: Tags,
}

impl ListenerRuleLive {
    /// Reads what AWS answered; nothing for a default rule, which has no number.
    pub(super) fn read(listener: &str, rule: &SdkRule, tags: Tags) -> Option<Self> {
        Some(Self {
            arn: rule.rule_arn()?.to_owned(),
            listener: Arn::new(listener),
            priority: rule.priority()?.parse().ok()?,
            conditions: Conditions::read(rule.conditions()),
            action: LiveAction::read(rule.actions()),
            transforms: rule.transforms().len(),
            tags,
        })
    }
}

impl Kind for ListenerRule {
    const TYPE: &'static str = "AWS::ElasticLoadBalancingV2::ListenerRule";
    const NOUN: &'static str = "listener rule";

    type Desired = ListenerRuleDesired;
    type Live = ListenerRuleLive;

    fn references(desired: &ListenerRuleDesired) -> References {
        let references = References::none().to(&desired.listener);
        desired.action.references(references)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<ListenerRuleLive>>, Error> {
        let load_balancers = cx.seen_of(kind::<LoadBalancer>()).await?;
        let mut found = Vec::new();
        for seen in load_balancers.iter() {
            let Some(load_balancer) = seen.live_as::<LoadBalancer>() else {
                continue;
            };
            let listeners = &load_balancer.listeners;
            for live in load_balancer.rules.iter().cloned() {
                let address = cx.address_of(&live.tags);
                found.extend(match (address, &seen.standing) {
                    (Some(address), Standing::Retired) => Some(Found::Retired(address, live)),
                    (Some(address), _) => Some(Found::Owned(address, live)),
                    (None, Standing::Retired) => None,
                    (None, _) => {
                        let listener = listeners
                            .iter()
                            .find(|one| one.arn == live.listener.as_str());
                        let listener = listener.and_then(|one| cx.address_of(&one.tags));
                        listener.and_then(|listener| foreign(&live, &listener, wanted))
                    }
                });
            }
        }
        Ok(found)
    }

    fn id(live: &ListenerRuleLive) -> String {
        live.arn.clone()
    }

    fn outputs(live: &ListenerRuleLive) -> Outputs {
        Outputs::default().with(Arn::new(&live.arn))
    }

    fn uses(live: &ListenerRuleLive) -> Vec<String> {
        let listener = Some(live.listener.to_string());
        listener.into_iter().chain(live.action.uses()).collect()
    }

    fn diff(desired: &ListenerRuleDesired, live: &ListenerRuleLive, outputs: &dyn Resolve) -> Diff {
        let ListenerRuleDesired {
            listener,
            priority,
            paths,
            sources,
            action,
            tags,
        } = desired;
        let mut diff = Diff::new();
        let moved = Effect::Replace("a rule stays with its listener");
        diff.reference("listener", listener, &live.listener, outputs, moved);
        diff.field("priority", priority, &live.priority);
        let Conditions {
            paths: live_paths,
            sources: live_sources,
            others,
        } = &live.conditions;
        diff.set("path_pattern", paths, live_paths, Effect::InPlace);
        diff.set("source_ip", sources, live_sources, Effect::InPlace);
        diff.set("other_conditions", &[], others, Effect::InPlace);
        diff.field("transforms", &0, &live.transforms);
        action.diff("action", &live.action, outputs, &mut diff);
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &ListenerRuleDesired) -> Result<Outputs, Error> {
        let listener = cx.get(&desired.listener)?;
        let call = cx
            .clients()
            .elb()
            .create_rule()
            .listener_arn(listener.as_str())
            .priority(i32::from(desired.priority))
            .set_conditions(Some(Conditions::sdk(&desired.paths, &desired.sources)))
            .actions(desired.action.sdk(cx)?)
            .set_tags(Some(tagging::sdk(&desired.tags)));
        let not_yet = ["ListenerNotFound", "TargetGroupNotFound"];
        let answer = cx.retry("its listener", look::NEW, &not_yet, || {
            let call = call.clone();
            async move {
                let answer = call.send().await;
                answer.map_err(failed("elasticloadbalancing:CreateRule"))
            }
        });
        let made = match answer.await {
            Ok(answer) => answer.rules.unwrap_or_default().pop(),
            // A repeated call whose first answer was lost: the number is taken, by this very rule.
            Err(Error::Aws(error)) if error.is(&["PriorityInUse"]) => {
                let number = desired.priority.to_string();
                let rules = look::rules(cx.clients(), listener.as_str()).await?;
                let there = rules
                    .into_iter()
                    .find(|one| one.priority() == Some(&number));
                match there.as_ref().and_then(SdkRule::rule_arn) {
                    Some(arn) if tagging::is_ours(cx, arn).await? => there,
                    _ => return Err(error.into()),
                }
            }
            Err(error) => return Err(error),
        };
        let arn = made.and_then(|one| one.rule_arn).ok_or(Error::Incomplete {
            operation: "elasticloadbalancing:CreateRule",
            missing: "an ARN",
        })?;
        cx.made(&arn);
        Ok(Outputs::default().with(Arn::new(arn)))
    }

    async fn update(
        cx: &Step,
        desired: &ListenerRuleDesired,
        live: &ListenerRuleLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let fields = [
            "path_pattern",
            "source_ip",
            "other_conditions",
            "transforms",
            "action",
        ];
        if fields.iter().any(|field| diff.has(field)) {
            cx.clients()
                .elb()
                .modify_rule()
                .rule_arn(&live.arn)
                .set_conditions(Some(Conditions::sdk(&desired.paths, &desired.sources)))
                .actions(desired.action.sdk(cx)?)
                .set_reset_transforms(diff.has("transforms").then_some(true))
                .send()
                .await
                .map_err(failed("elasticloadbalancing:ModifyRule"))?;
        }
        if diff.has("priority") {
            let pair = RulePriorityPair::builder()
                .rule_arn(&live.arn)
                .priority(i32::from(desired.priority));
            cx.clients()
                .elb()
                .set_rule_priorities()
                .rule_priorities(pair.build())
                .send()
                .await
                .map_err(failed("elasticloadbalancing:SetRulePriorities"))?;
        }
        if diff.has("tags") {
            tagging::write(cx, &live.arn, &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&ListenerRuleDesired>,
        live: &ListenerRuleLive,
    ) -> Result<Vec<String>, Error> {
        cx.clients()
            .elb()
            .delete_rule()
            .rule_arn(&live.arn)
            .send()
            .await
            .map_err(failed("elasticloadbalancing:DeleteRule"))
            .or_absent(&["RuleNotFound", "ListenerNotFound", "LoadBalancerNotFound"])?;
        Ok(Vec::new())
    }
}

/// A rule without our tags is in the way if it has a number we need on the same listener.
fn foreign(
    live: &ListenerRuleLive,
    listener: &Address,
    wanted: &[Wanted<'_, ListenerRule>],
) -> Option<Found<ListenerRuleLive>> {
    let one = wanted.iter().find(|one| {
        one.desired.priority == live.priority && one.desired.listener.address() == Some(listener)
    })?;
    let name = format!("rule {} of a listener ({})", live.priority, live.arn);
    Some(Found::Foreign(one.address.clone(), name))
}
