//! Alarms: what somebody should be told of, the topic that tells them, and who they are.
//!
//! CloudWatch bills an alarm by the metrics it watches, 0.10 USD a month each: with all nine alarms, one of which watches
//! two, a stack's cost 1 USD a month, 1.10 USD with a control plane on demand, and 0.30 USD more with an archive of logs. An
//! account's first ten are free.
//!
//! Container Insights, which counts tasks for 0.07 USD a metric and month, is not needed: ECS writes down the CPU of every
//! task that runs, for nothing, and of a service without one it writes nothing. So no value there is no control plane.

mod control_plane;
mod log_archive;

use super::draft::Draft;
use super::{addresses, identity};
use crate::kinds::cloudwatch::{Alarm, AlarmDesired, Crossing, Metric, Missing, Watched, prefix};
use crate::kinds::iam::{Condition, PolicyDocument, Statement};
use crate::kinds::sns::{Subscription, SubscriptionDesired, Topic, TopicDesired};
use crate::resource::{Address, Arn, Layer, Output, Ref, ResourceLabel, Text};
use crate::spec::{Alarms, Certificate, Named, StackSpec, Switch};

/// The period of the metrics of a load balancer, of ECS and of Aurora, in seconds.
const MINUTE: u32 = 60;

/// ACM writes twice a day how long a certificate lasts.
const DAY: u32 = 86400;

/// An alarm without what all of them share.
struct Draught {
    /// Its name, in its address too.
    part: &'static str,
    description: String,
    watched: Watched,
    crossing: Crossing,
    period: u32,
    periods: u32,
    missing: Missing,
    after: Address,
}

/// Draws the topic with its subscription, and the alarms.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let Some(alarms) = &spec.alarms else {
        return;
    };
    let topic = match &alarms.topic {
        Some(arn) => Ref::Literal(Arn::new(arn.as_str())),
        None => draw_topic(draft, alarms),
    };
    for one in all(spec, alarms) {
        let address = Address::new(Layer::Alarms, one.part);
        let name = format!("{}{}", prefix(spec.name.as_str()), one.part);
        let desired = AlarmDesired {
            description: one.description,
            watched: one.watched,
            crossing: one.crossing,
            period: one.period,
            periods: one.periods,
            missing: one.missing,
            topic: topic.clone(),
            after: vec![one.after],
            tags: draft.tags(&address, &name),
            name,
        };
        draft.add::<Alarm>(address, desired);
    }
    draft.output("alarm_topic", &topic);
}

