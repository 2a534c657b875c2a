//! Target groups of IP addresses: where the load balancer sends requests, and how it knows who can take them.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, ProtocolEnum, TargetGroup as SdkTargetGroup, TargetGroupAttribute, TargetTypeEnum,
};
use futures::future::try_join_all;
use futures::try_join;

use super::health_check::{HealthCheck, LiveCheck, seconds};
use super::{look, tagging, target_blockers};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Blocker, Diff, Effect, Error, Found, Kind, Observer, Output, Outputs, Patience, Ref,
    References, ReplaceOrder, Resolve, ResourceLabel, ResourceName, Step, Tags, VpcId, Wanted,
};

/// A listener that was just deleted or turned elsewhere can hold its group for some seconds.
const RELEASE: Patience = Patience::seconds(3, 5, 300);
const DELAY: &str = "deregistration_delay.timeout_seconds";

/// A target group of IP addresses that speak HTTP, found by its name, which is unique in a region.
pub(crate) struct TargetGroup;

/// What a target group should be.
#[derive(Debug, Clone)]
pub(crate) struct TargetGroupDesired {
    /// Its name, at most 32 letters, digits and hyphens. It must change with `port` and with the load balancer's
    /// name, so that a new group can be made beside the old: a group serves one load balancer only.
    pub(crate) name: String,
    /// The VPC of its targets.
    pub(crate) vpc: Ref<VpcId>,
    /// The port of a target that registers without one.
    pub(crate) port: u16,
    /// How targets are checked.
    pub(crate) health_check: HealthCheck,
    /// How long a target that leaves may finish its requests, 0 to 3600 s.
    pub(crate) deregistration_delay: Duration,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct TargetGroupLive {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) vpc: VpcId,
    /// The ARNs of the load balancers that send requests to it.
    pub(super) load_balancers: Vec<String>,
    port: u16,
    target_type: String,
    check: LiveCheck,
    deregistration_delay: Option<String>,
    tags: Tags,
}

impl Kind for TargetGroup {
    const TYPE: &'static str = "AWS::ElasticLoadBalancingV2::TargetGroup";
    const NOUN: &'static str = "target group";

    type Desired = TargetGroupDesired;
    type Live = TargetGroupLive;

    fn references(desired: &TargetGroupDesired) -> References {
        References::none().to(&desired.vpc)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<TargetGroupLive>>, Error> {
        let named = try_join_all(wanted.iter().map(|one| async {
            let described = describe(cx.clients(), By::Name(&one.desired.name)).await?;
            Ok::<_, Error>((one.address, whole(cx.clients(), described).await?))
        }));
        let (named, inventory) = try_join!(named, cx.inventory())?;
        let mut found = Vec::new();
        let mut seen = Vec::new();
        for (address, one) in named {
            let Some(one) = one else { continue };
            seen.push(one.arn.clone());
            found.push(match cx.address_of(&one.tags) {
                Some(its) => Found::Owned(its, one),
                None => Found::Foreign(address.clone(), format!("target group {}", one.name)),
            });
        }
        let left = inventory
            .of("elasticloadbalancing", "targetgroup")
            .filter(|(arn, _)| !seen.iter().any(|seen| seen == arn));
        for (arn, _) in left {
            let described = describe(cx.clients(), By::Arn(arn)).await?;
            let one = whole(cx.clients(), described).await?;
            let one = one.and_then(|one| Some((cx.address_of(&one.tags)?, one)));
            if let Some((its, one)) = one {
                found.push(leftover(&found, its, one));
            }
        }
        Ok(found)
    }

    fn id(live: &TargetGroupLive) -> String {
        live.name.clone()
    }

    fn outputs(live: &TargetGroupLive) -> Outputs {
        outputs(&live.arn, &live.name)
    }

    fn uses(live: &TargetGroupLive) -> Vec<String> {
        vec![live.vpc.to_string()]
    }

    fn diff(desired: &TargetGroupDesired, live: &TargetGroupLive, outputs: &dyn Resolve) -> Diff {
        let TargetGroupDesired {
            name,
            vpc,
            port,
            health_check,
            deregistration_delay,
            tags,
        } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.name, "a target group keeps its name");
        let moved = Effect::Replace("a target group cannot move to another VPC");
        diff.reference("vpc_id", vpc, &live.vpc, outputs, moved);
        diff.immutable("port", port, &live.port, "a target group keeps its port");
        diff.immutable(
            "target_type",
            &TargetTypeEnum::Ip.as_str().to_owned(),
            &live.target_type,
            "a target group keeps its type",
        );
        health_check.diff(&live.check, &mut diff);
        let delay = deregistration_delay.as_secs().to_string();
        diff.optional(
            "deregistration_delay",
            Some(&delay),
            live.deregistration_delay.as_ref(),
        );
        diff.tags(tags, &live.tags);
        diff
    }

