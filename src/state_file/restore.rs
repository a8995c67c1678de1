//! Reads the file, checks that all of it fits together, and puts its spaces into a simulator.

use std::collections::HashSet;
use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use jiff::SignedDuration;
use uuid::Uuid;

use super::format::{
    ChangedCertificateSpec, ChangedCustomerSpec, ClockSpec, CoveredSpec, DeletedCustomerSpec, FORMAT, Header,
    LockoutSpec, MailboxSpec, ScriptSpec, SourceSpec, SpaceSpec, StartSpec, StateSpec, TokenSpec, UsedAnswerSpec,
    VERSION,
};
use crate::domain::{
    AccountRef, Accounts, Certificate, CertificateNumber, Credentials, CustomerId, DocumentedOutcome, Label, Secret,
    StartWorld, TimestampText, VerificationCode, excerpt,
};
use crate::fixture::{CustomerSpec, Document, Library, LoadError, PartnerSpec, ScenarioSpec};
use crate::simulator::{
    Clock, Failures, MAX_SPACES, Mailbox, SavedCertificate, SavedCustomer, SavedSpace, SavedState, ScriptedUses,
    SpaceId, Spaces, TokenOwner, with_credentials,
};

/// What is wrong with a file, and where.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidState(String);

type Result<T> = std::result::Result<T, InvalidState>;

/// Refuses a file because of what is wrong at a place in it.
fn invalid<T>(place: impl Display, what: impl Display) -> Result<T> {
    Err(InvalidState::new(&format!("{place}: {what}")))
}

impl InvalidState {
    /// Says what is wrong. What the file has in it can be long, and can have characters that control a terminal.
    fn new(text: &str) -> Self {
        Self(excerpt(&text.replace(char::is_control, "\u{fffd}")).into_owned())
    }
}

/// The most of anything that is counted. What is more would overflow soon.
const MAX_COUNT: u64 = 1 << 53;

/// How errors begin that are about a key and not about a value.
const ABOUT_KEYS: [&str; 3] = ["missing field", "unknown field", "duplicate field"];

/// Says what is wrong with the text without the value: it may be a secret.
fn without_value(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if !error.is_data() || ABOUT_KEYS.iter().any(|beginning| text.starts_with(beginning)) {
        return text;
    }
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("a value is another one than expected: {expected}"),
        None => format!("a value cannot be read at line {} column {}", error.line(), error.column()),
    }
}

/// What has become of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Restored {
    /// How many spaces there are now.
    pub(crate) spaces: usize,
    /// Why the default space has begun again. `None` if it goes on.
    pub(crate) begun_again: Option<String>,
}

/// Reads a file, and puts its spaces into a simulator that has just been made. The default space begins again if the
/// simulator serves another scenario now, or if that says something else: as after a reload, it keeps its clock.
pub(crate) fn restore(text: &[u8], library: &Library, spaces: &mut Spaces) -> Result<Restored> {
    let StateSpec { served, spaces: specs, starts, .. } = read(text)?;
    let starts: Vec<_> = starts
        .into_iter()
        .enumerate()
        .map(|(place, start)| RestoredStart::of(place, start, library))
        .collect::<Result<_>>()?;
    let saved: Vec<_> = specs
        .into_iter()
        .enumerate()
        .map(|(index, spec)| {
            let Some(start) = starts.get(spec.start) else {
                return invalid(format!("spaces[{index}].start"), format!("there is no start {}", spec.start));
            };
            Ok((Reader { place: format!("spaces[{index}]") }.space(spec, start)?, start))
        })
        .collect::<Result<_>>()?;
    let mut ids = HashSet::new();
    if let Some((twice, _)) = saved.iter().find(|(space, _)| !ids.insert(space.id)) {
        return invalid("spaces", format!("the space {} is there twice", twice.id));
    }
    if !ids.contains(&SpaceId::DEFAULT) || ids.len() > MAX_SPACES + 1 {
        return invalid("spaces", format!("there have to be the default one and at most {MAX_SPACES} others"));
    }
    let mut begun_again = None;
    for (space, start) in saved {
        if space.id == SpaceId::DEFAULT {
            begun_again = why_again(served.as_ref(), start.source.as_ref(), library, &spaces.scenario);
        }
        spaces.restore(space);
    }
    if begun_again.is_some()
        && let Ok(scenario) = library.scenario(&spaces.scenario)
    {
        spaces.default_space().replace(Arc::clone(&spaces.scenario), &scenario.world);
    }
    Ok(Restored { spaces: ids.len(), begun_again })
}

