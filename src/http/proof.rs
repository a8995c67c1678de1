//! The proof of a scenario: its exchanges, run in order against the whole simulated API in a fresh space, without a socket.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::{BodyExt, Collected};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt;

use super::app::{App, api_service};
use super::explanation::Explainer;
use crate::domain::{Caller, CheckReport, Endpoint, Fault, excerpt, short};
use crate::fixture::{Exchange, Expected, Library, LoadedScenario};
use crate::simulator::{JournalEntry, Outcome, SpaceState};

/// How much of a proof is run.
#[derive(Clone, Copy, Debug)]
pub struct ProofLimits {
    pub exchanges: usize,
    pub time: Duration,
}

impl ProofLimits {
    pub const NONE: Self = Self { exchanges: usize::MAX, time: Duration::MAX };
}

/// An exchange that was run.
#[derive(Debug)]
pub struct Proven<'s> {
    /// Its line in the file.
    pub line: usize,
    /// What was expected of a request.
    pub expected: Option<&'s Expected>,
    /// What came; or, without an answer, why the exchange failed. `None` for a step that was taken.
    pub reply: Option<Result<Reply, String>>,
}

/// The response to a request, with its entry in the journal.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
    app: Arc<App>,
    entry: Option<Arc<JournalEntry>>,
}

/// Where a reply is not as expected.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ReplyDifference {
    /// `status`, or a field such as `body.error_code`.
    field: String,
    /// What was expected, in JSON, or `nothing`. Of a long value the beginning.
    expected: String,
    /// What came, likewise.
    got: String,
}

impl fmt::Display for ReplyDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, expected, got } = self;
        write!(f, "{field}: expected {expected}, got {got}")
    }
}

impl Proven<'_> {
    pub fn is_ok(&self) -> bool {
        self.differences().is_empty() && !matches!(self.reply, Some(Err(_)))
    }

    /// Returns how the reply differs from the expected one.
    pub fn differences(&self) -> Vec<ReplyDifference> {
        let (Some(expected), Some(Ok(reply))) = (self.expected, &self.reply) else { return Vec::new() };
        let mut compared = vec![("status".to_owned(), Some(expected.status.into()), Some(reply.status.into()))];
        if let Some(body) = &expected.body {
            let found: BTreeMap<_, _> = reply.body.as_object().into_iter().flatten().collect();
            let unnamed = found.keys().filter(|key| !body.contains_key(**key) && *key != &"request_id");
            compared.extend(body.keys().chain(unnamed.copied()).map(|key| {
                (format!("body.{}", short(key)), body.get(key).cloned(), found.get(key).map(|value| (*value).clone()))
            }));
        }
        let differing = compared.into_iter().filter(|(_, expected, found)| expected != found);
        let show = |value: Option<Value>| match value {
            Some(value) => excerpt(&value.to_string()).into_owned(),
            None => "nothing".to_owned(),
        };
        differing
            .map(|(field, expected, got)| ReplyDifference { field, expected: show(expected), got: show(got) })
            .collect()
    }

    /// Returns why a request got its reply, or why a step could not be taken, in a line. `None` if it was taken.
    pub fn why(&self) -> Option<String> {
        self.reply.as_ref().map(|reply| reply.as_ref().map_or_else(Clone::clone, Reply::why))
    }
}

impl Reply {
    /// Returns every check and rule that looked at the request, in order.
    pub fn explanation(&self) -> Vec<CheckReport> {
        self.entry.as_ref().map(|entry| self.explainer().checks(entry)).unwrap_or_default()
    }

    /// Returns why the request got its reply, in a line.
    pub fn why(&self) -> String {
        self.entry.as_ref().map(|entry| self.explainer().why(entry)).unwrap_or_default()
    }

    /// Returns true if the request was refused before any script or rule looked at it.
    pub fn is_refused_first(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| matches!(entry.outcome, Outcome::Refused(_)))
    }

    /// Returns why a client gets no answer, or none to its end. `None` if it gets one.
    fn fault(&self) -> Option<String> {
        let fault = self.entry.as_ref()?.outcome.fault().filter(|fault| *fault != Fault::Empty)?;
        Some(format!("no answer came: fault {} ({})", fault.as_str(), self.why()))
    }

    fn explainer(&self) -> Explainer<'_> {
        Explainer { spaces: &self.app.spaces, contract: self.app.spaces.default_space().state().settings().contract }
    }
}

