//! A live stack at a glance: what AWS says of its parts by now, and what that comes to.
//!
//! Reads only, wakes nobody, and asks for parts by the names the blueprint gives them: everything independent at once, in
//! three dependent rounds. Whether AWS is as the spec says is a plan's business, not this one's.

mod alarms;
mod balance;
mod database;
mod model;
mod planes;
#[cfg(test)]
pub(crate) mod sample;
mod timer;
mod verdict;

use std::sync::Arc;
use std::time::SystemTime;

use futures::try_join;

use self::balance::Front;
use self::model::VERSION;
pub(crate) use self::model::{
    Activity, Alarms, Certificate, Certificates, Database, Deployment, Holder, LoadBalancer,
    Migrations, Moment, Nodes, Rollout, State, Status, Targets,
};
#[cfg(test)]
pub(crate) use self::model::{Overall, TargetReason, Timer};
use super::Names;
use crate::aws::{Clients, OrAbsent, failed};
use crate::blueprint::addresses;
use crate::kinds::secrets::expiry::{EXPIRES, last_day};
use crate::lease::{Lease, LeaseTable, Store};
use crate::resource::{Address, Attribute, Blueprint, Error, Pace, Resolve};

/// Looks at the stack of a blueprint.
///
/// # Errors
/// When AWS cannot be asked.
pub(crate) async fn look(
    clients: &Arc<Clients>,
    blueprint: &Blueprint,
    pace: Pace,
) -> Result<Status, Error> {
    let names = Names::of(blueprint)?;
    let stack = &blueprint.stack;
    let leases = LeaseTable::new(Arc::clone(clients), pace);
    let (planes, timer, front, targets, database, cluster, alarms, lease) = try_join!(
        planes::look(clients, &names, stack),
        timer::look(clients, blueprint),
        balance::front(clients, names.load_balancer),
        balance::targets(clients, names.target_group),
        database::look(clients, names.database, stack),
        cluster_certificate(clients, names.cluster_certificate),
        alarms::look(clients, blueprint),
        leases.read(stack)
    )?;
    let at = SystemTime::now();
    let (control_plane, data_plane) = planes;
    let (mut database, migrations) = database;
    let connected = control_plane
        .as_ref()
        .is_some_and(|nodes| nodes.running > 0);
    if let Some(database) = database.as_mut().filter(|_| connected) {
        database::in_use(database);
    }
    let (balancer, dns_name, https) = match front {
        Some(Front {
            balancer,
            dns_name,
            https,
        }) => (Some(balancer), dns_name, https),
        None => (None, None, None),
    };
    let known = Known(dns_name);
    let output = |name: &str| blueprint.outputs.get(name)?.resolve(&known);
    let mut status = Status {
        version: VERSION,
        stack: stack.clone(),
        region: blueprint.region.clone(),
        at: Moment::new(at),
        overall: verdict::unknown(),
        endpoint: output("endpoint").filter(|_| balancer.is_some()),
        admin_endpoint: output("admin_endpoint").filter(|_| balancer.is_some()),
        load_balancer: balancer,
        control_plane,
        timer,
        data_plane,
        targets,
        database,
        migrations,
        certificates: Certificates { https, cluster },
        alarms,
        lease: lease.map(|lease| holder(&lease, at)),
    };
    status.overall = verdict::judge(&status);
    Ok(status)
}

/// The one output that endpoints are made of.
struct Known(Option<String>);

impl Resolve for Known {
    fn output(&self, address: &Address, attribute: Attribute) -> Option<String> {
        let is_name = *address == addresses::load_balancer() && attribute == Attribute::DnsName;
        self.0.clone().filter(|_| is_name)
    }
}

/// The certificate the planes know each other by, if its secret is there. What the secret holds is not asked for.
async fn cluster_certificate(
    clients: &Clients,
    secret: &str,
) -> Result<Option<Certificate>, Error> {
    let answer = clients
        .secrets()
        .describe_secret()
        .secret_id(secret)
        .send()
        .await
        .map_err(failed("secretsmanager:DescribeSecret"))
        .or_absent(&["ResourceNotFoundException"])?;
    let found = answer.filter(|secret| secret.deleted_date().is_none());
    Ok(found.map(|found| {
        let mut tags = found.tags().iter();
        let expires = tags
            .find(|tag| tag.key() == Some(EXPIRES))
            .and_then(|tag| last_day(tag.value()?))
            .map(|day| day.midnight().assume_utc().into());
        Certificate {
            name: secret.to_owned(),
            status: None,
            expires_at: expires.map(Moment::new),
        }
    }))
}

fn holder(lease: &Lease, now: SystemTime) -> Holder {
    Holder {
        user: lease.owner.user.clone(),
        host: lease.owner.host.clone(),
        process: lease.owner.process,
        purpose: lease.purpose.clone(),
        since: Moment::new(lease.taken_at),
        until: Moment::new(lease.expires_at),
        expired: lease.has_expired(now),
        run: lease.owner.run.clone(),
    }
}
