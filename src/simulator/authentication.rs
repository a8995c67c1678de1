//! Authentication: the accounts that tokens and access keys belong to, issued tokens, and locked access keys.

use std::collections::VecDeque;
use std::sync::Mutex;

use dashmap::DashMap;
use foldhash::HashMap;
use jiff::{SignedDuration, Timestamp};

use crate::domain::account::Caller;
use crate::domain::credentials::Secret;
use crate::domain::settings::Authentication;
use crate::simulator::state::SpaceState;

/// How long an issued token is valid.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// How many issued tokens are kept. The oldest ones are dropped first.
const MAX_TOKENS: usize = 10_000;

/// How many failures in a row an access key may have. One more locks it.
const MAX_FAILURES: u32 = 5;

/// How long an access key stays locked.
const LOCKOUT_DURATION: SignedDuration = SignedDuration::from_mins(5);

/// Why a token is not accepted.
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
        match self.tokens.get(&token) {
            Some((_, expires_at)) if self.clock.now() >= expires_at => Err(TokenError::Expired(expires_at)),
            Some((caller, _)) => self.current_caller(caller).ok_or(TokenError::Unknown),
            None => self.lenient_caller().ok_or(TokenError::Unknown),
        }
    }

    /// Returns the caller as it is now: its partner may have been changed or deleted since the token was issued.
    fn current_caller(&self, caller: Caller) -> Option<Caller> {
        match caller {
            Caller::Partner(partner) => self.accounts().partner(&partner.name).cloned().map(Caller::Partner),
            Caller::Customer(_) => Some(caller),
        }
    }

    /// Returns the caller for unlisted credentials: the first partner. `None` if authentication is strict.
    pub fn lenient_caller(&self) -> Option<Caller> {
        match self.settings().authentication {
            Authentication::Strict => None,
            Authentication::Lenient => self.accounts().partners.first().cloned().map(Caller::Partner),
        }
    }

    pub fn issue_token(&self, caller: Caller) -> IssuedToken {
        self.tokens.issue(self.space_id.new_token(), caller, self.clock.now())
    }

    /// Returns true while an access key is locked, after too many wrong signatures in a row.
    pub fn is_locked(&self, ak: &str) -> bool {
        self.lockout.is_locked(ak, self.clock.now())
    }

    /// Records whether a signature with an access key was right. Returns true if this locked the key.
    pub fn record_signature(&self, ak: &str, is_right: bool) -> bool {
        if is_right {
            self.lockout.succeed(ak);
        }
        !is_right && self.lockout.fail(ak, self.clock.now())
    }
}

#[derive(Debug)]
pub struct IssuedToken {
    pub token: Secret,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The tokens that a space has issued since its last reset.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<TokenList>);

#[derive(Debug, Default)]
struct TokenList {
    by_token: HashMap<Secret, (Caller, Timestamp)>,
    by_age: VecDeque<Secret>,
}

impl Tokens {
    fn issue(&self, token: Secret, caller: Caller, now: Timestamp) -> IssuedToken {
        let expires_at = now.saturating_add(TOKEN_LIFETIME).unwrap_or(Timestamp::MAX);
        let mut list = self.0.lock().expect("lock poisoned: tokens");
        list.by_token.insert(token.clone(), (caller, expires_at));
        list.by_age.push_back(token.clone());
        if list.by_age.len() > MAX_TOKENS
            && let Some(oldest) = list.by_age.pop_front()
        {
            list.by_token.remove(&oldest);
        }
        IssuedToken { token, issued_at: now, expires_at }
    }

    /// Returns the account of a token and the time at which the token expires.
    fn get(&self, token: &Secret) -> Option<(Caller, Timestamp)> {
        self.0.lock().expect("lock poisoned: tokens").by_token.get(token).cloned()
    }
}

/// The access keys with wrong signatures. Only existing keys are counted, so the map is never larger than their number.
#[derive(Debug, Default)]
pub(super) struct Lockout(DashMap<Box<str>, Failures>);

#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
    locked_at: Option<Timestamp>,
}

impl Lockout {
    fn is_locked(&self, ak: &str, now: Timestamp) -> bool {
        let locked_at = self.0.get(ak).and_then(|failures| failures.locked_at);
        locked_at.is_some_and(|locked_at| now.duration_since(locked_at) < LOCKOUT_DURATION)
    }

    /// Counts a wrong signature. Returns true if this locked the key.
    fn fail(&self, ak: &str, now: Timestamp) -> bool {
        let mut failures = self.0.entry(ak.into()).or_default();
        if failures.locked_at.take().is_some() {
            // The lock has expired, or this signature would not have been verified.
            failures.in_a_row = 0;
        }
        failures.in_a_row += 1;
        failures.locked_at = (failures.in_a_row > MAX_FAILURES).then_some(now);
        failures.locked_at.is_some()
    }

    fn succeed(&self, ak: &str) {
        // Most of the time the map is empty, and `remove` would take a write lock.
        if !self.0.is_empty() {
            self.0.remove(ak);
        }
    }
}
