//! The model, as far as it is changed and shown by calls: the design's section 3.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::steps::{Caller, PutCertificate, PutCustomer, PutWorld, Settings, Step};
use super::world::{Answer, Customer, Model, RealName, State};

impl Model {
    pub(super) fn new(settings: Settings, world: &PutWorld) -> Self {
        let state = State::from(world);
        Self { settings, origin: state.clone(), state, now: 0, began: 0 }
    }

    /// Takes a step; what it is answered.
    pub(super) fn take(&mut self, step: &Step) -> Answer {
        Answer::of(match step {
            Step::Apply(application) => return self.apply(application),
            Step::Inquire(caller, customer) => return self.review_result(*caller, customer),
            Step::Review { customer, approves } => self.review(customer, *approves),
            Step::Advance(minutes) => {
                self.now += minutes;
                200
            }
            Step::Script(scripted) if scripted.caller.is_some_and(|caller| !self.is_partner(caller)) => 422,
            Step::Script(scripted) => {
                self.state.script.push((scripted.clone(), 0));
                201
            }
            Step::ClearScript => {
                self.state.script.clear();
                204
            }
            Step::PutCustomer(id, put) => self.put_customer(id, put),
            Step::DeleteCustomer(id) => {
                let is_customer = self.state.customers.remove(id).is_some();
                self.give_up(id);
                if is_customer { 204 } else { 404 }
            }
            Step::PutCertificate(number, put) => self.put_certificate(number, put),
            Step::DeleteCertificate(number) => {
                let is_shown = self.is_shown(number);
                self.state.certificates.remove(number);
                self.state.held.retain(|(held, _)| held != number);
                if is_shown { 204 } else { 404 }
            }
            Step::PutPartner { partner, takes_photos } => self.put_partner(*partner, *takes_photos),
            Step::DeletePartner(partner) => self.delete_partner(*partner),
            Step::ClearJournal => 204,
            // The space as its scenario made it: state, script and clock.
            Step::Reset => {
                self.state = self.origin.clone();
                (self.now, self.began) = (0, 0);
                200
            }
            Step::PutWorld(world) => {
                self.state = State::from(world);
                self.origin = self.state.clone();
                self.began = self.now;
                200
            }
            Step::PutBack => {
                self.put_back();
                200
            }
        })
    }

    /// A person decides, once. A rejection frees the certificate.
    fn review(&mut self, id: &'static str, approves: bool) -> u16 {
        let Some(customer) = self.state.customers.get(id).map(|customer| self.with_due_review(*customer)) else {
            return 404;
        };
        if !matches!(customer.real_name, RealName::UnderReview(_)) {
            return 409;
        }
        let reviewed = if approves {
            customer.passed()
        } else if customer.is_change {
            // It is the individual that it was, with its certificate.
            Customer { real_name: RealName::Authenticated, opinion: Some("no"), applied_name: None, ..customer }
        } else {
            self.give_up(id);
            Customer { real_name: RealName::Rejected, opinion: Some("no"), applied_name: None, ..customer }
        };
        self.state.customers.insert(id, reviewed);
        200
    }

    /// A customer that is replaced gives its certificates up when it is no longer under review or authenticated.
    fn put_customer(&mut self, id: &'static str, put: &PutCustomer) -> u16 {
        if put.partner.is_some_and(|partner| !self.is_partner(partner)) {
            return 422;
        }
        let after = Customer::of(put, Some(self.now));
        let before = self.state.customers.insert(id, after);
        if before.is_some_and(|before| before.real_name.is_accepted()) && !after.real_name.is_accepted() {
            self.give_up(id);
        }
        if before.is_some() { 200 } else { 201 }
    }

    /// The certificate is used by exactly these customers.
    fn put_certificate(&mut self, number: &'static str, put: &PutCertificate) -> u16 {
        let is_shown = self.is_shown(number);
        self.state.held.retain(|(held, _)| *held != number);
        self.state.held.extend(put.used_by.iter().map(|holder| (number, *holder)));
        self.state.certificates.insert(number, put.clone());
        if is_shown { 200 } else { 201 }
    }

    /// A certificate is shown when it is listed, and when it is held.
    fn is_shown(&self, number: &str) -> bool {
        self.state.certificates.contains_key(number) || self.state.held.iter().any(|(held, _)| *held == number)
    }

    fn put_partner(&mut self, partner: Caller, takes_photos: bool) -> u16 {
        let [name, account, ..] = partner.identity();
        if self.state.customers.contains_key(account) {
            return 409;
        }
        self.state.without_photos.remove(name);
        self.state.without_photos.extend((!takes_photos).then_some(name));
        if self.state.deleted_partners.remove(name) { 201 } else { 200 }
    }

    /// A partner stays while it is needed: by a customer, or by a scripted answer that is not used up.
    fn delete_partner(&mut self, partner: Caller) -> u16 {
        let is_scripted = self.state.script.iter().any(|(scripted, used)| {
            scripted.caller == Some(partner) && scripted.times.is_none_or(|times| *used < times)
        });
        if is_scripted || self.state.customers.values().any(|customer| customer.partner == Some(partner)) {
            return 409;
        }
        let [name, ..] = partner.identity();
        self.state.without_photos.remove(name);
        if self.state.deleted_partners.insert(name) { 204 } else { 404 }
    }

    /// The world is the same as before, but from now on a reset goes back to it. A review that began with the world
    /// before still did, and a certificate that was only held is listed now, because the file that was read lists it.
    fn put_back(&mut self) {
        let began = self.began;
        for customer in self.state.customers.values_mut() {
            if let RealName::UnderReview(since) = &mut customer.real_name {
                since.get_or_insert(began);
            }
        }
        for (number, _) in &self.state.held {
            let plain = PutCertificate { blocked: false, holder: None, fails: false, used_by: Vec::new() };
            self.state.certificates.entry(*number).or_insert(plain);
        }
        self.origin = self.state.clone();
        self.began = self.now;
    }

    /// The customers as `GET /customers` is to show them.
    pub(super) fn customers(&self) -> Value {
        let written = |(id, customer): (&&str, &Customer)| {
            let customer = self.with_due_review(*customer);
            let Customer { partner, partner_program, real_name, attempts, opinion, name, applied_name, .. } = customer;
            let partner = partner.map(|partner| partner.identity()[0]);
            // That of an individual who has applied goes without saying.
            let kind = customer.customer_type().filter(|kind| *kind != "individual");
            let change = customer.is_change.then_some(true);
            json!([id, partner, partner_program, real_name.word(), attempts, opinion, kind, name, applied_name, change])
        };
        self.state.customers.iter().map(written).collect()
    }

    /// The holders of each certificate, as `GET /certificates` shows them.
    pub(super) fn holders(&self) -> Value {
        let mut holders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (number, holder) in &self.state.held {
            holders.entry(*number).or_default().push(holder);
        }
        json!(holders)
    }
}

impl From<&PutWorld> for State {
    fn from(world: &PutWorld) -> Self {
        let used_by = world
            .certificates
            .iter()
            .flat_map(|(number, put)| put.used_by.iter().map(move |holder| (*number, *holder)));
        Self {
            customers: world.customers.iter().map(|(id, put)| (*id, Customer::of(put, None))).collect(),
            certificates: world.certificates.iter().cloned().collect(),
            held: used_by.collect(),
            script: world.scripted.iter().map(|scripted| (scripted.clone(), 0)).collect(),
            ..Self::default()
        }
    }
}
