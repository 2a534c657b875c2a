//! What a rule fires on.

use serde::Serialize;
use serde_json::Value;

use super::push::{DETAIL_TYPE, SOURCE};
use crate::resource::{Arn, Diff, Effect, KNOWN_AFTER_APPLY, Output, Ref, References, Resolve};

/// What a rule fires on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// Tasks of a service that are being started.
    NewTasks {
        /// The cluster.
        cluster: Ref<Arn>,
        /// The service's name.
        service: String,
    },
    /// Somebody is about to need the control plane of a stack.
    Push {
        /// The stack's name.
        stack: String,
    },
    /// The clock, as EventBridge writes times: `cron(0 14 * * ? *)`, in UTC.
    Schedule(&'static str),
}

/// A trigger as EventBridge has it: one of both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rendered {
    /// A pattern of events, as JSON.
    pub(super) pattern: Option<String>,
    /// An expression of times.
    pub(super) schedule: Option<String>,
}

/// A pattern as EventBridge takes it.
#[derive(Serialize)]
struct PatternJson<'a, D> {
    source: [&'a str; 1],
    #[serde(rename = "detail-type")]
    detail_type: [&'a str; 1],
    detail: D,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskJson<'a> {
    cluster_arn: [&'a str; 1],
    group: [String; 1],
    last_status: [&'a str; 2],
}

#[derive(Serialize)]
struct PushJson<'a> {
    stack: [&'a str; 1],
}

impl Trigger {
    /// As EventBridge takes it, once all it needs is known.
    pub(super) fn render(&self, outputs: &dyn Resolve) -> Option<Rendered> {
        let pattern = match self {
            Self::NewTasks { cluster, service } => {
                let cluster = cluster.resolve(outputs)?;
                let detail = TaskJson {
                    cluster_arn: [cluster.as_str()],
                    group: [format!("service:{service}")],
                    // Events may come late, twice or not at all: two states a task are two chances.
                    last_status: ["PROVISIONING", "PENDING"],
                };
                json("aws.ecs", "ECS Task State Change", detail)?
            }
            Self::Push { stack } => json(SOURCE, DETAIL_TYPE, PushJson { stack: [stack] })?,
            Self::Schedule(expression) => {
                return Some(Rendered {
                    schedule: Some((*expression).to_owned()),
                    ..Rendered::default()
                });
            }
        };
        Some(Rendered {
            pattern: Some(pattern),
            ..Rendered::default()
        })
    }

    /// `references` with all that it needs.
    pub(super) fn referred(&self, references: References) -> References {
        match self {
            Self::NewTasks { cluster, .. } => references.to(cluster),
            Self::Push { .. } | Self::Schedule(_) => references,
        }
    }

    /// Notes in `diff` what of `live` is otherwise.
    pub(super) fn compare(&self, live: &Rendered, outputs: &dyn Resolve, diff: &mut Diff) {
        let Some(want) = self.render(outputs) else {
            let (field, unknown) = ("event_pattern".to_owned(), KNOWN_AFTER_APPLY.to_owned());
            let old = live.pattern.clone();
            diff.push(field, old, Some(unknown), Effect::InPlace);
            return;
        };
        let read = |text: &String| serde_json::from_str::<Value>(text).ok();
        if want.pattern.as_ref().and_then(read) != live.pattern.as_ref().and_then(read) {
            let (field, old) = ("event_pattern".to_owned(), live.pattern.clone());
            diff.push(field, old, want.pattern, Effect::InPlace);
        }
        let (want, live) = (want.schedule.as_ref(), live.schedule.as_ref());
        diff.optional("schedule_expression", want, live);
    }
}

fn json<D: Serialize>(source: &str, detail_type: &str, detail: D) -> Option<String> {
    let (source, detail_type) = ([source], [detail_type]);
    serde_json::to_string(&PatternJson {
        source,
        detail_type,
        detail,
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn fields(want: &Trigger, live: &Rendered) -> Vec<String> {
        let mut diff = Diff::new();
        want.compare(live, &Nothing, &mut diff);
        diff.changes().iter().map(|one| one.field.clone()).collect()
    }

    #[test]
    fn a_rule_fires_on_one_of_both() {
        let push = Trigger::Push {
            stack: "demo".to_owned(),
        };
        let daily = Trigger::Schedule("cron(0 14 * * ? *)");
        for trigger in [&push, &daily] {
            let live = trigger.render(&Nothing).expect("known");
            assert_eq!(fields(trigger, &live), [""; 0]);
        }
        let live = push.render(&Nothing).expect("known");
        assert_eq!(
            fields(&daily, &live),
            ["event_pattern", "schedule_expression"]
        );
        let hourly = Rendered {
            schedule: Some("rate(1 hour)".to_owned()),
            ..Rendered::default()
        };
        assert_eq!(fields(&daily, &hourly), ["schedule_expression"]);
    }
}
