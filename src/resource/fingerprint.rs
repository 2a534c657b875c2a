//! Short digests that tell texts apart.

use sha2::{Digest, Sha256};

/// The first `digits` (at most 64) hexadecimal digits of the SHA-256 of `parts`.
///
/// It is stable for all time: names and marks on live resources are made of it. It keeps nothing secret.
pub(crate) fn fingerprint(parts: &[&str], digits: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        // What no text holds parts them: ["ab", "c"] is not ["a", "bc"].
        hash.update([0]);
    }
    hex(hash).chars().take(digits).collect()
}

/// The SHA-256 of a text in 64 hexadecimal digits, as `sha256sum` prints it.
pub(crate) fn sha256(text: &str) -> String {
    hex(Sha256::new_with_prefix(text))
}

fn hex(hash: Sha256) -> String {
    let bytes = hash.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn it_never_changes_and_tells_parts_apart() {
        assert_eq!(fingerprint(&["a"], 8), "ffe9aaea");
        assert_ne!(fingerprint(&["ab", "c"], 16), fingerprint(&["a", "bc"], 16));
    }
}
