//! The IDs of spaces, and the credentials that carry them: whoever calls with one is led to its space, without a
//! list of credentials that would have to be kept and cleaned.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use uuid::Uuid;

use crate::domain::credentials::{AccessKey, Secret};

/// What every token of the real service begins with: the head of a signed message around `{"token":`.
const TOKEN_HEAD: &str =
    "MIIFqgYJKoZIhvcNAQcCoIIFmzCCBZcCAQExDTALBglghkgBZQMEAgEwggO8BgkqhkiG9w0BBwGgggOtBIIDqXsidG9rZW4iOn";

/// How many random bytes a token has after its space, in pieces of 16: more than anybody can guess.
const RANDOM_PIECES: usize = 6;

/// What every access key of a space begins with.
const AK_HEAD: &str = "HST";

/// The ID of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpaceId(u64);

impl SpaceId {
    /// The space that a request belongs to when nothing says otherwise.
    pub const DEFAULT: Self = Self(0);

    /// A new ID that nobody can guess.
    pub(super) fn random() -> Self {
        let [high, low] = [random_u64(), random_u64()];
        Self(if high == 0 { low } else { high })
    }

    /// The space with this ID; not necessarily one that exists.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "default" => Some(Self::DEFAULT),
            _ if text.len() == 16 => u64::from_str_radix(text, 16).ok().map(Self),
            _ => None,
        }
    }

    /// The space that a token was made for; absent: it was made for none.
    pub fn of_token(token: &str) -> Option<Self> {
        let random = token.strip_prefix(TOKEN_HEAD)?.get(..12)?.replace('-', "/");
        let bytes = BASE64_STANDARD.decode(random).ok()?;
        Some(Self(u64::from_be_bytes(*bytes.first_chunk()?)))
    }

    /// The space that an access key was made for; absent: it was made for none.
    pub fn of_access_key(ak: &str) -> Option<Self> {
        u64::from_str_radix(ak.strip_prefix(AK_HEAD)?.get(..13)?, 32).ok().map(Self)
    }

    /// A new token of the space. It looks like a real one: they have `-` for `/`, so that they fit a URL.
    pub(super) fn new_token(self) -> Secret {
        let mut bytes = self.0.to_be_bytes().to_vec();
        bytes.extend((0..RANDOM_PIECES).flat_map(|_| Uuid::new_v4().into_bytes()));
        Secret::new(&format!("{TOKEN_HEAD}{}", BASE64_STANDARD.encode(bytes).replace('/', "-")))
    }

    /// A new access key of the space: 20 characters with a secret of 40, like the real ones.
    pub(super) fn new_access_key(self) -> AccessKey {
        // Twenty bits: more than a space can have partners.
        let random = base32(u64::from(Uuid::new_v4().as_fields().0));
        let sk: String = (0..2).map(|_| Uuid::new_v4().simple().to_string()).collect();
        AccessKey {
            ak: format!("{AK_HEAD}{}{}", base32(self.0), &random[9..]).into(),
            sk: Secret::new(&sk[..40]),
            security_token: None,
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

fn random_u64() -> u64 {
    Uuid::new_v4().as_u64_pair().1
}

/// 13 digits of 5 bits, of the alphabet that `from_str_radix` reads.
fn base32(number: u64) -> String {
    let digit = |place: u32| char::from_digit((number >> (5 * place) & 31) as u32, 32).unwrap_or('0');
    (0..13).rev().map(|place| digit(place).to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::SpaceId;

    #[test]
    fn credentials_lead_to_their_space() {
        for id in [SpaceId::DEFAULT, SpaceId(1), SpaceId(u64::MAX), SpaceId::random()] {
            assert_eq!(SpaceId::of_token(id.new_token().expose()), Some(id));
            let key = id.new_access_key();
            assert_eq!((SpaceId::of_access_key(&key.ak), key.ak.len(), key.sk.expose().len()), (Some(id), 20, 40));
            assert_eq!(SpaceId::parse(&id.to_string()), Some(id));
        }
        assert_eq!(SpaceId::of_token("demo-token"), None);
        assert_eq!(SpaceId::of_access_key("DEMOAK0001"), None);
        assert_eq!(SpaceId::of_access_key("HST"), None);
    }
}
