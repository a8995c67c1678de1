//! Credentials, and the accounts that they belong to.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use foldhash::HashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::domain::account::{AccountRef, Caller, CustomerId, Partner};

/// A token, a secret key or a password. It is compared in constant time. Only a serialized world shows it.
#[derive(Clone, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Box<str>);

impl Secret {
    /// Accepts any text.
    pub fn new(secret: &str) -> Self {
        Self(secret.into())
    }

    /// Compares in constant time.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(bytes).into()
    }

    /// Returns the secret, for the few places that send it or sign with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.0.as_bytes())
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

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// The access key ID.
    pub ak: Box<str>,
    /// The secret access key.
    #[schemars(with = "String")]
    pub sk: Secret,
    /// The security token that a temporary key has to come with. A permanent key has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub security_token: Option<Secret>,
}

/// A user who can ask IAM for a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The user's name.
    pub name: Box<str>,
    /// The user's password.
    #[schemars(with = "String")]
    pub password: Secret,
}

/// The credentials of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Credentials {
    /// Values of `X-Auth-Token`, which never expire.
    #[schemars(with = "Vec<String>")]
    pub tokens: Vec<Secret>,
    /// Access keys.
    pub access_keys: Vec<AccessKey>,
    /// Users who can ask IAM for a token.
    pub users: Vec<User>,
}

impl Credentials {
    /// Returns true if there are no credentials.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.access_keys.is_empty() && self.users.is_empty()
    }
}

/// All partners, and the credentials of all accounts.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// The partners. Lenient authentication maps unlisted credentials to the first one.
    pub partners: Vec<Arc<Partner>>,
    /// The credentials of customers. Those of a partner are a field of the partner.
    customers: HashMap<CustomerId, Credentials>,
    tokens: HashMap<Secret, Caller>,
    access_keys: HashMap<Box<str>, (AccessKey, Caller)>,
    users: HashMap<(Box<str>, Box<str>), (User, Caller)>,
}

impl Accounts {
    /// Adds a partner and its credentials. A partner with the same name is replaced.
    pub fn put_partner(&mut self, partner: Partner) {
        let partner = Arc::new(partner);
        let caller = Caller::Partner(Arc::clone(&partner));
        match self.partners.iter().position(|known| known.name == partner.name) {
            Some(index) => {
                let before = std::mem::replace(&mut self.partners[index], Arc::clone(&partner));
                self.remove_from_indexes(caller.account(), &before.credentials);
            }
            None => self.partners.push(Arc::clone(&partner)),
        }
        self.add_to_indexes(&caller, &partner.credentials);
    }

    /// Removes a partner and its credentials. Returns false if there is no partner with this name.
    pub fn remove_partner(&mut self, name: &str) -> bool {
        let Some(index) = self.partners.iter().position(|partner| *partner.name == *name) else { return false };
        let partner = self.partners.remove(index);
        self.remove_from_indexes(AccountRef::Partner(name), &partner.credentials);
        true
    }

    pub fn put_customer_credentials(&mut self, id: &CustomerId, credentials: Credentials) {
        self.remove_customer_credentials(id);
        if !credentials.is_empty() {
            self.add_to_indexes(&Caller::Customer(id.clone()), &credentials);
            self.customers.insert(id.clone(), credentials);
        }
    }

    pub fn remove_customer_credentials(&mut self, id: &CustomerId) {
        if let Some(credentials) = self.customers.remove(id) {
            self.remove_from_indexes(AccountRef::Customer(id), &credentials);
        }
    }

    pub fn customer_credentials(&self, id: &CustomerId) -> Credentials {
        self.customers.get(id).cloned().unwrap_or_default()
    }

    /// Checks that no other account has one of these credentials. Returns the kind of credential that one has.
    pub fn check_credentials(&self, account: AccountRef<'_>, credentials: &Credentials) -> Result<(), &'static str> {
        let is_other = |caller: &Caller| caller.account() != account;
        let mut keys = credentials.access_keys.iter().filter_map(|key| self.access_keys.get(&key.ak));
        if credentials.tokens.iter().any(|token| self.tokens.get(token).is_some_and(is_other)) {
            Err("token")
        } else if keys.any(|(_, caller)| is_other(caller)) {
            Err("access key")
        } else if credentials.users.iter().any(|user| {
            let known = self.user(account.name(), &user.name);
            known.is_some_and(|(_, caller)| is_other(caller))
        }) {
            Err("user")
        } else {
            Ok(())
        }
    }

    pub fn partner(&self, name: &str) -> Option<&Arc<Partner>> {
        self.partners.iter().find(|partner| *partner.name == *name)
    }

    pub fn partner_by_id(&self, id: &str) -> Option<&Arc<Partner>> {
        self.partners.iter().find(|partner| *partner.id == *id)
    }

    pub fn caller_by_token(&self, token: &Secret) -> Option<&Caller> {
        self.tokens.get(token)
    }

    /// Returns the secrets of all accounts.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let of_partners = self.partners.iter().map(|partner| &partner.credentials);
        of_partners.chain(self.customers.values()).flat_map(|Credentials { tokens, access_keys, users }| {
            let of_keys = access_keys.iter().flat_map(|key| [&key.sk].into_iter().chain(&key.security_token));
            tokens.iter().chain(of_keys).chain(users.iter().map(|user| &user.password))
        })
    }

    pub fn access_key(&self, ak: &str) -> Option<&(AccessKey, Caller)> {
        self.access_keys.get(ak)
    }

    pub fn user(&self, account_name: &str, name: &str) -> Option<&(User, Caller)> {
        self.users.get(&(account_name.into(), name.into()))
    }

    fn add_to_indexes(&mut self, caller: &Caller, credentials: &Credentials) {
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

    /// Removes the credentials of an account. No other account has one of them.
    fn remove_from_indexes(&mut self, account: AccountRef<'_>, credentials: &Credentials) {
        for token in &credentials.tokens {
            self.tokens.remove(token);
        }
        for key in &credentials.access_keys {
            self.access_keys.remove(&key.ak);
        }
        for user in &credentials.users {
            self.users.remove(&(account.name().into(), user.name.clone()));
        }
    }
}
