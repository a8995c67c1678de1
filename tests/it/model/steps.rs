//! The steps of a test: calls with few names, so that they collide.

use serde_json::{Value, json};

use crate::support::{passport, with, without};

pub(super) const CUSTOMERS: [&str; 4] = ["c-1", "c-2", "c-3", "c-4"];
/// They hold certificates, but are not listed as customers.
pub(super) const STRANGERS: [&str; 2] = ["x-1", "x-2"];
pub(super) const CERTIFICATES: [&str; 3] = ["E-1", "E-2", "E-3"];
pub(super) const NAMES: [&str; 2] = ["Wang", "Li"];
pub(super) const PARTNERS: [Caller; 2] = [Caller::Demo, Caller::Other];
pub(super) const ACCOUNTS: [&str; 2] = ["demo-account", "other-account"];

/// The settings that the steps can tell apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) attempts_per_customer: u32,
    pub(super) customers_per_certificate: usize,
    pub(super) is_automatic: bool,
    /// Minutes.
    pub(super) review_after: Option<u64>,
    pub(super) adopts: bool,
    /// The entries and the bytes that the journal may have.
    pub(super) journal: (usize, usize),
}

/// The caller: one of the two partners, or an unknown one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    Demo,
    Other,
    Unknown,
}

impl Caller {
    /// Name, account, platform and token of a partner.
    pub(super) const fn identity(self) -> [&'static str; 4] {
        match self {
            Self::Demo => ["demo", "demo-account", "DEMO_IDP", "token"],
            Self::Other => ["other", "other-account", "OTHER_IDP", "other-token"],
            Self::Unknown => ["", "", "DEMO_IDP", "unknown-token"],
        }
    }

    /// The partner as it is put and listed.
    pub(super) fn body(self, takes_photos: bool) -> Value {
        let [name, account, platform, token] = self.identity();
        let credentials = json!({ "tokens": [token] });
        json!({
            "name": name,
            "id": account,
            "xaccount_type": platform,
            "photo_upload": takes_photos,
            "credentials": credentials,
        })
    }
}

/// What is applied for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Individual,
    Enterprise,
    /// From an individual to an enterprise.
    Change,
}

