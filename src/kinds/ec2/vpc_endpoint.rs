//! VPC endpoints: AWS services reached without the internet.

use aws_sdk_ec2::types::{ResourceType, VpcEndpointType};

use super::calls::{QUICK, required, unrepeated};
use super::tagging;
use super::vpc_endpoint_calls::{
    ABSENT, DELETE, NOT_YET, available, find, list, modify, predecessors_gone, texts, unsuccessful,
};
use crate::aws::{OrAbsent, failed};
use crate::resource::{
    Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Ref, References,
    ReplaceOrder, Resolve, RouteTableId, SecurityGroupId, Step, SubnetId, Tags, VpcId, Wanted,
};

/// An endpoint of one AWS service.
///
/// Its policy is AWS's default, full access: what may be called is for the callers' roles to say. One that is being
/// deleted counts as absent where a new one is wanted, which then waits for its private DNS name to be free.
pub(crate) struct VpcEndpoint;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The VPC it serves.
    pub(crate) vpc: Ref<VpcId>,
    /// The service, such as `com.amazonaws.eu-west-1.s3`.
    pub(crate) service: String,
    /// How it is reached.
    pub(crate) reach: Reach,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// How an endpoint is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// By routes to the service's public addresses.
    Gateway {
        /// The tables that get such a route.
        route_tables: Vec<Ref<RouteTableId>>,
    },
    /// By interfaces that the service's own DNS name points at.
    Interface {
        /// One interface in each.
        subnets: Vec<Ref<SubnetId>>,
        /// The groups of the interfaces.
        groups: Vec<Ref<SecurityGroupId>>,
    },
}

impl Reach {
    fn endpoint_type(&self) -> VpcEndpointType {
        match self {
            Self::Gateway { .. } => VpcEndpointType::Gateway,
            Self::Interface { .. } => VpcEndpointType::Interface,
        }
    }
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub(super) id: String,
    pub(super) vpc: VpcId,
    pub(super) service: String,
    pub(super) endpoint_type: String,
    /// In lower case: AWS answers now one way, now the other.
    pub(super) state: String,
    pub(super) failure: Option<String>,
    pub(super) route_tables: Vec<RouteTableId>,
    pub(super) subnets: Vec<SubnetId>,
    pub(super) groups: Vec<SecurityGroupId>,
    pub(super) private_dns: bool,
    pub(super) tags: Tags,
}

