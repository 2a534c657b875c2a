//! The public hosted zone that the stack's name goes into.

use aws_sdk_route53::types::HostedZone;

use super::refused;
use crate::aws::{OrAbsent, failed};
use crate::resource::{Error, HostedZoneId, Observer, Output, Outputs, ResourceName, ZoneQuery};

/// The most zones one call lists.
const A_PAGE: i32 = 100;

/// Finds the zone. Private zones do not count: nobody outside a VPC sees what is in them.
pub(super) async fn look_up(cx: &Observer, by: &ZoneQuery) -> Result<Outputs, Error> {
    match by {
        ZoneQuery::Id(id) => by_id(cx, id).await,
        ZoneQuery::Name(name) => by_name(cx, name).await,
    }
}

async fn by_id(cx: &Observer, id: &HostedZoneId) -> Result<Outputs, Error> {
    let call = cx.clients().route53().get_hosted_zone().id(id.as_str());
    let answer = call
        .send()
        .await
        .map_err(failed("route53:GetHostedZone"))
        .or_absent(&["NoSuchHostedZone", "InvalidInput"])?;
    let zone = answer.and_then(|answer| answer.hosted_zone).ok_or_else(|| {
        refused(format!(
            "this account has no hosted zone {id}: check ingress.hosted_zone, and which account the credentials \
             belong to"
        ))
    })?;
    if is_private(&zone) {
        return Err(refused(format!(
            "hosted zone {id} ({}) is private, so that nobody outside its VPCs would find the gateway: name a public \
             one in ingress.hosted_zone, or leave it out and make the record yourself",
            bare(&zone.name)
        )));
    }
    Ok(outputs(&zone))
}

async fn by_name(cx: &Observer, name: &str) -> Result<Outputs, Error> {
    // Zones come sorted by name from this one on: those of the name are at the front, and any number of them may be
    // private.
    let is_of_name = |next: &Option<String>| {
        next.as_deref()
            .is_some_and(|next| bare(next).eq_ignore_ascii_case(bare(name)))
    };
    let (mut zones, mut from) = (Vec::new(), None);
    loop {
        let answer = cx
            .clients()
            .route53()
            .list_hosted_zones_by_name()
            .dns_name(name)
            .set_hosted_zone_id(from.take())
            .max_items(A_PAGE)
            .send()
            .await
            .map_err(failed("route53:ListHostedZonesByName"))?;
        zones.extend(answer.hosted_zones);
        if !answer.is_truncated || !is_of_name(&answer.next_dns_name) {
            return choose(name, &zones);
        }
        from = answer.next_hosted_zone_id;
    }
}

fn choose(name: &str, zones: &[HostedZone]) -> Result<Outputs, Error> {
    let of_name = |zone: &&HostedZone| bare(&zone.name).eq_ignore_ascii_case(bare(name));
    let (private, public): (Vec<_>, Vec<_>) = zones
        .iter()
        .filter(of_name)
        .partition(|zone| is_private(zone));
    match public.as_slice() {
        [zone] => Ok(outputs(zone)),
        [] if private.is_empty() => Err(refused(format!(
            "this account has no hosted zone {name}: make one in Route 53, name another in ingress.hosted_zone, or \
             leave it out and make the record yourself"
        ))),
        [] => Err(refused(format!(
            "the only hosted zone {name} is private, so that nobody outside its VPCs would find the gateway: make a \
             public one, or leave ingress.hosted_zone out and make the record yourself"
        ))),
        several => {
            let ids: Vec<&str> = several.iter().map(|zone| bare_id(&zone.id)).collect();
            Err(refused(format!(
                "there are {} public hosted zones {name}: write the id of the one the domain is delegated to in \
                 ingress.hosted_zone ({})",
                ids.len(),
                ids.join(", ")
            )))
        }
    }
}

fn outputs(zone: &HostedZone) -> Outputs {
    Outputs::default()
        .with(HostedZoneId::new(bare_id(&zone.id)))
        .with(ResourceName::new(bare(&zone.name)))
}

fn is_private(zone: &HostedZone) -> bool {
    zone.config().is_some_and(|config| config.private_zone)
}

fn bare(name: &str) -> &str {
    name.trim_end_matches('.')
}

fn bare_id(id: &str) -> &str {
    id.trim_start_matches("/hostedzone/")
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::HostedZoneConfig;

    use super::*;
    use crate::resource::Attribute;

    fn zone(id: &str, name: &str, private: bool) -> HostedZone {
        HostedZone::builder()
            .id(format!("/hostedzone/{id}"))
            .name(format!("{name}."))
            .caller_reference("x")
            .config(HostedZoneConfig::builder().private_zone(private).build())
            .build()
            .unwrap()
    }

    #[test]
    fn the_one_public_zone_of_the_name_is_taken() {
        let zones = [
            zone("Z1", "example.com", true),
            zone("Z2", "example.com", false),
            zone("Z3", "example.net", false),
        ];
        let found = choose("example.com", &zones).unwrap();
        assert_eq!(found.get(Attribute::Id), Some("Z2"));
        assert_eq!(found.get(Attribute::Name), Some("example.com"));
    }

    #[test]
    fn none_a_private_one_and_several_are_refused() {
        let message = |zones: &[HostedZone]| choose("example.com", zones).unwrap_err().to_string();
        assert!(message(&[]).contains("has no hosted zone example.com"));
        assert!(message(&[zone("Z1", "example.com", true)]).contains("is private"));
        let twins = [
            zone("Z1", "example.com", false),
            zone("Z2", "example.com", false),
        ];
        assert!(message(&twins).contains("Z1, Z2"));
    }
}
