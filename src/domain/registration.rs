//! Registrations: the parameters with which a customer is created, its data are checked before, or a verification code is sent
//! to its mail address; and the conditions.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::account::{AssociationType, Customer, CustomerId, Partner, Profile};
use crate::domain::application::XACCOUNT_TYPE;
use crate::domain::catalog::{
    ACCOUNT_NAME_MALFORMED, ACCOUNT_NAME_TAKEN, ApiCode, CODE_EXPIRED, CODE_TRIES_EXHAUSTED, CODE_WRONG, EMAIL_TAKEN,
    OtherError, PASSWORD_MALFORMED, TOO_MANY_CODES, XACCOUNT_ID_TAKEN,
};
use crate::domain::checks::Citation;
use crate::domain::credentials::{Accounts, Secret};
use crate::domain::customer_query::{INDIRECT_PARTNER_ID, RESELLER_OF_CALLER, saw_reseller};
use crate::domain::parameters::{
    Kind, Parameter, ParameterError, ParameterTable, SentParameters, TextPattern, Violation,
};
use crate::domain::rules::{Condition, PLATFORM_OF_PARTNER, Ruling, saw_platform};

static COUNTRY: TextPattern = TextPattern::new("^[A-Za-z]{2}$", "the two letters of a country");
static EMAIL_OR_NONE: TextPattern = TextPattern::new("@|^$", "a mail address with an @");
static ACCOUNT_NAMES: TextPattern = TextPattern::new("^[a-zA-Z_-][a-zA-Z0-9_-]{4,31}$", "an account name");
static CHECKED_NAMES: TextPattern = TextPattern::new("^[a-zA-Z-][a-zA-Z0-9_-]{4,31}$", "an account name");
static MOBILE_NUMBERS: TextPattern = TextPattern::new("^[0-9]{4}-[0-9]+$", "a number like 0086-13800138000");
static SEARCH_TYPES: TextPattern = TextPattern::new("^(email|mobile|name)$", "email, mobile or name");

static DOMAIN_AREA: Parameter = Parameter::mandatory(
    "domain_area",
    Kind::Pattern { max: 2, pattern: &COUNTRY },
    "Country or region of the customer: a two-letter code, such as MX.",
);
static XACCOUNT_ID: Parameter = Parameter::mandatory(
    "xaccount_id",
    Kind::Text { min: 1, max: 128 },
    "Unique ID of the user on the partner's platform.",
);
static DOMAIN_NAME: Parameter = Parameter::nullable(
    "domain_name",
    Kind::Text { min: 0, max: 64 },
    "Account name: 5 to 32 letters, digits, underscores and hyphens, which begin with no digit, nor with op_ or shadow_. \
     Without one it is a random text.",
);
static EMAIL: Parameter = Parameter::nullable(
    "email",
    Kind::Pattern { max: 64, pattern: &EMAIL_OR_NONE },
    "Mail address. It needs a verification code.",
);
static VERIFICATION_CODE: Parameter = Parameter::nullable(
    "verification_code",
    Kind::Text { min: 1, max: 10 },
    "Verification code that was sent to the mail address, with which it is mandatory.",
);
static PASSWORD: Parameter = Parameter::nullable(
    "password",
    Kind::Text { min: 8, max: 32 },
    "Password, with two of four kinds of characters. It is neither the account name, nor that backwards, nor the mail \
     address. Without one it is random.",
);
static IS_CLOSE_MARKET_MS: Parameter =
    Parameter::nullable("is_close_market_ms", Kind::Boolean, "Whether no marketing messages are sent. Default: false.");
static INCLUDE_ASSOCIATION_RESULT: Parameter = Parameter::nullable(
    "include_association_result",
    Kind::Boolean,
    "Whether to wait for the association with the partner. Default: false.",
);

/// The parameters of a creation, in the page's order.
pub static PARAMETERS: ParameterTable = &[
    &DOMAIN_AREA,
    &XACCOUNT_ID,
    &XACCOUNT_TYPE,
    &DOMAIN_NAME,
    &EMAIL,
    &VERIFICATION_CODE,
    &PASSWORD,
    &IS_CLOSE_MARKET_MS,
    &INDIRECT_PARTNER_ID,
    &INCLUDE_ASSOCIATION_RESULT,
];

