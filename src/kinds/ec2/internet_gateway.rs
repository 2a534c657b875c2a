//! Internet gateways: the way of public subnets to the internet.

use aws_sdk_ec2::types::{Filter, ResourceType};

use super::calls::{QUICK, RELEASE, filter, required, unrepeated};
use super::interfaces::Removal;
use super::tagging;
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{
    Diff, Effect, Error, Found, InternetGatewayId, Kind, Look, Observer, Output, Outputs, Ref,
    References, Resolve, Step, Tags, VpcId, Wanted,
};

const ABSENT: &[&str] = &["InvalidInternetGatewayID.NotFound"];
const DETACHED: &[&str] = &["InvalidInternetGatewayID.NotFound", "Gateway.NotAttached"];

/// An internet gateway and its attachment to the VPC. One that is not attached yet is half made, and is attached.
pub(crate) struct InternetGateway;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The VPC it is attached to.
    pub(crate) vpc: Ref<VpcId>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// Its id.
    pub(crate) id: InternetGatewayId,
    /// The VPC it is attached to, or being attached to or detached from.
    pub(crate) vpc: Option<VpcId>,
    /// The state of that attachment; EC2 says `available` where its documentation says `attached`.
    pub(crate) attachment: String,
    /// Its tags.
    pub(crate) tags: Tags,
}

impl Live {
    fn is_attached(&self) -> bool {
        matches!(self.attachment.as_str(), "available" | "attached")
    }
}

impl Kind for InternetGateway {
    const TYPE: &'static str = "AWS::EC2::InternetGateway";
    const NOUN: &'static str = "internet gateway";
    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none().to(&desired.vpc)
    }

    async fn observe(
        cx: &Observer,
        _wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let ours = list(cx.clients(), tagging::of_stack(cx.stack())).await?;
        Ok(ours
            .into_iter()
            .filter_map(|live| tagging::found(cx, &live.tags.clone(), live))
            .collect())
    }

    fn id(live: &Live) -> String {
        live.id.to_string()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(live.id.clone())
    }

    fn uses(live: &Live) -> Vec<String> {
        live.vpc.iter().map(ToString::to_string).collect()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired { vpc, tags } = desired;
        let mut diff = Diff::new();
        match &live.vpc {
            Some(have) => {
                let effect = Effect::Replace(
                    "a gateway cannot leave its VPC while addresses in it are mapped",
                );
                diff.reference("vpc_id", vpc, have, outputs, effect);
                if !live.is_attached() {
                    diff.pending("attachment", &live.attachment, "attached");
                }
            }
            None => {
                let want = vpc.resolve(outputs).map(|vpc| vpc.to_string());
                diff.push("vpc_id".to_owned(), None, want, Effect::InPlace);
            }
        }
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let vpc = cx.get(&desired.vpc)?;
        let ec2 = cx.clients().ec2();
        let create = || {
            let tags = tagging::specification(ResourceType::InternetGateway, &desired.tags);
            let call = ec2
                .create_internet_gateway()
                .tag_specifications(tags)
                .customize()
                .config_override(unrepeated());
            async move {
                call.send()
                    .await
                    .map_err(failed("ec2:CreateInternetGateway"))
            }
        };
        let answer = cx
            .retry("the gateway", QUICK, &["RequestLimitExceeded"], create)
            .await?;
        let id = answer
            .internet_gateway()
            .and_then(|gateway| gateway.internet_gateway_id());
        let id = required(id, "ec2:CreateInternetGateway", "the gateway's id")?;
        let id = InternetGatewayId::new(id);
        cx.made(id.as_str());
        attach(cx, &id, &vpc).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("tags") {
            tagging::update(cx, live.id.as_str(), &desired.tags, &live.tags).await?;
        }
        if diff.has("vpc_id") || diff.has("attachment") {
            return attach(cx, &live.id, &cx.get(&desired.vpc)?).await;
        }
        Ok(Self::outputs(live))
    }

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        tagging::retire(cx, live.id.as_str()).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let ec2 = cx.clients().ec2();
        let id = live.id.as_str();
        if let Some(vpc) = &live.vpc {
            let removal = Removal {
                what: "public addresses to be unmapped",
                patience: RELEASE,
                holders: filter("vpc-id", [vpc.as_str()]),
                only_public: true,
                held: &["DependencyViolation"],
            };
            let detach = || {
                let call = ec2
                    .detach_internet_gateway()
                    .internet_gateway_id(id)
                    .vpc_id(vpc.as_str());
                async move {
                    let answer = call
                        .send()
                        .await
                        .map_err(failed("ec2:DetachInternetGateway"));
                    answer.or_absent(DETACHED).map(drop)
                }
            };
            removal.run(cx, detach).await?;
        }
        let delete = || {
            let call = ec2.delete_internet_gateway().internet_gateway_id(id);
            async move {
                let answer = call
                    .send()
                    .await
                    .map_err(failed("ec2:DeleteInternetGateway"));
                answer.or_absent(ABSENT).map(drop)
            }
        };
        let codes = ["DependencyViolation", "RequestLimitExceeded"];
        cx.retry("the gateway to be detached", QUICK, &codes, delete)
            .await?;
        Ok(Vec::new())
    }
}

