//! The contract of a kind: what one sort of AWS resource must know about itself.

use std::any::Any;
use std::fmt::Debug;
use std::future::Future;

use super::{Address, Diff, Error, Observer, Outputs, References, Resolve, Step};

/// A resource of the blueprint, as a kind sees it while observing.
#[derive(Debug)]
pub(crate) struct Wanted<'a, K: Kind> {
    /// Its address.
    pub(crate) address: &'a Address,
    /// What it should be.
    pub(crate) desired: &'a K::Desired,
}

/// A live resource that concerns the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found<L> {
    /// The stack's own.
    Owned(Address, L),
    /// The stack's own, already replaced by another: all it waits for is its deletion.
    Retired(Address, L),
    /// The stack's own, on its way out since an earlier run: a destruction waits for its end, and so does whoever makes
    /// the next one at its address.
    Leaving(Address, L),
    /// Somebody else's, in the place (name) that the resource at this address needs; the text names it.
    Foreign(Address, String),
    /// Not there, but something of it is: the text says what, and what making it does about that.
    Missing(Address, String),
}

impl<L> Found<L> {
    /// The same, on its way out. What has been replaced, or is somebody else's, stays what it is.
    pub(crate) fn leaving(self) -> Self {
        match self {
            Self::Owned(address, live) => Self::Leaving(address, live),
            other => other,
        }
    }
}

/// Which comes first when a resource is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplaceOrder {
    /// The new one, so that what depends on it can move over.
    CreateFirst,
    /// The old one's deletion, because both cannot exist at once (a name, an address range).
    DeleteFirst,
}

/// Something that will make AWS refuse a deletion, or that makes a change one that must not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blocker {
    /// What stands in the way.
    pub(crate) reason: String,
    /// What to do about it.
    pub(crate) fix: String,
}

/// What must be taken out of a resource before it can be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    /// The resource with what it holds, in words.
    pub(crate) what: String,
    /// How to empty it otherwise.
    pub(crate) remedy: String,
}

/// A state that AWS reports and that no call of a kind ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ailment {
    /// The state as AWS spells it, and what it means.
    pub(crate) what: String,
    /// What a person can do about it.
    pub(crate) remedy: String,
}

/// Something that a person should know before a plan is carried out, and that stops nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Warning {
    /// The resource it is about; nothing where it is about the stack as a whole.
    pub(crate) address: Option<Address>,
    /// What there is to know, and why it matters.
    pub(crate) text: String,
    /// What to do about it.
    pub(crate) fix: String,
}

impl Warning {
    /// One about no resource in particular.
    #[must_use]
    pub(crate) fn new(text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            address: None,
            text: text.into(),
            fix: fix.into(),
        }
    }

    /// The same, about the resource at `address`.
    #[must_use]
    pub(crate) fn about(self, address: &Address) -> Self {
        Self {
            address: Some(address.clone()),
            ..self
        }
    }
}

