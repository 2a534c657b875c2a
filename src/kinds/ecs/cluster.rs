//! The ECS cluster that services and migrations run in.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{Cluster, ClusterField, ClusterSetting, ClusterSettingName};
use futures::future::try_join;

use super::acceptance::until_accepted;
use super::{cluster_blockers, tagging};
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{
    Arn, Blocker, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Patience,
    References, ReplaceOrder, Resolve, ResourceName, Step, Tags, Wanted,
};

/// The capacity providers of Fargate: every cluster offers both, services choose.
const PROVIDERS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

const WHAT: &str = "the ECS cluster";

/// An ECS cluster on Fargate.
#[derive(Debug)]
pub(crate) struct EcsCluster;

/// What a cluster should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// Its name, which cannot be changed.
    pub(crate) name: String,
    /// Whether Container Insights collects metrics of its own, which cost extra. An account may default to on.
    pub(crate) container_insights: bool,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) arn: String,
    pub(crate) name: String,
    status: String,
    insights: String,
    providers: Vec<String>,
    tags: Tags,
}

impl Kind for EcsCluster {
    const TYPE: &'static str = "AWS::ECS::Cluster";
    const NOUN: &'static str = "ECS cluster";

    type Desired = Desired;
    type Live = Live;

    fn references(_desired: &Desired) -> References {
        References::none()
    }

    /// Wanted clusters by name, at once with the inventory; only a cluster that left the spec costs another call.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let names: BTreeSet<&str> = wanted.iter().map(|one| one.desired.name.as_str()).collect();
        let by_name = describe(
            cx.clients(),
            names.iter().copied().map(str::to_owned).collect(),
        );
        let (mut live, inventory) = try_join(by_name, cx.inventory()).await?;
        let others = inventory
            .of("ecs", "cluster")
            .filter(|(arn, _)| {
                arn.rsplit('/')
                    .next()
                    .is_none_or(|name| !names.contains(name))
            })
            .map(|(arn, _)| arn.to_owned())
            .collect();
        live.extend(describe(cx.clients(), others).await?);
        Ok(live
            .into_iter()
            .filter_map(|one| place(cx, wanted, one))
            .collect())
    }

    fn id(live: &Live) -> String {
        live.arn.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default()
            .with(Arn::new(&live.arn))
            .with(ResourceName::new(&live.name))
    }

    fn uses(_live: &Live) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &Desired, live: &Live, _outputs: &dyn Resolve) -> Diff {
        let Desired {
            name,
            container_insights,
            tags,
        } = desired;
        let mut diff = Diff::new();
        match live.status.as_str() {
            "FAILED" => diff.broken(
                "status",
                "FAILED",
                "ACTIVE",
                "a failed cluster cannot be used",
            ),
            "ACTIVE" => {}
            status => diff.pending("status", status, "ACTIVE"),
        }
        diff.immutable("name", name, &live.name, "a cluster cannot be renamed");
        diff.field(
            "container_insights",
            &insights(*container_insights).to_owned(),
            &live.insights,
        );
        diff.set(
            "capacity_providers",
            &PROVIDERS.map(str::to_owned),
            &live.providers,
            Effect::InPlace,
        );
        diff.tags(tags, &live.tags);
        diff
    }

    fn replace_order(desired: &Desired, live: &Live) -> ReplaceOrder {
        if desired.name == live.name {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let Desired {
            name,
            container_insights,
            tags,
        } = desired;
        let patience = Patience::seconds(3, 5, 120);
        // The call is idempotent by name: a repeated one answers the cluster that is there.
        let made = until_accepted(cx, WHAT, patience, || async {
            cx.clients()
                .ecs()
                .create_cluster()
                .cluster_name(name)
                .settings(setting(*container_insights))
                .set_capacity_providers(Some(PROVIDERS.map(str::to_owned).to_vec()))
                .set_tags(Some(tagging::to_sdk(tags)))
                .send()
                .await
                .map_err(failed("ecs:CreateCluster"))
        })
        .await?;
        if let Some(arn) = made.cluster().and_then(Cluster::cluster_arn) {
            cx.made(arn);
        }
        wait_active(cx, name).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("container_insights") {
            cx.clients()
                .ecs()
                .update_cluster()
                .cluster(&live.arn)
                .settings(setting(desired.container_insights))
                .send()
                .await
                .map_err(failed("ecs:UpdateCluster"))?;
        }
        if diff.has("capacity_providers") {
            let patience = Patience::seconds(5, 10, 300);
            let busy = ["UpdateInProgressException", "ResourceInUseException"];
            cx.retry(WHAT, patience, &busy, || async {
                cx.clients()
                    .ecs()
                    .put_cluster_capacity_providers()
                    .cluster(&live.arn)
                    .set_capacity_providers(Some(PROVIDERS.map(str::to_owned).to_vec()))
                    .set_default_capacity_provider_strategy(Some(Vec::new()))
                    .send()
                    .await
                    .map_err(failed("ecs:PutClusterCapacityProviders"))
            })
            .await?;
        }
        tagging::apply(cx, &live.arn, &desired.tags, &live.tags).await?;
        wait_active(cx, &live.name).await
    }

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        tagging::retire(cx, &live.arn).await
    }

    /// Services that are not the stack's, and tasks of theirs, keep a cluster from being deleted.
    async fn blockers(
        cx: &Observer,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<Blocker>, Error> {
        cluster_blockers::find(cx, live).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let held = [
            "ClusterContainsServicesException",
            "ClusterContainsTasksException",
            "ClusterContainsContainerInstancesException",
            "ClusterContainsCapacityProviderException",
            "UpdateInProgressException",
        ];
        let patience = Patience::seconds(5, 5, 900);
        cx.retry(WHAT, patience, &held, || async {
            cx.clients()
                .ecs()
                .delete_cluster()
                .cluster(&live.arn)
                .send()
                .await
                .map_err(failed("ecs:DeleteCluster"))
                .or_absent(&["ClusterNotFoundException"])
        })
        .await?;
        cx.wait(WHAT, patience, || async {
            let left = describe(cx.clients(), vec![live.arn.clone()]).await?;
            Ok(match left.into_iter().next() {
                Some(cluster) => Look::Pending(cluster.status),
                None => Look::Ready(()),
            })
        })
        .await?;
        Ok(Vec::new())
    }
}

