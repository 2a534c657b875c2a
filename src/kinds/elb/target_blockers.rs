//! What of a target group is somebody else's: load balancers that use it, and targets that the stack's service did not
//! register.
//!
//! AWS refuses a deletion for the first only; with the second it would cut off what somebody put there on purpose.

use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetHealthDescription, TargetHealthStateEnum as Health,
};

use super::load_balancer::LoadBalancer;
use super::target_group::TargetGroupLive;
use crate::aws::{Clients, OrAbsent, failed};
use crate::kinds::ec2::strangers_with;
use crate::resource::{Blocker, Error, Observer, Output};

/// Every foreign user and target of the group.
pub(super) async fn find(cx: &Observer, live: &TargetGroupLive) -> Result<Vec<Blocker>, Error> {
    let ours = cx.live::<LoadBalancer>().await?;
    let users = live.load_balancers.iter();
    let users = users.filter(|arn| ours.iter().all(|(_, one)| one.arn != **arn));
    let mut blockers: Vec<Blocker> = users
        .map(|arn| Blocker {
            reason: format!(
                "the load balancer {arn}, which is not this stack's, sends requests to target group {}",
                live.name
            ),
            fix: "turn its listeners and rules elsewhere".to_owned(),
        })
        .collect();
    let targets = targets(cx.clients(), &live.arn).await?;
    let addresses: Vec<String> = targets.iter().map(|(address, _)| address.clone()).collect();
    let strangers = strangers_with(cx, live.vpc.as_str(), &addresses).await?;
    for (address, target) in &targets {
        let mut interfaces = strangers.iter();
        let interface = interfaces.find(|one| one.addresses().contains(address));
        let outside = target.availability_zone() == Some("all");
        let whose = match interface {
            Some(interface) => interface.to_string(),
            None if outside => "an address outside of the VPC".to_owned(),
            // Of the stack's own tasks, or of one that is gone.
            None => continue,
        };
        blockers.push(Blocker {
            reason: format!(
                "{address} is a target of {} and not this stack's: {whose}",
                live.name
            ),
            fix: format!(
                "deregister it: aws elbv2 deregister-targets --target-group-arn {} --targets Id={address}{}",
                live.arn,
                port(target)
            ),
        });
    }
    Ok(blockers)
}

fn port(target: &TargetDescription) -> String {
    target
        .port()
        .map_or_else(String::new, |port| format!(",Port={port}"))
}

/// The targets of a group, by address, without those that are leaving.
async fn targets(clients: &Clients, arn: &str) -> Result<Vec<(String, TargetDescription)>, Error> {
    let answer = clients
        .elb()
        .describe_target_health()
        .target_group_arn(arn)
        .send()
        .await
        .map_err(failed("elasticloadbalancing:DescribeTargetHealth"))
        .or_absent(&["TargetGroupNotFound"])?;
    let all = answer
        .and_then(|answer| answer.target_health_descriptions)
        .unwrap_or_default();
    Ok(all.iter().filter_map(staying).collect())
}

fn staying(one: &TargetHealthDescription) -> Option<(String, TargetDescription)> {
    let state = one.target_health().and_then(|health| health.state());
    let target = one.target().filter(|_| state != Some(&Health::Draining))?;
    Some((target.id()?.to_owned(), target.clone()))
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::TargetHealth;

    use super::*;

    #[test]
    fn a_target_that_leaves_is_in_nobodys_way() {
        let of = |state: Health| {
            TargetHealthDescription::builder()
                .target(TargetDescription::builder().id("10.0.0.1").build())
                .target_health(TargetHealth::builder().state(state).build())
                .build()
        };
        let address = |state| staying(&of(state)).map(|(address, _)| address);
        assert_eq!(address(Health::Draining), None);
        assert_eq!(address(Health::Unhealthy).as_deref(), Some("10.0.0.1"));
    }
}
