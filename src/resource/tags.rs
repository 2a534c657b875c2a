//! The tags that say whose a resource is.

use std::collections::BTreeMap;

use super::Address;

/// The tag that holds the stack's name.
pub(crate) const STACK: &str = "kongstack:stack";
/// The tag that holds the resource's address.
pub(crate) const ADDRESS: &str = "kongstack:address";
/// The tag on a resource whose replacement has begun; its value is the word `true`.
pub(crate) const RETIRED: &str = "kongstack:retired";

/// A resource's tags, sorted by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tags(BTreeMap<String, String>);

impl Tags {
    /// The tags of the resource at `address` of the stack `stack`, with the user's own.
    ///
    /// `Name` is what the consoles show.
    #[must_use]
    pub(crate) fn owned(
        stack: &str,
        address: &Address,
        name: &str,
        user: &BTreeMap<String, String>,
    ) -> Self {
        let mut tags = user.clone();
        tags.entry("Name".to_owned())
            .or_insert_with(|| name.to_owned());
        tags.insert(STACK.to_owned(), stack.to_owned());
        tags.insert(ADDRESS.to_owned(), address.to_string());
        Self(tags)
    }

    /// The tags AWS answered; where it left out a key or value, an empty text.
    pub(crate) fn live<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (Option<K>, Option<V>)>,
    ) -> Self {
        let text = |part: Option<String>| part.unwrap_or_default();
        Self(
            pairs
                .into_iter()
                .map(|(key, value)| (text(key.map(Into::into)), text(value.map(Into::into))))
                .collect(),
        )
    }

    /// One tag's value.
    #[must_use]
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The address, if these are tags of a resource of `stack`.
    #[must_use]
    pub(crate) fn address_in(&self, stack: &str) -> Option<Address> {
        (self.get(STACK)? == stack).then(|| self.get(ADDRESS)?.parse().ok())?
    }

    /// Whether the resource is being replaced by another.
    #[must_use]
    pub(crate) fn retired(&self) -> bool {
        self.get(RETIRED).is_some()
    }

    /// All tags.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The tags of these that `live` lacks or has with another value.
    #[must_use]
    pub(crate) fn to_set(&self, live: &Self) -> Self {
        let changed = self
            .iter()
            .filter(|(key, value)| live.get(key) != Some(*value));
        Self(
            changed
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// The keys of `live` that these do not have and that are ours to remove.
    ///
    /// AWS's own (`aws:…`) and the marks we keep on resources (`kongstack:…`) stay.
    #[must_use]
    pub(crate) fn to_remove(&self, live: &Self) -> Vec<String> {
        live.iter()
            .map(|(key, _)| key)
            .filter(|key| {
                !self.0.contains_key(*key)
                    && !key.starts_with("aws:")
                    && !key.starts_with("kongstack:")
            })
            .map(str::to_owned)
            .collect()
    }

    /// Whether `live` has nothing to be set and nothing to be removed.
    #[must_use]
    pub(crate) fn is_as(&self, live: &Self) -> bool {
        self.to_set(live).is_empty() && self.to_remove(live).is_empty()
    }

    /// Whether there are none.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Layer;

    #[test]
    fn only_differences_are_set_and_only_ours_removed() {
        let address = Address::new(Layer::Network, "vpc");
        let wanted = Tags::owned(
            "demo",
            &address,
            "demo",
            &BTreeMap::from([("a".into(), "1".into())]),
        );
        let live = Tags::live([
            (Some("a"), Some("2")),
            (Some("b"), Some("3")),
            (Some("aws:x"), Some("4")),
            (Some("kongstack:mark"), Some("5")),
            (Some(STACK), Some("demo")),
            (Some(ADDRESS), Some("network/vpc")),
        ]);
        let set = wanted.to_set(&live);
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [("Name", "demo"), ("a", "1")]
        );
        assert_eq!(wanted.to_remove(&live), ["b"]);
        assert_eq!(live.address_in("demo"), Some(address));
        assert_eq!(live.address_in("other"), None);
    }
}
