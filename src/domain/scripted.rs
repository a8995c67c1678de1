//! Scripted answers to applications that match. The simulator counts their uses.

use std::marker::PhantomData;

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use strum::IntoStaticStr;

use crate::domain::account::Partner;
use crate::domain::application::{Application, Parameter};
use crate::domain::rules::Answer;
use crate::domain::scalars::DurationText;

/// A scripted answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scripted")]
pub struct ScriptedAnswer {
    /// The applications that it is for. Default: all.
    #[serde(default)]
    pub when: When,
    /// The share of matching applications that get it; default 1.
    #[serde(default = "always", deserialize_with = "read_probability")]
    #[schemars(range(min = 0, max = 1))]
    pub probability: f64,
    /// The answer. A list is a sequence, whose last step repeats.
    #[serde(rename = "then")]
    pub steps: Steps,
    /// How often it is given. Without a number, always.
    #[serde(default, deserialize_with = "read_times", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub times: Option<usize>,
    /// By how much it is delayed.
    #[serde(skip_serializing_if = "is_no_delay")]
    pub delay: Option<DurationText>,
}

/// The answers, use by use. Never empty. A scripted acceptance changes the world like any other; everything else changes
/// nothing (assumed).
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Steps(pub Vec<Answer>);

#[expect(clippy::ref_option, reason = "serde calls it with the field")]
fn is_no_delay(delay: &Option<DurationText>) -> bool {
    delay.is_none_or(|DurationText(delay)| delay.is_zero())
}

fn always() -> f64 {
    1.0
}

fn read_probability<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = Option::deserialize(deserializer)?.unwrap_or(1.0);
    let is_share = (0.0..=1.0).contains(&share);
    is_share.then_some(share).ok_or_else(|| D::Error::custom("no probability\nwrite a number from 0 to 1"))
}

fn read_times<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    match Option::deserialize(deserializer)? {
        Some(0) => Err(D::Error::custom("an answer that is never given\nat least 1, or leave `times` out")),
        times => Ok(times),
    }
}

impl ScriptedAnswer {
    /// Returns what remains after `used` uses. `None` if it is used up.
    pub fn remaining_after(&self, used: usize) -> Option<Self> {
        let times = self.times.map(|times| times.saturating_sub(used));
        let last = self.steps.0.len().saturating_sub(1);
        let steps = Steps(self.steps.0[used.min(last)..].to_vec());
        (times != Some(0)).then(|| Self { steps, times, ..self.clone() })
    }

    /// Returns true if `used` is less than intended: `times`, or one use.
    pub fn is_left_over(&self, used: usize) -> bool {
        used < self.times.unwrap_or(1)
    }

    /// Returns the answer of the next use after `used` uses.
    pub fn step(&self, used: usize) -> Answer {
        *self.steps.0.get(used).or(self.steps.0.last()).expect("a scripted answer without steps")
    }
}

// The decoder knows it by its name.
/// Which applications a scripted answer is for: all conditions have to hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename = "$bss_sim::Conditions")]
#[schemars(rename = "When", extend("allOf" = [{ "additionalProperties": { "not": { "type": "null" } } }]))]
pub struct When {
    /// The name of the calling partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<TypedMatcher<String>>,
    /// The `customer_id` of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<TypedMatcher<String>>,
    /// The `identify_type` of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    identify_type: Option<TypedMatcher<i32>>,
    /// The `verified_file_url` of the application: one entry has to satisfy it.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_file_url: Option<TypedMatcher<String>>,
    /// The `name` of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<TypedMatcher<String>>,
    /// The `verified_number` of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_number: Option<TypedMatcher<String>>,
    /// The `xaccount_type` of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    xaccount_type: Option<TypedMatcher<String>>,
    /// The `verified_type` of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_type: Option<TypedMatcher<i32>>,
    /// The `change_type` of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    change_type: Option<TypedMatcher<i32>>,
}

impl When {
    /// Returns the partners that the conditions name in full.
    pub fn callers(&self) -> impl Iterator<Item = &str> {
        let names = match &self.caller {
            Some(TypedMatcher(Matcher::AnyOf(names), _)) => &names[..],
            _ => &[],
        };
        names.iter().map(|name| &**name)
    }

