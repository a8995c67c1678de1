//! Scripted answers to requests that match. The simulator counts their uses.

use std::marker::PhantomData;
use std::time::Duration;

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::domain::endpoints::{ENDPOINTS, Endpoint, INDIVIDUAL, Scriptable};
use crate::domain::parameters::{Parameter, SentParameters};
use crate::domain::rules::Answer;

/// A scripted answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scripted", extend("anyOf" = [{ "required": ["then"] }, { "required": ["delay"] }]))]
pub struct ScriptedAnswer {
    /// The requests that it is for. Default: all applications.
    #[serde(default)]
    pub when: When,
    /// The share of matching requests that get it; default 1.
    #[serde(default = "always", deserialize_with = "read_probability")]
    #[schemars(range(min = 0, max = 1))]
    pub probability: f64,
    /// The answer. A list is a sequence, whose last step repeats. Without it, the rules answer, after the delay.
    #[serde(rename = "then", default, skip_serializing_if = "Steps::is_empty")]
    pub steps: Steps,
    /// How often it is given. Without a number, always.
    #[serde(default, deserialize_with = "read_times", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub times: Option<usize>,
    /// By how much the answer is delayed.
    #[serde(default, skip_serializing_if = "Delay::is_zero")]
    pub delay: Delay,
}

/// The answers, use by use. None at all leaves the answer to the rules.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Steps(pub Vec<Step>);

impl Steps {
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is answered, or what happens to the connection instead, or both: then the work is done and its answer is lost. At
/// least one of them is there. A scripted acceptance changes the world like any other; everything else changes nothing
/// (assumed).
#[derive(Clone, Debug)]
pub struct Step {
    pub answer: Option<Answer>,
    pub fault: Option<Fault>,
}

impl Step {
    /// Returns the kind of endpoint that the step needs.
    fn needs(&self) -> Scriptable {
        match self.answer {
            Some(Answer::Accept(_)) => Scriptable::Review,
            Some(Answer::Refuse(_) | Answer::Other(_)) => Scriptable::ErrorCode,
            Some(Answer::Gateway(_) | Answer::Raw(_)) | None => Scriptable::Gateway,
        }
    }
}

/// An answer as a proxy in front of the service may give it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawAnswer {
    /// The HTTP status.
    #[serde(deserialize_with = "read_status")]
    #[schemars(range(min = 200, max = 599))]
    pub status: u16,
    /// The `Content-Type`. Default: no such header.
    #[serde(default, deserialize_with = "read_content_type", skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The body as it is sent. Default: empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// How long an answer is held back: at least `min`, at most `max`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delay {
    pub min: Duration,
    pub max: Duration,
}

impl Delay {
    pub const fn is_zero(&self) -> bool {
        self.max.is_zero()
    }

    /// Returns the delay at this share of the way from `min` to `max`.
    pub fn at(self, share: f64) -> Duration {
        self.min + self.max.saturating_sub(self.min).mul_f64(share)
    }
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
    match Option::<i64>::deserialize(deserializer)? {
        Some(..=0) => Err(D::Error::custom("an answer that is never given\nat least 1, or leave `times` out")),
        times => Ok(times.and_then(|times| usize::try_from(times).ok())),
    }
}

/// Reads the HTTP status of an answer.
pub fn read_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let status = u16::try_from(i64::deserialize(deserializer)?).ok().filter(|status| (200..600).contains(status));
    status.ok_or_else(|| D::Error::custom("no HTTP status of an answer\nwrite one from 200 to 599"))
}

/// The most bytes of a raw answer's `Content-Type`.
const MAX_TYPE_BYTES: usize = 256;

fn read_content_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let content_type = Option::<String>::deserialize(deserializer)?;
    let is_text =
        |value: &String| value.len() <= MAX_TYPE_BYTES && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let problem = "`content_type` is no value of a header\nwrite it like `text/html`";
    if content_type.as_ref().is_none_or(is_text) { Ok(content_type) } else { Err(D::Error::custom(problem)) }
}

/// What does not fit together in a scripted answer.
#[derive(Debug)]
pub struct Misfit {
    /// The key that is wrong.
    pub key: String,
    pub message: String,
    pub hint: String,
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

    /// Returns the answer of the next use after `used` uses. `None` if the rules answer.
    pub fn step(&self, used: usize) -> Option<&Step> {
        self.steps.0.get(used).or(self.steps.0.last())
    }

    /// Returns what does not fit together: an answer that an endpoint does not give, or a path that is not simulated.
    pub fn misfit(&self) -> Option<Misfit> {
        let endpoints: Vec<_> = ENDPOINTS.into_iter().filter(|endpoint| self.when.names(endpoint)).collect();
        if self.steps.is_empty() && self.delay.is_zero() {
            let hint = "write in `then:` what is answered, or a `delay` of what the rules answer".to_owned();
            return Some(Misfit { key: String::new(), message: "nothing is scripted".to_owned(), hint });
        }
        if endpoints.is_empty() {
            let known = ENDPOINTS.map(|endpoint| format!("{} {}", endpoint.method, endpoint.path)).join(", ");
            let message = "no simulated endpoint has this path and this method".to_owned();
            let key =
                if self.when.condition(&Subject::Path).is_some() { "when.path" } else { "when.method" }.to_owned();
            return Some(Misfit { key, message, hint: format!("known here: {known}") });
        }
        if let Some((key, path)) = self.when.unknown_at(&endpoints) {
            let hint = "it has no such parameter, or is answered before the caller is known: leave the condition out";
            return Some(Misfit { key, message: format!("{path} is not called with this"), hint: hint.to_owned() });
        }
        self.unanswered_at(&endpoints)
    }

