//! The credentials that a request shows, as far as they say to which space it belongs. They are not verified here.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::extract::X_AUTH_TOKEN;
use super::signature;
use crate::domain::{Accounts, Secret};
use crate::simulator::SpaceId;

/// The values of `X-Auth-Token` and `Authorization`, of which the first counts first.
#[derive(Clone, Copy)]
pub struct ShownCredentials<'a> {
    pub token: Option<&'a [u8]>,
    pub authorization: Option<&'a [u8]>,
}

impl<'a> ShownCredentials<'a> {
    pub fn of(headers: &'a HeaderMap) -> Self {
        let mut shown = Self { token: None, authorization: None };
        // To compare all names once takes less than to look up each of these.
        for (name, value) in headers {
            if *name == X_AUTH_TOKEN {
                shown.token.get_or_insert(value.as_bytes());
            } else if *name == AUTHORIZATION {
                shown.authorization.get_or_insert(value.as_bytes());
            }
        }
        shown
    }

    /// The space for which the token or the access key was made. A broken credential, such as a token in quotes, is refused in the
    /// space of the one inside, where a test looks for it.
    pub fn space(self) -> Option<SpaceId> {
        let by_key = || match self.access_key() {
            Some(ak) => SpaceId::from_access_key(ak),
            None => SpaceId::within(self.authorization?),
        };
        self.token.and_then(SpaceId::within).or_else(by_key)
    }

    /// Returns true if the token or the access key is listed among these.
    pub fn is_listed(self, accounts: &Accounts) -> bool {
        let token = self.token.and_then(|token| str::from_utf8(token).ok());
        token.is_some_and(|token| accounts.caller_by_token(&Secret::new(token)).is_some())
            || self.access_key().is_some_and(|ak| accounts.access_key(ak).is_some())
    }

    fn access_key(self) -> Option<&'a str> {
        signature::access_key(self.authorization?)
    }
}
