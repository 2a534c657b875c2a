//! What a listener or a rule does with a request, and AWS's ways of writing it down.

use std::fmt;

use aws_sdk_elasticloadbalancingv2::types::{
    Action as SdkAction, ActionTypeEnum, FixedResponseActionConfig, RedirectActionConfig,
    RedirectActionStatusCodeEnum,
};

use crate::resource::{Arn, Diff, Effect, Error, Output, Ref, References, Resolve, Step};

/// What is done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// It goes to a target of this group.
    Forward(Ref<Arn>),
    /// The client is sent to the same address over HTTPS, for good (301).
    RedirectToHttps,
    /// The load balancer itself answers 403 with this JSON text.
    Refuse(String),
}

/// What AWS says is done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LiveAction {
    Forward(Arn),
    RedirectToHttps,
    Refuse(String),
    /// Something this program never makes, in words.
    Other(String),
}

impl Action {
    /// What it refers to.
    pub(super) fn references(&self, references: References) -> References {
        match self {
            Self::Forward(group) => references.to(group),
            Self::RedirectToHttps | Self::Refuse(_) => references,
        }
    }

    /// The SDK's form.
    pub(super) fn sdk(&self, cx: &Step) -> Result<SdkAction, Error> {
        let action = SdkAction::builder();
        Ok(match self {
            Self::Forward(group) => action
                .r#type(ActionTypeEnum::Forward)
                .target_group_arn(cx.get(group)?.as_str())
                .build(),
            Self::RedirectToHttps => {
                let redirect = RedirectActionConfig::builder()
                    .protocol("HTTPS")
                    .port("443")
                    .status_code(RedirectActionStatusCodeEnum::Http301);
                action
                    .r#type(ActionTypeEnum::Redirect)
                    .redirect_config(redirect.build())
                    .build()
            }
            Self::Refuse(body) => {
                let response = FixedResponseActionConfig::builder()
                    .status_code("403")
                    .content_type("application/json")
                    .message_body(body);
                action
                    .r#type(ActionTypeEnum::FixedResponse)
                    .fixed_response_config(response.build())
                    .build()
            }
        })
    }

    /// Compares with what AWS has.
    pub(super) fn diff(
        &self,
        field: &str,
        live: &LiveAction,
        outputs: &dyn Resolve,
        diff: &mut Diff,
    ) {
        match (self, live) {
            (Self::Forward(group), LiveAction::Forward(have)) => {
                diff.reference(field, group, have, outputs, Effect::InPlace);
            }
            (Self::RedirectToHttps, LiveAction::RedirectToHttps) => {}
            (Self::Refuse(want), LiveAction::Refuse(have)) if want == have => {}
            _ => {
                let (old, new) = (live.to_string(), self.to_string());
                diff.push(field.to_owned(), Some(old), Some(new), Effect::InPlace);
            }
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward(Ref::Literal(group)) => write!(f, "forward to {group}"),
            Self::Forward(Ref::Of(address)) => write!(f, "forward to {address}"),
            Self::RedirectToHttps => f.write_str("redirect to https"),
            Self::Refuse(body) => write!(f, "answer 403 {body}"),
        }
    }
}

impl LiveAction {
    /// Reads what AWS answered. Of several actions the last is the one that answers, as AWS demands.
    pub(super) fn read(actions: &[SdkAction]) -> Self {
        match actions {
            [action] => Self::read_one(action),
            [] => Self::Other("nothing".to_owned()),
            several => Self::Other(format!("{} actions", several.len())),
        }
    }

