//! State machines that are started by rules.
//!
//! One of them keeps a timer, which is its own and no resource of the plan: when it is due changes with every event. Only
//! that there is none at all shows: then nobody has ever started the machine, and the control plane would run for ever.

use aws_sdk_sfn::types::StateMachineType;
use futures::future::try_join_all;
use futures::try_join;

use super::calls::{ABSENT, arm, find, logging, sdk};
use super::definition::Definition;
use crate::aws::{AwsError, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    AccountId, Address, Arn, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs,
    Patience, Ref, References, ReplaceOrder, Resolve, ResourceName, Step, Tags, Text, Wanted,
    Warning,
};

/// A role may be new, and so may its policy be.
const ACCEPTED: Patience = Patience::seconds(3, 10, 120);
/// It is seen until its last execution is over, which may be five minutes.
const GONE: Patience = Patience::seconds(3, 10, 600);

/// A state machine.
#[derive(Debug)]
pub(crate) struct StateMachine;

/// How a machine is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// For five minutes at most, at least once, without a history; paid by the time.
    Express,
    /// For a year at most, once, with a history that AWS keeps for 90 days; paid by the step.
    Standard,
}

impl Sort {
    fn sdk(self) -> StateMachineType {
        match self {
            Self::Express => StateMachineType::Express,
            Self::Standard => StateMachineType::Standard,
        }
    }
}

/// What a machine should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// Its name: 1 to 80 characters, unique in a region.
    pub(crate) name: String,
    /// The beginning of ARNs of its service, up to the account.
    pub(crate) lead: String,
    /// The account.
    pub(crate) account: Ref<AccountId>,
    /// How it is carried out.
    pub(crate) sort: Sort,
    /// What it does.
    pub(crate) definition: Definition,
    /// What it may do.
    pub(crate) role: Ref<Arn>,
    /// The log group of its failures, as the service wants it: an ARN with `:*` behind it. None where the history that
    /// Step Functions keeps is enough.
    pub(crate) log: Option<Text>,
    /// Why it brings less than it could, and what to do about that.
    pub(crate) caveat: Option<(&'static str, &'static str)>,
    /// Its tags.
    pub(crate) tags: Tags,
    /// What must be there before it can work, and may go only after it.
    pub(crate) after: Vec<Address>,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(super) arn: Arn,
    pub(super) name: String,
    pub(super) role: Arn,
    pub(super) definition: String,
    pub(super) sort: String,
    pub(super) log: String,
    pub(super) log_level: String,
    pub(super) leaving: bool,
    pub(super) timer_set: bool,
    pub(super) tags: Tags,
}