/// Reads the text. The error of another format or version does not depend on the rest.
fn read(text: &[u8]) -> Result<StateSpec> {
    if text.is_empty() {
        return Err(InvalidState::new("the file is empty"));
    }
    let no_state =
        |error: serde_json::Error| InvalidState::new(&format!("it is no state of bss-sim: {}", without_value(&error)));
    let Header { format, version } = serde_json::from_slice(text).map_err(no_state)?;
    if format != FORMAT {
        return invalid("format", "it is no state of bss-sim");
    }
    if version != VERSION {
        return invalid("version", format!("it is {version}, and this program reads {VERSION} alone"));
    }
    serde_json::from_slice(text).map_err(no_state)
}

/// Returns why the default space cannot go on. It can if nothing has changed of the scenario that is served, or if it does not
/// come from there: a control call has given it another world.
fn why_again(
    before: Option<&SourceSpec>,
    start: Option<&SourceSpec>,
    library: &Library,
    scenario: &str,
) -> Option<String> {
    let before = before?;
    if *before.scenario != *scenario {
        return Some(format!("the scenario is `{scenario}` now, and was `{}`", before.scenario));
    }
    let is_changed = library.source(scenario).is_some_and(|source| source.content_hash() != &*before.sha256);
    (start == Some(before) && is_changed).then(|| format!("the scenario `{scenario}` has changed"))
}

/// A world that spaces began from.
struct RestoredStart {
    world: StartWorld,
    source: Option<SourceSpec>,
}

impl RestoredStart {
    /// If the library has the same world, it is shared with it.
    fn of(place: usize, StartSpec { source, world }: StartSpec, library: &Library) -> Result<Self> {
        let world = converted(&format!("starts[{place}].world"), world, ScenarioSpec::check)?;
        let is_same = |source: &SourceSpec| {
            let known = library.source(&source.scenario)?;
            (known.content_hash() == &*source.sha256).then(|| known.scenario().world.clone())
        };
        let known = source.as_ref().and_then(is_same);
        Ok(Self { world: known.unwrap_or(world), source })
    }
}

