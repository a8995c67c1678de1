//! The layer around the simulated API: it gives each request its ID and its space, and turns the outcome into the response,
//! an entry of the journal, an event of the log and a count.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::http::header::HeaderMap;
use axum::http::{Method, Request, Response};
use axum::response::IntoResponse;
use futures_util::FutureExt;
use tokio::runtime::Handle;
use tower::{Layer, Service};
use uuid::Uuid;

use super::explanation::Explainer;
use super::extract::{Record, RequestContext, ShownCredentials, discard_body};
use super::response::Delivery;
use super::{mask, response};
use crate::domain::gateway::{MAX_HEADERS, MAX_HEADERS_BYTES, MAX_PIECE_BYTES};
use crate::domain::{Endpoint, Fault, GatewayError, INDIVIDUAL, checks, excerpt, gateway, short};
use crate::simulator::{ApiError, Detail, JournalEntry, Outcome, RecordedRequest, SpaceId, SpaceState, Spaces};

/// The methods of HTTP, which are shown.
pub const METHODS: [Method; 9] = [
    Method::CONNECT,
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
    Method::POST,
    Method::PUT,
    Method::TRACE,
];

/// Records the requests of a service.
#[derive(Clone, Debug)]
pub struct RecordLayer {
    pub spaces: Arc<Spaces>,
    /// The path of a service whose requests are not recorded, if the service has one.
    pub except: Option<&'static str>,
}

impl<S> Layer<S> for RecordLayer {
    type Service = RecordService<S>;

    fn layer(&self, inner: S) -> RecordService<S> {
        RecordService { layer: self.clone(), inner }
    }
}

#[derive(Clone, Debug)]
pub struct RecordService<S> {
    layer: RecordLayer,
    inner: S,
}

impl<S, B> Service<Request<B>> for RecordService<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: HttpBody + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if self.layer.except.is_some_and(|except| is_below(except, request.uri().path())) {
            let response = self.inner.call(request).map(|Ok(response)| response);
            return Answering { context: None, stage: Stage::Delivering(Box::pin(response)) };
        }
        let started = Instant::now();
        let size = HeadSize::of(&request);
        let (state, missing_space) = match find_space(&self.layer.spaces, request.headers()) {
            Ok(state) => (state, None),
            Err(detail) => (self.layer.spaces.default_space().state(), Some(detail)),
        };
        let record = Record { request: size.record(&request), ..Record::default() };
        let endpoint = Endpoint::at(request.method().as_str(), request.uri().path());
        let context = Arc::new(RequestContext {
            endpoint,
            state,
            missing_space,
            is_received: false.into(),
            record: record.into(),
        });
        let recording = Recording {
            id: Uuid::new_v4(),
            started,
            context: Arc::clone(&context),
            spaces: Arc::clone(&self.layer.spaces),
        };
        if let Some(error) = size.error() {
            let decided = async move {
                let (parts, body) = request.into_parts();
                discard_body(&parts.headers, body).await;
                recording.finish(ApiError::gateway(&checks::HEAD_SIZE, error).into_response())
            };
            return Answering { context: None, stage: Stage::Deciding(Box::pin(decided)) };
        }
        request.extensions_mut().insert(Arc::clone(&context));
        let response = self.inner.call(request);
        let decided = async move {
            // The process's panic hook logs the panic.
            let response = AssertUnwindSafe(response).catch_unwind().await;
            let response = response.map_or_else(|_panic| ApiError::Internal.into_response(), |Ok(response)| response);
            recording.finish(response)
        };
        Answering { context: Some(context), stage: Stage::Deciding(Box::pin(decided)) }
    }
}

/// The making of a response. Once the whole request has come it is decided and recorded, even if the client has left
/// meanwhile.
pub struct Answering {
    /// `None` if it does not matter whether the client has left.
    context: Option<Arc<RequestContext>>,
    stage: Stage,
}

/// A response, and how it is delivered if it is not simply sent.
type Decided = (Response<Body>, Option<Delivery>);

enum Stage {
    Deciding(Pin<Box<dyn Future<Output = Decided> + Send>>),
    /// A scripted delay or fault, or a request that is not recorded.
    Delivering(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
    Ended,
}

impl Future for Answering {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let response = match &mut self.stage {
                Stage::Deciding(decided) => {
                    let (response, delivery) = ready!(decided.as_mut().poll(cx));
                    // A long delivery does not keep a state that was reset meanwhile.
                    self.context = None;
                    match delivery {
                        None => response,
                        Some(delivery) => {
                            self.stage = Stage::Delivering(Box::pin(delivery.deliver(response)));
                            continue;
                        }
                    }
                }
                Stage::Delivering(delivered) => ready!(delivered.as_mut().poll(cx)),
                Stage::Ended => unreachable!("a future is not polled after its end"),
            };
            self.stage = Stage::Ended;
            return Poll::Ready(Ok(response));
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if let Stage::Deciding(decided) = std::mem::replace(&mut self.stage, Stage::Ended)
            && self.context.as_ref().is_some_and(|context| context.is_received.load(Ordering::Relaxed))
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(decided);
        }
    }
}

