//! Tags between IAM's form and ours.

use aws_sdk_iam::types::Tag;

use crate::resource::{Error, Tags};

/// Tags in IAM's form.
pub(super) fn to_iam(tags: &Tags) -> Result<Vec<Tag>, Error> {
    tags.iter()
        .map(|(key, value)| {
            let tag = Tag::builder().key(key).value(value).build();
            tag.map_err(|error| Error::Internal(error.to_string()))
        })
        .collect()
}

/// Tags as IAM answered them.
pub(super) fn from_iam(tags: &[Tag]) -> Tags {
    Tags::live(tags.iter().map(|tag| (Some(tag.key()), Some(tag.value()))))
}