/// Converts a value that scenarios have, too.
fn converted<T, M>(place: &str, value: T, convert: impl FnOnce(T, &mut Document<'_>) -> M) -> Result<M> {
    Document::convert_value(value, convert).map_err(|LoadError { problems, .. }| {
        let [key, message] =
            problems.into_iter().next().map(|problem| [problem.key, problem.message]).unwrap_or_default();
        InvalidState::new(&format!("{place}.{key}: {message}"))
    })
}

/// Converts a space that is at this place of the file.
struct Reader {
    place: String,
}

impl Reader {
    fn invalid<T>(&self, key: impl Display, what: impl Display) -> Result<T> {
        invalid(format!("{}.{key}", self.place), what)
    }

    fn space(&self, spec: SpaceSpec, start: &RestoredStart) -> Result<SavedSpace> {
        let start = &start.world;
        let Some(id) = SpaceId::parse(&spec.id) else { return self.invalid("id", format!("`{}` is no ID", spec.id)) };
        let label = match spec.label.map(Label::try_from).transpose() {
            Ok(label) => label,
            Err(error) => return self.invalid("label", error),
        };
        let initial = if id == SpaceId::DEFAULT { start.clone() } else { self.initial(start, spec.credentials)? };
        let customers = self.customers(spec.customers)?;
        let accounts = self.accounts(&initial, spec.partners, &customers, &spec.deleted_customers)?;
        let mut customers: Vec<_> = customers.into_iter().map(|(customer, _)| customer).collect();
        customers.extend(spec.deleted_customers.into_iter().map(SavedCustomer::from));
        self.check_partners(&accounts, &mut customers)?;
        let mut ids = HashSet::with_capacity(customers.len());
        if let Some(twice) = customers.iter().find(|saved| !ids.insert(&saved.id)) {
            return self.invalid("customers", format!("the customer {} is there twice", twice.id));
        }
        let (script, places) = self.script(start, spec.script)?;
        for (key, count) in [("last_number", spec.last_number), ("codes_drawn", spec.codes_drawn)] {
            self.check_count(key, count)?;
        }
        let state = SavedState {
            started_at: spec.started.0,
            certificates: spec.certificates.into_iter().map(SavedCertificate::from).collect(),
            accounts,
            script,
            places,
            clock: self.clock(spec.clock)?,
            tokens: spec.tokens.into_iter().map(|token| self.token(token)).collect::<Result<_>>()?,
            lockout: spec.lockouts.into_iter().map(failures).collect(),
            mailboxes: spec.mailboxes.into_iter().map(mailbox).collect(),
            codes_drawn: spec.codes_drawn,
            coverage: spec.coverage.into_iter().map(|covered| self.covered(&covered)).collect::<Result<_>>()?,
            last_number: spec.last_number,
            customers,
        };
        let (created_at, last_used_at, start) = (spec.created.0, spec.last_used.0, start.clone());
        Ok(SavedSpace { id, label, created_at, last_used_at, scenario: spec.scenario, start, initial, state })
    }

    /// Gives the partners of a start the credentials that the space had given them.
    fn initial(&self, start: &StartWorld, credentials: Vec<Credentials>) -> Result<StartWorld> {
        let first = |Credentials { tokens, access_keys, users }: Credentials| {
            Some((tokens.into_iter().next()?, access_keys.into_iter().next()?, users.into_iter().next()?))
        };
        let partners = start.accounts.partners.len();
        let given: Vec<_> = credentials.into_iter().map_while(first).collect();
        if given.len() != partners {
            return self.invalid(
                "credentials",
                format!("each of the {partners} partners needs a token, an access key and a user"),
            );
        }
        let mut given = given.into_iter();
        Ok(with_credentials(start, |_, _| given.next().expect("there are as many as partners")))
    }

    fn customers(&self, specs: Vec<ChangedCustomerSpec>) -> Result<Vec<(SavedCustomer, Credentials)>> {
        let customer = |(index, ChangedCustomerSpec { customer, holds }): (usize, _)| {
            let place = format!("{}.customers[{index}].customer", self.place);
            let (id, customer, credentials) = converted(&place, customer, CustomerSpec::check)?;
            Ok((SavedCustomer { id, customer: Some(customer.into()), held: certificates(&holds) }, credentials))
        };
        specs.into_iter().enumerate().map(customer).collect()
    }

    /// Returns the accounts as they were. What has not changed is shared with those of the start.
    fn accounts(
        &self,
        initial: &StartWorld,
        partners: Option<Vec<PartnerSpec>>,
        customers: &[(SavedCustomer, Credentials)],
        deleted: &[DeletedCustomerSpec],
    ) -> Result<Arc<Accounts>> {
        let mut accounts = Arc::clone(&initial.accounts);
        let changed = |(saved, credentials): &&(SavedCustomer, Credentials)| {
            initial.accounts.customer_credentials(&saved.id) != *credentials
        };
        let changed: Vec<_> = customers.iter().filter(changed).collect();
        let deleted = deleted.iter().map(|deleted| CustomerId::new(&deleted.id));
        // First all that goes, so that credentials can have moved from one account to another.
        for id in changed.iter().map(|(saved, _)| saved.id.clone()).chain(deleted) {
            if !initial.accounts.customer_credentials(&id).is_empty() {
                Arc::make_mut(&mut accounts).remove_customer_credentials(&id);
            }
        }
        if let Some(specs) = partners {
            let accounts = Arc::make_mut(&mut accounts);
            for partner in &initial.accounts.partners {
                accounts.remove_partner(&partner.name);
            }
            for (index, spec) in specs.into_iter().enumerate() {
                let place = format!("partners[{index}]");
                let partner = converted(&format!("{}.{place}", self.place), spec, PartnerSpec::check)?;
                let is_twice = accounts.partner(&partner.name).or(accounts.partner_by_id(&partner.id)).is_some();
                if is_twice
                    || accounts.check_credentials(AccountRef::Partner(&partner.name), &partner.credentials).is_err()
                {
                    return self.invalid(place, "its name, its ID or a credential belongs to another account");
                }
                accounts.put_partner(partner);
            }
        }
        for (SavedCustomer { id, .. }, credentials) in changed {
            if let Err(kind) = accounts.check_credentials(AccountRef::Customer(id), credentials) {
                return self.invalid("customers", format!("the {kind} of {id} belongs to another account"));
            }
            Arc::make_mut(&mut accounts).put_customer_credentials(id, credentials.clone());
        }
        Ok(accounts)
    }

    /// Checks that the partners of customers exist. Customers share the names of their partners.
    fn check_partners(&self, accounts: &Accounts, customers: &mut [SavedCustomer]) -> Result<()> {
        let names: HashSet<_> = accounts.partners.iter().map(|partner| Arc::clone(&partner.name)).collect();
        for SavedCustomer { id, customer, .. } in customers {
            let Some(name) = customer.as_mut().and_then(|customer| Arc::make_mut(customer).partner.as_mut()) else {
                continue;
            };
            match names.get(name) {
                Some(known) => *name = Arc::clone(known),
                None => {
                    return self.invalid("customers", format!("{id} is of the partner `{name}`, which is not there"));
                }
            }
        }
        Ok(())
    }

    fn script(&self, start: &StartWorld, spec: Option<ScriptSpec>) -> Result<(Vec<ScriptedUses>, Range<usize>)> {
        let of_start = start.script.len();
        let Some(ScriptSpec { first_place, next_place, answers }) = spec else {
            let unused = start.script.iter().cloned().enumerate();
            let unused = unused.map(|(place, answer)| ScriptedUses { place, matched: 0, used: 0, answer });
            return Ok((unused.collect(), 0..of_start));
        };
        let counts = answers.iter().flat_map(|answer| [answer.matched, answer.used]);
        counts.chain([first_place, next_place]).try_for_each(|count| self.check_count("script", count as u64))?;
        let places = answers.iter().map(|answer| answer.place);
        let is_given = |place: usize| (first_place..next_place).contains(&place);
        if !places.clone().is_sorted_by(|one, next| one < next) || !places.clone().all(is_given) {
            return self
                .invalid("script", "the places of its answers have to grow, from `first_place` up to `next_place`");
        }
        let uses = |UsedAnswerSpec { place, matched, used, answer }: UsedAnswerSpec| {
            let of_start = place.checked_sub(first_place).and_then(|number| start.script.get(number));
            let Some(answer) = of_start.cloned().or(answer) else {
                return self.invalid("script", format!("the start has no answer {place}"));
            };
            match answer.misfit() {
                Some(misfit) => self.invalid("script", format!("answer {place}: {}", misfit.message)),
                None => Ok(ScriptedUses { place, matched, used, answer }),
            }
        };
        Ok((answers.into_iter().map(uses).collect::<Result<_>>()?, first_place..next_place))
    }

    /// Refuses a number that nothing can have been counted to.
    fn check_count(&self, key: &str, count: u64) -> Result<()> {
        if count > MAX_COUNT { self.invalid(key, format!("it is more than {MAX_COUNT}")) } else { Ok(()) }
    }

    fn clock(&self, ClockSpec { ahead, frozen_at }: ClockSpec) -> Result<Clock> {
        match ahead.map(|ahead| ahead.parse::<SignedDuration>()).transpose() {
            Ok(ahead) => Ok(Clock::with(ahead.unwrap_or_default(), frozen_at.map(|at| at.0))),
            Err(error) => self.invalid("clock.ahead", error),
        }
    }

    fn token(&self, spec: TokenSpec) -> Result<(Secret, TokenOwner, jiff::Timestamp)> {
        let owner = match (spec.partner, spec.customer) {
            (Some(id), None) => TokenOwner::Partner(id),
            (None, Some(id)) => TokenOwner::Customer(CustomerId::new(&id)),
            _ => return self.invalid("tokens", "a token belongs to a partner or to a customer"),
        };
        Ok((spec.token, owner, spec.expires.0))
    }

    fn covered(&self, CoveredSpec { outcome, request_id }: &CoveredSpec) -> Result<(DocumentedOutcome, Uuid)> {
        let known = DocumentedOutcome::all().find(|known| known.to_string() == *outcome);
        match known.zip(Uuid::parse_str(request_id).ok()) {
            Some(covered) => Ok(covered),
            None => self.invalid("coverage", format!("`{outcome}` by `{request_id}` is no outcome with its request")),
        }
    }
}

fn certificates(numbers: &[String]) -> Vec<CertificateNumber> {
    numbers.iter().map(|number| CertificateNumber::new(number)).collect()
}

impl From<DeletedCustomerSpec> for SavedCustomer {
    fn from(DeletedCustomerSpec { id, holds }: DeletedCustomerSpec) -> Self {
        Self { id: CustomerId::new(&id), customer: None, held: certificates(&holds) }
    }
}

impl From<ChangedCertificateSpec> for SavedCertificate {
    fn from(ChangedCertificateSpec { number, listed }: ChangedCertificateSpec) -> Self {
        let certificate = listed.map(|listed| Certificate {
            blocked: listed.blocked,
            holder: listed.holder,
            verdict: listed.verdict,
        });
        Self { number: CertificateNumber::new(&number), certificate: certificate.map(Arc::new) }
    }
}

fn failures(LockoutSpec { ak, in_a_row, locked_at }: LockoutSpec) -> (Box<str>, Failures) {
    // Far more than lock a key are all the same.
    (ak, Failures { in_a_row: in_a_row.min(u32::MAX / 2), locked_at: locked_at.map(|at| at.0) })
}

fn mailbox(MailboxSpec { email, sent, code }: MailboxSpec) -> (Box<str>, Mailbox) {
    let code =
        code.map(|code| VerificationCode { code: code.code, expires_at: code.expires.0, tries_left: code.tries_left });
    (email, Mailbox { sent_at: sent.into_iter().map(|TimestampText(at)| at).collect(), code })
}
