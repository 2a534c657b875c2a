//! A plan with everything in it, made by hand, for the tests of what plans and runs look like.

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::diff::{Action, Entry};
use crate::plan::{Plan, Purpose, Refusal, StepKind, StepNode};
use crate::resource::{
    Address, Ailment, AnyKind, Blocker, Contents, Diff, Effect, Erased, Error, KindRef, Observer,
    Outputs, ReplaceOrder, Resolve, Resource, Seen, Standing, Step, Warning,
};

/// A kind that has a noun and nothing else.
pub(super) struct Named(&'static str);

pub(super) static VPC: Named = Named("VPC");
pub(super) static SUBNET: Named = Named("subnet");
pub(super) static CLUSTER: Named = Named("Aurora cluster");
pub(super) static POLICY: Named = Named("IAM policy");
pub(super) static TASK: Named = Named("task definition");
pub(super) static LISTENER: Named = Named("listener");

fn nothing<T>() -> Result<T, Error> {
    Err(Error::Internal("there is no AWS here".to_owned()))
}

impl AnyKind for Named {
    fn type_name(&self) -> &'static str {
        self.0
    }

    fn noun(&self) -> &'static str {
        self.0
    }

    fn holds_data(&self) -> bool {
        false
    }

    fn is_emptied(&self) -> bool {
        false
    }

    fn stood_in(&self) -> Option<&'static str> {
        None
    }

    fn observe<'a>(
        &'a self,
        _: &'a Observer,
        _: &'a [&'a Resource],
    ) -> BoxFuture<'a, Result<Vec<Seen>, Error>> {
        async { nothing() }.boxed()
    }

    fn diff(&self, _: &Erased, _: &Erased, _: &dyn Resolve) -> Result<Diff, Error> {
        nothing()
    }

    fn replace_order(&self, _: &Erased, _: &Erased) -> Result<ReplaceOrder, Error> {
        nothing()
    }

    fn objections(&self, _: &Erased, _: &Erased) -> Result<Vec<Blocker>, Error> {
        nothing()
    }

    fn warnings(&self, _: &Erased, _: Option<&Erased>) -> Result<Vec<Warning>, Error> {
        nothing()
    }

    fn create<'a>(&'a self, _: &'a Step, _: &'a Erased) -> BoxFuture<'a, Result<Outputs, Error>> {
        async { nothing() }.boxed()
    }

    fn update<'a>(
        &'a self,
        _: &'a Step,
        _: &'a Erased,
        _: &'a Erased,
        _: &'a Diff,
    ) -> BoxFuture<'a, Result<Outputs, Error>> {
        async { nothing() }.boxed()
    }

    fn retire<'a>(&'a self, _: &'a Step, _: &'a Erased) -> BoxFuture<'a, Result<(), Error>> {
        async { nothing() }.boxed()
    }

    fn complete<'a>(&'a self, _: &'a Step, _: &'a Erased) -> BoxFuture<'a, Result<(), Error>> {
        async { nothing() }.boxed()
    }

    fn blockers<'a>(
        &'a self,
        _: &'a Observer,
        _: Option<&'a Erased>,
        _: &'a Erased,
    ) -> BoxFuture<'a, Result<Vec<Blocker>, Error>> {
        async { nothing() }.boxed()
    }

    fn contents<'a>(
        &'a self,
        _: &'a Observer,
        _: &'a Erased,
    ) -> BoxFuture<'a, Result<Option<Contents>, Error>> {
        async { nothing() }.boxed()
    }

    fn delete<'a>(
        &'a self,
        _: &'a Step,
        _: Option<&'a Erased>,
        _: &'a Erased,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        async { nothing() }.boxed()
    }
}

/// An address that is known to be one.
pub(super) fn at(text: &str) -> Address {
    text.parse().expect("an address")
}

/// An entry without differences.
pub(super) fn entry(address: &str, kind: KindRef, action: Action, reason: &str) -> Entry {
    Entry {
        address: at(address),
        kind,
        action,
        reason: reason.to_owned(),
        diff: Diff::new(),
        desired: None,
        live: None,
    }
}

/// The same with differences: field, old, new.
pub(super) fn differing(
    entry: Entry,
    effect: Effect,
    fields: &[(&str, Option<&str>, Option<&str>)],
) -> Entry {
    let mut diff = Diff::new();
    for (field, old, new) in fields {
        let owned = |value: &Option<&str>| value.map(str::to_owned);
        diff.push((*field).to_owned(), owned(old), owned(new), effect);
    }
    Entry { diff, ..entry }
}

/// The same with something live behind it that waits for its deletion.
pub(super) fn retired(entry: Entry) -> Entry {
    with_live(entry, Standing::Retired, None)
}

/// The same with something live behind it that no call of ours mends.
pub(super) fn ailing(entry: Entry) -> Entry {
    let ailment = Ailment {
        what: "it is active_impaired: it serves requests, and has not the addresses to grow"
            .to_owned(),
        remedy:
            "free addresses in its subnets, of which each needs eight or more for it to grow into"
                .to_owned(),
    };
    with_live(entry, Standing::Owned, Some(ailment))
}

fn with_live(entry: Entry, standing: Standing, ailment: Option<Ailment>) -> Entry {
    let live = Seen {
        address: entry.address.clone(),
        kind: entry.kind,
        standing,
        id: "old".to_owned(),
        live: None,
        outputs: Outputs::default(),
        uses: Vec::new(),
        ailment,
    };
    Entry {
        live: Some(live),
        ..entry
    }
}

/// A plan of these entries, a step for each that changes.
pub(super) fn plan_of(purpose: Purpose, entries: Vec<Entry>, refusals: Vec<Refusal>) -> Plan {
    let changing = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.action != Action::NoOp);
    let steps = changing
        .map(|(index, _)| StepNode {
            entry: index,
            kind: StepKind::Create,
            after: Vec::new(),
        })
        .collect();
    Plan {
        purpose,
        stack: "kong-gw".to_owned(),
        region: "eu-west-1".to_owned(),
        entries,
        steps,
        refusals,
        warnings: Vec::new(),
        may_lose: Vec::new(),
        known: Default::default(),
        outputs: Default::default(),
    }
}
