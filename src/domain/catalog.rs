//! The page's "Returned Values" and "Error list", row by row.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::domain::endpoints::{CHANGE, CREATE_CUSTOMER, ENTERPRISE, Endpoint, INDIVIDUAL, SEND_CODE};
use crate::domain::rules::{Answer, Refusal};

/// Defines an enum and its table from one list, so that a new row is a single line.
macro_rules! catalog {
    (
        $(#[$doc:meta])* $name:ident { text: $text:ident, $($field:ident: $type:ty),* };
        $($variant:ident = $code:literal, $($value:expr),* ;)*
    ) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        pub enum $name {
            $(#[doc = concat!("`", $code, "`")] #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// Every row, in the page's order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            pub const fn $text(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            const fn row(self) -> ($($type),*,) {
                match self { $(Self::$variant => ($($value),*,)),* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|row| row.$text() == text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.$text())
            }
        }
    };
}

catalog! {
    /// A row of the page's "Returned Values".
    ErrorCode { text: code, status: u16, message: &'static str };
    NotYourCustomer      = "CBC.99000000", 400, "You do not have the operation permission to this customer.";
    AlreadyAuthenticated = "CBC.99000027", 400, "The customer has passed real-name authentication or is being reviewed.";
    AttemptsExhausted    = "CBC.99000026", 400, "The number of real-name authentication times of the customer exceeds the upper limit.";
    NoPartner            = "CBC.99000035", 400, "You are not a customer of a partner yet.";
    PartnerNotReady      = "CBC.99005030", 400, "The partner did not complete real-name authentication or bucket authentication.";
    CheckItemsFailed     = "CBC.99007004", 400, "The initiated service operation does not meet the service check item requirement.";
    VerificationFailed   = "CBC.99007188", 400, "Real-name authentication failed.";
    CertificateWornOut   = "CBC.99007189", 400, "The number of users who used the certificate ID for real-name authentication has reached the maximum limit.";
    CertificateBlocked   = "CBC.99007193", 400, "The certificate ID is from an invalid certificate and cannot be used for real-name authentication.";
    IdentityMismatch     = "CBC.99007202", 400, "The ID information or mobile number is incorrect.";
    CustomerIsPartner    = "CBC.99007259", 400, "You are a partner and cannot be authenticated as an individual using your real name.";
    BankCardUnsupported  = "CBC.99007261", 400, "The bank card is not supported. Try another bank card.";
    CustomerIsCaller     = "CBC.99007265", 400, "You are a partner and cannot be authenticated as an individual using your real name.";
    ParameterError       = "CBC.0100", 400, "Parameter error.";
    AccessDenied         = "CBC.0151", 403, "Access denied.";
    OtherErrors          = "CBC.0999", 500, "Other errors.";
}

impl ErrorCode {
    pub const fn status(self) -> u16 {
        self.row().0
    }

    /// Returns the page's description, which is the `error_msg` of the answer.
    pub const fn message(self) -> &'static str {
        self.row().1
    }
}

catalog! {
    /// A row of the page's "Error list": a value of `fail_check_items`.
    CheckItem { text: code, description: &'static str };
    PictureFormat   = "PIC_FORMAT_ERR", "Incorrect certificate picture format.";
    PictureSize     = "PIC_SIZE_ERR", "Incorrect certificate picture size.";
    FrontInvalid    = "INVALID_FRONT_IDCARD", "The front side of the certificate is invalid or blurred.";
    BackInvalid     = "INVALID_BACK_IDCARD", "The back side of the certificate is invalid or blurred.";
    InformationDiffers = "IDCARD_INFO_NOT_SAME", "The entered certificate information is different from that displayed in the picture of the front side of the certificate.";
    InHandInvalid   = "INVALID_IDCARD_FACE", "The picture of holding the certificate is invalid or blurred.";
}

impl CheckItem {
    pub const fn description(self) -> &'static str {
        self.row().0
    }
}

/// A set of check items, as a bit mask. It lists each item once, in the page's order (the order is assumed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckItems(u8);

impl CheckItems {
    pub const NONE: Self = Self(0);

