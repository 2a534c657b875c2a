//! Services of a private DNS namespace, in which ECS registers its tasks.

use aws_sdk_servicediscovery::types::{
    DnsConfig, DnsConfigChange, DnsRecord, FilterCondition, HealthCheckCustomConfig, RecordType,
    RoutingPolicy, ServiceChange, ServiceFilter, ServiceFilterName, ServiceSummary,
};
use futures::future::try_join_all;
use futures::try_join;

use super::namespace::Namespace;
use super::tagging::unbuilt;
use super::{instances, operation, tagging};
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{
    Arn, Blocker, Diff, Effect, Error, Found, Kind, Look, NamespaceId, Observer, Output, Outputs,
    Patience, Ref, References, Resolve, ResourceName, Step, Tags, Wanted,
};

const CHANGE: Patience = Patience::seconds(3, 10, 300);
/// ECS takes its tasks out after they have stopped.
const RELEASE: Patience = Patience::seconds(4, 20, 900);

/// A service with A records, found by its name, which is unique in its namespace.
pub(crate) struct DiscoveryService;

/// What a service should be. Its record type is A and its health is what ECS says of its tasks; neither can change.
#[derive(Debug, Clone)]
pub(crate) struct DiscoveryServiceDesired {
    /// Its name; with the namespace's behind it, the name clients ask for.
    pub(crate) name: String,
    /// The namespace it is in.
    pub(crate) namespace: Ref<NamespaceId>,
    /// How many seconds a client may remember an answer.
    pub(crate) ttl: u32,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct DiscoveryServiceLive {
    pub(super) id: String,
    arn: String,
    pub(super) name: String,
    namespace: NamespaceId,
    records: Vec<(RecordType, i64)>,
    routing: String,
    custom_health: bool,
    tags: Tags,
}

impl Kind for DiscoveryService {
    const TYPE: &'static str = "AWS::ServiceDiscovery::Service";
    const NOUN: &'static str = "discovery service";

    type Desired = DiscoveryServiceDesired;
    type Live = DiscoveryServiceLive;

    fn references(desired: &DiscoveryServiceDesired) -> References {
        References::none().to(&desired.namespace)
    }

    /// Services live in the stack's own namespaces, so those need only be listed.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<DiscoveryServiceLive>>, Error> {
        let namespaces = cx.live::<Namespace>().await?;
        if namespaces.is_empty() {
            return Ok(Vec::new());
        }
        let listed = try_join_all(namespaces.iter().map(|(address, namespace)| async move {
            let listed = list(cx.clients(), &Namespace::id(namespace)).await?;
            Ok::<_, Error>(listed.into_iter().map(move |one| (address, one)))
        }));
        let (listed, inventory) = try_join!(listed, cx.inventory())?;
        let is_tagged = |arn: &str| {
            let mut tagged = inventory.of("servicediscovery", "service");
            tagged.any(|(tagged, _)| tagged == arn)
        };
        let concerns = |one: &DiscoveryServiceLive| {
            wanted.iter().any(|want| want.desired.name == one.name) || is_tagged(&one.arn)
        };
        let listed = listed.into_iter().flatten();
        let listed = listed.filter(|(_, one)| concerns(one));
        let read = try_join_all(listed.map(|(namespace, mut one)| async move {
            let tags = tagging::read(cx.clients(), &one.arn).await?;
            Ok::<_, Error>(tags.map(|tags| {
                one.tags = tags;
                (namespace, one)
            }))
        }));
        let mut found = Vec::new();
        for (namespace, one) in read.await?.into_iter().flatten() {
            found.extend(match cx.address_of(&one.tags) {
                Some(address) if one.tags.retired() => Some(Found::Retired(address, one)),
                Some(address) => Some(Found::Owned(address, one)),
                None => wanted
                    .iter()
                    .find(|want| {
                        want.desired.name == one.name
                            && want.desired.namespace.address() == Some(namespace)
                    })
                    .map(|want| {
                        let name = format!("service {} ({})", one.name, one.id);
                        Found::Foreign(want.address.clone(), name)
                    }),
            });
        }
        Ok(found)
    }

    fn id(live: &DiscoveryServiceLive) -> String {
        live.id.clone()
    }

    fn outputs(live: &DiscoveryServiceLive) -> Outputs {
        Outputs::default()
            .with(Arn::new(&live.arn))
            .with(ResourceName::new(&live.name))
    }

    fn uses(live: &DiscoveryServiceLive) -> Vec<String> {
        vec![live.namespace.to_string()]
    }

