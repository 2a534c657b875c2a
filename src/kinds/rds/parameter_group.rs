//! DB cluster parameter groups: settings of the database engine.
//!
//! A group belongs to one engine family for good. Only parameters that somebody set are read; one that is set and not
//! wanted goes back to the engine's default.

use std::collections::BTreeMap;

use aws_sdk_rds::Client;
use futures::future::try_join_all;
use futures::try_join;

use super::arn::unwanted;
use super::parameters::{parameters, reset, set};
use super::tagging;
use crate::aws::{AwsError, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Diff, Error, Found, Kind, Look, Observer, Output, Outputs, Patience, References,
    ReplaceOrder, Resolve, ResourceName, Step, Tags, Wanted,
};

/// AWS's words for a group that is not there: calls differ.
pub(super) const ABSENT: &[&str] = &[
    "DBParameterGroupNotFound",
    "DBClusterParameterGroupNotFound",
];

/// A cluster that is being deleted keeps its group to the end.
const IN_USE: Patience = Patience::seconds(5, 120, 3600);

/// A group just made shows within seconds.
const VISIBLE: Patience = Patience::seconds(3, 5, 120);

/// A DB cluster parameter group.
#[derive(Debug)]
pub(crate) struct DbClusterParameterGroup;

/// What a DB cluster parameter group should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// The name, 1 to 255 characters; RDS keeps it in lower case.
    pub(crate) name: String,
    /// What it is for, for the console.
    pub(crate) description: String,
    /// The engine family, such as `aurora-postgresql16`.
    pub(crate) family: String,
    /// Parameters that are not to have the engine's default, by name.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// A DB cluster parameter group as RDS has it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    name: String,
    arn: Arn,
    family: String,
    parameters: BTreeMap<String, String>,
    tags: Tags,
}

impl Kind for DbClusterParameterGroup {
    const TYPE: &'static str = "AWS::RDS::DBClusterParameterGroup";
    const NOUN: &'static str = "DB cluster parameter group";

    type Desired = Desired;
    type Live = Live;

    fn references(_desired: &Desired) -> References {
        References::none()
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
                    let theirs = format!("the DB cluster parameter group {}", live.name);
                    Found::Foreign(one.address.clone(), theirs)
                }
            });
        }
        let is_wanted = |name: &str| wanted.iter().any(|one| one.desired.name == name);
        let left = unwanted(&inventory, "cluster-pg", is_wanted);
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

    fn uses(_live: &Live) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &Desired, live: &Live, _outputs: &dyn Resolve) -> Diff {
        let Desired {
            name,
            // Fixed at creation, and nothing hangs on it.
            description: _,
            family,
            parameters,
            tags,
        } = desired;
        let mut diff = Diff::new();
        let why = "a parameter group belongs to one engine family";
        diff.immutable("db_parameter_group_family", family, &live.family, why);
        let why = "a parameter group's name is fixed";
        diff.immutable("db_cluster_parameter_group_name", name, &live.name, why);
        for key in parameters.keys().chain(unset(parameters, live)) {
            let field = format!("parameters.{key}");
            diff.optional(&field, parameters.get(key), live.parameters.get(key));
        }
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
        let call = client
            .create_db_cluster_parameter_group()
            .db_cluster_parameter_group_name(&desired.name)
            .db_parameter_group_family(&desired.family)
            .description(&desired.description)
            .set_tags(Some(tagging::to_rds(&desired.tags)))
            .send();
        let made = call
            .await
            .map_err(failed("rds:CreateDBClusterParameterGroup"));
        match made {
            Ok(_) => {}
            Err(error) if error.is(&["DBParameterGroupAlreadyExists"]) => {
                ours(cx, desired, error).await?;
            }
            Err(error) => return Err(error.into()),
        }
        cx.made(&desired.name);
        let what = format!("parameter group {}", desired.name);
        let outputs = cx.wait(&what, VISIBLE, || async {
            Ok(match find(client, &desired.name).await? {
                Some(live) => Look::Ready(Self::outputs(&live)),
                None => Look::Pending("not visible yet".to_owned()),
            })
        });
        let outputs = outputs.await?;
        set(client, &desired.name, &desired.parameters).await?;
        Ok(outputs)
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let client = cx.clients().rds();
        if diff.has("parameters") {
            let differs =
                |(key, value): &(&String, &String)| live.parameters.get(*key) != Some(*value);
            let changed = desired.parameters.iter().filter(differs);
            let changed = changed.map(|(key, value)| (key.clone(), value.clone()));
            set(client, &live.name, &changed.collect()).await?;
            reset(client, &live.name, unset(&desired.parameters, live)).await?;
        }
        if diff.has("tags") {
            tagging::write(cx, live.arn.as_str(), &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let client = cx.clients().rds();
        let what = format!("the deletion of {}", live.name);
        cx.retry(&what, IN_USE, &["InvalidDBParameterGroupState"], || async {
            let call = client.delete_db_cluster_parameter_group();
            let deleted = call
                .db_cluster_parameter_group_name(&live.name)
                .send()
                .await;
            deleted
                .map_err(failed("rds:DeleteDBClusterParameterGroup"))
                .or_absent(ABSENT)
        })
        .await?;
        Ok(Vec::new())
    }
}

/// The parameters that are set and not wanted.
fn unset<'a>(
    wanted: &'a BTreeMap<String, String>,
    live: &'a Live,
) -> impl Iterator<Item = &'a String> {
    live.parameters
        .keys()
        .filter(|key| !wanted.contains_key(*key))
}

