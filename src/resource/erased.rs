//! The one type erasure: kinds of different types behind one interface, for the engine.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{
    Address, Ailment, Blocker, Contents, Diff, Error, Found, Kind, Observer, Outputs, References,
    ReplaceOrder, Resolve, Step, Wanted, Warning,
};

/// A desired or live resource of some kind.
pub(crate) type Erased = Arc<dyn Any + Send + Sync>;

/// A kind without its types.
pub(crate) trait AnyKind: Send + Sync {
    /// See [`Kind::TYPE`].
    fn type_name(&self) -> &'static str;
    /// See [`Kind::NOUN`].
    fn noun(&self) -> &'static str;
    /// See [`Kind::HOLDS_DATA`].
    fn holds_data(&self) -> bool;
    /// See [`Kind::IS_EMPTIED`].
    fn is_emptied(&self) -> bool;
    /// See [`Kind::STOOD_IN`].
    fn stood_in(&self) -> Option<&'static str>;
    /// See [`Kind::observe`].
    fn observe<'a>(
        &'a self,
        cx: &'a Observer,
        wanted: &'a [&'a Resource],
    ) -> BoxFuture<'a, Result<Vec<Seen>, Error>>;
    /// See [`Kind::diff`].
    fn diff(&self, desired: &Erased, live: &Erased, outputs: &dyn Resolve) -> Result<Diff, Error>;
    /// See [`Kind::replace_order`].
    fn replace_order(&self, desired: &Erased, live: &Erased) -> Result<ReplaceOrder, Error>;
    /// See [`Kind::objections`].
    fn objections(&self, desired: &Erased, live: &Erased) -> Result<Vec<Blocker>, Error>;
    /// See [`Kind::warnings`].
    fn warnings(&self, desired: &Erased, live: Option<&Erased>) -> Result<Vec<Warning>, Error>;
    /// See [`Kind::create`].
    fn create<'a>(
        &'a self,
        cx: &'a Step,
        desired: &'a Erased,
    ) -> BoxFuture<'a, Result<Outputs, Error>>;
    /// See [`Kind::update`].
    fn update<'a>(
        &'a self,
        cx: &'a Step,
        desired: &'a Erased,
        live: &'a Erased,
        diff: &'a Diff,
    ) -> BoxFuture<'a, Result<Outputs, Error>>;
    /// See [`Kind::retire`].
    fn retire<'a>(&'a self, cx: &'a Step, live: &'a Erased) -> BoxFuture<'a, Result<(), Error>>;
    /// See [`Kind::complete`].
    fn complete<'a>(&'a self, cx: &'a Step, live: &'a Erased) -> BoxFuture<'a, Result<(), Error>>;
    /// See [`Kind::blockers`].
    fn blockers<'a>(
        &'a self,
        cx: &'a Observer,
        desired: Option<&'a Erased>,
        live: &'a Erased,
    ) -> BoxFuture<'a, Result<Vec<Blocker>, Error>>;
    /// See [`Kind::contents`].
    fn contents<'a>(
        &'a self,
        cx: &'a Observer,
        live: &'a Erased,
    ) -> BoxFuture<'a, Result<Option<Contents>, Error>>;
    /// See [`Kind::delete`].
    fn delete<'a>(
        &'a self,
        cx: &'a Step,
        desired: Option<&'a Erased>,
        live: &'a Erased,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>>;
}

/// A reference to a registered kind.
pub(crate) type KindRef = &'static dyn AnyKind;

/// A desired resource: an address, its kind, and what it should be.
#[derive(Clone)]
pub(crate) struct Resource {
    /// Its address.
    pub(crate) address: Address,
    /// Its kind.
    pub(crate) kind: KindRef,
    /// What it should be.
    pub(crate) desired: Erased,
    /// What must be there before it.
    pub(crate) references: References,
}

impl Resource {
    /// A resource of kind `K` at `address`.
    #[must_use]
    pub(crate) fn new<K: Kind>(address: Address, desired: K::Desired) -> Self {
        Self {
            address,
            kind: kind::<K>(),
            references: K::references(&desired),
            desired: Arc::new(desired),
        }
    }

    /// What it should be, if it is of kind `K`.
    #[must_use]
    pub(crate) fn desired_as<K: Kind>(&self) -> Option<&K::Desired> {
        self.desired.downcast_ref()
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.type_name(), self.address)
    }
}

/// Where a live resource stands towards the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The stack's own.
    Owned,
    /// The stack's own, waiting for its deletion.
    Retired,
    /// The stack's own, and being deleted already.
    Leaving,
    /// Somebody else's; the text names it.
    Foreign(String),
    /// Not there; the text says what is left of it.
    Missing(String),
}

/// A live resource, as observed.
#[derive(Clone)]
pub(crate) struct Seen {
    /// The address it carries, or that it stands in the way of.
    pub(crate) address: Address,
    /// Its kind.
    pub(crate) kind: KindRef,
    /// Whose it is.
    pub(crate) standing: Standing,
    /// Its id; empty for a foreign or missing one.
    pub(crate) id: String,
    /// What AWS has; nothing for a foreign or missing one.
    pub(crate) live: Option<Erased>,
    /// What it publishes.
    pub(crate) outputs: Outputs,
    /// See [`Kind::uses`].
    pub(crate) uses: Vec<String>,
    /// See [`Kind::ailment`].
    pub(crate) ailment: Option<Ailment>,
}

