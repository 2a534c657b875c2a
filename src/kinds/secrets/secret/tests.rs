//! Secrets compared, rotated and near their end.

use super::*;
use crate::resource::{Address, Nothing};

fn desired() -> Desired {
    Desired {
        name: "kongstack/demo/key".to_owned(),
        description: "a key".to_owned(),
        key: None,
        content: || Err(Error::Internal("a plan must not make a secret".to_owned())),
        expires: None,
        replaces: None,
        recoverable: true,
        tags: Tags::default(),
    }
}

fn live() -> Live {
    Live {
        name: desired().name,
        arn: Arn::new("arn:aws:secretsmanager:r:1:secret:kongstack/demo/key-AbCdEf"),
        description: "a key".to_owned(),
        key: None,
        tags: Tags::default(),
        deleted: false,
        seen: Date::from_calendar_date(2029, time::Month::November, 1).unwrap(),
        version: Some(SecretVersionId::new("one")),
    }
}

#[test]
fn a_secret_is_compared_without_its_value() {
    let (desired, mut live) = (desired(), live());
    assert!(Secret::diff(&desired, &live, &Nothing).is_empty());
    live.version = None;
    assert!(Secret::diff(&desired, &live, &Nothing).has("value"));
    live.version = Some(SecretVersionId::new("two"));
    live.description = "mine now".to_owned();
    assert!(Secret::diff(&desired, &live, &Nothing).has("description"));
}

#[test]
fn another_key_is_drift_and_set_in_place() {
    let key = |id: &str| Arn::new(format!("arn:aws:kms:r:1:key/{id}"));
    let encrypted = |id: Option<&str>| Live {
        key: id.map(key),
        ..live()
    };
    let differs = |want: Option<Ref<Arn>>, have: Option<&str>| {
        let desired = Desired {
            key: want,
            ..desired()
        };
        let diff = Secret::diff(&desired, &encrypted(have), &Nothing);
        assert_eq!(diff.replacing().count(), 0);
        diff.has("kms_key_id")
    };
    let given = || Some(Ref::Literal(key("one")));
    assert!(!differs(given(), Some("one")));
    assert!(differs(given(), Some("two")));
    assert!(differs(given(), None));
    assert!(differs(None, Some("one")));
    let unmade = Address::new(crate::resource::Layer::Encryption, "key");
    assert!(differs(Some(Ref::Of(unmade)), Some("one")));
}

#[test]
fn a_rotation_is_done_when_there_is_another_version() {
    let rotation = Desired {
        replaces: live().version,
        ..desired()
    };
    let diff = Secret::diff(&rotation, &live(), &Nothing);
    assert!(diff.has("value"));
    assert!(diff.renewed().contains(&Attribute::SecretVersion));
    let rotated = Live {
        version: Some(SecretVersionId::new("two")),
        ..live()
    };
    assert!(Secret::diff(&rotation, &rotated, &Nothing).is_empty());
}

#[test]
fn a_last_day_counts_for_the_version_it_was_noted_of() {
    let expiring = Desired {
        expires: Some(|_| None),
        ..desired()
    };
    let noted = |note: &str| Live {
        tags: Tags::live([(Some("kongstack:expires"), Some(note))]),
        ..live()
    };
    let ours = noted("2029-11-22 one");
    assert!(Secret::diff(&expiring, &ours, &Nothing).is_empty());
    let day = ours.expires().map(|day| day.to_string());
    assert_eq!(day.as_deref(), Some("2029-11-22"));
    for other in [noted("2029-11-22 two"), live()] {
        assert!(Secret::diff(&expiring, &other, &Nothing).has("expires"));
        assert_eq!(other.expires(), None);
    }
    let told = |note: &str| {
        let warnings = Secret::warnings(&expiring, Some(&noted(note)));
        warnings.into_iter().map(|one| one.text).collect::<String>()
    };
    assert!(told("2029-11-22 one").contains("on 2029-11-22, 21 days from now"));
    assert!(told("2029-10-31 one").contains("has expired on 2029-10-31"));
    assert_eq!(told("2029-12-01 one"), "");
    assert_eq!(told("2029-11-22 two"), "");
    // A value that says nothing of its end is noted as such, and not looked at again.
    assert!(Secret::diff(&expiring, &noted("unknown one"), &Nothing).is_empty());
}