/// One sort of AWS resource: how it is found, compared, made, changed and removed.
///
/// Everything but the `async` methods is pure.
pub(crate) trait Kind: Sized + Send + Sync + 'static {
    /// The type's name as CloudFormation spells it, such as `AWS::EC2::VPC`; ours are `Kong::…`.
    const TYPE: &'static str;
    /// What to call one in a sentence, such as `VPC`.
    const NOUN: &'static str;
    /// Whether deleting one loses what cannot be made again.
    const HOLDS_DATA: bool = false;
    /// Whether AWS deletes one only when it is empty, so that deleting it may take emptying it first.
    const IS_EMPTIED: bool = false;
    /// For one that AWS deletes only when nothing stands in it any more: how its successor can be made before that.
    const STOOD_IN: Option<&'static str> = None;

    /// What it should be.
    type Desired: Debug + Clone + Send + Sync + Any;
    /// What AWS has.
    type Live: Debug + Clone + Send + Sync + Any;

    /// What must be there before it.
    fn references(desired: &Self::Desired) -> References;

    /// Finds every resource of this kind that belongs to the stack, wanted or not, and every foreign
    /// one that stands where a wanted one must go. One that is not there is left out.
    ///
    /// # Errors
    /// When AWS cannot be asked. Two of one address need not be looked for: the engine refuses them.
    fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> impl Future<Output = Result<Vec<Found<Self::Live>>, Error>> + Send;

    /// Its id as people look it up in the console: an id, a name or an ARN.
    fn id(live: &Self::Live) -> String;

    /// What it publishes.
    fn outputs(live: &Self::Live) -> Outputs;

    /// The ids, names and ARNs of other resources that it holds on to: they can only be deleted after it.
    fn uses(live: &Self::Live) -> Vec<String>;

    /// Where it is not as desired. Must destructure `desired` whole.
    fn diff(desired: &Self::Desired, live: &Self::Live, outputs: &dyn Resolve) -> Diff;

    /// What is wrong with it that no update mends; a plan says so whatever else it does.
    fn ailment(_live: &Self::Live) -> Option<Ailment> {
        None
    }

    /// Why it must not be brought from `live` to `desired`, although AWS would not object.
    fn objections(_desired: &Self::Desired, _live: &Self::Live) -> Vec<Blocker> {
        Vec::new()
    }

    /// What a person should know before it is brought from `live`, where there is any, to `desired`; the plan names
    /// the address. Asked even where nothing differs, and of what is not selected as well.
    fn warnings(_desired: &Self::Desired, _live: Option<&Self::Live>) -> Vec<Warning> {
        Vec::new()
    }

    /// In which order a replacement goes.
    fn replace_order(_desired: &Self::Desired, _live: &Self::Live) -> ReplaceOrder {
        ReplaceOrder::CreateFirst
    }

    /// Makes it and waits until it works. Calls [`Step::made`] as soon as AWS has named it.
    ///
    /// # Errors
    /// When AWS refuses, or it does not come to work.
    fn create(
        cx: &Step,
        desired: &Self::Desired,
    ) -> impl Future<Output = Result<Outputs, Error>> + Send;

    /// Changes in place what `diff` names, and waits until it works.
    ///
    /// # Errors
    /// When AWS refuses, or it does not come to work.
    fn update(
        cx: &Step,
        desired: &Self::Desired,
        live: &Self::Live,
        diff: &Diff,
    ) -> impl Future<Output = Result<Outputs, Error>> + Send;

    /// Marks it as replaced, so that it is never again taken for the one at its address.
    ///
    /// Called before the new one is made in a [`ReplaceOrder::CreateFirst`] replacement. Kinds whose old and
    /// new are told apart otherwise (another name, a revision) have nothing to do.
    ///
    /// # Errors
    /// When AWS refuses.
    fn retire(_cx: &Step, _live: &Self::Live) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// Does what a creation still has to do after the call that makes the resource, where that call's answer was lost.
    ///
    /// Called with what is live by then, on top of an update where fields differ; for what no field shows.
    ///
    /// # Errors
    /// When AWS refuses.
    fn complete(_cx: &Step, _live: &Self::Live) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// What will make AWS refuse its deletion; asked before the first deletion of a run.
    ///
    /// # Errors
    /// When AWS cannot be asked.
    fn blockers(
        _cx: &Observer,
        _desired: Option<&Self::Desired>,
        _live: &Self::Live,
    ) -> impl Future<Output = Result<Vec<Blocker>, Error>> + Send {
        async { Ok(Vec::new()) }
    }

    /// What it holds, where AWS deletes it only once it is empty: asked before the first deletion of a run, and lost only
    /// with leave ([`Step::may_lose`]).
    ///
    /// # Errors
    /// When AWS cannot be asked.
    fn contents(
        _cx: &Observer,
        _live: &Self::Live,
    ) -> impl Future<Output = Result<Option<Contents>, Error>> + Send {
        async { Ok(None) }
    }

    /// Deletes it and waits until it is gone. Absent is success.
    ///
    /// Returns what AWS keeps on purpose (a snapshot, a secret in its recovery window), a line each.
    ///
    /// # Errors
    /// When AWS refuses, or it does not go.
    fn delete(
        cx: &Step,
        desired: Option<&Self::Desired>,
        live: &Self::Live,
    ) -> impl Future<Output = Result<Vec<String>, Error>> + Send;
}
