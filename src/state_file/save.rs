//! Writes the file: one space after the other, so that the locks of one are held only while its parts are collected, and
//! nothing is in memory as a whole.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use jiff::Timestamp;
use serde::ser::{Error, SerializeMap};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::format::{
    ChangedCertificateSpec, ChangedCustomerSpec, ClockSpec, CodeSpec, CoveredSpec, DeletedCustomerSpec, FORMAT,
    ListedSpec, LockoutSpec, MailboxSpec, SourceSpec, TokenSpec, UsedAnswerSpec, VERSION,
};
use crate::domain::{
    Accounts, CertificateNumber, Credentials, DocumentedOutcome, Partner, Secret, StartWorld, TimestampText,
};
use crate::fixture::{CustomerSpec, Library, PartnerSpec, Sequence, Source, WorldStream};
use crate::simulator::{
    Clock, Failures, Mailbox, SavedCertificate, SavedCustomer, SavedSpace, SavedState, ScriptedUses, SpaceId, Spaces,
    TokenOwner,
};

/// Writes all spaces. `served` is what the default space began from, and `default` is that space as it was then.
pub(crate) fn write(
    out: impl io::Write,
    spaces: &Spaces,
    library: &Library,
    (served, default): (Option<Arc<Source>>, SavedSpace),
) -> io::Result<()> {
    let served = served.as_deref();
    let starts = RefCell::new(Starts { library, served, places: HashMap::new(), list: Vec::new() });
    let file = StateDocument { served, starts, spaces, default: RefCell::new(Some(default)) };
    serde_json::to_writer(out, &file).map_err(io::Error::from)
}

struct StateDocument<'a> {
    served: Option<&'a Source>,
    starts: RefCell<Starts<'a>>,
    spaces: &'a Spaces,
    /// Taken when it is written.
    default: RefCell<Option<SavedSpace>>,
}

impl Serialize for StateDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.spaces.list();
        let saved = || {
            let others = all.iter().filter(|space| space.id != SpaceId::DEFAULT && !space.is_removed());
            self.default.take().into_iter().chain(others.map(|space| space.save()))
        };
        let space = |saved: SavedSpace| {
            let start = self.starts.borrow_mut().place(&saved);
            SpaceEntry { saved, start }
        };
        let mut keys = serializer.serialize_map(None)?;
        keys.serialize_entry("format", FORMAT)?;
        keys.serialize_entry("version", &VERSION)?;
        keys.serialize_entry("written_by", env!("CARGO_PKG_VERSION"))?;
        keys.serialize_entry("served", &self.served.map(SourceSpec::from))?;
        keys.serialize_entry("spaces", &Sequence(|| saved().map(space)))?;
        // Which they are is known only now.
        let starts = self.starts.try_borrow().map_err(S::Error::custom)?;
        keys.serialize_entry("starts", &starts.list)?;
        keys.end()
    }
}

impl From<&Source> for SourceSpec {
    fn from(source: &Source) -> Self {
        Self { scenario: source.name.as_str().into(), sha256: source.content_hash().into() }
    }
}

/// The worlds that spaces began from, each once.
struct Starts<'a> {
    library: &'a Library,
    served: Option<&'a Source>,
    /// By the address of what distinguishes worlds. The list keeps it from being used again.
    places: HashMap<*const Accounts, usize>,
    list: Vec<SavedStart>,
}

impl Starts<'_> {
    /// Returns the place of the world that a space began from.
    fn place(&mut self, space: &SavedSpace) -> usize {
        *self.places.entry(Arc::as_ptr(&space.start.accounts)).or_insert_with(|| {
            let is_source =
                |source: &&Source| source.read_scenario().is_some_and(|read| read.world.is_same(&space.start));
            let known = [self.served, self.library.source(&space.scenario).map(|source| &**source)];
            let source = known.into_iter().flatten().find(is_source).map(SourceSpec::from);
            self.list.push(SavedStart { source, world: space.start.clone() });
            self.list.len() - 1
        })
    }
}

struct SavedStart {
    source: Option<SourceSpec>,
    world: StartWorld,
}

