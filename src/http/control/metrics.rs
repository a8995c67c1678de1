//! `GET /_sim/metrics`: what happened so far, for Prometheus. The registry is made for each scrape, from counters that the
//! simulator has anyway: nothing of it is global, and no request waits for it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use schemars::{Schema, SchemaGenerator};

use super::operation::{Operation, OperationResponse};
use crate::domain::catalog::CheckItem;
use crate::http::App;
use crate::http::openapi::text;
use crate::simulator::Spaces;

/// What Prometheus calls the format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Label names with their values.
type Labels = Vec<(&'static str, &'static str)>;

pub(super) const TELL: Operation = Operation {
    id: "getMetrics",
    summary: "What happened so far, for Prometheus",
    answers: &[OperationResponse::of(StatusCode::OK, "The metrics.", OPEN_METRICS, metrics)],
    ..Operation::DEFAULT
};

pub(super) async fn tell(State(app): State<Arc<App>>) -> impl IntoResponse {
    let mut text = String::new();
    encode(&mut text, &registry(&app.spaces)).expect("a text takes all that is written to it");
    ([(CONTENT_TYPE, OPEN_METRICS)], text)
}

fn registry(spaces: &Spaces) -> Registry {
    let mut registry = Registry::with_prefix("bss_sim");
    registry.register("build", "What is running", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
    registry.register("answers", "Requests by their outcome, and by what decided it", answers(spaces));
    registry.register("check_items", "Items of `fail_check_items` in answers", items(spaces));
    registry.register("faults", "Faults of the connection that were injected", faults(spaces));
    let all = spaces.list();
    let entries = all.iter().map(|space| space.state().journal.len()).sum();
    let journals = spaces.journal_limits();
    for (name, help, value) in [
        ("spaces", "Spaces that there are", all.len()),
        ("journal_entries", "Entries of the journals of all spaces", entries),
        ("journal_bytes", "Bytes that the journals of all spaces take", journals.used_bytes()),
        ("journal_bytes_limit", "Bytes that they may take", journals.max_bytes()),
    ] {
        registry.register(name, help, gauge(value));
    }
    registry.register("journal_dropped", "Entries that gave way to newer ones", counter(journals.dropped()));
    let began = spaces.started_at().as_second();
    registry.register("start_time_seconds", "When it began, in seconds since 1970", {
        let gauge: Gauge = Gauge::default();
        gauge.set(began);
        gauge
    });
    registry
}

fn answers(spaces: &Spaces) -> Family<Labels, Counter> {
    let family = Family::default();
    for (kind, count) in spaces.metrics().outcomes() {
        let labels =
            vec![("path", kind.path), ("outcome", kind.outcome), ("decided_by", kind.decided_by), ("rule", kind.rule)];
        add(&family, &labels, count);
    }
    family
}

fn items(spaces: &Spaces) -> Family<Labels, Counter> {
    let family = Family::default();
    for item in CheckItem::ALL {
        add(&family, &vec![("item", item.code())], spaces.metrics().item_count(*item));
    }
    family
}

fn faults(spaces: &Spaces) -> Family<Labels, Counter> {
    let family = Family::default();
    for (kind, count) in spaces.metrics().outcomes() {
        if let Some(fault) = kind.outcome.strip_prefix("fault ") {
            add(&family, &vec![("fault", fault)], count);
        }
    }
    family
}

fn add(family: &Family<Labels, Counter>, labels: &Labels, count: u64) {
    family.get_or_create(labels).inc_by(count);
}

fn counter(value: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(value);
    counter
}

fn gauge(value: usize) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    gauge
}

fn metrics(_: &mut SchemaGenerator) -> Schema {
    text("OpenMetrics.")
}
