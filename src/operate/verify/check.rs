//! The checks there are, what each is about, and what must hold before it says anything.

use std::collections::BTreeSet;
use std::fmt;

/// One check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Check {
    /// The account of the credentials.
    Account,
    /// Whether there is a stack.
    Stack,
    /// Whether AWS is as the spec says.
    Drift,
    /// Aurora's cluster and writer.
    Database,
    /// Kong's schema.
    Migrations,
    /// The control plane's service.
    ControlPlane,
    /// The control plane's way to the database.
    DatabaseLink,
    /// The control plane's private name.
    CloudMap,
    /// The data planes' service.
    DataPlane,
    /// The load balancer's targets.
    Targets,
    /// The data planes' configuration.
    Sync,
    /// The public name.
    Dns,
    /// The certificate of the public name.
    Tls,
    /// The Admin API without the key.
    AdminKey,
    /// The Admin API from outside the list.
    AdminList,
    /// The Admin API with the key.
    AdminApi,
    /// Ways to the control plane other than through the data planes.
    Private,
}

impl Check {
    /// All, in the order in which they are shown.
    pub(crate) const ALL: [Self; 17] = [
        Self::Account,
        Self::Stack,
        Self::Drift,
        Self::Database,
        Self::Migrations,
        Self::ControlPlane,
        Self::DatabaseLink,
        Self::CloudMap,
        Self::DataPlane,
        Self::Targets,
        Self::Sync,
        Self::Dns,
        Self::Tls,
        Self::AdminKey,
        Self::AdminList,
        Self::AdminApi,
        Self::Private,
    ];

    /// Its name on the command line and in reports.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Stack => "stack",
            Self::Drift => "drift",
            Self::Database => "database",
            Self::Migrations => "migrations",
            Self::ControlPlane => "control-plane",
            Self::DatabaseLink => "database-link",
            Self::CloudMap => "cloud-map",
            Self::DataPlane => "data-plane",
            Self::Targets => "targets",
            Self::Sync => "sync",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::AdminKey => "admin-key",
            Self::AdminList => "admin-list",
            Self::AdminApi => "admin-api",
            Self::Private => "private",
        }
    }

    /// The check of a name.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }

    /// What holds when it passes.
    #[must_use]
    pub(crate) fn claim(self) -> &'static str {
        match self {
            Self::Account => "the credentials are of the spec's account",
            Self::Stack => "the stack is there",
            Self::Drift => "AWS is as the spec says",
            Self::Database => "the database cluster and its writer work",
            Self::Migrations => "the schema is the image's, and finished",
            Self::ControlPlane => "the control plane's service is steady",
            Self::DatabaseLink => "the control plane reaches its database",
            Self::CloudMap => "the private name leads to the control plane and nowhere else",
            Self::DataPlane => "the data planes' service is steady",
            Self::Targets => "the load balancer finds every data plane healthy",
            Self::Sync => "all data planes hold the control plane's configuration",
            Self::Dns => "the public name leads to the load balancer",
            Self::Tls => "the certificate is trusted, and for longer than 30 days",
            Self::AdminKey => "the Admin API refuses who has no key",
            Self::AdminList => "the Admin API refuses who is not on its list",
            Self::AdminApi => "the Admin API answers who has the key",
            Self::Private => "nothing else leads to the control plane",
        }
    }

    /// The checks without which it would only guess.
    #[must_use]
    pub(crate) fn needs(self) -> &'static [Self] {
        match self {
            Self::Account => &[],
            Self::Stack => &[Self::Account],
            Self::Drift
            | Self::Database
            | Self::Migrations
            | Self::ControlPlane
            | Self::DataPlane
            | Self::Dns
            | Self::Private => &[Self::Stack],
            Self::DatabaseLink => &[Self::Database, Self::ControlPlane, Self::AdminApi],
            Self::CloudMap => &[Self::ControlPlane],
            Self::Targets => &[Self::DataPlane],
            // The control plane keeps its list of data planes in the database.
            Self::Sync => &[
                Self::Database,
                Self::ControlPlane,
                Self::DatabaseLink,
                Self::DataPlane,
                Self::AdminApi,
            ],
            Self::Tls => &[Self::Dns],
            Self::AdminKey => &[Self::Targets, Self::Dns, Self::Tls],
            Self::AdminList => &[Self::AdminKey],
            Self::AdminApi => &[Self::ControlPlane, Self::CloudMap, Self::AdminKey],
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The checks of `chosen` and all that they need; every check when none is chosen.
#[must_use]
pub(crate) fn with_needs(chosen: &[Check]) -> BTreeSet<Check> {
    if chosen.is_empty() {
        return Check::ALL.into();
    }
    let mut all = BTreeSet::new();
    let mut left = chosen.to_vec();
    while let Some(check) = left.pop() {
        if all.insert(check) {
            left.extend(check.needs());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_listed_once_by_distinct_names() {
        let listed: BTreeSet<_> = Check::ALL.into();
        let names: BTreeSet<_> = Check::ALL.map(Check::name).into();
        assert_eq!((listed.len(), names.len()), (17, 17));
        // In the order in which they are shown, which `Ord` is.
        assert!(Check::ALL.is_sorted());
        for check in Check::ALL {
            assert_eq!(Check::named(check.name()), Some(check));
        }
        assert_eq!(Check::named("nonsense"), None);
    }

    #[test]
    fn a_check_brings_along_what_it_needs() {
        let names = |chosen: &[Check]| -> Vec<_> {
            with_needs(chosen).into_iter().map(Check::name).collect()
        };
        assert_eq!(names(&[Check::Tls]), ["account", "stack", "dns", "tls"]);
        assert_eq!(names(&[]).len(), Check::ALL.len());
    }

    #[test]
    fn nothing_needs_itself() {
        for check in Check::ALL {
            let beyond: Vec<_> = check.needs().to_vec();
            let needs = with_needs(&beyond);
            assert!(beyond.is_empty() || !needs.contains(&check), "{check}");
        }
    }
}
