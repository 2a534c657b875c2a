//! What of a load balancer is kept in attributes: texts by name.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute;

use super::load_balancer::LoadBalancerDesired;
use super::look;
use crate::aws::{OrAbsent, failed};
use crate::resource::{Error, Ref, ResourceName, Step, Text};

/// Whether AWS refuses to delete it.
const PROTECTION: &str = "deletion_protection.enabled";
const LOGGING: &str = "access_logs.s3.enabled";
const LOG_BUCKET: &str = "access_logs.s3.bucket";
const LOG_PREFIX: &str = "access_logs.s3.prefix";

/// Where access logs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessLogs {
    /// The bucket, which must let Elastic Load Balancing write before it is named here.
    pub(crate) bucket: Ref<ResourceName>,
    /// What their keys begin with, without a slash at its end.
    pub(crate) prefix: &'static str,
}

/// The attributes that are this program's to set.
///
/// `append` is AWS's default and what makes the last address of `X-Forwarded-For` trustworthy to Kong, so another
/// setting is drift, not taste.
pub(super) fn wanted(desired: &LoadBalancerDesired) -> Vec<(&'static str, Text)> {
    let mut attributes = vec![
        (
            "idle_timeout.timeout_seconds",
            desired.idle_timeout.to_string().into(),
        ),
        (
            PROTECTION,
            desired
                .deletion_protection
                .unwrap_or_default()
                .to_string()
                .into(),
        ),
        (
            "routing.http.drop_invalid_header_fields.enabled",
            desired.drop_invalid_headers.to_string().into(),
        ),
        ("routing.http.xff_header_processing.mode", "append".into()),
        (LOGGING, desired.access_logs.is_some().to_string().into()),
    ];
    // One that logs nowhere keeps the names of where it did, which mean nothing then.
    if let Some(logs) = &desired.access_logs {
        attributes.push((LOG_BUCKET, Text::from(&logs.bucket)));
        attributes.push((LOG_PREFIX, logs.prefix.into()));
    }
    attributes
}

/// Whether AWS refuses to delete it.
pub(super) fn is_protected(live: &BTreeMap<String, String>) -> bool {
    live.get(PROTECTION).map(String::as_str) == Some("true")
}

/// Lets AWS delete it.
pub(super) async fn unprotect(cx: &Step, arn: &str) -> Result<(), Error> {
    let off = LoadBalancerAttribute::builder()
        .key(PROTECTION)
        .value("false");
    let call = cx.clients().elb().modify_load_balancer_attributes();
    let call = call.load_balancer_arn(arn).attributes(off.build());
    let answer = call.send().await;
    answer
        .map_err(failed("elasticloadbalancing:ModifyLoadBalancerAttributes"))
        .or_absent(&["LoadBalancerNotFound"])?;
    Ok(())
}

/// The bucket that it logs to, if it does.
pub(super) fn log_bucket(live: &BTreeMap<String, String>) -> Option<String> {
    let logging = live.get(LOGGING).map(String::as_str) == Some("true");
    live.get(LOG_BUCKET).filter(|_| logging).cloned()
}

/// Sets them all.
pub(super) async fn set(cx: &Step, desired: &LoadBalancerDesired, arn: &str) -> Result<(), Error> {
    let attributes = wanted(desired).into_iter().map(|(key, value)| {
        let value = cx.text(&value)?;
        Ok(LoadBalancerAttribute::builder()
            .key(key)
            .value(value)
            .build())
    });
    let attributes = attributes.collect::<Result<_, Error>>()?;
    let call = cx
        .clients()
        .elb()
        .modify_load_balancer_attributes()
        .load_balancer_arn(arn)
        .set_attributes(Some(attributes));
    let what = format!("load balancer {}", desired.name);
    // It tries whether it may write to the bucket, whose policy may be too new for it.
    let not_yet: &[&str] = match desired.access_logs {
        Some(_) => &["LoadBalancerNotFound", "InvalidConfigurationRequest"],
        None => &["LoadBalancerNotFound"],
    };
    cx.retry(&what, look::NEW, not_yet, || {
        let call = call.clone();
        async move {
            let answer = call.send().await;
            answer.map_err(failed("elasticloadbalancing:ModifyLoadBalancerAttributes"))
        }
    })
    .await?;
    Ok(())
}