    /// AWS knows one target group of a name.
    fn replace_order(desired: &TargetGroupDesired, live: &TargetGroupLive) -> ReplaceOrder {
        if desired.name == live.name {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &TargetGroupDesired) -> Result<Outputs, Error> {
        let arn = make(cx, desired).await?;
        cx.made(&arn);
        set_delay(cx, desired, &arn).await?;
        Ok(outputs(&arn, &desired.name))
    }

    async fn update(
        cx: &Step,
        desired: &TargetGroupDesired,
        live: &TargetGroupLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("health_check") {
            let check = &desired.health_check;
            cx.clients()
                .elb()
                .modify_target_group()
                .target_group_arn(&live.arn)
                .health_check_enabled(true)
                .health_check_protocol(ProtocolEnum::Http)
                .health_check_port(check.port.to_string())
                .health_check_path(&check.path)
                .matcher(Matcher::builder().http_code(&check.matcher).build())
                .health_check_interval_seconds(seconds(check.interval))
                .health_check_timeout_seconds(seconds(check.timeout))
                .healthy_threshold_count(i32::from(check.healthy_threshold))
                .unhealthy_threshold_count(i32::from(check.unhealthy_threshold))
                .send()
                .await
                .map_err(failed("elasticloadbalancing:ModifyTargetGroup"))?;
        }
        if diff.has("deregistration_delay") {
            set_delay(cx, desired, &live.arn).await?;
        }
        if diff.has("tags") {
            tagging::write(cx, &live.arn, &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn blockers(
        cx: &Observer,
        _desired: Option<&TargetGroupDesired>,
        live: &TargetGroupLive,
    ) -> Result<Vec<Blocker>, Error> {
        target_blockers::find(cx, live).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&TargetGroupDesired>,
        live: &TargetGroupLive,
    ) -> Result<Vec<String>, Error> {
        let what = format!("deletion of target group {}", live.name);
        cx.retry(&what, RELEASE, &["ResourceInUse"], || async {
            cx.clients()
                .elb()
                .delete_target_group()
                .target_group_arn(&live.arn)
                .send()
                .await
                .map_err(failed("elasticloadbalancing:DeleteTargetGroup"))
                .or_absent(&["TargetGroupNotFound"])
        })
        .await?;
        Ok(Vec::new())
    }
}

fn outputs(arn: &str, name: &str) -> Outputs {
    let label = arn.rsplit(':').next().map(ResourceLabel::new);
    Outputs::default()
        .with(Arn::new(arn))
        .with(ResourceName::new(name))
        .with_some(label)
}

async fn make(cx: &Step, desired: &TargetGroupDesired) -> Result<String, Error> {
    let check = &desired.health_check;
    let answer = cx
        .clients()
        .elb()
        .create_target_group()
        .name(&desired.name)
        .target_type(TargetTypeEnum::Ip)
        .protocol(ProtocolEnum::Http)
        .protocol_version("HTTP1")
        .port(i32::from(desired.port))
        .vpc_id(cx.get(&desired.vpc)?.as_str())
        .health_check_enabled(true)
        .health_check_protocol(ProtocolEnum::Http)
        .health_check_port(check.port.to_string())
        .health_check_path(&check.path)
        .matcher(Matcher::builder().http_code(&check.matcher).build())
        .health_check_interval_seconds(seconds(check.interval))
        .health_check_timeout_seconds(seconds(check.timeout))
        .healthy_threshold_count(i32::from(check.healthy_threshold))
        .unhealthy_threshold_count(i32::from(check.unhealthy_threshold))
        .set_tags(Some(tagging::sdk(&desired.tags)))
        .send()
        .await
        .map_err(failed("elasticloadbalancing:CreateTargetGroup"));
    let made = match answer {
        Ok(answer) => answer.target_groups.unwrap_or_default().pop(),
        // A repeated call whose first answer was lost.
        Err(error) if error.is(&["DuplicateTargetGroupName"]) => {
            let there = describe(cx.clients(), By::Name(&desired.name)).await?;
            match there.as_ref().and_then(SdkTargetGroup::target_group_arn) {
                Some(arn) if tagging::is_ours(cx, arn).await? => there,
                _ => return Err(error.into()),
            }
        }
        Err(error) => return Err(error.into()),
    };
    made.and_then(|one| one.target_group_arn)
        .ok_or(Error::Incomplete {
            operation: "elasticloadbalancing:CreateTargetGroup",
            missing: "an ARN",
        })
}

async fn set_delay(cx: &Step, desired: &TargetGroupDesired, arn: &str) -> Result<(), Error> {
    let delay = TargetGroupAttribute::builder()
        .key(DELAY)
        .value(desired.deregistration_delay.as_secs().to_string());
    let call = cx
        .clients()
        .elb()
        .modify_target_group_attributes()
        .target_group_arn(arn)
        .attributes(delay.build());
    let what = format!("target group {}", desired.name);
    cx.retry(&what, look::NEW, &["TargetGroupNotFound"], || {
        let call = call.clone();
        async move {
            let answer = call.send().await;
            answer.map_err(failed("elasticloadbalancing:ModifyTargetGroupAttributes"))
        }
    })
    .await?;
    Ok(())
}

enum By<'a> {
    Name(&'a str),
    Arn(&'a str),
}

async fn describe(clients: &Clients, by: By<'_>) -> Result<Option<SdkTargetGroup>, AwsError> {
    let request = clients.elb().describe_target_groups();
    let request = match by {
        By::Name(name) => request.names(name),
        By::Arn(arn) => request.target_group_arns(arn),
    };
    let answer = request
        .send()
        .await
        .map_err(failed("elasticloadbalancing:DescribeTargetGroups"))
        .or_absent(&["TargetGroupNotFound"])?;
    // Names and ARNs are unique: there is one or none.
    Ok(answer.and_then(|answer| answer.target_groups?.pop()))
}

/// Adds tags and attributes.
async fn whole(
    clients: &Clients,
    one: Option<SdkTargetGroup>,
) -> Result<Option<TargetGroupLive>, Error> {
    let Some(one) = one else { return Ok(None) };
    let arn = one.target_group_arn().unwrap_or_default().to_owned();
    let arns = [arn.clone()];
    let (mut tags, delay) = try_join!(tagging::read(clients, &arns), read_delay(clients, &arn))?;
    let missing = |missing| Error::Incomplete {
        operation: "elasticloadbalancing:DescribeTargetGroups",
        missing,
    };
    let check = LiveCheck::read(&one);
    Ok(Some(TargetGroupLive {
        name: one.target_group_name.ok_or_else(|| missing("a name"))?,
        vpc: VpcId::new(one.vpc_id.ok_or_else(|| missing("a VPC"))?),
        port: one
            .port
            .and_then(|port| port.try_into().ok())
            .ok_or_else(|| missing("a port"))?,
        target_type: one
            .target_type
            .map_or_else(String::new, |kind| kind.as_str().to_owned()),
        check,
        load_balancers: one.load_balancer_arns.unwrap_or_default(),
        deregistration_delay: delay,
        tags: tags.remove(&arn).unwrap_or_default(),
        arn,
    }))
}

async fn read_delay(clients: &Clients, arn: &str) -> Result<Option<String>, AwsError> {
    let answer = clients
        .elb()
        .describe_target_group_attributes()
        .target_group_arn(arn)
        .send()
        .await
        .map_err(failed("elasticloadbalancing:DescribeTargetGroupAttributes"))
        .or_absent(&["TargetGroupNotFound"])?;
    let pairs = answer.and_then(|answer| answer.attributes);
    let mut pairs = pairs.unwrap_or_default().into_iter();
    Ok(pairs
        .find(|pair| pair.key() == Some(DELAY))
        .and_then(|pair| pair.value))
}