static SEARCH_TYPE: Parameter = Parameter::mandatory(
    "search_type",
    Kind::Pattern { max: 64, pattern: &SEARCH_TYPES },
    "What is checked: email, mobile or name.",
);
static SEARCH_VALUE: Parameter = Parameter::mandatory(
    "search_value",
    Kind::Text { min: 1, max: 64 },
    "A mail address, a mobile number such as 0086-13800138000, or an account name.",
);

/// The parameters of a check before a creation, in the page's order.
pub static IDENTITY_PARAMETERS: ParameterTable = &[&SEARCH_TYPE, &SEARCH_VALUE];

const CHINESE_PAGE: &str = "The Chinese page lists the code; the table of the international page is not public.";

const fn condition(id: &'static str, refuses_with: &'static OtherError) -> Condition {
    Condition { id, refuses_with: ApiCode::Other(refuses_with), citation: Citation::assumed(CHINESE_PAGE) }
}

const ACCOUNT_NAME_WELL_FORMED: Condition = condition("account-name-well-formed", &ACCOUNT_NAME_MALFORMED);
const ACCOUNT_NAME_FREE: Condition = condition("account-name-free", &ACCOUNT_NAME_TAKEN);
const PASSWORD_WELL_FORMED: Condition = condition("password-well-formed", &PASSWORD_MALFORMED);
const XACCOUNT_ID_FREE: Condition = condition("xaccount-id-free", &XACCOUNT_ID_TAKEN);
const EMAIL_FREE: Condition = condition("email-free", &EMAIL_TAKEN);
const CODE_TRIES_LEFT: Condition = condition("code-tries-left", &CODE_TRIES_EXHAUSTED);
const CODE_NOT_EXPIRED: Condition = condition("code-not-expired", &CODE_EXPIRED);
const CODE_AGREES: Condition = condition("code-agrees", &CODE_WRONG);

/// What must hold for a creation, in order (the order is assumed).
pub static CONDITIONS: [Condition; 10] = [
    PLATFORM_OF_PARTNER.condition(),
    RESELLER_OF_CALLER,
    ACCOUNT_NAME_WELL_FORMED,
    ACCOUNT_NAME_FREE,
    PASSWORD_WELL_FORMED,
    XACCOUNT_ID_FREE,
    EMAIL_FREE,
    CODE_TRIES_LEFT,
    CODE_NOT_EXPIRED,
    CODE_AGREES,
];

/// What an account name may not begin with.
const RESERVED_PREFIXES: [&str; 2] = ["op_", "shadow_"];

/// How many kinds of characters a password has at least.
const PASSWORD_KINDS: usize = 2;

/// A well-formed request to create a customer. The password is looked at, and never kept.
pub struct Registration<'a> {
    xaccount_id: Cow<'a, str>,
    xaccount_type: Cow<'a, str>,
    /// `None` if it is to be random.
    account_name: Option<Cow<'a, str>>,
    email: Option<VerifiedEmail<'a>>,
    password: Option<Secret>,
    is_of_reseller: bool,
}

/// A mail address with the code that was sent to it.
struct VerifiedEmail<'a> {
    address: Cow<'a, str>,
    code: Cow<'a, str>,
}

/// All accounts at the moment of a decision.
pub struct KnownAccounts<'a> {
    pub accounts: &'a Accounts,
    pub customers: &'a BTreeMap<CustomerId, Arc<Customer>>,
}

impl KnownAccounts<'_> {
    fn has_customer(&self, is_meant: impl Fn(&CustomerId, &Customer) -> bool) -> bool {
        self.customers.iter().any(|(id, customer)| is_meant(id, customer))
    }

    fn has_name(&self, name: &str) -> bool {
        self.accounts.partner(name).is_some() || self.has_customer(|id, customer| customer.account_name(id) == name)
    }

    fn has_email(&self, address: &str) -> bool {
        self.has_customer(|_, customer| customer.profile().email.as_deref() == Some(address))
    }

    /// `number` has the country code before a hyphen. That of the customer may be part of its number.
    fn has_mobile(&self, number: &str) -> bool {
        self.has_customer(|_, customer| {
            let profile = customer.profile();
            let Some(telephone) = profile.telephone.as_deref() else { return false };
            let with_code = profile.country_code.as_ref().map(|code| format!("{code}-{telephone}"));
            telephone == number || with_code.is_some_and(|whole| whole == number)
        })
    }

    /// Returns true if a customer of the platform has this user ID.
    fn has_user(&self, xaccount_id: &str, xaccount_type: &str) -> bool {
        self.has_customer(|_, customer| {
            let partner = customer.partner.as_ref().and_then(|name| self.accounts.partner(name));
            let is_of_platform = partner.is_some_and(|partner| *partner.xaccount_type == *xaccount_type);
            is_of_platform && customer.profile().xaccount_id.as_deref() == Some(xaccount_id)
        })
    }
}

