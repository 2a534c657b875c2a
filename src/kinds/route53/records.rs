//! The records of one name: how they are asked for, what they mean, and how a set of them is changed at once.
//!
//! Records take no tags, so whose they are is written beside them in a TXT record of ours, which comes, changes and
//! goes in the same batch.

use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord,
    ResourceRecordSet, RrType,
};
use futures::try_join;

use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Address, Error, Look, Patience, Step};

/// Until all of Route 53's name servers have a change.
const SYNC: Patience = Patience::seconds(4, 30, 900);
/// Record sets a page: a name has few, unless somebody weighs or spreads its answers.
const A_NAME: i32 = 30;
/// How long resolvers may remember our note, and a proof.
const NOTE_TTL: i64 = 300;

/// Where an alias record points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The DNS name, without decoration.
    pub(super) dns_name: String,
    /// The hosted zone of that DNS name.
    pub(super) zone: String,
}

/// The records of a name that concern an alias.
#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    /// A, AAAA and CNAME records of the name, as AWS has them.
    pub(super) addresses: Vec<ResourceRecordSet>,
    /// Our note beside them, whichever stack wrote it.
    pub(super) note: Option<ResourceRecordSet>,
}

impl Records {
    /// The target of the plain alias of a type, if there is one.
    pub(super) fn target(&self, record: &RrType) -> Option<Target> {
        let one = self.addresses.iter().find(|one| {
            // A set with an identifier is one of several: weighted, by region, and so on.
            one.r#type() == record && one.set_identifier().is_none()
        })?;
        let target = one.alias_target()?;
        Some(Target {
            dns_name: plain(target.dns_name()),
            zone: target.hosted_zone_id().to_owned(),
        })
    }

