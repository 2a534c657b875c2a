//! Where a value stands in the spec: `network.public_subnets.0`.

use std::fmt;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Into a mapping.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

/// A path from the top of the spec to one of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SpecPath(Vec<Segment>);

impl SpecPath {
    /// Reads keys and indices joined with dots; the empty text is the top.
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            text.split('.')
                .filter(|part| !part.is_empty())
                .map(Segment::from)
                .collect(),
        )
    }

    /// The path one key further.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.to_owned()))
    }

    /// The path one list item further.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    /// The steps, from the top.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether this is the other path, lies under it or above it.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|(mine, theirs)| mine == theirs)
    }

    /// The path one step further.
    pub(crate) fn with(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }
}

impl From<&str> for Segment {
    fn from(text: &str) -> Self {
        text.parse()
            .map_or_else(|_| Self::Key(text.to_owned()), Self::Index)
    }
}

impl FromIterator<Segment> for SpecPath {
    fn from_iter<T: IntoIterator<Item = Segment>>(segments: T) -> Self {
        Self(segments.into_iter().collect())
    }
}

impl fmt::Display for SpecPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(".")?;
            }
            match segment {
                Segment::Key(key) => formatter.write_str(key)?,
                Segment::Index(index) => write!(formatter, "{index}")?,
            }
        }
        Ok(())
    }
}
