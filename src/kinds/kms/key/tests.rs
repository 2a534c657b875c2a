//! Keys compared, given up and explained.

use time::Month;

use super::*;
use crate::resource::{Address, Layer, Nothing, Output};

fn desired() -> Desired {
    Desired {
        alias: "alias/kongstack/demo".to_owned(),
        description: "a key".to_owned(),
        policy: ResourcePolicy { grants: Vec::new() },
        tags: Tags::default(),
    }
}

fn live() -> Live {
    Live {
        id: "0a1b".to_owned(),
        arn: Arn::new("arn:aws:kms:r:1:key/0a1b"),
        description: "a key".to_owned(),
        state: KeyState::Enabled,
        deletion: None,
        rotates: true,
        policy: Statements::default(),
        aliases: vec![desired().alias],
        taken: None,
        tags: Tags::default(),
    }
}

fn pending(mark: Option<&str>) -> Live {
    Live {
        state: KeyState::PendingDeletion,
        deletion: Date::from_calendar_date(2029, Month::November, 2).ok(),
        ..marked(mark)
    }
}

fn marked(mark: Option<&str>) -> Live {
    Live {
        tags: Tags::live(mark.map(|mark| (Some(KEPT), Some(mark)))),
        ..live()
    }
}

fn fields(live: &Live) -> Vec<String> {
    let diff = Key::diff(&desired(), live, &Nothing);
    assert_eq!(diff.replacing().count(), 0);
    let changes = diff.changes().iter();
    changes.map(|change| change.field.clone()).collect()
}

#[test]
fn everything_of_a_key_is_mended_in_place() {
    assert_eq!(fields(&live()), [""; 0]);
    let changed = Live {
        description: "mine".to_owned(),
        state: KeyState::Disabled,
        rotates: false,
        policy: Statements::decode(r#"{"Statement":[{"Sid":"All","Effect":"Allow"}]}"#),
        aliases: vec!["alias/mine".to_owned()],
        ..live()
    };
    let expected = [
        "enabled",
        "description",
        "key_rotation_enabled",
        "key_policy.All",
        "aliases",
    ];
    assert_eq!(fields(&changed), expected);
}

#[test]
fn a_key_that_was_given_up_is_told_from_one_that_somebody_has_a_hand_in() {
    let at = || Address::new(Layer::Encryption, "key");
    let is_gone = |live: Live| matches!(owned(at(), live), Found::Missing(..));
    assert!(is_gone(pending(Some(UNTIL_DELETED))));
    assert!(is_gone(marked(Some(FOR_SNAPSHOTS))));
    // By hand, and by a run that was cut short before it had scheduled anything.
    assert!(!is_gone(pending(None)));
    assert!(!is_gone(marked(Some(UNTIL_DELETED))));
    assert_eq!(fields(&pending(None)), ["deletion", "enabled"]);
    assert_eq!(fields(&marked(Some(UNTIL_DELETED))), ["deletion"]);
}

#[test]
fn a_key_that_cannot_be_used_is_explained() {
    let told = |live: &Live| {
        let warnings = Key::warnings(&desired(), Some(live));
        warnings.into_iter().map(|one| one.text).collect::<String>()
    };
    assert_eq!(told(&live()), "");
    assert!(told(&pending(None)).contains("0a1b is scheduled for deletion on 2029-11-02: no task"));
    let disabled = Live {
        state: KeyState::Disabled,
        ..live()
    };
    assert!(told(&disabled).contains("0a1b is disabled: no task starts"));
}

#[test]
fn an_alias_that_another_key_has_is_not_taken_from_it() {
    assert_eq!(Key::objections(&desired(), &live()), []);
    let taken = Live {
        aliases: Vec::new(),
        taken: Some("2c3d".to_owned()),
        ..live()
    };
    let objections = Key::objections(&desired(), &taken);
    assert!(objections[0].reason.contains("is the KMS key 2c3d's"));
}
