//! A blueprint while it is being drawn.

use crate::resource::{Address, Blueprint, Kind, Lookup, Resource, Tags, Text};
use crate::spec::StackSpec;

/// The spec, and what has been drawn from it so far.
pub(crate) struct Draft<'a> {
    /// What it is drawn from.
    pub(crate) spec: &'a StackSpec,
    blueprint: Blueprint,
}

impl<'a> Draft<'a> {
    /// An empty sheet for `spec`.
    pub(crate) fn new(spec: &'a StackSpec) -> Self {
        Self {
            spec,
            blueprint: Blueprint::new(spec.name.as_str(), spec.region.as_str()),
        }
    }

    /// The tags of the resource at `address`, shown as `name` in AWS's consoles.
    pub(crate) fn tags(&self, address: &Address, name: &str) -> Tags {
        Tags::owned(self.spec.name.as_str(), address, name, &self.spec.tags)
    }

    /// Draws a resource.
    pub(crate) fn add<K: Kind>(&mut self, address: Address, desired: K::Desired) {
        let resource = Resource::new::<K>(address.clone(), desired);
        self.blueprint.resources.insert(address, resource);
    }

    /// What has been drawn of a kind so far.
    pub(crate) fn drawn<K: Kind>(&self) -> impl Iterator<Item = (&Address, &K::Desired)> {
        let all = self.blueprint.resources.iter();
        all.filter_map(|(address, one)| Some((address, one.desired_as::<K>()?)))
    }

    /// Has something read from the account.
    pub(crate) fn look_up(&mut self, address: Address, lookup: Lookup) {
        self.blueprint.lookups.insert(address, lookup);
    }

    /// Publishes a value for `kongstack output`.
    pub(crate) fn output(&mut self, name: &str, value: impl Into<Text>) {
        self.blueprint.outputs.insert(name.to_owned(), value.into());
    }

    /// The finished blueprint.
    pub(crate) fn finish(self) -> Blueprint {
        self.blueprint
    }
}
