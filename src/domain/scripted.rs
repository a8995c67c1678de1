//! Scripted answers: what was fixed beforehand for applications that match. Their use is counted elsewhere.

use std::time::Duration;

use regex_lite::Regex;

use crate::domain::account::Partner;
use crate::domain::application::{Application, Parameter};
use crate::domain::rules::Answer;

/// What a condition of a script looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenField {
    /// The name of the calling partner.
    Caller,
    /// A parameter of the request.
    Parameter(Parameter),
}

impl WhenField {
    /// True when its values are numbers.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Parameter(Parameter::IdentifyType | Parameter::VerifiedType | Parameter::ChangeType))
    }
}

/// All conditions under which a scripted answer is given; none: always.
#[derive(Clone, Debug, Default)]
pub struct When(pub Vec<(WhenField, Matcher)>);

impl When {
    /// The partners that are named in full.
    pub fn callers(&self) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter_map(|(subject, matcher)| match (subject, matcher) {
            (WhenField::Caller, Matcher::AnyOf(names)) => Some(names.iter().map(|name| &**name)),
            _ => None,
        });
        named.flatten()
    }

    /// True when every condition holds.
    pub fn matches(&self, caller: &Partner, application: &Application<'_>) -> bool {
        self.0.iter().all(|(subject, matcher)| match subject {
            WhenField::Caller => matcher.matches(&[&caller.name]),
            WhenField::Parameter(parameter) => matcher.matches(&application.values(*parameter)),
        })
    }
}

/// An answer fixed beforehand.
#[derive(Clone, Debug)]
pub struct ScriptedAnswer {
    /// The applications it is for.
    pub when: When,
    /// How often it is given; absent: for ever.
    pub times: Option<usize>,
    /// How long it is held back.
    pub delay: Duration,
    /// The share of matching applications it is given for, from 0 to 1.
    pub probability: f64,
    /// What it says, use by use; the last step repeats. Never empty. An acceptance changes the world as any other,
    /// all else changes nothing (assumed).
    pub steps: Vec<Answer>,
}

impl ScriptedAnswer {
    /// What is left of it after so many uses; absent: it is used up.
    pub fn left_after(&self, used: usize) -> Option<Self> {
        let times = self.times.map(|times| times.saturating_sub(used));
        let last = self.steps.len().saturating_sub(1);
        let steps = self.steps[used.min(last)..].to_vec();
        (times != Some(0)).then(|| Self { times, steps, ..self.clone() })
    }

    /// True when so many uses are fewer than it was meant for: its `times`, or else one.
    pub fn is_left_over(&self, used: usize) -> bool {
        used < self.times.unwrap_or(1)
    }

    /// What it says at its n-th use, counted from 0.
    ///
    /// # Panics
    /// When it has no step, which no loader lets through.
    pub fn step(&self, uses: usize) -> Answer {
        let last = self.steps.len().checked_sub(1).expect("a scripted answer has a step");
        self.steps[last.min(uses)]
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
    /// There is a value, or there is none.
    Present(bool),
}

impl Matcher {
    /// True when the condition holds. Of several values (a list) one has to satisfy it.
    pub fn matches<S: AsRef<str>>(&self, values: &[S]) -> bool {
        if let Self::Present(present) = self {
            return *present != values.is_empty();
        }
        values.iter().any(|value| self.accepts(value.as_ref()))
    }

    fn any_of<T: ToString>(options: impl IntoIterator<Item = T>) -> Self {
        Self::AnyOf(options.into_iter().map(|option| option.to_string().into()).collect())
    }

    fn accepts(&self, value: &str) -> bool {
        match self {
            Self::AnyOf(options) => options.iter().any(|option| **option == *value),
            Self::Prefix(prefix) => value.starts_with(&**prefix),
            Self::Suffix(suffix) => value.ends_with(&**suffix),
            Self::Contains(part) => value.contains(&**part),
            Self::Regex(regex) => regex.is_match(value),
            Self::Present(_) => true,
        }
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

/// A fault of the connection, or of a part of it where it has many exchanges at a time. Only a script can cause one; the
/// choice of faults is ours (assumed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is reset: TCP's RST.
    Reset,
    /// The connection is closed before an answer.
    Close,
    /// An answer with status 200 and nothing in it.
    Empty,
    /// An answer whose body is cut short against its `Content-Length`.
    Malformed,
    /// No answer, for as long as the client waits.
    Hang,
}

impl Fault {
    /// The word used in fixtures and explanations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Close => "close",
            Self::Empty => "empty",
            Self::Malformed => "malformed",
            Self::Hang => "hang",
        }
    }

    /// What the outcome is called.
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::Reset => "fault reset",
            Self::Close => "fault close",
            Self::Empty => "fault empty",
            Self::Malformed => "fault malformed",
            Self::Hang => "fault hang",
        }
    }
}
