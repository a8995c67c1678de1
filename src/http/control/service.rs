//! What concerns the simulator as a whole: the index, health, metrics, the document of OpenAPI, the CA.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{ControlError, Result, responses};
use super::scenarios::JsonDocument;
use super::{CA_PATH, INDEX_PATH, guarded_routes, open_routes};
use crate::domain::CheckItem;
use crate::http::App;
use crate::http::openapi::document;
use crate::simulator::{Shared, Spaces, machine_time};

pub const PEM: &str = "application/x-pem-file";
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The version of the control API.
const CONTROL_VERSION: u32 = 1;

/// The simulator, and where to go.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Index {
    /// `bss-sim`
    name: &'static str,
    /// The name of this simulator among several, if it has one: that of `--name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    simulator: Option<String>,
    /// Its version.
    version: &'static str,
    /// The version of these calls: a client of this version understands all later simulators that have it.
    control: u32,
    /// The seconds that it has been running.
    uptime_seconds: i64,
    /// How many spaces there are.
    spaces: usize,
    /// The paths of what else can be asked for.
    links: Vec<&'static str>,
    /// Every call.
    calls: Vec<Call>,
}

/// A control call.
#[derive(Serialize, JsonSchema)]
struct Call {
    method: String,
    path: &'static str,
    /// What it does.
    summary: &'static str,
}

pub async fn get_index(State(app): State<Arc<App>>) -> Json<Index> {
    let has_ca = app.control.ca.is_some();
    let calls: Vec<_> = calls().filter(|call| has_ca || call.path != CA_PATH).collect();
    // What can be asked for without naming anything.
    let is_link = |call: &&Call| call.method == "GET" && !call.path.contains('{') && call.path != INDEX_PATH;
    Json(Index {
        name: "bss-sim",
        simulator: Some(app.spaces.name).filter(|name| !name.is_none()).map(|name| name.as_str().to_owned()),
        version: env!("CARGO_PKG_VERSION"),
        control: CONTROL_VERSION,
        uptime_seconds: machine_time().duration_since(app.spaces.started_at).as_secs(),
        spaces: app.spaces.list().len(),
        links: calls.iter().filter(is_link).map(|call| call.path).collect(),
        calls,
    })
}

fn calls() -> impl Iterator<Item = Call> {
    guarded_routes().routes.into_iter().chain(open_routes().routes).map(|route| Call {
        method: route.method.to_uppercase(),
        path: route.path,
        summary: route.operation.summary,
    })
}

/// The simulator is well. It listens only once its world is loaded, so a server that answers at all is also ready.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Health {
    #[schemars(extend("const" = "ok"))]
    status: &'static str,
}

pub async fn get_health() -> Json<Health> {
    Json(Health { status: "ok" })
}

pub async fn get_openapi() -> Json<JsonDocument> {
    Json(JsonDocument(document(&[open_routes(), guarded_routes()], responses)))
}

/// Text in a media type of its own.
pub type TextResponse = ([(HeaderName, &'static str); 1], String);

/// The CA is public: a client that has to ask for it over TLS cannot trust it yet.
pub async fn get_ca(State(app): State<Arc<App>>) -> Result<TextResponse> {
    let ca = app.control.ca.as_ref().ok_or_else(|| {
        ControlError::not_found("only a server that was started with `--tls self-signed` has a CA of its own")
    })?;
    Ok(([(CONTENT_TYPE, PEM)], ca.to_string()))
}

/// The registry is made for each scrape, from counters that the simulator has anyway: nothing of it is global, and no request
/// waits for it.
pub async fn get_metrics(State(app): State<Arc<App>>) -> TextResponse {
    let mut text = String::new();
    encode(&mut text, &registry(&app.spaces)).expect("a string can be written to");
    ([(CONTENT_TYPE, OPEN_METRICS)], text)
}

fn registry(spaces: &Spaces) -> Registry {
    let mut registry = Registry::with_prefix("bss_sim");
    registry.register("build", "What is running", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
    let Shared { metrics, journal_limits: journals, .. } = &*spaces.shared;
    let outcomes = metrics.outcomes();
    let answers = outcomes.iter().map(|(kind, count)| {
        let decision = [("decided_by", kind.decided_by), ("rule", kind.rule)];
        ([("path", kind.path), ("outcome", kind.outcome)].into_iter().chain(decision).collect(), *count)
    });
    registry.register("answers", "Requests by their outcome, and by what decided it", family(answers));
    let items = CheckItem::ALL.iter().map(|item| (vec![("item", item.code())], metrics.item_count(*item)));
    registry.register("check_items", "Items of `fail_check_items` in answers", family(items));
    let faults = outcomes.iter().filter_map(|(kind, count)| Some((kind.outcome.strip_prefix("fault ")?, *count)));
    let faults = family(faults.map(|(fault, count)| (vec![("fault", fault)], count)));
    registry.register("faults", "Faults of the connection that were injected", faults);
    let all = spaces.list();
    let entries = all.iter().map(|space| space.state().journal.len()).sum();
    let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    for (name, help, value) in [
        ("spaces", "Spaces that there are", number(all.len())),
        ("journal_entries", "Entries of the journals of all spaces", number(entries)),
        ("journal_bytes", "Bytes that the journals of all spaces take", number(journals.used_bytes())),
        ("journal_bytes_limit", "Bytes that they may take", number(journals.max_bytes)),
        ("start_time_seconds", "When it began, in seconds since 1970", spaces.started_at.as_second()),
    ] {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
    for (name, help, value) in [
        ("journal_dropped", "Entries that gave way to newer ones", journals.dropped()),
        ("broken_requests", "What was refused as broken HTTP, and is in no journal", metrics.broken_count()),
    ] {
        let counter: Counter = Counter::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    }
    registry
}

/// Label names with their values.
type Labels = Vec<(&'static str, &'static str)>;

/// Counters by their labels. Equal labels are added up.
fn family(counts: impl Iterator<Item = (Labels, u64)>) -> Family<Labels, Counter> {
    let family = Family::<Labels, Counter>::default();
    for (labels, count) in counts {
        family.get_or_create(&labels).inc_by(count);
    }
    family
}