impl Serialize for SavedStart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut keys = serializer.serialize_map(None)?;
        if let Some(source) = &self.source {
            keys.serialize_entry("source", source)?;
        }
        keys.serialize_entry("world", &WorldStream(&self.world))?;
        keys.end()
    }
}

/// A space, with the place of its start.
struct SpaceEntry {
    saved: SavedSpace,
    start: usize,
}

impl Serialize for SpaceEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let SavedSpace { id, label, created_at, last_used_at, scenario, start, initial, state } = &self.saved;
        let mut keys = serializer.serialize_map(None)?;
        keys.serialize_entry("id", &id.to_string())?;
        if let Some(label) = label {
            keys.serialize_entry("label", label.as_str())?;
        }
        keys.serialize_entry("created", &TimestampText(*created_at))?;
        keys.serialize_entry("last_used", &TimestampText(*last_used_at))?;
        keys.serialize_entry("scenario", scenario)?;
        keys.serialize_entry("start", &self.start)?;
        if *id != SpaceId::DEFAULT {
            keys.serialize_entry("credentials", &fresh_credentials(initial))?;
        }
        serialize_state(&mut keys, state, start, initial)?;
        keys.end()
    }
}

/// Returns the credentials that a space gave its partners: the first of each kind.
fn fresh_credentials(initial: &StartWorld) -> Vec<Credentials> {
    let first = |partner: &Arc<Partner>| {
        let Credentials { tokens, access_keys, users } = &partner.credentials;
        Credentials {
            tokens: tokens.iter().take(1).cloned().collect(),
            access_keys: access_keys.iter().take(1).cloned().collect(),
            users: users.iter().take(1).cloned().collect(),
        }
    };
    initial.accounts.partners.iter().map(first).collect()
}

fn serialize_state<M: SerializeMap>(
    keys: &mut M,
    state: &SavedState,
    start: &StartWorld,
    initial: &StartWorld,
) -> Result<(), M::Error> {
    let accounts = &state.accounts;
    keys.serialize_entry("started", &TimestampText(state.started_at))?;
    if !state.clock.ahead().is_zero() || state.clock.frozen_at().is_some() {
        keys.serialize_entry("clock", &ClockSpec::from(&state.clock))?;
    }
    let changed = || state.customers.iter().filter_map(|saved| ChangedCustomerSpec::of(saved, accounts));
    serialize_list(keys, "customers", changed)?;
    let deleted = || state.customers.iter().filter(|saved| saved.customer.is_none());
    serialize_list(keys, "deleted_customers", || deleted().map(DeletedCustomerSpec::from))?;
    serialize_list(keys, "certificates", || state.certificates.iter().map(ChangedCertificateSpec::from))?;
    if !are_same(&accounts.partners, &initial.accounts.partners) {
        let partners = || accounts.partners.iter().map(|partner| PartnerSpec::from(&**partner));
        keys.serialize_entry("partners", &Sequence(partners))?;
    }
    let of_start = start.script.len();
    let is_unused = |uses: &ScriptedUses| uses.matched == 0 && uses.used == 0;
    if state.places != (0..of_start) || state.script.len() != of_start || !state.script.iter().all(is_unused) {
        keys.serialize_entry("script", &SavedScript { state, of_start })?;
    }
    serialize_list(keys, "tokens", || state.tokens.iter().map(TokenSpec::from))?;
    serialize_list(keys, "lockouts", || state.lockout.iter().map(LockoutSpec::from))?;
    serialize_list(keys, "mailboxes", || state.mailboxes.iter().map(MailboxSpec::from))?;
    if state.codes_drawn > 0 {
        keys.serialize_entry("codes_drawn", &state.codes_drawn)?;
    }
    serialize_list(keys, "coverage", || state.coverage.iter().map(CoveredSpec::from))?;
    keys.serialize_entry("last_number", &state.last_number)
}

/// Writes a list, unless it is empty.
fn serialize_list<M: SerializeMap, I: Iterator<Item: Serialize>>(
    keys: &mut M,
    key: &'static str,
    list: impl Fn() -> I,
) -> Result<(), M::Error> {
    if list().next().is_none() { Ok(()) } else { keys.serialize_entry(key, &Sequence(list)) }
}

