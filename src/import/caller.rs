//! Callers: whose tokens and access keys were captured, as far as the answers say.

use std::collections::HashMap;

use serde_json::Value;

use super::call::{CapturedCall, Credential};
use super::pseudonym::Pseudonyms;
use crate::domain::{DOMAINS, ErrorCode, TOKENS, gateway};

/// The most callers that are told apart.
const MAX_CALLERS: usize = 1_000;

/// The most characters of the name of an account, of an ID and of a platform that a scenario can have.
const MAX_NAME_CHARS: usize = 256;
const MAX_ID_CHARS: usize = 64;

/// Returns true for what can be the ID of an account, the number of a certificate or a platform.
pub(super) fn is_id(text: &str) -> bool {
    (1..=MAX_ID_CHARS).contains(&text.chars().count())
}

/// A caller by one of its credentials.
#[derive(Debug)]
pub(super) struct LearnedCaller {
    pub(super) credential: Credential,
    /// The account that IAM named for it.
    account: Option<Account>,
    /// The platform with which a request was not malformed.
    platform: Option<String>,
    /// Whether the API took it for a partner, for a customer, or for neither.
    pub(super) is_partner: bool,
    pub(super) is_customer: bool,
}

/// An account of IAM.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: String,
}

/// A user that logged in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Login {
    /// The ID of its account.
    pub(super) account: String,
    pub(super) user: String,
    pub(super) password: String,
}

/// All callers, in the order of their first calls.
#[derive(Debug, Default)]
pub(super) struct Callers {
    pub(super) list: Vec<LearnedCaller>,
    places: HashMap<Credential, usize>,
    pub(super) logins: Vec<Login>,
}

impl Callers {
    /// Returns the place of a caller. `None` if there are too many.
    fn place(&mut self, credential: &Credential) -> Option<usize> {
        if let Some(place) = self.places.get(credential) {
            return Some(*place);
        }
        if self.list.len() == MAX_CALLERS {
            return None;
        }
        let (account, platform) = (None, None);
        self.list.push(LearnedCaller {
            credential: credential.clone(),
            account,
            platform,
            is_partner: false,
            is_customer: false,
        });
        self.places.insert(credential.clone(), self.list.len() - 1);
        Some(self.list.len() - 1)
    }

    /// Learns from a call. Returns the place of its caller.
    pub(super) fn learn(&mut self, call: &CapturedCall, pseudonyms: &mut Pseudonyms) -> Option<usize> {
        let body = call.answer.json().unwrap_or(&Value::Null);
        if *call.endpoint == TOKENS {
            self.learn_login(call, body, pseudonyms);
            return None;
        }
        let place = self.place(&call.credential)?;
        let caller = &mut self.list[place];
        if *call.endpoint == DOMAINS {
            let account = Account::of(&body["domains"][0], pseudonyms);
            caller.account = caller.account.take().or(account);
            return Some(place);
        }
        match body["error_code"].as_str() {
            Some(code) if code == gateway::NOT_AUTHENTICATED.code => return Some(place),
            Some(code) if code == ErrorCode::AccessDenied.code() => caller.is_customer = true,
            Some(code) if code == ErrorCode::ParameterError.code() => caller.is_partner = true,
            _ => {
                caller.is_partner = true;
                let platform = call.fields.as_ref().ok().and_then(|fields| fields.get("xaccount_type")?.as_str());
                if let (None, Some(platform)) = (&caller.platform, platform.filter(|platform| is_id(platform))) {
                    caller.platform = Some(pseudonyms.text(platform));
                }
            }
        }
        Some(place)
    }

    fn learn_login(&mut self, call: &CapturedCall, body: &Value, pseudonyms: &mut Pseudonyms) {
        let Some(account) = Account::of(&body["token"]["user"]["domain"], pseudonyms) else { return };
        let token = call.answer.header("x-subject-token").map(|token| Credential::Token(token.to_owned()));
        if let Some(place) = token.and_then(|token| self.place(&token)) {
            self.list[place].account = Some(account.clone());
        }
        let sent = call.fields.as_ref().ok().and_then(|fields| fields.get("auth")).unwrap_or(&Value::Null);
        let user = &sent["identity"]["password"]["user"];
        if let (Some(name), Some(password)) = (user["name"].as_str(), user["password"].as_str())
            && self.logins.len() < MAX_CALLERS
        {
            let (user, password) = (pseudonyms.text(name), pseudonyms.text(password));
            let login = Login { account: account.id, user, password };
            if !self.logins.iter().any(|known| known.user == login.user) {
                self.logins.push(login);
            }
        }
    }

    /// Returns, for each caller, the number of its partner: callers with the same account or the same platform are one. For
    /// those that are no partners it is that of the first.
    pub(super) fn numbers(&self) -> Vec<usize> {
        let mut partners: Vec<LearnedPartner> = Vec::new();
        let mut numbers = vec![0; self.list.len()];
        for (caller, number) in self.list.iter().zip(&mut numbers).filter(|(caller, _)| caller.is_partner) {
            let is_same = |partner: &LearnedPartner| match (&caller.account, &partner.account) {
                (Some(account), Some(known)) => account.id == known.id,
                _ => caller.platform.is_some() && caller.platform == partner.platform,
            };
            *number = partners.iter().position(is_same).unwrap_or_else(|| {
                partners.push(LearnedPartner::default());
                partners.len() - 1
            });
            partners[*number].add(caller);
        }
        numbers
    }

    /// Returns the partners that have these numbers, and at least one.
    pub(super) fn partners(&self, numbers: &[usize]) -> Vec<LearnedPartner> {
        let mut partners = vec![LearnedPartner::default()];
        for (caller, number) in self.list.iter().zip(numbers).filter(|(caller, _)| caller.is_partner) {
            while partners.len() <= *number {
                partners.push(LearnedPartner::default());
            }
            partners[*number].add(caller);
        }
        partners
    }

    /// Returns true if IAM says that two partners are different accounts.
    pub(super) fn are_different(&self, numbers: &[usize], one: usize, other: usize) -> bool {
        let partners = self.partners(numbers);
        matches!((&partners[one].account, &partners[other].account), (Some(one), Some(other)) if one.id != other.id)
    }
}

impl Account {
    /// Reads an account of one of IAM's answers.
    fn of(domain: &Value, pseudonyms: &mut Pseudonyms) -> Option<Self> {
        let (id, name) = (domain["id"].as_str()?, domain["name"].as_str()?);
        if !is_id(id) || name.chars().count() > MAX_NAME_CHARS {
            return None;
        }
        Some(Self { id: pseudonyms.text(id), name: pseudonyms.text(name) })
    }
}

/// A partner, by what its callers have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct LearnedPartner {
    pub(super) account: Option<Account>,
    pub(super) platform: Option<String>,
}

impl LearnedPartner {
    fn add(&mut self, caller: &LearnedCaller) {
        self.account = self.account.take().or_else(|| caller.account.clone());
        self.platform = self.platform.take().or_else(|| caller.platform.clone());
    }
}
