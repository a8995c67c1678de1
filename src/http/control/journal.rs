//! `/_sim/journal`: what was asked and answered, and following it.

use std::convert::Infallible;
use std::sync::{Arc, Weak};

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::HeaderName;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{NoContent, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::entry::{EntryBody, EntryWriter, customer_id};
use super::error::{ControlError, MALFORMED, Result};
use super::extract::{InSpace, PathName};
use crate::http::App;
use crate::http::openapi::{Describe, OperationWriter};
use crate::simulator::{JournalEntry, News, Position, Space, SpaceId, SpaceState};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How many entries are listed by default.
const DEFAULT_LIMIT: usize = 100;

/// The most bytes of requests that one list is about, unless a single request has more.
const MAX_LISTED_BYTES: usize = 4 * 1024 * 1024;

/// The most bytes of a request that is made ready on the thread of a follower.
const MAX_SMALL_BYTES: usize = 64 * 1024;

/// Which entries to list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
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
    /// `InSpace` reads it.
    #[serde(rename = "space")]
    #[schemars(skip)]
    _space: Option<IgnoredAny>,
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
    let mut admitted = entries.iter().filter(|entry| filter.admits(entry)).peekable();
    let (mut listed, mut bytes) = (Vec::new(), 0);
    while let Some(entry) = admitted.next_if(|entry| {
        bytes += entry.bytes();
        listed.len() < limit && (bytes <= MAX_LISTED_BYTES || listed.is_empty())
    }) {
        listed.push(entry);
    }
    let truncated = admitted.peek().is_some();
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

/// The last entry that a follower has seen before its connection ended.
pub struct LastEventId(Option<u64>);

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Some(id) = parts.headers.get(LAST_EVENT_ID) else { return Ok(Self(None)) };
        let number = id.to_str().ok().and_then(|id| id.parse().ok());
        let number = number.ok_or_else(|| ControlError::malformed("`Last-Event-ID` is no number of an entry"))?;
        Ok(Self(Some(number)))
    }
}

impl Describe for LastEventId {
    fn describe(operation: &mut OperationWriter<'_>) {
        let description = "The number of the last entry that was seen. Default: that of the newest one.";
        let schema = json!({ "type": "integer", "minimum": 0 });
        operation.parameter("header", LAST_EVENT_ID.as_str(), description, &schema);
        operation.error(MALFORMED);
    }
}

/// Follows the journal, also beyond a reset, until the space or the simulator ends.
pub async fn stream(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
    LastEventId(last_seen): LastEventId,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let state = space.state();
    let journal = &state.journal;
    let follower = Follower {
        position: journal.position(last_seen.unwrap_or_else(|| journal.last_number())),
        space: space.id,
        state: Arc::downgrade(&state),
        news: state.journal.subscribe(),
        app,
    };
    let events = unfold(follower, |mut follower| async {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// Follows the journal of a space. It keeps neither entries nor the space: a client that does not read takes no memory.
struct Follower {
    app: Arc<App>,
    space: SpaceId,
    /// The state whose journal it follows.
    state: Weak<SpaceState>,
    news: watch::Receiver<()>,
    position: Position,
}

impl Follower {
    /// Waits for the next event. `None` if the space or the simulator has ended.
    async fn next(&mut self) -> Option<Event> {
        let ending = self.app.spaces.ending();
        loop {
            let space = self.app.spaces.find(self.space)?;
            let state = space.state();
            if self.state.as_ptr() != Arc::as_ptr(&state) {
                self.state = Arc::downgrade(&state);
                self.news = state.journal.subscribe();
                self.position = state.journal.start();
                return Some(Event::default().event("reset").data("the space has begun again"));
            }
            self.news.mark_unchanged();
            let news = state.journal.next(&mut self.position);
            drop(state);
            match news {
                Some(News::Entry(entry)) => return Some(self.event(&space, entry).await),
                Some(News::Missed(missed)) => {
                    return Some(Event::default().event("missed").data(missed.to_string()));
                }
                Some(News::Cleared) => {
                    return Some(Event::default().event("cleared").data("the journal was cleared"));
                }
                None => drop(space),
            }
            tokio::select! {
                () = ending.cancelled() => return None,
                // An error says that the state has ended.
                _ = self.news.changed() => {}
            }
        }
    }

    async fn event(&self, space: &Space, entry: Arc<JournalEntry>) -> Event {
        let writer = EntryWriter::new(&self.app, space);
        let is_small = entry.bytes() <= MAX_SMALL_BYTES;
        let make = move || {
            let event = Event::default().id(entry.number.to_string()).event("entry");
            event.json_data(writer.entry(&entry)).expect("an entry is JSON")
        };
        if is_small {
            return make();
        }
        let permit = Arc::clone(&self.app.calls).acquire_owned().await.expect("the semaphore is never closed");
        let event = spawn_blocking(move || {
            let _permit = permit;
            make()
        });
        event.await.expect("an entry can be shown")
    }
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
