//! Lengths of time with their unit: `90s`, `5m`, `1h 30m`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::Refusal;

/// Parses a length of time.
pub(crate) fn parse(text: &str) -> Result<Duration, Refusal> {
    humantime::parse_duration(text).map_err(|_| refusal(text))
}

/// Deserializes a length of time that may be absent.
pub(crate) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<Length>::deserialize(deserializer)?.map(|length| length.0))
}

/// Deserializes a length of time that is there.
pub(crate) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Ok(Length::deserialize(deserializer)?.0)
}

struct Length(Duration);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Length;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a length of time such as `5m`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Length, E> {
                parse(text).map(Length).map_err(Refusal::into_serde)
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Length, E> {
                Err(refusal(&number.to_string()).into_serde())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

fn refusal(text: &str) -> Refusal {
    let bare = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
    let (reason, fix) = if bare {
        (
            "a bare number could mean seconds or minutes",
            format!("give the unit: `{text}s` or `{text}m`"),
        )
    } else {
        (
            "a length of time is a number and a unit",
            "write it like `90s`, `5m` or `1h`".to_owned(),
        )
    };
    Refusal::new(
        "duration-format",
        format!("`{text}` is not a length of time"),
        reason,
        fix,
    )
}
