//! What a kind observes with: clients, the blueprint, and what other kinds have found.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::OnceCell;

use super::{
    Address, Attribute, Blueprint, Error, Inventory, Kind, KindRef, Layer, Output, Outputs, Ref,
    Resolve, Resource, Seen, Tags, Text,
};
use crate::aws::Clients;

/// How lookups are answered; a seam between the contract and the room that asks AWS.
pub(crate) type LookUp =
    for<'a> fn(&'a Observer, &'a Address) -> BoxFuture<'a, Result<Outputs, Error>>;

type Once<T> = OnceCell<Result<T, Error>>;
type Shared = Arc<dyn Any + Send + Sync>;

/// What the references in one text came to.
#[derive(Default)]
struct Known(BTreeMap<(Address, Attribute), String>);

impl Resolve for Known {
    fn output(&self, address: &Address, attribute: Attribute) -> Option<String> {
        self.0.get(&(address.clone(), attribute)).cloned()
    }
}

/// One look at a stack: every question is asked at most once, however many kinds need its answer.
///
/// A kind that needs another kind's live resources awaits them here; so what can be asked at once is asked
/// at once, and the number of dependent rounds is the depth of that waiting. Kinds must not wait for each
/// other in a circle.
pub(crate) struct Observer {
    clients: Arc<Clients>,
    blueprint: Arc<Blueprint>,
    registry: &'static [KindRef],
    look_up: LookUp,
    seen: HashMap<&'static str, Once<Arc<Vec<Seen>>>>,
    lookups: BTreeMap<Address, Once<Outputs>>,
    inventory: Once<Arc<Inventory>>,
    shared: Mutex<HashMap<&'static str, Arc<Once<Shared>>>>,
}

impl Observer {
    /// A new look at the stack of `blueprint`.
    #[must_use]
    pub(crate) fn new(
        clients: Arc<Clients>,
        blueprint: Arc<Blueprint>,
        registry: &'static [KindRef],
        look_up: LookUp,
    ) -> Self {
        let seen = registry
            .iter()
            .map(|kind| (kind.type_name(), Once::default()))
            .collect();
        let lookups = blueprint
            .lookups
            .keys()
            .map(|address| (address.clone(), Once::default()))
            .collect();
        Self {
            clients,
            blueprint,
            registry,
            look_up,
            seen,
            lookups,
            inventory: Once::default(),
            shared: Mutex::default(),
        }
    }

    /// AWS.
    #[must_use]
    pub(crate) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The stack's name.
    #[must_use]
    pub(crate) fn stack(&self) -> &str {
        &self.blueprint.stack
    }

    /// The region.
    #[must_use]
    pub(crate) fn region(&self) -> &str {
        &self.blueprint.region
    }