impl<'a> Registration<'a> {
    /// Returns the registration, or what is wrong with its first wrong parameter.
    pub fn parse(sent: &SentParameters<'a>) -> Result<Self, ParameterError> {
        sent.text(&DOMAIN_AREA)?;
        let (xaccount_id, xaccount_type) = (sent.text(&XACCOUNT_ID)?, sent.text(&XACCOUNT_TYPE)?);
        let (account_name, address) = (sent.filled_text(&DOMAIN_NAME)?, sent.filled_text(&EMAIL)?);
        let code = sent.optional_text(&VERIFICATION_CODE)?;
        let email = match (address, code) {
            (None, _) => None,
            (Some(address), Some(code)) => Some(VerifiedEmail { address, code }),
            (Some(_), None) => return Err(VERIFICATION_CODE.error(Violation::Missing)),
        };
        let password = sent.optional_text(&PASSWORD)?.map(|password| Secret::new(&password));
        sent.optional_boolean(&IS_CLOSE_MARKET_MS)?;
        let is_of_reseller = sent.filled_text(&INDIRECT_PARTNER_ID)?.is_some();
        sent.optional_boolean(&INCLUDE_ASSOCIATION_RESULT)?;
        Ok(Self { xaccount_id, xaccount_type, account_name, email, password, is_of_reseller })
    }

    pub fn account_name(&self) -> Option<&str> {
        self.account_name.as_deref()
    }

    pub fn email(&self) -> Option<&str> {
        self.email.as_ref().map(|email| &*email.address)
    }

    /// Decides whether the customer may be created. `sent` is the latest code that was sent to its mail address.
    pub fn decide(
        &self,
        partner: &Partner,
        known: &KnownAccounts<'_>,
        sent: Option<&VerificationCode>,
        now: Timestamp,
    ) -> Ruling {
        let mut ruling = Ruling::default();
        // The caller may have been deleted since.
        let is_there = known.accounts.partner(&partner.name).is_some();
        let is_platform = || is_there && *self.xaccount_type == *partner.xaccount_type;
        let has = |is_given: bool, saw: String| if is_given { saw } else { "none is given".to_owned() };
        let is_name = self.account_name.is_some();
        let is_free = |is_taken: bool| if is_taken { "another account has it" } else { "no other account has it" };
        let is_name_taken = || self.account_name.as_ref().is_some_and(|name| known.has_name(name));
        let is_user_taken = || known.has_user(&self.xaccount_id, &self.xaccount_type);
        let is_email_taken = || self.email().is_some_and(|address| known.has_email(address));
        ruling
            .check(&PLATFORM_OF_PARTNER.condition(), is_platform, || {
                saw_platform(&self.xaccount_type, &partner.xaccount_type)
            })
            .check(&RESELLER_OF_CALLER, || !self.is_of_reseller, || saw_reseller(self.is_of_reseller))
            .check(
                &ACCOUNT_NAME_WELL_FORMED,
                || self.account_name.as_ref().is_none_or(|name| is_account_name(name, &ACCOUNT_NAMES)),
                || has(is_name, "5 to 32 letters, digits, _ and -, no digit first, nor op_ or shadow_".to_owned()),
            )
            .check(&ACCOUNT_NAME_FREE, || !is_name_taken(), || has(is_name, is_free(is_name_taken()).to_owned()))
            .check(
                &PASSWORD_WELL_FORMED,
                || self.password.as_ref().is_none_or(|password| self.is_password(password.expose())),
                || has(self.password.is_some(), format!("at least {PASSWORD_KINDS} kinds of characters, no name")),
            )
            .check(&XACCOUNT_ID_FREE, || !is_user_taken(), || is_free(is_user_taken()).to_owned())
            .check(
                &EMAIL_FREE,
                || !is_email_taken(),
                || has(self.email.is_some(), is_free(is_email_taken()).to_owned()),
            );
        self.decide_on_code(&mut ruling, sent, now);
        ruling
    }

