//! The simulated service as plain values and pure functions: no HTTP, no locks, no clock, no files, no async.
//!
//! [`catalog`], [`certificate`], [`checks`], [`gateway`] and [`rules`] are the API's page and the gateway's error table as
//! Rust tables. An [`application`] is a well-formed request; [`rules::decide`] decides on it. A [`world`] is the initial
//! state of a simulated service.

mod account;
mod application;
mod bucket;
pub mod catalog;
mod certificate;
pub mod checks;
pub mod credentials;
mod customer_query;
pub mod endpoints;
mod enterprise;
pub mod gateway;
mod parameters;
mod registration;
mod rules;
mod scripted;
mod settings;
mod text;
mod world;

pub use account::{
    AccountRef, AssociationType, Caller, Customer, CustomerId, CustomerType, Partner, PartnerRealName, Profile,
    RealNameStatus, ReviewDecision,
};
pub use application::{APPLICATION, Application, CUSTOMER_ID, VERIFIED_FILE_URL, VERIFIED_TYPE};
pub use bucket::{
    Addressing, Bucket, BucketContents, Flaw, Format, Inspection, MAX_PICTURE_BYTES, Picture, PictureFormat,
    PictureKind, PicturePath, RealBucket, S3Bucket, Shows, TYPICAL_PICTURE_BYTES,
};
pub use catalog::{ApiCode, CheckItem, DocumentedOutcome, ErrorCode, OtherError, Review};
pub use certificate::{CERTIFICATE_TYPES, Certificate, CertificateNumber, CertificateType, Verdict};
pub use checks::{Check, Citation};
pub use credentials::{AccessKey, Accounts, Credentials, Secret, User};
pub use customer_query::CustomerQuery;
pub use endpoints::{
    CHANGE, CHECK_IDENTITY, CREATE_CUSTOMER, DOMAINS, ENDPOINTS, ENTERPRISE, Endpoint, INDIVIDUAL, LIST_CUSTOMERS,
    PARAMETERS, REVIEW_RESULT, SEND_CODE, Scriptable, TOKENS,
};
pub use gateway::{GatewayError, MAX_BODY_BYTES};
pub use parameters::{
    Kind, Parameter, ParameterError, ParameterTable, Presence, SentParameters, SentValue, TRUTH_TEXTS, Violation,
};
pub use registration::{CodeRequest, IdentityCheck, KnownAccounts, Registration, VerificationCode};
pub use rules::{
    Answer, Case, CheckReport, CheckResult, Condition, Decision, Facts, RULES, Refusal, Ruling, check_ownership,
    decide, explain,
};
pub use scripted::{
    Delay, Fault, Matcher, Misfit, RawAnswer, ScriptedAnswer, ScriptedRequest, Step, Steps, Subject, TypedMatcher,
    When, read_status,
};
pub use settings::{
    Authentication, Contract, IsReviewType, Messages, ParameterErrors, Quota, Settings, UnlistedCustomers, Wire,
};
pub(crate) use text::{DurationText, RegexText, SizeText, TimestampText, parse_duration, parse_size};
pub use text::{Label, MAX_LABEL_CHARS, excerpt, printable, short};
pub use world::StartWorld;
