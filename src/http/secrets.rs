//! Secrets: what their names are like, and whether a text has one that is known.

use std::borrow::Cow;

use foldhash::HashSet;
use percent_encoding::percent_decode_str;

use crate::domain::Secret;
use crate::simulator::SpaceId;

/// Words of the names of secrets, which are not shown even where personal data is.
const SECRET_WORDS: [&str; 10] = ["auth", "code", "jwt", "key", "keys", "otp", "pass", "pin", "sig", "sk"];

/// Parts of the names of secrets, also within a word.
const SECRET_PARTS: [&str; 17] = [
    "apikey",
    "authoriz",
    "bearer",
    "cookie",
    "credential",
    "oauth",
    "passcode",
    "passphrase",
    "passw",
    "privatekey",
    "pwd",
    "referer",
    "secret",
    "secretkey",
    "session",
    "signature",
    "token",
];

/// The fewest bytes of a secret that is looked for anywhere in a text. Shorter ones have to be a word of it.
const MIN_SECRET_BYTES: usize = 8;

/// The secrets that a space knows.
#[derive(Debug, Default)]
pub struct KnownSecrets {
    pub listed: Vec<Secret>,
    pub issued: HashSet<Secret>,
}

impl KnownSecrets {
    /// Returns true if one of them is in a text, or a credential of any space, also percent-encoded.
    pub fn are_in(&self, text: &str) -> bool {
        let are_in = |text: &str| SpaceId::has_credential(text) || self.are_plainly_in(text);
        are_in(text) || matches!(percent_decode_str(text).decode_utf8_lossy(), Cow::Owned(decoded) if are_in(&decoded))
    }

    fn are_plainly_in(&self, text: &str) -> bool {
        let is_end = |c: char| !c.is_alphanumeric() && !"-_".contains(c);
        let is_in = |secret: &str| {
            text.match_indices(secret).any(|(start, _)| {
                let is_alone = || {
                    text[..start].chars().next_back().is_none_or(is_end)
                        && text[start + secret.len()..].chars().next().is_none_or(is_end)
                };
                secret.len() >= MIN_SECRET_BYTES || (!secret.is_empty() && is_alone())
            })
        };
        self.listed.iter().any(|secret| is_in(secret.expose())) || !self.issued.is_empty() && self.is_issued_in(text)
    }

    /// There may be thousands of issued tokens: words are looked up among them, also what follows on a name.
    fn is_issued_in(&self, text: &str) -> bool {
        let is_end = |c: char| c.is_whitespace() || ",;:\"'()<>".contains(c);
        let mut words = text.split(is_end).flat_map(|word| [Some(word), word.split_once('=').map(|(_, value)| value)]);
        words.any(|word| word.is_some_and(|word| self.issued.contains(&Secret::new(word))))
    }
}

/// Returns true if a secret may have this name, such as `apiKey`, `x-auth-token` or `PASSWORD`.
pub fn is_secret(name: &str) -> bool {
    let in_lower_case = name.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| in_lower_case.contains(part))
        || words(name).any(|word| SECRET_WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

/// Returns the words of a name: they begin after a sign or a digit, or with an upper-case letter beside a lower-case one.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let is_upper = |place: usize| name.as_bytes().get(place).is_some_and(u8::is_ascii_uppercase);
    let is_lower = |place: usize| name.as_bytes().get(place).is_some_and(u8::is_ascii_lowercase);
    let begins = move |place: usize| is_upper(place) && (is_lower(place + 1) || place > 0 && is_lower(place - 1));
    let mut start = 0;
    let parts = (1..=name.len()).filter_map(move |place| {
        let is_end = place == name.len() || begins(place);
        (is_end && name.is_char_boundary(place)).then(|| &name[std::mem::replace(&mut start, place)..place])
    });
    parts.flat_map(|part| part.split(|c: char| !c.is_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn secrets_are_known_by_whole_words() {
        for secret in
            ["pin", "userPIN", "sk", "API_KEY", "apiKey", "APIKEY", "x-auth-token", "ACCESSTOKEN", "code2", "Passwd"]
        {
            assert!(is_secret(secret), "{secret}");
        }
        for other in ["opinion", "task", "zipcode", "author", "keyboard", "risk", "compass", "skin", "spin", "字"] {
            assert!(!is_secret(other), "{other}");
        }
    }
}
