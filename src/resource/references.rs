//! What must be there before a resource, and what may only go after it.

use std::collections::BTreeSet;

use super::{Address, Output, Ref, Text};

/// The addresses that a resource refers to: what must be there before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct References {
    held: BTreeSet<Address>,
    awaited: BTreeSet<Address>,
}

impl References {
    /// Refers to nothing.
    #[must_use]
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Adds a reference.
    #[must_use]
    pub(crate) fn to<T: Output>(mut self, reference: &Ref<T>) -> Self {
        self.held.extend(reference.address().cloned());
        self
    }

    /// Adds several references.
    #[must_use]
    #[expect(
        clippy::wrong_self_convention,
        reason = "a builder that reads `References::none().to_all(subnets)`"
    )]
    pub(crate) fn to_all<'a, T: Output>(
        self,
        references: impl IntoIterator<Item = &'a Ref<T>>,
    ) -> Self {
        references.into_iter().fold(self, Self::to)
    }

    /// Adds all that a text refers to.
    #[must_use]
    pub(crate) fn in_text(mut self, text: &Text) -> Self {
        self.held.extend(text.addresses().cloned());
        self
    }

    /// Adds a resource that must be there first, and go last, although no value of it is used.
    #[must_use]
    pub(crate) fn after(mut self, address: &Address) -> Self {
        self.held.insert(address.clone());
        self
    }

    /// Adds a resource that must work before this one is made or changed, but may be deleted at the same time.
    #[must_use]
    pub(crate) fn started_after(mut self, address: &Address) -> Self {
        self.awaited.insert(address.clone());
        self
    }

    /// Adds several that must be there first and go last.
    #[must_use]
    pub(crate) fn after_all<'a>(self, addresses: impl IntoIterator<Item = &'a Address>) -> Self {
        addresses.into_iter().fold(self, Self::after)
    }

    /// Everything that must be there before it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Address> {
        self.held.union(&self.awaited)
    }

    /// What can only be deleted after it.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Address> {
        self.held.iter()
    }
}
