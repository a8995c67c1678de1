//! `/_sim/journal`: what was asked and answered in a space, listed, shown one by one, and followed by server-sent events.

use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, NoContent, Response, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;

use super::entry::{EntryBody, EntryWriter, customer_id, exchange_yaml};
use super::error::{ControlError, MALFORMED, Result};
use super::extract::{InSpace, PathName, QueryOf, Readable, WantsText, read_limit};
use super::har::{Har, HarEntry};
use super::off_workers;
use crate::http::App;
use crate::http::openapi::{Describe, OperationWriter, YAML};
use crate::simulator::{JournalEntry, News, Position, Space, SpaceId, SpaceState};

/// How many entries are listed by default.
const DEFAULT_LIMIT: usize = 100;

/// The most bytes of requests that one list is about, unless a single request has more.
const MAX_LISTED_BYTES: usize = 4 * 1024 * 1024;

/// Which entries to list, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Filter {
    /// Only entries with a greater number.
    since: Option<u64>,
    /// Only entries with a smaller number.
    before: Option<u64>,
    /// No more than so many; default 100.
    #[serde(default, deserialize_with = "read_limit", skip_serializing_if = "Option::is_none")]
    limit: Option<NonZeroUsize>,
    /// The oldest or the newest first.
    #[serde(default)]
    order: ListOrder,
    /// How much of each.
    #[serde(default)]
    view: ListView,
    /// In which form.
    #[serde(default)]
    format: ListFormat,
    /// Only those about this customer.
    customer_id: Option<String>,
    /// Only those that were answered with this code.
    error_code: Option<String>,
    /// Only those that were answered with this HTTP status.
    status: Option<u16>,
    /// Only those with this path, without a query.
    path: Option<String>,
    /// Only those of the partner of this name.
    caller: Option<String>,
    /// Only those that this check or rule refused.
    rule: Option<String>,
    /// `InSpace` reads it.
    #[serde(rename = "space")]
    #[schemars(skip)]
    _space: Option<IgnoredAny>,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum ListOrder {
    #[default]
    Asc,
    Desc,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum ListView {
    #[default]
    Full,
    /// Without the checks.
    Brief,
}

impl ListView {
    pub fn show(self, writer: &EntryWriter, entry: &JournalEntry) -> EntryBody {
        match self {
            Self::Full => writer.entry(entry),
            Self::Brief => writer.brief(entry),
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum ListFormat {
    #[default]
    Json,
    /// An HTTP archive.
    Har,
}

impl Filter {
    fn admits(&self, entry: &JournalEntry) -> bool {
        fn is<T: PartialEq + ?Sized>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| found == Some(wanted))
        }
        let JournalEntry { request, caller, outcome, .. } = entry;
        is(self.error_code.as_deref(), outcome.error_code())
            && is(self.status.as_ref(), entry.answered_status().as_ref())
            && is(self.path.as_deref(), Some(request.path()))
            && is(self.caller.as_deref(), caller.as_deref())
            && is(self.rule.as_deref(), outcome.check())
            && (self.customer_id.is_none() || self.customer_id == customer_id(request))
    }
}

/// Entries of a journal.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct EntryList {
    entries: Vec<EntryBody>,
    /// What `since` has to be in order to go on from here, or with `order=desc` what `before` has to be.
    next: u64,
    /// Whether there are more.
    truncated: bool,
    /// How many entries gave way to newer ones.
    dropped: u64,
}

/// Entries of a journal, or an HTTP archive of them.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum ListBody {
    Entries(EntryList),
    Archive(Har),
}

pub async fn list(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
    QueryOf(filter): QueryOf<Filter>,
) -> Result<Json<ListBody>> {
    let state = space.state();
    let since = filter.since.map(|since| state.journal.known(since));
    let (mut entries, dropped) = state.journal.since(since.unwrap_or(0));
    entries.retain(|entry| filter.before.is_none_or(|before| entry.number < before));
    if filter.order == ListOrder::Desc {
        entries.reverse();
    }
    let limit = filter.limit.map_or(DEFAULT_LIMIT, NonZeroUsize::get);
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
    let from = if filter.order == ListOrder::Desc { filter.before } else { since };
    let next = last_seen.map(|entry| entry.number).or(from).unwrap_or(0);
    Ok(Json(match filter.format {
        ListFormat::Har => {
            let writer = EntryWriter::inventing(&app, &space);
            let entries = listed.iter().map(|entry| HarEntry::new(&writer, entry)).collect();
            ListBody::Archive(Har::new(entries, next, truncated, dropped))
        }
        ListFormat::Json => {
            let writer = EntryWriter::new(&app, &space);
            let entries = listed.into_iter().map(|entry| filter.view.show(&writer, entry)).collect();
            ListBody::Entries(EntryList { entries, next, truncated, dropped })
        }
    }))
}