    pub fn matches(&self, caller: &Partner, application: &Application<'_>) -> bool {
        fn holds<T>(matcher: Option<&TypedMatcher<T>>, application: &Application<'_>, parameter: Parameter) -> bool {
            matcher.is_none_or(|TypedMatcher(matcher, _)| matcher.matches(&application.values(parameter)))
        }
        self.caller.as_ref().is_none_or(|TypedMatcher(matcher, _)| matcher.matches(&[&caller.name]))
            && holds(self.customer_id.as_ref(), application, Parameter::CustomerId)
            && holds(self.identify_type.as_ref(), application, Parameter::IdentifyType)
            && holds(self.verified_file_url.as_ref(), application, Parameter::VerifiedFileUrl)
            && holds(self.name.as_ref(), application, Parameter::Name)
            && holds(self.verified_number.as_ref(), application, Parameter::VerifiedNumber)
            && holds(self.xaccount_type.as_ref(), application, Parameter::XaccountType)
            && holds(self.verified_type.as_ref(), application, Parameter::VerifiedType)
            && holds(self.change_type.as_ref(), application, Parameter::ChangeType)
    }
}

/// A condition on a value of this type.
#[derive(Clone, Debug)]
pub struct TypedMatcher<T>(pub Matcher, pub PhantomData<T>);

impl<T> From<TypedMatcher<T>> for Matcher {
    fn from(typed: TypedMatcher<T>) -> Self {
        typed.0
    }
}

/// A condition on a value. Numbers are compared by their decimal text.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// The value is one of these.
    AnyOf(Vec<Box<str>>),
    /// The value begins with this.
    Prefix(Box<str>),
    /// The value ends with this.
    Suffix(Box<str>),
    /// This is somewhere in the value.
    Contains(Box<str>),
    /// The expression matches somewhere in the value.
    Regex(Regex),
    /// Whether there must be a value or must be none.
    Present(bool),
    /// No value satisfies this condition.
    Not(Box<Matcher>),
}

/// The most bytes of a value that an expression looks at: as many as the longest valid one has.
const MAX_MATCHED_BYTES: usize = 1024;

fn beginning(value: &str) -> &str {
    let end = (0..=MAX_MATCHED_BYTES.min(value.len())).rev().find(|end| value.is_char_boundary(*end));
    &value[..end.unwrap_or_default()]
}

impl Matcher {
    /// Returns true if the condition holds for one of the values.
    pub fn matches<S: AsRef<str>>(&self, values: &[S]) -> bool {
        let any = |holds: &dyn Fn(&str) -> bool| values.iter().any(|value| holds(value.as_ref()));
        match self {
            Self::AnyOf(options) => any(&|value| options.iter().any(|option| **option == *value)),
            Self::Prefix(prefix) => any(&|value| value.starts_with(&**prefix)),
            Self::Suffix(suffix) => any(&|value| value.ends_with(&**suffix)),
            Self::Contains(part) => any(&|value| value.contains(&**part)),
            Self::Regex(regex) => any(&|value| regex.is_match(beginning(value))),
            Self::Present(present) => *present != values.is_empty(),
            Self::Not(condition) => !condition.matches(values),
        }
    }

    /// Returns a condition that holds for these values.
    pub fn any_of<T: ToString>(options: impl IntoIterator<Item = T>) -> Self {
        Self::AnyOf(options.into_iter().map(|option| option.to_string().into()).collect())
    }
}

impl From<&str> for Matcher {
    fn from(value: &str) -> Self {
        Self::any_of([value])
    }
}

impl From<u16> for Matcher {
    fn from(value: u16) -> Self {
        Self::any_of([value])
    }
}

impl<T: ToString, const N: usize> From<[T; N]> for Matcher {
    fn from(options: [T; N]) -> Self {
        Self::any_of(options)
    }
}

/// A fault of the connection (of the stream, over HTTP/2). Only a script causes one. The choice of faults is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", prefix = "fault ")]
pub enum Fault {
    /// The connection is reset (TCP RST).
    Reset,
    /// The connection is closed without an answer.
    Close,
    /// An answer with status 200 and an empty body.
    Empty,
    /// An answer whose body is shorter than its `Content-Length`.
    Malformed,
    /// No answer as long as the client waits.
    Hang,
}

impl Fault {
    /// The word in fixtures and explanations.
    pub fn as_str(self) -> &'static str {
        <&str>::from(self).trim_start_matches("fault ")
    }
}
