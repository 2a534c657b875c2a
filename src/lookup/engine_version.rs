//! The Aurora PostgreSQL version that the region offers and the wanted capacity runs on.

use super::refused;
use crate::aws::failed;
use crate::resource::{Error, Observer, Output, Outputs, Version};

const ENGINE: &str = "aurora-postgresql";

/// Finds the newest version under `prefix` (`16`, `16.6`) that scales down to `min_half_acus`.
///
/// The whole major is asked for, so that a refusal can name the versions that would do.
pub(super) async fn look_up(
    cx: &Observer,
    prefix: &str,
    min_half_acus: u32,
) -> Result<Outputs, Error> {
    let major = prefix.split('.').next().unwrap_or(prefix);
    let offers = list(cx, &format!("{ENGINE}{major}")).await?;
    choose(cx.region(), prefix, min_half_acus, &offers)
}

/// A version the region offers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    /// Its numbers; versions compare by these, not as text.
    numbers: Vec<u32>,
    /// The least capacity of Serverless v2, in half ACUs; nothing when it has no Serverless v2.
    min_half_acus: Option<u32>,
}

impl Offer {
    /// Nothing for what is not a plain version, such as `16.6-limitless`, which is another product.
    fn new(version: &str, min_capacity: Option<f64>) -> Option<Self> {
        Some(Self {
            numbers: numbers(version)?,
            min_half_acus: min_capacity.map(half_acus),
        })
    }

    fn version(&self) -> String {
        let numbers: Vec<String> = self.numbers.iter().map(ToString::to_string).collect();
        numbers.join(".")
    }

    fn scales_to(&self, min_half_acus: u32) -> bool {
        self.min_half_acus
            .is_some_and(|least| least <= min_half_acus)
    }
}

fn numbers(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// Capacities are multiples of a half.
fn half_acus(capacity: f64) -> u32 {
    (0..=512)
        .find(|halves| f64::from(*halves) >= capacity * 2.0)
        .unwrap_or(u32::MAX)
}

async fn list(cx: &Observer, family: &str) -> Result<Vec<Offer>, Error> {
    let mut pages = cx
        .clients()
        .rds()
        .describe_db_engine_versions()
        .engine(ENGINE)
        .db_parameter_group_family(family)
        .into_paginator()
        .items()
        .send();
    let mut offers = Vec::new();
    while let Some(version) = pages.next().await {
        let version = version.map_err(failed("rds:DescribeDBEngineVersions"))?;
        let capacity = version
            .serverless_v2_features_support()
            .and_then(|support| support.min_capacity());
        let number = version.engine_version().unwrap_or_default();
        offers.extend(Offer::new(number, capacity));
    }
    Ok(offers)
}

fn choose(
    region: &str,
    prefix: &str,
    min_half_acus: u32,
    offers: &[Offer],
) -> Result<Outputs, Error> {
    let wanted = numbers(prefix).unwrap_or_default();
    let newest = offers
        .iter()
        .filter(|offer| offer.numbers.starts_with(&wanted))
        .max_by(|one, other| one.numbers.cmp(&other.numbers));
    match newest {
        Some(offer) if offer.scales_to(min_half_acus) => {
            Ok(Outputs::default().with(Version::new(offer.version())))
        }
        Some(offer) => Err(too_new_a_wish(offer, min_half_acus, offers)),
        None => Err(refused(match names(offers) {
            None => format!(
                "{region} offers no Aurora PostgreSQL {prefix}: choose another major in database.engine_version"
            ),
            Some(names) => format!(
                "{region} offers no Aurora PostgreSQL {prefix}: choose one of {names} in database.engine_version, or \
                 only the major"
            ),
        })),
    }
}

fn too_new_a_wish(offer: &Offer, min_half_acus: u32, offers: &[Offer]) -> Error {
    let version = offer.version();
    let able: Vec<Offer> = offers
        .iter()
        .filter(|offer| offer.scales_to(min_half_acus))
        .cloned()
        .collect();
    let wish = f64::from(min_half_acus) / 2.0;
    let least = match offer.min_half_acus {
        Some(halves) => format!("scales down to {} ACU only", f64::from(halves) / 2.0),
        None => "has no Serverless v2".to_owned(),
    };
    let fix = match (names(&able), offer.min_half_acus) {
        (Some(names), _) => format!("choose one of {names} in database.engine_version"),
        (None, Some(_)) => "choose a newer major, or raise database.capacity.min".to_owned(),
        (None, None) => "choose a newer major in database.engine_version".to_owned(),
    };
    refused(format!(
        "Aurora PostgreSQL {version} {least}, and database.capacity.min is {wish}: {fix}"
    ))
}

/// The versions, oldest first; nothing when there are none.
fn names(offers: &[Offer]) -> Option<String> {
    let mut offers: Vec<&Offer> = offers.iter().collect();
    offers.sort_by(|one, other| one.numbers.cmp(&other.numbers));
    let names: Vec<String> = offers.into_iter().map(Offer::version).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Attribute;

    fn offers() -> Vec<Offer> {
        [
            ("16.1", Some(0.5)),
            ("16.9", Some(0.0)),
            ("16.10", Some(0.0)),
            ("16.6-limitless", Some(0.0)),
            ("16.0", None),
        ]
        .into_iter()
        .filter_map(|(version, capacity)| Offer::new(version, capacity))
        .collect()
    }

    fn chosen(prefix: &str, min: u32) -> Result<String, String> {
        match choose("eu-west-1", prefix, min, &offers()) {
            Ok(outputs) => Ok(outputs.get(Attribute::Version).unwrap().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_newest_is_taken_by_number_not_by_text() {
        assert_eq!(chosen("16", 0), Ok("16.10".to_owned()));
        assert_eq!(chosen("16.9", 0), Ok("16.9".to_owned()));
        assert_eq!(chosen("16.1", 1), Ok("16.1".to_owned()));
    }

    #[test]
    fn a_version_that_cannot_scale_that_low_names_those_that_can() {
        let error = chosen("16.1", 0).unwrap_err();
        assert_eq!(
            error,
            "Aurora PostgreSQL 16.1 scales down to 0.5 ACU only, and database.capacity.min is 0: choose one of \
             16.9, 16.10 in database.engine_version"
        );
        assert!(
            chosen("16.0", 1)
                .unwrap_err()
                .contains("has no Serverless v2")
        );
    }

    #[test]
    fn a_version_the_region_does_not_offer_is_refused() {
        let error = chosen("16.99", 0).unwrap_err();
        assert!(error.contains("16.0, 16.1, 16.9, 16.10"), "{error}");
    }
}
