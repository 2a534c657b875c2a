//! The shape all values made of one string share.

/// Defines a string type that parses itself: `parse`, `as_str`, `Display` and `Deserialize`.
///
/// The function given checks the text and says why it is refused.
macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(String);

        impl $name {
            /// Checks and takes a text.
            pub(crate) fn parse(text: &str) -> Result<Self, $crate::spec::value::Refusal> {
                $check(text).map(|()| Self(text.to_owned()))
            }

            /// The text.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err($crate::spec::value::Refusal::into_serde)
            }
        }
    };
}

pub(super) use text_value;
