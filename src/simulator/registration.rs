//! Registrations: customers that the API creates, and what is looked up before.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{CustomerId, IdentityCheck, KnownAccounts, Partner, Registration, Ruling};
use crate::simulator::outcome::Change;
use crate::simulator::state::SpaceState;
use crate::simulator::store::CustomerChange;

/// An account that was created.
#[derive(Debug)]
pub struct NewAccount {
    pub name: Box<str>,
    /// It has the account's ID.
    pub change: Change,
}

impl SpaceState {
    /// Creates a customer, if all conditions hold. It becomes one of the partner after `settings.association_after`. A wrong
    /// verification code counts as a try.
    pub fn register(&self, partner: &Partner, registration: &Registration<'_>) -> (Ruling, Option<NewAccount>) {
        let _lock = self.write_lock();
        let mut mailboxes = self.verification_codes.lock();
        let (accounts, customers, now) = (self.accounts(), self.customers(), self.clock.now());
        let known = KnownAccounts { accounts: &accounts, customers: &customers };
        let code = registration.email().and_then(|address| mailboxes.code(address));
        let ruling = registration.decide(partner, &known, code, now);
        if let Some(address) = registration.email() {
            if ruling.refused_by.is_none() {
                mailboxes.use_up(address);
            } else if Registration::is_wrong_try(&ruling) {
                mailboxes.count_try(address);
            }
        }
        let account = ruling.refused_by.is_none().then(|| {
            let id = CustomerId::new(&random_id());
            let name: Box<str> = registration.account_name().map_or_else(random_id, str::to_owned).into();
            let after = self.settings().association_after.unwrap_or_default();
            let associated_on = now.saturating_add(after).unwrap_or(Timestamp::MAX);
            let customer = registration.customer(partner, &name, associated_on);
            let change = Change::creation(&id, &customer);
            self.store.change_customer(&id, |_| ((), CustomerChange::Put(customer)));
            NewAccount { name, change }
        });
        (ruling, account)
    }

    /// Returns true if an account has what is checked.
    pub fn is_used(&self, check: &IdentityCheck<'_>) -> bool {
        let (accounts, customers) = (self.accounts(), self.customers());
        check.is_used(&KnownAccounts { accounts: &accounts, customers: &customers })
    }
}

/// Returns a text of 32 hexadecimal digits.
fn random_id() -> String {
    Uuid::new_v4().simple().to_string()
}
