//! `/_sim/journal`: what was asked and answered, and following it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{NoContent, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;

use super::entry::{EntryBody, EntryWriter, customer_id};
use super::error::{ControlError, Result};
use super::extract::{InSpace, PathName};
use crate::http::App;
use crate::simulator::{JournalEntry, Space};

/// How many entries are listed by default.
const DEFAULT_LIMIT: usize = 100;

/// Which entries to list.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Filter {
    /// Only entries with a greater number.
    since: Option<u64>,
    /// No more than so many; default 100.
    limit: Option<usize>,
    /// Only those about this customer.
    customer_id: Option<String>,
    /// Only those that were answered with this code.
    error_code: Option<String>,
}

impl Filter {
    fn admits(&self, entry: &JournalEntry) -> bool {
        self.customer_id.as_ref().is_none_or(|id| customer_id(&entry.request).as_ref() == Some(id))
            && self.error_code.as_deref().is_none_or(|code| entry.outcome.error_code() == Some(code))
    }
}

/// Entries of a journal, the oldest first.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct EntryList {
    entries: Vec<EntryBody>,
    /// What `since` has to be in order to go on from here.
    next: u64,
    /// Whether there are more.
    truncated: bool,
    /// How many entries gave way to newer ones.
    dropped: u64,
}

pub async fn list(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<EntryList>> {
    let Query(filter) = filter.map_err(|rejection| ControlError::malformed(rejection.body_text()))?;
    let (entries, dropped) = space.state().journal.since(filter.since.unwrap_or(0));
    let limit = filter.limit.unwrap_or(DEFAULT_LIMIT);
    let mut admitted = entries.iter().filter(|entry| filter.admits(entry));
    let listed: Vec<_> = admitted.by_ref().take(limit).collect();
    let truncated = admitted.next().is_some();
    // A client that goes on from here misses nothing, and sees nothing twice.
    let last_seen = if truncated { listed.last().copied() } else { entries.last() };
    let next = last_seen.map(|entry| entry.number).or(filter.since).unwrap_or(0);
    let writer = EntryWriter::new(&app, &space);
    Ok(Json(EntryList { entries: listed.iter().map(|entry| writer.entry(entry)).collect(), next, truncated, dropped }))
}

pub async fn get(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
    PathName(request_id): PathName,
) -> Result<Json<EntryBody>> {
    entry(&app, &space, &request_id).map(Json).ok_or_else(|| {
        ControlError::not_found("the journal of this space has no such request: it may have been dropped")
    })
}

pub async fn delete(InSpace(space): InSpace) -> NoContent {
    space.state().journal.clear();
    NoContent
}

/// Follows the journal from now on, also beyond a reset, until the simulator ends.
pub async fn stream(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let entries = space.state().journal.subscribe();
    let ending = app.spaces.ending();
    let events = unfold((app, space, entries, ending), |(app, space, mut entries, ending)| async move {
        let event = tokio::select! {
            () = ending.cancelled() => return None,
            entry = entries.recv() => match entry {
                Ok(entry) => {
                    let body = EntryWriter::new(&app, &space).entry(&entry);
                    let event = Event::default().id(entry.number.to_string()).event("entry");
                    event.json_data(body).expect("an entry is JSON")
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
pub fn journal(app: &App, space: &Space) -> Vec<EntryBody> {
    let writer = EntryWriter::new(app, space);
    space.state().journal.since(0).0.iter().map(|entry| writer.entry(entry)).collect()
}

pub fn entry(app: &App, space: &Space, request_id: &str) -> Option<EntryBody> {
    let entry = space.state().journal.get(request_id.parse().ok()?)?;
    Some(EntryWriter::new(app, space).entry(&entry))
}
