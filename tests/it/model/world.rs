//! The model: what the design says, in as few words as it takes. It shares no code with the simulator.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::steps::{Application, Caller, Kind, PutCertificate, PutCustomer, Scripted, Settings, Then};

/// What is answered: of a refusal the code and the items, of a call its status alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    /// The check or rule that decided an application; none: nothing refused.
    pub(super) rule: Option<String>,
}

impl Answer {
    pub(super) fn of(status: u16) -> Self {
        Self::with(status, Value::Null)
    }

    pub(super) fn with(status: u16, body: Value) -> Self {
        Self { status, body, rule: None }
    }

    fn refused(status: u16, error_code: &'static str, rule: &'static str) -> Self {
        let body = if rule == "pictures-pass" {
            json!({ "error_code": error_code, "fail_check_items": ["PIC_FORMAT_ERR"] })
        } else {
            json!({ "error_code": error_code })
        };
        Self { status, body, rule: Some(rule.to_owned()) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RealName {
    Unauthenticated,
    /// Since when. `None` if since the world began.
    UnderReview(Option<u64>),
    Rejected,
    Authenticated,
}

impl RealName {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::UnderReview(_) => "under_review",
            Self::Rejected => "rejected",
            Self::Authenticated => "authenticated",
        }
    }

    /// Under review or passed: it keeps a certificate, and another application is refused.
    pub(super) fn is_accepted(self) -> bool {
        matches!(self, Self::UnderReview(_) | Self::Authenticated)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Customer {
    pub(super) partner: Option<Caller>,
    pub(super) partner_program: bool,
    pub(super) real_name: RealName,
    pub(super) attempts: u32,
    pub(super) opinion: Option<&'static str>,
    /// What it chose by an application.
    pub(super) chosen_type: Option<&'static str>,
    /// That has passed.
    pub(super) name: Option<&'static str>,
    pub(super) applied_name: Option<&'static str>,
    /// Whether it applied to be changed to an enterprise.
    pub(super) is_change: bool,
}

impl Customer {
    /// A customer as it is put. A review begins at this moment.
    pub(super) fn of(put: &PutCustomer, since: Option<u64>) -> Self {
        let PutCustomer { partner, partner_program, attempts, .. } = *put;
        let real_name = match put.real_name {
            "unauthenticated" => RealName::Unauthenticated,
            "under_review" => RealName::UnderReview(since),
            "rejected" => RealName::Rejected,
            _ => RealName::Authenticated,
        };
        let (chosen_type, name, applied_name, is_change) = (None, None, None, false);
        Self {
            partner,
            partner_program,
            real_name,
            attempts,
            opinion: None,
            chosen_type,
            name,
            applied_name,
            is_change,
        }
    }

    /// What it is: an individual, if it has applied and nothing else is known.
    pub(super) fn customer_type(&self) -> Option<&'static str> {
        self.chosen_type.or((self.real_name != RealName::Unauthenticated).then_some("individual"))
    }

    /// After its application has passed.
    pub(super) fn passed(self) -> Self {
        Self {
            real_name: RealName::Authenticated,
            chosen_type: if self.is_change { Some("enterprise") } else { self.chosen_type },
            name: self.applied_name.or(self.name),
            applied_name: None,
            ..self
        }
    }
}

/// The rules that are about individuals alone.
const OF_INDIVIDUALS: [&str; 6] = [
    "customer-not-caller",
    "customer-not-partner",
    "certificate-allowed",
    "certificate-not-worn-out",
    "identity-agrees",
    "verification-passes",
];

/// What a reset goes back to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) customers: BTreeMap<&'static str, Customer>,
    pub(super) certificates: BTreeMap<&'static str, PutCertificate>,
    /// The holders: the number and the customer.
    pub(super) held: BTreeSet<(&'static str, &'static str)>,
    /// The answers fixed beforehand, with how often each was used.
    pub(super) script: Vec<(Scripted, usize)>,
    pub(super) without_photos: BTreeSet<&'static str>,
    pub(super) deleted_partners: BTreeSet<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) settings: Settings,
    pub(super) origin: State,
    pub(super) state: State,
    /// Minutes that the clock is ahead, and was when the world began.
    pub(super) now: u64,
    pub(super) began: u64,
}

