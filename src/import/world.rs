//! The world of a scenario, as the answers of a capture say: its partners, customers, certificates and settings, written.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::call::{Credential, RecordedCall};
use super::caller::{Callers, LearnedPartner, Login, is_id};
use super::difference::{has_message, names_field};
use super::learned::{LearnedCertificate, LearnedCustomer, LearnedReview, Learner, Ordered, join_by_customers};
use crate::domain::{ApiCode, ErrorCode, RealNameStatus, Review, gateway};

/// What the world is, and what is done in it.
#[derive(Debug, Default)]
pub(super) struct LearnedWorld {
    pub(super) settings: Map<String, Value>,
    pub(super) partners: Vec<Value>,
    pub(super) customers: Vec<Value>,
    pub(super) certificates: Vec<Value>,
    /// For each caller, what an exchange is sent `as`; `None` if it cannot be.
    pub(super) callers: Vec<Option<String>>,
    /// The reviews, each with the place of the call before which it was decided.
    pub(super) reviews: Vec<LearnedReview>,
}

/// The limits of a simulator that has no others.
const DEFAULT_LIMIT: usize = 3;

/// The name of a holder of whom only that it is another is known.
const ANOTHER_HOLDER: &str = "Another Holder";

impl LearnedWorld {
    pub(super) fn of(callers: &Callers, calls: &[RecordedCall]) -> Self {
        let mut numbers = callers.numbers();
        join_by_customers(&mut numbers, callers, calls);
        let partners = callers.partners(&numbers);
        let mut learner = Learner {
            numbers,
            customers: Ordered::new(),
            certificates: Ordered::new(),
            reviews: Vec::new(),
            own_ids: HashMap::new(),
            refused: HashMap::new(),
        };
        for (place, call) in calls.iter().enumerate() {
            if callers.list[call.caller].is_partner {
                learner.learn(place, call);
            }
        }
        Self::written(learner, callers, &partners, calls)
    }

    fn written(learner: Learner, callers: &Callers, partners: &[LearnedPartner], calls: &[RecordedCall]) -> Self {
        let Learner { numbers, mut customers, mut certificates, reviews, own_ids, refused } = learner;
        // Of any others a scenario would be refused, and a call that names one is refused before any rule.
        customers.list.retain(|(id, _)| is_id(id));
        certificates.list.retain(|(number, _)| is_id(number));
        let names = names(partners);
        let attempts = customers.list.iter().map(|(_, customer)| customer.exhausted_after.unwrap_or(customer.attempts));
        let attempts = attempts.max().unwrap_or(0).max(DEFAULT_LIMIT);
        let holders = certificates.list.iter().map(|(_, known)| known.worn_out_after.unwrap_or(known.holders.len()));
        let holders = holders.max().unwrap_or(0).max(DEFAULT_LIMIT);
        let mut settings = settings(calls);
        for (name, limit) in [("attempts_per_customer", attempts), ("customers_per_certificate", holders)] {
            if limit != DEFAULT_LIMIT {
                settings.insert(name.to_owned(), limit.into());
            }
        }
        let has_other = customers.list.iter().any(|(_, customer)| customer.partner.is_none() && customer.is_of_other);
        let mut listed: Vec<_> =
            customers.list.iter().map(|(id, customer)| customer.spec(id, &names, attempts)).collect();
        // Two partners cannot have one ID, whatever the answers say.
        let mut given = HashSet::new();
        let mut written: Vec<_> = (0..partners.len())
            .filter(|number| {
                *number == 0 || numbers.iter().zip(&callers.list).any(|(of, caller)| of == number && caller.is_partner)
            })
            .map(|number| {
                let ids = [own_ids.get(&number), partners[number].account.as_ref().map(|account| &account.id)];
                let id = ids.into_iter().flatten().find(|id| is_id(id) && given.insert((*id).clone())).cloned();
                let is_ready = refused.get(&number).is_none_or(|(not_ready, others)| *not_ready == 0 || *others > 0);
                partner_spec(number, id, is_ready, &names[number], partners, &numbers, callers)
            })
            .collect();
        if has_other {
            written.push(
                json!({ "name": OTHER_PARTNER, "id": unknown_account(partners.len()), "xaccount_type": "OTHER_IDP" }),
            );
        }
        let as_callers = as_callers(callers, &numbers, &names, &mut listed);
        let certificates = certificates.list.iter().filter_map(|(number, known)| known.spec(number, holders)).collect();
        Self { settings, partners: written, customers: listed, certificates, callers: as_callers, reviews }
    }
}

/// The partner of customers of whom only that they are another's is known.
const OTHER_PARTNER: &str = "partner-of-others";