impl Kind {
    /// The method and the last part of the path.
    pub(super) const fn target(self) -> [&'static str; 2] {
        match self {
            Self::Individual => ["POST", "individual"],
            Self::Enterprise => ["POST", "enterprise"],
            Self::Change => ["PUT", "enterprise"],
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Application {
    pub(super) kind: Kind,
    pub(super) caller: Caller,
    pub(super) customer: &'static str,
    pub(super) number: &'static str,
    pub(super) name: &'static str,
    pub(super) platform: &'static str,
    pub(super) extensions: [&'static str; 2],
    pub(super) is_complete: bool,
}

impl Application {
    /// The first partner's, with nothing wrong in it.
    pub(super) const fn good(customer: &'static str, number: &'static str) -> Self {
        let (caller, platform) = (Caller::Demo, "DEMO_IDP");
        let kind = Kind::Individual;
        Self { kind, caller, customer, number, name: "Wang", platform, extensions: ["jpg", "jpg"], is_complete: true }
    }

    pub(super) fn body(&self) -> Value {
        let [front, hand] = self.extensions.map(|extension| format!("picture.{extension}"));
        let body = with(passport(self.customer), "verified_number", self.number);
        let body = with(with(body, "name", self.name), "xaccount_type", self.platform);
        let mut body = with(body, "verified_file_url", json!([front, hand]));
        if self.kind != Kind::Individual {
            body["identify_type"] = 1.into();
            body["corp_name"] = body["name"].take();
            body["change_type"] = 1.into();
        }
        let name = if self.kind == Kind::Individual { "name" } else { "corp_name" };
        if self.is_complete { body } else { without(body, name) }
    }
}

/// One step of a scripted answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Then {
    Accept(u8),
    Refuse(&'static str, u16),
    Gateway(&'static str, u16),
}

impl Then {
    fn body(self) -> Value {
        match self {
            Self::Accept(is_review) => json!({ "is_review": is_review }),
            Self::Refuse(code, _) => json!({ "error_code": code }),
            Self::Gateway(code, _) => json!({ "gateway": code }),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scripted {
    pub(super) customer: Option<&'static str>,
    pub(super) number: Option<&'static str>,
    pub(super) caller: Option<Caller>,
    pub(super) times: Option<usize>,
    pub(super) then: Vec<Then>,
}

impl Scripted {
    pub(super) fn body(&self) -> Value {
        let caller = self.caller.map(|caller| caller.identity()[0]);
        let when = [("customer_id", self.customer), ("verified_number", self.number), ("caller", caller)];
        let when = when.into_iter().filter_map(|(subject, value)| Some((subject.to_owned(), Value::from(value?))));
        let then: Vec<_> = self.then.iter().map(|step| step.body()).collect();
        let body = json!({ "when": when.collect::<Value>(), "then": then });
        match self.times {
            Some(times) => with(body, "times", times),
            None => body,
        }
    }
}

/// A customer as it is put.
#[derive(Clone, Copy, Debug)]
pub(super) struct PutCustomer {
    pub(super) partner: Option<Caller>,
    pub(super) partner_program: bool,
    pub(super) real_name: &'static str,
    pub(super) attempts: u32,
}

impl PutCustomer {
    /// A customer of the first partner that has not applied yet.
    pub(super) const NEW: Self =
        Self { partner: Some(Caller::Demo), partner_program: false, real_name: "unauthenticated", attempts: 0 };

    pub(super) fn body(&self) -> Value {
        let body =
            json!({ "partner_program": self.partner_program, "real_name": self.real_name, "attempts": self.attempts });
        match self.partner {
            Some(partner) => with(body, "partner", partner.identity()[0]),
            None => body,
        }
    }
}

/// A certificate as it is put.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PutCertificate {
    pub(super) blocked: bool,
    pub(super) holder: Option<&'static str>,
    pub(super) fails: bool,
    pub(super) used_by: Vec<&'static str>,
}

impl PutCertificate {
    pub(super) fn body(&self) -> Value {
        let verdict = if self.fails { "fail" } else { "pass" };
        let body = json!({ "blocked": self.blocked, "verdict": verdict, "used_by": self.used_by });
        match self.holder {
            Some(holder) => with(body, "holder", holder),
            None => body,
        }
    }
}

/// A world as it is put: the two partners and the settings are always the same.
#[derive(Clone, Debug)]
pub(super) struct PutWorld {
    pub(super) customers: Vec<(&'static str, PutCustomer)>,
    pub(super) certificates: Vec<(&'static str, PutCertificate)>,
    pub(super) scripted: Vec<Scripted>,
}

impl PutWorld {
    /// These customers of the first partner, before their first application.
    pub(super) fn of(customers: &[&'static str]) -> Self {
        let customers = customers.iter().map(|customer| (*customer, PutCustomer::NEW)).collect();
        Self { customers, certificates: Vec::new(), scripted: Vec::new() }
    }

    pub(super) fn body(&self, settings: Settings) -> Value {
        let customers = self.customers.iter().map(|(id, put)| with(put.body(), "id", *id));
        let certificates = self.certificates.iter().map(|(number, put)| with(put.body(), "number", *number));
        let mut body = json!({
            "settings": {
                "attempts_per_customer": settings.attempts_per_customer,
                "customers_per_certificate": settings.customers_per_certificate,
                "review": if settings.is_automatic { "automatic" } else { "manual" },
                "unlisted_customers": if settings.adopts { "adopt" } else { "refuse" },
            },
            "partners": PARTNERS.map(|partner| partner.body(true)),
            "customers": customers.collect::<Vec<_>>(),
            "certificates": certificates.collect::<Vec<_>>(),
            "scripted": self.scripted.iter().map(Scripted::body).collect::<Vec<_>>(),
        });
        if let Some(minutes) = settings.review_after {
            body["settings"]["review_after"] = format!("{minutes}m").into();
        }
        body
    }
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Apply(Application),
    /// Asks for the result of a customer's review.
    Inquire(Caller, &'static str),
    Review {
        customer: &'static str,
        approves: bool,
    },
    /// Puts the clock forward by so many minutes.
    Advance(u64),
    Script(Scripted),
    ClearScript,
    PutCustomer(&'static str, PutCustomer),
    DeleteCustomer(&'static str),
    PutCertificate(&'static str, PutCertificate),
    DeleteCertificate(&'static str),
    PutPartner {
        partner: Caller,
        /// While it takes no photos, the partner is not ready.
        takes_photos: bool,
    },
    DeletePartner(Caller),
    ClearJournal,
    Reset,
    PutWorld(PutWorld),
    /// Reads the world and puts it back.
    PutBack,
}