/// How to show one entry.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct EntryQuery {
    /// The whole entry, or an exchange for a scenario file, in YAML.
    #[serde(default)]
    view: EntryView,
    /// `InSpace` reads it.
    #[serde(rename = "space")]
    #[schemars(skip)]
    _space: Option<IgnoredAny>,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum EntryView {
    #[default]
    Full,
    Exchange,
}

/// An entry, of which text for people has only the explanation.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ExplainedEntry(EntryBody);

impl fmt::Display for ExplainedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.explanation.fmt(f)
    }
}

/// One entry, in one of its forms.
pub enum OneEntry {
    Readable(Box<Readable<200, ExplainedEntry>>),
    Exchange(String),
}

impl IntoResponse for OneEntry {
    fn into_response(self) -> Response {
        match self {
            Self::Readable(entry) => (*entry).into_response(),
            Self::Exchange(yaml) => ([(CONTENT_TYPE, YAML)], yaml).into_response(),
        }
    }
}

impl Describe for OneEntry {
    fn describe(operation: &mut OperationWriter<'_>) {
        Readable::<200, EntryBody>::describe(operation);
        operation.alternative(StatusCode::OK, YAML, &json!({ "type": "string" }));
    }
}

pub async fn get(
    State(app): State<Arc<App>>,
    (InSpace(space), PathName(request_id)): (InSpace, PathName),
    WantsText(as_text): WantsText,
    QueryOf(shown): QueryOf<EntryQuery>,
) -> Result<OneEntry> {
    let entry = find(&space, &request_id)?;
    Ok(match shown.view {
        EntryView::Exchange => OneEntry::Exchange(exchange_yaml(&EntryWriter::inventing(&app, &space), &entry)?),
        EntryView::Full => {
            let value = ExplainedEntry(EntryWriter::new(&app, &space).entry(&entry));
            OneEntry::Readable(Readable { value, as_text }.into())
        }
    })
}

/// Finds an entry by the ID of its request.
pub fn find(space: &Space, request_id: &str) -> Result<Arc<JournalEntry>> {
    let entry = request_id.parse().ok().and_then(|id| space.state().journal.get(id));
    entry.ok_or_else(|| {
        ControlError::not_found("the journal of this space has no such request: it may have been dropped")
    })
}

pub async fn delete(InSpace(space): InSpace) -> NoContent {
    space.state().journal.clear();
    NoContent
}

/// The whole journal of a space, as it is listed.
pub fn journal(app: &App, space: &Space) -> Vec<EntryBody> {
    let writer = EntryWriter::new(app, space);
    space.state().journal.since(0).0.iter().map(|entry| writer.entry(entry)).collect()
}

pub fn entry(app: &App, space: &Space, request_id: &str) -> Option<EntryBody> {
    let entry = find(space, request_id).ok()?;
    Some(EntryWriter::new(app, space).entry(&entry))
}

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
    QueryOf(following): QueryOf<Following>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let state = space.state();
    let journal = &state.journal;
    let was_reset = last_seen.is_some_and(|number| journal.is_before_reset(number));
    let follower = Follower {
        position: last_seen.map_or_else(|| journal.end(), |number| journal.position(number)),
        space: space.id,
        view: following.view,
        // Without the state, the reset is the first news.
        state: if was_reset { Weak::new() } else { Arc::downgrade(&state) },
        news: state.journal.subscribe(),
        app,
    };
    let events = unfold(follower, |mut follower| async {
        // To make an entry ready takes longer than to answer a request: those get their turn in between.
        tokio::task::yield_now().await;
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
