//! The calls behind VPC endpoints: finding, changing and awaiting them.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Filter;

use super::calls::{QUICK, required};
use super::tagging;
use super::vpc_endpoint::{Live, Reach, VpcEndpoint};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{
    Diff, Error, Kind, Look, Output, Outputs, Patience, RouteTableId, SecurityGroupId, Step,
    SubnetId, VpcId,
};

/// AWS answers with both, depending on the call.
pub(super) const ABSENT: &[&str] = &[
    "InvalidVpcEndpointId.NotFound",
    "InvalidVpcEndpoint.NotFound",
];
const CREATE: Patience = Patience::seconds(4, 60, 900);
pub(super) const DELETE: Patience = Patience::seconds(4, 60, 1200);

/// What AWS answers while it has not yet seen what was just made.
pub(super) const NOT_YET: &[&str] = &[
    "InvalidVpcId.NotFound",
    "InvalidVpcID.NotFound",
    "InvalidRouteTableId.NotFound",
    "InvalidRouteTableID.NotFound",
    "InvalidSubnetId.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidSecurityGroupId.NotFound",
    "InvalidGroup.NotFound",
    "RequestLimitExceeded",
];

/// Deleting answers a success even where it refuses one of the endpoints.
pub(super) fn unsuccessful(
    answer: &aws_sdk_ec2::operation::delete_vpc_endpoints::DeleteVpcEndpointsOutput,
) -> Result<(), Error> {
    let error = answer.unsuccessful().iter().find_map(|item| item.error());
    let Some(error) = error else { return Ok(()) };
    let text = |text: Option<&str>| text.unwrap_or("no message").to_owned();
    let error = AwsError::in_answer(
        "ec2:DeleteVpcEndpoints",
        &text(error.code()),
        &text(error.message()),
    );
    if error.is(ABSENT) {
        return Ok(());
    }
    Err(error.into())
}

pub(super) async fn modify(
    cx: &Step,
    reach: &Reach,
    live: &Live,
    diff: &Diff,
) -> Result<(), Error> {
    let call = cx
        .clients()
        .ec2()
        .modify_vpc_endpoint()
        .vpc_endpoint_id(&live.id);
    let call = match reach {
        Reach::Gateway { route_tables } => {
            let (add, remove) = delta(&cx.get_all(route_tables)?, &live.route_tables);
            call.set_add_route_table_ids(add)
                .set_remove_route_table_ids(remove)
        }
        Reach::Interface { subnets, groups } => {
            let (add, remove) = delta(&cx.get_all(subnets)?, &live.subnets);
            let call = call.set_add_subnet_ids(add).set_remove_subnet_ids(remove);
            let (add, remove) = delta(&cx.get_all(groups)?, &live.groups);
            let dns = diff.has("private_dns_enabled").then_some(true);
            call.set_add_security_group_ids(add)
                .set_remove_security_group_ids(remove)
                .set_private_dns_enabled(dns)
        }
    };
    let modify = || {
        let call = call.clone();
        async move { call.send().await.map_err(failed("ec2:ModifyVpcEndpoint")) }
    };
    cx.retry("its network", QUICK, NOT_YET, modify).await?;
    Ok(())
}

/// What to add and what to remove; nothing rather than an empty list.
fn delta<T: Output + Ord>(want: &[T], have: &[T]) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let (want, have): (BTreeSet<&T>, BTreeSet<&T>) = (want.iter().collect(), have.iter().collect());
    let list = |ids: Vec<&T>| {
        let ids: Vec<String> = ids.into_iter().map(ToString::to_string).collect();
        (!ids.is_empty()).then_some(ids)
    };
    let add = want.difference(&have).copied().collect();
    let remove = have.difference(&want).copied().collect();
    (list(add), list(remove))
}

pub(super) fn texts<T: Output>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// The endpoints that match. Deleted ones, which AWS may still list, are left out.
pub(super) async fn list(clients: &Clients, which: Vec<Filter>) -> Result<Vec<Live>, Error> {
    let mut pages = clients
        .ec2()
        .describe_vpc_endpoints()
        .set_filters(Some(which))
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(endpoint) = pages.next().await {
        let endpoint = endpoint.map_err(failed("ec2:DescribeVpcEndpoints"))?;
        let live = live(&endpoint)?;
        if live.state != "deleted" {
            found.push(live);
        }
    }
    Ok(found)
}

