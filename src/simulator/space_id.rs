//! The IDs of spaces, and credentials that contain them: a request finds its space by its credential, without a list of
//! credentials that would have to be kept and cleaned.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use uuid::Uuid;

use crate::domain::{AccessKey, Secret, User};

/// The beginning of every token of the real service: the head of a signed message around `{"token":`.
const TOKEN_PREFIX: &str =
    "MIIFqgYJKoZIhvcNAQcCoIIFmzCCBZcCAQExDTALBglghkgBZQMEAgEwggO8BgkqhkiG9w0BBwGgggOtBIIDqXsidG9rZW4iOn";

/// How many UUIDs a token has after its space: more random bytes than can be guessed.
const TOKEN_UUIDS: usize = 6;

/// The beginning of every access key of a space.
const AK_PREFIX: &str = "HST";

/// How many digits of an access key are its space.
const AK_DIGITS: usize = 13;

/// The beginning of the name of every user of a space.
const USER_PREFIX: &str = "user-";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpaceId(u64);

impl SpaceId {
    /// The space of requests that name no other.
    pub const DEFAULT: Self = Self(0);

    /// Cannot be guessed.
    pub(super) fn random() -> Self {
        let [high, low] = [(); 2].map(|()| Uuid::new_v4().as_u64_pair().1);
        Self(if high == 0 { low } else { high })
    }

    /// Parses an ID. The space does not necessarily exist.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "default" => Some(Self::DEFAULT),
            _ if text.len() == 16 => u64::from_str_radix(text, 16).ok().map(Self),
            _ => None,
        }
    }

    /// Returns the space that a token was made for, if it was made for one.
    pub fn from_token(token: &[u8]) -> Option<Self> {
        let random = token.strip_prefix(TOKEN_PREFIX.as_bytes())?.get(..12)?;
        let random = str::from_utf8(random).ok()?.replace('-', "/");
        let bytes = BASE64_STANDARD.decode(random).ok()?;
        Some(Self(u64::from_be_bytes(*bytes.first_chunk()?)))
    }

    /// Returns the space that an access key was made for, if it was made for one.
    pub fn from_access_key(ak: &str) -> Option<Self> {
        u64::from_str_radix(ak.strip_prefix(AK_PREFIX)?.get(..AK_DIGITS)?, 32).ok().map(Self)
    }

    /// Returns the space of a token or an access key that stands somewhere in a text.
    pub fn within(text: &[u8]) -> Option<Self> {
        // Nearly all tokens are whole or short. Preparing the search costs thousands of instructions.
        let whole = Self::from_token(text);
        if whole.is_some() || text.len() < AK_PREFIX.len() + AK_DIGITS {
            return whole;
        }
        let text = str::from_utf8(text).ok()?;
        let may_have_token = text.len() > TOKEN_PREFIX.len();
        let token = may_have_token.then(|| text.find(TOKEN_PREFIX)).flatten();
        let by_token = token.and_then(|at| Self::from_token(&text.as_bytes()[at..]));
        by_token.or_else(|| text.match_indices(AK_PREFIX).find_map(|(at, _)| Self::from_access_key(&text[at..])))
    }

    /// Returns the space that a user was made for, if it was made for one.
    pub fn from_user(name: &str) -> Option<Self> {
        name.strip_prefix(USER_PREFIX).and_then(Self::parse)
    }

    /// Returns a new token of the space. Like a real one it has `-` in the place of `/`, so that it fits into a URL.
    pub(super) fn new_token(self) -> Secret {
        let mut bytes = self.0.to_be_bytes().to_vec();
        bytes.extend((0..TOKEN_UUIDS).flat_map(|_| Uuid::new_v4().into_bytes()));
        Secret::new(&format!("{TOKEN_PREFIX}{}", BASE64_STANDARD.encode(bytes).replace('/', "-")))
    }

    /// Returns a new access key of the space. Like a real one it has 20 characters and a secret of 40.
    pub(super) fn new_access_key(self) -> AccessKey {
        // 20 of these bits are used.
        let random = base32(u64::from(Uuid::new_v4().as_fields().0));
        let sk: String = (0..2).map(|_| Uuid::new_v4().simple().to_string()).collect();
        AccessKey {
            ak: format!("{AK_PREFIX}{}{}", base32(self.0), &random[9..]).into(),
            sk: Secret::new(&sk[..40]),
            security_token: None,
        }
    }

    /// Returns the user of the space, with a new password.
    pub(super) fn new_user(self) -> User {
        User {
            name: format!("{USER_PREFIX}{self}").into(),
            password: Secret::new(&Uuid::new_v4().simple().to_string()),
        }
    }
}

impl fmt::Display for SpaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::DEFAULT => f.write_str("default"),
            Self(id) => write!(f, "{id:016x}"),
        }
    }
}

/// Returns 13 digits of 5 bits, in the alphabet of `from_str_radix`.
fn base32(number: u64) -> String {
    let digit = |place: u32| char::from_digit((number >> (5 * place) & 31) as u32, 32).unwrap_or('0');
    (0..13).rev().map(|place| digit(place).to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::SpaceId;

    #[test]
    fn credentials_contain_their_space() {
        for id in [SpaceId::DEFAULT, SpaceId(1), SpaceId(u64::MAX), SpaceId::random()] {
            assert_eq!(SpaceId::from_token(id.new_token().expose().as_bytes()), Some(id));
            let key = id.new_access_key();
            assert_eq!((SpaceId::from_access_key(&key.ak), key.ak.len(), key.sk.expose().len()), (Some(id), 20, 40));
            assert_eq!(SpaceId::from_user(&id.new_user().name), Some(id));
            for broken in [format!("\"{}\"", id.new_token().expose()), format!("SDK-X Access={}, Signature", key.ak)] {
                assert_eq!(SpaceId::within(broken.as_bytes()), Some(id), "{broken}");
            }
            assert_eq!(SpaceId::parse(&id.to_string()), Some(id));
        }
        assert_eq!(SpaceId::from_token(b"demo-token"), None);
        assert_eq!(SpaceId::from_access_key("DEMOAK0001"), None);
        assert_eq!(SpaceId::from_access_key("HST"), None);
        assert_eq!(SpaceId::from_user("user-1"), None);
    }
}
