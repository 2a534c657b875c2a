//! Stage 3: what AWS has of a stack, by address.
//!
//! Reads only. All kinds are asked at once; who waits for whom is the kinds' own affair ([`Observer`]).

use std::collections::BTreeMap;

use futures::stream::{FuturesUnordered, StreamExt};
use futures::{FutureExt, future};

use crate::resource::{Address, Attribute, Error, Observer, Outputs, Resolve, Seen, Standing};

/// Everything live that concerns a stack.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// The answers of the lookups.
    pub(crate) lookups: BTreeMap<Address, Outputs>,
    /// The stack's own resources.
    pub(crate) owned: BTreeMap<Address, Seen>,
    /// The stack's own resources that have been replaced, or whose address now belongs to another kind.
    pub(crate) retired: Vec<Seen>,
    /// The stack's own resources that an earlier run began to delete.
    pub(crate) leaving: Vec<Seen>,
    /// Whose resource stands where ours must go.
    pub(crate) foreign: BTreeMap<Address, String>,
    /// What is left of resources that are not there.
    pub(crate) missing: BTreeMap<Address, String>,
}

impl Resolve for World {
    fn output(&self, address: &Address, attribute: Attribute) -> Option<String> {
        let outputs = self
            .lookups
            .get(address)
            .or_else(|| Some(&self.owned.get(address)?.outputs));
        outputs
            .and_then(|outputs| outputs.get(attribute))
            .map(str::to_owned)
    }
}

/// Why AWS could not be read; each error once, however many kinds met it.
#[derive(Debug, thiserror::Error)]
#[error("AWS could not be read")]
pub(crate) struct Unreadable {
    /// What was refused.
    pub(crate) errors: Vec<Error>,
}

enum Answer {
    Lookup(Address, Outputs),
    Kind(Vec<Seen>),
}

/// Looks at all of the stack.
///
/// # Errors
/// Every refusal; one that makes all further calls pointless (credentials, no connection, another account)
/// ends the look at once and stands alone.
pub(crate) async fn observe(observer: &Observer) -> Result<World, Unreadable> {
    let lookups = observer.blueprint().lookups.keys().map(|address| {
        let answer = |outputs| Answer::Lookup(address.clone(), outputs);
        observer
            .looked_up(address)
            .map(move |result| result.map(answer))
            .boxed()
    });
    let kinds = observer.registry().iter().map(|kind| {
        let answer = |seen: std::sync::Arc<Vec<Seen>>| Answer::Kind(seen.to_vec());
        observer
            .seen_of(*kind)
            .map(move |result| result.map(answer))
            .boxed()
    });
    let mut answers: FuturesUnordered<future::BoxFuture<'_, _>> = lookups.chain(kinds).collect();
    let (mut world, mut errors) = (World::default(), Vec::<Error>::new());
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(Answer::Lookup(address, outputs)) => {
                world.lookups.insert(address, outputs);
            }
            Ok(Answer::Kind(seen)) => {
                for one in seen {
                    errors.extend(world.place(one, observer).err());
                }
            }
            Err(error) if error.is_pointless() => {
                return Err(Unreadable {
                    errors: vec![error],
                });
            }
            Err(error) => {
                if !errors
                    .iter()
                    .any(|known| known.to_string() == error.to_string())
                {
                    errors.push(error);
                }
            }
        }
    }
    if errors.is_empty() {
        Ok(world)
    } else {
        Err(Unreadable { errors })
    }
}

impl World {
    fn place(&mut self, seen: Seen, observer: &Observer) -> Result<(), Error> {
        let wanted = observer.blueprint().resources.get(&seen.address);
        let other_kind =
            wanted.is_some_and(|wanted| wanted.kind.type_name() != seen.kind.type_name());
        match &seen.standing {
            Standing::Foreign(name) => {
                self.foreign.insert(seen.address, name.clone());
            }
            Standing::Missing(why) => {
                self.missing.insert(seen.address, why.clone());
            }
            Standing::Leaving => self.leaving.push(seen),
            Standing::Retired => self.retired.push(seen),
            Standing::Owned if other_kind => self.retired.push(seen),
            Standing::Owned => {
                if let Some(twin) = self.owned.get(&seen.address) {
                    let ids = vec![twin.id.clone(), seen.id.clone()];
                    return Err(Error::Ambiguous {
                        address: seen.address,
                        ids,
                    });
                }
                self.owned.insert(seen.address.clone(), seen);
            }
        }
        Ok(())
    }
}
