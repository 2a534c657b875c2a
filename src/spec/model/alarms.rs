//! The alarms section: what somebody is told of, from when on, and who.

use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::spec::value::{self, Email, Percent, TopicArn};

/// Alarms on what the stack does. Each can be given other figures, or be `off`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Alarms {
    /// Who gets a mail. Default: nobody; then `topic` is needed.
    pub(crate) email: Option<Email>,
    /// An SNS topic that exists, instead of a mail; used, and never changed. Default: none.
    pub(crate) topic: Option<TopicArn>,
    /// The gateway's own and its upstreams' answers of 500 and above. Default: from 5 % in each of 5 minutes.
    pub(crate) target_5xx: Switch<Share>,
    /// Answers of 500 and above that the load balancer gives itself. Default: from 10 in each of 5 minutes.
    pub(crate) balancer_5xx: Switch<Count>,
    /// Data planes that fail their health checks. Default: any, for 10 minutes.
    pub(crate) unhealthy_targets: Switch<Unhealthy>,
    /// How long answers take. Default: one in a hundred takes 2 seconds or more, for 10 minutes.
    pub(crate) latency: Switch<Latency>,
    /// Fewer healthy data planes than `data_plane.scaling.min`. Default: for 10 minutes.
    pub(crate) data_plane_low: Switch<Low>,
    /// As many data planes as `data_plane.scaling.max`. Default: for 15 minutes; off where that is also the least.
    pub(crate) data_plane_full: Option<Switch<Full>>,
    /// No control plane runs. Default: for 10 minutes; none where it is on demand, and may sleep.
    pub(crate) control_plane_down: Option<Switch<Low>>,
    /// A state machine of the stack's failed: the one that wakes a control plane on demand, the one that archives logs.
    /// Default: once; none where there is no machine.
    pub(crate) state_machine: Option<Switch<Failures>>,
    /// The database is near its most capacity. Default: from 95 % of it for 15 minutes; off where
    /// that is also the least.
    pub(crate) database_full: Option<Switch<Capacity>>,
    /// The certificate for HTTPS ends. Default: in less than 30 days; ACM renews 60 days before.
    pub(crate) certificate: Switch<Expiry>,
}

/// An alarm's figures, or the word `off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Switch<T> {
    /// It rings.
    On(T),
    /// There is no such alarm.
    Off,
}

impl<T: Default> Default for Switch<T> {
    fn default() -> Self {
        Self::On(T::default())
    }
}

impl<T> Switch<T> {
    /// Its figures, unless it is off.
    pub(crate) fn on(&self) -> Option<&T> {
        match self {
            Self::On(figures) => Some(figures),
            Self::Off => None,
        }
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Switch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OffOr<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for OffOr<T> {
            type Value = Switch<T>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("`off` or a mapping of figures")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                match text {
                    "off" => Ok(Switch::Off),
                    other => Err(E::invalid_type(serde::de::Unexpected::Str(other), &self)),
                }
            }

            // All figures commented out.
            fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
                Ok(Switch::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Switch::On)
            }
        }
        deserializer.deserialize_any(OffOr(std::marker::PhantomData))
    }
}

macro_rules! figures {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct $name {
            $($(#[$field_doc])* pub(crate) $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    )*};
}

figures! {
    /// A share of the requests, in each of so many minutes in a row.
    Share {
        /// Percent of the requests in a minute, 1 to 100.
        percent: Percent = Percent::new(5),
        /// Minutes in a row, 1 to 1440.
        minutes: u32 = 5,
    }
    /// A number of requests, in each of so many minutes in a row.
    Count {
        /// Requests in a minute, 1 or more.
        count: u32 = 10,
        /// Minutes in a row, 1 to 1440.
        minutes: u32 = 5,
    }
    /// Unhealthy targets, for so long.
    Unhealthy {
        /// How many, 1 or more.
        count: u32 = 1,
        /// Minutes in a row, 1 to 1440. A task that is replaced is unhealthy for some.
        minutes: u32 = 10,
    }
    /// How long answers take.
    Latency {
        /// What 99 of 100 requests stay below.
        #[serde(deserialize_with = "value::duration::required")]
        p99: Duration = Duration::from_secs(2),
        /// Minutes in a row, 1 to 1440.
        minutes: u32 = 10,
    }
    /// Too few, for so long.
    Low {
        /// Minutes in a row, 1 to 1440. A failed task is replaced within some.
        minutes: u32 = 10,
    }
    /// Failures, within a minute.
    Failures {
        /// How many, 1 or more.
        count: u32 = 1,
    }
    /// As many as there may be, for so long.
    Full {
        /// Minutes in a row, 1 to 1440. A peak may take all there is for a while.
        minutes: u32 = 15,
    }
    /// Near the most capacity, for so long.
    Capacity {
        /// Percent of `database.capacity.max`, 1 to 100.
        percent: Percent = Percent::new(95),
        /// Minutes in a row, 1 to 1440.
        minutes: u32 = 15,
    }
    /// The end of a certificate.
    Expiry {
        /// Days before it, 1 to 365.
        days: u32 = 30,
    }
}

#[cfg(test)]
mod tests {
    use super::Switch;
    use crate::spec::rules::good;

    #[test]
    fn an_alarm_is_off_or_has_figures() {
        assert_eq!(good("").alarms, None);
        let spec = good(
            "alarms:\n  email: ops@example.com\n  latency: off\n  target_5xx: {percent: 1}\n  certificate:\n    # days: 20\n",
        );
        let alarms = spec.alarms.expect("alarms");
        assert_eq!(alarms.latency, Switch::Off);
        let share = alarms.target_5xx.on().expect("figures");
        assert_eq!((share.percent.get(), share.minutes), (1, 5));
        assert_eq!(alarms.certificate.on().expect("figures").days, 30);
        assert_eq!((alarms.data_plane_full, alarms.database_full), (None, None));
    }
}
