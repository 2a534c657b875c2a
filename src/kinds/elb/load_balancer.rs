//! The internet-facing Application Load Balancer.

use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancer as SdkLoadBalancer, LoadBalancerSchemeEnum, LoadBalancerTypeEnum,
};
use futures::future::try_join_all;
use futures::try_join;

use super::attributes::{self, AccessLogs};
use super::look::{self, LoadBalancerLive};
use super::{balancer_blockers, tagging};
use crate::aws::{OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Address, Ailment, Arn, Blocker, CanonicalZoneId, Diff, DnsName, Effect, Error, Found, Kind,
    Look, Observer, Output, Outputs, Patience, Ref, References, ReplaceOrder, Resolve,
    ResourceLabel, ResourceName, SecurityGroupId, Step, SubnetId, Tags, VpcId, Wanted,
};

/// Published logs of provisioning tools: 141 to 187 seconds.
const CREATION: Patience = Patience::seconds(4, 160, 900);
const DELETION: Patience = Patience::seconds(3, 5, 300);

/// An Application Load Balancer, found by its name, which is unique in a region.
pub(crate) struct LoadBalancer;

/// What the load balancer should be.
#[derive(Debug, Clone)]
pub(crate) struct LoadBalancerDesired {
    /// Its name, at most 32 letters, digits and hyphens.
    pub(crate) name: String,
    /// The VPC it stands in.
    pub(crate) vpc: Ref<VpcId>,
    /// One public subnet a zone, in two zones at least.
    pub(crate) subnets: Vec<Ref<SubnetId>>,
    /// Its security groups.
    pub(crate) security_groups: Vec<Ref<SecurityGroupId>>,
    /// After how many seconds without traffic it closes a connection, 1 to 4000.
    pub(crate) idle_timeout: u32,
    /// Whether AWS refuses to delete it; nothing where nobody has said, which is no, but takes no leave to delete one
    /// that somebody protected.
    pub(crate) deletion_protection: Option<bool>,
    /// Where its access logs go, if anywhere.
    pub(crate) access_logs: Option<AccessLogs>,
    /// Whether headers with other characters than letters, digits and hyphens are taken out.
    pub(crate) drop_invalid_headers: bool,
    /// What must be there before it: AWS refuses an internet-facing one in a VPC without a gateway.
    pub(crate) after: Vec<Address>,
    /// Its tags.
    pub(crate) tags: Tags,
}

impl Kind for LoadBalancer {
    const TYPE: &'static str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
    const NOUN: &'static str = "load balancer";

    type Desired = LoadBalancerDesired;
    type Live = LoadBalancerLive;