fn is_below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the state of the space that a request belongs to: that of its `X-Sim-Space` header, else of its credential, else the
/// default space. If it is missing, what the gateway says of that.
fn find_space(spaces: &Spaces, headers: &HeaderMap) -> Result<Arc<SpaceState>, Box<Detail>> {
    let credentials = ShownCredentials::of(headers);
    let named = credentials.space_name.map(|name| String::from_utf8_lossy(name).into_owned());
    let id = match &named {
        Some(name) => SpaceId::parse(name),
        None => Some(credentials.space().unwrap_or(SpaceId::DEFAULT)),
    };
    let space = id.and_then(|id| spaces.get(id)).map(|space| space.state());
    // The world of a space may have been saved, and be served by another process as its default space. And lenient
    // authentication takes a credential that only looks like one of a space.
    let taken = || {
        let default = spaces.default_space().state();
        let is_taken = || credentials.is_listed(&default.accounts()) || default.lenient_caller().is_some();
        (named.is_none() && is_taken()).then_some(default)
    };
    space.or_else(taken).ok_or_else(|| {
        let why = spaces.why_missing(id);
        let id = id.map(|id| id.to_string());
        let text = |name: &str| format!("the simulator has no space {name}; {why}");
        let masked = text(id.as_deref().unwrap_or(mask::MASK));
        let name = named.or(id).unwrap_or_default();
        Detail { text: text(&excerpt(&name)), saw: masked.clone(), masked }.into()
    })
}

/// What is known of a request before it is answered.
struct Recording {
    id: Uuid,
    started: Instant,
    context: Arc<RequestContext>,
    spaces: Arc<Spaces>,
}

impl Recording {
    /// Gives the outcome its wire form, and records it. What delays or breaks the answer comes after that.
    fn finish(self, mut response: Response<Body>) -> Decided {
        let Self { id, started, context, spaces } = self;
        let Record { request, caller, script, moved_to } = std::mem::take(&mut *context.record());
        let state = moved_to.as_ref().unwrap_or(&context.state);
        let outcome = response.extensions_mut().remove::<Outcome>().unwrap_or(Outcome::Refused(ApiError::Internal));
        response::write(&outcome, &state.settings().wire, id, &mut response);
        if request.method() == Method::HEAD.as_str() {
            response::leave_out_body(&mut response);
        }
        let delivery = Delivery::of(&outcome, script);
        let status = response.status().as_u16();
        let at = state.clock.now();
        let entry = JournalEntry { number: 0, request_id: id, at, request, caller, status, script, outcome };
        let JournalEntry { request, outcome, .. } = &entry;
        let explainer = Explainer { spaces: &spaces, contract: state.settings().contract };
        tracing::info!(
            request.id = %id.simple(),
            request.method = %short(request.method()),
            request.path = &*short(request.path()),
            response.status = status,
            error.code = outcome.error_code(),
            decided_by = outcome.decided_by(),
            check = outcome.check(),
            why = explainer.why(&entry),
            fault = outcome.fault().map(Fault::as_str),
            caller = entry.caller.as_deref(),
            space = %state.space_id,
            micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
        state.shared.metrics.count(context.endpoint.map_or("", |endpoint| endpoint.path), outcome);
        if context.endpoint == Some(&INDIVIDUAL) {
            state.coverage.record(outcome, id);
            state.shared.coverage.record(outcome, id);
        }
        state.shared.unexpected_requests.record(request, outcome, || explainer.why(&entry));
        state.journal.push(entry);
        state.shared.changes.note();
        spaces.trim_journals();
        (response, delivery)
    }
}

/// The sizes of a request's head, in bytes.
struct HeadSize {
    target: usize,
    largest_header: usize,
    headers: usize,
    count: usize,
}

impl HeadSize {
    fn of<B>(request: &Request<B>) -> Self {
        let sizes = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
        let (largest_header, headers) = sizes.fold((0, 0), |(largest, sum), size| (size.max(largest), sum + size));
        Self { target: target(request).len(), largest_header, headers, count: request.headers().len() }
    }

    /// The gateway's error if something is too large.
    fn error(&self) -> Option<&'static GatewayError> {
        if self.target > MAX_PIECE_BYTES {
            Some(gateway::TARGET_TOO_LARGE)
        } else if self.largest_header > MAX_PIECE_BYTES || self.headers > MAX_HEADERS_BYTES || self.count > MAX_HEADERS
        {
            Some(gateway::HEADERS_TOO_LARGE)
        } else {
            None
        }
    }

    /// Records the head, with room for the body.
    fn record<B: HttpBody>(&self, request: &Request<B>) -> RecordedRequest {
        let body = usize::try_from(request.body().size_hint().lower()).unwrap_or(usize::MAX).min(MAX_PIECE_BYTES);
        let capacity = self.headers + request.headers().len() * ": \n".len() + body;
        // What is no method could be anything, a secret too.
        let method = if METHODS.contains(request.method()) { request.method().as_str() } else { mask::MASK };
        let mut record = RecordedRequest::new(method, target(request), capacity);
        for (name, value) in request.headers() {
            record.add_header(name.as_str(), value.as_bytes());
        }
        record
    }
}

fn target<B>(request: &Request<B>) -> &str {
    request.uri().path_and_query().map_or("", |target| target.as_str())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use axum::{Router, http};
    use http_body_util::BodyExt;
    use tower::{Layer, ServiceExt};

    use super::RecordLayer;
    use crate::domain::StartWorld;
    use crate::simulator::{JournalLimits, Spaces};

    #[tokio::test]
    async fn a_panic_is_cbc_0999_and_the_service_goes_on() {
        async fn panics() {
            panic!("on purpose");
        }

        let spaces = Spaces::new("test".into(), &StartWorld::default(), JournalLimits::new(10, 1_000_000));
        let service = RecordLayer { spaces: spaces.into(), except: None }.layer(Router::new().route("/", get(panics)));
        for _ in 0..2 {
            let request = http::Request::new(Body::empty());
            let response = service.clone().oneshot(request).await.expect("the service is infallible");
            assert_eq!(response.status(), 500);
            assert_eq!(response.headers()["content-type"], "application/json;charset=UTF-8");
            assert_eq!(response.headers()["x-request-id"].len(), 32);
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body, r#"{"error_code":"CBC.0999","error_msg":"Other errors."}"#);
        }
    }
}