    /// The value of the plain CNAME record, if there is one.
    pub(super) fn cname(&self) -> Option<String> {
        let one = self
            .addresses
            .iter()
            .find(|one| *one.r#type() == RrType::Cname && one.set_identifier().is_none())?;
        Some(plain(one.resource_records().first()?.value()))
    }

    /// What the note says.
    pub(super) fn owner(&self) -> Option<&str> {
        let value = self.note.as_ref()?.resource_records().first()?.value();
        Some(value.trim_matches('"'))
    }

    /// What is there, in words.
    pub(super) fn describe(&self, domain: &str) -> String {
        let types: Vec<&str> = self
            .addresses
            .iter()
            .map(|one| one.r#type().as_str())
            .collect();
        let of = self
            .owner()
            .map_or_else(String::new, |owner| format!(", noted as {owner}"));
        format!("record {domain} ({}{of})", types.join(", "))
    }
}

/// A name as people write it: lower case, without a dot at its end, `*` not escaped, and without the `dualstack.`
/// that AWS's console puts before a load balancer's name.
pub(super) fn plain(name: &str) -> String {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let name = name.replace("\\052", "*");
    name.strip_prefix("dualstack.")
        .map_or_else(|| name.clone(), str::to_owned)
}

/// The name of the note beside `domain`. A wildcard is spelt out: `*` is special only as a whole first label.
pub(super) fn note_name(domain: &str) -> String {
    match domain.strip_prefix("*.") {
        Some(rest) => format!("_kongstack._wildcard.{rest}"),
        None => format!("_kongstack.{domain}"),
    }
}

/// What the note says of records of this stack at this address.
pub(super) fn note(stack: &str, region: &str, address: &Address) -> String {
    format!("kongstack:stack={stack} kongstack:region={region} kongstack:address={address}")
}

/// The address in a note, if it is of this stack.
pub(super) fn address_in(note: &str, stack: &str, region: &str) -> Option<Address> {
    let start = format!("kongstack:stack={stack} kongstack:region={region} kongstack:address=");
    note.strip_prefix(&start)?.parse().ok()
}

/// The records of `domain` in `zone`; none if the zone is gone.
pub(super) async fn read(clients: &Clients, zone: &str, domain: &str) -> Result<Records, AwsError> {
    let note_name = note_name(domain);
    let (addresses, notes) =
        try_join!(list(clients, zone, domain), list(clients, zone, &note_name))?;
    let is_address =
        |one: &ResourceRecordSet| matches!(one.r#type(), RrType::A | RrType::Aaaa | RrType::Cname);
    Ok(Records {
        addresses: addresses.into_iter().filter(is_address).collect(),
        note: notes.into_iter().find(|one| *one.r#type() == RrType::Txt),
    })
}

/// The list begins at a name and goes on to the end of the zone: only that name's part of it is read.
async fn list(
    clients: &Clients,
    zone: &str,
    name: &str,
) -> Result<Vec<ResourceRecordSet>, AwsError> {
    let wanted = name.trim_end_matches('.').to_ascii_lowercase();
    let is_wanted = |name: &str| {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        name.replace("\\052", "*") == wanted
    };
    let first = clients
        .route53()
        .list_resource_record_sets()
        .hosted_zone_id(zone)
        .start_record_name(name)
        .max_items(A_NAME);
    let (mut sets, mut page) = (Vec::new(), first.clone());
    loop {
        let answer = page
            .send()
            .await
            .map_err(failed("route53:ListResourceRecordSets"))
            .or_absent(&["NoSuchHostedZone"])?;
        let Some(answer) = answer else {
            return Ok(Vec::new());
        };
        let listed = answer.resource_record_sets.into_iter();
        sets.extend(listed.filter(|one| is_wanted(one.name())));
        let next = answer.next_record_name.filter(|name| is_wanted(name));
        if !answer.is_truncated || next.is_none() {
            return Ok(sets);
        }
        page = first
            .clone()
            .set_start_record_name(next)
            .set_start_record_type(answer.next_record_type)
            .set_start_record_identifier(answer.next_record_identifier);
    }
}

/// The three records of an alias.
pub(super) fn desired(
    domain: &str,
    target: &Target,
    note: &str,
) -> Result<Vec<ResourceRecordSet>, BuildError> {
    let alias = |record| {
        let target = AliasTarget::builder()
            .dns_name(&target.dns_name)
            .hosted_zone_id(&target.zone)
            .evaluate_target_health(false)
            .build()?;
        ResourceRecordSet::builder()
            .name(domain)
            .r#type(record)
            .alias_target(target)
            .build()
    };
    Ok(vec![
        alias(RrType::A)?,
        alias(RrType::Aaaa)?,
        noting(domain, note)?,
    ])
}

/// The two records of a proof: a CNAME, and the note beside it.
pub(super) fn proof(
    name: &str,
    value: &str,
    note: &str,
) -> Result<Vec<ResourceRecordSet>, BuildError> {
    let proof = ResourceRecordSet::builder()
        .name(name)
        .r#type(RrType::Cname)
        .ttl(NOTE_TTL)
        .resource_records(ResourceRecord::builder().value(value).build()?)
        .build()?;
    Ok(vec![proof, noting(name, note)?])
}

fn noting(name: &str, note: &str) -> Result<ResourceRecordSet, BuildError> {
    let note = ResourceRecord::builder()
        .value(format!("\"{note}\""))
        .build()?;
    ResourceRecordSet::builder()
        .name(note_name(name))
        .r#type(RrType::Txt)
        .ttl(NOTE_TTL)
        .resource_records(note)
        .build()
}

/// Deletes what `ours` takes of the records of a name. The batch must name each exactly as it is, so they are read first.
pub(super) async fn remove(
    cx: &Step,
    (zone, name): (&str, &str),
    ours: impl Fn(Records) -> Vec<ResourceRecordSet> + Send,
) -> Result<(), Error> {
    let sets = ours(read(cx.clients(), zone, name).await?);
    if sets.is_empty() {
        return Ok(());
    }
    let refused = match change(cx, zone, ChangeAction::Delete, sets.clone()).await {
        Err(Error::Aws(error)) if error.is(&["InvalidChangeBatch"]) => error,
        other => return other,
    };
    // A repeated call whose first answer was lost; or somebody has taken or changed a record meanwhile.
    let now = ours(read(cx.clients(), zone, name).await?);
    if now == sets {
        return Err(refused.into());
    }
    match now.is_empty() {
        true => Ok(()),
        false => change(cx, zone, ChangeAction::Delete, now).await,
    }
}

/// The plain aliases of a name, and our note.
pub(super) fn aliases(there: Records) -> Vec<ResourceRecordSet> {
    let plain =
        |one: &ResourceRecordSet| one.alias_target().is_some() && one.set_identifier().is_none();
    let aliases = there.addresses.into_iter().filter(plain);
    aliases.chain(there.note).collect()
}

/// Makes one change to all of these, which Route 53 does wholly or not at all, and waits until every server has it.
pub(super) async fn change(
    cx: &Step,
    zone: &str,
    action: ChangeAction,
    sets: Vec<ResourceRecordSet>,
) -> Result<(), Error> {
    let changes = sets.into_iter().map(|set| {
        Change::builder()
            .action(action.clone())
            .resource_record_set(set)
            .build()
    });
    let batch = ChangeBatch::builder()
        .set_changes(Some(changes.collect::<Result<_, _>>().map_err(unbuilt)?))
        .comment(format!("kongstack {}", cx.stack()))
        .build()
        .map_err(unbuilt)?;
    let answer = cx
        .clients()
        .route53()
        .change_resource_record_sets()
        .hosted_zone_id(zone)
        .change_batch(batch)
        .send()
        .await
        .map_err(failed("route53:ChangeResourceRecordSets"))?;
    let id = answer.change_info.ok_or(Error::Incomplete {
        operation: "route53:ChangeResourceRecordSets",
        missing: "the change",
    })?;
    in_sync(cx, id.id()).await
}

async fn in_sync(cx: &Step, id: &str) -> Result<(), Error> {
    let id = id.trim_start_matches("/change/");
    cx.wait("the name servers", SYNC, || async {
        let answer = cx
            .clients()
            .route53()
            .get_change()
            .id(id)
            .send()
            .await
            .map_err(failed("route53:GetChange"))?;
        let status = answer.change_info.map(|info| info.status);
        Ok(match status {
            Some(ChangeStatus::Insync) => Look::Ready(()),
            other => Look::Pending(
                other.map_or_else(|| "PENDING".to_owned(), |status| status.as_str().to_owned()),
            ),
        })
    })
    .await
}

/// A request without a part it needs: a defect of this program.
#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` hands the error over"
)]
pub(super) fn unbuilt(error: BuildError) -> Error {
    Error::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Layer;

    #[test]
    fn names_compare_however_aws_writes_them() {
        assert_eq!(
            plain("Kong-ALB-1.elb.amazonaws.com."),
            "kong-alb-1.elb.amazonaws.com"
        );
        assert_eq!(
            plain("dualstack.kong-1.elb.amazonaws.com."),
            "kong-1.elb.amazonaws.com"
        );
        assert_eq!(plain("\\052.example.com."), "*.example.com");
    }

    #[test]
    fn a_note_tells_whose_records_they_are() {
        let address = Address::new(Layer::Dns, "alias");
        let note = note("demo", "eu-west-1", &address);
        assert_eq!(address_in(&note, "demo", "eu-west-1"), Some(address));
        assert_eq!(address_in(&note, "demo", "eu-west-2"), None);
        assert_eq!(address_in(&note, "dem", "eu-west-1"), None);
        assert_eq!(address_in("v=spf1 -all", "demo", "eu-west-1"), None);
        assert_eq!(
            note_name("*.example.com"),
            "_kongstack._wildcard.example.com"
        );
    }

    #[test]
    fn what_would_be_made_reads_as_made() {
        let target = Target {
            dns_name: "kong-1.elb.amazonaws.com".to_owned(),
            zone: "Z1".to_owned(),
        };
        let mut sets = desired("kong.example.com", &target, "whose").unwrap();
        let records = Records {
            note: sets.pop(),
            addresses: sets,
        };
        assert_eq!(records.owner(), Some("whose"));
        assert_eq!(records.target(&RrType::A), Some(target.clone()));
        assert_eq!(records.target(&RrType::Aaaa), Some(target));
    }
}
