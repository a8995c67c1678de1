//! The IDs of spaces, and credentials that contain them: a request finds its space by its credential, without a list of
//! credentials that would have to be kept and cleaned.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::{AccessKey, Secret, User};

/// The beginning of every token of the real service: the head of a signed message around `{"token":`.
const TOKEN_PREFIX: &str =
    "MIIFqgYJKoZIhvcNAQcCoIIFmzCCBZcCAQExDTALBglghkgBZQMEAgEwggO8BgkqhkiG9w0BBwGgggOtBIIDqXsidG9rZW4iOn";

/// How many digits of a token tell its space, which they do not end with.
const TOKEN_DIGITS: usize = 12;

/// How much of a token after its prefix has the name of a simulator and these digits.
const TOKEN_HEAD: usize = SimulatorName::MAX_LENGTH + TOKEN_MARK.len_utf8() + TOKEN_DIGITS;

/// How many UUIDs a token has after its space: more random bytes than can be guessed.
const TOKEN_UUIDS: usize = 6;

/// The beginning of every access key of a space.
const AK_PREFIX: &str = "HST";

/// How many digits of an access key are its space.
const AK_DIGITS: usize = 13;

/// The beginning of the name of every user of a space.
const USER_PREFIX: &str = "user-";

/// How many hexadecimal digits the secret of an access key and a password have.
const SK_DIGITS: usize = 40;
const PASSWORD_DIGITS: usize = 32;

/// How many of these are a checksum of those before them. By it a secret is known for one, whatever space it is of.
const CHECKSUM_DIGITS: usize = 8;

/// What ends the name in a token. No digit of Base64 is one.
const TOKEN_MARK: char = '.';

/// What ends the name in an access key. No digit of the space is one.
const AK_MARK: char = 'X';

/// The ID of the default space.
const DEFAULT: &str = "default";

/// How many digits the number of a space has in its ID.
const ID_DIGITS: usize = 16;

/// The name of a simulator, which marks the IDs and credentials of its spaces. A balancer in front of several simulators finds by it
/// where a request belongs. A simulator that stands alone has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SimulatorName([u8; Self::MAX_LENGTH]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {} characters of a-z and 0-9", SimulatorName::MAX_LENGTH)]
pub struct InvalidName;

impl SimulatorName {
    const MAX_LENGTH: usize = 8;
    const NONE: Self = Self([0; Self::MAX_LENGTH]);

    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(Self::MAX_LENGTH);
        str::from_utf8(&self.0[..length]).expect("a name is ASCII")
    }

    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Takes a name and its mark from the beginning of a text, if they are there.
    fn strip_from(text: &str, mark: char) -> Option<(Self, &str)> {
        match text.get(..=Self::MAX_LENGTH)?.find(mark) {
            Some(at) => Some((text[..at].parse().ok()?, &text[at + mark.len_utf8()..])),
            None => Some((Self::NONE, text)),
        }
    }

    /// Returns the name with its mark. Without a name there is no mark.
    fn marked(self, mark: char) -> String {
        if self.is_none() { String::new() } else { format!("{}{mark}", self.as_str()) }
    }
}