/// Runs the exchanges of a scenario in a fresh space, as far as the limits allow.
pub async fn prove(scenario: &LoadedScenario, limits: ProofLimits) -> Vec<Proven<'_>> {
    let app = Arc::new(App::of(scenario, Library::builtin()));
    let service = api_service(&app);
    let router = Router::new().fallback_service(service);
    // Without an end, it is as late as there is.
    let end = Instant::now().checked_add(limits.time);
    let mut proven = Vec::new();
    for exchange in scenario.exchanges.iter().take(limits.exchanges) {
        let run = run(&app, &router, exchange);
        let run = match end {
            Some(end) => timeout_at(end, run).await,
            None => Ok(run.await),
        };
        let Ok(run) = run else { break };
        proven.push(run);
    }
    proven
}

async fn run<'s>(app: &Arc<App>, router: &Router, exchange: &'s Exchange) -> Proven<'s> {
    let state = app.spaces.default_space().state();
    match exchange {
        Exchange::Advance { line, by } => {
            let failed = state.clock.advance(*by).err().map(|error| Err(error.to_string()));
            Proven { line: *line, expected: None, reply: failed }
        }
        Exchange::Review { line, customer, decision, opinion } => {
            let reviewed = state.review(customer, *decision, opinion.as_deref().map(Into::into));
            let failed =
                reviewed.err().map(|error| Err(format!("the review of {} failed: {error}", short(customer.as_str()))));
            Proven { line: *line, expected: None, reply: failed }
        }
        Exchange::Request { line, endpoint, caller, request, expected } => {
            let token = token(&state, caller.as_deref());
            let reply = send(app, router.clone(), endpoint, token.as_deref(), request).await;
            let reply = reply.map_err(|error| format!("the caller's token fits no header: {error}"));
            let reply = reply.and_then(|reply| reply.fault().map_or(Ok(reply), Err));
            Proven { line: *line, expected: Some(expected), reply: Some(reply) }
        }
    }
}

/// Returns the first token of the partner of this name, or a fresh one if it has none. If no partner has the name, it is a
/// token itself.
pub fn token(state: &SpaceState, caller: Option<&str>) -> Option<String> {
    let accounts = state.accounts();
    let partner = match caller {
        None => accounts.partners.first(),
        Some(name) => accounts.partner(name),
    };
    let Some(partner) = partner else { return caller.map(str::to_owned) };
    let fresh = || state.issue_token(&Caller::Partner(Arc::clone(partner))).token;
    Some(partner.credentials.tokens.first().cloned().unwrap_or_else(fresh).expose().to_owned())
}

/// Writes fields as a query.
fn query(fields: &Map<String, Value>) -> String {
    let pairs = fields.iter().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC))
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Writes the request of a call with these fields. It fails only if the token is no value of a header.
pub fn request_of(
    endpoint: &Endpoint,
    token: Option<&str>,
    fields: &Map<String, Value>,
) -> axum::http::Result<Request<Body>> {
    let builder = Request::builder().method(endpoint.method).header("content-type", "application/json");
    let builder = token.into_iter().fold(builder, |builder, token| builder.header("x-auth-token", token));
    if endpoint.method == "GET" {
        builder.uri(format!("{}?{}", endpoint.path, query(fields))).body(Body::empty())
    } else {
        let body = serde_json::to_vec(fields).expect("a JSON object can be serialized");
        builder.uri(endpoint.path).body(Body::from(body))
    }
}

/// Sends a request. It fails only if the token is no value of a header.
async fn send(
    app: &Arc<App>,
    router: Router,
    endpoint: &Endpoint,
    token: Option<&str>,
    request: &Map<String, Value>,
) -> axum::http::Result<Reply> {
    let request = request_of(endpoint, token, request);
    let response = router.oneshot(request?).await.expect("the router never fails");
    let status = response.status().as_u16();
    // A scripted fault may break it off.
    let body = response.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let state = app.spaces.default_space().state();
    let entry = state.journal.since(state.journal.last_number().saturating_sub(1)).0.pop();
    Ok(Reply { status, body: serde_json::from_slice(&body).unwrap_or_default(), app: Arc::clone(app), entry })
}