fn names(partners: &[LearnedPartner]) -> Vec<String> {
    let name = |(number, partner): (usize, &LearnedPartner)| {
        let account = partner.account.as_ref().map(|account| account.name.clone());
        let is_first = |name: &String| {
            !name.is_empty()
                && !partners[..number]
                    .iter()
                    .any(|other| other.account.as_ref().is_some_and(|other| other.name == *name))
        };
        account.filter(is_first).unwrap_or_else(|| format!("partner-{}", number + 1))
    };
    partners.iter().enumerate().map(name).collect()
}

fn partner_spec(
    number: usize,
    id: Option<String>,
    is_ready: bool,
    name: &str,
    partners: &[LearnedPartner],
    numbers: &[usize],
    callers: &Callers,
) -> Value {
    let LearnedPartner { account, platform } = &partners[number];
    let own =
        || callers.list.iter().enumerate().filter(|(place, caller)| numbers[*place] == number && caller.is_partner);
    // A token that IAM issued, or one of unknown origin: either is one of the partner.
    let mut tokens: Vec<_> = own()
        .filter(|(_, caller)| !matches!(caller.credential, Credential::AccessKey(_)))
        .map(|(place, _)| token(place))
        .collect();
    if tokens.is_empty() {
        tokens.push(format!("token-of-partner-{}", number + 1));
    }
    let keys: Vec<_> = own()
        .filter(|(_, caller)| matches!(caller.credential, Credential::AccessKey(_)))
        .map(|(place, _)| json!({ "ak": format!("ACCESSKEY{:04}", place + 1), "sk": format!("secret-{}", place + 1) }))
        .collect();
    let is_own = |login: &&Login| account.as_ref().is_some_and(|account| account.id == login.account);
    let users: Vec<_> = callers
        .logins
        .iter()
        .filter(is_own)
        .map(|login| json!({ "name": login.user, "password": login.password }))
        .collect();
    let mut credentials = json!({ "tokens": tokens });
    for (key, list) in [("access_keys", keys), ("users", users)].into_iter().filter(|(_, list)| !list.is_empty()) {
        credentials[key] = list.into();
    }
    let mut spec = json!({
        "name": name,
        "id": id.unwrap_or_else(|| unknown_account(number)),
        "xaccount_type": platform.clone().unwrap_or_else(|| format!("PLATFORM_{}", number + 1)),
    });
    if !is_ready {
        spec["real_name"] = "unauthenticated".into();
    }
    spec["credentials"] = credentials;
    spec
}

/// The ID of a partner's account that no call tells. It is no ID of a customer: those have the form of real ones.
fn unknown_account(number: usize) -> String {
    format!("account-{}", number + 1)
}

fn token(place: usize) -> String {
    format!("token-{}", place + 1)
}

/// Says what each caller is in an exchange. A caller that the API took for a customer becomes one.
fn as_callers(
    callers: &Callers,
    numbers: &[usize],
    names: &[String],
    customers: &mut Vec<Value>,
) -> Vec<Option<String>> {
    let mut written = Vec::new();
    for (place, caller) in callers.list.iter().enumerate() {
        written.push(match (&caller.credential, caller.is_partner, caller.is_customer) {
            (_, true, _) => Some(names[numbers[place]].clone()),
            (Credential::Token(_), false, true) => {
                let id = format!("caller-{}", place + 1);
                customers.push(json!({ "id": id, "partner": names[0], "credentials": { "tokens": [token(place)] } }));
                Some(token(place))
            }
            (Credential::Token(_), false, false) => Some(format!("unknown-{}", token(place))),
            (Credential::AccessKey(_) | Credential::Absent, false, _) => None,
        });
    }
    written
}

impl LearnedCustomer {
    fn spec(&self, id: &str, names: &[String], limit: usize) -> Value {
        let mut spec = json!({ "id": id });
        let partner = self.partner.map(|number| names[number].clone());
        let partner = partner.or_else(|| self.is_of_other.then(|| OTHER_PARTNER.to_owned()));
        let attempts = self.exhausted_after.map_or(0, |after| limit.saturating_sub(after));
        let status = self.initial.filter(|status| *status != RealNameStatus::Unauthenticated);
        let fields = [
            ("partner", partner.map(Value::from)),
            ("real_name", status.map(|status| status.as_str().into())),
            ("opinion", self.opinion.clone().filter(|_| status == Some(RealNameStatus::Rejected)).map(Value::from)),
            ("attempts", (attempts > 0).then(|| attempts.into())),
            ("partner_program", self.is_in_program.then(|| true.into())),
            ("customer_type", self.customer_type.filter(|_| status.is_some()).map(|kind| json!(kind))),
        ];
        for (key, value) in fields {
            if let Some(value) = value {
                spec[key] = value;
            }
        }
        for (key, value) in &self.profile {
            spec[key] = value.clone();
        }
        spec
    }
}

