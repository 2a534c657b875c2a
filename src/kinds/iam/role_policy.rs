//! Inline policies of roles: what tasks may do.
//!
//! A resource of its own, so that a role can be made early and its policy once the ARNs it names are known. Inline
//! policies have no tags: every one in a role of ours is ours, and one that is not wanted is planned for deletion.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use futures::future::try_join_all;
use futures::try_join;

use super::policy::{PolicyDocument, Statements};
use super::role::Role;
use crate::aws::{OrAbsent, failed};
use crate::resource::{
    Address, Diff, Error, Found, Kind, Look, Observer, Outputs, Patience, References, Resolve,
    Step, Wanted,
};

/// AWS's word for a policy or a role that is not there.
const ABSENT: &[&str] = &["NoSuchEntity"];

/// IAM answers from copies that agree within seconds.
const PROPAGATION: Patience = Patience::seconds(2, 5, 120);

/// What AWS answers while the role is new, or its policies are being changed by somebody else.
const NOT_YET: &[&str] = &["NoSuchEntity", "ConcurrentModification"];

/// An inline policy of an IAM role.
#[derive(Debug)]
pub(crate) struct RolePolicy;

/// What an inline policy should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// Where the role stands in the stack.
    pub(crate) role: Address,
    /// The role's name.
    pub(crate) role_name: String,
    /// The policy's name in the role.
    pub(crate) name: String,
    /// What it allows.
    pub(crate) document: PolicyDocument,
}

/// An inline policy as IAM has it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    role: String,
    name: String,
    statements: Statements,
}

impl Kind for RolePolicy {
    const TYPE: &'static str = "AWS::IAM::RolePolicy";
    const NOUN: &'static str = "IAM role policy";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let role = References::none().after(&desired.role);
        desired.document.referred(role)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let client = cx.clients().iam();
        let planned: Vec<&str> = cx
            .blueprint()
            .resources
            .values()
            .filter_map(|resource| resource.desired_as::<Role>())
            .map(|role| role.name.as_str())
            .collect();
        let documents = try_join_all(
            wanted
                .iter()
                .map(|one| find(client, &one.desired.role_name, &one.desired.name)),
        );
        let listed = try_join_all(planned.iter().map(|role| list(client, role)));
        let (roles, documents, listed) = try_join!(cx.live::<Role>(), documents, listed)?;
        let mut names: BTreeMap<&str, Vec<String>> = planned.iter().copied().zip(listed).collect();
        for (_, role) in &roles {
            if !names.contains_key(role.name.as_str()) {
                names.insert(&role.name, list(client, &role.name).await?);
            }
        }
        let is_wanted = |role: &str, name: &str| {
            wanted
                .iter()
                .any(|one| one.desired.role_name == role && one.desired.name == name)
        };
        let is_ours = |name: &str| roles.iter().any(|(_, role)| role.name == name);
        let mut found: Vec<Found<Live>> = wanted
            .iter()
            .zip(documents)
            .filter(|(one, _)| is_ours(&one.desired.role_name))
            .filter_map(|(one, live)| Some(Found::Owned(one.address.clone(), live?)))
            .collect();
        for (address, role) in &roles {
            let policies = names.get(role.name.as_str()).into_iter().flatten();
            for name in policies.filter(|name| !is_wanted(&role.name, name)) {
                let at = Address::new(address.layer(), &format!("{}/{name}", address.name()));
                let live = Live {
                    role: role.name.clone(),
                    name: name.clone(),
                    statements: Statements::default(),
                };
                found.push(Found::Owned(at, live));
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        format!("{}/{}", live.role, live.name)
    }

    fn outputs(_live: &Live) -> Outputs {
        Outputs::default()
    }

    fn uses(live: &Live) -> Vec<String> {
        vec![live.role.clone()]
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            // The policy was found by the role's name and its own.
            role: _,
            role_name: _,
            name: _,
            document,
        } = desired;
        let mut diff = Diff::new();
        document.compare("policy", &live.statements, outputs, &mut diff);
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        put(cx, desired).await?;
        let (role, name) = (&desired.role_name, &desired.name);
        cx.made(&format!("{role}/{name}"));
        let client = cx.clients().iam();
        cx.wait(&format!("policy {name}"), PROPAGATION, || async {
            Ok(match find(client, role, name).await? {
                Some(_) => Look::Ready(()),
                None => Look::Pending("not visible yet".to_owned()),
            })
        })
        .await?;
        Ok(Outputs::default())
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        _live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        put(cx, desired).await?;
        Ok(Outputs::default())
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let call = cx.clients().iam().delete_role_policy();
        call.role_name(&live.role)
            .policy_name(&live.name)
            .send()
            .await
            .map_err(failed("iam:DeleteRolePolicy"))
            .or_absent(ABSENT)?;
        Ok(Vec::new())
    }
}

/// Writes the policy; one of its name is overwritten, so that repeating it does no harm.
async fn put(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let document = desired.document.render(cx.outputs()).ok_or_else(|| {
        Error::Internal(format!("{} refers to what is not known yet", desired.name))
    })?;
    let client = cx.clients().iam();
    let what = format!("role {}", desired.role_name);
    cx.retry(&what, PROPAGATION, NOT_YET, || async {
        let call = client
            .put_role_policy()
            .role_name(&desired.role_name)
            .policy_name(&desired.name)
            .policy_document(&document);
        call.send().await.map_err(failed("iam:PutRolePolicy"))
    })
    .await?;
    Ok(())
}

async fn list(client: &Client, role: &str) -> Result<Vec<String>, Error> {
    let mut pages = client
        .list_role_policies()
        .role_name(role)
        .into_paginator()
        .items()
        .send();
    let mut names = Vec::new();
    while let Some(name) = pages.next().await {
        let name = name.map_err(failed("iam:ListRolePolicies"));
        names.extend(name.or_absent(ABSENT)?);
    }
    Ok(names)
}

async fn find(client: &Client, role: &str, name: &str) -> Result<Option<Live>, Error> {
    let call = client.get_role_policy().role_name(role).policy_name(name);
    let answer = call
        .send()
        .await
        .map_err(failed("iam:GetRolePolicy"))
        .or_absent(ABSENT)?;
    Ok(answer.map(|answer| Live {
        role: role.to_owned(),
        name: name.to_owned(),
        statements: Statements::decode(answer.policy_document()),
    }))
}