impl Kind for VpcEndpoint {
    const TYPE: &'static str = "AWS::EC2::VPCEndpoint";
    const NOUN: &'static str = "VPC endpoint";
    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let references = References::none().to(&desired.vpc);
        match &desired.reach {
            Reach::Gateway { route_tables } => references.to_all(route_tables),
            Reach::Interface { subnets, groups } => references.to_all(subnets).to_all(groups),
        }
    }

    async fn observe(
        cx: &Observer,
        _wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let live = list(cx.clients(), vec![tagging::of_stack(cx.stack())]).await?;
        let found = live.into_iter().filter_map(|live| {
            let going = live.state == "deleting";
            let found = tagging::found(cx, &live.tags.clone(), live)?;
            Some(if going { found.leaving() } else { found })
        });
        Ok(found.collect())
    }

    fn id(live: &Live) -> String {
        live.id.clone()
    }

    fn outputs(_live: &Live) -> Outputs {
        Outputs::default()
    }

    fn uses(live: &Live) -> Vec<String> {
        let tables = live.route_tables.iter().map(ToString::to_string);
        let subnets = live.subnets.iter().map(ToString::to_string);
        let groups = live.groups.iter().map(ToString::to_string);
        let vpc = [live.vpc.to_string()];
        tables.chain(subnets).chain(groups).chain(vpc).collect()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            vpc,
            service,
            reach,
            tags,
        } = desired;
        let mut diff = Diff::new();
        match live.state.as_str() {
            "available" => {}
            "pending" | "partial" => diff.pending("state", &live.state, "available"),
            state => {
                let reason = live.failure.as_deref().unwrap_or("no reason given");
                let state = format!("{state}: {reason}");
                diff.broken("state", &state, "available", "it has failed for good");
            }
        }
        let elsewhere = Effect::Replace("an endpoint belongs to one VPC");
        diff.reference("vpc_id", vpc, &live.vpc, outputs, elsewhere);
        let other = "an endpoint is for one service, in one way";
        diff.immutable("service_name", service, &live.service, other);
        let want = reach.endpoint_type();
        diff.immutable(
            "vpc_endpoint_type",
            &want.as_str(),
            &live.endpoint_type.as_str(),
            other,
        );
        match reach {
            Reach::Gateway { route_tables } => {
                let have = &live.route_tables;
                diff.references(
                    "route_table_ids",
                    route_tables,
                    have,
                    outputs,
                    Effect::InPlace,
                );
            }
            Reach::Interface { subnets, groups } => {
                diff.references(
                    "subnet_ids",
                    subnets,
                    &live.subnets,
                    outputs,
                    Effect::InPlace,
                );
                let have = &live.groups;
                diff.references("security_group_ids", groups, have, outputs, Effect::InPlace);
                diff.field("private_dns_enabled", &true, &live.private_dns);
            }
        }
        diff.tags(tags, &live.tags);
        diff
    }

    /// Two of one service cannot both have its DNS name; only one that failed stands in the way.
    fn replace_order(_desired: &Desired, live: &Live) -> ReplaceOrder {
        if matches!(live.state.as_str(), "available" | "pending" | "partial") {
            ReplaceOrder::CreateFirst
        } else {
            ReplaceOrder::DeleteFirst
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        predecessors_gone(cx).await?;
        let vpc = cx.get(&desired.vpc)?;
        let call = cx
            .clients()
            .ec2()
            .create_vpc_endpoint()
            .vpc_id(vpc.as_str())
            .service_name(&desired.service)
            .vpc_endpoint_type(desired.reach.endpoint_type())
            .tag_specifications(tagging::specification(
                ResourceType::VpcEndpoint,
                &desired.tags,
            ));
        let call = match &desired.reach {
            Reach::Gateway { route_tables } => {
                call.set_route_table_ids(Some(texts(&cx.get_all(route_tables)?)))
            }
            Reach::Interface { subnets, groups } => call
                .set_subnet_ids(Some(texts(&cx.get_all(subnets)?)))
                .set_security_group_ids(Some(texts(&cx.get_all(groups)?)))
                .private_dns_enabled(true),
        };
        let create = || {
            let call = call.clone().customize().config_override(unrepeated());
            async move { call.send().await.map_err(failed("ec2:CreateVpcEndpoint")) }
        };
        let answer = cx.retry("its network", QUICK, NOT_YET, create).await?;
        let id = answer.vpc_endpoint().and_then(|one| one.vpc_endpoint_id());
        let id = required(id, "ec2:CreateVpcEndpoint", "the endpoint's id")?;
        cx.made(id);
        available(cx, id).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let fields = [
            "route_table_ids",
            "subnet_ids",
            "security_group_ids",
            "private_dns_enabled",
        ];
        if fields.into_iter().any(|field| diff.has(field)) {
            // AWS changes no endpoint that is not ready.
            available(cx, &live.id).await?;
            modify(cx, &desired.reach, live, diff).await?;
        }
        if diff.has("tags") {
            tagging::update(cx, &live.id, &desired.tags, &live.tags).await?;
        }
        available(cx, &live.id).await
    }

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        tagging::retire(cx, &live.id).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let id = live.id.as_str();
        let call = cx
            .clients()
            .ec2()
            .delete_vpc_endpoints()
            .vpc_endpoint_ids(id);
        let answer = call.send().await.map_err(failed("ec2:DeleteVpcEndpoints"));
        let Some(answer) = answer.or_absent(ABSENT)? else {
            return Ok(Vec::new());
        };
        unsuccessful(&answer)?;
        cx.wait("the endpoint to be gone", DELETE, || async move {
            let found = find(cx.clients(), id).await?;
            Ok(found.map_or(Look::Ready(()), |live| Look::Pending(live.state)))
        })
        .await?;
        Ok(Vec::new())
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn live(state: &str) -> Live {
        Live {
            id: "vpce-1".to_owned(),
            vpc: VpcId::new("vpc-1"),
            service: "com.amazonaws.eu-west-1.logs".to_owned(),
            endpoint_type: "Interface".to_owned(),
            state: state.to_owned(),
            failure: None,
            route_tables: Vec::new(),
            subnets: vec![SubnetId::new("subnet-2"), SubnetId::new("subnet-1")],
            groups: vec![SecurityGroupId::new("sg-1")],
            private_dns: true,
            tags: Tags::default(),
        }
    }

    fn desired(subnets: &[&str]) -> Desired {
        Desired {
            vpc: Ref::Literal(VpcId::new("vpc-1")),
            service: "com.amazonaws.eu-west-1.logs".to_owned(),
            reach: Reach::Interface {
                subnets: subnets
                    .iter()
                    .map(|id| Ref::Literal(SubnetId::new(*id)))
                    .collect(),
                groups: vec![Ref::Literal(SecurityGroupId::new("sg-1"))],
            },
            tags: Tags::default(),
        }
    }

    #[test]
    fn subnets_are_a_set_and_change_in_place() {
        let same = desired(&["subnet-1", "subnet-2"]);
        assert!(VpcEndpoint::diff(&same, &live("available"), &Nothing).is_empty());
        let more = desired(&["subnet-1", "subnet-2", "subnet-3"]);
        let diff = VpcEndpoint::diff(&more, &live("available"), &Nothing);
        assert!(diff.has("subnet_ids") && diff.replacing().count() == 0);
    }

    #[test]
    fn one_that_failed_is_replaced() {
        let same = desired(&["subnet-1", "subnet-2"]);
        let failed = live("failed");
        assert_eq!(
            VpcEndpoint::diff(&same, &failed, &Nothing)
                .replacing()
                .count(),
            1
        );
        assert_eq!(
            VpcEndpoint::replace_order(&same, &failed),
            ReplaceOrder::DeleteFirst
        );
        let pending = VpcEndpoint::diff(&same, &live("pending"), &Nothing);
        assert_eq!(
            (pending.changes().len(), pending.replacing().count()),
            (1, 0)
        );
    }
}