impl Seen {
    fn new<K: Kind>(found: Found<K::Live>) -> Self {
        let of = |address, standing, live: K::Live| Self {
            address,
            kind: kind::<K>(),
            standing,
            id: K::id(&live),
            outputs: K::outputs(&live),
            uses: K::uses(&live),
            ailment: K::ailment(&live),
            live: Some(Arc::new(live)),
        };
        let without = |address, standing| Self {
            address,
            kind: kind::<K>(),
            standing,
            id: String::new(),
            live: None,
            outputs: Outputs::default(),
            uses: Vec::new(),
            ailment: None,
        };
        match found {
            Found::Owned(address, live) => of(address, Standing::Owned, live),
            Found::Retired(address, live) => of(address, Standing::Retired, live),
            Found::Leaving(address, live) => of(address, Standing::Leaving, live),
            Found::Foreign(address, name) => without(address, Standing::Foreign(name)),
            Found::Missing(address, why) => without(address, Standing::Missing(why)),
        }
    }

    /// What AWS has, if it is ours and of kind `K`.
    #[must_use]
    pub(crate) fn live_as<K: Kind>(&self) -> Option<&K::Live> {
        self.live.as_ref()?.downcast_ref()
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {:?}",
            self.kind.type_name(),
            self.address,
            self.id,
            self.standing
        )
    }
}

struct Of<K>(PhantomData<K>);

/// The registration of kind `K`.
#[must_use]
pub(crate) const fn kind<K: Kind>() -> KindRef {
    &Of::<K>(PhantomData)
}

fn typed<K: Kind, T: Any>(value: &Erased) -> Result<&T, Error> {
    value.downcast_ref().ok_or_else(|| {
        Error::Internal(format!(
            "a resource of another kind was handed to {}",
            K::TYPE
        ))
    })
}

impl<K: Kind> AnyKind for Of<K> {
    fn type_name(&self) -> &'static str {
        K::TYPE
    }

    fn noun(&self) -> &'static str {
        K::NOUN
    }

    fn holds_data(&self) -> bool {
        K::HOLDS_DATA
    }

    fn is_emptied(&self) -> bool {
        K::IS_EMPTIED
    }

    fn stood_in(&self) -> Option<&'static str> {
        K::STOOD_IN
    }

    fn observe<'a>(
        &'a self,
        cx: &'a Observer,
        wanted: &'a [&'a Resource],
    ) -> BoxFuture<'a, Result<Vec<Seen>, Error>> {
        async move {
            let wanted = wanted
                .iter()
                .map(|one| {
                    Ok(Wanted {
                        address: &one.address,
                        desired: typed::<K, K::Desired>(&one.desired)?,
                    })
                })
                .collect::<Result<Vec<Wanted<'_, K>>, Error>>()?;
            Ok(K::observe(cx, &wanted)
                .await?
                .into_iter()
                .map(Seen::new::<K>)
                .collect())
        }
        .boxed()
    }

    fn diff(&self, desired: &Erased, live: &Erased, outputs: &dyn Resolve) -> Result<Diff, Error> {
        Ok(K::diff(
            typed::<K, _>(desired)?,
            typed::<K, _>(live)?,
            outputs,
        ))
    }

    fn replace_order(&self, desired: &Erased, live: &Erased) -> Result<ReplaceOrder, Error> {
        Ok(K::replace_order(
            typed::<K, _>(desired)?,
            typed::<K, _>(live)?,
        ))
    }

    fn objections(&self, desired: &Erased, live: &Erased) -> Result<Vec<Blocker>, Error> {
        Ok(K::objections(typed::<K, _>(desired)?, typed::<K, _>(live)?))
    }

    fn warnings(&self, desired: &Erased, live: Option<&Erased>) -> Result<Vec<Warning>, Error> {
        Ok(K::warnings(
            typed::<K, _>(desired)?,
            live.map(typed::<K, _>).transpose()?,
        ))
    }

    fn create<'a>(
        &'a self,
        cx: &'a Step,
        desired: &'a Erased,
    ) -> BoxFuture<'a, Result<Outputs, Error>> {
        async move { K::create(cx, typed::<K, _>(desired)?).await }.boxed()
    }

    fn update<'a>(
        &'a self,
        cx: &'a Step,
        desired: &'a Erased,
        live: &'a Erased,
        diff: &'a Diff,
    ) -> BoxFuture<'a, Result<Outputs, Error>> {
        async move { K::update(cx, typed::<K, _>(desired)?, typed::<K, _>(live)?, diff).await }
            .boxed()
    }

    fn retire<'a>(&'a self, cx: &'a Step, live: &'a Erased) -> BoxFuture<'a, Result<(), Error>> {
        async move { K::retire(cx, typed::<K, _>(live)?).await }.boxed()
    }

    fn complete<'a>(&'a self, cx: &'a Step, live: &'a Erased) -> BoxFuture<'a, Result<(), Error>> {
        async move { K::complete(cx, typed::<K, _>(live)?).await }.boxed()
    }

    fn blockers<'a>(
        &'a self,
        cx: &'a Observer,
        desired: Option<&'a Erased>,
        live: &'a Erased,
    ) -> BoxFuture<'a, Result<Vec<Blocker>, Error>> {
        async move {
            K::blockers(
                cx,
                desired.map(typed::<K, _>).transpose()?,
                typed::<K, _>(live)?,
            )
            .await
        }
        .boxed()
    }

    fn contents<'a>(
        &'a self,
        cx: &'a Observer,
        live: &'a Erased,
    ) -> BoxFuture<'a, Result<Option<Contents>, Error>> {
        async move { K::contents(cx, typed::<K, _>(live)?).await }.boxed()
    }

    fn delete<'a>(
        &'a self,
        cx: &'a Step,
        desired: Option<&'a Erased>,
        live: &'a Erased,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        async move {
            K::delete(
                cx,
                desired.map(typed::<K, _>).transpose()?,
                typed::<K, _>(live)?,
            )
            .await
        }
        .boxed()
    }
}
