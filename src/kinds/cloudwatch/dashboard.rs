//! Dashboards.
//!
//! A dashboard takes no tags, and its name is unique in the account: it is made of stack and region. Whose one of that name
//! is, its first widget tells, a text that says by whom and for which stack it was made ([`about`]); without that text it
//! is somebody else's. CloudWatch keeps a body as it is put, so two are equal when they are the same JSON.
//!
//! An account's first three dashboards are free, each more costs 3 USD a month.

use std::collections::BTreeMap;

use serde_json::Value;

use super::alarm_calls::{ABSENT, NEW};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{
    Address, Diff, Effect, Error, Found, KNOWN_AFTER_APPLY, Kind, Look, Observer, Output, Outputs,
    References, Resolve, ResourceName, Step, Text, Wanted, tags,
};

/// The name in a template whose value is [`about`].
const ABOUT: &str = "about";

/// A CloudWatch dashboard.
#[derive(Debug)]
pub(crate) struct Dashboard;

/// What a dashboard should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DashboardDesired {
    /// Its stack.
    pub(crate) stack: String,
    /// Its address, which is written into it.
    pub(crate) address: Address,
    /// Its body in JSON, where a text that is nothing but `${NAME}` stands for a value.
    pub(crate) template: &'static str,
    /// The values by name.
    pub(crate) values: BTreeMap<&'static str, Text>,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DashboardLive {
    name: String,
    /// Its widgets, each as canonical JSON.
    widgets: Vec<String>,
    /// The texts in it, in Markdown.
    texts: Vec<String>,
}

impl Kind for Dashboard {
    const TYPE: &'static str = "AWS::CloudWatch::Dashboard";
    const NOUN: &'static str = "dashboard";

    type Desired = DashboardDesired;
    type Live = DashboardLive;

    fn references(desired: &DashboardDesired) -> References {
        desired
            .values
            .values()
            .fold(References::none(), References::in_text)
    }

    /// Nothing but its name leads to it, so it is asked for even where none is wanted.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<DashboardLive>>, Error> {
        let name = name(cx.stack(), cx.region());
        let Some(live) = read(cx.clients(), &name).await? else {
            return Ok(Vec::new());
        };
        let foreign = || {
            let one = wanted.first()?;
            let name = format!("the dashboard {name}");
            Some(Found::Foreign(one.address.clone(), name))
        };
        Ok(match address_in(&live.texts, cx.stack()) {
            Some(address) => vec![Found::Owned(address, live)],
            None => foreign().into_iter().collect(),
        })
    }

    fn id(live: &DashboardLive) -> String {
        live.name.clone()
    }

    fn outputs(live: &DashboardLive) -> Outputs {
        Outputs::default().with(ResourceName::new(&live.name))
    }

    fn uses(_live: &DashboardLive) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &DashboardDesired, live: &DashboardLive, outputs: &dyn Resolve) -> Diff {
        let DashboardDesired {
            stack: _,    // both are in the text that it was told by
            address: _,  // the same
            template: _, // the body is made of this
            values: _,   // and of these
        } = desired;
        let mut diff = Diff::new();
        let Some(body) = desired.body(outputs) else {
            let (old, new) = ("what was drawn before", KNOWN_AFTER_APPLY);
            let (old, new) = (Some(old.to_owned()), Some(new.to_owned()));
            diff.push("body".to_owned(), old, new, Effect::InPlace);
            return diff;
        };
        let want = widgets(&body);
        let count = want.len().max(live.widgets.len());
        for number in 0..count {
            let (old, new) = (live.widgets.get(number), want.get(number));
            if old != new {
                let field = format!("widgets.{}", number + 1);
                diff.push(field, old.cloned(), new.cloned(), Effect::InPlace);
            }
        }
        diff
    }

    async fn create(cx: &Step, desired: &DashboardDesired) -> Result<Outputs, Error> {
        let name = put(cx, desired).await?;
        cx.made(&name);
        cx.wait(&format!("dashboard {name}"), NEW, || async {
            Ok(match read(cx.clients(), &name).await? {
                Some(live) => Look::Ready(Self::outputs(&live)),
                None => Look::Pending("not visible yet".to_owned()),
            })
        })
        .await
    }

    /// A dashboard is always put as a whole.
    async fn update(
        cx: &Step,
        desired: &DashboardDesired,
        live: &DashboardLive,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        put(cx, desired).await?;
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&DashboardDesired>,
        live: &DashboardLive,
    ) -> Result<Vec<String>, Error> {
        cx.clients()
            .cloudwatch()
            .delete_dashboards()
            .dashboard_names(&live.name)
            .send()
            .await
            .map_err(failed("cloudwatch:DeleteDashboards"))
            .or_absent(ABSENT)?;
        Ok(Vec::new())
    }
}

/// The name of a stack's dashboard. Dashboards are the account's: the region keeps two stacks of one name apart.
fn name(stack: &str, region: &str) -> String {
    format!("kongstack-{stack}-{region}")
}

/// The text by which a dashboard is told to be a stack's.
fn about(stack: &str, address: &Address) -> String {
    format!(
        "## {stack}\nMade by kongstack (`{}={stack}` `{}={address}`). What is changed by hand, the next apply puts back.",
        tags::STACK,
        tags::ADDRESS
    )
}

/// The address in one of these texts, if it says that it is of this stack.
fn address_in(texts: &[String], stack: &str) -> Option<Address> {
    let mark = |text: &str, key: &str| {
        let mut quoted = text.split('`').skip(1).step_by(2);
        quoted.find_map(|one| Some(one.strip_prefix(key)?.strip_prefix('=')?.to_owned()))
    };
    texts.iter().find_map(|text| {
        let ours = mark(text, tags::STACK).as_deref() == Some(stack);
        ours.then(|| mark(text, tags::ADDRESS)?.parse().ok())?
    })
}

