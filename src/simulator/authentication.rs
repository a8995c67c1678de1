//! Authentication: the accounts that tokens and access keys belong to, issued tokens, and locked access keys.

use std::collections::VecDeque;

use dashmap::DashMap;
use foldhash::HashMap;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Authentication, Caller, Secret};
use crate::simulator::state::SpaceState;

const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// How many issued tokens are kept. The oldest ones are dropped first.
const MAX_TOKENS: usize = 10_000;

/// How many failures in a row an access key may have. One more locks it.
const MAX_FAILURES: u32 = 5;

const LOCKOUT_DURATION: SignedDuration = SignedDuration::from_mins(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    Unknown,
    Expired(Timestamp),
}

impl SpaceState {
    /// Returns the account of a token, which is listed in the world or was issued by IAM. Issued tokens expire by the clock
    /// of the space.
    pub fn caller_by_token(&self, token: &str) -> Result<Caller, TokenError> {
        let token = Secret::new(token);
        if let Some(caller) = self.accounts().caller_by_token(&token) {
            return Ok(caller.clone());
        }
        let issued = self.tokens.lock().expect("lock poisoned: tokens").by_token.get(&token).cloned();
        let caller = match issued {
            Some((_, expires_at)) if self.clock.now() >= expires_at => return Err(TokenError::Expired(expires_at)),
            // The account may have been changed or deleted since the token was issued, by a reset, too.
            Some((Caller::Partner(partner), _)) => {
                self.accounts().partner_by_id(&partner.id).cloned().map(Caller::Partner)
            }
            Some((Caller::Customer(id), _)) => self.store.customer(&id).map(|_| Caller::Customer(id)),
            None => self.lenient_caller(),
        };
        caller.ok_or(TokenError::Unknown)
    }

    /// Returns the caller for unlisted credentials: the first partner. `None` if authentication is strict.
    pub fn lenient_caller(&self) -> Option<Caller> {
        match self.settings().authentication {
            Authentication::Strict => None,
            Authentication::Lenient => self.accounts().partners.first().cloned().map(Caller::Partner),
        }
    }

    pub fn issue_token(&self, caller: Caller) -> IssuedToken {
        let (token, issued_at) = (self.space_id.new_token(), self.clock.now());
        let expires_at = issued_at.saturating_add(TOKEN_LIFETIME).unwrap_or(Timestamp::MAX);
        let Tokens { by_token, by_age } = &mut *self.tokens.lock().expect("lock poisoned: tokens");
        by_token.insert(token.clone(), (caller, expires_at));
        by_age.push_back(token.clone());
        if by_age.len() > MAX_TOKENS
            && let Some(oldest) = by_age.pop_front()
        {
            by_token.remove(&oldest);
        }
        IssuedToken { token, issued_at, expires_at }
    }
}

#[derive(Debug)]
pub struct IssuedToken {
    pub token: Secret,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The tokens that a space has issued, each with its account and the time at which it expires. They survive a reset, as they
/// would survive on the real service.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    by_token: HashMap<Secret, (Caller, Timestamp)>,
    by_age: VecDeque<Secret>,
}

/// The access keys with wrong signatures. Only existing keys are counted, so the map is never larger than their number.
#[derive(Debug, Default)]
pub struct Lockout(DashMap<Box<str>, Failures>);

#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
    locked_at: Option<Timestamp>,
}

impl Lockout {
    /// Returns true while an access key is locked, after too many wrong signatures in a row.
    pub fn is_locked(&self, ak: &str, now: Timestamp) -> bool {
        let locked_at = self.0.get(ak).and_then(|failures| failures.locked_at);
        locked_at.is_some_and(|locked_at| now.duration_since(locked_at) < LOCKOUT_DURATION)
    }

    /// Counts a wrong signature. Returns true if this locked the key.
    pub fn fail(&self, ak: &str, now: Timestamp) -> bool {
        let mut failures = self.0.entry(ak.into()).or_default();
        if failures.locked_at.take().is_some() {
            // The lock has expired, or this signature would not have been verified.
            failures.in_a_row = 0;
        }
        failures.in_a_row += 1;
        failures.locked_at = (failures.in_a_row > MAX_FAILURES).then_some(now);
        failures.locked_at.is_some()
    }

    pub fn succeed(&self, ak: &str) {
        // Most of the time the map is empty, and `remove` would take a write lock.
        if !self.0.is_empty() {
            self.0.remove(ak);
        }
    }
}
