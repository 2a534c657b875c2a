//! What the way to the Admin API is set to, as text that can be compared and shown.

use std::collections::BTreeMap;

use serde_json::Value;

/// What a route is set to, field by field; nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Reads them off the entities as the Admin API shows them.
    #[must_use]
    pub(crate) fn of(service: &Value, route: &Value, plugins: &[Value]) -> Self {
        let mut settings = Self::default();
        settings.add("service", service);
        settings.add("route", route);
        for plugin in plugins {
            settings.add(&format!("plugins.{}", text(&plugin["name"])), plugin);
        }
        settings
    }

    /// Every field, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &String)> {
        self.0.iter().map(|(field, value)| (field.as_str(), value))
    }

    /// One field.
    #[must_use]
    pub(crate) fn get(&self, field: &str) -> Option<&String> {
        self.0.get(field)
    }

    fn add(&mut self, at: &str, value: &Value) {
        // What tells entities apart is no setting of theirs.
        const NAMES: [&str; 7] = [
            "id",
            "name",
            "instance_name",
            "service",
            "route",
            "consumer",
            "tags",
        ];
        let Some(object) = value.as_object() else {
            self.0.insert(at.to_owned(), text(value));
            return;
        };
        for (key, value) in object
            .iter()
            .filter(|(key, _)| !NAMES.contains(&key.as_str()))
        {
            self.add(&format!("{at}.{key}"), value);
        }
    }
}

/// A value as a person reads it; a list is a set.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let mut list: Vec<String> = list.iter().map(text).collect();
            list.sort();
            list.join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entities_are_told_field_by_field_and_names_are_no_settings() {
        let service = json!({"id": "x", "name": "n", "host": "h", "port": 8001});
        let route = json!({"paths": ["/b", "/a"], "service": {"id": "x"}, "strip_path": true});
        let plugin =
            json!({"name": "acl", "enabled": true, "config": {"allow": ["a"], "message": null}});
        let settings = Settings::of(&service, &route, &[plugin]);
        let all: Vec<String> = settings
            .iter()
            .map(|(field, value)| format!("{field}={value}"))
            .collect();
        assert_eq!(
            all,
            [
                "plugins.acl.config.allow=a",
                "plugins.acl.config.message=null",
                "plugins.acl.enabled=true",
                "route.paths=/a, /b",
                "route.strip_path=true",
                "service.host=h",
                "service.port=8001",
            ]
        );
    }
}
