//! Querying customers: its parameters, and which customers they ask for.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::account::{Customer, CustomerId};
use crate::domain::catalog::{ApiCode, NOT_YOUR_RESELLER};
use crate::domain::checks::Citation;
use crate::domain::parameters::{
    Kind, Parameter, ParameterError, ParameterTable, SentParameters, TextPattern, Violation,
};
use crate::domain::rules::{Condition, Ruling};

static WITHOUT_BLANKS: TextPattern = TextPattern::new("^[^ ]*$", "a text without blanks");
static TIME: TextPattern = TextPattern::new("^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$", TIME_WORDS);
const TIME_WORDS: &str = "a time like 2019-05-06T08:05:01Z";
static ASSOCIATION_TYPES: TextPattern = TextPattern::new("^[13]?$", "1 or 3");

static ACCOUNT_NAME: Parameter = Parameter::nullable(
    "account_name",
    Kind::Pattern { max: 64, pattern: &WITHOUT_BLANKS },
    "Account name, or a part of it. It cannot contain blanks.",
);
static CUSTOMER: Parameter = Parameter::nullable(
    "customer",
    Kind::Pattern { max: 64, pattern: &WITHOUT_BLANKS },
    "Name used for real-name authentication, or a part of it. It cannot contain blanks.",
);
static OFFSET: Parameter = Parameter::nullable(
    "offset",
    Kind::Integer { min: 0, max: 40_000_000 },
    "How many records are skipped. Default: 0.",
);
static LIMIT: Parameter =
    Parameter::nullable("limit", Kind::Integer { min: 1, max: 100 }, "The most records of a page. Default: 10.");
static LABEL: Parameter = Parameter::nullable("label", Kind::Text { min: 0, max: 64 }, "Label, or a part of it.");
static ASSOCIATION_TYPE: Parameter = Parameter::nullable(
    "association_type",
    Kind::Pattern { max: 2, pattern: &ASSOCIATION_TYPES },
    "Association type. 1: referral; 3: resale",
);
static ASSOCIATED_ON_BEGIN: Parameter = Parameter::nullable(
    "associated_on_begin",
    Kind::Pattern { max: 20, pattern: &TIME },
    "The earliest association time, in UTC, such as 2019-05-06T08:05:01Z.",
);
static ASSOCIATED_ON_END: Parameter = Parameter::nullable(
    "associated_on_end",
    Kind::Pattern { max: 20, pattern: &TIME },
    "The latest association time, in UTC.",
);
static CUSTOMER_ID: Parameter =
    Parameter::nullable("customer_id", Kind::Text { min: 0, max: 64 }, "Customer account ID.");
pub(super) static INDIRECT_PARTNER_ID: Parameter = Parameter::nullable(
    "indirect_partner_id",
    Kind::Text { min: 0, max: 64 },
    "Account ID of the reseller whose customer it is. It is mandatory for the customers of a reseller.",
);

/// The parameters, in the page's order.
pub static PARAMETERS: ParameterTable = &[
    &ACCOUNT_NAME,
    &CUSTOMER,
    &OFFSET,
    &LIMIT,
    &LABEL,
    &ASSOCIATION_TYPE,
    &ASSOCIATED_ON_BEGIN,
    &ASSOCIATED_ON_END,
    &CUSTOMER_ID,
    &INDIRECT_PARTNER_ID,
];

/// The caller names no reseller that is not its own.
pub(super) const RESELLER_OF_CALLER: Condition = Condition {
    id: "reseller-of-caller",
    refuses_with: ApiCode::Other(&NOT_YOUR_RESELLER),
    citation: Citation::assumed("The Chinese page lists the code. No partner has resellers here."),
};

pub static CONDITIONS: [Condition; 1] = [RESELLER_OF_CALLER];

/// The page's default of `limit`.
const DEFAULT_LIMIT: i32 = 10;

/// Which customers are asked for, and which part of their list. What is `None` asks for any.
#[derive(Clone, Debug)]
pub struct CustomerQuery<'a> {
    account_name: Option<Cow<'a, str>>,
    /// The name that has passed the authentication.
    name: Option<Cow<'a, str>>,
    label: Option<Cow<'a, str>>,
    association_type: Option<Cow<'a, str>>,
    associated_from: Option<Timestamp>,
    associated_until: Option<Timestamp>,
    customer_id: Option<Cow<'a, str>>,
    is_of_reseller: bool,
    offset: usize,
    limit: usize,
}

