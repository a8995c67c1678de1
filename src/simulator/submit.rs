//! Submitting an application: script, pictures, rules, and the change they allow.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::account::{Customer, CustomerId, Partner, RealNameStatus, ReviewDecision};
use crate::domain::application::Application;
use crate::domain::bucket::Inspection;
use crate::domain::catalog::Review;
use crate::domain::rules::{Answer, Case, Decision, Facts, Rule, check_ownership, decide};
use crate::domain::settings::UnlistedCustomers;
use crate::simulator::outcome::{Change, Reason, Submission};
use crate::simulator::script::Use;
use crate::simulator::state::SpaceState;
use crate::simulator::store::{Commit, CurrentState};

impl SpaceState {
    /// Answers an application, and changes the state as the answer says.
    pub async fn submit(&self, partner: &Arc<Partner>, application: &Application<'_>) -> Submission {
        let Some(scripted) = self.script.take(partner, application) else {
            let pictures = self.inspect(partner, application).await;
            return self.apply_rules(Arc::clone(partner), application, pictures, true);
        };
        self.apply_scripted(partner, application, scripted, true)
    }

    /// What is seen of an application's pictures. The bucket of a partner that is not ready may not be read.
    pub async fn inspect(&self, partner: &Partner, application: &Application<'_>) -> Inspection {
        if partner.is_ready() {
            self.shared.buckets.inspect(&partner.bucket, &application.picture_paths).await
        } else {
            Inspection::ByName
        }
    }

    /// The answer that an application would get now, with these pictures. Nothing changes, and nothing is counted.
    pub fn preview(&self, partner: Arc<Partner>, application: &Application<'_>, pictures: Inspection) -> Submission {
        let Some(scripted) = self.script.peek(&partner, application) else {
            return self.apply_rules(partner, application, pictures, false);
        };
        self.apply_scripted(&partner, application, scripted, false)
    }

    fn apply_rules(
        &self,
        partner: Arc<Partner>,
        application: &Application<'_>,
        pictures: Inspection,
        commit: bool,
    ) -> Submission {
        let settings = self.settings();
        let (id, number) = (&application.customer_id, &application.certificate_number);
        let _entered = self.enter();
        self.store.apply(id, number, |CurrentState { customer, certificate, other_holders }| {
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
            let reason = Reason::Rules(Box::new(facts), decision);
            let submission = Submission { answer: decision.answer(), reason, change, delay: Duration::ZERO };
            let is_accepted = matches!(decision, Decision::Accepted(_));
            let outcome = after.filter(|_| commit).map(|customer| Commit { customer, is_accepted });
            (submission, outcome)
        })
    }

    /// Gives a scripted answer. An acceptance changes its customer, if there is one, as any other.
    fn apply_scripted(
        &self,
        partner: &Partner,
        application: &Application<'_>,
        Use { place, delay, answer }: Use,
        commit: bool,
    ) -> Submission {
        let change = match answer {
            Answer::Accept(review) => self.accept(partner, application, review, commit),
            Answer::Refuse(_) | Answer::Gateway(_) | Answer::Fault(_) => None,
        };
        Submission { answer, reason: Reason::Script(place), change, delay }
    }

    fn accept(&self, partner: &Partner, application: &Application<'_>, review: Review, commit: bool) -> Option<Change> {
        let (id, number) = (&application.customer_id, &application.certificate_number);
        let _entered = self.enter();
        self.store.apply(id, number, |standing| {
            let before = self.known(id, standing.customer, partner);
            let after = before.as_ref().map(|before| before.accepted(review, self.clock.now()));
            let change = before.as_ref().zip(after.as_ref());
            let change = change.map(|(before, after)| Change::between(id, before, after));
            (change, after.filter(|_| commit).map(|customer| Commit { customer, is_accepted: true }))
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
            Some(customer) => Some(self.with_due_review(customer)),
            None if self.settings().unlisted_customers == UnlistedCustomers::Adopt => {
                let accounts = self.accounts();
                let is_free = accounts.partner_by_id(id.as_str()).is_none();
                let caller = accounts.partner(&caller.name).filter(|_| is_free)?;
                Some(Customer::new(Arc::clone(&caller.name)).into())
            }
            None => None,
        }
    }

    /// The customer at this moment: a review that is due has been approved by itself.
    pub(super) fn with_due_review(&self, customer: Arc<Customer>) -> Arc<Customer> {
        match self.settings().review_after {
            Some(review_after) => {
                Arc::unwrap_or_clone(customer).with_due_review(self.clock.now(), self.began, review_after).into()
            }
            None => customer,
        }
    }
}

/// Why a review cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// No customer has this ID.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The customer has another real-name status than `under_review`.
    #[error("the customer is not under review but {}", .0.as_str())]
    NotUnderReview(RealNameStatus),
}

impl SpaceState {
    /// Decides the review of a customer, and returns it as it is then.
    ///
    /// # Errors
    /// When there is no such customer, or it is not under review.
    pub fn review(
        &self,
        id: &CustomerId,
        verdict: ReviewDecision,
        opinion: Option<Arc<str>>,
    ) -> Result<Customer, ReviewError> {
        let _entered = self.enter();
        self.store.change(id, |customer| {
            let Some(customer) = customer.map(|customer| self.with_due_review(customer)) else {
                return (Err(ReviewError::UnknownCustomer), None);
            };
            match customer.status {
                RealNameStatus::UnderReview => {
                    let reviewed = customer.reviewed(verdict, opinion);
                    (Ok(reviewed.clone()), Some(Some(reviewed)))
                }
                status => (Err(ReviewError::NotUnderReview(status)), None),
            }
        })
    }

    /// The customer, as its partner may see it.
    ///
    /// # Errors
    /// The rule by which the partner may not, and what it saw.
    pub fn review_result(&self, partner: &Partner, id: &CustomerId) -> Result<Arc<Customer>, (&'static Rule, String)> {
        let customer = self.known(id, self.store.customer(id), partner);
        check_ownership(customer, partner)
    }
}
