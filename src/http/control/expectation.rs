//! What a test expects of the journal: conditions on entries, how many there are to be or in which order, and how long to
//! wait for them.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use axum::http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::extract::RequestBody;
use crate::domain::{DurationText, ENDPOINTS, Matcher, checks, short};
use crate::fixture::{self, ConditionKey, ConditionKeys, Document, KeyValue, LoadError, suggest};
use crate::http::record::METHODS;
use crate::simulator::Outcome;

/// The longest that a call waits.
pub const MAX_WAIT: Duration = Duration::from_secs(60);

/// What journal entries have to be like, and how many of them there have to be or in which order.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Expectation")]
pub struct ExpectationSpec {
    /// What an entry has to be like in order to count.
    #[serde(rename = "match")]
    conditions: Option<ConditionsSpec>,
    /// How many entries there are to be; default at least one.
    count: Option<Count>,
    /// Entries that have to be there in this order, each written as `match` is. Others may stand between them. It stands in
    /// the place of `match` and `count`.
    #[schemars(length(min = 1))]
    sequence: Option<Vec<ConditionsSpec>>,
    /// How long to wait until it holds, at most `60s`; default not at all.
    within: Option<DurationText>,
}

/// Conditions on journal entries: all have to hold.
#[derive(Default)]
struct ConditionsSpec(Conditions);

/// What `match` can be about.
static MATCH: LazyLock<ConditionKeys<Field>> = LazyLock::new(|| {
    let text = |name, about, description| ConditionKey { name, value: KeyValue::Text(about), description };
    let others = [
        text("path", Field::Path, "The path, without a query."),
        text("method", Field::Method, "The method."),
        ConditionKey {
            name: "headers",
            value: KeyValue::Headers(Field::header),
            description: "Headers, by their names in any case.",
        },
        ConditionKey {
            name: "status",
            value: KeyValue::Integer(Field::Status),
            description: "The HTTP status of the answer.",
        },
        text("error_code", Field::ErrorCode, "The `error_code` of the answer."),
        text(
            "outcome",
            Field::Outcome,
            "The outcome, by its name in the catalog: `is_review 1`, `CBC.0100`, `PIC_SIZE_ERR`; or `fault reset`.",
        ),
        text("rule", Field::Rule, "The check or the rule that refused."),
        text("caller", Field::Caller, "The name of the calling partner."),
    ];
    ConditionKeys::with_parameters(others, |parameter| Field::Parameter(parameter.name))
});

impl<'de> Deserialize<'de> for ConditionsSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        MATCH.read(deserializer).map(Self)
    }
}

impl JsonSchema for ConditionsSpec {
    fn schema_name() -> Cow<'static, str> {
        "Conditions".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        MATCH.schema(generator, "Conditions on journal entries: all have to hold.")
    }
}

/// A number of entries: `exactly`, or the others.
#[derive(Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Count")]
struct CountFields {
    /// So many, no more and no fewer.
    exactly: Option<usize>,
    /// So many or more.
    at_least: Option<usize>,
    /// So many or fewer.
    at_most: Option<usize>,
}

/// The fields of a count. A number in their place is a mistake with a hint of its own.
#[derive(Default)]
struct Count(CountFields);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountVisitor;

        impl<'de> Visitor<'de> for CountVisitor {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Count, E> {
                Err(E::custom(format!("a number alone is no count\nwrite {{\"exactly\": {number}}}")))
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Count, A::Error> {
                CountFields::deserialize(MapAccessDeserializer::new(access)).map(Count)
            }
        }

        deserializer.deserialize_any(CountVisitor)
    }
}

impl JsonSchema for Count {
    fn schema_name() -> Cow<'static, str> {
        CountFields::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        CountFields::json_schema(generator)
    }
}

/// What of an entry a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Path,
    Method,
    /// A header, by its name in lower case.
    Header(Box<str>),
    /// A parameter, by its name: of the body, and the customer's ID also of the query.
    Parameter(&'static str),
    Status,
    ErrorCode,
    Outcome,
    Rule,
    Caller,
}

/// As it is written in `match`: `status`, `headers.x-trace`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "path",
            Self::Method => "method",
            Self::Header(name) => return write!(f, "headers.{}", short(name)),
            Self::Parameter(name) => name,
            Self::Status => "status",
            Self::ErrorCode => "error_code",
            Self::Outcome => "outcome",
            Self::Rule => "rule",
            Self::Caller => "caller",
        })
    }
}

/// Conditions on an entry, each on one field: all have to hold.
pub(crate) type Conditions = Vec<(Field, Matcher)>;

/// Reports values that no entry can have. `path` is the place of the conditions.
fn check_conditions(document: &mut Document<'_>, path: &str, conditions: &Conditions) {
    for (field, matcher) in conditions {
        check_condition(document, path, field, matcher);
    }
}

impl Field {
    pub(crate) fn header(name: &str) -> Self {
        Self::Header(name.to_ascii_lowercase().into())
    }
}

/// How many journal entries of which kind a test expects, or in which order. An entry has to satisfy all conditions.
///
/// ```
/// use std::time::Duration;
///
/// use bss_sim::{Expectation, Matcher, Simulator};
///
/// let sim = Simulator::start();
/// let refused = Expectation::at_least(1).customer_id("customer-done").error_code(Matcher::Prefix("CBC.".into()));
/// assert!(sim.verify(&refused).is_err(), "nothing was sent");
/// sim.verify(&Expectation::exactly(0).status([400, 500])).unwrap();
///
/// // A client that is to try again after an error, and has two seconds for that.
/// let retried = Expectation::sequence().status(500).then().status(200).within(Duration::from_secs(2));
/// # let retried = retried.within(Duration::ZERO);
/// let error = sim.verify(&retried).unwrap_err();
/// assert_eq!(error.to_string(), "expected 2 in this order, found 0: nothing meets condition 1");
/// ```
#[derive(Clone, Debug)]
#[must_use = "an expectation does nothing until `expect` or `verify`"]
pub struct Expectation {
    /// The conditions on entries: one set, or with a sequence one for each of its entries.
    pub(crate) elements: Vec<Conditions>,
    pub(crate) order: Order,
    /// How long to wait until it holds.
    pub(crate) within: Duration,
}

