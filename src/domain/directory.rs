//! The directory: the partners, and all credentials with whose they are.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap as SecretMap;

use super::caller::{Account, Caller};
use super::credential::{AccessKey, Credentials, Secret, Shown, User};
use super::partner::Partner;

/// Partners and credentials.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// The partners; the first is the one that lenient authentication takes a stranger for.
    pub partners: Vec<Arc<Partner>>,
    tokens: SecretMap<Secret, Caller, RandomState>,
    access_keys: HashMap<Box<str>, (AccessKey, Caller), RandomState>,
    users: HashMap<(Box<str>, Box<str>), (User, Caller)>,
}

impl Directory {
    /// Adds a partner, in the place of one of the same name, and makes its credentials known.
    pub fn put_partner(&mut self, partner: Partner) {
        let partner = Arc::new(partner);
        match self.partners.iter().position(|known| known.name == partner.name) {
            Some(place) => {
                self.forget(Account::Partner(&partner.name));
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
        self.forget(Account::Partner(name));
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
    pub fn check_credentials(&self, account: Account<'_>, credentials: &Credentials) -> Result<(), &'static str> {
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
    pub fn forget(&mut self, account: Account<'_>) {
        self.tokens.retain(|_, caller| caller.account() != account);
        self.access_keys.retain(|_, (_, caller)| caller.account() != account);
        self.users.retain(|_, (_, caller)| caller.account() != account);
    }

    /// The credentials of an account, each kind in the order of its names.
    #[must_use]
    pub fn credentials(&self, account: Account<'_>) -> Credentials {
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
    #[must_use]
    pub fn partner(&self, name: &str) -> Option<&Arc<Partner>> {
        self.partners.iter().find(|partner| *partner.name == *name)
    }

    /// The partner with this account ID.
    #[must_use]
    pub fn partner_of_account(&self, id: &str) -> Option<&Arc<Partner>> {
        self.partners.iter().find(|partner| *partner.id == *id)
    }

    /// Whose token this is.
    #[must_use]
    pub fn caller_by_token(&self, token: &str) -> Option<&Caller> {
        self.tokens.get(&Shown(token))
    }

    /// The access key with this ID, and whose it is.
    #[must_use]
    pub fn access_key(&self, ak: &str) -> Option<&(AccessKey, Caller)> {
        self.access_keys.get(ak)
    }

    /// The user with this name in the account with this name.
    #[must_use]
    pub fn user(&self, account: &str, name: &str) -> Option<&(User, Caller)> {
        self.users.get(&(account.into(), name.into()))
    }
}
