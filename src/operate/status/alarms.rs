//! What CloudWatch says of the stack's alarms, and whether somebody hears of them.

use aws_sdk_cloudwatch::types::StateValue;

use super::model::Alarms;
use crate::aws::Clients;
use crate::kinds::cloudwatch::{Alarm, State, states};
use crate::kinds::sns::{Subscription, unconfirmed};
use crate::resource::{Blueprint, Error};

/// The alarms, where the blueprint has some: one call, and where it has a topic of its own, another.
pub(super) async fn look(
    clients: &Clients,
    blueprint: &Blueprint,
) -> Result<Option<Alarms>, Error> {
    let mut resources = blueprint.resources.values();
    if !resources.any(|one| one.desired_as::<Alarm>().is_some()) {
        return Ok(None);
    }
    let states = states(clients, &blueprint.stack).await?;
    let mut resources = blueprint.resources.values();
    let by_mail = resources.any(|one| one.desired_as::<Subscription>().is_some());
    let topic = states.iter().find_map(|one| one.topic.as_deref());
    let unconfirmed = match topic.filter(|_| by_mail) {
        Some(topic) => unconfirmed(clients, topic).await?,
        None => Vec::new(),
    };
    Ok(Some(Alarms {
        unconfirmed,
        ..sorted(&states)
    }))
}

fn sorted(states: &[State]) -> Alarms {
    let names = |state: &StateValue| {
        let those = states.iter().filter(|one| one.state == *state);
        those.map(|one| one.name.clone()).collect()
    };
    Alarms {
        count: u32::try_from(states.len()).unwrap_or(u32::MAX),
        in_alarm: names(&StateValue::Alarm),
        without_data: names(&StateValue::InsufficientData),
        unconfirmed: Vec::new(),
    }
}