/// Returns true if these are the same partners, not just equal ones.
fn are_same(partners: &[Arc<Partner>], others: &[Arc<Partner>]) -> bool {
    partners.len() == others.len() && partners.iter().zip(others).all(|(partner, other)| Arc::ptr_eq(partner, other))
}

/// The script of a space, whose start has so many answers.
struct SavedScript<'a> {
    state: &'a SavedState,
    of_start: usize,
}

impl Serialize for SavedScript<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let places = &self.state.places;
        let answer = |ScriptedUses { place, matched, used, answer }: &ScriptedUses| UsedAnswerSpec {
            place: *place,
            matched: *matched,
            used: *used,
            answer: (*place >= places.start + self.of_start).then(|| Arc::clone(answer)),
        };
        let mut keys = serializer.serialize_map(Some(3))?;
        keys.serialize_entry("first_place", &places.start)?;
        keys.serialize_entry("next_place", &places.end)?;
        keys.serialize_entry("answers", &Sequence(|| self.state.script.iter().map(answer)))?;
        keys.end()
    }
}

impl From<&Clock> for ClockSpec {
    fn from(clock: &Clock) -> Self {
        let ahead = Some(clock.ahead()).filter(|ahead| !ahead.is_zero()).map(|ahead| ahead.to_string());
        Self { ahead, frozen_at: clock.frozen_at().map(TimestampText) }
    }
}

fn numbers(held: &[CertificateNumber]) -> Vec<String> {
    held.iter().map(|number| number.as_str().to_owned()).collect()
}

impl ChangedCustomerSpec {
    /// Returns `None` if there is no such customer any more.
    fn of(SavedCustomer { id, customer, held }: &SavedCustomer, accounts: &Accounts) -> Option<Self> {
        let customer = CustomerSpec::new(id, customer.as_ref()?, accounts.customer_credentials(id));
        Some(Self { customer, holds: numbers(held) })
    }
}

impl From<&SavedCustomer> for DeletedCustomerSpec {
    fn from(SavedCustomer { id, held, .. }: &SavedCustomer) -> Self {
        Self { id: id.to_string(), holds: numbers(held) }
    }
}

impl From<&SavedCertificate> for ChangedCertificateSpec {
    fn from(SavedCertificate { number, certificate }: &SavedCertificate) -> Self {
        let listed = certificate.as_ref().map(|listed| ListedSpec {
            blocked: listed.blocked,
            verdict: listed.verdict,
            holder: listed.holder.clone(),
        });
        Self { number: number.as_str().to_owned(), listed }
    }
}

impl From<&(Secret, TokenOwner, Timestamp)> for TokenSpec {
    fn from((token, owner, expires_at): &(Secret, TokenOwner, Timestamp)) -> Self {
        let (partner, customer) = match owner {
            TokenOwner::Partner(id) => (Some(id.clone()), None),
            TokenOwner::Customer(id) => (None, Some(id.to_string())),
        };
        Self { token: token.clone(), partner, customer, expires: TimestampText(*expires_at) }
    }
}

impl From<&(DocumentedOutcome, Uuid)> for CoveredSpec {
    fn from((outcome, request_id): &(DocumentedOutcome, Uuid)) -> Self {
        Self { outcome: outcome.to_string(), request_id: request_id.simple().to_string() }
    }
}

impl From<&(Box<str>, Failures)> for LockoutSpec {
    fn from((ak, Failures { in_a_row, locked_at }): &(Box<str>, Failures)) -> Self {
        Self { ak: ak.clone(), in_a_row: *in_a_row, locked_at: locked_at.map(TimestampText) }
    }
}

impl From<&(Box<str>, Mailbox)> for MailboxSpec {
    fn from((email, Mailbox { sent_at, code }): &(Box<str>, Mailbox)) -> Self {
        let code = code.as_ref().map(|code| CodeSpec {
            code: code.code.clone(),
            expires: TimestampText(code.expires_at),
            tries_left: code.tries_left,
        });
        Self { email: email.clone(), sent: sent_at.iter().copied().map(TimestampText).collect(), code }
    }
}
