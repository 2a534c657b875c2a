//! Listeners: the ports the load balancer answers on.

use std::fmt;

use aws_sdk_elasticloadbalancingv2::types::{Certificate, Listener as SdkListener, ProtocolEnum};

use super::action::{Action, LiveAction};
use super::load_balancer::LoadBalancer;
use super::{look, tagging};
use crate::aws::{OrAbsent, failed};
use crate::resource::{
    Arn, Diff, Effect, Error, Found, KNOWN_AFTER_APPLY, Kind, Observer, Output, Outputs, Ref,
    References, Resolve, Standing, Step, Tags, Wanted, kind,
};

/// A listener, found on the load balancers of the stack.
pub(crate) struct Listener;

/// What a listener should be.
#[derive(Debug, Clone)]
pub(crate) struct ListenerDesired {
    /// The load balancer it belongs to.
    pub(crate) load_balancer: Ref<Arn>,
    /// Its port.
    pub(crate) port: u16,
    /// What it speaks.
    pub(crate) protocol: Protocol,
    /// What happens to a request that no rule claims.
    pub(crate) action: Action,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What a listener speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Clear text.
    Http,
    /// TLS.
    Https {
        /// Its certificate, issued.
        certificate: Ref<Arn>,
        /// ELB's name for versions and ciphers. Always given: the API's own default is the policy of 2016.
        policy: String,
    },
}

impl Protocol {
    fn sdk(&self) -> ProtocolEnum {
        match self {
            Self::Http => ProtocolEnum::Http,
            Self::Https { .. } => ProtocolEnum::Https,
        }
    }

    fn certificate(&self) -> Option<&Ref<Arn>> {
        match self {
            Self::Http => None,
            Self::Https { certificate, .. } => Some(certificate),
        }
    }

    fn policy(&self) -> Option<&String> {
        match self {
            Self::Http => None,
            Self::Https { policy, .. } => Some(policy),
        }
    }

    fn certificates(&self, cx: &Step) -> Result<Option<Vec<Certificate>>, Error> {
        let Some(certificate) = self.certificate() else {
            return Ok(None);
        };
        let arn = cx.get(certificate)?;
        let certificate = Certificate::builder().certificate_arn(arn.as_str());
        Ok(Some(vec![certificate.build()]))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sdk().as_str())
    }
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct ListenerLive {
    pub(super) arn: String,
    load_balancer: Arn,
    pub(super) port: u16,
    protocol: String,
    certificate: Option<String>,
    policy: Option<String>,
    action: LiveAction,
    pub(super) tags: Tags,
}

impl ListenerLive {
    /// Reads what AWS answered; an answer without ARN or port is no listener of an Application Load Balancer.
    pub(super) fn read(listener: &SdkListener, tags: Tags) -> Option<Self> {
        let protocol = listener.protocol()?;
        // An HTTP listener has no policy, though some answers repeat a former one.
        let tls = *protocol == ProtocolEnum::Https;
        let certificate = listener.certificates().first();
        Some(Self {
            arn: listener.listener_arn()?.to_owned(),
            load_balancer: Arn::new(listener.load_balancer_arn()?),
            port: listener.port()?.try_into().ok()?,
            protocol: protocol.as_str().to_owned(),
            certificate: certificate
                .and_then(Certificate::certificate_arn)
                .filter(|_| tls)
                .map(str::to_owned),
            policy: listener.ssl_policy().filter(|_| tls).map(str::to_owned),
            action: LiveAction::read(listener.default_actions()),
            tags,
        })
    }
}

impl Kind for Listener {
    const TYPE: &'static str = "AWS::ElasticLoadBalancingV2::Listener";
    const NOUN: &'static str = "listener";

    type Desired = ListenerDesired;
    type Live = ListenerLive;

