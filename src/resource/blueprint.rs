//! A desired stack as data: what the blueprint stage draws and every later stage reads.

use std::collections::BTreeMap;

use super::{Address, Error, Kind, Lookup, Resource, Text};

/// Everything a stack should be.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint {
    /// The stack's name: the ownership tag's value.
    pub(crate) stack: String,
    /// The region it lives in.
    pub(crate) region: String,
    /// What it reads from the account.
    pub(crate) lookups: BTreeMap<Address, Lookup>,
    /// Its resources.
    pub(crate) resources: BTreeMap<Address, Resource>,
    /// What `output` prints, by name.
    pub(crate) outputs: BTreeMap<String, Text>,
}

impl Blueprint {
    /// A stack without resources.
    #[must_use]
    pub(crate) fn new(stack: &str, region: &str) -> Self {
        Self {
            stack: stack.to_owned(),
            region: region.to_owned(),
            lookups: BTreeMap::new(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
        }
    }

    /// What the resource of kind `K` at `address` should be.
    ///
    /// # Errors
    /// When the blueprint has none there.
    pub(crate) fn desired<K: Kind>(&self, address: &Address) -> Result<&K::Desired, Error> {
        let resource = self.resources.get(address);
        resource
            .and_then(Resource::desired_as::<K>)
            .ok_or_else(|| Error::Internal(format!("the blueprint has no {address}")))
    }
}