impl Kind for StateMachine {
    const TYPE: &'static str = "AWS::StepFunctions::StateMachine";
    const NOUN: &'static str = "state machine";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let references = References::none().to(&desired.account).to(&desired.role);
        let references = references.after_all(&desired.after);
        let log = desired.log.iter();
        let references = log.fold(references, References::in_text);
        desired.definition.referred(references)
    }

    /// By ARN, which follows from the name; the inventory names those that left the spec.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let named = try_join_all(wanted.iter().map(|one| async {
            let account = cx.output(&one.desired.account).await?;
            let Some(arn) = one.desired.arn(account) else {
                return Ok(None);
            };
            let timer = one.desired.definition.timer();
            let live = find(cx.clients(), &arn, timer).await?;
            Ok::<_, Error>(Some((one.address, arn, live)))
        }));
        let (named, inventory) = try_join!(named, cx.inventory())?;
        let mut found = Vec::new();
        let mut arns = Vec::new();
        for (wanted, arn, live) in named.into_iter().flatten() {
            if let Some(live) = live {
                found.push(match cx.address_of(&live.tags) {
                    Some(address) if live.leaving => Found::Leaving(address, live),
                    Some(address) => Found::Owned(address, live),
                    None => {
                        let theirs = format!("the state machine {}", live.name);
                        Found::Foreign(wanted.clone(), theirs)
                    }
                });
            }
            arns.push(arn);
        }
        let listed = inventory.of("states", "stateMachine").map(|(arn, _)| arn);
        let left = listed.filter(|arn| arns.iter().all(|one| one != arn));
        for live in try_join_all(left.map(|arn| find(cx.clients(), arn, None))).await? {
            let owned = live.and_then(|live| Some((cx.address_of(&live.tags)?, live)));
            if let Some((address, live)) = owned {
                let leaving = live.leaving;
                let old = leftover(&found, address, live);
                found.push(if leaving { old.leaving() } else { old });
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.arn.to_string()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default()
            .with(live.arn.clone())
            .with(ResourceName::new(&live.name))
    }

    fn uses(live: &Live) -> Vec<String> {
        let log = live.log.strip_suffix(":*").unwrap_or(&live.log);
        let log = (!log.is_empty()).then(|| log.to_owned());
        [live.role.to_string()].into_iter().chain(log).collect()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            name,
            lead: _, // both are in the ARN that was asked for
            account: _,
            sort,
            definition,
            role,
            log,
            caveat: _, // is said
            tags,
            after: _, // says when, not what
        } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.name, "a machine keeps its name");
        let sort = sort.sdk().as_str().to_owned();
        diff.immutable("type", &sort, &live.sort, "a machine keeps its type");
        definition.compare(&live.definition, outputs, &mut diff);
        diff.reference("role", role, &live.role, outputs, Effect::InPlace);
        let level = if log.is_some() { "ERROR" } else { "OFF" };
        let log = log.clone().unwrap_or_else(|| Text::from(""));
        diff.text("log_group", &log, &live.log, outputs, Effect::InPlace);
        diff.field("log_level", &level.to_owned(), &live.log_level);
        let set = |set: bool| if set { "set" } else { "never set" }.to_owned();
        diff.field("timer", &set(true), &set(live.timer_set));
        diff.tags(tags, &live.tags);
        diff
    }

    fn warnings(desired: &Desired, _live: Option<&Live>) -> Vec<Warning> {
        let caveat = desired.caveat.iter();
        caveat
            .map(|(text, fix)| Warning::new(*text, *fix))
            .collect()
    }

    fn replace_order(desired: &Desired, live: &Live) -> ReplaceOrder {
        if desired.name == live.name {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let (definition, role) = (definition(cx, desired)?, cx.get(&desired.role)?);
        let log = desired.log.as_ref().map(|log| cx.text(log)).transpose()?;
        let arn = accepted(cx, &desired.name, || async {
            let call = cx.clients().sfn().create_state_machine();
            let call = call.name(&desired.name).r#type(desired.sort.sdk());
            let call = call.definition(&definition).role_arn(role.as_str());
            let call = call.logging_configuration(logging(log.as_deref()));
            let answer = call.set_tags(Some(sdk(&desired.tags))).send().await;
            let answer = answer.map_err(failed("states:CreateStateMachine"))?;
            Ok(answer.state_machine_arn)
        })
        .await?;
        cx.made(&arn);
        if let Some(timer) = desired.definition.timer() {
            arm(cx, &arn, timer).await?;
        }
        Ok(Outputs::default()
            .with(Arn::new(&arn))
            .with(ResourceName::new(&desired.name)))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let changes = ["definition", "role", "log_group", "log_level"];
        if changes.into_iter().any(|field| diff.has(field)) {
            let (definition, role) = (definition(cx, desired)?, cx.get(&desired.role)?);
            let log = desired.log.as_ref().map(|log| cx.text(log)).transpose()?;
            accepted(cx, &desired.name, || async {
                let call = cx.clients().sfn().update_state_machine();
                let call = call.state_machine_arn(live.arn.as_str());
                let call = call.definition(&definition).role_arn(role.as_str());
                let answer = call.logging_configuration(logging(log.as_deref()));
                let answer = answer.send().await;
                answer.map_err(failed("states:UpdateStateMachine"))
            })
            .await?;
        }
        if diff.has("tags") {
            tag(cx, live, &desired.tags).await?;
        }
        if diff.has("timer")
            && let Some(timer) = desired.definition.timer()
        {
            arm(cx, live.arn.as_str(), timer).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        if !live.leaving {
            let call = cx.clients().sfn().delete_state_machine();
            let deleted = call.state_machine_arn(live.arn.as_str()).send().await;
            deleted
                .map_err(failed("states:DeleteStateMachine"))
                .or_absent(&ABSENT)?;
        }
        let what = format!("state machine {}", live.name);
        cx.wait(&what, GONE, || async {
            Ok(match find(cx.clients(), live.arn.as_str(), None).await? {
                Some(_) => Look::Pending("DELETING".to_owned()),
                None => Look::Ready(()),
            })
        })
        .await?;
        Ok(Vec::new())
    }
}

impl Desired {
    fn arn(&self, account: Option<AccountId>) -> Option<String> {
        let (lead, name) = (&self.lead, &self.name);
        account.map(|account| format!("{lead}{account}:stateMachine:{name}"))
    }
}

fn definition(cx: &Step, desired: &Desired) -> Result<String, Error> {
    let unknown = || Error::Internal("a machine refers to what is not known yet".to_owned());
    desired.definition.render(cx.outputs()).ok_or_else(unknown)
}

/// Repeats a call while IAM has not told Step Functions of the machine's role, or of what that may do.
async fn accepted<T, F, Fut>(cx: &Step, name: &str, mut call: F) -> Result<T, Error>
where
    T: Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, AwsError>> + Send,
{
    cx.wait(&format!("state machine {name}"), ACCEPTED, || {
        let call = call();
        async move {
            match call.await {
                Ok(value) => Ok(Look::Ready(value)),
                Err(error) if is_new(&error) => Ok(Look::Pending(error.to_string())),
                Err(error) => Err(error.into()),
            }
        }
    })
    .await
}

/// Whether it is the machine's role that is not known yet, and not the caller who may not.
fn is_new(error: &AwsError) -> bool {
    let message = error.message();
    let role = message.contains("authorized to assume the provided role")
        || message.contains("is not authorized to access the Log Destination");
    role && error.is(&["AccessDeniedException"]) || error.is(&["StateMachineDeleting"])
}

async fn tag(cx: &Step, live: &Live, want: &Tags) -> Result<(), Error> {
    let (set, remove) = (want.to_set(&live.tags), want.to_remove(&live.tags));
    let arn = live.arn.as_str();
    if !set.is_empty() {
        let call = cx.clients().sfn().tag_resource().resource_arn(arn);
        let done = call.set_tags(Some(sdk(&set))).send().await;
        done.map_err(failed("states:TagResource"))?;
    }
    if !remove.is_empty() {
        let call = cx.clients().sfn().untag_resource().resource_arn(arn);
        let done = call.set_tag_keys(Some(remove)).send().await;
        done.map_err(failed("states:UntagResource"))?;
    }
    Ok(())
}