    fn diff(
        desired: &DiscoveryServiceDesired,
        live: &DiscoveryServiceLive,
        outputs: &dyn Resolve,
    ) -> Diff {
        let DiscoveryServiceDesired {
            name,
            namespace,
            ttl,
            tags,
        } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.name, "a service keeps its name");
        let moved = Effect::Replace("a service stays in its namespace");
        diff.reference("namespace", namespace, &live.namespace, outputs, moved);
        let types: Vec<String> = live
            .records
            .iter()
            .map(|(record, _)| record.to_string())
            .collect();
        diff.set(
            "record_type",
            &[RecordType::A.to_string()],
            &types,
            Effect::Replace("a service keeps the type of its records"),
        );
        if let [(_, live_ttl)] = live.records.as_slice() {
            diff.field("ttl", &i64::from(*ttl), live_ttl);
        }
        diff.immutable(
            "routing_policy",
            &RoutingPolicy::Multivalue.to_string(),
            &live.routing,
            "a service keeps its routing policy",
        );
        diff.immutable(
            "custom_health_check",
            &true,
            &live.custom_health,
            "a service keeps its sort of health check",
        );
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &DiscoveryServiceDesired) -> Result<Outputs, Error> {
        let namespace = cx.get(&desired.namespace)?;
        let config = DnsConfig::builder()
            .routing_policy(RoutingPolicy::Multivalue)
            .dns_records(record(desired.ttl)?)
            .build()
            .map_err(unbuilt)?;
        let answer = cx
            .clients()
            .discovery()
            .create_service()
            .name(&desired.name)
            .namespace_id(namespace.as_str())
            .dns_config(config)
            .health_check_custom_config(HealthCheckCustomConfig::builder().build())
            .set_tags(Some(tagging::sdk(&desired.tags)?))
            .send()
            .await
            .map_err(failed("servicediscovery:CreateService"));
        let live = match answer {
            Ok(answer) => {
                let made = answer.service.and_then(|one| {
                    let summary = ServiceSummary::builder()
                        .set_id(one.id)
                        .set_arn(one.arn)
                        .set_name(one.name);
                    read(&summary.build(), namespace.as_str())
                });
                made.ok_or(Error::Incomplete {
                    operation: "servicediscovery:CreateService",
                    missing: "an ARN",
                })?
            }
            // A repeated call whose first answer was lost.
            Err(error) if error.is(&["ServiceAlreadyExists"]) => {
                let listed = list(cx.clients(), namespace.as_str()).await?;
                let there = listed.into_iter().find(|one| one.name == desired.name);
                let Some(there) = there else {
                    return Err(error.into());
                };
                let tags = tagging::read(cx.clients(), &there.arn).await?;
                let current = tags.filter(|tags| !tags.retired());
                let address = current.and_then(|tags| tags.address_in(cx.stack()));
                if address.as_ref() != Some(&cx.address) {
                    return Err(error.into());
                }
                there
            }
            Err(error) => return Err(error.into()),
        };
        cx.made(&live.id);
        Ok(Self::outputs(&live))
    }

    async fn update(
        cx: &Step,
        desired: &DiscoveryServiceDesired,
        live: &DiscoveryServiceLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("ttl") {
            let config = DnsConfigChange::builder()
                .dns_records(record(desired.ttl)?)
                .build()
                .map_err(unbuilt)?;
            let answer = cx
                .clients()
                .discovery()
                .update_service()
                .id(&live.id)
                .service(ServiceChange::builder().dns_config(config).build())
                .send()
                .await
                .map_err(failed("servicediscovery:UpdateService"))?;
            if let Some(id) = answer.operation_id {
                let what = format!("change of service {}", live.name);
                operation::done(cx, &what, &id, CHANGE).await?;
            }
        }
        if diff.has("tags") {
            tagging::write(cx, &live.arn, &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn retire(cx: &Step, live: &DiscoveryServiceLive) -> Result<(), Error> {
        tagging::retire(cx, &live.arn).await
    }

    /// What ECS registered, ECS takes out; what somebody else registered stays and holds the service.
    async fn blockers(
        cx: &Observer,
        _desired: Option<&DiscoveryServiceDesired>,
        live: &DiscoveryServiceLive,
    ) -> Result<Vec<Blocker>, Error> {
        instances::blockers(cx, &live.id, &live.name).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&DiscoveryServiceDesired>,
        live: &DiscoveryServiceLive,
    ) -> Result<Vec<String>, Error> {
        let what = format!("deletion of service {}", live.name);
        cx.wait(&what, RELEASE, || async {
            let deleted = cx
                .clients()
                .discovery()
                .delete_service()
                .id(&live.id)
                .send()
                .await
                .map_err(failed("servicediscovery:DeleteService"))
                .or_absent(&["ServiceNotFound"]);
            match deleted {
                Ok(_) => Ok(Look::Ready(())),
                Err(error) if error.is(&["ResourceInUse"]) => {
                    let instances = instances::list(cx.clients(), &live.id).await?;
                    let ids: Vec<&str> = instances.iter().filter_map(|one| one.id()).collect();
                    let state = format!("still registered in it: {}", ids.join(", "));
                    Ok(Look::Pending(state))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await?;
        Ok(Vec::new())
    }
}

fn record(ttl: u32) -> Result<DnsRecord, Error> {
    DnsRecord::builder()
        .r#type(RecordType::A)
        .ttl(i64::from(ttl))
        .build()
        .map_err(unbuilt)
}

/// The services of a namespace, without their tags.
pub(super) async fn list(
    clients: &Clients,
    namespace: &str,
) -> Result<Vec<DiscoveryServiceLive>, Error> {
    let filter = ServiceFilter::builder()
        .name(ServiceFilterName::NamespaceId)
        .condition(FilterCondition::Eq)
        .values(namespace)
        .build()
        .map_err(unbuilt)?;
    let mut pages = clients
        .discovery()
        .list_services()
        .filters(filter)
        .into_paginator()
        .send();
    let mut listed = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("servicediscovery:ListServices"))?;
        let services = page.services.unwrap_or_default();
        listed.extend(services.iter().filter_map(|one| read(one, namespace)));
    }
    Ok(listed)
}

fn read(one: &ServiceSummary, namespace: &str) -> Option<DiscoveryServiceLive> {
    let config = one.dns_config();
    let records = config.map(DnsConfig::dns_records).unwrap_or_default();
    let routing = config.and_then(DnsConfig::routing_policy);
    Some(DiscoveryServiceLive {
        id: one.id()?.to_owned(),
        arn: one.arn()?.to_owned(),
        name: one.name()?.to_owned(),
        namespace: NamespaceId::new(namespace),
        records: records
            .iter()
            .map(|record| (record.r#type().clone(), record.ttl()))
            .collect(),
        routing: routing.map_or_else(String::new, ToString::to_string),
        custom_health: one.health_check_custom_config().is_some(),
        tags: Tags::default(),
    })
}
