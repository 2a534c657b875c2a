//! Associations: which route table a subnet uses.

use super::calls::{QUICK, filter, required};
use super::route_table::{self, LiveAssociation};
use super::{RouteTable, Subnet};
use crate::aws::{OrAbsent, failed};
use crate::resource::{
    Address, Diff, Effect, Error, Found, Kind, Layer, Look, Observer, Output, Outputs, Ref,
    References, Resolve, RouteTableId, Step, SubnetId, Wanted,
};

const ABSENT: &[&str] = &["InvalidAssociationID.NotFound"];

/// The association of a subnet with one of the stack's route tables.
///
/// Associations have no tags: one is known by its subnet, which has at most one. One of ours whose subnet is not
/// wanted any more is to be deleted at the address `network/association/SUBNET-ID`. One that somebody moved to a table
/// that is not ours counts as absent, and is moved back.
pub(crate) struct RouteTableAssociation;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The subnet.
    pub(crate) subnet: Ref<SubnetId>,
    /// The table it uses.
    pub(crate) route_table: Ref<RouteTableId>,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    route_table: RouteTableId,
    association: LiveAssociation,
}

impl Kind for RouteTableAssociation {
    const TYPE: &'static str = "AWS::EC2::SubnetRouteTableAssociation";
    const NOUN: &'static str = "route table association";
    type Desired = Desired;
    type Live = Live;

    /// AWS removes an association with its subnet, so that a subnet may go first.
    fn references(desired: &Desired) -> References {
        let references = References::none().to(&desired.route_table);
        match desired.subnet.address() {
            Some(subnet) => references.started_after(subnet),
            None => references,
        }
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let (tables, _) = futures::try_join!(cx.live::<RouteTable>(), cx.live::<Subnet>())?;
        let mut subnets = Vec::new();
        for one in wanted {
            subnets.push((one.address, cx.output(&one.desired.subnet).await?));
        }
        let associations = tables.into_iter().flat_map(|(_, table)| {
            let of = |association| Live {
                route_table: table.id.clone(),
                association,
            };
            table.associations.into_iter().map(of).collect::<Vec<_>>()
        });
        Ok(associations
            .map(|live| Found::Owned(place(&live.association.subnet, &subnets), live))
            .collect())
    }

    fn id(live: &Live) -> String {
        live.association.id.clone()
    }

    fn outputs(_live: &Live) -> Outputs {
        Outputs::default()
    }

    fn uses(live: &Live) -> Vec<String> {
        vec![live.route_table.to_string()]
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            subnet,
            route_table,
        } = desired;
        let mut diff = Diff::new();
        match live.association.state.as_str() {
            "associated" => {}
            "associating" => diff.pending("state", "associating", "associated"),
            state => diff.broken("state", state, "associated", "AWS could not associate it"),
        }
        let elsewhere = Effect::Replace("an association belongs to one subnet");
        diff.reference(
            "subnet_id",
            subnet,
            &live.association.subnet,
            outputs,
            elsewhere,
        );
        diff.reference(
            "route_table_id",
            route_table,
            &live.route_table,
            outputs,
            Effect::InPlace,
        );
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let (subnet, table) = (cx.get(&desired.subnet)?, cx.get(&desired.route_table)?);
        let ec2 = cx.clients().ec2();
        let associate = || {
            let call = ec2
                .associate_route_table()
                .subnet_id(subnet.as_str())
                .route_table_id(table.as_str());
            async move {
                let answer = call.send().await.map_err(failed("ec2:AssociateRouteTable"));
                answer.or_absent(&["Resource.AlreadyAssociated"])
            }
        };
        let not_yet = [
            "InvalidRouteTableID.NotFound",
            "InvalidSubnetID.NotFound",
            "RequestLimitExceeded",
        ];
        let answer = cx
            .retry("the association", QUICK, &not_yet, associate)
            .await?;
        match answer {
            Some(answer) => {
                let id = answer.association_id();
                cx.made(required(
                    id,
                    "ec2:AssociateRouteTable",
                    "the association's id",
                )?);
            }
            None => take_back(cx, &subnet, &table).await?,
        }
        associated(cx, &subnet, &table).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let table = cx.get(&desired.route_table)?;
        if diff.has("route_table_id") {
            move_to(cx, &live.association.id, &table).await?;
        }
        associated(cx, &live.association.subnet, &table).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let call = cx
            .clients()
            .ec2()
            .disassociate_route_table()
            .association_id(&live.association.id);
        let answer = call
            .send()
            .await
            .map_err(failed("ec2:DisassociateRouteTable"));
        answer.or_absent(ABSENT)?;
        Ok(Vec::new())
    }
}

/// The address of the association of a subnet.
fn place(subnet: &SubnetId, wanted: &[(&Address, Option<SubnetId>)]) -> Address {
    wanted
        .iter()
        .find(|(_, wanted)| wanted.as_ref() == Some(subnet))
        .map_or_else(
            || Address::new(Layer::Network, &format!("association/{subnet}")),
            |(address, _)| (*address).clone(),
        )
}

/// Moves the association that a subnet has with somebody's table to ours.
async fn take_back(cx: &Step, subnet: &SubnetId, table: &RouteTableId) -> Result<(), Error> {
    let which = filter("association.subnet-id", [subnet.as_str()]);
    let tables = route_table::list(cx.clients(), which).await?;
    for live in tables.into_iter().filter(|live| live.id != *table) {
        let held = live.associations.iter();
        for association in held.filter(|association| association.subnet == *subnet) {
            cx.remark(format!(
                "{subnet} used {}, and is moved to {table}",
                live.id
            ));
            move_to(cx, &association.id, table).await?;
        }
    }
    Ok(())
}

async fn move_to(cx: &Step, association: &str, table: &RouteTableId) -> Result<(), Error> {
    let ec2 = cx.clients().ec2();
    let replace = || {
        let call = ec2
            .replace_route_table_association()
            .association_id(association)
            .route_table_id(table.as_str());
        async move {
            call.send()
                .await
                .map_err(failed("ec2:ReplaceRouteTableAssociation"))
        }
    };
    let not_yet = ["InvalidRouteTableID.NotFound", "RequestLimitExceeded"];
    let answer = cx
        .retry("the association", QUICK, &not_yet, replace)
        .await?;
    if let Some(id) = answer.new_association_id() {
        cx.made(id);
    }
    Ok(())
}

async fn associated(cx: &Step, subnet: &SubnetId, table: &RouteTableId) -> Result<Outputs, Error> {
    cx.wait("the association", QUICK, || {
        route_table::look(cx, table, move |live| {
            let mut associations = live.associations.iter();
            match associations.find(|association| association.subnet == *subnet) {
                Some(one) if one.state == "associated" => Look::Ready(Outputs::default()),
                Some(one) => Look::Pending(one.state.clone()),
                None => Look::Pending("not visible yet".to_owned()),
            }
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_association_is_known_by_its_subnet() {
        let address = Address::new(Layer::Network, "private-association/1");
        let wanted = [(&address, Some(SubnetId::new("subnet-1")))];
        assert_eq!(place(&SubnetId::new("subnet-1"), &wanted), address);
        assert_eq!(
            place(&SubnetId::new("subnet-2"), &wanted).as_str(),
            "network/association/subnet-2"
        );
    }
}
