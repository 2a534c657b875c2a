//! The bounds of a service's task count.
//!
//! A target has no name: it is the task count of one service, so it is the stack's because the service is.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalableTarget as Sdk, ServiceNamespace, SuspendedState,
};
use futures::future::{try_join, try_join_all};

use super::resource_id;
use crate::aws::{Clients, OrAbsent, failed};
use crate::kinds::ecs::EcsService;
use crate::resource::{
    Address, Arn, Diff, Error, Found, Kind, Look, Observer, Output, Outputs, Patience, References,
    ReplaceOrder, Resolve, Step, Tags, Wanted,
};

const WHAT: &str = "the scalable target";

/// The task count of a service, as something that scales.
#[derive(Debug)]
pub(crate) struct ScalableTarget;

/// What a scalable target should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The cluster's name.
    pub(crate) cluster: String,
    /// The service's name.
    pub(crate) service: String,
    /// The service's address: it must be there first.
    pub(crate) of: Address,
    /// Fewest tasks.
    pub(crate) min: u32,
    /// Most tasks.
    pub(crate) max: u32,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    resource_id: String,
    arn: String,
    min: u32,
    max: u32,
    suspended: String,
    /// The service's ARN, where the service is still there.
    service: Option<String>,
    tags: Tags,
}

impl Kind for ScalableTarget {
    const TYPE: &'static str = "AWS::ApplicationAutoScaling::ScalableTarget";
    const NOUN: &'static str = "scalable target";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none().after(&desired.of)
    }

    /// One call for the targets of wanted services and one a target for its tags; services that left the spec
    /// or are being replaced are asked for too.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let ids: BTreeMap<String, &Address> = wanted
            .iter()
            .map(|one| (one.desired.resource_id(), one.address))
            .collect();
        let asked: Vec<String> = ids.keys().cloned().collect();
        let (mut live, services) =
            try_join(read(cx.clients(), &asked), cx.live::<EcsService>()).await?;
        let arns: BTreeMap<String, &str> = services
            .iter()
            .filter_map(|(_, service)| Some((id_of(&service.arn)?, service.arn.as_str())))
            .collect();
        let kept: BTreeSet<&Address> = cx.blueprint().resources.keys().collect();
        let leaving = services.iter().filter(|(address, service)| {
            let known = id_of(&service.arn).is_some_and(|id| ids.contains_key(&id));
            let replaced = wanted.iter().any(|one| one.desired.of == *address);
            !known && (replaced || !kept.contains(address))
        });
        let leaving: Vec<String> = leaving.filter_map(|(_, one)| id_of(&one.arn)).collect();
        live.extend(read(cx.clients(), &leaving).await?);
        Ok(live
            .into_iter()
            .filter_map(|mut one| {
                one.service = arns.get(&one.resource_id).map(|arn| (*arn).to_owned());
                let wanted = ids.get(&one.resource_id).map(|address| (*address).clone());
                let address = wanted.or_else(|| cx.address_of(&one.tags))?;
                Some(if one.tags.retired() {
                    Found::Retired(address, one)
                } else {
                    Found::Owned(address, one)
                })
            })
            .collect())
    }

    fn id(live: &Live) -> String {
        live.resource_id.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(Arn::new(&live.arn))
    }

    fn uses(live: &Live) -> Vec<String> {
        live.service.iter().cloned().collect()
    }

    fn diff(desired: &Desired, live: &Live, _outputs: &dyn Resolve) -> Diff {
        let Desired {
            cluster: _, // both are in the resource id
            service: _,
            of: _, // says when, not what
            min,
            max,
            tags,
        } = desired;
        let mut diff = Diff::new();
        let why = "the target is the task count of one service";
        diff.immutable(
            "resource_id",
            &desired.resource_id(),
            &live.resource_id,
            why,
        );
        diff.field("min_capacity", min, &live.min);
        diff.field("max_capacity", max, &live.max);
        diff.field("suspended", &String::new(), &live.suspended);
        diff.tags(tags, &live.tags);
        diff
    }

    fn replace_order(_desired: &Desired, _live: &Live) -> ReplaceOrder {
        ReplaceOrder::CreateFirst
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let arn = match register(cx, desired, Some(&desired.tags)).await? {
            Registered::Now(arn) => arn,
            Registered::Before(live) => {
                register(cx, desired, None).await?;
                tag(cx, &live, &desired.tags).await?;
                Some(live.arn)
            }
        };
        cx.made(&desired.resource_id());
        Ok(Outputs::default().with_some(arn.map(Arn::new)))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let changes = ["min_capacity", "max_capacity", "suspended"];
        if changes.into_iter().any(|field| diff.has(field)) {
            register(cx, desired, None).await?;
        }
        tag(cx, live, &desired.tags).await?;
        Ok(Self::outputs(live))
    }

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        let mark = Tags::live([(Some(crate::resource::tags::RETIRED), Some("true"))]);
        tag(cx, live, &mark).await
    }

    /// Its policies and their alarms go with it.
    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        cx.clients()
            .autoscaling()
            .deregister_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id(&live.resource_id)
            .send()
            .await
            .map_err(failed("application-autoscaling:DeregisterScalableTarget"))
            .or_absent(&["ObjectNotFoundException"])?;
        Ok(Vec::new())
    }
}

impl Desired {
    fn resource_id(&self) -> String {
        resource_id(&self.cluster, &self.service)
    }
}

/// The resource id of the service `arn:aws:ecs:region:account:service/cluster/name`.
fn id_of(service_arn: &str) -> Option<String> {
    let (_, tail) = service_arn.split_once(":service/")?;
    let (cluster, service) = tail.split_once('/')?;
    Some(resource_id(cluster, service))
}