    fn decide_on_code(&self, ruling: &mut Ruling, sent: Option<&VerificationCode>, now: Timestamp) {
        let of_email = |saw: String| if self.email.is_some() { saw } else { "no mail address is given".to_owned() };
        let saw = |saw: &dyn Fn(&VerificationCode) -> String| {
            of_email(sent.map_or_else(|| "no code was sent to this address".to_owned(), saw))
        };
        let agrees = || self.email.as_ref().is_none_or(|email| sent.is_some_and(|sent| *sent.code == *email.code));
        ruling
            .check(
                &CODE_TRIES_LEFT,
                || sent.is_none_or(|sent| sent.tries_left > 0),
                || saw(&|sent| format!("tries left: {}", sent.tries_left)),
            )
            .check(
                &CODE_NOT_EXPIRED,
                || sent.is_none_or(|sent| now < sent.expires_at),
                || saw(&|sent| format!("valid until {}", sent.expires_at)),
            )
            .check(&CODE_AGREES, agrees, || {
                saw(&|_| {
                    if agrees() { "the code that was sent" } else { "another code than the one that was sent" }
                        .to_owned()
                })
            });
    }

    /// Returns true if a ruling refused a wrong code, which counts as a try.
    pub fn is_wrong_try(ruling: &Ruling) -> bool {
        ruling.refused_by.is_some_and(|condition| condition.id == CODE_AGREES.id)
    }

    /// Returns true if the password is well-formed: with two of upper-case letters, lower-case letters, digits and others.
    fn is_password(&self, password: &str) -> bool {
        let kinds: [fn(char) -> bool; 4] =
            [char::is_uppercase, char::is_lowercase, char::is_numeric, |c| !c.is_alphanumeric()];
        let is_name = |name: &str| password == name || password.chars().eq(name.chars().rev());
        kinds.into_iter().filter(|kind| password.contains(*kind)).count() >= PASSWORD_KINDS
            && !self.account_name().is_some_and(is_name)
            && self.email() != Some(password)
    }

    /// Returns the new customer, which becomes one of the partner at this time.
    pub fn customer(&self, partner: &Partner, account_name: &str, associated_on: Timestamp) -> Customer {
        let profile = Profile {
            account_name: Some(account_name.into()),
            associated_on: Some(associated_on),
            association_type: Some(AssociationType::Resale),
            email: self.email().map(Into::into),
            xaccount_id: Some((&*self.xaccount_id).into()),
            ..Profile::default()
        };
        Customer { profile: Some(profile.into()), ..Customer::new(Arc::clone(&partner.name)) }
    }
}

fn is_account_name(name: &str, pattern: &TextPattern) -> bool {
    let is_reserved = RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    pattern.matches(name) && !is_reserved
}

