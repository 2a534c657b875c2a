//! DB subnet groups: where a cluster's instances may stand.
//!
//! A group belongs to one VPC for good, and a cluster to one group. Its description lacks its tags, which take a call of
//! their own.

use aws_sdk_rds::Client;
use futures::future::try_join_all;
use futures::try_join;

use super::arn::unwanted;
use super::{subnet_group_users, tagging};
use crate::aws::{AwsError, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Blocker, Diff, Effect, Error, Found, Kind, Observer, Output, Outputs, Patience, Ref,
    References, ReplaceOrder, Resolve, ResourceName, Step, SubnetId, Tags, Wanted,
};

/// AWS's word for a group that is not there.
const ABSENT: &[&str] = &["DBSubnetGroupNotFoundFault"];

/// RDS may not know a subnet in the first seconds of its life.
const NEW_SUBNETS: Patience = Patience::seconds(3, 5, 120);

/// A cluster that is being deleted keeps its group to the end.
const IN_USE: Patience = Patience::seconds(5, 120, 3600);

/// A DB subnet group.
#[derive(Debug)]
pub(crate) struct DbSubnetGroup;

/// What a DB subnet group should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// The name, 1 to 255 characters; RDS keeps it in lower case.
    pub(crate) name: String,
    /// What it is for, for the console.
    pub(crate) description: String,
    /// The subnets, in at least two zones of one VPC.
    pub(crate) subnets: Vec<Ref<SubnetId>>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// A DB subnet group as RDS has it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    name: String,
    arn: Arn,
    description: String,
    subnets: Vec<SubnetId>,
    tags: Tags,
}

impl Kind for DbSubnetGroup {
    const TYPE: &'static str = "AWS::RDS::DBSubnetGroup";
    const NOUN: &'static str = "DB subnet group";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none().to_all(&desired.subnets)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let client = cx.clients().rds();
        let named = try_join_all(wanted.iter().map(|one| find(client, &one.desired.name)));
        let (named, inventory) = try_join!(named, cx.inventory())?;
        let mut found = Vec::new();
        for (one, live) in wanted.iter().zip(named) {
            let Some(live) = live else { continue };
            found.push(match cx.address_of(&live.tags) {
                Some(address) => Found::Owned(address, live),
                None => {
                    let theirs = format!("the DB subnet group {}", live.name);
                    Found::Foreign(one.address.clone(), theirs)
                }
            });
        }
        let is_wanted = |name: &str| wanted.iter().any(|one| one.desired.name == name);
        let left = unwanted(&inventory, "subgrp", is_wanted);
        for live in try_join_all(left.into_iter().map(|name| find(client, name))).await? {
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

    fn uses(live: &Live) -> Vec<String> {
        live.subnets.iter().map(ToString::to_string).collect()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            name,
            description,
            subnets,
            tags,
        } = desired;
        let mut diff = Diff::new();
        let why = "a subnet group's name is fixed";
        diff.immutable("db_subnet_group_name", name, &live.name, why);
        diff.field("description", description, &live.description);
        diff.references(
            "subnet_ids",
            subnets,
            &live.subnets,
            outputs,
            Effect::InPlace,
        );
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
        let client = cx.clients().rds();
        let subnets: Vec<String> = ids(cx, desired)?;
        let what = format!("the subnets of {}", desired.name);
        let made = cx
            .retry(&what, NEW_SUBNETS, &["InvalidSubnet"], || async {
                let call = client
                    .create_db_subnet_group()
                    .db_subnet_group_name(&desired.name)
                    .db_subnet_group_description(&desired.description)
                    .set_subnet_ids(Some(subnets.clone()))
                    .set_tags(Some(tagging::to_rds(&desired.tags)));
                call.send().await.map_err(failed("rds:CreateDBSubnetGroup"))
            })
            .await;
        match made {
            Ok(_) => {}
            Err(Error::Aws(error)) if error.is(&["DBSubnetGroupAlreadyExists"]) => {
                ours(cx, desired, error).await?;
            }
            Err(error) => return Err(error),
        }
        cx.made(&desired.name);
        published(client, &desired.name).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("description") || diff.has("subnet_ids") {
            let client = cx.clients().rds();
            let subnets = ids(cx, desired)?;
            let what = format!("the subnets of {}", live.name);
            cx.retry(&what, NEW_SUBNETS, &["InvalidSubnet"], || async {
                let call = client
                    .modify_db_subnet_group()
                    .db_subnet_group_name(&live.name)
                    .db_subnet_group_description(&desired.description)
                    .set_subnet_ids(Some(subnets.clone()));
                call.send().await.map_err(failed("rds:ModifyDBSubnetGroup"))
            })
            .await?;
        }
        if diff.has("tags") {
            tagging::write(cx, live.arn.as_str(), &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn blockers(
        cx: &Observer,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<Blocker>, Error> {
        subnet_group_users::strangers(cx, &live.name).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let client = cx.clients().rds();
        let what = format!("the deletion of {}", live.name);
        let in_use = &["InvalidDBSubnetGroupStateFault"];
        cx.retry(&what, IN_USE, in_use, || async {
            let call = client.delete_db_subnet_group();
            let deleted = call.db_subnet_group_name(&live.name).send().await;
            deleted
                .map_err(failed("rds:DeleteDBSubnetGroup"))
                .or_absent(ABSENT)
        })
        .await?;
        Ok(Vec::new())
    }
}

fn ids(cx: &Step, desired: &Desired) -> Result<Vec<String>, Error> {
    let subnets = cx.get_all(&desired.subnets)?;
    Ok(subnets.iter().map(ToString::to_string).collect())
}

async fn find(client: &Client, name: &str) -> Result<Option<Live>, Error> {
    let call = client
        .describe_db_subnet_groups()
        .db_subnet_group_name(name);
    let answer = call
        .send()
        .await
        .map_err(failed("rds:DescribeDBSubnetGroups"))
        .or_absent(ABSENT)?;
    let Some(group) = answer.and_then(|answer| answer.db_subnet_groups?.pop()) else {
        return Ok(None);
    };
    let arn = group.db_subnet_group_arn().ok_or(Error::Incomplete {
        operation: "rds:DescribeDBSubnetGroups",
        missing: "the ARN",
    })?;
    let subnets = group
        .subnets()
        .iter()
        .filter_map(|subnet| subnet.subnet_identifier());
    Ok(Some(Live {
        name: name.to_owned(),
        arn: Arn::new(arn),
        description: group
            .db_subnet_group_description()
            .unwrap_or_default()
            .to_owned(),
        subnets: subnets.map(SubnetId::new).collect(),
        tags: tagging::read(client, arn).await?,
    }))
}

async fn published(client: &Client, name: &str) -> Result<Outputs, Error> {
    let live = find(client, name).await?.ok_or(Error::Incomplete {
        operation: "rds:DescribeDBSubnetGroups",
        missing: "the group just made",
    })?;
    Ok(DbSubnetGroup::outputs(&live))
}

/// Tells a group that an earlier, unanswered call made from somebody else's.
async fn ours(cx: &Step, desired: &Desired, taken: AwsError) -> Result<(), Error> {
    let live = find(cx.clients().rds(), &desired.name).await?;
    match live.and_then(|live| live.tags.address_in(cx.stack())) {
        Some(address) if address == cx.address => Ok(()),
        _ => Err(taken.into()),
    }
}
