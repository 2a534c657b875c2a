//! Flow logs: what passes through a VPC, a line a connection and interval, into a log group.
//!
//! Nothing of a flow log can be changed once it is made. AWS takes a second one of a VPC only for another destination, so
//! one for the same log group goes before its successor comes.

use aws_sdk_ec2::types::{
    Filter, FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType, UnsuccessfulItem,
};

use super::calls::{QUICK, filter, required, unrepeated};
use super::tagging;
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{
    Address, Ailment, Arn, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Ref,
    References, ReplaceOrder, Resolve, ResourceName, Step, Tags, VpcId, Wanted,
};

const ABSENT: &[&str] = &["InvalidFlowLogId.NotFound"];

/// A role that was just made cannot be assumed yet, of which EC2 says no more than that a parameter is invalid.
const NOT_YET: &[&str] = &["RequestLimitExceeded", "InvalidParameter"];

/// A flow log of a VPC.
pub(crate) struct FlowLog;

/// What it should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// The VPC whose traffic it tells of.
    pub(crate) vpc: Ref<VpcId>,
    /// The log group it writes to.
    pub(crate) group: Ref<ResourceName>,
    /// What it writes as.
    pub(crate) role: Ref<Arn>,
    /// Which traffic it tells of: `ALL`, `ACCEPT` or `REJECT`.
    pub(crate) traffic: &'static str,
    /// What lets the role write, and must be there before it does.
    pub(crate) after: Vec<Address>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    id: String,
    vpc: VpcId,
    group: ResourceName,
    role: Arn,
    traffic: String,
    /// Whether the last lines could be delivered.
    delivery: Option<String>,
    /// Why not.
    trouble: Option<String>,
    tags: Tags,
}

impl Kind for FlowLog {
    const TYPE: &'static str = "AWS::EC2::FlowLog";
    const NOUN: &'static str = "flow log";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none()
            .to(&desired.vpc)
            .to(&desired.group)
            .to(&desired.role)
            .after_all(&desired.after)
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
        live.id.clone()
    }

    fn outputs(_live: &Live) -> Outputs {
        Outputs::default()
    }

    fn uses(live: &Live) -> Vec<String> {
        vec![
            live.vpc.to_string(),
            live.group.to_string(),
            live.role.to_string(),
        ]
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            vpc,
            group,
            role,
            traffic,
            after: _, // order only
            tags,
        } = desired;
        let mut diff = Diff::new();
        let fixed = "nothing of a flow log can be changed";
        let effect = Effect::Replace(fixed);
        diff.reference("resource_id", vpc, &live.vpc, outputs, effect);
        diff.reference("log_group_name", group, &live.group, outputs, effect);
        diff.reference(
            "deliver_logs_permission_arn",
            role,
            &live.role,
            outputs,
            effect,
        );
        diff.immutable("traffic_type", &(*traffic).to_owned(), &live.traffic, fixed);
        diff.tags(tags, &live.tags);
        diff
    }

    /// It delivers again by itself once whatever kept it from it is gone.
    fn ailment(live: &Live) -> Option<Ailment> {
        let failing = live.delivery.as_deref() == Some("FAILED");
        let why = live.trouble.as_deref().unwrap_or("no reason given");
        failing.then(|| Ailment {
            what: format!("flow log {} is FAILED: it cannot deliver ({why})", live.id),
            remedy: format!(
                "see that its log group {} is there and that its role {} may write to it",
                live.group, live.role
            ),
        })
    }

    fn replace_order(desired: &Desired, live: &Live) -> ReplaceOrder {
        let same = |literal: Option<String>, have: &str| literal.is_none_or(|new| new == have);
        let vpc = literal(&desired.vpc).map(|vpc| vpc.to_string());
        let group = literal(&desired.group).map(|group| group.to_string());
        match same(vpc, live.vpc.as_str()) && same(group, live.group.as_str()) {
            true => ReplaceOrder::DeleteFirst,
            false => ReplaceOrder::CreateFirst,
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let vpc = cx.get(&desired.vpc)?;
        let call = cx
            .clients()
            .ec2()
            .create_flow_logs()
            .resource_type(FlowLogsResourceType::Vpc)
            .resource_ids(vpc.as_str())
            .traffic_type(TrafficType::from(desired.traffic))
            .log_destination_type(LogDestinationType::CloudWatchLogs)
            .log_group_name(cx.get(&desired.group)?.as_str())
            .deliver_logs_permission_arn(cx.get(&desired.role)?.as_str())
            .tag_specifications(tagging::specification(
                ResourceType::VpcFlowLog,
                &desired.tags,
            ));
        let create = || {
            let call = call.clone().customize().config_override(unrepeated());
            async move {
                let answer = call.send().await.map_err(failed("ec2:CreateFlowLogs"))?;
                let refused = answer.unsuccessful().first();
                refused.map_or(Ok(()), |item| Err(refusal("ec2:CreateFlowLogs", item)))?;
                Ok(answer)
            }
        };
        let what = "the flow log's VPC, group and role";
        let answer = cx.retry(what, QUICK, NOT_YET, create).await?;
        let id = answer.flow_log_ids().first();
        let id = required(id, "ec2:CreateFlowLogs", "the flow log's id")?;
        cx.made(id);
        cx.wait(&format!("flow log {id}"), QUICK, || async {
            let found = list(cx.clients(), filter("flow-log-id", [id.as_str()])).await?;
            Ok(match found.first() {
                Some(live) => Look::Ready(Self::outputs(live)),
                None => Look::Pending("not visible yet".to_owned()),
            })
        })
        .await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        tagging::update(cx, &live.id, &desired.tags, &live.tags).await?;
        Ok(Self::outputs(live))
    }

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        tagging::retire(cx, &live.id).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let delete = || {
            let call = cx.clients().ec2().delete_flow_logs().flow_log_ids(&live.id);
            async move {
                let answer = call.send().await.map_err(failed("ec2:DeleteFlowLogs"));
                let answer = answer.and_then(|answer| match answer.unsuccessful().first() {
                    Some(item) => Err(refusal("ec2:DeleteFlowLogs", item)),
                    None => Ok(()),
                });
                answer.or_absent(ABSENT).map(drop)
            }
        };
        let what = format!("the deletion of flow log {}", live.id);
        cx.retry(&what, QUICK, &["RequestLimitExceeded"], delete)
            .await?;
        Ok(Vec::new())
    }
}