    /// The blueprint that is looked for.
    #[must_use]
    pub(crate) fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// The registered kinds.
    #[must_use]
    pub(crate) fn registry(&self) -> &'static [KindRef] {
        self.registry
    }

    /// Everything found of one kind.
    ///
    /// # Errors
    /// What its observation failed with.
    pub(crate) fn seen_of(&self, kind: KindRef) -> BoxFuture<'_, Result<Arc<Vec<Seen>>, Error>> {
        async move {
            let Some(once) = self.seen.get(kind.type_name()) else {
                return Err(Error::Internal(format!(
                    "{} is not registered",
                    kind.type_name()
                )));
            };
            let look = || async move {
                let wanted: Vec<&Resource> = self
                    .blueprint
                    .resources
                    .values()
                    .filter(|resource| resource.kind.type_name() == kind.type_name())
                    .collect();
                Ok(Arc::new(kind.observe(self, &wanted).await?))
            };
            once.get_or_init(look).await.clone()
        }
        .boxed()
    }

    /// The stack's own live resources of kind `K`, retired ones included, wherever they came from.
    ///
    /// # Errors
    /// What its observation failed with.
    pub(crate) async fn live<K: Kind>(&self) -> Result<Vec<(Address, K::Live)>, Error> {
        let seen = self.seen_of(super::kind::<K>()).await?;
        let live = seen
            .iter()
            .filter_map(|one| Some((one.address.clone(), one.live_as::<K>()?.clone())));
        Ok(live.collect())
    }

    /// The value of a reference, if what it points at exists.
    ///
    /// # Errors
    /// What the observation of the kind it points at failed with.
    pub(crate) async fn output<T: Output>(&self, reference: &Ref<T>) -> Result<Option<T>, Error> {
        match reference {
            Ref::Literal(value) => Ok(Some(value.clone())),
            Ref::Of(address) => Ok(self.attribute(address, T::ATTRIBUTE).await?.map(T::new)),
        }
    }

    /// A text with its references filled in, if all they point at exists.
    ///
    /// # Errors
    /// What the observation of what they point at failed with.
    pub(crate) async fn text(&self, text: &Text) -> Result<Option<String>, Error> {
        let mut known = Known::default();
        for (address, attribute) in text.attributes() {
            if let Some(value) = self.attribute(address, attribute).await? {
                known.0.insert((address.clone(), attribute), value);
            }
        }
        Ok(text.resolve(&known))
    }

    /// One attribute of what is at `address`, if it exists.
    ///
    /// # Errors
    /// What the observation of its kind failed with.
    pub(crate) async fn attribute(
        &self,
        address: &Address,
        attribute: Attribute,
    ) -> Result<Option<String>, Error> {
        if address.layer() == Layer::Lookup {
            return Ok(self
                .looked_up(address)
                .await?
                .get(attribute)
                .map(str::to_owned));
        }
        let Some(resource) = self.blueprint.resources.get(address) else {
            return Ok(None);
        };
        let seen = self.seen_of(resource.kind).await?;
        let at = seen
            .iter()
            .find(|one| one.address == *address && one.standing == super::Standing::Owned);
        Ok(at
            .and_then(|one| one.outputs.get(attribute))
            .map(str::to_owned))
    }

    /// The answer of a lookup.
    ///
    /// # Errors
    /// When what it asks for is not there or AWS cannot be asked.
    pub(crate) async fn looked_up(&self, address: &Address) -> Result<Outputs, Error> {
        match self.lookups.get(address) {
            Some(once) => once
                .get_or_init(|| (self.look_up)(self, address))
                .await
                .clone(),
            None => Err(Error::Internal(format!("the blueprint has no {address}"))),
        }
    }

    /// The answer to a question that several lookups or kinds share: `ask` runs for the first of them only.
    ///
    /// # Errors
    /// What `ask` failed with.
    pub(crate) async fn shared<T: Any + Send + Sync>(
        &self,
        question: &'static str,
        ask: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<Arc<T>, Error> {
        let once = {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(shared.entry(question).or_default())
        };
        let ask = || async { ask.await.map(|answer| Arc::new(answer) as Shared) };
        let answer = once.get_or_init(ask).await.clone()?;
        answer
            .downcast()
            .map_err(|_| Error::Internal(format!("two questions are called {question}")))
    }

    /// What carries the stack's tag, as the Resource Groups Tagging API lists it.
    ///
    /// It lags behind AWS by seconds and leaves some types out: use it to find what left the blueprint, and
    /// names to find what is in it.
    ///
    /// # Errors
    /// When AWS cannot be asked.
    pub(crate) async fn inventory(&self) -> Result<Arc<Inventory>, Error> {
        let list = || async {
            Inventory::list(&self.clients, self.stack())
                .await
                .map(Arc::new)
        };
        self.inventory.get_or_init(list).await.clone()
    }

    /// The address that tags carry, if they are of this stack.
    #[must_use]
    pub(crate) fn address_of(&self, tags: &Tags) -> Option<Address> {
        tags.address_in(self.stack())
    }
}
