//! Tokens that IAM has issued.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use crate::domain::caller::Caller;
use crate::domain::credential::Secret;

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
