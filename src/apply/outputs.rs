//! The outputs that are known so far in a run.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use crate::resource::{Address, Attribute, Outputs, Resolve};

/// Outputs by address, growing as steps end.
#[derive(Debug, Default)]
pub(super) struct Published(RwLock<BTreeMap<Address, Outputs>>);

impl Published {
    /// What is known before the first step.
    pub(super) fn new(known: BTreeMap<Address, Outputs>) -> Self {
        Self(RwLock::new(known))
    }

    /// Adds, or renews, the outputs of a resource.
    pub(super) fn publish(&self, address: &Address, outputs: Outputs) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(address.clone(), outputs);
    }

    /// All of them.
    pub(super) fn all(&self) -> BTreeMap<Address, Outputs> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Resolve for Published {
    fn output(&self, address: &Address, attribute: Attribute) -> Option<String> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(address)?.get(attribute).map(str::to_owned)
    }
}