async fn list(clients: &Clients, which: Filter) -> Result<Vec<Live>, Error> {
    let mut pages = clients
        .ec2()
        .describe_internet_gateways()
        .filters(which)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(gateway) = pages.next().await {
        let gateway = gateway.map_err(failed("ec2:DescribeInternetGateways"))?;
        let id = gateway.internet_gateway_id();
        let id = required(id, "ec2:DescribeInternetGateways", "a gateway's id")?;
        // A gateway has at most one attachment; AWS lists one that is gone as `detached` for a while.
        let attachment = gateway.attachments().iter().find(|attachment| {
            attachment
                .state()
                .is_some_and(|state| state.as_str() != "detached")
        });
        let state = attachment.and_then(|attachment| attachment.state());
        found.push(Live {
            id: InternetGatewayId::new(id),
            vpc: attachment.and_then(|one| one.vpc_id()).map(VpcId::new),
            attachment: state.map_or("detached", |state| state.as_str()).to_owned(),
            tags: tagging::from_sdk(gateway.tags()),
        });
    }
    Ok(found)
}

/// Attaches a gateway where it is not yet, and waits until it is.
async fn attach(cx: &Step, id: &InternetGatewayId, vpc: &VpcId) -> Result<Outputs, Error> {
    let ec2 = cx.clients().ec2();
    let attach = || {
        let call = ec2
            .attach_internet_gateway()
            .internet_gateway_id(id.as_str())
            .vpc_id(vpc.as_str());
        async move {
            let answer = call
                .send()
                .await
                .map_err(failed("ec2:AttachInternetGateway"));
            // Attached already: to which VPC, the wait below looks.
            answer.or_absent(&["Resource.AlreadyAssociated"]).map(drop)
        }
    };
    let not_yet = [
        "InvalidInternetGatewayID.NotFound",
        "InvalidVpcID.NotFound",
        "RequestLimitExceeded",
    ];
    cx.retry("the gateway's attachment", QUICK, &not_yet, attach)
        .await?;
    cx.wait("the gateway's attachment", QUICK, || async move {
        let found = list(cx.clients(), filter("internet-gateway-id", [id.as_str()])).await?;
        Ok(match found.into_iter().next() {
            Some(live) if live.is_attached() && live.vpc.as_ref() == Some(vpc) => {
                Look::Ready(InternetGateway::outputs(&live))
            }
            Some(live) => Look::Pending(live.attachment),
            None => Look::Pending("not visible yet".to_owned()),
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn diff(vpc: Option<&str>, attachment: &str) -> Diff {
        let desired = Desired {
            vpc: Ref::Literal(VpcId::new("vpc-1")),
            tags: Tags::default(),
        };
        let live = Live {
            id: InternetGatewayId::new("igw-1"),
            vpc: vpc.map(VpcId::new),
            attachment: attachment.to_owned(),
            tags: Tags::default(),
        };
        InternetGateway::diff(&desired, &live, &Nothing)
    }

    #[test]
    fn only_a_gateway_of_another_vpc_is_replaced() {
        assert!(diff(Some("vpc-1"), "available").is_empty());
        let cut_short = diff(None, "detached");
        assert!(cut_short.has("vpc_id") && cut_short.replacing().count() == 0);
        assert_eq!(diff(Some("vpc-2"), "available").replacing().count(), 1);
    }
}