/// A refusal that AWS gives inside a success, because the call could have been about several.
fn refusal(operation: &'static str, item: &UnsuccessfulItem) -> AwsError {
    let error = item.error();
    let code = error.and_then(|error| error.code()).unwrap_or("Unknown");
    let message = error.and_then(|error| error.message());
    AwsError::in_answer(operation, code, message.unwrap_or("no message"))
}

fn literal<T: Output>(reference: &Ref<T>) -> Option<T> {
    match reference {
        Ref::Literal(value) => Some(value.clone()),
        Ref::Of(_) => None,
    }
}

async fn list(clients: &Clients, which: Filter) -> Result<Vec<Live>, Error> {
    let mut pages = clients
        .ec2()
        .describe_flow_logs()
        .filter(which)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(log) = pages.next().await {
        let log = log.map_err(failed("ec2:DescribeFlowLogs"))?;
        let id = required(log.flow_log_id(), "ec2:DescribeFlowLogs", "a flow log's id")?;
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        found.push(Live {
            id: id.to_owned(),
            vpc: VpcId::new(text(log.resource_id())),
            group: ResourceName::new(text(log.log_group_name())),
            role: Arn::new(text(log.deliver_logs_permission_arn())),
            traffic: text(log.traffic_type().map(TrafficType::as_str)),
            delivery: log.deliver_logs_status().map(str::to_owned),
            trouble: log.deliver_logs_error_message().map(str::to_owned),
            tags: tagging::from_sdk(log.tags()),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn desired() -> Desired {
        Desired {
            vpc: Ref::Literal(VpcId::new("vpc-1")),
            group: Ref::Literal(ResourceName::new("/kongstack/demo/flow-logs")),
            role: Ref::Literal(Arn::new("arn:aws:iam::1:role/r")),
            traffic: "ALL",
            after: Vec::new(),
            tags: Tags::default(),
        }
    }

    fn live() -> Live {
        Live {
            id: "fl-1".to_owned(),
            vpc: VpcId::new("vpc-1"),
            group: ResourceName::new("/kongstack/demo/flow-logs"),
            role: Arn::new("arn:aws:iam::1:role/r"),
            traffic: "ALL".to_owned(),
            delivery: Some("SUCCESS".to_owned()),
            trouble: None,
            tags: Tags::default(),
        }
    }

    #[test]
    fn whatever_differs_takes_another_one() {
        let diff = |desired: &Desired| FlowLog::diff(desired, &live(), &Nothing);
        assert!(diff(&desired()).is_empty());
        let mut other = desired();
        other.traffic = "REJECT";
        assert_eq!(diff(&other).replacing().count(), 1);
        assert_eq!(
            FlowLog::replace_order(&other, &live()),
            ReplaceOrder::DeleteFirst
        );
        other.group = Ref::Literal(ResourceName::new("/another"));
        assert_eq!(diff(&other).replacing().count(), 2);
        assert_eq!(
            FlowLog::replace_order(&other, &live()),
            ReplaceOrder::CreateFirst
        );
    }

    #[test]
    fn one_that_cannot_deliver_is_ill() {
        assert!(FlowLog::ailment(&live()).is_none());
        let failing = Live {
            delivery: Some("FAILED".to_owned()),
            trouble: Some("Access error".to_owned()),
            ..live()
        };
        let ailment = FlowLog::ailment(&failing).expect("an ailment");
        assert!(ailment.what.contains("Access error"), "{}", ailment.what);
    }
}
