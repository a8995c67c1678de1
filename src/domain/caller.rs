//! Callers: who a credential belongs to.

use std::sync::Arc;

use super::customer::CustomerId;
use super::partner::Partner;

/// Who a credential belongs to.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A partner: it may call the API.
    Partner(Arc<Partner>),
    /// A customer of a partner: it may not.
    Customer(CustomerId),
}

/// An account, by what it is called. A partner and a customer may be called alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account<'a> {
    /// The partner with this name.
    Partner(&'a str),
    /// The customer with this ID.
    Customer(&'a CustomerId),
}

impl Caller {
    /// The account that the credential is of.
    #[must_use]
    pub fn account(&self) -> Account<'_> {
        match self {
            Self::Partner(partner) => Account::Partner(&partner.name),
            Self::Customer(id) => Account::Customer(id),
        }
    }

    /// The account (domain) ID.
    #[must_use]
    pub fn account_id(&self) -> &str {
        match self {
            Self::Partner(partner) => &partner.id,
            Self::Customer(id) => id.as_str(),
        }
    }

    /// The account (domain) name: a customer's is its ID.
    #[must_use]
    pub fn account_name(&self) -> &str {
        match self {
            Self::Partner(partner) => &partner.name,
            Self::Customer(id) => id.as_str(),
        }
    }
}