/// A customer with its ID.
type Listed = (CustomerId, Arc<Customer>);

impl<'a> CustomerQuery<'a> {
    /// Returns the query, or what is wrong with its first wrong parameter.
    pub fn parse(sent: &SentParameters<'a>) -> Result<Self, ParameterError> {
        let (account_name, name) = (sent.filled_text(&ACCOUNT_NAME)?, sent.filled_text(&CUSTOMER)?);
        let offset = sent.optional_integer(&OFFSET)?.unwrap_or_default();
        let limit = sent.optional_integer(&LIMIT)?.unwrap_or(DEFAULT_LIMIT);
        Ok(Self {
            account_name,
            name,
            label: sent.filled_text(&LABEL)?,
            association_type: sent.filled_text(&ASSOCIATION_TYPE)?,
            associated_from: time(sent, &ASSOCIATED_ON_BEGIN)?,
            associated_until: time(sent, &ASSOCIATED_ON_END)?,
            customer_id: sent.filled_text(&CUSTOMER_ID)?,
            is_of_reseller: sent.filled_text(&INDIRECT_PARTNER_ID)?.is_some(),
            offset: usize::try_from(offset).expect("it is within its bounds"),
            limit: usize::try_from(limit).expect("it is within its bounds"),
        })
    }

    /// Decides whether the query is allowed.
    pub fn decide(&self) -> Ruling {
        let mut ruling = Ruling::default();
        ruling.check(&RESELLER_OF_CALLER, || !self.is_of_reseller, || saw_reseller(self.is_of_reseller));
        ruling
    }

    /// Returns the part of the customers that is asked for, and the number of all that match. The latest association comes
    /// first, and the ID decides between equals (assumed).
    pub fn page(&self, customers: impl IntoIterator<Item = Listed>) -> (Vec<Listed>, usize) {
        let mut matching: Vec<_> = customers.into_iter().filter(|(id, customer)| self.matches(id, customer)).collect();
        matching.sort_by_cached_key(|(id, customer)| (Reverse(associated_second(customer)), id.clone()));
        let count = matching.len();
        (matching.into_iter().skip(self.offset).take(self.limit).collect(), count)
    }

    /// Returns true if all filters hold. Case matters, and both bounds of time are inclusive (assumed).
    fn matches(&self, id: &CustomerId, customer: &Customer) -> bool {
        fn has(value: Option<&str>, part: Option<&Cow<'_, str>>) -> bool {
            part.is_none_or(|part| value.is_some_and(|value| value.contains(&**part)))
        }
        let profile = customer.profile();
        let associated_on = associated_second(customer);
        let is_type = |wanted: &Cow<'_, str>| **wanted == *profile.association_type().as_str();
        has(Some(customer.account_name(id)), self.account_name.as_ref())
            && has(customer.name.as_deref(), self.name.as_ref())
            && has(profile.label.as_deref(), self.label.as_ref())
            && self.association_type.as_ref().is_none_or(is_type)
            && self.associated_from.is_none_or(|from| from.as_second() <= associated_on)
            && self.associated_until.is_none_or(|until| associated_on <= until.as_second())
            && self.customer_id.as_ref().is_none_or(|wanted| **wanted == *id.as_str())
    }
}

/// Returns the association time as precisely as it is answered.
fn associated_second(customer: &Customer) -> i64 {
    customer.profile().associated_on().as_second()
}

pub(super) fn saw_reseller(is_given: bool) -> String {
    if is_given { "a reseller is named, and the caller has none" } else { "no reseller is named" }.to_owned()
}

/// Returns a point in time. The pattern has let through days and hours that do not exist.
fn time(sent: &SentParameters<'_>, parameter: &'static Parameter) -> Result<Option<Timestamp>, ParameterError> {
    let error = parameter.error(Violation::NotA(TIME_WORDS));
    sent.filled_text(parameter)?.map(|text| text.parse().map_err(|_| error)).transpose()
}