/// One endpoint; nothing when it is gone.
pub(super) async fn find(clients: &Clients, id: &str) -> Result<Option<Live>, Error> {
    let call = clients.ec2().describe_vpc_endpoints().vpc_endpoint_ids(id);
    let answer = call
        .send()
        .await
        .map_err(failed("ec2:DescribeVpcEndpoints"));
    let answer = answer.or_absent(ABSENT)?;
    let endpoint = answer
        .as_ref()
        .and_then(|answer| answer.vpc_endpoints().first());
    let live = endpoint.map(live).transpose()?;
    Ok(live.filter(|live| live.state != "deleted"))
}

fn live(endpoint: &aws_sdk_ec2::types::VpcEndpoint) -> Result<Live, Error> {
    const CALL: &str = "ec2:DescribeVpcEndpoints";
    let state = endpoint.state().map_or("available", |state| state.as_str());
    let endpoint_type = endpoint.vpc_endpoint_type();
    let groups = endpoint.groups().iter();
    let error = endpoint.last_error().and_then(|error| error.message());
    Ok(Live {
        id: required(endpoint.vpc_endpoint_id(), CALL, "an endpoint's id")?.to_owned(),
        vpc: VpcId::new(required(endpoint.vpc_id(), CALL, "an endpoint's VPC")?),
        service: endpoint.service_name().unwrap_or_default().to_owned(),
        endpoint_type: endpoint_type.map_or("", |kind| kind.as_str()).to_owned(),
        state: state.to_ascii_lowercase(),
        failure: endpoint.failure_reason().or(error).map(str::to_owned),
        route_tables: endpoint
            .route_table_ids()
            .iter()
            .map(RouteTableId::new)
            .collect(),
        subnets: endpoint.subnet_ids().iter().map(SubnetId::new).collect(),
        groups: groups
            .filter_map(|group| group.group_id())
            .map(SecurityGroupId::new)
            .collect(),
        private_dns: endpoint.private_dns_enabled().unwrap_or_default(),
        tags: tagging::from_sdk(endpoint.tags()),
    })
}

/// Waits until those at this address that are being deleted have let go of the DNS name and routes.
pub(super) async fn predecessors_gone(cx: &Step) -> Result<(), Error> {
    cx.wait("its predecessor to be gone", DELETE, || async move {
        let here = vec![
            tagging::of_stack(cx.stack()),
            tagging::at_address(&cx.address),
        ];
        let live = list(cx.clients(), here).await?;
        let going = live.into_iter().find(|live| live.state == "deleting");
        Ok(going.map_or(Look::Ready(()), |live| {
            Look::Pending(format!("{} is deleting", live.id))
        }))
    })
    .await
}

pub(super) async fn available(cx: &Step, id: &str) -> Result<Outputs, Error> {
    cx.wait("the endpoint", CREATE, || async move {
        let Some(live) = find(cx.clients(), id).await? else {
            return Ok(Look::Pending("not visible yet".to_owned()));
        };
        match live.state.as_str() {
            "available" => Ok(Look::Ready(VpcEndpoint::outputs(&live))),
            "failed" | "rejected" | "expired" | "deleting" => Err(Error::Failed {
                what: format!("VPC endpoint {id} ({})", live.service),
                state: live.state,
                detail: live.failure.into_iter().collect(),
            }),
            _ => Ok(Look::Pending(live.state)),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_added_and_removed() {
        let ids = |ids: &[&str]| ids.iter().map(|id| SubnetId::new(*id)).collect::<Vec<_>>();
        let (add, remove) = delta(&ids(&["a", "b"]), &ids(&["b", "c"]));
        assert_eq!(add, Some(vec!["a".to_owned()]));
        assert_eq!(remove, Some(vec!["c".to_owned()]));
        assert_eq!(delta(&ids(&["a"]), &ids(&["a"])), (None, None));
    }
}