fn place(cx: &Observer, wanted: &[Wanted<'_, EcsCluster>], live: Live) -> Option<Found<Live>> {
    let named = wanted.iter().find(|one| one.desired.name == live.name);
    let Some(address) = cx.address_of(&live.tags) else {
        return named
            .map(|one| Found::Foreign(one.address.clone(), format!("ECS cluster {}", live.name)));
    };
    Some(if live.tags.retired() {
        Found::Retired(address, live)
    } else {
        Found::Owned(address, live)
    })
}

/// Clusters by name or ARN; those that are gone (`INACTIVE`) or on their way out are left out.
async fn describe(clients: &Clients, names: Vec<String>) -> Result<Vec<Live>, Error> {
    let mut found = Vec::new();
    for chunk in names.chunks(100) {
        let answer = clients
            .ecs()
            .describe_clusters()
            .set_clusters(Some(chunk.to_vec()))
            .include(ClusterField::Tags)
            .include(ClusterField::Settings)
            .send()
            .await
            .map_err(failed("ecs:DescribeClusters"))?;
        let there = answer
            .clusters()
            .iter()
            .filter(|one| !matches!(one.status(), Some("INACTIVE" | "DEPROVISIONING")));
        found.extend(there.filter_map(from_sdk));
    }
    Ok(found)
}

fn from_sdk(cluster: &Cluster) -> Option<Live> {
    let setting =
        |setting: &&ClusterSetting| setting.name() == Some(&ClusterSettingName::ContainerInsights);
    Some(Live {
        arn: cluster.cluster_arn()?.to_owned(),
        name: cluster.cluster_name()?.to_owned(),
        status: cluster.status().unwrap_or("ACTIVE").to_owned(),
        insights: cluster
            .settings()
            .iter()
            .find(setting)
            .and_then(ClusterSetting::value)
            .unwrap_or("disabled")
            .to_owned(),
        providers: cluster.capacity_providers().to_vec(),
        tags: tagging::from_sdk(cluster.tags()),
    })
}

fn setting(on: bool) -> ClusterSetting {
    ClusterSetting::builder()
        .name(ClusterSettingName::ContainerInsights)
        .value(insights(on))
        .build()
}

fn insights(on: bool) -> &'static str {
    if on { "enabled" } else { "disabled" }
}

async fn wait_active(cx: &Step, name: &str) -> Result<Outputs, Error> {
    cx.wait(WHAT, Patience::seconds(3, 5, 600), || async {
        let found = describe(cx.clients(), vec![name.to_owned()]).await?;
        match found.into_iter().next() {
            None => Ok(Look::Pending("not visible yet".to_owned())),
            Some(live) if live.status == "ACTIVE" => Ok(Look::Ready(EcsCluster::outputs(&live))),
            Some(live) if live.status == "FAILED" => Err(Error::Failed {
                what: WHAT.to_owned(),
                state: live.status,
                detail: Vec::new(),
            }),
            Some(live) => Ok(Look::Pending(live.status)),
        }
    })
    .await
}