    pub fn iter(self) -> impl Iterator<Item = CheckItem> {
        CheckItem::ALL.iter().copied().filter(move |item| self.0 & (1 << *item as u8) != 0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<CheckItem> for CheckItems {
    fn from_iter<I: IntoIterator<Item = CheckItem>>(items: I) -> Self {
        Self(items.into_iter().fold(0, |set, item| set | 1 << item as u8))
    }
}

/// An error beyond the page's list.
#[derive(Debug, PartialEq, Eq)]
pub struct OtherError {
    pub code: &'static str,
    pub status: u16,
    /// As the vendor's own answers or pages have it, unless its row says otherwise.
    pub message: &'static str,
}

const fn other(code: &'static str, status: u16, message: &'static str) -> OtherError {
    OtherError { code, status, message }
}

/// The errors that any API of the vendor may answer, by code. Other pages of the vendor list them. That the API of this page
/// answers them too is assumed. Only a script causes one.
pub static COMMON_ERRORS: [&OtherError; 7] = [
    &other("CBC.0150", 403, "Access denied. The customer does not belong to the website you are now at."),
    // The text is assumed: the pages only describe the error.
    &other("CBC.0154", 401, "The token is invalid or has expired."),
    // The text is assumed, likewise.
    &other("CBC.0155", 403, "The request is not allowed."),
    &other("CBC.0156", 403, "Access denied. The customer does not belong to the website you are now at."),
    // The text is assumed, likewise.
    &other("CBC.0250", 429, "Message flow control."),
    &NOT_YOUR_RESELLER,
    &other("CBC.99005035", 400, "This API cannot be used by a sandbox account."),
];

/// The text is assumed, likewise.
pub static NOT_YOUR_RESELLER: OtherError =
    other("CBC.99000037", 400, "You do not have the operation permission to this reseller.");

/// An error of the neighbours' own pages, with the endpoints that it belongs to. The tables of the international pages are not
/// public: the codes are those of the Chinese pages, and the texts are ours (both assumed).
#[derive(Debug)]
pub struct NeighbourError {
    pub error: &'static OtherError,
    pub endpoints: &'static [&'static Endpoint],
}

pub static CODE_EXPIRED: OtherError = other("CBC.99004008", 400, "The verification code has expired.");
pub static CODE_TRIES_EXHAUSTED: OtherError =
    other("CBC.99004009", 400, "The verification code was entered incorrectly more than three times.");
pub static CODE_WRONG: OtherError = other("CBC.99004010", 400, "The verification code is incorrect.");
pub static TOO_MANY_CODES: OtherError =
    other("CBC.99004015", 400, "The number of verification codes exceeds the upper limit.");
pub static EMAIL_TAKEN: OtherError = other("CBC.99000029", 400, "The email address has been registered.");
pub static ACCOUNT_NAME_MALFORMED: OtherError =
    other("CBC.99000031", 400, "The format of the account name is incorrect.");
pub static PASSWORD_MALFORMED: OtherError = other("CBC.99000036", 400, "The format of the password is incorrect.");
pub static ACCOUNT_NAME_TAKEN: OtherError = other("CBC.99000038", 400, "The account name already exists.");
pub static XACCOUNT_ID_TAKEN: OtherError = other("CBC.99000039", 400, "The xaccountId already exists.");
/// The account has been created; its association with the partner comes later.
pub static ASSOCIATION_TIMED_OUT: OtherError =
    other("CBC.99000050", 500, "Querying the association result timed out. Query the customer list later.");

static CREATION: [&Endpoint; 1] = [&CREATE_CUSTOMER];
static ENTERPRISES: [&Endpoint; 2] = [&ENTERPRISE, &CHANGE];

/// The errors of the neighbours. Those that no condition names come from a script alone.
pub static NEIGHBOUR_ERRORS: [NeighbourError; 22] = [
    at(&CREATION, &other("CBC.0101", 400, "Invalid parameter.")),
    at(&CREATION, &other("CBC.50010059", 400, "The partner cannot be associated with the customer.")),
    at(&CREATION, &other("CBC.50010065", 400, "The partner cannot be associated with the customer.")),
    at(&CREATION, &other("CBC.50010085", 400, "The partner cannot be associated with the customer.")),
    at(&CREATION, &other("CBC.50010086", 400, "The partner cannot be associated with the customer.")),
    at(&CREATION, &other("CBC.99000004", 400, "Authorizing the partner failed.")),
    at(&CREATION, &EMAIL_TAKEN),
    at(&CREATION, &other("CBC.99000030", 400, "The number of registrations exceeds the upper limit.")),
    at(&CREATION, &ACCOUNT_NAME_MALFORMED),
    at(&CREATION, &PASSWORD_MALFORMED),
    at(&CREATION, &ACCOUNT_NAME_TAKEN),
    at(&CREATION, &XACCOUNT_ID_TAKEN),
    at(&CREATION, &ASSOCIATION_TIMED_OUT),
    at(&CREATION, &other("CBC.99000051", 400, "The email address has been registered by Huawei Cloud as a lead.")),
    at(&CREATION, &CODE_EXPIRED),
    at(&CREATION, &CODE_TRIES_EXHAUSTED),
    at(&CREATION, &CODE_WRONG),
    at(&[&SEND_CODE], &TOO_MANY_CODES),
    at(&ENTERPRISES, &other("CBC.99000099", 400, "The size of an attachment exceeds the upper limit.")),
    at(&ENTERPRISES, &other("CBC.99000100", 400, "The format of an attachment is incorrect.")),
    at(
        &ENTERPRISES,
        &other("CBC.70600026", 400, "This application cannot be reviewed now. Contact your account manager."),
    ),
    at(
        &[&INDIVIDUAL, &ENTERPRISE, &CHANGE],
        &other("CBC.70600032", 400, "The identity information is abnormal and may violate rules."),
    ),
];

const fn at(endpoints: &'static [&'static Endpoint], error: &'static OtherError) -> NeighbourError {
    NeighbourError { error, endpoints }
}

impl OtherError {
    /// Returns the endpoints that the error belongs to. `None` if any endpoint may answer it.
    pub fn endpoints(&self) -> Option<&'static [&'static Endpoint]> {
        NEIGHBOUR_ERRORS.iter().find(|row| row.error == self).map(|row| row.endpoints)
    }
}