async fn find(client: &Client, name: &str) -> Result<Option<Live>, Error> {
    let (group, parameters) = try_join!(read(client, name), parameters(client, name))?;
    let Some(group) = group else { return Ok(None) };
    let missing = |missing| Error::Incomplete {
        operation: "rds:DescribeDBClusterParameterGroups",
        missing,
    };
    let arn = group
        .db_cluster_parameter_group_arn
        .ok_or_else(|| missing("the ARN"))?;
    Ok(Some(Live {
        name: name.to_owned(),
        tags: tagging::read(client, &arn).await?,
        arn: Arn::new(arn),
        family: group
            .db_parameter_group_family
            .ok_or_else(|| missing("the family"))?,
        parameters,
    }))
}

async fn read(
    client: &Client,
    name: &str,
) -> Result<Option<aws_sdk_rds::types::DbClusterParameterGroup>, Error> {
    let call = client.describe_db_cluster_parameter_groups();
    let answer = call
        .db_cluster_parameter_group_name(name)
        .send()
        .await
        .map_err(failed("rds:DescribeDBClusterParameterGroups"))
        .or_absent(ABSENT)?;
    Ok(answer.and_then(|answer| answer.db_cluster_parameter_groups?.pop()))
}

/// Tells a group that an earlier, unanswered call made from somebody else's.
async fn ours(cx: &Step, desired: &Desired, taken: AwsError) -> Result<(), Error> {
    let live = find(cx.clients().rds(), &desired.name).await?;
    match live.and_then(|live| live.tags.address_in(cx.stack())) {
        Some(address) if address == cx.address => Ok(()),
        _ => Err(taken.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn set_of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn a_parameter_set_by_hand_is_reset_and_a_changed_one_repaired() {
        let desired = Desired {
            name: "demo-db".to_owned(),
            description: "settings".to_owned(),
            family: "aurora-postgresql16".to_owned(),
            parameters: set_of(&[("rds.force_ssl", "1")]),
            tags: Tags::default(),
        };
        let live = Live {
            name: "demo-db".to_owned(),
            arn: Arn::new("arn:aws:rds:r:1:cluster-pg:demo-db"),
            family: "aurora-postgresql16".to_owned(),
            parameters: set_of(&[("log_statement", "all"), ("rds.force_ssl", "0")]),
            tags: Tags::default(),
        };
        let diff = DbClusterParameterGroup::diff(&desired, &live, &Nothing);
        let shown: Vec<_> = diff
            .changes()
            .iter()
            .map(|one| (one.field.as_str(), one.old.as_deref(), one.new.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [
                ("parameters.rds.force_ssl", Some("0"), Some("1")),
                ("parameters.log_statement", Some("all"), None),
            ]
        );
    }
}