/// The stack's own topic, which nobody but this account's alarms may publish to.
///
/// It is not encrypted: CloudWatch may not use AWS's own key for SNS, and what an alarm says is no secret.
fn draw_topic(draft: &mut Draft<'_>, alarms: &Alarms) -> Ref<Arn> {
    let spec = draft.spec;
    let address = addresses::alarm_topic();
    let name = spec.name_of(Named::AlarmTopic);
    let region = spec.region.as_str();
    let partition = identity::partition(region);
    let lead = format!("arn:{partition}:sns:{region}");
    let account = identity::account();
    let arn = Text::from(format!("{lead}:"))
        .then_ref(&account)
        .then(format!(":{name}"));
    let condition = |operator, key, value| Condition {
        operator,
        key,
        value,
    };
    let source = Text::from(format!("arn:{partition}:cloudwatch:{region}:"))
        .then_ref(&account)
        .then(":alarm:*");
    let policy = PolicyDocument {
        statements: vec![Statement {
            sid: "Alarms",
            service: Some("cloudwatch.amazonaws.com"),
            actions: vec!["sns:Publish"],
            resources: vec![arn],
            conditions: vec![
                condition("ArnLike", "aws:SourceArn", source),
                condition("StringEquals", "aws:SourceAccount", Text::from(&account)),
            ],
        }],
    };
    let desired = TopicDesired {
        account,
        lead,
        policy,
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<Topic>(address.clone(), desired);
    if let Some(email) = &alarms.email {
        let desired = SubscriptionDesired {
            topic: Ref::Of(address.clone()),
            email: email.as_str().to_owned(),
        };
        draft.add::<Subscription>(Subscription::at(&address, email.as_str()), desired);
    }
    Ref::Of(address)
}

/// The alarms that the spec asks for.
fn all(spec: &StackSpec, alarms: &Alarms) -> Vec<Draught> {
    let mut all = traffic(alarms);
    all.extend(data_planes(spec, alarms));
    all.extend(others(spec, alarms));
    all
}

/// What clients see. Without requests there is nothing to see, and nothing wrong.
fn traffic(alarms: &Alarms) -> Vec<Draught> {
    let share = alarms.target_5xx.on().map(|it| Draught {
        description: format!(
            "{} % or more of the requests were answered with 5xx by the gateway or what is behind it, for {} minutes. \
             Look at the data planes' log, and at the upstreams.",
            it.percent.get(),
            it.minutes
        ),
        // Where nothing failed, there is no value of what failed.
        watched: Watched::Formula(
            "100 * FILL(errors, 0) / requests",
            vec![
                ("errors", of_targets("HTTPCode_Target_5XX_Count", "Sum")),
                ("requests", of_targets("RequestCount", "Sum")),
            ],
        ),
        ..draught("target-5xx", it.percent.get().into(), it.minutes)
    });
    let count = alarms.balancer_5xx.on().map(|it| Draught {
        description: format!(
            "The load balancer itself answered {} or more requests a minute with 5xx, for {} minutes: it found no \
             healthy data plane, or none that answered in time.",
            it.count, it.minutes
        ),
        watched: Watched::Metric(of_balancer("HTTPCode_ELB_5XX_Count", "Sum")),
        ..draught("balancer-5xx", it.count.into(), it.minutes)
    });
    let latency = alarms.latency.on().map(|it| Draught {
        description: format!(
            "One request in a hundred took {} or more, for {} minutes. Look at the upstreams, and at the data planes' CPU.",
            humantime::format_duration(it.p99),
            it.minutes
        ),
        watched: Watched::Metric(of_targets("TargetResponseTime", "p99")),
        ..draught("latency", it.p99.as_secs_f64(), it.minutes)
    });
    share.into_iter().chain(count).chain(latency).collect()
}

/// How many data planes there are, and how they are.
fn data_planes(spec: &StackSpec, alarms: &Alarms) -> Vec<Draught> {
    let scaling = &spec.data_plane.scaling;
    let unhealthy = alarms.unhealthy_targets.on().map(|it| Draught {
        description: format!(
            "{} or more data planes failed their health checks for {} minutes. They get no requests; see \
             `kongstack status` for why.",
            it.count, it.minutes
        ),
        watched: Watched::Metric(of_targets("UnHealthyHostCount", "Maximum")),
        ..draught("unhealthy-targets", it.count.into(), it.minutes)
    });
    let low = alarms.data_plane_low.on().map(|it| Draught {
        description: format!(
            "Fewer than {} healthy data planes for {} minutes, the least that `data_plane.scaling.min` asks for.",
            scaling.min, it.minutes
        ),
        watched: Watched::Metric(of_targets("HealthyHostCount", "Minimum")),
        crossing: Crossing::Below(scaling.min.into()),
        // Of a group without targets nothing is written.
        missing: Missing::Bad,
        ..draught("data-plane-low", 0.0, it.minutes)
    });
    let bounded = scaling.max > scaling.min;
    let full = alarms.data_plane_full.clone();
    let full = full.unwrap_or(if bounded {
        Switch::default()
    } else {
        Switch::Off
    });
    let full = full.on().map(|it| Draught {
        description: format!(
            "{} data planes for {} minutes, as many as `data_plane.scaling.max` allows: more traffic finds no more of them.",
            scaling.max, it.minutes
        ),
        watched: Watched::Metric(of_targets("HealthyHostCount", "Minimum")),
        ..draught("data-plane-full", scaling.max.into(), it.minutes)
    });
    unhealthy.into_iter().chain(low).chain(full).collect()
}

/// The control plane, the database, the certificate.
fn others(spec: &StackSpec, alarms: &Alarms) -> Vec<Draught> {
    let machine = control_plane::draw(spec, alarms);
    let expiry = certificate(spec).zip(alarms.certificate.on());
    let expiry = expiry.map(|(arn, it)| Draught {
        description: format!(
            "The certificate for HTTPS ends in less than {} days. ACM renews its own 60 days before, if their record \
             still stands in the hosted zone; others have to be imported anew.",
            it.days
        ),
        watched: Watched::Metric(Metric {
            namespace: "AWS/CertificateManager",
            name: "DaysToExpiry",
            statistic: "Minimum",
            dimensions: vec![("CertificateArn", arn)],
        }),
        crossing: Crossing::Below(it.days.into()),
        period: DAY,
        // Nothing is written once it has ended.
        missing: Missing::Same,
        after: addresses::https_listener(),
        ..draught("certificate", 0.0, 1)
    });
    machine
        .into_iter()
        .chain(log_archive::draw(spec, alarms))
        .chain(database(spec, alarms))
        .chain(expiry)
        .collect()
}

/// The database at the most it may be.
fn database(spec: &StackSpec, alarms: &Alarms) -> Option<Draught> {
    let capacity = &spec.database.capacity;
    let bounded = capacity.max > capacity.min;
    let full = alarms.database_full.clone();
    let full = full.unwrap_or(if bounded {
        Switch::default()
    } else {
        Switch::Off
    });
    full.on().map(|it| Draught {
        description: format!(
            "The database used {} % or more of its {} ACU for {} minutes, the most that `database.capacity.max` allows.",
            it.percent.get(),
            capacity.max,
            it.minutes
        ),
        watched: Watched::Metric(Metric {
            namespace: "AWS/RDS",
            name: "ACUUtilization",
            // Of the cluster's instances, the busiest one's.
            statistic: "Maximum",
            dimensions: vec![(
                "DBClusterIdentifier",
                Text::from(spec.name_of(Named::DatabaseCluster)),
            )],
        }),
        after: addresses::database_writer(),
        ..draught("database-full", it.percent.get().into(), it.minutes)
    })
}

/// An alarm on as much as this in each of so many minutes, on the way to the data planes.
fn draught(part: &'static str, threshold: f64, minutes: u32) -> Draught {
    Draught {
        part,
        description: String::new(),
        watched: Watched::Formula("", Vec::new()),
        crossing: Crossing::AtLeast(threshold),
        period: MINUTE,
        periods: minutes,
        missing: Missing::Good,
        after: addresses::data_plane_service(),
    }
}

/// The listener's certificate, of which ACM writes how long it lasts; IAM does not of those it keeps.
fn certificate(spec: &StackSpec) -> Option<Text> {
    match &spec.ingress.certificate {
        Certificate::None => None,
        Certificate::Issue => Some(Text::from(&Ref::<Arn>::Of(addresses::certificate()))),
        Certificate::Arn(arn) => arn.is_of_acm().then(|| Text::from(arn.as_str())),
    }
}

fn label(address: Address) -> Text {
    Text::from(&Ref::<ResourceLabel>::Of(address))
}

/// A metric of the load balancer as a whole.
fn of_balancer(name: &'static str, statistic: &'static str) -> Metric {
    Metric {
        namespace: "AWS/ApplicationELB",
        name,
        statistic,
        dimensions: vec![("LoadBalancer", label(addresses::load_balancer()))],
    }
}

/// A metric of the data planes behind it.
fn of_targets(name: &'static str, statistic: &'static str) -> Metric {
    let mut metric = of_balancer(name, statistic);
    let group = label(addresses::target_group());
    metric.dimensions.push(("TargetGroup", group));
    metric
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;

    const EMAIL: &str = "alarms: {email: ops@example.com";

    fn drawn(text: &str) -> Vec<&'static str> {
        let spec = spec(text);
        let alarms = spec.alarms.clone().expect("alarms");
        all(&spec, &alarms).iter().map(|one| one.part).collect()
    }

    #[test]
    fn each_alarm_can_be_switched_off() {
        let always = [
            "target-5xx",
            "balancer-5xx",
            "latency",
            "unhealthy-targets",
            "data-plane-low",
            "data-plane-full",
            "control-plane-down",
            "database-full",
        ];
        assert_eq!(drawn(&format!("{EMAIL}}}")), always);
        for part in always {
            let key = part.replace('-', "_");
            let rest = drawn(&format!("{EMAIL}, {key}: off}}"));
            assert_eq!(rest.len(), always.len() - 1, "{part}");
            assert!(!rest.contains(&part), "{part}");
        }
    }

    #[test]
    fn what_could_only_ring_always_or_never_is_left_out() {
        let scaling = "data_plane: {scaling: {min: 2, max: 2}}\n";
        assert!(!drawn(&format!("{scaling}{EMAIL}}}")).contains(&"data-plane-full"));
        let capacity = "database: {capacity: {min: 2, max: 2}}\n";
        assert!(!drawn(&format!("{capacity}{EMAIL}}}")).contains(&"database-full"));
        let of = |arn: &str| format!("ingress: {{certificate: '{arn}'}}\n{EMAIL}}}");
        let acm = of("arn:aws:acm:eu-west-1:123456789012:certificate/a");
        assert!(drawn(&acm).contains(&"certificate"));
        let iam = of("arn:aws:iam::123456789012:server-certificate/a");
        assert!(!drawn(&iam).contains(&"certificate"));
    }

    #[test]
    fn all_of_them_cost_a_dollar() {
        let metrics = |mode: &str| -> usize {
            let arn = "arn:aws:acm:eu-west-1:123456789012:certificate/a";
            let spec = spec(&format!(
                "ingress: {{certificate: '{arn}'}}\n{mode}{EMAIL}}}"
            ));
            let alarms = spec.alarms.clone().expect("alarms");
            let all = all(&spec, &alarms).into_iter();
            all.map(|one| match one.watched {
                Watched::Metric(_) => 1,
                Watched::Formula(_, metrics) => metrics.len(),
            })
            .sum()
        };
        assert_eq!(metrics(""), 10);
        assert_eq!(metrics("control_plane: {mode: on-demand}\n"), 11);
        assert_eq!(metrics("logs: {archive: {enabled: true}}\n"), 13);
    }

    #[test]
    fn a_control_plane_on_demand_may_be_down_and_its_machine_may_not_fail() {
        let on_demand = "control_plane: {mode: on-demand}\n";
        let parts = drawn(&format!("{on_demand}{EMAIL}}}"));
        assert!(!parts.contains(&"control-plane-down"), "{parts:?}");
        assert!(parts.contains(&"state-machine"), "{parts:?}");
        let off = drawn(&format!("{on_demand}{EMAIL}, state_machine: off}}"));
        assert_eq!(off.len(), parts.len() - 1);
        let archive = format!("{on_demand}logs: {{archive: {{enabled: true}}}}\n{EMAIL}");
        let (all, off) = ("}", ", state_machine: off}");
        let left = drawn(&format!("{archive}{off}")).len();
        assert_eq!(drawn(&format!("{archive}{all}")).len() - left, 2);
    }
}
