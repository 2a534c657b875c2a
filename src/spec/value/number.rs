//! Numbers with a unit: Aurora capacity units and shares of a hundred.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::Refusal;

/// Aurora capacity, counted in halves because AWS scales in steps of 0.5 ACU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Acu(u16);

impl Acu {
    /// Capacity of so many halves of an ACU.
    pub(crate) const fn from_halves(halves: u16) -> Self {
        Self(halves)
    }

    /// The capacity in halves of an ACU.
    pub(crate) const fn halves(self) -> u16 {
        self.0
    }

    /// The capacity as the RDS API takes it.
    pub(crate) fn as_f64(self) -> f64 {
        f64::from(self.0) / 2.0
    }

    fn parse(value: f64) -> Result<Self, Refusal> {
        let halves = value * 2.0;
        if halves.fract() != 0.0 || !(0.0..=f64::from(u16::MAX)).contains(&halves) {
            return Err(Refusal::new(
                "acu-step",
                format!("{value} is not a capacity Aurora offers"),
                "Serverless v2 scales from 0 in steps of 0.5 ACU",
                "write a multiple of 0.5, such as `0.5` or `2`",
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above: whole and within u16"
        )]
        Ok(Self(halves as u16))
    }
}

impl fmt::Display for Acu {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Acu {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Acu;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number of ACU")
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Acu, E> {
                Acu::parse(value).map_err(Refusal::into_serde)
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Acu, E> {
                // Far beyond any capacity; only the message could tell the difference.
                self.visit_f64(u32::try_from(value).map_or(f64::from(u32::MAX), f64::from))
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Acu, E> {
                self.visit_f64(i32::try_from(value).map_or(f64::from(i32::MIN), f64::from))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A share of a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Percent(u8);

impl Percent {
    /// A share known in the program; more than a hundred counts as a hundred.
    pub(crate) const fn new(share: u8) -> Self {
        Self(if share > 100 { 100 } else { share })
    }

    /// The share, 0 to 100.
    pub(crate) const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} %", self.0)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = i64::deserialize(deserializer)?;
        match u8::try_from(share) {
            Ok(share) if share <= 100 => Ok(Self(share)),
            _ => Err(Refusal::new(
                "percent-range",
                format!("{share} is not a share of a hundred"),
                "it is a percentage",
                "write a whole number from 0 to 100, without a sign",
            )
            .into_serde()),
        }
    }
}
