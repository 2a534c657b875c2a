//! Whether a stack works, checked from where this runs: what AWS says of its parts, and what the gateway answers.
//!
//! Facts are gathered in as few rounds as their dependence allows and judged by pure functions, one file a group of
//! checks. What rests on a check that failed is not looked at: it would only guess. What cannot be told from here (an
//! address that the Admin API's list does not hold, a right that AWS does not grant) is said and is no failure. Reads
//! only, except that asking the Admin API wakes a database that sleeps.

mod admin;
mod check;
mod database;
mod front;
mod planes;
mod private;
mod stack;
mod sync;
mod tally;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::SystemTime;

use futures::future::{OptionFuture, join3};
use time::OffsetDateTime;

use self::admin::Door;
pub(crate) use self::check::{Check, with_needs};
use self::stack::Standing;
pub(crate) use self::tally::{Finding, Tally};
use super::Plane;
use super::status::Status;
use crate::aws::{Clients, failed};
use crate::blueprint::addresses;
use crate::diff::Entry;
use crate::gateway::Site;
use crate::kinds::discovery::{DiscoveryService, Namespace};
use crate::kinds::ec2::SecurityGroup;
use crate::kinds::kong::{AdminRoute, AdminRouteDesired, Schema};
use crate::plan::Plan;
use crate::resource::{
    AccountId, Address, Blueprint, DnsName, Error, Kind, Lookup, Output, SecurityGroupId,
};

/// The stack in question, and the way to it.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// AWS and the gateway.
    pub(crate) clients: &'a Clients,
    /// What the stack should be.
    pub(crate) blueprint: &'a Blueprint,
    /// The flags that name it, for commands to suggest.
    pub(crate) flags: &'a str,
}

/// What AWS says of the stack's parts.
pub(crate) struct Seen {
    /// What an apply would do.
    pub(crate) plan: Plan,
    /// The parts at a glance.
    pub(crate) status: Status,
}

/// The account of the credentials.
///
/// # Errors
/// When AWS cannot be asked.
pub(crate) async fn caller(clients: &Clients) -> Result<AccountId, Error> {
    const CALL: &str = "sts:GetCallerIdentity";
    let answer = clients.sts().get_caller_identity().send().await;
    let answer = answer.map_err(failed(CALL))?;
    answer
        .account()
        .map(AccountId::new)
        .ok_or(Error::Incomplete {
            operation: CALL,
            missing: "the account",
        })
}