/// Every error beyond the page's list.
pub fn other_errors() -> impl Iterator<Item = &'static OtherError> {
    COMMON_ERRORS.into_iter().chain(NEIGHBOUR_ERRORS.iter().map(|row| row.error))
}

/// An error of the API: of the page, or of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiCode {
    Page(ErrorCode),
    Other(&'static OtherError),
}

impl ApiCode {
    pub fn parse(code: &str) -> Option<Self> {
        let other = || other_errors().find(|error| error.code == code).map(Self::Other);
        ErrorCode::parse(code).map(Self::Page).or_else(other)
    }

    pub const fn code(self) -> &'static str {
        match self {
            Self::Page(code) => code.code(),
            Self::Other(error) => error.code,
        }
    }

    pub const fn status(self) -> u16 {
        match self {
            Self::Page(code) => code.status(),
            Self::Other(error) => error.status,
        }
    }

    pub const fn message(self) -> &'static str {
        match self {
            Self::Page(code) => code.message(),
            Self::Other(error) => error.message,
        }
    }

    pub const fn answer(self) -> Answer {
        match self {
            Self::Page(code) => Answer::Refuse(Refusal::of(code)),
            Self::Other(error) => Answer::Other(error),
        }
    }
}

/// Every `error_code` that the API and its neighbours can answer: those of the page, then the others.
pub fn codes() -> impl Iterator<Item = &'static str> {
    ErrorCode::ALL.iter().map(|code| code.code()).chain(other_errors().map(|error| error.code))
}

/// Whether a person has to review an accepted application: the page's `is_review`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
pub enum Review {
    /// `is_review` 1: the customer is under review.
    #[strum(to_string = "is_review 1")]
    Manual = 1,
    /// `is_review` 0: the customer is authenticated at once.
    #[serde(rename = "automatic")]
    #[strum(to_string = "is_review 0")]
    NotNeeded = 0,
}

impl Review {
    /// Both values, in the order of their numbers.
    pub const ALL: &[Self] = &[Self::NotNeeded, Self::Manual];

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The name of the outcome: the field with its number.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An outcome that the page documents, and that clients have to handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentedOutcome {
    /// 200 with this `is_review`.
    Accepted(Review),
    Refused(ErrorCode),
    /// `CBC.99007004` with this item.
    Item(CheckItem),
}

impl DocumentedOutcome {
    /// How many there are.
    pub const COUNT: usize = Review::ALL.len() + ErrorCode::ALL.len() + CheckItem::ALL.len();

    /// Returns its place among [`all`](Self::all).
    pub const fn index(self) -> usize {
        match self {
            Self::Accepted(review) => review as usize,
            Self::Refused(code) => Review::ALL.len() + code as usize,
            Self::Item(item) => Review::ALL.len() + ErrorCode::ALL.len() + item as usize,
        }
    }

    /// Returns every documented outcome, in the page's order.
    pub fn all() -> impl Iterator<Item = Self> {
        let accepted = Review::ALL.iter().copied().map(Self::Accepted);
        let refused = ErrorCode::ALL.iter().copied().map(Self::Refused);
        let items = CheckItem::ALL.iter().copied().map(Self::Item);
        accepted.chain(refused).chain(items)
    }

    pub const fn status(self) -> u16 {
        match self {
            Self::Accepted(_) => 200,
            Self::Refused(code) => code.status(),
            Self::Item(_) => ErrorCode::CheckItemsFailed.status(),
        }
    }

    pub const fn text(self) -> &'static str {
        match self {
            Self::Accepted(Review::NotNeeded) => "Accepted; no manual review.",
            Self::Accepted(Review::Manual) => "Accepted; transferred to manual review.",
            Self::Refused(code) => code.message(),
            Self::Item(item) => item.description(),
        }
    }
}

impl fmt::Display for DocumentedOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(review) => f.write_str(review.as_str()),
            Self::Refused(code) => f.write_str(code.code()),
            Self::Item(item) => f.write_str(item.code()),
        }
    }
}
