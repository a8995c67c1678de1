//! `/_sim/journal/stream`: following the journal of a space by server-sent events.

use std::convert::Infallible;
use std::sync::{Arc, Weak};

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::HeaderName;
use axum::http::request::Parts;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::sync::watch;

use super::entry::EntryWriter;
use super::error::{ControlError, MALFORMED, Result};
use super::extract::InSpace;
use super::journal::ListView;
use super::off_workers;
use crate::http::App;
use crate::http::openapi::{Describe, OperationWriter};
use crate::simulator::{JournalEntry, News, Position, Space, SpaceId, SpaceState};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The most bytes of a request that is made ready on the thread of a follower.
const MAX_SMALL_BYTES: usize = 64 * 1024;

/// How to follow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Following {
    /// How much of each entry.
    #[serde(default)]
    view: ListView,
    /// `InSpace` reads it.
    #[serde(rename = "space")]
    #[schemars(skip)]
    _space: Option<IgnoredAny>,
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
pub async fn follow(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
    LastEventId(last_seen): LastEventId,
    following: Result<Query<Following>, QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let Query(following) = following.map_err(|rejection| ControlError::malformed(rejection.body_text()))?;
    let state = space.state();
    let journal = &state.journal;
    let follower = Follower {
        position: journal.position(last_seen.unwrap_or_else(|| journal.last_number())),
        space: space.id,
        view: following.view,
        state: Arc::downgrade(&state),
        news: state.journal.subscribe(),
        app,
    };
    let events = unfold(follower, |mut follower| async {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// Follows the journal of a space. It keeps neither entries nor the space: a client that does not read takes no memory.
struct Follower {
    app: Arc<App>,
    space: SpaceId,
    view: ListView,
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
        let view = self.view;
        let is_small = entry.bytes() <= MAX_SMALL_BYTES;
        let make = move || {
            let event = Event::default().id(entry.number.to_string()).event("entry");
            event.json_data(view.show(&writer, &entry)).expect("an entry is JSON")
        };
        if is_small {
            return make();
        }
        off_workers(&self.app, make).await
    }
}
