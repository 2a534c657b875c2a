//! What a change of the image means for the schema, told from the versions in the images' names.
//!
//! Kong's schema only goes forward, and a data plane must not be newer than its control plane: same major version,
//! and no higher minor one (kong/clustering/compat/init.lua:53-64). Migrations are tested by Kong between adjacent minor
//! versions of one major version; "the smaller the gap, the less complex the upgrade"
//! (developer.konghq.com, gateway/upgrade, "guaranteed upgrade paths").

use crate::spec::value::ImageRef;

/// What one image is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jump {
    /// The same minor version: the schema is the same.
    Same,
    /// The next minor version.
    Next,
    /// A later minor version of the same major one, with `skipped` between them.
    Later {
        /// How many are skipped.
        skipped: u32,
    },
    /// An earlier minor version of the same major one.
    Back,
    /// Another major version.
    Major,
    /// One of the names does not tell.
    Unknown,
}

/// What `new` is to `old`, both as a task definition names them.
#[must_use]
pub(crate) fn jump(old: &str, new: &str) -> Jump {
    if old == new {
        return Jump::Same;
    }
    let (Some((was, from)), Some((is, to))) = (version(old), version(new)) else {
        return Jump::Unknown;
    };
    if was != is {
        return Jump::Major;
    }
    match to.checked_sub(from) {
        None => Jump::Back,
        Some(0) => Jump::Same,
        Some(1) => Jump::Next,
        Some(more) => Jump::Later { skipped: more - 1 },
    }
}

/// Kong's major and minor version in an image's name: a tag that is a version, of a repository called as Kong's are.
/// What somebody numbers on their own says nothing of Kong.
fn version(image: &str) -> Option<(u32, u32)> {
    let image = ImageRef::parse(image).ok()?;
    let name = image.repository.rsplit('/').next()?;
    if !["kong", "kong-gateway"].contains(&name) {
        return None;
    }
    image.version().map(|(major, minor, _)| (major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_told_from_the_names() {
        let ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/kong";
        for (old, new, expected) in [
            ("kong:3.9.3", "kong:3.9.3", Jump::Same),
            ("kong:3.9.1", "kong:3.9.3", Jump::Same),
            ("kong:3.9.3", "kong:3.9.1", Jump::Same),
            ("kong:3.9", "kong:3.9.3-ubuntu", Jump::Same),
            ("kong:3.8.1", "kong:3.9.3", Jump::Next),
            ("kong:3.8.1", &format!("{ecr}:3.9.3"), Jump::Next),
            ("kong:3.6.0", "kong:3.9.3", Jump::Later { skipped: 2 }),
            ("kong:3.9.3", "kong:3.8.1", Jump::Back),
            ("registry.example.com/kong:2.8.5", "kong:3.9.3", Jump::Major),
            ("kong:3.9.3", "kong/kong-gateway:4.0.0", Jump::Major),
            (
                "kong:3.9.3",
                "registry.example.com/team/gateway:1.4",
                Jump::Unknown,
            ),
            (
                "kong:3.9.3",
                "registry.example.com/team/kong:v7",
                Jump::Unknown,
            ),
            (
                "kong:3.9.3",
                &format!("kong@sha256:{}", "0".repeat(64)),
                Jump::Unknown,
            ),
        ] {
            assert_eq!(jump(old, new), expected, "{old} to {new}");
        }
    }
}
