//! The private name of the control plane: `config.kong.local`, in the stack's VPC only.

use super::draft::Draft;
use super::{addresses, network};
use crate::kinds::discovery::{
    DiscoveryService, DiscoveryServiceDesired, Namespace, NamespaceDesired,
};
use crate::resource::Ref;
use crate::spec::StackSpec;

/// How long a data plane may go to the address of a control plane that was replaced.
const TTL: u32 = 10;

/// Draws the namespace and the service that ECS registers the control plane in.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::namespace();
    let name = &spec.discovery.namespace;
    let desired = NamespaceDesired {
        name: name.clone(),
        vpc: network::vpc(spec),
        tags: draft.tags(&address, name),
    };
    draft.add::<Namespace>(address, desired);

    let address = addresses::discovery_service();
    let name = &spec.discovery.service;
    let desired = DiscoveryServiceDesired {
        name: name.clone(),
        namespace: Ref::Of(addresses::namespace()),
        ttl: TTL,
        tags: draft.tags(&address, name),
    };
    draft.add::<DiscoveryService>(address, desired);
    draft.output("control_plane_host", control_plane_host(spec));
}

/// The name data planes find the control plane under.
pub(crate) fn control_plane_host(spec: &StackSpec) -> String {
    spec.discovery.host()
}
