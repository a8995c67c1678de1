//! Submitting an application: script, pictures, rules, and the change they allow.

use std::sync::Arc;

use super::space::Space;
use super::store::Standing;
use crate::domain::application::Application;
use crate::domain::catalog::Review;
use crate::domain::customer::Customer;
use crate::domain::decision::{Decision, Reply, decide};
use crate::domain::partner::Partner;
use crate::domain::rules::Case;
use crate::domain::settings::UnlistedCustomers;

/// What became of an application, and why.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What is answered.
    pub reply: Reply,
    /// What decided it.
    pub reason: Reason,
}

/// What decided an application.
#[derive(Clone, Debug)]
pub enum Reason {
    /// The scripted answer at this place of the script.
    Script(usize),
    /// The rules, from this case.
    Rules(Box<Case>, Decision),
}

impl Space {
    /// Answers an application, and changes the state as the answer says.
    pub async fn submit(&self, partner: Arc<Partner>, application: Application) -> Submission {
        match self.script.take(&partner, &application) {
            Some(scripted) => {
                if !scripted.delay.is_zero() {
                    tokio::time::sleep(scripted.delay).await;
                }
                if let Reply::Accept(review) = scripted.reply {
                    self.accept(&partner, &application, review);
                }
                Submission { reply: scripted.reply, reason: Reason::Script(scripted.place) }
            }
            None => self.apply_rules(partner, application),
        }
    }

    fn apply_rules(&self, partner: Arc<Partner>, application: Application) -> Submission {
        let settings = &self.world.settings;
        let pictures = application.attachments.iter().map(|attachment| partner.bucket.look_at(attachment)).collect();
        let (id, number) = (application.customer_id.clone(), application.certificate_number.clone());
        self.store.apply(&id, &number, |Standing { customer, certificate, other_holders }| {
            let case = Case {
                customer: self.known(customer, &partner),
                application,
                partner,
                certificate,
                other_holders,
                pictures,
                attempts_per_customer: settings.attempts_per_customer,
                customers_per_certificate: settings.customers_per_certificate,
            };
            let decision = decide(&case, settings.review);
            let change = decision.change(&case, self.clock.now());
            (Submission { reply: decision.reply(), reason: Reason::Rules(Box::new(case), decision) }, change)
        })
    }

    /// Carries out a scripted acceptance. A customer that does not exist stays so.
    fn accept(&self, partner: &Partner, application: &Application, review: Review) {
        let number = &application.certificate_number;
        self.store.apply(&application.customer_id, number, |standing| {
            let customer = self.known(standing.customer, partner);
            ((), customer.map(|customer| customer.accepted(review, number, self.clock.now())))
        });
    }

    /// The customer as it is now; with adoption, an unlisted one is a new customer of the caller.
    fn known(&self, customer: Option<Customer>, caller: &Partner) -> Option<Customer> {
        let settings = &self.world.settings;
        match customer {
            Some(customer) => Some(customer.at(self.clock.now(), self.began, settings.review_after)),
            None if settings.unlisted_customers == UnlistedCustomers::Adopt => {
                Some(Customer::of(Arc::clone(&caller.name)))
            }
            None => None,
        }
    }
}
