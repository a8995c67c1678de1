//! Registrations: customers that the API creates, what is looked up before, and the verification codes that they need: which
//! code each mail address has, and how many it got. A reset forgets all codes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{
    CodeRequest, CustomerId, IdentityCheck, KnownAccounts, Partner, Registration, Ruling, VerificationCode,
};
use crate::simulator::outcome::Change;
use crate::simulator::script::split_mix;
use crate::simulator::state::SpaceState;
use crate::simulator::store::CustomerChange;

/// An account that was created.
#[derive(Debug)]
pub struct NewAccount {
    pub name: Box<str>,
    /// It has the account's ID.
    pub change: Change,
}

impl SpaceState {
    /// Creates a customer, if all conditions hold. It becomes one of the partner after `settings.association_after`. A wrong
    /// verification code counts as a try.
    pub fn register(&self, partner: &Partner, registration: &Registration<'_>) -> (Ruling, Option<NewAccount>) {
        let _lock = self.write_lock();
        let mut mailboxes = self.verification_codes.lock();
        let (accounts, customers, now) = (self.accounts(), self.customers(), self.clock.now());
        let known = KnownAccounts { accounts: &accounts, customers: &customers };
        let code = registration.email().and_then(|address| mailboxes.code(address));
        let ruling = registration.decide(partner, &known, code, now);
        if let Some(address) = registration.email() {
            if ruling.refused_by.is_none() {
                mailboxes.use_up(address);
            } else if Registration::is_wrong_try(&ruling) {
                mailboxes.count_try(address);
            }
        }
        let account = ruling.refused_by.is_none().then(|| {
            let id = CustomerId::new(&random_id());
            let name: Box<str> = registration.account_name().map_or_else(random_id, str::to_owned).into();
            let after = self.settings().association_after.unwrap_or_default();
            let associated_on = now.saturating_add(after).unwrap_or(Timestamp::MAX);
            let customer = registration.customer(partner, &name, associated_on);
            let change = Change::creation(&id, &customer);
            self.store.change_customer(&id, |_| ((), CustomerChange::Put(customer)));
            NewAccount { name, change }
        });
        (ruling, account)
    }

    /// Returns true if an account has what is checked.
    pub fn is_used(&self, check: &IdentityCheck<'_>) -> bool {
        let (accounts, customers) = (self.accounts(), self.customers());
        check.is_used(&KnownAccounts { accounts: &accounts, customers: &customers })
    }
}

/// Returns a text of 32 hexadecimal digits.
fn random_id() -> String {
    Uuid::new_v4().simple().to_string()
}

/// How many mail addresses are remembered. The one that has waited longest for another code is forgotten first.
const MAX_ADDRESSES: usize = 10_000;

/// What is drawn: codes have draws of their own.
const CODE: u64 = 1 << 62;

#[derive(Debug)]
pub struct VerificationCodes {
    seed: u64,
    mailboxes: Mutex<Mailboxes>,
}

#[derive(Debug, Default)]
pub(super) struct Mailboxes {
    by_address: HashMap<Box<str>, Mailbox, RandomState>,
    /// How many codes were drawn.
    drawn: u64,
}

/// The codes of a mail address.
#[derive(Clone, Debug, Default)]
pub struct Mailbox {
    /// When codes were sent in the last day. No more than the limit.
    pub sent_at: Vec<Timestamp>,
    /// The latest code, until it is used.
    pub code: Option<VerificationCode>,
}

impl VerificationCodes {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, mailboxes: Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Mailboxes> {
        self.mailboxes.lock().expect("lock poisoned: verification codes")
    }

    /// Sends a code, if the address may get one. It takes the place of the one before (assumed).
    pub fn send(&self, request: &CodeRequest<'_>, now: Timestamp) -> Ruling {
        let Mailboxes { by_address, drawn } = &mut *self.lock();
        let mailbox = by_address.entry((&*request.email).into()).or_default();
        mailbox.sent_at.retain(|at| CodeRequest::counts(*at, now));
        let ruling = CodeRequest::decide(&mailbox.sent_at, now);
        if ruling.refused_by.is_none() {
            let digits = format!("{:06}", split_mix(split_mix(self.seed ^ CODE) ^ *drawn) % 1_000_000);
            *drawn += 1;
            mailbox.sent_at.push(now);
            mailbox.code = Some(request.code(&digits, now));
        }
        if by_address.len() > MAX_ADDRESSES {
            let oldest = by_address.iter().min_by_key(|(_, mailbox)| mailbox.sent_at.last());
            let oldest = oldest.map(|(address, _)| address.clone());
            oldest.and_then(|address| by_address.remove(&address));
        }
        ruling
    }

    /// Returns the mail addresses, and how many codes were drawn.
    pub(super) fn save(&self) -> (Vec<(Box<str>, Mailbox)>, u64) {
        let Mailboxes { by_address, drawn } = &*self.lock();
        (by_address.iter().map(|(address, mailbox)| (address.clone(), mailbox.clone())).collect(), *drawn)
    }

    pub(super) fn restore(&self, mailboxes: Vec<(Box<str>, Mailbox)>, drawn: u64) {
        *self.lock() = Mailboxes { by_address: mailboxes.into_iter().collect(), drawn };
    }

    /// Returns the codes, each with its address, in the order of the addresses.
    pub fn list(&self) -> Vec<(Box<str>, VerificationCode)> {
        let mailboxes = self.lock();
        let codes =
            mailboxes.by_address.iter().filter_map(|(address, mailbox)| Some((address.clone(), mailbox.code.clone()?)));
        let mut codes: Vec<_> = codes.collect();
        codes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        codes
    }
}

impl Mailboxes {
    /// Returns the latest code of an address.
    pub(super) fn code(&self, address: &str) -> Option<&VerificationCode> {
        self.by_address.get(address)?.code.as_ref()
    }

    /// Counts a wrong try.
    pub(super) fn count_try(&mut self, address: &str) {
        if let Some(code) = self.by_address.get_mut(address).and_then(|mailbox| mailbox.code.as_mut()) {
            code.tries_left = code.tries_left.saturating_sub(1);
        }
    }

    /// Uses the code of an address: it is good for one registration (assumed).
    pub(super) fn use_up(&mut self, address: &str) {
        if let Some(mailbox) = self.by_address.get_mut(address) {
            mailbox.code = None;
        }
    }
}