    fn references(desired: &LoadBalancerDesired) -> References {
        let logs = desired.access_logs.as_ref();
        let logs = logs.map(|logs| &logs.bucket);
        References::none()
            .to_all(logs)
            .to(&desired.vpc)
            .to_all(&desired.subnets)
            .to_all(&desired.security_groups)
            .after_all(&desired.after)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<LoadBalancerLive>>, Error> {
        let named = try_join_all(wanted.iter().map(|one| async {
            let found = look::find_named(cx.clients(), &one.desired.name, cx.stack()).await?;
            Ok::<_, Error>((one.address, found))
        }));
        let (named, inventory) = try_join!(named, cx.inventory())?;
        let mut found = Vec::new();
        let mut seen = Vec::new();
        for (address, one) in named {
            let Some(one) = one else { continue };
            seen.push(one.arn.clone());
            found.push(match cx.address_of(&one.tags) {
                Some(its) => Found::Owned(its, one),
                None => Found::Foreign(address.clone(), format!("load balancer {}", one.name)),
            });
        }
        let left = inventory
            .of("elasticloadbalancing", "loadbalancer")
            .filter(|(arn, _)| !seen.iter().any(|seen| seen == arn));
        for (arn, _) in left {
            let Some(one) = look::by_arn(cx.clients(), arn).await? else {
                continue;
            };
            let one = look::whole(cx.clients(), one, cx.stack()).await?;
            if let Some(its) = cx.address_of(&one.tags) {
                found.push(leftover(&found, its, one));
            }
        }
        Ok(found)
    }

    fn id(live: &LoadBalancerLive) -> String {
        live.name.clone()
    }

    fn outputs(live: &LoadBalancerLive) -> Outputs {
        let label = live
            .arn
            .split_once(":loadbalancer/")
            .map(|(_, label)| label);
        Outputs::default()
            .with(Arn::new(&live.arn))
            .with(ResourceName::new(&live.name))
            .with(DnsName::new(&live.dns_name))
            .with(CanonicalZoneId::new(&live.canonical_zone))
            .with_some(label.map(ResourceLabel::new))
    }

    fn uses(live: &LoadBalancerLive) -> Vec<String> {
        let subnets = live.subnets.iter().map(ToString::to_string);
        let groups = live.security_groups.iter().map(ToString::to_string);
        subnets
            .chain(groups)
            .chain([live.vpc.to_string()])
            .chain(attributes::log_bucket(&live.attributes))
            .collect()
    }

    fn diff(desired: &LoadBalancerDesired, live: &LoadBalancerLive, outputs: &dyn Resolve) -> Diff {
        let LoadBalancerDesired {
            name,
            vpc,
            subnets,
            security_groups,
            idle_timeout: _,         // among the attributes
            deletion_protection: _,  // among the attributes
            access_logs: _,          // among the attributes
            drop_invalid_headers: _, // among the attributes
            after: _,                // order only
            tags,
        } = desired;
        let mut diff = Diff::new();
        match live.state.as_str() {
            "provisioning" => diff.pending("state", "provisioning", "active"),
            "failed" => {
                let reason = live.reason.as_deref().unwrap_or("no reason given");
                let state = format!("failed: {reason}");
                diff.broken("state", &state, "active", "AWS could not set it up");
            }
            // `active_impaired` is an ailment.
            _ => {}
        }
        diff.immutable("name", name, &live.name, "a load balancer keeps its name");
        diff.immutable(
            "scheme",
            &LoadBalancerSchemeEnum::InternetFacing.as_str().to_owned(),
            &live.scheme,
            "a load balancer is public or internal for life",
        );
        let moved = Effect::Replace("a load balancer cannot move to another VPC");
        diff.reference("vpc_id", vpc, &live.vpc, outputs, moved);
        diff.references("subnets", subnets, &live.subnets, outputs, Effect::InPlace);
        diff.references(
            "security_groups",
            security_groups,
            &live.security_groups,
            outputs,
            Effect::InPlace,
        );
        for (key, value) in attributes::wanted(desired) {
            let field = format!("attributes.{key}");
            let have = live.attributes.get(key).map_or("", String::as_str);
            diff.text(&field, &value, have, outputs, Effect::InPlace);
        }
        diff.tags(tags, &live.tags);
        diff
    }

    /// An impaired one serves traffic; another in its place would lack the same addresses to grow.
    fn ailment(live: &LoadBalancerLive) -> Option<Ailment> {
        let reason = live.reason.as_deref().unwrap_or("no reason given");
        (live.state == "active_impaired").then(|| Ailment {
            what: format!(
                "load balancer {} is active_impaired: it serves requests, but cannot grow ({reason})",
                live.name
            ),
            remedy: "free addresses in its subnets, which need eight each, or give it larger subnets".to_owned(),
        })
    }

    /// AWS knows one load balancer of a name; with another name the new one is made beside the old.
    fn replace_order(desired: &LoadBalancerDesired, live: &LoadBalancerLive) -> ReplaceOrder {
        if desired.name == live.name {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &LoadBalancerDesired) -> Result<Outputs, Error> {
        let arn = make(cx, desired).await?;
        cx.made(&arn);
        attributes::set(cx, desired, &arn).await?;
        let live = works(cx, &desired.name, &arn).await?;
        Ok(Self::outputs(&live))
    }

    async fn update(
        cx: &Step,
        desired: &LoadBalancerDesired,
        live: &LoadBalancerLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("attributes") {
            attributes::set(cx, desired, &live.arn).await?;
        }
        if diff.has("security_groups") {
            let groups = ids(&cx.get_all(&desired.security_groups)?);
            cx.clients()
                .elb()
                .set_security_groups()
                .load_balancer_arn(&live.arn)
                .set_security_groups(Some(groups))
                .send()
                .await
                .map_err(failed("elasticloadbalancing:SetSecurityGroups"))?;
        }
        if diff.has("subnets") {
            let subnets = ids(&cx.get_all(&desired.subnets)?);
            cx.clients()
                .elb()
                .set_subnets()
                .load_balancer_arn(&live.arn)
                .set_subnets(Some(subnets))
                .send()
                .await
                .map_err(failed("elasticloadbalancing:SetSubnets"))?;
        }
        if diff.has("tags") {
            tagging::write(cx, &live.arn, &desired.tags, &live.tags).await?;
        }
        let live = works(cx, &live.name, &live.arn).await?;
        Ok(Self::outputs(&live))
    }

    async fn blockers(
        cx: &Observer,
        desired: Option<&LoadBalancerDesired>,
        live: &LoadBalancerLive,
    ) -> Result<Vec<Blocker>, Error> {
        let protection = desired.and_then(|desired| desired.deletion_protection);
        Ok(balancer_blockers::find(cx, protection, live))
    }

    async fn delete(
        cx: &Step,
        desired: Option<&LoadBalancerDesired>,
        live: &LoadBalancerLive,
    ) -> Result<Vec<String>, Error> {
        let unprotect = desired.and_then(|desired| desired.deletion_protection) == Some(false);
        if unprotect && attributes::is_protected(&live.attributes) {
            attributes::unprotect(cx, &live.arn).await?;
        }
        cx.clients()
            .elb()
            .delete_load_balancer()
            .load_balancer_arn(&live.arn)
            .send()
            .await
            .map_err(failed("elasticloadbalancing:DeleteLoadBalancer"))
            .or_absent(&["LoadBalancerNotFound"])?;
        let what = format!("deletion of load balancer {}", live.name);
        cx.wait(&what, DELETION, || async {
            Ok(match look::by_arn(cx.clients(), &live.arn).await? {
                None => Look::Ready(()),
                Some(one) => Look::Pending(look::state(&one)),
            })
        })
        .await?;
        Ok(Vec::new())
    }
}

fn ids<T: Output>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

async fn make(cx: &Step, desired: &LoadBalancerDesired) -> Result<String, Error> {
    let call = cx
        .clients()
        .elb()
        .create_load_balancer()
        .name(&desired.name)
        .r#type(LoadBalancerTypeEnum::Application)
        .scheme(LoadBalancerSchemeEnum::InternetFacing)
        .set_subnets(Some(ids(&cx.get_all(&desired.subnets)?)))
        .set_security_groups(Some(ids(&cx.get_all(&desired.security_groups)?)))
        .set_tags(Some(tagging::sdk(&desired.tags)));
    let not_yet = ["SubnetNotFound", "InvalidSecurityGroup"];
    let answer = cx.retry("its network", look::NEW, &not_yet, || {
        let call = call.clone();
        async move {
            let answer = call.send().await;
            answer.map_err(failed("elasticloadbalancing:CreateLoadBalancer"))
        }
    });
    let made = match answer.await {
        Ok(answer) => answer.load_balancers.unwrap_or_default().pop(),
        // A repeated call whose first answer was lost.
        Err(Error::Aws(error)) if error.is(&["DuplicateLoadBalancerName"]) => {
            let there = look::by_name(cx.clients(), &desired.name).await?;
            match there.as_ref().and_then(SdkLoadBalancer::load_balancer_arn) {
                Some(arn) if tagging::is_ours(cx, arn).await? => there,
                _ => return Err(error.into()),
            }
        }
        Err(error) => return Err(error),
    };
    made.and_then(|one| one.load_balancer_arn)
        .ok_or(Error::Incomplete {
            operation: "elasticloadbalancing:CreateLoadBalancer",
            missing: "an ARN",
        })
}

/// Waits until it takes traffic.
async fn works(cx: &Step, name: &str, arn: &str) -> Result<LoadBalancerLive, Error> {
    let what = format!("load balancer {name}");
    let one = cx
        .wait(&what, CREATION, || async {
            let Some(one) = look::by_arn(cx.clients(), arn).await? else {
                return Ok(Look::Pending("not visible yet".to_owned()));
            };
            match look::state(&one).as_str() {
                "active" | "active_impaired" => Ok(Look::Ready(one)),
                "failed" => Err(Error::Failed {
                    what: what.clone(),
                    state: "failed".to_owned(),
                    detail: look::reason(&one).into_iter().collect(),
                }),
                other => Ok(Look::Pending(other.to_owned())),
            }
        })
        .await?;
    if look::state(&one) == "active_impaired" {
        let why = look::reason(&one).unwrap_or_else(|| "AWS gives no reason".to_owned());
        cx.remark(format!("load balancer {name} works but cannot grow: {why}"));
    }
    look::bare(one)
}
