//! A machine as Step Functions takes it: a template with one stack's settings in it.
//!
//! What a machine does, and what that costs, is told where its settings are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{control_plane, log_archive};
use crate::resource::{Diff, Effect, KNOWN_AFTER_APPLY, References, Resolve};

/// The state of each template whose assignments are the settings.
const PLACE: &str = "Settings";

/// What a machine does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Definition {
    /// It wakes the control plane, and puts it to sleep.
    ControlPlane(control_plane::Settings),
    /// It exports a day of the log groups.
    LogArchive(log_archive::Settings),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    #[serde(rename = "States")]
    pub(super) states: BTreeMap<String, Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Machine {
    pub(super) fn settings(&mut self) -> Option<&mut Value> {
        self.states.get_mut(PLACE)?.get_mut("Assign")
    }
}

impl Definition {
    /// The machine without a stack's settings.
    pub(super) fn template(&self) -> &'static str {
        match self {
            Self::ControlPlane(_) => control_plane::TEMPLATE,
            Self::LogArchive(_) => log_archive::TEMPLATE,
        }
    }

    /// The schedule, in a group of the same name, that the machine keeps, if it keeps one.
    pub(super) fn timer(&self) -> Option<&str> {
        match self {
            Self::ControlPlane(settings) => Some(&settings.timer),
            Self::LogArchive(_) => None,
        }
    }

    /// `references` with all that the machine must know.
    pub(super) fn referred(&self, references: References) -> References {
        match self {
            Self::ControlPlane(settings) => settings.referred(references),
            Self::LogArchive(settings) => settings.referred(references),
        }
    }

    /// The definition, once all it needs is known.
    pub(super) fn render(&self, outputs: &dyn Resolve) -> Option<String> {
        let variables = match self {
            Self::ControlPlane(settings) => settings.variables(outputs),
            Self::LogArchive(settings) => settings.variables(outputs),
        };
        let mut machine: Machine = serde_json::from_str(self.template()).ok()?;
        *machine.settings()? = variables?;
        serde_json::to_string(&machine).ok()
    }

    /// Notes in `diff` each setting that the live definition has otherwise, and whether the rest is another.
    pub(super) fn compare(&self, live: &str, outputs: &dyn Resolve, diff: &mut Diff) {
        let Some(want) = self.render(outputs) else {
            let unknown = KNOWN_AFTER_APPLY.to_owned();
            diff.push(
                "definition".to_owned(),
                None,
                Some(unknown),
                Effect::InPlace,
            );
            return;
        };
        let read = |text: &str| serde_json::from_str::<Machine>(text).ok();
        let (mut want, mut have) = (read(&want), read(live));
        let take = |machine: &mut Option<Machine>| {
            let settings = machine
                .as_mut()
                .and_then(Machine::settings)
                .map(Value::take);
            settings.and_then(|settings| match settings {
                Value::Object(settings) => Some(settings),
                _ => None,
            })
        };
        let (wanted, live) = (take(&mut want), take(&mut have).unwrap_or_default());
        for (name, value) in wanted.unwrap_or_default() {
            let have = live.get(&name);
            if have != Some(&value) {
                let shown = have.map(ToString::to_string);
                let field = format!("definition.{name}");
                diff.push(field, shown, Some(value.to_string()), Effect::InPlace);
            }
        }
        if want != have {
            let (old, new) = ("another".to_owned(), "this program's".to_owned());
            diff.push(
                "definition.states".to_owned(),
                Some(old),
                Some(new),
                Effect::InPlace,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::resource::{Arn, ManagedSecretArn, Nothing, Output, Ref, ResourceName};

    fn waking(hold: u64) -> Definition {
        Definition::ControlPlane(control_plane::Settings {
            cluster: "gw".to_owned(),
            control_plane: "gw-cp".to_owned(),
            data_plane: "gw-dp".to_owned(),
            target_group: Ref::Literal(Arn::new("arn:group")),
            password: Ref::Literal(ManagedSecretArn::new("arn:secret")),
            timer: "gw-timer".to_owned(),
            starter: Ref::Literal(Arn::new("arn:role")),
            hold: Duration::from_secs(hold),
            extend: Duration::from_secs(900),
        })
    }

    fn archiving() -> Definition {
        Definition::LogArchive(log_archive::Settings {
            bucket: Ref::Literal(ResourceName::new("gw-logs")),
            prefix: "archive",
            groups: vec![log_archive::Group {
                name: "/gw/dp".to_owned(),
                folder: "data-plane".to_owned(),
            }],
        })
    }

    fn fields(want: &Definition, live: &str) -> Vec<String> {
        let mut diff = Diff::new();
        want.compare(live, &Nothing, &mut diff);
        diff.changes().iter().map(|one| one.field.clone()).collect()
    }

    #[test]
    fn every_setting_of_a_template_is_given_and_no_other() {
        let names = |text: &str| {
            let mut machine: Machine = serde_json::from_str(text).expect("a machine");
            let settings = machine.settings().expect("settings").clone();
            let settings = settings.as_object().expect("an object").clone();
            settings.keys().cloned().collect::<Vec<_>>()
        };
        for (definition, setting) in [
            (waking(2100), r#""hold":2100"#),
            (archiving(), r#"{"folder":"data-plane","name":"/gw/dp"}"#),
        ] {
            let rendered = definition.render(&Nothing).expect("a definition");
            assert_eq!(names(&rendered), names(definition.template()));
            assert!(rendered.contains(setting), "{rendered}");
        }
    }

    #[test]
    fn only_what_differs_shows() {
        let live = waking(2100).render(&Nothing).expect("a definition");
        let spaced = serde_json::from_str::<Value>(&live).expect("JSON");
        let spaced = serde_json::to_string_pretty(&spaced).expect("JSON");
        assert_eq!(fields(&waking(2100), &spaced), [""; 0]);
        assert_eq!(fields(&waking(60), &live), ["definition.hold"]);
        let other = live.replace("\"TimeoutSeconds\":280", "\"TimeoutSeconds\":9");
        assert_eq!(fields(&waking(2100), &other), ["definition.states"]);
        assert_eq!(fields(&waking(2100), "no JSON").len(), 10);
        let live = archiving().render(&Nothing).expect("a definition");
        let other = live.replace("/gw/dp", "/gw/cp");
        assert_eq!(fields(&archiving(), &other), ["definition.groups"]);
    }
}