/// How many entries there are to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Any order, and so many.
    Any { at_least: usize, at_most: usize },
    /// One for each element, in this order.
    Sequence,
}

impl RequestBody for Expectation {
    type Spec = ExpectationSpec;

    const EXAMPLES: &[&str] = &[
        r#"{"match":{"error_code":"CBC.0999"},"count":{"exactly":2}}"#,
        r#"{"match":{"status":[400,403]},"within":"2s"}"#,
        r#"{"sequence":[{"status":500},{"status":200,"headers":{"X-Attempt":"2"}}]}"#,
    ];

    fn convert(document: &mut Document<'_>, spec: ExpectationSpec) -> Option<Self> {
        let ExpectationSpec { conditions, count, sequence, within } = spec;
        let within = within.map_or(Duration::ZERO, |DurationText(within)| within);
        if within > MAX_WAIT {
            return document.refuse("within", "`within` is at most 60s");
        }
        if let Some(sequence) = sequence {
            if conditions.is_some() || count.is_some() {
                return document.refuse("sequence", "`sequence` stands alone: without `match` and without `count`");
            }
            if sequence.is_empty() {
                return document.refuse("sequence", "an empty `sequence` expects nothing");
            }
            let elements: Vec<_> = sequence.into_iter().map(|ConditionsSpec(conditions)| conditions).collect();
            for (index, conditions) in elements.iter().enumerate() {
                check_conditions(document, &format!("sequence[{index}]"), conditions);
            }
            return Some(Self { elements, order: Order::Sequence, within });
        }
        let Count(CountFields { exactly, at_least, at_most }) = count.unwrap_or_default();
        let (at_least, at_most) = match (exactly, at_least, at_most) {
            (Some(exactly), None, None) => (exactly, exactly),
            (Some(_), ..) => return document.refuse("count", "`exactly` excludes `at_least` and `at_most`"),
            (None, None, None) => (1, usize::MAX),
            (None, at_least, at_most) => (at_least.unwrap_or(0), at_most.unwrap_or(usize::MAX)),
        };
        if at_least > at_most {
            return document
                .refuse("count", "no number is at least `at_least` and at most `at_most`: is one the other?");
        }
        let ConditionsSpec(conditions) = conditions.unwrap_or_default();
        check_conditions(document, "match", &conditions);
        let elements = vec![conditions];
        Some(Self { elements, order: Order::Any { at_least, at_most }, within })
    }
}

impl Expectation {
    /// Reads the body of `POST /_sim/verify`. The error has everything that is wrong with it.
    pub(crate) fn from_json(text: &str) -> Result<Self, LoadError> {
        fixture::read_with(text, Self::EXAMPLES[0], Self::convert)
    }
}

/// The statuses that HTTP has.
const STATUSES: std::ops::RangeInclusive<i64> = 100..=599;

/// Reports the literal values in the condition on a field that no entry can have: the condition would never hold, which is a
/// mistake, most often of spelling. `path` is the place of the conditions.
fn check_condition(document: &mut Document<'_>, path: &str, field: &Field, matcher: &Matcher) {
    match matcher {
        Matcher::AnyOf(values) => {
            for (message, hint) in values.iter().filter_map(|value| impossible(field, value)) {
                document.report(&format!("{path}.{field}"), message, hint);
            }
        }
        Matcher::Not(negated) => check_condition(document, path, field, negated),
        _ => {}
    }
}

/// Returns what is wrong with a value, and a hint. `None` if the field can have it.
fn impossible(field: &Field, value: &str) -> Option<(String, String)> {
    let unknown = |what: &str, known: &[&str]| {
        let message = || format!("there is no {what} `{}`", short(value));
        (!known.contains(&value)).then(|| (message(), suggest(value, known)))
    };
    match field {
        Field::Outcome => unknown("outcome", &Outcome::names()),
        Field::ErrorCode => unknown("error code", &Outcome::error_codes()),
        Field::Rule => {
            let checks = checks::CHECKS.into_iter().chain([&checks::QUOTA, &checks::IDENTITY]).map(|check| check.id);
            let mut known: Vec<_> = checks.collect();
            for condition in ENDPOINTS.iter().flat_map(|endpoint| endpoint.conditions()) {
                if !known.contains(&condition.id) {
                    known.push(condition.id);
                }
            }
            unknown("check or rule", &known)
        }
        Field::Method => unknown("method", &METHODS.each_ref().map(Method::as_str)),
        Field::Path => match value.split_once('?') {
            Some((path, _)) => Some(("a path is without its query".to_owned(), format!("write `{}`", short(path)))),
            // The target of OPTIONS can be a star.
            None if value.starts_with('/') || value == "*" => None,
            None => unknown("path", &ENDPOINTS.map(|endpoint| endpoint.path)),
        },
        Field::Status => {
            let is_status = value.parse().is_ok_and(|status| STATUSES.contains(&status));
            let range = format!("write one from {} to {}", STATUSES.start(), STATUSES.end());
            (!is_status).then(|| (format!("there is no HTTP status {}", short(value)), range))
        }
        Field::Header(_) | Field::Parameter(_) | Field::Caller => None,
    }
}
