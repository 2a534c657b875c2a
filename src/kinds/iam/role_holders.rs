//! What holds a role, so that IAM does not delete it: managed policies attached to it, and instance profiles it is in.

use aws_sdk_iam::Client;

use super::role::ABSENT;
use crate::aws::{OrAbsent, failed};
use crate::resource::{Blocker, Error, Observer, Step};

/// The ARNs of the managed policies attached to a role.
pub(super) async fn attached(client: &Client, name: &str) -> Result<Vec<String>, Error> {
    let mut pages = client
        .list_attached_role_policies()
        .role_name(name)
        .into_paginator()
        .items()
        .send();
    let mut arns = Vec::new();
    while let Some(policy) = pages.next().await {
        let policy = policy
            .map_err(failed("iam:ListAttachedRolePolicies"))
            .or_absent(ABSENT)?;
        arns.extend(policy.and_then(|policy| policy.policy_arn));
    }
    Ok(arns)
}

/// Takes managed policies off a role.
pub(super) async fn detach(cx: &Step, name: &str, arns: &[String]) -> Result<(), Error> {
    for arn in arns {
        let call = cx.clients().iam().detach_role_policy();
        call.role_name(name)
            .policy_arn(arn)
            .send()
            .await
            .map_err(failed("iam:DetachRolePolicy"))
            .or_absent(ABSENT)?;
    }
    Ok(())
}

/// The instance profiles a role is in: machines that somebody runs with it would lose what it allows.
pub(super) async fn profiles(cx: &Observer, name: &str) -> Result<Vec<Blocker>, Error> {
    let mut pages = cx
        .clients()
        .iam()
        .list_instance_profiles_for_role()
        .role_name(name)
        .into_paginator()
        .items()
        .send();
    let mut blockers = Vec::new();
    while let Some(profile) = pages.next().await {
        let profile = profile
            .map_err(failed("iam:ListInstanceProfilesForRole"))
            .or_absent(ABSENT)?;
        blockers.extend(profile.map(|profile| {
            let profile = profile.instance_profile_name;
            Blocker {
                reason: format!("the instance profile {profile} holds the IAM role {name}"),
                fix: format!(
                    "take it out: aws iam remove-role-from-instance-profile --instance-profile-name {profile} --role-name {name}"
                ),
            }
        }));
    }
    Ok(blockers)
}