impl FromStr for SimulatorName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_valid = !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
        let mut name = Self::NONE;
        let bytes = name.0.get_mut(..text.len()).filter(|_| is_valid).ok_or(InvalidName)?;
        bytes.copy_from_slice(text.as_bytes());
        Ok(name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpaceId {
    /// The simulator that made it.
    pub simulator: SimulatorName,
    number: u64,
}

impl SpaceId {
    /// The space of requests that name no other. Each simulator has its own.
    pub const DEFAULT: Self = Self { simulator: SimulatorName::NONE, number: 0 };

    /// Cannot be guessed.
    pub(super) fn random(simulator: SimulatorName) -> Self {
        let [high, low] = [(); 2].map(|()| Uuid::new_v4().as_u64_pair().1);
        Self { simulator, number: if high == 0 { low } else { high } }
    }

    /// Parses an ID. The space does not necessarily exist.
    pub fn parse(text: &str) -> Option<Self> {
        if text == DEFAULT {
            return Some(Self::DEFAULT);
        }
        let (simulator, number) = match text.split_once('-') {
            Some((name, number)) => (name.parse().ok()?, number),
            None => (SimulatorName::NONE, text),
        };
        let is_number = number.len() == ID_DIGITS && number.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = is_number.then(|| u64::from_str_radix(number, 16).ok())??;
        Some(Self { simulator, number })
    }

    /// Returns the space that a token was made for, if it was made for one.
    pub fn from_token(token: &[u8]) -> Option<Self> {
        let token = token.strip_prefix(TOKEN_PREFIX.as_bytes())?;
        let head = str::from_utf8(&token[..token.len().min(TOKEN_HEAD)]).ok()?;
        let (simulator, random) = SimulatorName::strip_from(head, TOKEN_MARK)?;
        let bytes = BASE64_STANDARD.decode(random.get(..TOKEN_DIGITS)?.replace('-', "/")).ok()?;
        Some(Self { simulator, number: u64::from_be_bytes(*bytes.first_chunk()?) })
    }

    /// Returns the space that an access key was made for, if it was made for one.
    pub fn from_access_key(ak: &str) -> Option<Self> {
        let (simulator, digits) = SimulatorName::strip_from(ak.strip_prefix(AK_PREFIX)?, AK_MARK)?;
        let number = u64::from_str_radix(digits.get(..AK_DIGITS)?, 32).ok()?;
        Some(Self { simulator, number })
    }

    /// Returns the space of a token or an access key that stands somewhere in a text.
    pub fn within(text: &[u8]) -> Option<Self> {
        // Nearly all tokens are whole or short. Preparing the search costs thousands of instructions.
        let whole = Self::from_token(text);
        if whole.is_some() || text.len() < AK_PREFIX.len() + AK_DIGITS {
            return whole;
        }
        let text = str::from_utf8(text).ok()?;
        let by_token =
            |text: &str| text.match_indices(TOKEN_PREFIX).find_map(|(at, _)| Self::from_token(&text.as_bytes()[at..]));
        let may_have_token = text.len() > TOKEN_PREFIX.len();
        let by_key = || text.match_indices(AK_PREFIX).find_map(|(at, _)| Self::from_access_key(&text[at..]));
        may_have_token.then(|| by_token(text)).flatten().or_else(by_key)
    }

    /// Returns true if a text has what was made as a credential of a space, whichever it is: a token, an access key, its secret
    /// or a password.
    pub fn has_credential(text: &str) -> bool {
        Self::within(text.as_bytes()).is_some() || text.split(|c: char| !c.is_ascii_hexdigit()).any(has_checksum)
    }

    /// Returns the space that a user was made for, if it was made for one.
    pub fn from_user(name: &str) -> Option<Self> {
        name.strip_prefix(USER_PREFIX).and_then(Self::parse)
    }

    /// Returns a new token of the space. Like a real one it has `-` in the place of `/`, so that it fits into a URL.
    pub(super) fn new_token(self) -> Secret {
        let mut bytes = self.number.to_be_bytes().to_vec();
        bytes.extend((0..TOKEN_UUIDS).flat_map(|_| Uuid::new_v4().into_bytes()));
        let name = self.simulator.marked(TOKEN_MARK);
        Secret::new(&format!("{TOKEN_PREFIX}{name}{}", BASE64_STANDARD.encode(bytes).replace('/', "-")))
    }

    /// Returns a new access key of the space. Like a real one it has 20 characters, without the simulator's name, and a secret of 40.
    pub(super) fn new_access_key(self) -> AccessKey {
        // 20 of these bits are used.
        let random = base32(u64::from(Uuid::new_v4().as_fields().0));
        let name = self.simulator.marked(AK_MARK);
        AccessKey {
            ak: format!("{AK_PREFIX}{name}{}{}", base32(self.number), &random[9..]).into(),
            sk: new_secret(SK_DIGITS),
            security_token: None,
        }
    }

    /// Returns the user of the space, with a new password.
    pub(super) fn new_user(self) -> User {
        User { name: format!("{USER_PREFIX}{self}").into(), password: new_secret(PASSWORD_DIGITS) }
    }
}

impl fmt::Display for SpaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::DEFAULT => f.write_str(DEFAULT),
            Self { simulator, number } => write!(f, "{}{number:016x}", simulator.marked('-')),
        }
    }
}

/// Returns a secret of so many hexadecimal digits: random ones, and a checksum of them.
fn new_secret(digits: usize) -> Secret {
    let random: String = (0..2).map(|_| Uuid::new_v4().simple().to_string()).collect();
    let random = &random[..digits - CHECKSUM_DIGITS];
    Secret::new(&format!("{random}{}", checksum(random)))
}

