//! Submitting an application: script, pictures, rules, and the change they allow.

use std::sync::Arc;

use super::era::Era;
use super::store::{Outcome, Standing};
use super::submission::{Change, Reason, Submission};
use crate::domain::application::Application;
use crate::domain::bucket::Sight;
use crate::domain::customer::{Customer, CustomerId};
use crate::domain::decision::{Decision, Reply, decide};
use crate::domain::partner::Partner;
use crate::domain::rules::{Case, Facts};
use crate::domain::settings::UnlistedCustomers;

impl Era {
    /// Answers an application, and changes the state as the answer says.
    pub async fn submit(&self, partner: &Arc<Partner>, application: &Application<'_>) -> Submission {
        let Some(scripted) = self.script.take(partner, application) else {
            let pictures = self.look_at(partner, application).await;
            return self.apply_rules(Arc::clone(partner), application, pictures, true);
        };
        if !scripted.delay.is_zero() {
            Box::pin(tokio::time::sleep(scripted.delay)).await;
        }
        let change = self.apply_scripted(partner, application, scripted.reply, true);
        Submission { reply: scripted.reply, reason: Reason::Script(scripted.place), change }
    }

    /// What is seen of an application's pictures. The bucket of a partner that is not ready may not be read.
    pub async fn look_at(&self, partner: &Partner, application: &Application<'_>) -> Sight {
        if partner.is_ready() {
            self.shared.buckets.look_at(&partner.bucket, &application.attachments).await
        } else {
            Sight::ByName
        }
    }

    /// The answer that an application would get now, with these pictures. Nothing changes, and nothing is counted.
    #[must_use]
    pub fn preview(&self, partner: Arc<Partner>, application: &Application<'_>, pictures: Sight) -> Submission {
        let Some(scripted) = self.script.peek(&partner, application) else {
            return self.apply_rules(partner, application, pictures, false);
        };
        let change = self.apply_scripted(&partner, application, scripted.reply, false);
        Submission { reply: scripted.reply, reason: Reason::Script(scripted.place), change }
    }

    fn apply_rules(
        &self,
        partner: Arc<Partner>,
        application: &Application<'_>,
        pictures: Sight,
        commit: bool,
    ) -> Submission {
        let settings = self.settings();
        let (id, number) = (&application.customer_id, &application.certificate_number);
        let _entered = self.enter();
        self.store.apply(id, number, |Standing { customer, certificate, other_holders }| {
            let facts = Facts {
                customer: self.known(id, customer, &partner),
                partner,
                certificate,
                other_holders,
                pictures,
                contract: settings.contract,
                attempts_per_customer: settings.attempts_per_customer,
                customers_per_certificate: settings.customers_per_certificate,
            };
            let case = Case { application, facts: &facts };
            let decision = decide(&case, settings.review);
            let after = decision.change(&case, self.clock.now());
            let change = facts.customer.as_ref().zip(after.as_ref());
            let change = change.map(|(before, after)| Change::between(id, before, after));
            let submission =
                Submission { reply: decision.reply(), reason: Reason::Rules(Box::new(facts), decision), change };
            let is_accepted = matches!(decision, Decision::Accepted(_));
            let outcome = after.filter(|_| commit).map(|customer| Outcome { customer, is_accepted });
            (submission, outcome)
        })
    }

    /// Carries out a scripted acceptance. A customer that does not exist stays so.
    fn apply_scripted(
        &self,
        partner: &Partner,
        application: &Application<'_>,
        reply: Reply,
        commit: bool,
    ) -> Option<Change> {
        let Reply::Accept(review) = reply else { return None };
        let (id, number) = (&application.customer_id, &application.certificate_number);
        let _entered = self.enter();
        self.store.apply(id, number, |standing| {
            let before = self.known(id, standing.customer, partner);
            let after = before.as_ref().map(|before| before.accepted(review, self.clock.now()));
            let change = before.as_ref().zip(after.as_ref());
            let change = change.map(|(before, after)| Change::between(id, before, after));
            (change, after.filter(|_| commit).map(|customer| Outcome { customer, is_accepted: true }))
        })
    }

    /// The customer as it is now; with adoption, an unlisted one is a new customer of the caller, unless that is no
    /// partner any more, or the account is a partner's.
    pub(super) fn known(
        &self,
        id: &CustomerId,
        customer: Option<Arc<Customer>>,
        caller: &Partner,
    ) -> Option<Arc<Customer>> {
        match customer {
            Some(customer) => Some(self.settled(customer)),
            None if self.settings().unlisted_customers == UnlistedCustomers::Adopt => {
                let directory = self.directory();
                let is_free = directory.partner_of_account(id.as_str()).is_none();
                let caller = directory.partner(&caller.name).filter(|_| is_free)?;
                Some(caller.newcomer())
            }
            None => None,
        }
    }

    /// The customer at this moment: a review that is due has been approved by itself.
    pub(super) fn settled(&self, customer: Arc<Customer>) -> Arc<Customer> {
        match self.settings().review_after {
            Some(review_after) => Arc::unwrap_or_clone(customer).at(self.clock.now(), self.began, review_after).into(),
            None => customer,
        }
    }
}
