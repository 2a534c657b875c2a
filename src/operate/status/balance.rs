//! What Elastic Load Balancing says: the load balancer, its targets, and the certificate of its HTTPS listener.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancer as SdkBalancer, TargetHealthDescription, TargetHealthStateEnum as Health,
};

use super::model::{Certificate, LoadBalancer, Moment, TargetReason, Targets};
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::Error;

/// The load balancer, its DNS name, and the certificate it shows.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) balancer: LoadBalancer,
    pub(super) dns_name: Option<String>,
    pub(super) https: Option<Certificate>,
}

/// The load balancer of a name, if it is there.
pub(super) async fn front(clients: &Clients, name: &str) -> Result<Option<Front>, Error> {
    let answer = clients
        .elb()
        .describe_load_balancers()
        .names(name)
        .send()
        .await
        .map_err(failed("elasticloadbalancing:DescribeLoadBalancers"))
        .or_absent(&["LoadBalancerNotFound"])?;
    let Some(found) = answer.and_then(|answer| answer.load_balancers?.pop()) else {
        return Ok(None);
    };
    let arn = found.load_balancer_arn().unwrap_or_default();
    let https = match shown_by(clients, arn).await? {
        Some(arn) => Some(certificate(clients, arn).await?),
        None => None,
    };
    Ok(Some(Front {
        balancer: balancer(&found),
        dns_name: found.dns_name().map(str::to_owned),
        https,
    }))
}

fn balancer(found: &SdkBalancer) -> LoadBalancer {
    let state = found.state();
    let code = state.and_then(|state| state.code());
    LoadBalancer {
        state: code.map_or("unknown", |code| code.as_str()).to_owned(),
        reason: state.and_then(|state| state.reason()).map(str::to_owned),
    }
}

/// The ARN of the certificate that a load balancer shows on HTTPS.
async fn shown_by(clients: &Clients, balancer: &str) -> Result<Option<String>, Error> {
    let answer = clients
        .elb()
        .describe_listeners()
        .load_balancer_arn(balancer)
        .send()
        .await
        .map_err(failed("elasticloadbalancing:DescribeListeners"))
        .or_absent(&["LoadBalancerNotFound", "ListenerNotFound"])?;
    let listeners = answer.and_then(|answer| answer.listeners);
    let mut listeners = listeners.unwrap_or_default().into_iter();
    Ok(listeners.find_map(|one| one.certificates?.pop()?.certificate_arn))
}

/// A certificate that ACM keeps; of one in IAM only the name is known.
async fn certificate(clients: &Clients, arn: String) -> Result<Certificate, Error> {
    let unknown = Certificate {
        name: arn.clone(),
        status: None,
        expires_at: None,
    };
    if !arn.contains(":acm:") {
        return Ok(unknown);
    }
    let answer = clients
        .acm()
        .describe_certificate()
        .certificate_arn(arn)
        .send()
        .await
        .map_err(failed("acm:DescribeCertificate"))
        .or_absent(&["ResourceNotFoundException"])?;
    let found = answer.and_then(|answer| answer.certificate);
    Ok(Certificate {
        status: found
            .as_ref()
            .and_then(|one| one.status())
            .map(|status| status.as_str().to_owned()),
        expires_at: found
            .as_ref()
            .and_then(|one| one.not_after())
            .map(Moment::of),
        ..unknown
    })
}

/// What the target group of a name says of its targets, if it is there.
pub(super) async fn targets(clients: &Clients, name: &str) -> Result<Option<Targets>, Error> {
    let group = clients
        .elb()
        .describe_target_groups()
        .names(name)
        .send()
        .await
        .map_err(failed("elasticloadbalancing:DescribeTargetGroups"))
        .or_absent(&["TargetGroupNotFound"])?;
    let group = group.and_then(|answer| answer.target_groups?.pop()?.target_group_arn);
    let Some(arn) = group else { return Ok(None) };
    let health = clients
        .elb()
        .describe_target_health()
        .target_group_arn(arn)
        .send()
        .await
        .map_err(failed("elasticloadbalancing:DescribeTargetHealth"))
        .or_absent(&["TargetGroupNotFound"])?;
    Ok(health.map(|answer| count(answer.target_health_descriptions())))
}

fn count(all: &[TargetHealthDescription]) -> Targets {
    let mut targets = Targets::default();
    let mut reasons: BTreeMap<(String, String), u32> = BTreeMap::new();
    for health in all
        .iter()
        .filter_map(TargetHealthDescription::target_health)
    {
        let place = match health.state() {
            Some(Health::Healthy) => &mut targets.healthy,
            Some(Health::Initial) => &mut targets.initial,
            Some(Health::Draining) => &mut targets.draining,
            Some(Health::Unused) => &mut targets.unused,
            _ => &mut targets.unhealthy,
        };
        *place += 1;
        if matches!(
            health.state(),
            Some(Health::Healthy | Health::Draining | Health::Initial)
        ) {
            continue;
        }
        let code = health.reason().map_or("", |reason| reason.as_str());
        let said = health.description().unwrap_or_default();
        *reasons
            .entry((code.to_owned(), said.trim_end_matches('.').to_owned()))
            .or_default() += 1;
    }
    let reasons = reasons.into_iter();
    targets.reasons = reasons
        .map(|((code, description), targets)| TargetReason {
            targets,
            code,
            description,
        })
        .collect();
    targets
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{TargetHealth, TargetHealthReasonEnum as Why};

    use super::*;

    #[test]
    fn targets_are_counted_by_state_and_their_reasons_said_once() {
        let one = |state: Health, why: Option<(Why, &str)>| {
            let health = TargetHealth::builder()
                .state(state)
                .set_reason(why.as_ref().map(|(why, _)| why.clone()))
                .set_description(why.map(|(_, said)| said.to_owned()));
            TargetHealthDescription::builder()
                .target_health(health.build())
                .build()
        };
        let failed = || Some((Why::FailedHealthChecks, "Health checks failed"));
        let leaving = Some((
            Why::DeregistrationInProgress,
            "Target deregistration is in progress",
        ));
        let targets = count(&[
            one(Health::Healthy, None),
            one(Health::Unhealthy, failed()),
            one(Health::Unhealthy, failed()),
            one(Health::Draining, leaving),
        ]);
        assert_eq!(
            (targets.healthy, targets.unhealthy, targets.draining),
            (1, 2, 1)
        );
        let reason = TargetReason {
            targets: 2,
            code: "Target.FailedHealthChecks".to_owned(),
            description: "Health checks failed".to_owned(),
        };
        assert_eq!(targets.reasons, [reason]);
    }
}
