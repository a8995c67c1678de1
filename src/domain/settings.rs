//! The settings of a world: how the simulated service is configured, and which reading of the page it follows.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZero;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::catalog::{self, Review};
use crate::domain::gateway;
use crate::domain::text::DurationText;

/// The dated edition of the page to follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Contract {
    /// The page of 2023-03.
    #[default]
    #[serde(rename = "2023-03")]
    March2023,
    /// The API definition of 2026-01: certificate types 0 and 7 are gone.
    #[serde(rename = "2026-01")]
    January2026,
}

/// Which credentials are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Authentication {
    /// Only those that the world lists.
    #[default]
    Strict,
    /// Any. Unlisted ones authenticate as the first partner.
    Lenient,
}

/// How an application for an unlisted customer is treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnlistedCustomers {
    /// It is refused.
    #[default]
    Refuse,
    /// The customer becomes a new customer of the caller.
    Adopt,
}

/// The JSON type of `is_review`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IsReviewType {
    /// `1`, as the page's table and every official SDK declare it.
    #[default]
    Integer,
    /// `"1"`, as the page's example prints it.
    String,
}

/// The `error_msg` of `CBC.0100`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParameterErrors {
    /// The page's description.
    #[default]
    Documented,
    /// The field and its problem, as the real service answers for its other APIs.
    Named,
}

/// The code of an error that the API or its gateway answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AnsweredCode(&'static str);

impl Borrow<str> for AnsweredCode {
    fn borrow(&self) -> &str {
        self.0
    }
}

static CODES: LazyLock<Vec<&'static str>> = LazyLock::new(|| catalog::codes().chain(gateway::codes()).collect());

impl<'de> Deserialize<'de> for AnsweredCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        let known = CODES.iter().find(|known| **known == code);
        known.map(|known| Self(known)).ok_or_else(|| D::Error::unknown_variant(&code, &CODES))
    }
}

/// The texts of errors that are others than those of the tables, by code. A scenario has them as `settings.wire.messages`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Messages(Arc<BTreeMap<AnsweredCode, ErrorText>>);

impl Messages {
    /// Returns the text of a code that is listed.
    pub fn get(&self, code: &str) -> Option<&str> {
        self.0.get(code).map(|ErrorText(text)| &**text)
    }

    /// Returns the text of a code. `text` is that of the table.
    pub fn of<'a>(&'a self, code: &str, text: &'a str) -> &'a str {
        self.get(code).unwrap_or(text)
    }
}

impl JsonSchema for Messages {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Messages".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": { "enum": *CODES },
            "additionalProperties": { "type": "string", "minLength": 1, "maxLength": MAX_MESSAGE_CHARS },
        })
    }
}

/// The most characters of an `error_msg`, as the page has it.
const MAX_MESSAGE_CHARS: usize = 1024;

/// An `error_msg`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct ErrorText(Box<str>);

impl<'de> Deserialize<'de> for ErrorText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<str>::deserialize(deserializer)?;
        match text.chars().count() {
            1..=MAX_MESSAGE_CHARS => Ok(Self(text)),
            0 => Err(D::Error::custom("an error without a text\nwrite what the service says, or leave it out")),
            _ => Err(D::Error::custom(format!("the text is too long\nat most {MAX_MESSAGE_CHARS} characters"))),
        }
    }
}

/// Choices between two readings of what goes over the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Wire {
    /// `integer`: `{"is_review":1}`; `string`: `{"is_review":"1"}`, as the page's example. Default integer.
    pub is_review: IsReviewType,
    /// `documented`: `Parameter error.`; `named`: `customer_id: must not be null`. Default documented.
    pub parameter_errors: ParameterErrors,
    /// Other texts of errors, by code, for those that the real service is known to have: `{ CBC.0151: "Access denied!" }`.
    pub messages: Messages,
}

/// How many requests each caller may send to each path in a second. `None` if there is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota(pub Option<NonZero<u32>>);

impl Serialize for Quota {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(limit) => serializer.collect_str(&format_args!("{limit}/s")),
            None => serializer.serialize_str("off"),
        }
    }
}

impl<'de> Deserialize<'de> for Quota {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QuotaVisitor;

        impl Visitor<'_> for QuotaVisitor {
            type Value = Quota;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`off`, or a quota like `10/s`")
            }

            /// To tools that read YAML 1.1, `off` is false.
            fn visit_bool<E: Error>(self, is_on: bool) -> Result<Quota, E> {
                if is_on { Err(E::invalid_value(Unexpected::Bool(true), &self)) } else { Ok(Quota(None)) }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Quota, E> {
                let limit = || text.strip_suffix("/s").and_then(|limit| limit.trim().parse().ok());
                let quota = if text == "off" { Some(Quota(None)) } else { limit().map(|limit| Quota(Some(limit))) };
                quota.ok_or_else(|| E::custom(format!("`{text}` is no quota\nwrite `off`, or a quota like `10/s`")))
            }
        }

        deserializer.deserialize_any(QuotaVisitor)
    }
}

impl JsonSchema for Quota {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Quota".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "type": "string", "pattern": "^(off|0*[1-9][0-9]* */s)$" }, { "const": false }],
            "examples": ["off", "10/s"],
        })
    }
}

/// How the service is configured, and which reading of the page it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The dated edition of the page; default 2023-03.
    pub contract: Contract,
    /// `lenient` accepts any credential that is not listed, as the first partner's; default strict.
    pub authentication: Authentication,
    /// `manual`: accepted applications answer `is_review` 1; `automatic`: 0. Default manual.
    pub review: Review,
    /// How many applications one customer may make; default 3 (assumed).
    pub attempts_per_customer: u32,
    /// How many customers may hold one certificate; default 3.
    pub customers_per_certificate: u32,
    /// `adopt` makes an unknown `customer_id` the caller's customer; default refuse.
    pub unlisted_customers: UnlistedCustomers,
    /// Choices between two readings of what goes over the wire.
    pub wire: Wire,
    /// How many requests each caller may send to each path: `off`, or like `10/s`; default off.
    pub quota: Quota,
    /// Where probabilities start from: the same seed gives the same run.
    #[schemars(range(max = 9_223_372_036_854_775_807_i64))]
    pub seed: u64,
    /// After this time a manual review is approved by itself; default, and `null`: never.
    #[serde(
        deserialize_with = "read_duration",
        serialize_with = "write_duration",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "duration_or_null")]
    pub review_after: Option<Duration>,
    /// This long after its creation by the API a customer becomes one of its partner; default, and `null`: at once.
    #[serde(
        deserialize_with = "read_duration",
        serialize_with = "write_duration",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "duration_or_null")]
    pub association_after: Option<Duration>,
}

fn read_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(|DurationText(duration)| duration))
}

#[expect(clippy::ref_option, reason = "serde calls it with the field")]
fn write_duration<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(DurationText).serialize(serializer)
}

/// Files say by `null` that there is none, so that editors have to accept it.
fn duration_or_null(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [generator.subschema_for::<DurationText>(), { "const": null }] })
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contract: Contract::default(),
            authentication: Authentication::default(),
            review: Review::Manual,
            review_after: None,
            association_after: None,
            // Assumed: the page mentions the limit but no number.
            attempts_per_customer: 3,
            // The vendor's user guide: one certificate authenticates at most three accounts.
            customers_per_certificate: 3,
            unlisted_customers: UnlistedCustomers::default(),
            wire: Wire::default(),
            quota: Quota::default(),
            seed: 0,
        }
    }
}
