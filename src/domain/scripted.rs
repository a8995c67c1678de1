//! Scripted answers to applications that match. The simulator counts their uses.

use std::time::Duration;

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::domain::account::Partner;
use crate::domain::application::{Application, Parameter};
use crate::domain::rules::Answer;

/// The value that a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenField {
    Caller,
    Parameter(Parameter),
}

/// The conditions of a scripted answer. All must hold.
#[derive(Clone, Debug, Default)]
pub struct When(pub Vec<(WhenField, Matcher)>);

impl When {
    /// Returns the partners that the conditions name in full.
    pub fn callers(&self) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter_map(|(field, matcher)| match (field, matcher) {
            (WhenField::Caller, Matcher::AnyOf(names)) => Some(names.iter().map(|name| &**name)),
            _ => None,
        });
        named.flatten()
    }

    pub fn matches(&self, caller: &Partner, application: &Application<'_>) -> bool {
        self.0.iter().all(|(field, matcher)| match field {
            WhenField::Caller => matcher.matches(&[&caller.name]),
            WhenField::Parameter(parameter) => matcher.matches(&application.values(*parameter)),
        })
    }
}

#[derive(Clone, Debug)]
pub struct ScriptedAnswer {
    pub when: When,
    /// How often it is given. `None` means without limit.
    pub times: Option<usize>,
    pub delay: Duration,
    /// The share of matching applications that get it, from 0 to 1.
    pub probability: f64,
    /// The answers, use by use; the last one repeats. Never empty. A scripted acceptance changes the world like any other;
    /// everything else changes nothing (assumed).
    pub steps: Vec<Answer>,
}

impl ScriptedAnswer {
    /// Returns what remains after `used` uses. `None` if it is used up.
    pub fn remaining_after(&self, used: usize) -> Option<Self> {
        let times = self.times.map(|times| times.saturating_sub(used));
        let last = self.steps.len().saturating_sub(1);
        let steps = self.steps[used.min(last)..].to_vec();
        (times != Some(0)).then(|| Self { times, steps, ..self.clone() })
    }

    /// Returns true if `used` is less than intended: `times`, or one use.
    pub fn is_left_over(&self, used: usize) -> bool {
        used < self.times.unwrap_or(1)
    }

    /// Returns the answer of the next use after `used` uses.
    pub fn step(&self, used: usize) -> Answer {
        *self.steps.get(used).or(self.steps.last()).expect("a scripted answer without steps")
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
}

impl Matcher {
    /// Returns true if the condition holds for one of the values.
    pub fn matches<S: AsRef<str>>(&self, values: &[S]) -> bool {
        if let Self::Present(present) = self {
            return *present != values.is_empty();
        }
        values.iter().map(AsRef::as_ref).any(|value| match self {
            Self::AnyOf(options) => options.iter().any(|option| **option == *value),
            Self::Prefix(prefix) => value.starts_with(&**prefix),
            Self::Suffix(suffix) => value.ends_with(&**suffix),
            Self::Contains(part) => value.contains(&**part),
            Self::Regex(regex) => regex.is_match(value),
            Self::Present(_) => true,
        })
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
#[schemars(inline)]
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
