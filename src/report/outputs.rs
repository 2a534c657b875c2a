//! A stack's outputs, for people, programs and shells.

use std::collections::BTreeMap;

use super::style::{FAINT, STRONG, paint};
use crate::resource::{Resolve, Text};

/// The output that comes first, because it is what most people look for.
const FIRST: &str = "endpoint";

/// A stack's outputs as far as they are known, `endpoint` first, then by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published(Vec<(String, Option<String>)>);

impl Published {
    /// Fills in what is known.
    #[must_use]
    pub(crate) fn new(outputs: &BTreeMap<String, Text>, known: &dyn Resolve) -> Self {
        let mut all: Vec<_> = outputs
            .iter()
            .map(|(name, text)| (name.clone(), text.resolve(known)))
            .collect();
        all.sort_by_key(|(name, _)| name != FIRST);
        Self(all)
    }

    /// The value of one; `None` if there is no such output, `Some(None)` if it is not known.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<Option<&str>> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_deref())
    }

    /// One of them alone, if there is such an output.
    #[must_use]
    pub(crate) fn only(&self, name: &str) -> Option<Self> {
        let one = self.0.iter().find(|(known, _)| known == name)?;
        Some(Self(vec![one.clone()]))
    }

    /// All names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// A line each, the values under one another.
#[must_use]
pub(crate) fn as_text(published: &Published) -> String {
    let width = published.names().map(str::len).max().unwrap_or(0);
    let line = |(name, value): &(String, Option<String>)| {
        let name = format!("{name:<width$}");
        match value {
            Some(value) => format!("{}  {value}\n", paint(STRONG, name)),
            None => format!(
                "{}  {}\n",
                paint(STRONG, name),
                paint(FAINT, "(not there yet)")
            ),
        }
    };
    published.0.iter().map(line).collect()
}

/// One JSON object; `null` where a value is not known.
#[must_use]
pub(crate) fn as_json(published: &Published) -> String {
    let object: serde_json::Map<String, serde_json::Value> = published
        .0
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    format!("{:#}\n", serde_json::Value::Object(object))
}

/// `export` lines for a POSIX shell; what is not known is left out.
#[must_use]
pub(crate) fn as_shell(published: &Published) -> String {
    let line = |(name, value): &(String, Option<String>)| {
        let value = value.as_ref()?;
        Some(format!("export {}={}\n", variable(name), quoted(value)))
    };
    published.0.iter().filter_map(line).collect()
}

/// `KONGSTACK_` and the name in capitals.
fn variable(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    format!("KONGSTACK_{}", name.chars().map(plain).collect::<String>())
}

/// A text as one word of a POSIX shell, in quotes only where it needs them.
#[must_use]
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn published() -> Published {
        let known = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        Published(vec![
            known("endpoint", Some("http://lb.example")),
            known("admin_endpoint", None),
            known("owner-name", Some("it's $mine")),
        ])
    }

    #[test]
    fn outputs_for_people() {
        let text = anstream::adapter::strip_str(&as_text(&published())).to_string();
        insta::assert_snapshot!(text, @r"
        endpoint        http://lb.example
        admin_endpoint  (not there yet)
        owner-name      it's $mine
        ");
    }

    #[test]
    fn outputs_for_programs() {
        insta::assert_snapshot!(as_json(&published()), @r#"
        {
          "endpoint": "http://lb.example",
          "admin_endpoint": null,
          "owner-name": "it's $mine"
        }
        "#);
    }

    #[test]
    fn outputs_for_shells_are_quoted() {
        insta::assert_snapshot!(as_shell(&published()), @r"
        export KONGSTACK_ENDPOINT='http://lb.example'
        export KONGSTACK_OWNER_NAME='it'\''s $mine'
        ");
    }

    #[test]
    fn the_endpoint_comes_first() {
        let outputs = BTreeMap::from([
            ("admin_endpoint".to_owned(), Text::from("a")),
            ("endpoint".to_owned(), Text::from("b")),
        ]);
        let published = Published::new(&outputs, &Nothing);
        assert_eq!(
            published.names().collect::<Vec<_>>(),
            ["endpoint", "admin_endpoint"]
        );
        assert_eq!(published.get("endpoint"), Some(Some("b")));
        assert_eq!(published.get("other"), None);
    }
}