impl DashboardDesired {
    /// The body, once all values are known.
    fn body(&self, outputs: &dyn Resolve) -> Option<Value> {
        let template = serde_json::from_str(self.template).ok()?;
        filled(template, &|name| match name {
            ABOUT => Some(about(&self.stack, &self.address)),
            name => self.values.get(name)?.resolve(outputs),
        })
    }
}

/// A tree with a value in the place of every text that is nothing but `${NAME}`; none while one is not known.
fn filled(tree: Value, value: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
    Some(match tree {
        Value::String(text) => {
            let name = text.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
            match name {
                Some(name) => Value::String(value(name)?),
                None => Value::String(text),
            }
        }
        Value::Array(all) => Value::Array(
            all.into_iter()
                .map(|one| filled(one, value))
                .collect::<Option<_>>()?,
        ),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(key, one)| Some((key, filled(one, value)?)))
                .collect::<Option<_>>()?,
        ),
        other => other,
    })
}

/// The widgets of a body; a body without any counts as one that is all there is.
fn widgets(body: &Value) -> Vec<String> {
    match body.get("widgets") {
        Some(Value::Array(widgets)) => widgets.iter().map(ToString::to_string).collect(),
        _ => vec![body.to_string()],
    }
}

async fn read(clients: &Clients, name: &str) -> Result<Option<DashboardLive>, AwsError> {
    let answer = clients
        .cloudwatch()
        .get_dashboard()
        .dashboard_name(name)
        .send()
        .await
        .map_err(failed("cloudwatch:GetDashboard"))
        .or_absent(ABSENT)?;
    Ok(answer.map(|answer| {
        let text = answer.dashboard_body().unwrap_or_default();
        let body: Value = serde_json::from_str(text).unwrap_or_default();
        let all = body.get("widgets").and_then(Value::as_array);
        let texts = all.into_iter().flatten().filter_map(|widget| {
            let text = widget.get("properties")?.get("markdown")?.as_str()?;
            Some(text.to_owned())
        });
        DashboardLive {
            name: name.to_owned(),
            texts: texts.collect(),
            widgets: widgets(&body),
        }
    }))
}

async fn put(cx: &Step, desired: &DashboardDesired) -> Result<String, Error> {
    let name = name(&desired.stack, cx.region());
    let unknown = || Error::Internal(format!("{name} shows what is not known yet"));
    let body = desired.body(cx.outputs()).ok_or_else(unknown)?;
    let answer = cx
        .clients()
        .cloudwatch()
        .put_dashboard()
        .dashboard_name(&name)
        .dashboard_body(body.to_string())
        .send()
        .await
        .map_err(failed("cloudwatch:PutDashboard"))?;
    for message in answer.dashboard_validation_messages() {
        let (path, text) = (message.data_path(), message.message());
        let (path, text) = (path.unwrap_or_default(), text.unwrap_or_default());
        cx.remark(format!("CloudWatch says of the dashboard's {path}: {text}"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Attribute, Layer, Ref, ResourceLabel};

    struct Known(bool);

    impl Resolve for Known {
        fn output(&self, _: &Address, _: Attribute) -> Option<String> {
            self.0.then(|| "app/a/\"1".to_owned())
        }
    }

    fn desired() -> DashboardDesired {
        let balancer = Ref::<ResourceLabel>::Of(Address::new(Layer::Ingress, "load-balancer"));
        DashboardDesired {
            stack: "demo".to_owned(),
            address: Address::new(Layer::Alarms, "dashboard"),
            template: r#"{"widgets": [{"properties": {"markdown": "${about}"}}, {"a": ["${x}", "a ${x}", 1]}]}"#,
            values: BTreeMap::from([("x", Text::from(&balancer))]),
        }
    }

    fn live(body: &Value) -> DashboardLive {
        DashboardLive {
            name: "kongstack-demo-eu-west-1".to_owned(),
            widgets: widgets(body),
            texts: Vec::new(),
        }
    }

    #[test]
    fn values_are_put_in_as_values() {
        let body = desired().body(&Known(true)).expect("a body");
        assert_eq!(body["widgets"][1]["a"][0], "app/a/\"1");
        assert_eq!(body["widgets"][1]["a"][1], "a ${x}");
        assert_eq!(desired().body(&Known(false)), None);
    }

    #[test]
    fn a_body_is_compared_widget_by_widget() {
        let body = desired().body(&Known(true)).expect("a body");
        let text = format!(" {body:#} ");
        let again: Value = serde_json::from_str(&text).expect("JSON");
        assert!(Dashboard::diff(&desired(), &live(&again), &Known(true)).is_empty());
        let other: Value = serde_json::from_str(&text.replace("a ${x}", "b")).expect("JSON");
        let diff = Dashboard::diff(&desired(), &live(&other), &Known(true));
        assert_eq!(diff.changes().len(), 1);
        assert!(diff.has("widgets.2"));
        assert!(Dashboard::diff(&desired(), &live(&again), &Known(false)).has("body"));
    }

    #[test]
    fn a_dashboard_says_whose_it_is() {
        let address = Address::new(Layer::Alarms, "dashboard");
        let texts = [String::new(), about("demo", &address)];
        assert_eq!(address_in(&texts, "demo"), Some(address));
        assert_eq!(address_in(&texts, "dem"), None);
        assert_eq!(address_in(&["## demo".to_owned()], "demo"), None);
    }
}