impl Model {
    pub(super) fn is_partner(&self, caller: Caller) -> bool {
        caller != Caller::Unknown && !self.state.deleted_partners.contains(caller.identity()[0])
    }

    /// The answer to an application, and what it changes: the design's section 1.1.
    pub(super) fn apply(&mut self, application: &Application) -> Answer {
        if !self.is_partner(application.caller) {
            return Answer::refused(401, "APIGW.0301", "authenticated");
        }
        if !application.is_complete {
            return Answer::refused(400, "CBC.0100", "parameters");
        }
        match self.scripted(application) {
            Some(then) => self.say(then, application),
            None => self.rule(application),
        }
    }

    /// The first scripted answer that matches and is not used up. Its last step repeats.
    fn scripted(&mut self, application: &Application) -> Option<Then> {
        if application.kind != Kind::Individual {
            // Without a path, a script is for individuals.
            return None;
        }
        let matches = |(scripted, used): &&mut (Scripted, usize)| {
            scripted.customer.is_none_or(|customer| customer == application.customer)
                && scripted.number.is_none_or(|number| number == application.number)
                && scripted.caller.is_none_or(|caller| caller == application.caller)
                && scripted.times.is_none_or(|times| *used < times)
        };
        let (scripted, used) = self.state.script.iter_mut().find(matches)?;
        *used += 1;
        Some(scripted.then[scripted.then.len().min(*used) - 1])
    }

    /// A scripted acceptance changes state as a real one does; a scripted refusal changes nothing.
    fn say(&mut self, then: Then, application: &Application) -> Answer {
        match then {
            Then::Accept(is_review) => {
                if let Some(customer) = self.customer(application.caller, application.customer) {
                    self.accept(customer, application, is_review);
                }
                Answer { rule: Some("script".to_owned()), ..Answer::with(200, json!({ "is_review": is_review })) }
            }
            Then::Refuse(code, status) | Then::Gateway(code, status) => Answer::refused(status, code, "script"),
        }
    }

    /// The business rules, row by row as the table of section 1.4 has them: the first that fails refuses.
    fn rule(&mut self, application: &Application) -> Answer {
        let Application { caller, number, .. } = *application;
        let [name, account, platform, _] = caller.identity();
        let customer = self.customer(caller, application.customer);
        let owner = customer.and_then(|customer| customer.partner);
        let certificate = self.state.certificates.get(number);
        let others =
            self.state.held.iter().filter(|(held, holder)| *held == number && *holder != application.customer).count();
        let is_enterprise = customer.is_some_and(|it| it.customer_type() == Some("enterprise"));
        let real_name = customer.map_or(RealName::Unauthenticated, |it| it.real_name);
        let is_under_review = matches!(real_name, RealName::UnderReview(_));
        let table = [
            ("partner-ready", "CBC.99005030", self.state.without_photos.contains(name)),
            ("platform-of-partner", "CBC.0100", application.platform != platform),
            ("customer-not-caller", "CBC.99007265", application.customer == account),
            ("customer-has-partner", "CBC.99000035", owner.is_none()),
            ("customer-of-caller", "CBC.99000000", owner != Some(caller)),
            ("customer-not-partner", "CBC.99007259", customer.is_some_and(|it| it.partner_program)),
            ("not-authenticated-yet", "CBC.99000027", customer.is_some_and(|it| it.real_name.is_accepted())),
            (
                "no-enterprise-yet",
                "CBC.99000027",
                is_under_review || real_name == RealName::Authenticated && is_enterprise,
            ),
            ("individual-passed", "CBC.0100", real_name != RealName::Authenticated),
            (
                "attempts-left",
                "CBC.99000026",
                customer.is_some_and(|it| it.attempts >= self.settings.attempts_per_customer),
            ),
            // From here on it counts as an attempt.
            ("certificate-allowed", "CBC.99007193", certificate.is_some_and(|it| it.blocked)),
            ("certificate-not-worn-out", "CBC.99007189", others >= self.settings.customers_per_certificate),
            ("pictures-pass", "CBC.99007004", application.extensions.contains(&"tiff")),
            (
                "identity-agrees",
                "CBC.99007202",
                certificate.and_then(|it| it.holder).is_some_and(|it| it != application.name),
            ),
            ("verification-passes", "CBC.99007188", certificate.is_some_and(|it| it.fails)),
        ];
        let counted = 10;
        let skipped: &[_] = match application.kind {
            Kind::Individual => &["no-enterprise-yet", "individual-passed"],
            Kind::Enterprise => &[&["no-enterprise-yet", "individual-passed"][..], &OF_INDIVIDUALS].concat(),
            Kind::Change => &[&["not-authenticated-yet"][..], &OF_INDIVIDUALS].concat(),
        };
        let refused_by = table.iter().position(|(rule, _, refuses)| *refuses && !skipped.contains(rule));
        match (refused_by, customer) {
            (Some(place), customer) => {
                if let Some(customer) = customer.filter(|_| place >= counted) {
                    let attempts = customer.attempts + 1;
                    self.state.customers.insert(application.customer, Customer { attempts, ..customer });
                }
                let (rule, code, _) = table[place];
                Answer::refused(400, code, rule)
            }
            (None, customer) => {
                let is_review = u8::from(!self.settings.is_automatic);
                self.accept(customer.expect("one without a partner is refused"), application, is_review);
                Answer::with(200, json!({ "is_review": is_review }))
            }
        }
    }

