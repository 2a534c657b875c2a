//! The key that callers of the Admin API show.

use rand::TryRngCore;
use rand::rand_core::OsError;
use rand::rngs::OsRng;
use secrecy::SecretString;

/// Its length: 48 of 62 characters are 285 bits.
const LENGTH: usize = 48;

/// Characters that need no quoting in a shell, a URL, JSON or YAML.
const CHARACTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Why no key could be made.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random numbers for the admin key")]
pub(crate) struct AdminKeyError(#[from] OsError);

/// A new key, from the operating system's random numbers.
///
/// # Errors
/// When the operating system has none.
pub(crate) fn admin_key() -> Result<SecretString, AdminKeyError> {
    let mut key = String::with_capacity(LENGTH);
    while key.len() < LENGTH {
        // 6 bits choose among 64; the two beyond the table are drawn again, so that all characters are equally likely.
        let drawn = usize::try_from(OsRng.try_next_u32()? & 63).unwrap_or(usize::MAX);
        key.extend(
            CHARACTERS
                .get(drawn)
                .map(|character| char::from(*character)),
        );
    }
    Ok(key.into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn keys_are_long_plain_and_never_the_same() {
        let keys: BTreeSet<String> = (0..50)
            .map(|_| admin_key().unwrap().expose_secret().to_owned())
            .collect();
        assert_eq!(keys.len(), 50);
        for key in &keys {
            assert_eq!(key.len(), LENGTH);
            assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
        let used: BTreeSet<u8> = keys.iter().flat_map(|key| key.bytes()).collect();
        assert_eq!(used.len(), 62, "every character comes up");
    }

    #[test]
    fn a_key_cannot_be_printed() {
        let key = admin_key().unwrap();
        assert!(!format!("{key:?}").contains(key.expose_secret()));
    }
}