/// What of a customer is checked before its creation.
pub enum IdentityCheck<'a> {
    Email(Cow<'a, str>),
    Mobile(Cow<'a, str>),
    Name(Cow<'a, str>),
}

impl<'a> IdentityCheck<'a> {
    /// Returns the check, or what is wrong with its first wrong parameter.
    pub fn parse(sent: &SentParameters<'a>) -> Result<Self, ParameterError> {
        let (search_type, value) = (sent.text(&SEARCH_TYPE)?, sent.text(&SEARCH_VALUE)?);
        let (is_valid, pattern, check): (_, _, fn(_) -> _) = match &*search_type {
            "email" => (EMAIL_PATTERN.matches(&value), &EMAIL_PATTERN, Self::Email),
            "mobile" => (MOBILE_NUMBERS.matches(&value), &MOBILE_NUMBERS, Self::Mobile),
            _ => (is_account_name(&value, &CHECKED_NAMES), &CHECKED_NAMES, Self::Name),
        };
        if is_valid { Ok(check(value)) } else { Err(SEARCH_VALUE.error(pattern.violation())) }
    }

    /// Returns true if an account has it.
    pub fn is_used(&self, known: &KnownAccounts<'_>) -> bool {
        match self {
            Self::Email(address) => known.has_email(address),
            Self::Mobile(number) => known.has_mobile(number),
            Self::Name(name) => known.has_name(name),
        }
    }
}

/// A mail address. The page asks for no more than this.
static EMAIL_PATTERN: TextPattern = TextPattern::new("@", "a mail address with an @");
static LANGUAGES: TextPattern = TextPattern::new("^(zh-cn|en-us)?$", "zh-cn or en-us");

static RECEIVER_TYPE: Parameter = Parameter::mandatory(
    "receiver_type",
    Kind::Number { one_of: &[2], words: "2" },
    "What the code is sent to. 2: a mail address",
);
static CODE_EMAIL: Parameter =
    Parameter::mandatory("email", Kind::Pattern { max: 64, pattern: &EMAIL_PATTERN }, "Mail address.");
static TIMEOUT: Parameter = Parameter::nullable(
    "timeout",
    Kind::Integer { min: 1, max: 3000 },
    "For how many minutes the code is valid. Default: 10. Above 60 it is valid for 5.",
);
static LANG: Parameter = Parameter::nullable(
    "lang",
    Kind::Pattern { max: 5, pattern: &LANGUAGES },
    "Language of the mail: zh-cn or en-us, which is the default.",
);

/// The parameters, in the page's order.
pub static CODE_PARAMETERS: ParameterTable = &[&RECEIVER_TYPE, &CODE_EMAIL, &TIMEOUT, &LANG];

const CODES_LEFT: Condition = Condition {
    id: "codes-left",
    refuses_with: ApiCode::Other(&TOO_MANY_CODES),
    citation: Citation::assumed(
        "The Chinese page: 15 codes an hour and 60 a day. That each address is counted is assumed.",
    ),
};

pub static CODE_CONDITIONS: [Condition; 1] = [CODES_LEFT];

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How many codes an address gets within these spans.
const LIMITS: [(SignedDuration, usize); 2] = [(HOUR, 15), (DAY, 60)];

/// The page's default of `timeout`, the longest that counts, and what a longer one stands for, in minutes.
const DEFAULT_TIMEOUT: i32 = 10;
const MAX_TIMEOUT: i32 = 60;
const SHORT_TIMEOUT: i32 = 5;

/// How many wrong tries a code bears.
const TRIES: u32 = 3;

/// A code that was sent to a mail address.
#[derive(Clone, Debug)]
pub struct VerificationCode {
    pub code: Box<str>,
    pub expires_at: Timestamp,
    pub tries_left: u32,
}

/// A request to send a code.
#[derive(Clone)]
pub struct CodeRequest<'a> {
    pub email: Cow<'a, str>,
    valid_for: SignedDuration,
}

impl<'a> CodeRequest<'a> {
    /// Returns the request, or what is wrong with its first wrong parameter.
    pub fn parse(sent: &SentParameters<'a>) -> Result<Self, ParameterError> {
        sent.integer(&RECEIVER_TYPE)?;
        let email = sent.text(&CODE_EMAIL)?;
        let timeout = sent.optional_integer(&TIMEOUT)?.unwrap_or(DEFAULT_TIMEOUT);
        sent.optional_text(&LANG)?;
        let minutes = if timeout > MAX_TIMEOUT { SHORT_TIMEOUT } else { timeout };
        Ok(Self { email, valid_for: SignedDuration::from_mins(minutes.into()) })
    }

    /// Decides whether a code may be sent, after those that were sent to the address at these times.
    pub fn decide(sent_at: &[Timestamp], now: Timestamp) -> Ruling {
        let within = |span| sent_at.iter().filter(|at| now.duration_since(**at) < span).count();
        let mut ruling = Ruling::default();
        let are_left = || LIMITS.into_iter().all(|(span, limit)| within(span) < limit);
        let saw = || format!("codes for this address: {} in an hour, {} in a day", within(HOUR), within(DAY));
        ruling.check(&CODES_LEFT, are_left, saw);
        ruling
    }

    /// Returns true if a code that was sent at this time still counts for a limit.
    pub fn counts(sent_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(sent_at) < DAY
    }

    /// Returns the code with these digits, sent now.
    pub fn code(&self, digits: &str, now: Timestamp) -> VerificationCode {
        let expires_at = now.saturating_add(self.valid_for).unwrap_or(Timestamp::MAX);
        VerificationCode { code: digits.into(), expires_at, tries_left: TRIES }
    }
}