    /// The customer with this ID. With adoption, an unlisted account is the caller's customer.
    fn customer(&self, caller: Caller, id: &str) -> Option<Customer> {
        let listed = self.state.customers.get(id).map(|customer| self.with_due_review(*customer));
        let is_free = [Caller::Demo, Caller::Other].iter().all(|it| !self.is_partner(*it) || it.identity()[1] != id);
        let adopted = Customer::of(&PutCustomer { partner: Some(caller), ..PutCustomer::NEW }, None);
        listed.or_else(|| (self.settings.adopts && is_free).then_some(adopted))
    }

    /// An acceptance is an attempt too. The customer holds the certificate, and no other.
    fn accept(&mut self, customer: Customer, application: &Application, is_review: u8) {
        let chosen_type = match application.kind {
            Kind::Individual => Some("individual"),
            Kind::Enterprise => Some("enterprise"),
            Kind::Change => customer.customer_type(),
        };
        let applied = Customer {
            real_name: RealName::UnderReview(Some(self.now)),
            attempts: customer.attempts + 1,
            opinion: None,
            chosen_type,
            applied_name: Some(application.name),
            is_change: application.kind == Kind::Change,
            ..customer
        };
        let accepted = if is_review == 1 { applied } else { applied.passed() };
        self.state.customers.insert(application.customer, accepted);
        if application.kind == Kind::Individual {
            self.give_up(application.customer);
            self.state.held.insert((application.number, application.customer));
        }
    }

    pub(super) fn give_up(&mut self, customer: &str) {
        self.state.held.retain(|(_, holder)| *holder != customer);
    }

    /// A review that lasted `review_after` has been approved by itself.
    pub(super) fn with_due_review(&self, customer: Customer) -> Customer {
        match (customer.real_name, self.settings.review_after) {
            (RealName::UnderReview(since), Some(after)) if self.now >= since.unwrap_or(self.began) + after => {
                customer.passed()
            }
            _ => customer,
        }
    }

    /// What a partner gets as a customer's review.
    pub(super) fn review_result(&self, caller: Caller, id: &'static str) -> Answer {
        if !self.is_partner(caller) {
            return Answer::refused(401, "APIGW.0301", "authenticated");
        }
        match self.customer(caller, id) {
            None | Some(Customer { partner: None, .. }) => Answer::refused(400, "CBC.99000035", "customer-has-partner"),
            Some(customer) if customer.partner != Some(caller) => {
                Answer::refused(400, "CBC.99000000", "customer-of-caller")
            }
            Some(customer) => {
                let Customer { real_name, opinion, is_change, .. } = customer;
                let customer_type = customer.customer_type();
                Answer::with(
                    200,
                    match real_name {
                        RealName::Unauthenticated => json!({ "opinion": opinion }),
                        RealName::UnderReview(_) => json!({ "review_result": 0, "opinion": opinion }),
                        RealName::Rejected => json!({ "review_result": 1, "opinion": opinion }),
                        // A change was rejected.
                        RealName::Authenticated if is_change && customer_type != Some("enterprise") => {
                            json!({ "review_result": 1, "opinion": opinion })
                        }
                        RealName::Authenticated => json!({ "review_result": 2, "opinion": opinion }),
                    },
                )
            }
        }
    }
}
