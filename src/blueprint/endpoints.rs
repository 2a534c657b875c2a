//! VPC endpoints: AWS's services for tasks that have no way to the internet.
//!
//! A Fargate task needs ECR's two interfaces and S3, where ECR keeps the layers, for its image; Secrets Manager for
//! what ECS injects; CloudWatch Logs for its output; and Systems Manager's message channel for ECS Exec.

use super::draft::Draft;
use super::{addresses, network, security};
use crate::kinds::ec2::VpcEndpoint;
use crate::kinds::ec2::vpc_endpoint::{Desired, Reach};
use crate::resource::{Address, Ref};
use crate::spec::{Egress, StackSpec};

/// Draws the endpoints.
pub(super) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let route_tables = network::private_route_tables(spec);
    let reach = Reach::Gateway { route_tables };
    draw_one(draft, addresses::s3_endpoint(), "s3", reach);
    for service in interfaces(spec) {
        let reach = Reach::Interface {
            subnets: network::private_subnets(spec),
            groups: vec![security::endpoints_group()],
        };
        draw_one(
            draft,
            addresses::interface_endpoint(service),
            service,
            reach,
        );
    }
}

/// Whether the stack has endpoints of its own.
pub(super) fn drawn(spec: &StackSpec) -> bool {
    spec.network.existing.is_none() && spec.network.egress == Egress::Endpoints
}

/// The addresses of all endpoints, and of the rules without which they do not answer.
pub(super) fn all(spec: &StackSpec) -> Vec<Address> {
    let interfaces = interfaces(spec).into_iter();
    interfaces
        .map(addresses::interface_endpoint)
        .chain([addresses::s3_endpoint()])
        .collect()
}

/// The full name of an AWS service: that of its endpoint, and of S3's prefix list.
pub(super) fn service_name(spec: &StackSpec, service: &str) -> String {
    format!("com.amazonaws.{}.{service}", spec.region)
}

fn interfaces(spec: &StackSpec) -> Vec<&'static str> {
    let mut services = vec!["ecr.api", "ecr.dkr", "logs", "secretsmanager"];
    if spec.exec {
        services.push("ssmmessages");
    }
    services
}

fn draw_one(draft: &mut Draft<'_>, address: Address, service: &str, reach: Reach) {
    let spec = draft.spec;
    let desired = Desired {
        vpc: Ref::Of(addresses::vpc()),
        service: service_name(spec, service),
        reach,
        tags: draft.tags(&address, &format!("{}-{service}", spec.name)),
    };
    draft.add::<VpcEndpoint>(address, desired);
}
