//! `/_sim/journal`: what was asked and answered, and following it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::error::ControlError;
use super::operation::{Operation, OperationResponse};
use super::record::{self, Writer, customer_id};
use super::target::{Named, Target};
use crate::http::App;
use crate::http::openapi::{array, flag, number, object, text};
use crate::simulator::{JournalEntry, Space};

/// How many entries are listed when nobody says how many.
const DEFAULT_LIMIT: usize = 100;

/// Which entries to list.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Filter {
    /// Only entries with a greater number.
    #[schemars(with = "u64")]
    since: Option<u64>,
    /// No more than so many; default 100.
    #[schemars(with = "usize")]
    limit: Option<usize>,
    /// Only those about this customer.
    #[schemars(with = "String")]
    customer_id: Option<String>,
    /// Only those that were answered with this code.
    #[schemars(with = "String")]
    error_code: Option<String>,
}

impl Filter {
    fn admits(&self, entry: &JournalEntry) -> bool {
        self.customer_id.as_ref().is_none_or(|id| customer_id(&entry.request).as_ref() == Some(id))
            && self.error_code.as_deref().is_none_or(|code| entry.outcome.error_code() == Some(code))
    }
}

pub(super) const LIST: Operation = Operation {
    id: "listEntries",
    summary: "What was asked and answered in a space, from the oldest on",
    query: Some(SchemaGenerator::subschema_for::<Filter>),
    answers: &[OperationResponse::json(StatusCode::OK, "The entries.", entries)],
    ..Operation::IN_SPACE
};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Target(space): Target,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, ControlError> {
    let Query(filter) = filter.map_err(|rejection| ControlError::malformed(rejection.body_text()))?;
    let (entries, dropped) = space.state().journal.since(filter.since.unwrap_or(0));
    let limit = filter.limit.unwrap_or(DEFAULT_LIMIT);
    let mut admitted = entries.iter().filter(|entry| filter.admits(entry));
    let listed: Vec<_> = admitted.by_ref().take(limit).collect();
    let is_truncated = admitted.next().is_some();
    // Whoever goes on from here misses nothing, and sees nothing twice.
    let last_seen =
        if is_truncated { listed.last().map(|entry| entry.number) } else { entries.last().map(|entry| entry.number) };
    let writer = writer(&app, &space);
    Ok(Json(json!({
        "entries": listed.iter().map(|entry| writer.entry(entry)).collect::<Vec<_>>(),
        "next": last_seen.or(filter.since).unwrap_or(0),
        "truncated": is_truncated,
        "dropped": dropped,
    })))
}

pub(super) const FIND: Operation = Operation {
    id: "getEntry",
    summary: "What was asked and answered, and why",
    names: "The `X-Request-Id` of the answer.",
    answers: &[OperationResponse::json(StatusCode::OK, "The entry.", record::entry)],
    ..Operation::IN_SPACE
};

pub(super) async fn find(
    State(app): State<Arc<App>>,
    Target(space): Target,
    Named(request_id): Named,
) -> Result<Json<Value>, ControlError> {
    entry(&app, &space, &request_id).map(Json).ok_or_else(|| {
        ControlError::not_found("the journal of this space has no such request: it may have been dropped")
    })
}

pub(super) const CLEAR: Operation = Operation {
    id: "clearJournal",
    summary: "Forgets all entries of a space",
    answers: &[OperationResponse::empty("They are gone.")],
    ..Operation::IN_SPACE
};

pub(super) async fn clear(Target(space): Target) -> StatusCode {
    space.state().journal.clear();
    StatusCode::NO_CONTENT
}

pub(super) const FOLLOW: Operation = Operation {
    id: "followJournal",
    summary: "Follows the journal of a space",
    description: "Server-sent events: `entry` with an entry in JSON; `missed` with a number, when entries came too fast; \
        `reset`, when the space has begun again.",
    answers: &[OperationResponse::of(
        StatusCode::OK,
        "The events, until the simulator ends.",
        "text/event-stream",
        events,
    )],
    ..Operation::IN_SPACE
};

/// Follows the journal from now on, also beyond a reset, until the simulator ends.
pub(super) async fn follow(
    State(app): State<Arc<App>>,
    Target(space): Target,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let entries = space.state().journal.subscribe();
    let ending = app.spaces.ending();
    let events = unfold((app, space, entries, ending), |(app, space, mut entries, ending)| async move {
        let event = tokio::select! {
            () = ending.cancelled() => return None,
            entry = entries.recv() => match entry {
                Ok(entry) => {
                    let data = writer(&app, &space).entry(&entry).to_string();
                    Event::default().id(entry.number.to_string()).event("entry").data(data)
                }
                Err(RecvError::Lagged(missed)) => Event::default().event("missed").data(missed.to_string()),
                Err(RecvError::Closed) => {
                    entries = space.state().journal.subscribe();
                    Event::default().event("reset").data("the space has begun again")
                }
            },
        };
        Some((Ok(event), (app, space, entries, ending)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// The whole journal of a space, as it is listed.
#[must_use]
pub fn journal(app: &App, space: &Space) -> Vec<Value> {
    let writer = writer(app, space);
    space.state().journal.since(0).0.iter().map(|entry| writer.entry(entry)).collect()
}

/// The entry of the answer with this request ID.
pub fn entry(app: &App, space: &Space, request_id: &str) -> Option<Value> {
    let entry = space.state().journal.get(request_id.parse().ok()?)?;
    Some(writer(app, space).entry(&entry))
}

/// How the entries of a space are written.
pub(super) fn writer(app: &App, space: &Space) -> Writer {
    let wire = space.state().settings().wire;
    Writer { space: space.id(), wire, show_personal_data: app.control.show_personal_data }
}

fn entries(generator: &mut SchemaGenerator) -> Schema {
    object([
        ("entries", array("The entries, the oldest first.", record::entry(generator))),
        ("next", number("What `since` has to be in order to go on from here.")),
        ("truncated", flag("Whether there are more.")),
        ("dropped", number("How many entries gave way to newer ones.")),
    ])
}

fn events(_: &mut SchemaGenerator) -> Schema {
    text("Server-sent events.")
}
