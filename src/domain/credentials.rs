//! Credentials: what an account authenticates with, and the accounts that they belong to.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use foldhash::HashMap;
use subtle::ConstantTimeEq;

use crate::domain::account::{AccountRef, Caller, Partner};

/// A token, a secret key or a password: compared in constant time and never shown.
#[derive(Clone, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes any text.
    pub fn new(secret: &str) -> Self {
        Self(secret.into())
    }

    /// True when these bytes are the secret; takes as long whatever they are.
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(bytes).into()
    }

    /// The secret itself, for the few places that must send or sign with it.
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
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.access_keys.is_empty() && self.users.is_empty()
    }
}

/// Partners and credentials.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// The partners; the first is the one that lenient authentication takes a stranger for.
    pub partners: Vec<Arc<Partner>>,
    tokens: HashMap<Secret, Caller>,
    access_keys: HashMap<Box<str>, (AccessKey, Caller)>,
    users: HashMap<(Box<str>, Box<str>), (User, Caller)>,
}

impl Accounts {
    /// Adds a partner, in the place of one of the same name, and makes its credentials known.
    pub fn put_partner(&mut self, partner: Partner) {
        let partner = Arc::new(partner);
        match self.partners.iter().position(|known| known.name == partner.name) {
            Some(place) => {
                self.forget(AccountRef::Partner(&partner.name));
                self.partners[place] = Arc::clone(&partner);
            }
            None => self.partners.push(Arc::clone(&partner)),
        }
        self.admit(&Caller::Partner(Arc::clone(&partner)), &partner.credentials);
    }

    /// Removes a partner and its credentials; false when there is none of this name.
    pub fn remove_partner(&mut self, name: &str) -> bool {
        let known = self.partners.len();
        self.partners.retain(|partner| *partner.name != *name);
        self.forget(AccountRef::Partner(name));
        self.partners.len() < known
    }

    /// Makes the credentials of an account known.
    pub fn admit(&mut self, caller: &Caller, credentials: &Credentials) {
        for token in &credentials.tokens {
            self.tokens.insert(token.clone(), caller.clone());
        }
        for key in &credentials.access_keys {
            self.access_keys.insert(key.ak.clone(), (key.clone(), caller.clone()));
        }
        for user in &credentials.users {
            let name = (caller.account_name().into(), user.name.clone());
            self.users.insert(name, (user.clone(), caller.clone()));
        }
    }

    /// Gives an account these credentials in the place of those it had.
    ///
    /// # Errors
    /// The kind of credential that another account has already; then nothing changes.
    pub fn replace_credentials(&mut self, caller: &Caller, credentials: &Credentials) -> Result<(), &'static str> {
        self.check_credentials(caller.account(), credentials)?;
        self.forget(caller.account());
        self.admit(caller, credentials);
        Ok(())
    }

    /// Checks that no other account has one of these credentials.
    ///
    /// # Errors
    /// The kind of credential that another account has.
    pub fn check_credentials(&self, account: AccountRef<'_>, credentials: &Credentials) -> Result<(), &'static str> {
        let is_other = |caller: &Caller| caller.account() != account;
        let mut keys = credentials.access_keys.iter().filter_map(|key| self.access_keys.get(&key.ak));
        if credentials.tokens.iter().any(|token| self.tokens.get(token).is_some_and(is_other)) {
            Err("token")
        } else if keys.any(|(_, caller)| is_other(caller)) {
            Err("access key")
        } else {
            Ok(())
        }
    }

    /// Forgets the credentials of an account.
    pub fn forget(&mut self, account: AccountRef<'_>) {
        self.tokens.retain(|_, caller| caller.account() != account);
        self.access_keys.retain(|_, (_, caller)| caller.account() != account);
        self.users.retain(|_, (_, caller)| caller.account() != account);
    }

    /// The credentials of an account, each kind in the order of its names.
    pub fn credentials(&self, account: AccountRef<'_>) -> Credentials {
        let is_its = |caller: &Caller| caller.account() == account;
        let mut credentials = Credentials {
            tokens: self.tokens.iter().filter(|(_, caller)| is_its(caller)).map(|(token, _)| token.clone()).collect(),
            access_keys: self
                .access_keys
                .values()
                .filter(|(_, caller)| is_its(caller))
                .map(|(key, _)| key.clone())
                .collect(),
            users: self.users.values().filter(|(_, caller)| is_its(caller)).map(|(user, _)| user.clone()).collect(),
        };
        credentials.tokens.sort_unstable_by(|a, b| a.expose().cmp(b.expose()));
        credentials.access_keys.sort_unstable_by(|a, b| a.ak.cmp(&b.ak));
        credentials.users.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        credentials
    }

    /// The partner with this name.
    pub fn partner(&self, name: &str) -> Option<&Arc<Partner>> {
        self.partners.iter().find(|partner| *partner.name == *name)
    }

    /// The partner with this account ID.
    pub fn partner_by_id(&self, id: &str) -> Option<&Arc<Partner>> {
        self.partners.iter().find(|partner| *partner.id == *id)
    }

    /// Whose token this is.
    pub fn caller_by_token(&self, token: &str) -> Option<&Caller> {
        self.tokens.get(&Secret::new(token))
    }

    /// The access key with this ID, and whose it is.
    pub fn access_key(&self, ak: &str) -> Option<&(AccessKey, Caller)> {
        self.access_keys.get(ak)
    }

    /// The user with this name in the account with this name.
    pub fn user(&self, account: &str, name: &str) -> Option<&(User, Caller)> {
        self.users.get(&(account.into(), name.into()))
    }
}