    fn read_one(action: &SdkAction) -> Self {
        match action.r#type() {
            Some(ActionTypeEnum::Forward) => Self::read_forward(action),
            Some(ActionTypeEnum::Redirect) => action
                .redirect_config()
                .map_or_else(|| Self::Other("redirect".to_owned()), Self::read_redirect),
            Some(ActionTypeEnum::FixedResponse) => action.fixed_response_config().map_or_else(
                || Self::Other("fixed-response".to_owned()),
                Self::read_fixed,
            ),
            other => Self::Other(other.map_or("nothing", ActionTypeEnum::as_str).to_owned()),
        }
    }

    /// AWS answers with the group alone, with a list of one, or with both.
    fn read_forward(action: &SdkAction) -> Self {
        let listed = action
            .forward_config()
            .map(|config| config.target_groups())
            .unwrap_or_default();
        let arn = match listed {
            [] => action.target_group_arn(),
            [one] => one.target_group_arn(),
            several => return Self::Other(format!("forward to {} groups", several.len())),
        };
        arn.map_or_else(
            || Self::Other("forward".to_owned()),
            |arn| Self::Forward(Arn::new(arn)),
        )
    }

    /// AWS fills host, path and query in with placeholders that mean "as in the request".
    fn read_redirect(config: &RedirectActionConfig) -> Self {
        let is = |part: Option<&str>, kept: &str| part.is_none_or(|part| part == kept);
        let plain = is(config.host(), "#{host}")
            && is(config.path(), "/#{path}")
            && is(config.query(), "#{query}")
            && config.protocol() == Some("HTTPS")
            && config.port() == Some("443")
            && config.status_code() == Some(&RedirectActionStatusCodeEnum::Http301);
        if plain {
            return Self::RedirectToHttps;
        }
        Self::Other(format!(
            "redirect to {}://{}:{}{}?{}",
            config.protocol().unwrap_or("#{protocol}"),
            config.host().unwrap_or("#{host}"),
            config.port().unwrap_or("#{port}"),
            config.path().unwrap_or("/#{path}"),
            config.query().unwrap_or("#{query}"),
        ))
    }

    fn read_fixed(config: &FixedResponseActionConfig) -> Self {
        let status = config.status_code().unwrap_or("nothing");
        let (content, body) = (config.content_type(), config.message_body());
        let body = body.unwrap_or_default();
        if status == "403" && content == Some("application/json") {
            Self::Refuse(body.to_owned())
        } else {
            Self::Other(format!("answer {status} {body}"))
        }
    }

    /// The target group it needs.
    pub(super) fn uses(&self) -> Option<String> {
        match self {
            Self::Forward(group) => Some(group.to_string()),
            Self::RedirectToHttps | Self::Refuse(_) | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for LiveAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward(group) => write!(f, "forward to {group}"),
            Self::RedirectToHttps => Action::RedirectToHttps.fmt(f),
            Self::Refuse(body) => Action::Refuse(body.clone()).fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{ForwardActionConfig, TargetGroupTuple};

    use super::*;

    #[test]
    fn a_forward_reads_the_same_however_aws_writes_it() {
        let tuple = TargetGroupTuple::builder()
            .target_group_arn("arn:tg")
            .weight(1);
        let config = ForwardActionConfig::builder()
            .target_groups(tuple.build())
            .build();
        let forward = || SdkAction::builder().r#type(ActionTypeEnum::Forward);
        let short = forward().target_group_arn("arn:tg").build();
        let long = forward().forward_config(config.clone()).build();
        let both = forward()
            .target_group_arn("arn:tg")
            .forward_config(config)
            .order(1)
            .build();
        for action in [short, long, both] {
            assert_eq!(
                LiveAction::read(&[action]),
                LiveAction::Forward(Arn::new("arn:tg"))
            );
        }
    }

    #[test]
    fn a_redirect_that_keeps_the_rest_is_ours_and_another_is_not() {
        let redirect = |path: &str| {
            let config = RedirectActionConfig::builder()
                .protocol("HTTPS")
                .port("443")
                .host("#{host}")
                .path(path)
                .query("#{query}")
                .status_code(RedirectActionStatusCodeEnum::Http301);
            SdkAction::builder()
                .r#type(ActionTypeEnum::Redirect)
                .redirect_config(config.build())
                .build()
        };
        assert_eq!(
            LiveAction::read(&[redirect("/#{path}")]),
            LiveAction::RedirectToHttps
        );
        assert_eq!(
            LiveAction::read(&[redirect("/x")]).to_string(),
            "redirect to HTTPS://#{host}:443/x?#{query}"
        );
    }
}
