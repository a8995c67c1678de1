//! Credentials: what an account proves itself with.

use std::fmt;
use std::hash::{Hash, Hasher};

use hashbrown::Equivalent;
use subtle::ConstantTimeEq;

/// A token, a secret key or a password: compared in constant time and never shown.
#[derive(Clone, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes any text.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(secret.into())
    }

    /// True when these bytes are the secret; takes as long whatever they are.
    #[must_use]
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(bytes).into()
    }

    /// The secret itself, for the few places that must send or sign with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.0.as_bytes())
    }
}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// A text that somebody shows for a secret: finds the secret that it is, in constant time once the hash is the same.
#[derive(Hash)]
pub struct Shown<'a>(pub &'a str);

impl Equivalent<Secret> for Shown<'_> {
    fn equivalent(&self, secret: &Secret) -> bool {
        secret.is(self.0.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// An access key: the public half names the key, the secret half signs.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// The access key ID.
    pub ak: Box<str>,
    /// The secret access key.
    pub sk: Secret,
    /// The `X-Security-Token` that a temporary key has to come with.
    pub security_token: Option<Secret>,
}

/// A user who can ask IAM for a token.
#[derive(Clone, Debug)]
pub struct User {
    /// The user's name.
    pub name: Box<str>,
    /// The user's password.
    pub password: Secret,
}

/// All that an account can prove itself with.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Tokens that never expire.
    pub tokens: Vec<Secret>,
    /// Access keys.
    pub access_keys: Vec<AccessKey>,
    /// Users.
    pub users: Vec<User>,
}

impl Credentials {
    /// True when there is nothing to prove oneself with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.access_keys.is_empty() && self.users.is_empty()
    }
}
