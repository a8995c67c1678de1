//! Authentication: the accounts that tokens and access keys belong to, issued tokens, and locked access keys. And the quota:
//! how many requests each caller sends to each path.

use std::collections::VecDeque;
use std::sync::Mutex;

use dashmap::DashMap;
use foldhash::{HashMap, HashSet};
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Authentication, Caller, CustomerId, Endpoint, Quota, Secret, checks, gateway};
use crate::simulator::outcome::ApiError;
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
            Some((TokenOwner::Partner(id), _)) => self.accounts().partner_by_id(&id).cloned().map(Caller::Partner),
            Some((TokenOwner::Customer(id), _)) => self.store.customer(&id).map(|_| Caller::Customer(id)),
            None => self.lenient_caller(),
        };
        caller.ok_or(TokenError::Unknown)
    }

    /// Returns the tokens that IAM has issued.
    pub fn issued_tokens(&self) -> HashSet<Secret> {
        self.tokens.lock().expect("lock poisoned: tokens").by_token.keys().cloned().collect()
    }

    /// Returns the caller for unlisted credentials: the first partner. `None` if authentication is strict.
    pub fn lenient_caller(&self) -> Option<Caller> {
        match self.settings().authentication {
            Authentication::Strict => None,
            Authentication::Lenient => self.accounts().partners.first().cloned().map(Caller::Partner),
        }
    }

    pub fn issue_token(&self, caller: &Caller) -> IssuedToken {
        let (token, issued_at) = (self.space_id.new_token(), self.clock.now());
        let expires_at = issued_at.saturating_add(TOKEN_LIFETIME).unwrap_or(Timestamp::MAX);
        let owner = match caller {
            Caller::Partner(partner) => TokenOwner::Partner(partner.id.clone()),
            Caller::Customer(id) => TokenOwner::Customer(id.clone()),
        };
        self.tokens.lock().expect("lock poisoned: tokens").add(token.clone(), owner, expires_at);
        IssuedToken { token, issued_at, expires_at }
    }
}

#[derive(Debug)]
pub struct IssuedToken {
    pub token: Secret,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The account that a token was issued to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenOwner {
    /// By its account ID.
    Partner(Box<str>),
    Customer(CustomerId),
}

/// The tokens that a space has issued, each with its account and the time at which it expires. They survive a reset, as they
/// would survive on the real service.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    by_token: HashMap<Secret, (TokenOwner, Timestamp)>,
    by_age: VecDeque<Secret>,
}

impl Tokens {
    pub(super) fn add(&mut self, token: Secret, owner: TokenOwner, expires_at: Timestamp) {
        self.by_token.insert(token.clone(), (owner, expires_at));
        self.by_age.push_back(token);
        if self.by_age.len() > MAX_TOKENS
            && let Some(oldest) = self.by_age.pop_front()
        {
            self.by_token.remove(&oldest);
        }
    }

    /// Returns the tokens, the oldest first.
    pub(super) fn list(&self) -> Vec<(Secret, TokenOwner, Timestamp)> {
        let token = |token: &Secret| {
            let (owner, expires_at) = self.by_token.get(token)?;
            Some((token.clone(), owner.clone(), *expires_at))
        };
        self.by_age.iter().filter_map(token).collect()
    }
}

/// The access keys with wrong signatures. Only existing keys are counted, so the map is never larger than their number.
#[derive(Debug, Default)]
pub struct Lockout(DashMap<Box<str>, Failures>);

/// The wrong signatures of an access key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failures {
    pub in_a_row: u32,
    pub locked_at: Option<Timestamp>,
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

    /// Returns the access keys with wrong signatures.
    pub(super) fn list(&self) -> Vec<(Box<str>, Failures)> {
        self.0.iter().map(|entry| (entry.key().clone(), *entry)).collect()
    }

    pub(super) fn restore(&self, ak: Box<str>, failures: Failures) {
        self.0.insert(ak, failures);
    }

    pub fn succeed(&self, ak: &str) {
        // Most of the time the map is empty, and `remove` would take a write lock.
        if !self.0.is_empty() {
            self.0.remove(ak);
        }
    }
}

/// The requests of a second. The window is fixed (assumed: the gateway's documentation does not say how it counts).
#[derive(Debug, Default)]
pub(super) struct QuotaWindow(Mutex<(i64, Counts)>);

/// How many requests each caller sent to each path. There are no more callers in a second than requests.
type Counts = HashMap<(Box<str>, &'static str), u32>;

/// The text of the gateway, which follows that of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy user over ratelimit,limit:{limit},time:1 second")]
pub struct QuotaExceeded {
    limit: u32,
}

impl From<QuotaExceeded> for ApiError {
    fn from(exceeded: QuotaExceeded) -> Self {
        let (check, error) = (&checks::QUOTA, gateway::THROTTLED);
        Self::Gateway { check, error, detail: Some(exceeded.to_string().into()) }
    }
}

impl SpaceState {
    /// Counts a request of the account with this ID, unless the quota is used up.
    pub fn take_quota(&self, account_id: &str, endpoint: &Endpoint) -> Result<(), QuotaExceeded> {
        self.count_request(account_id, endpoint, 1)
    }

    /// Returns what [`take_quota`](Self::take_quota) would return now, and counts nothing.
    pub fn preview_quota(&self, account_id: &str, endpoint: &Endpoint) -> Result<(), QuotaExceeded> {
        self.count_request(account_id, endpoint, 0)
    }

    fn count_request(&self, account_id: &str, endpoint: &Endpoint, added: u32) -> Result<(), QuotaExceeded> {
        let Quota(Some(limit)) = self.settings().quota else { return Ok(()) };
        let (second, counts) = &mut *self.quota.0.lock().expect("lock poisoned: quota");
        let now = self.clock.now().as_second();
        if *second != now {
            (*second, *counts) = (now, Counts::default());
        }
        let count = counts.entry((account_id.into(), endpoint.path)).or_default();
        if *count >= limit.get() {
            return Err(QuotaExceeded { limit: limit.get() });
        }
        *count += added;
        Ok(())
    }
}