/// The targets of these services, with their tags.
async fn read(clients: &Clients, ids: &[String]) -> Result<Vec<Live>, Error> {
    let mut found = Vec::new();
    for chunk in ids.chunks(50) {
        let mut pages = clients
            .autoscaling()
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .set_resource_ids(Some(chunk.to_vec()))
            .into_paginator()
            .items()
            .send();
        while let Some(target) = pages.next().await {
            let call = failed("application-autoscaling:DescribeScalableTargets");
            found.push(target.map_err(call)?);
        }
    }
    try_join_all(found.into_iter().map(|one| with_tags(clients, one))).await
}

async fn with_tags(clients: &Clients, target: Sdk) -> Result<Live, Error> {
    let arn = target.scalable_target_arn().unwrap_or_default().to_owned();
    // Targets registered before tags existed have no ARN of their own.
    let tags = if arn.is_empty() {
        None
    } else {
        clients
            .autoscaling()
            .list_tags_for_resource()
            .resource_arn(&arn)
            .send()
            .await
            .map_err(failed("application-autoscaling:ListTagsForResource"))
            .or_absent(&["ResourceNotFoundException"])?
    };
    let tags = tags.and_then(|answer| answer.tags).unwrap_or_default();
    Ok(Live {
        resource_id: target.resource_id().to_owned(),
        arn,
        min: target.min_capacity().try_into().unwrap_or(0),
        max: target.max_capacity().try_into().unwrap_or(0),
        suspended: target.suspended_state().map(suspended).unwrap_or_default(),
        service: None,
        tags: Tags::live(
            tags.into_iter()
                .map(|(key, value)| (Some(key), Some(value))),
        ),
    })
}

/// What is switched off, in words; empty when nothing is.
fn suspended(state: &SuspendedState) -> String {
    let parts = [
        (state.dynamic_scaling_in_suspended(), "scaling in"),
        (state.dynamic_scaling_out_suspended(), "scaling out"),
        (state.scheduled_scaling_suspended(), "scheduled scaling"),
    ];
    let off: Vec<&str> = parts
        .into_iter()
        .filter(|(suspended, _)| *suspended == Some(true))
        .map(|(_, what)| what)
        .collect();
    off.join(", ")
}

/// What came of a registration.
enum Registered {
    /// It was done, and has this ARN.
    Now(Option<String>),
    /// With tags, and there was a target: an earlier try of the call made it, and its answer was lost.
    Before(Box<Live>),
}

/// Registers the target anew, which is also how its bounds change. Tags are taken with the first time only.
async fn register(cx: &Step, desired: &Desired, tags: Option<&Tags>) -> Result<Registered, Error> {
    let capacity = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let tags = tags.map(|tags| {
        tags.iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    });
    // The service was made moments ago and may be unknown here yet.
    let unseen = [
        "ValidationException",
        "ObjectNotFoundException",
        "ConcurrentUpdateException",
    ];
    let all_on = SuspendedState::builder()
        .dynamic_scaling_in_suspended(false)
        .dynamic_scaling_out_suspended(false)
        .scheduled_scaling_suspended(false)
        .build();
    let patience = Patience::seconds(3, 5, 60);
    let id = desired.resource_id();
    let done = cx.wait(WHAT, patience, || async {
        let call = cx
            .clients()
            .autoscaling()
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id(&id)
            .min_capacity(capacity(desired.min))
            .max_capacity(capacity(desired.max))
            .suspended_state(all_on.clone())
            .set_tags(tags.clone());
        let answer = call.send().await;
        match answer.map_err(failed("application-autoscaling:RegisterScalableTarget")) {
            Ok(answer) => Ok(Look::Ready(Registered::Now(answer.scalable_target_arn))),
            Err(error) if error.is(&unseen) => {
                let there = match tags {
                    Some(_) => read(cx.clients(), std::slice::from_ref(&id)).await?.pop(),
                    None => None,
                };
                let before = there.map(|live| Look::Ready(Registered::Before(Box::new(live))));
                Ok(before.unwrap_or_else(|| Look::Pending(error.to_string())))
            }
            Err(error) => Err(error.into()),
        }
    });
    match done.await? {
        Registered::Now(None) => Ok(Registered::Now(arn_of(cx, id).await?)),
        done => Ok(done),
    }
}

/// The ARN of a target that was just registered, where the answer did not say it; old targets have none.
async fn arn_of(cx: &Step, id: String) -> Result<Option<String>, Error> {
    cx.wait(WHAT, Patience::seconds(3, 5, 60), || async {
        let found = read(cx.clients(), std::slice::from_ref(&id)).await?;
        Ok(match found.into_iter().next() {
            Some(live) => Look::Ready((!live.arn.is_empty()).then_some(live.arn)),
            None => Look::Pending("not visible yet".to_owned()),
        })
    })
    .await
}

async fn tag(cx: &Step, live: &Live, want: &Tags) -> Result<(), Error> {
    let (set, remove) = (want.to_set(&live.tags), want.to_remove(&live.tags));
    if !set.is_empty() {
        let set = set
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        cx.clients()
            .autoscaling()
            .tag_resource()
            .resource_arn(&live.arn)
            .set_tags(Some(set))
            .send()
            .await
            .map_err(failed("application-autoscaling:TagResource"))?;
    }
    if !remove.is_empty() {
        cx.clients()
            .autoscaling()
            .untag_resource()
            .resource_arn(&live.arn)
            .set_tag_keys(Some(remove))
            .send()
            .await
            .map_err(failed("application-autoscaling:UntagResource"))?;
    }
    Ok(())
}
