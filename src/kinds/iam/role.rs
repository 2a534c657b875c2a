//! IAM roles: what tasks run as.
//!
//! All roles of a stack lie under one path, so one call lists those that left the blueprint. Names are the account's,
//! whatever the path: a role of ours has the right name, the right path and our tags; anything else of that name is
//! somebody else's. Managed policies attached to a role are none of the blueprint's, so an attached one is drift.

use aws_sdk_iam::types::Role as IamRole;
use futures::future::try_join_all;
use futures::try_join;

use super::policy::{PolicyDocument, Statements};
use super::role_holders;
use super::tagging::{from_iam, to_iam};
use crate::aws::{AwsError, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Blocker, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Patience,
    References, ReplaceOrder, Resolve, ResourceName, Step, Tags, Wanted,
};

/// AWS's word for a role that is not there.
pub(super) const ABSENT: &[&str] = &["NoSuchEntity"];

/// IAM answers from copies that agree within seconds.
const PROPAGATION: Patience = Patience::seconds(2, 5, 120);

/// An IAM role for a service.
#[derive(Debug)]
pub(crate) struct Role;

/// What a role should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// The name: 1 to 64 characters, unique in the account without regard to case.
    pub(crate) name: String,
    /// What it is for, for the console.
    pub(crate) description: String,
    /// Who may take it on.
    pub(crate) trust: PolicyDocument,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// A role as IAM has it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    /// The name.
    pub(crate) name: String,
    arn: Arn,
    path: String,
    description: String,
    trust: Statements,
    attached: Vec<String>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// The path of all roles of a stack.
pub(crate) fn path(region: &str, stack: &str) -> String {
    format!("/kongstack/{region}/{stack}/")
}

