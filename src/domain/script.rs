//! Scripted answers: what was fixed beforehand for applications that match. Their use is counted elsewhere.

use std::time::Duration;

use super::application::Application;
use super::decision::Reply;
use super::matcher::Matcher;
use super::parameter::Parameter;
use super::partner::Partner;

/// What a condition of a script looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The name of the calling partner.
    Caller,
    /// A parameter of the request.
    Parameter(Parameter),
}

impl Subject {
    /// True when its values are numbers.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Parameter(Parameter::IdentifyType | Parameter::VerifiedType | Parameter::ChangeType))
    }
}

/// All conditions under which a scripted answer is given; none: always.
#[derive(Clone, Debug, Default)]
pub struct When(pub Vec<(Subject, Matcher)>);

impl When {
    /// The partners that are named in full.
    pub fn callers(&self) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter_map(|(subject, matcher)| match (subject, matcher) {
            (Subject::Caller, Matcher::AnyOf(names)) => Some(names.iter().map(|name| &**name)),
            _ => None,
        });
        named.flatten()
    }

    /// True when every condition holds.
    #[must_use]
    pub fn matches(&self, caller: &Partner, application: &Application<'_>) -> bool {
        self.0.iter().all(|(subject, matcher)| match subject {
            Subject::Caller => matcher.matches(&[&caller.name]),
            Subject::Parameter(parameter) => matcher.matches(&application.values(*parameter)),
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
    pub steps: Vec<Reply>,
}

impl ScriptedAnswer {
    /// What is left of it after so many uses; absent: it is used up.
    #[must_use]
    pub fn left_after(&self, used: usize) -> Option<Self> {
        let times = self.times.map(|times| times.saturating_sub(used));
        let last = self.steps.len().saturating_sub(1);
        let steps = self.steps[used.min(last)..].to_vec();
        (times != Some(0)).then(|| Self { times, steps, ..self.clone() })
    }

    /// True when so many uses are fewer than it was meant for: its `times`, or else one.
    #[must_use]
    pub fn is_left_over(&self, used: usize) -> bool {
        used < self.times.unwrap_or(1)
    }

    /// What it says at its n-th use, counted from 0.
    ///
    /// # Panics
    /// When it has no step, which no loader lets through.
    #[must_use]
    pub fn step(&self, uses: usize) -> Reply {
        let last = self.steps.len().checked_sub(1).expect("a scripted answer has a step");
        self.steps[last.min(uses)]
    }
}
