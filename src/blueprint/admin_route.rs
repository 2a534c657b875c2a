//! The way from the gateway to its own Admin API.

use super::compute::task_log;
use super::draft::Draft;
use super::{addresses, discovery, ingress, migrations};
use crate::kinds::kong::{AdminRoute, AdminRouteDesired, KeySecret};
use crate::kong::admin_route::AdminRoute as Route;
use crate::resource::Ref;
use crate::spec::{ApiKey, Named, StackSpec};

/// Draws the route.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let desired = AdminRouteDesired {
        route: route(spec),
        key: match &spec.admin.api_key {
            ApiKey::Generate => KeySecret::Own(spec.name_of(Named::AdminKeySecret)),
            ApiKey::Secret(arn) => KeySecret::Theirs(arn.as_str().to_owned()),
        },
        load_balancer: Ref::Of(addresses::load_balancer()),
        domain: spec
            .ingress
            .domain
            .as_ref()
            .map(|name| name.as_str().to_ascii_lowercase()),
        tls: ingress::speaks_tls(spec),
        database: Ref::Of(addresses::database_cluster()),
        task: migrations::one_off(spec),
        control_plane: spec.name_of(Named::ControlPlaneService),
        on_demand: spec.control_plane.on_demand().is_some(),
        log: task_log(addresses::control_plane_logs()),
        // A change of it goes through the gateway, so the gateway must be whole.
        after: [
            ingress::service_ready(spec),
            vec![
                addresses::schema(),
                addresses::control_plane_service(),
                addresses::data_plane_service(),
            ],
        ]
        .concat(),
    };
    draft.add::<AdminRoute>(addresses::admin_route(), desired);
}

/// The route as the spec wants it.
pub(super) fn route(spec: &StackSpec) -> Route {
    Route {
        host: discovery::control_plane_host(spec),
        path: spec.admin.path.as_str().to_owned(),
        allow: spec.admin.allow.clone(),
        rate_limit: spec.admin.rate_limit,
        key_source: match &spec.admin.api_key {
            ApiKey::Generate => "generate".to_owned(),
            ApiKey::Secret(arn) => arn.as_str().to_owned(),
        },
    }
}