impl LearnedCertificate {
    /// `None` if nothing is to be listed.
    fn spec(&self, number: &str, limit: usize) -> Option<Value> {
        let mut spec = json!({ "number": number });
        if self.is_blocked {
            spec["blocked"] = true.into();
        }
        if self.has_failed && self.holders.is_empty() {
            spec["verdict"] = "fail".into();
        }
        if self.is_of_another {
            spec["holder"] = self.holder.as_deref().unwrap_or(ANOTHER_HOLDER).into();
        }
        if let Some(after) = self.worn_out_after {
            let missing = limit.saturating_sub(after);
            spec["used_by"] = (1..=missing).map(|holder| json!(format!("holder-{holder}"))).collect();
        }
        (spec.as_object().is_some_and(|fields| fields.len() > 1)).then_some(spec)
    }
}

/// The types of certificates that the contract of 2026-01 does not have.
const GONE_TYPES: [i64; 2] = [0, 7];

/// The most characters of a text that can be set.
const MAX_MESSAGE_CHARS: usize = 1024;

/// Returns the settings that are others than the defaults.
fn settings(calls: &[RecordedCall]) -> Map<String, Value> {
    let mut settings = Map::new();
    if is_contract_of_2026(calls) {
        settings.insert("contract".to_owned(), "2026-01".into());
    }
    let mut reviews = calls.iter().filter_map(RecordedCall::accepted).peekable();
    if reviews.peek().is_some() && reviews.all(|review| review == Review::NotNeeded) {
        settings.insert("review".to_owned(), "automatic".into());
    }
    let mut wire = Map::new();
    let accepted = |call: &&RecordedCall| call.accepted().is_some();
    let is_text = |call: &RecordedCall| call.answer.text("is_review").is_some();
    if calls.iter().filter(accepted).count() > 0 && calls.iter().filter(accepted).all(is_text) {
        wire.insert("is_review".to_owned(), "string".into());
    }
    if names_fields(calls) {
        wire.insert("parameter_errors".to_owned(), "named".into());
    }
    let messages = messages(calls);
    if !messages.is_empty() {
        wire.insert("messages".to_owned(), json!(messages));
    }
    if !wire.is_empty() {
        settings.insert("wire".to_owned(), wire.into());
    }
    settings
}

/// Returns true if types of certificates were refused that only the older contract has.
fn is_contract_of_2026(calls: &[RecordedCall]) -> bool {
    let is_gone = |call: &&RecordedCall| {
        let number = call.fields.get("verified_type").and_then(Value::as_i64);
        call.certificate().is_some() && number.is_some_and(|number| GONE_TYPES.contains(&number))
    };
    let mut gone = calls.iter().filter(is_gone).peekable();
    gone.peek().is_some() && gone.all(|call| call.answer.error() == Some(ErrorCode::ParameterError))
}

/// Returns true if parameter errors name the parameter.
fn names_fields(calls: &[RecordedCall]) -> bool {
    let is_error = |call: &&RecordedCall| call.answer.error() == Some(ErrorCode::ParameterError);
    let mut errors = calls.iter().filter(is_error).peekable();
    errors.peek().is_some() && errors.all(|call| call.answer.text("error_msg").is_some_and(names_field))
}

/// Returns the text of each code that always has one and the same, which is another than the documented one.
fn messages(calls: &[RecordedCall]) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for call in calls {
        let (Some(code), Some(text)) = (call.answer.code(), call.answer.text("error_msg")) else { continue };
        let text = Some(text).filter(|_| !call.answer.is_text_of_request);
        texts.entry(code).and_modify(|known| *known = known.filter(|known| Some(*known) == text)).or_insert(text);
    }
    let is_other = |code: &str, text: &str| match (ApiCode::parse(code), gateway::find(code)) {
        (Some(known), _) => known.message() != text,
        (None, Some(_)) => {
            !gateway::ERRORS.iter().any(|row| row.code == code && main_text(row.message) == main_text(text))
        }
        (None, None) => false,
    };
    let is_named = names_fields(calls);
    let set = texts.into_iter().filter_map(|(code, text)| Some((code, text?)));
    set.filter(|(code, text)| {
        has_message(code) && (1..=MAX_MESSAGE_CHARS).contains(&text.chars().count()) && is_other(code, text)
    })
    .filter(|(code, _)| !(is_named && *code == ErrorCode::ParameterError.code()))
    .map(|(code, text)| (code.to_owned(), text.to_owned()))
    .collect()
}

/// The gateway's text without what is about the single request.
fn main_text(text: &str) -> &str {
    text.split(": ").next().unwrap_or_default().trim_end_matches('.')
}
