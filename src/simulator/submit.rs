//! Applications and their reviews: pictures, rules or a scripted answer, and the change that they allow.

use std::sync::Arc;

use crate::domain::{
    Answer, Application, Case, Customer, CustomerId, Decision, Facts, Inspection, Partner, RealNameStatus, Review,
    ReviewDecision, Ruling, Step, UnlistedCustomers, check_ownership, decide,
};
use crate::simulator::outcome::{Change, ScriptedOutcome, Submission};
use crate::simulator::state::SpaceState;
use crate::simulator::store::{Commit, CurrentState, CustomerChange};

impl SpaceState {
    /// Decides an application by the rules.
    pub async fn submit(&self, partner: &Arc<Partner>, application: &Application<'_>) -> Submission {
        let pictures = self.inspect(partner, application).await;
        self.apply_rules(Arc::clone(partner), application, pictures, true)
    }

    /// Returns what [`submit`](Self::submit) would return now with these pictures. Changes nothing.
    pub fn preview(&self, partner: Arc<Partner>, application: &Application<'_>, pictures: Inspection) -> Submission {
        self.apply_rules(partner, application, pictures, false)
    }

    /// Inspects the pictures of an application. The bucket of a partner that is not ready may not be read.
    pub async fn inspect(&self, partner: &Partner, application: &Application<'_>) -> Inspection {
        if partner.is_ready() {
            self.shared.buckets.inspect(&partner.bucket, &application.picture_paths).await
        } else {
            Inspection::ByName
        }
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
        let _lock = self.read_lock();
        self.store.apply(id, number, |CurrentState { customer, certificate, other_holders }| {
            let facts = Facts {
                customer: self.resolve_customer(id, customer, &partner),
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
            let submission = Submission { facts, decision, change };
            let holds_certificate = application.kind.holds_certificate && matches!(decision, Decision::Accepted(_));
            (submission, after.filter(|_| commit).map(|customer| Commit { customer, holds_certificate }))
        })
    }

    /// Gives a scripted answer to an application. `commit` says whether an acceptance changes the state.
    pub fn apply_scripted(
        &self,
        partner: &Partner,
        application: &Application<'_>,
        step: Step,
        commit: bool,
    ) -> ScriptedOutcome {
        let accept = |review| self.accept(partner, application, review, commit);
        let change = if let Some(Answer::Accept(review)) = step.answer { accept(review) } else { None };
        ScriptedOutcome { step, change, body: None }
    }

    /// Accepts an application without the rules. Changes nothing if the customer does not exist.
    fn accept(&self, partner: &Partner, application: &Application<'_>, review: Review, commit: bool) -> Option<Change> {
        let (id, number) = (&application.customer_id, &application.certificate_number);
        let _lock = self.read_lock();
        self.store.apply(id, number, |current| {
            let Some(before) = self.resolve_customer(id, current.customer, partner) else { return (None, None) };
            let customer = before.accepted(application, review, self.clock.now());
            let change = Change::between(id, &before, &customer);
            (Some(change), commit.then_some(Commit { customer, holds_certificate: application.kind.holds_certificate }))
        })
    }

    /// Returns the customer at this moment. If the world adopts unlisted customers, an unlisted one is a new customer of the
    /// caller, unless the caller has been deleted or the ID is a partner's.
    fn resolve_customer(
        &self,
        id: &CustomerId,
        customer: Option<Arc<Customer>>,
        caller: &Partner,
    ) -> Option<Arc<Customer>> {
        match (customer, self.settings().unlisted_customers) {
            (Some(customer), _) => Some(self.at_this_moment(customer)),
            (None, UnlistedCustomers::Refuse) => None,
            (None, UnlistedCustomers::Adopt) => {
                let accounts = self.accounts();
                let is_free = accounts.partner_by_id(id.as_str()).is_none();
                let caller = accounts.partner(&caller.name).filter(|_| is_free)?;
                Some(Customer::new(Arc::clone(&caller.name)).into())
            }
        }
    }

    /// Returns the customer at this moment: a review that is due has been approved, and an association that is to come is
    /// known to be pending.
    pub(super) fn at_this_moment(&self, mut customer: Arc<Customer>) -> Arc<Customer> {
        let is_pending = || customer.profile.as_ref()?.associated_on.map(|at| at > self.clock.now());
        let is_pending = is_pending().unwrap_or_default();
        if customer.is_association_pending != is_pending {
            Arc::make_mut(&mut customer).is_association_pending = is_pending;
        }
        let Some(review_after) = self.settings().review_after else { return customer };
        let customer = Arc::unwrap_or_clone(customer);
        customer.with_due_review(self.clock.now(), self.started_at, review_after).into()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    #[error("there is no such customer")]
    UnknownCustomer,
    #[error("the customer is not under review but {}", .0.as_str())]
    NotUnderReview(RealNameStatus),
}

impl SpaceState {
    /// Decides the review of a customer, and returns the customer after it.
    pub fn review(
        &self,
        id: &CustomerId,
        decision: ReviewDecision,
        opinion: Option<Arc<str>>,
    ) -> Result<Customer, ReviewError> {
        let _lock = self.read_lock();
        self.store.change_customer(id, |customer| {
            let Some(customer) = customer.map(|customer| self.at_this_moment(customer)) else {
                return (Err(ReviewError::UnknownCustomer), CustomerChange::None);
            };
            match customer.status {
                RealNameStatus::UnderReview => {
                    let reviewed = customer.reviewed(decision, opinion);
                    (Ok(reviewed.clone()), CustomerChange::Put(reviewed))
                }
                status => (Err(ReviewError::NotUnderReview(status)), CustomerChange::None),
            }
        })
    }

    /// Returns the customer, if it is one of the partner, and what the ownership rules said.
    pub fn owned_customer(&self, partner: &Partner, id: &CustomerId) -> (Option<Arc<Customer>>, Ruling) {
        let customer = self.resolve_customer(id, self.store.customer(id), partner);
        let ruling = check_ownership(customer.as_deref(), partner);
        (customer.filter(|_| ruling.refused_by.is_none()), ruling)
    }
}
