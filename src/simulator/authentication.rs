//! Callers: whose credentials these are.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use dashmap::DashMap;
use jiff::{SignedDuration, Timestamp};

use crate::domain::account::Caller;
use crate::domain::credentials::Secret;
use crate::domain::settings::Authentication;
use crate::simulator::state::SpaceState;

/// Why a token lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Nobody has it.
    Unknown,
    /// It was good until then.
    Expired(Timestamp),
}

impl SpaceState {
    /// Whose token this is: listed in the world, or issued by IAM.
    ///
    /// # Errors
    /// When it is nobody's, or has expired on the clock of the space.
    pub fn caller_by_token(&self, token: &str) -> Result<Caller, TokenError> {
        if let Some(caller) = self.accounts().caller_by_token(token) {
            return Ok(caller.clone());
        }
        match self.tokens.find(token) {
            Some((_, expires_at)) if self.clock.now() >= expires_at => Err(TokenError::Expired(expires_at)),
            Some((caller, _)) => self.present(caller).ok_or(TokenError::Unknown),
            None => self.lenient_caller().ok_or(TokenError::Unknown),
        }
    }

    /// The caller as it is now: a partner may have been changed, or deleted, since its token was issued.
    fn present(&self, caller: Caller) -> Option<Caller> {
        match caller {
            Caller::Partner(partner) => self.accounts().partner(&partner.name).cloned().map(Caller::Partner),
            Caller::Customer(_) => Some(caller),
        }
    }

    /// Who somebody with unknown credentials is: with lenient authentication the first partner, else nobody.
    pub fn lenient_caller(&self) -> Option<Caller> {
        let is_lenient = self.world.settings.authentication == Authentication::Lenient;
        let first = self.accounts().partners.first().cloned();
        first.filter(|_| is_lenient).map(Caller::Partner)
    }

    /// Issues a token.
    pub fn issue_token(&self, caller: Caller) -> IssuedToken {
        self.tokens.issue(self.space.new_token(), caller, self.clock.now())
    }

    /// True while too many wrong signatures in a row keep an access key locked.
    pub fn is_locked(&self, ak: &str) -> bool {
        self.lockout.is_locked(ak, self.clock.now())
    }

    /// Notes whether a signature with an access key was right. True when it was one wrong one too many.
    pub fn note_signature(&self, ak: &str, was_right: bool) -> bool {
        if was_right {
            self.lockout.succeed(ak);
        }
        !was_right && self.lockout.fail(ak, self.clock.now())
    }
}

/// How long a token is good for.
const VALIDITY: SignedDuration = SignedDuration::from_hours(24);

/// The most tokens that are kept; the oldest go first.
const MAX_TOKENS: usize = 10_000;

/// A token as it was issued.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: Secret,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// The tokens of an era.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<Issued>);

#[derive(Debug, Default)]
struct Issued {
    by_token: HashMap<Secret, (Caller, Timestamp)>,
    in_order: VecDeque<Secret>,
}

impl Tokens {
    /// Keeps a new token.
    pub(super) fn issue(&self, token: Secret, caller: Caller, now: Timestamp) -> IssuedToken {
        let expires_at = now.saturating_add(VALIDITY).unwrap_or(Timestamp::MAX);
        let mut issued = self.0.lock().expect("nothing panics while it holds the tokens");
        issued.by_token.insert(token.clone(), (caller, expires_at));
        issued.in_order.push_back(token.clone());
        if issued.in_order.len() > MAX_TOKENS
            && let Some(oldest) = issued.in_order.pop_front()
        {
            issued.by_token.remove(&oldest);
        }
        IssuedToken { token, issued_at: now, expires_at }
    }

    /// Whose token this is, and until when it is good.
    pub(super) fn find(&self, token: &str) -> Option<(Caller, Timestamp)> {
        let issued = self.0.lock().expect("nothing panics while it holds the tokens");
        if issued.by_token.is_empty() { None } else { issued.by_token.get(&Secret::new(token)).cloned() }
    }
}

/// This many wrong signatures in a row are let pass; one more locks.
const PATIENCE: u32 = 5;

/// How long a key stays locked.
const LOCKED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// The access keys that failed lately. Only keys that exist are ever counted, so there are no more entries than keys.
#[derive(Debug, Default)]
pub(super) struct Lockout {
    failures: DashMap<Box<str>, Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
    locked_at: Option<Timestamp>,
}

impl Lockout {
    /// True while the key is locked.
    pub(super) fn is_locked(&self, ak: &str, now: Timestamp) -> bool {
        let locked_at = self.failures.get(ak).and_then(|failures| failures.locked_at);
        locked_at.is_some_and(|at| now.duration_since(at) < LOCKED_FOR)
    }

    /// Counts a wrong signature; true when it was one too many.
    pub(super) fn fail(&self, ak: &str, now: Timestamp) -> bool {
        let mut failures = self.failures.entry(ak.into()).or_default();
        if failures.locked_at.take().is_some() {
            // The lock that was here has run out, or this would not have been verified.
            failures.in_a_row = 0;
        }
        failures.in_a_row += 1;
        failures.locked_at = (failures.in_a_row > PATIENCE).then_some(now);
        failures.locked_at.is_some()
    }

    /// Forgets the failures of a key that has signed rightly.
    pub(super) fn succeed(&self, ak: &str) {
        if !self.failures.is_empty() {
            self.failures.remove(ak);
        }
    }
}