impl Kind for Role {
    const TYPE: &'static str = "AWS::IAM::Role";
    const NOUN: &'static str = "IAM role";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        desired.trust.referred(References::none())
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let client = cx.clients().iam();
        let path = path(cx.region(), cx.stack());
        let named = try_join_all(wanted.iter().map(|one| find(client, &one.desired.name)));
        let (named, under_path) = try_join!(named, list(client, &path))?;
        let mut found = Vec::new();
        for (one, live) in wanted.iter().zip(named) {
            let Some(live) = live else { continue };
            let address = cx.address_of(&live.tags).filter(|_| live.path == path);
            found.push(match address {
                Some(address) => Found::Owned(address, live),
                None => {
                    let theirs = format!("the IAM role {} (path {})", live.name, live.path);
                    Found::Foreign(one.address.clone(), theirs)
                }
            });
        }
        let left = under_path
            .iter()
            .filter(|name| wanted.iter().all(|one| one.desired.name != **name));
        for live in try_join_all(left.map(|name| find(client, name))).await? {
            let owned = live.and_then(|live| Some((cx.address_of(&live.tags)?, live)));
            if let Some((address, live)) = owned {
                let old = leftover(&found, address, live);
                found.push(old);
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.name.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default()
            .with(live.arn.clone())
            .with(ResourceName::new(&live.name))
    }

    fn uses(_live: &Live) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            name,
            description,
            trust,
            tags,
        } = desired;
        let mut diff = Diff::new();
        diff.immutable("role_name", name, &live.name, "a role's name is fixed");
        diff.field("description", description, &live.description);
        trust.compare("assume_role_policy", &live.trust, outputs, &mut diff);
        diff.set("attached_policies", &[], &live.attached, Effect::InPlace);
        diff.tags(tags, &live.tags);
        diff
    }

    fn replace_order(desired: &Desired, live: &Live) -> ReplaceOrder {
        if desired.name == live.name {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let client = cx.clients().iam();
        let call = client
            .create_role()
            .role_name(&desired.name)
            .path(path(cx.region(), cx.stack()))
            .description(&desired.description)
            .assume_role_policy_document(rendered(cx, &desired.trust)?)
            .set_tags(Some(to_iam(&desired.tags)?))
            .send();
        match call.await.map_err(failed("iam:CreateRole")) {
            Ok(_) => {}
            Err(error) if error.is(&["EntityAlreadyExists"]) => ours(cx, desired, error).await?,
            Err(error) => return Err(error.into()),
        }
        cx.made(&desired.name);
        let live = visible(cx, &desired.name).await?;
        Ok(Self::outputs(&live))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let client = cx.clients().iam();
        if diff.has("assume_role_policy") {
            client
                .update_assume_role_policy()
                .role_name(&live.name)
                .policy_document(rendered(cx, &desired.trust)?)
                .send()
                .await
                .map_err(failed("iam:UpdateAssumeRolePolicy"))?;
        }
        if diff.has("description") {
            client
                .update_role()
                .role_name(&live.name)
                .description(&desired.description)
                .send()
                .await
                .map_err(failed("iam:UpdateRole"))?;
        }
        if diff.has("attached_policies") {
            role_holders::detach(cx, &live.name, &live.attached).await?;
        }
        if diff.has("tags") {
            retag(cx, &desired.tags, live).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn blockers(
        cx: &Observer,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<Blocker>, Error> {
        role_holders::profiles(cx, &live.name).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let client = cx.clients().iam();
        role_holders::detach(cx, &live.name, &live.attached).await?;
        let what = format!("the deletion of {}", live.name);
        cx.retry(&what, PROPAGATION, &["DeleteConflict"], || async {
            let deleted = client.delete_role().role_name(&live.name).send().await;
            deleted.map_err(failed("iam:DeleteRole")).or_absent(ABSENT)
        })
        .await?;
        Ok(Vec::new())
    }
}

fn rendered(cx: &Step, document: &PolicyDocument) -> Result<String, Error> {
    document
        .render(cx.outputs())
        .ok_or_else(|| Error::Internal("a trust policy refers to what is not known yet".into()))
}

/// The names of the roles under a path.
async fn list(client: &aws_sdk_iam::Client, path: &str) -> Result<Vec<String>, Error> {
    let mut pages = client
        .list_roles()
        .path_prefix(path)
        .into_paginator()
        .items()
        .send();
    let mut names = Vec::new();
    while let Some(role) = pages.next().await {
        names.push(role.map_err(failed("iam:ListRoles"))?.role_name);
    }
    Ok(names)
}

/// Reads a role, with the ARNs of the managed policies attached to it.
async fn find(client: &aws_sdk_iam::Client, name: &str) -> Result<Option<Live>, Error> {
    let (role, attached) = try_join!(read(client, name), role_holders::attached(client, name))?;
    Ok(role.map(|role| Live {
        trust: Statements::decode(role.assume_role_policy_document().unwrap_or_default()),
        tags: from_iam(role.tags()),
        arn: Arn::new(role.arn),
        description: role.description.unwrap_or_default(),
        name: role.role_name,
        path: role.path,
        attached,
    }))
}

async fn read(client: &aws_sdk_iam::Client, name: &str) -> Result<Option<IamRole>, Error> {
    let answer = client.get_role().role_name(name).send().await;
    let answer = answer.map_err(failed("iam:GetRole")).or_absent(ABSENT)?;
    Ok(answer.and_then(|answer| answer.role))
}

/// Tells a role that an earlier, unanswered call made from somebody else's.
async fn ours(cx: &Step, desired: &Desired, taken: AwsError) -> Result<(), Error> {
    let live = find(cx.clients().iam(), &desired.name).await?;
    let own = live.is_some_and(|live| {
        live.tags.address_in(cx.stack()).as_ref() == Some(&cx.address)
            && live.path == path(cx.region(), cx.stack())
    });
    if own { Ok(()) } else { Err(taken.into()) }
}

async fn visible(cx: &Step, name: &str) -> Result<Live, Error> {
    let client = cx.clients().iam();
    cx.wait(&format!("role {name}"), PROPAGATION, || async {
        Ok(match find(client, name).await? {
            Some(live) => Look::Ready(live),
            None => Look::Pending("not visible yet".to_owned()),
        })
    })
    .await
}

async fn retag(cx: &Step, want: &Tags, live: &Live) -> Result<(), Error> {
    let client = cx.clients().iam();
    let set = want.to_set(&live.tags);
    if !set.is_empty() {
        client
            .tag_role()
            .role_name(&live.name)
            .set_tags(Some(to_iam(&set)?))
            .send()
            .await
            .map_err(failed("iam:TagRole"))?;
    }
    let remove = want.to_remove(&live.tags);
    if !remove.is_empty() {
        client
            .untag_role()
            .role_name(&live.name)
            .set_tag_keys(Some(remove))
            .send()
            .await
            .map_err(failed("iam:UntagRole"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::iam::Statement;
    use crate::resource::Nothing;

    fn desired() -> Desired {
        Desired {
            name: "demo-execution".to_owned(),
            description: "Starts tasks".to_owned(),
            trust: PolicyDocument {
                statements: vec![Statement {
                    sid: "Tasks",
                    service: Some("ecs-tasks.amazonaws.com"),
                    actions: vec!["sts:AssumeRole"],
                    resources: Vec::new(),
                    conditions: Vec::new(),
                }],
            },
            tags: Tags::default(),
        }
    }

    fn live(trust: &str, attached: &[&str]) -> Live {
        Live {
            name: "demo-execution".to_owned(),
            arn: Arn::new("arn:aws:iam::123456789012:role/kongstack/r/demo/demo-execution"),
            path: path("r", "demo"),
            description: "Starts tasks".to_owned(),
            trust: Statements::decode(trust),
            attached: attached.iter().map(|arn| (*arn).to_owned()).collect(),
            tags: Tags::default(),
        }
    }

    #[test]
    fn a_role_as_it_was_made_is_as_desired() {
        let trust = desired().trust.render(&Nothing).unwrap();
        assert!(Role::diff(&desired(), &live(&trust, &[]), &Nothing).is_empty());
    }

    #[test]
    fn a_widened_trust_and_an_attached_policy_are_drift() {
        let trust = desired().trust.render(&Nothing).unwrap();
        let wider = trust.replace("ecs-tasks", "ec2");
        let diff = Role::diff(&desired(), &live(&wider, &["arn:admin"]), &Nothing);
        let fields: Vec<&str> = diff
            .changes()
            .iter()
            .map(|one| one.field.as_str())
            .collect();
        assert_eq!(fields, ["assume_role_policy.Tasks", "attached_policies"]);
        assert_eq!(diff.replacing().count(), 0);
    }
}