    /// Returns an answer that one of the endpoints does not give.
    fn unanswered_at(&self, endpoints: &[&'static Endpoint]) -> Option<Misfit> {
        let needed = self.steps.0.iter().map(Step::needs).max()?;
        let Some(endpoint) = endpoints.iter().find(|endpoint| endpoint.scriptable < needed) else {
            return self.foreign_at(endpoints);
        };
        let hint = match endpoint.scriptable {
            Scriptable::Gateway => "`gateway`, `raw`, `fault` and `delay` can be scripted for it",
            Scriptable::ErrorCode | Scriptable::Review => "`is_review` belongs to applications alone",
        };
        let message = format!("{} does not answer this", endpoint.path);
        Some(Misfit { key: "then".to_owned(), message, hint: hint.to_owned() })
    }

    /// Returns an error that belongs to other endpoints than one of these.
    fn foreign_at(&self, endpoints: &[&'static Endpoint]) -> Option<Misfit> {
        let errors = self.steps.0.iter().filter_map(|step| match step.answer {
            Some(Answer::Other(error)) => Some((error, error.endpoints()?)),
            _ => None,
        });
        let (endpoint, error, known) = errors
            .flat_map(|(error, known)| endpoints.iter().map(move |endpoint| (endpoint, error, known)))
            .find(|(endpoint, _, known)| !known.contains(endpoint))?;
        let known: Vec<_> = known.iter().map(|endpoint| endpoint.path).collect();
        let message = format!("{} does not answer {}", endpoint.path, error.code);
        let hint = format!("it belongs to {}: write that in `when.path`", known.join(", "));
        Some(Misfit { key: "then".to_owned(), message, hint })
    }
}

/// What the conditions of a scripted answer look at.
pub struct ScriptedRequest<'a, 'v> {
    pub endpoint: &'static Endpoint,
    /// The name of the calling partner, if it is known.
    pub caller: Option<&'a str>,
    /// The values of a header, by its name in any case.
    pub headers: &'a dyn Fn(&str) -> Vec<String>,
    pub sent: &'a SentParameters<'v>,
}

/// Which requests a scripted answer is for: all conditions have to hold.
#[derive(Clone, Debug, Default)]
pub struct When(pub Vec<(Subject, Matcher)>);

/// What a condition on a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Path,
    Method,
    /// The name of the calling partner.
    Caller,
    /// A header, by its name in any case.
    Header(Box<str>),
    Parameter(&'static Parameter),
}

impl When {
    fn condition(&self, subject: &Subject) -> Option<&Matcher> {
        self.0.iter().find(|(other, _)| other == subject).map(|(_, matcher)| matcher)
    }

    /// Returns the partners that the conditions name in full.
    pub fn callers(&self) -> impl Iterator<Item = &str> {
        let named = self.condition(&Subject::Caller).map(Matcher::options).unwrap_or_default();
        named.iter().map(|name| &**name)
    }

    /// Returns true if requests to the endpoint can match.
    fn names(&self, endpoint: &Endpoint) -> bool {
        let is_named = match self.condition(&Subject::Path) {
            Some(path) => path.matches(&[endpoint.path]),
            None => *endpoint == INDIVIDUAL,
        };
        is_named && self.condition(&Subject::Method).is_none_or(|method| method.matches(&[endpoint.method]))
    }

    /// Returns a condition that one of the endpoints knows nothing of, by its key, and the path of the endpoint.
    fn unknown_at(&self, endpoints: &[&'static Endpoint]) -> Option<(String, &'static str)> {
        let key = |subject: &Subject, endpoint: &Endpoint| match subject {
            Subject::Caller => (endpoint.scriptable == Scriptable::Gateway).then_some("caller"),
            Subject::Parameter(Parameter { name, .. }) => endpoint.parameter(name).is_none().then_some(*name),
            Subject::Path | Subject::Method | Subject::Header(_) => None,
        };
        endpoints.iter().find_map(|endpoint| {
            let key = self.0.iter().find_map(|(subject, _)| key(subject, endpoint))?;
            Some((format!("when.{key}"), endpoint.path))
        })
    }

    pub fn matches(&self, request: &ScriptedRequest<'_, '_>) -> bool {
        let holds = |(subject, matcher): &(Subject, Matcher)| match subject {
            Subject::Path | Subject::Method => true,
            Subject::Caller => matcher.matches(request.caller.as_slice()),
            Subject::Header(name) => matcher.matches(&(request.headers)(name)),
            Subject::Parameter(parameter) => matcher.matches(&request.sent.texts(parameter.name)),
        };
        self.names(request.endpoint) && self.0.iter().all(holds)
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

    /// Returns the values that are named in full, also those that are excluded.
    fn options(&self) -> &[Box<str>] {
        match self {
            Self::AnyOf(options) => options,
            Self::Not(condition) => condition.options(),
            _ => &[],
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr, VariantArray)]
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
    pub const ALL: [Self; 5] = [Self::Reset, Self::Close, Self::Empty, Self::Malformed, Self::Hang];

    /// The word in fixtures and explanations.
    pub fn as_str(self) -> &'static str {
        <&str>::from(self).trim_start_matches("fault ")
    }

    /// What a client notices.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Reset => "The connection is reset.",
            Self::Close => "The connection is closed without an answer.",
            Self::Empty => "The answer has status 200 and an empty body.",
            Self::Malformed => "The body is shorter than its Content-Length.",
            Self::Hang => "There is no answer as long as the client waits.",
        }
    }
}
