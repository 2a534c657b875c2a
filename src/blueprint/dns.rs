//! The public name and its certificate, where its zone is in Route 53 and the stack may write to it.

use super::addresses;
use super::draft::Draft;
use crate::kinds::acm::{self, CertificateDesired};
use crate::kinds::route53::{Alias, AliasDesired, Validation, ValidationDesired};
use crate::resource::{HostedZoneId, Lookup, Output, Ref, ZoneQuery};
use crate::spec::Certificate;
use crate::spec::value::HostedZone;

/// Draws the alias for the load balancer and the certificate, and has the zone looked up. Without a zone the record is somebody else's.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let ingress = &draft.spec.ingress;
    let certificate = &ingress.certificate;
    let (Some(domain), Some(zone)) = (&ingress.domain, &ingress.hosted_zone) else {
        return;
    };
    let by = match zone {
        HostedZone::Name(name) => ZoneQuery::Name(name.as_str().to_owned()),
        HostedZone::Id(id) => ZoneQuery::Id(HostedZoneId::new(id)),
    };
    draft.look_up(addresses::hosted_zone(), Lookup::HostedZone { by });
    let balancer = addresses::load_balancer();
    let desired = AliasDesired {
        zone: Ref::Of(addresses::hosted_zone()),
        domain: domain.as_str().to_ascii_lowercase(),
        load_balancer: Ref::Of(balancer.clone()),
        target: Ref::Of(balancer.clone()),
        target_zone: Ref::Of(balancer),
        // The name is published when there is somebody to answer to it.
        after: vec![addresses::data_plane_service()],
    };
    if *certificate == Certificate::Issue {
        draw_certificate(draft, &desired.domain);
    }
    draft.add::<Alias>(addresses::alias(), desired);
}

fn draw_certificate(draft: &mut Draft<'_>, domain: &str) {
    let address = addresses::certificate();
    let certificate = CertificateDesired {
        domain: domain.to_owned(),
        tags: draft.tags(&address, domain),
    };
    draft.add::<acm::Certificate>(address.clone(), certificate);
    let validation = ValidationDesired {
        zone: Ref::Of(addresses::hosted_zone()),
        certificate: Ref::Of(address.clone()),
        name: Ref::Of(address.clone()),
        value: Ref::Of(address),
    };
    draft.add::<Validation>(addresses::certificate_validation(), validation);
}