fn checksum(random: &str) -> String {
    hex::encode(&Sha256::digest(random)[..CHECKSUM_DIGITS / 2])
}

/// Returns true for a secret of any space.
fn has_checksum(word: &str) -> bool {
    [SK_DIGITS, PASSWORD_DIGITS].contains(&word.len())
        && word.split_at_checked(word.len() - CHECKSUM_DIGITS).is_some_and(|(random, end)| checksum(random) == end)
}

/// Returns 13 digits of 5 bits, in the alphabet of `from_str_radix`.
fn base32(number: u64) -> String {
    let digit = |place: u32| char::from_digit((number >> (5 * place) & 31) as u32, 32).unwrap_or('0');
    (0..13).rev().map(|place| digit(place).to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::{InvalidName, SimulatorName, SpaceId, TOKEN_PREFIX};

    fn ids() -> impl Iterator<Item = SpaceId> {
        let names = ["a", "a1", "xyz", "v0v0v0v0"].map(|name| name.parse().expect("a name"));
        let id = |simulator, number| SpaceId { simulator, number };
        let of = move |simulator| [id(simulator, 1), id(simulator, u64::MAX), SpaceId::random(simulator)];
        [SimulatorName::NONE].into_iter().chain(names).flat_map(of).chain([SpaceId::DEFAULT])
    }

    #[test]
    fn credentials_contain_their_space() {
        for id in ids() {
            assert_eq!(SpaceId::from_token(id.new_token().expose().as_bytes()), Some(id));
            let key = id.new_access_key();
            assert_eq!((SpaceId::from_access_key(&key.ak), key.sk.expose().len()), (Some(id), 40));
            let name = id.simulator.marked('X');
            assert_eq!((&key.ak[..3 + name.len()], key.ak.len()), (&*format!("HST{name}"), 20 + name.len()));
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

    #[test]
    fn credentials_of_any_space_are_found_in_texts() {
        for id in ids() {
            let (token, key, user) = (id.new_token(), id.new_access_key(), id.new_user());
            let cut = &token.expose()[..TOKEN_PREFIX.len() + 3];
            for credential in [token.expose(), &key.ak, key.sk.expose(), user.password.expose()] {
                for text in
                    [credential.to_owned(), format!("{cut} or key={credential}&x"), format!("é\"{credential}\"")]
                {
                    assert!(SpaceId::has_credential(&text), "{text}");
                }
            }
            let (sk, password) = (key.sk.expose(), user.password.expose());
            assert_eq!((sk.len(), password.len()), (40, 32));
            for other in [cut, &user.name, &id.to_string(), &sk[1..], &password[..31], &"0".repeat(40), &"é".repeat(20)]
            {
                assert!(!SpaceId::has_credential(other), "{other}");
            }
        }
    }

    #[test]
    fn the_beginning_of_an_id_or_a_credential_tells_the_simulator() {
        let beginnings = |name: &str| [format!("{name}-"), format!("{TOKEN_PREFIX}{name}."), format!("HST{name}X")];
        for id in ids() {
            let made = [id.to_string(), id.new_token().expose().to_owned(), id.new_access_key().ak.into()];
            for name in ["a", "a1", "xyz", "v0v0v0v0"] {
                let is_of = beginnings(name).iter().zip(&made).all(|(beginning, made)| made.starts_with(beginning));
                assert_eq!(is_of, id.simulator.as_str() == name, "{made:?}");
            }
        }
    }

    #[test]
    fn a_name_has_one_to_eight_lower_case_letters_and_digits() {
        for name in ["a", "0", "alpha", "12345678"] {
            assert_eq!(name.parse::<SimulatorName>().expect("a name").as_str(), name);
        }
        for text in ["", "123456789", "Alpha", "a-b", "a.b", "ä", "a ", "a\0"] {
            assert_eq!(text.parse::<SimulatorName>(), Err(InvalidName), "{text}");
        }
    }

    #[test]
    fn parse_refuses_what_only_looks_like_an_id() {
        for text in
            ["", "-", "Default", "+00000000000000f", "-000000000000000f", "A-000000000000000f", "alpha-default", "a-0"]
        {
            assert_eq!(SpaceId::parse(text), None, "{text}");
        }
    }
}