impl Subject<'_> {
    /// Checks whose account it is, which everything else needs.
    pub(crate) fn check_account(&self, tally: &mut Tally, caller: &AccountId) {
        let lookup = self.blueprint.lookups.get(&addresses::account());
        let expected = match lookup {
            Some(Lookup::Account { expected }) => expected.as_deref(),
            _ => None,
        };
        let finding = stack::account(caller.as_str(), expected);
        tally.put(Check::Account, finding);
    }

    /// Makes every check that is wanted, by what AWS says of the parts.
    ///
    /// # Errors
    /// Defects of this program only: a blueprint without one of its parts.
    pub(crate) async fn check(&self, tally: &mut Tally, seen: &Seen) -> Result<(), Error> {
        self.check_parts(tally, seen)?;
        if let Some(site) = self.check_ways(tally, seen).await? {
            self.check_front(tally, &site).await;
            self.check_admin(tally, seen, &site).await?;
        }
        tally.close();
        Ok(())
    }

    /// What AWS has said already.
    fn check_parts(&self, tally: &mut Tally, seen: &Seen) -> Result<(), Error> {
        let (status, flags) = (&seen.status, self.flags);
        let standing = Standing::of(&seen.plan);
        let image = &self
            .blueprint
            .desired::<Schema>(&addresses::schema())?
            .image;
        for check in Check::ALL {
            let judge: &dyn Fn() -> Finding = match check {
                Check::Stack => &|| stack::stack(&standing, flags),
                Check::Drift => &|| stack::drift(&standing, flags),
                Check::Database => &|| database::database(status.database.as_ref(), flags),
                Check::Migrations => {
                    &|| database::migrations(status.migrations.as_ref(), image, flags)
                }
                Check::ControlPlane => {
                    &|| planes::service(Plane::Control, status.control_plane.as_ref(), flags)
                }
                Check::DataPlane => {
                    &|| planes::service(Plane::Data, status.data_plane.as_ref(), flags)
                }
                Check::Targets => &|| planes::targets(status.targets.as_ref(), running(status)),
                _ => continue,
            };
            if tally.is_due(check) {
                tally.put(check, judge());
            }
        }
        Ok(())
    }

    /// The names and ways that lead to the parts. Returns where the gateway is visited, if it can be.
    async fn check_ways(&self, tally: &mut Tally, seen: &Seen) -> Result<Option<Site>, Error> {
        let (clients, flags) = (self.clients, self.flags);
        let (route, nodes) = (self.route()?, self.nodes(seen));
        let service = addresses::discovery_service();
        let service = &self.blueprint.desired::<DiscoveryService>(&service)?.name;
        let namespace = addresses::namespace();
        let namespace = &self.blueprint.desired::<Namespace>(&namespace)?.name;
        let balancer = output::<DnsName>(&seen.plan, &addresses::load_balancer());
        let balancer = balancer.as_ref().map(DnsName::as_str);
        let host = balancer.map(|balancer| route.domain.as_deref().unwrap_or(balancer));

        let cloud_map = async {
            let registered = planes::discover(clients, namespace, service).await;
            let name = format!("{service}.{namespace}");
            planes::cloud_map(&name, &registered, &nodes.addresses)
        };
        let private = async { private::judge(&private::look(clients, &nodes).await, flags) };
        let dns = async {
            match host.zip(balancer) {
                Some((host, balancer)) => front::resolve(clients, host, balancer).await,
                None => Finding::failed("there is no load balancer")
                    .fix(format!("`kongstack apply{flags}` makes it")),
            }
        };
        let found = join3(
            OptionFuture::from(tally.is_due(Check::CloudMap).then_some(cloud_map)),
            OptionFuture::from(tally.is_due(Check::Private).then_some(private)),
            OptionFuture::from(tally.is_due(Check::Dns).then_some(dns)),
        )
        .await;
        for (check, finding) in [
            (Check::CloudMap, found.0),
            (Check::Private, found.1),
            (Check::Dns, found.2),
        ] {
            if let Some(finding) = finding {
                tally.put(check, finding);
            }
        }
        Ok(host.map(|host| Site {
            host: host.to_owned(),
            via: host.to_owned(),
            tls: route.tls,
        }))
    }

    async fn check_front(&self, tally: &mut Tally, site: &Site) {
        if tally.is_due(Check::Tls) {
            let finding = if site.tls {
                let shown = self.clients.gateway().certificate(site).await;
                front::tls(&shown, OffsetDateTime::now_utc())
            } else {
                Finding::not_checked("the gateway speaks HTTP only (`ingress.certificate`)")
            };
            tally.put(Check::Tls, finding);
        }
    }

    /// What the gateway and, behind it, the Admin API answer.
    async fn check_admin(&self, tally: &mut Tally, seen: &Seen, site: &Site) -> Result<(), Error> {
        let route = self.route()?;
        let (clients, flags) = (self.clients, self.flags);
        let door = Door {
            site,
            path: &route.route.path,
            secret: route.key.id(),
        };
        if tally.is_due(Check::AdminKey) {
            let answer = door.knock(clients).await;
            tally.put(Check::AdminKey, admin::without_key(&answer, flags));
        }
        let (list, api) = (
            tally.is_due(Check::AdminList),
            tally.is_due(Check::AdminApi),
        );
        if !list && !api {
            return Ok(());
        }
        let (asked, said) = door.ask(clients).await;
        if list {
            tally.put(Check::AdminList, admin::list(&route.route.allow, &asked));
        }
        if api {
            tally.put(Check::AdminApi, admin::api(&asked, flags));
        }
        let unknown = admin::api(&asked, flags);
        if tally.is_due(Check::DatabaseLink) {
            let finding = said
                .as_ref()
                .map(|said| database::link(&said.status, flags));
            tally.put(
                Check::DatabaseLink,
                finding.unwrap_or_else(|| unknown.clone()),
            );
        }
        if tally.is_due(Check::Sync) {
            let version = match &asked {
                admin::Asked::Reply(reply) => admin::version(reply).unwrap_or_default(),
                _ => "",
            };
            let judge = |said: &admin::Said| {
                let planes = &said.data_planes;
                let told = planes.as_ref().ok().and_then(|reply| reply.date);
                // By their clock, which last_seen is of; ours may be wrong.
                let now = told.unwrap_or_else(SystemTime::now);
                sync::judge(planes, version, running(&seen.status), now)
            };
            tally.put(Check::Sync, said.as_ref().map_or(unknown, judge));
        }
        Ok(())
    }

    fn route(&self) -> Result<&AdminRouteDesired, Error> {
        self.blueprint
            .desired::<AdminRoute>(&addresses::admin_route())
    }

    /// What is known of the control plane's tasks.
    fn nodes(&self, seen: &Seen) -> private::Nodes {
        let tasks = seen
            .status
            .control_plane
            .iter()
            .flat_map(|nodes| &nodes.tasks);
        let tasks: Vec<_> = tasks.filter(|task| task.state == "RUNNING").collect();
        let addresses: BTreeSet<IpAddr> = tasks.iter().filter_map(|task| task.address).collect();
        let interfaces = tasks.iter().filter_map(|task| task.interface.clone());
        let entries = seen.plan.entries.iter();
        let groups = entries.filter(|entry| entry.kind.type_name() == SecurityGroup::TYPE);
        let own = |entry: &Entry| Some(entry.live.as_ref()?.id.clone());
        let own: BTreeSet<String> = groups.filter_map(own).collect();
        let group = addresses::control_plane_group();
        let group = output::<SecurityGroupId>(&seen.plan, &group);
        private::Nodes {
            interfaces: interfaces.collect(),
            addresses,
            group: group.map(|group| group.as_str().to_owned()),
            own,
        }
    }
}

/// How many data planes run.
fn running(status: &Status) -> u32 {
    status.data_plane.as_ref().map_or(0, |nodes| nodes.running)
}

/// What the live resource at `address` publishes.
fn output<T: Output>(plan: &Plan, address: &Address) -> Option<T> {
    let mut entries = plan.entries.iter();
    let entry = entries.find(|entry| entry.address == *address)?;
    let outputs = &entry.live.as_ref()?.outputs;
    outputs.get(T::ATTRIBUTE).map(T::new)
}
