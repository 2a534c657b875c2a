//! Addresses for mail.

use super::Refusal;
use super::text::text_value;

text_value! {
    /// One address for mail, such as `ops@example.com`.
    Email, check
}

fn check(text: &str) -> Result<(), Refusal> {
    let good = text.split_once('@').is_some_and(|(user, host)| {
        let plain = |part: &str| !part.is_empty() && part.bytes().all(is_plain);
        plain(user) && plain(host) && host.contains('.') && !host.contains("..")
    });
    if good && !text.ends_with('.') {
        return Ok(());
    }
    Err(Refusal::new(
        "email-format",
        format!("`{text}` is not an address for mail"),
        "SNS sends a mail to it that has to be answered before any other comes",
        "write one address, such as `ops@example.com`",
    ))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !br#"@,;:<>()[]\""#.contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::Email;

    #[test]
    fn one_address_and_nothing_else() {
        for good in ["ops@example.com", "a+b.c@mail.example.co.uk"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "ops",
            "ops@example",
            "@example.com",
            "a@b@example.com",
            "Ops <ops@example.com>",
            "ops@example.com, me@example.com",
            "ops@example.com.",
        ];
        for bad in bad {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }
}