    fn references(desired: &ListenerDesired) -> References {
        let references = References::none()
            .to(&desired.load_balancer)
            .to_all(desired.protocol.certificate());
        desired.action.references(references)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<ListenerLive>>, Error> {
        let load_balancers = cx.seen_of(kind::<LoadBalancer>()).await?;
        let mut found = Vec::new();
        for seen in load_balancers.iter() {
            let Some(load_balancer) = seen.live_as::<LoadBalancer>() else {
                continue;
            };
            for live in load_balancer.listeners.iter().cloned() {
                let address = cx.address_of(&live.tags);
                found.extend(match (address, &seen.standing) {
                    (Some(address), Standing::Retired) => Some(Found::Retired(address, live)),
                    (Some(address), _) => Some(Found::Owned(address, live)),
                    (None, Standing::Retired) => None,
                    (None, _) => foreign(&live, wanted),
                });
            }
        }
        Ok(found)
    }

    fn id(live: &ListenerLive) -> String {
        live.arn.clone()
    }

    fn outputs(live: &ListenerLive) -> Outputs {
        Outputs::default().with(Arn::new(&live.arn))
    }

    fn uses(live: &ListenerLive) -> Vec<String> {
        let balancer = Some(live.load_balancer.to_string());
        let held = balancer.into_iter().chain(live.certificate.clone());
        held.chain(live.action.uses()).collect()
    }

    fn diff(desired: &ListenerDesired, live: &ListenerLive, outputs: &dyn Resolve) -> Diff {
        let ListenerDesired {
            load_balancer,
            port,
            protocol,
            action,
            tags,
        } = desired;
        let mut diff = Diff::new();
        let moved = Effect::Replace("a listener stays with its load balancer");
        diff.reference(
            "load_balancer",
            load_balancer,
            &live.load_balancer,
            outputs,
            moved,
        );
        diff.field("port", port, &live.port);
        diff.field("protocol", &protocol.to_string(), &live.protocol);
        let have = live.certificate.as_deref();
        diff_certificate(protocol.certificate(), have, outputs, &mut diff);
        diff.optional("ssl_policy", protocol.policy(), live.policy.as_ref());
        action.diff("default_action", &live.action, outputs, &mut diff);
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &ListenerDesired) -> Result<Outputs, Error> {
        let load_balancer = cx.get(&desired.load_balancer)?;
        let call = cx
            .clients()
            .elb()
            .create_listener()
            .load_balancer_arn(load_balancer.as_str())
            .port(i32::from(desired.port))
            .protocol(desired.protocol.sdk())
            .set_certificates(desired.protocol.certificates(cx)?)
            .set_ssl_policy(desired.protocol.policy().cloned())
            .default_actions(desired.action.sdk(cx)?)
            .set_tags(Some(tagging::sdk(&desired.tags)));
        let not_yet = ["LoadBalancerNotFound", "TargetGroupNotFound"];
        let answer = cx.retry("its load balancer", look::NEW, &not_yet, || {
            let call = call.clone();
            async move {
                let answer = call.send().await;
                answer.map_err(failed("elasticloadbalancing:CreateListener"))
            }
        });
        let made = match answer.await {
            Ok(answer) => answer.listeners.unwrap_or_default().pop(),
            // A repeated call whose first answer was lost.
            Err(Error::Aws(error)) if error.is(&["DuplicateListener"]) => {
                let listeners = look::listeners(cx.clients(), load_balancer.as_str()).await?;
                let there = listeners
                    .into_iter()
                    .find(|one| one.port() == Some(i32::from(desired.port)));
                match there.as_ref().and_then(SdkListener::listener_arn) {
                    Some(arn) if tagging::is_ours(cx, arn).await? => there,
                    _ => return Err(error.into()),
                }
            }
            Err(error) => return Err(error),
        };
        let arn = made.and_then(|one| one.listener_arn);
        let arn = arn.ok_or(Error::Incomplete {
            operation: "elasticloadbalancing:CreateListener",
            missing: "an ARN",
        })?;
        cx.made(&arn);
        Ok(Outputs::default().with(Arn::new(arn)))
    }

    async fn update(
        cx: &Step,
        desired: &ListenerDesired,
        live: &ListenerLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let fields = [
            "port",
            "protocol",
            "certificate",
            "ssl_policy",
            "default_action",
        ];
        if fields.iter().any(|field| diff.has(field)) {
            cx.clients()
                .elb()
                .modify_listener()
                .listener_arn(&live.arn)
                .port(i32::from(desired.port))
                .protocol(desired.protocol.sdk())
                .set_certificates(desired.protocol.certificates(cx)?)
                .set_ssl_policy(desired.protocol.policy().cloned())
                .default_actions(desired.action.sdk(cx)?)
                .send()
                .await
                .map_err(failed("elasticloadbalancing:ModifyListener"))?;
        }
        if diff.has("tags") {
            tagging::write(cx, &live.arn, &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&ListenerDesired>,
        live: &ListenerLive,
    ) -> Result<Vec<String>, Error> {
        cx.clients()
            .elb()
            .delete_listener()
            .listener_arn(&live.arn)
            .send()
            .await
            .map_err(failed("elasticloadbalancing:DeleteListener"))
            .or_absent(&["ListenerNotFound", "LoadBalancerNotFound"])?;
        Ok(Vec::new())
    }
}

fn diff_certificate(
    want: Option<&Ref<Arn>>,
    have: Option<&str>,
    outputs: &dyn Resolve,
    diff: &mut Diff,
) {
    let known = |want: &Ref<Arn>| {
        let arn = want.resolve(outputs).map(|arn| arn.to_string());
        arn.unwrap_or_else(|| KNOWN_AFTER_APPLY.to_owned())
    };
    let want = want.map(known);
    if want.as_deref() != have {
        let old = have.map(str::to_owned);
        diff.push("certificate".to_owned(), old, want, Effect::InPlace);
    }
}

/// A listener without our tags is in the way if it holds a port we need.
fn foreign(live: &ListenerLive, wanted: &[Wanted<'_, Listener>]) -> Option<Found<ListenerLive>> {
    let one = wanted.iter().find(|one| one.desired.port == live.port)?;
    let name = format!("listener on port {} ({})", live.port, live.arn);
    Some(Found::Foreign(one.address.clone(), name))
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{Action as SdkAction, ActionTypeEnum};

    use super::*;
    use crate::resource::{Address, Layer, Nothing};

    fn live() -> ListenerLive {
        let forward = SdkAction::builder()
            .r#type(ActionTypeEnum::Forward)
            .target_group_arn("arn:tg");
        let listener = SdkListener::builder()
            .listener_arn("arn:l")
            .load_balancer_arn("arn:lb")
            .port(443)
            .protocol(ProtocolEnum::Https)
            .ssl_policy("P")
            .certificates(Certificate::builder().certificate_arn("arn:c").build())
            .default_actions(forward.build());
        ListenerLive::read(&listener.build(), Tags::default()).unwrap()
    }

    fn desired() -> ListenerDesired {
        ListenerDesired {
            load_balancer: Ref::Literal(Arn::new("arn:lb")),
            port: 443,
            protocol: Protocol::Https {
                certificate: Ref::Literal(Arn::new("arn:c")),
                policy: "P".to_owned(),
            },
            action: Action::Forward(Ref::Literal(Arn::new("arn:tg"))),
            tags: Tags::default(),
        }
    }

    #[test]
    fn what_was_made_shows_no_difference() {
        assert!(Listener::diff(&desired(), &live(), &Nothing).is_empty());
    }

    #[test]
    fn another_policy_or_action_changes_in_place() {
        let mut other = desired();
        other.action = Action::RedirectToHttps;
        other.protocol = Protocol::Http;
        let diff = Listener::diff(&other, &live(), &Nothing);
        assert_eq!(diff.replacing().count(), 0);
        for field in ["protocol", "certificate", "ssl_policy", "default_action"] {
            assert!(diff.has(field), "{field}");
        }
    }

    #[test]
    fn a_new_load_balancer_takes_a_new_listener() {
        let mut other = desired();
        other.load_balancer = Ref::Of(Address::new(Layer::Ingress, "load-balancer"));
        let diff = Listener::diff(&other, &live(), &Nothing);
        assert_eq!(diff.replacing().count(), 1);
    }
}
