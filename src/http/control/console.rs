//! The web console at `/_sim/ui/`, and what leads a browser there. Its files are a part of the program and hold no data:
//! what the console shows, it asks the control API for.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use futures_util::future::Either;
use sha2::{Digest, Sha256};
use tower::Service;

use super::set_request_id;

/// Where the console is.
pub const CONSOLE_PATH: &str = "/_sim/ui/";

/// The paths from which a browser is led to the console.
const ENTRANCES: [&str; 3] = ["/", "/_sim", "/_sim/"];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What a browser allows the console: scripts, styles and calls of this server alone. No text can become markup, and no
/// other site can frame or read a file.
#[rustfmt::skip]
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
        connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
        require-trusted-types-for 'script'; trusted-types 'none'"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // A browser asks each time whether its copy is current.
    (CACHE_CONTROL, "no-cache"),
];

/// A file of the console: its name, its media type and its content.
struct File(&'static str, &'static str, &'static str);

#[rustfmt::skip]
static FILES: [File; 17] = [
    File("", HTML, include_str!("ui/index.html")),
    File("console.css", CSS, include_str!("ui/console.css")),
    File("console.js", SCRIPT, include_str!("ui/console.js")),
    File("api.js", SCRIPT, include_str!("ui/api.js")),
    File("clients.js", SCRIPT, include_str!("ui/clients.js")),
    File("dom.js", SCRIPT, include_str!("ui/dom.js")),
    File("entry.js", SCRIPT, include_str!("ui/entry.js")),
    File("forms.js", SCRIPT, include_str!("ui/forms.js")),
    File("journal.js", SCRIPT, include_str!("ui/journal.js")),
    File("outcomes.js", SCRIPT, include_str!("ui/outcomes.js")),
    File("query.js", SCRIPT, include_str!("ui/query.js")),
    File("request.js", SCRIPT, include_str!("ui/request.js")),
    File("requests.js", SCRIPT, include_str!("ui/requests.js")),
    File("scenario.js", SCRIPT, include_str!("ui/scenario.js")),
    File("spaces.js", SCRIPT, include_str!("ui/spaces.js")),
    File("table.js", SCRIPT, include_str!("ui/table.js")),
    File("world.js", SCRIPT, include_str!("ui/world.js")),
];

impl File {
    fn respond(&self, headers: &HeaderMap) -> Response<Body> {
        let Self(_, media_type, content) = *self;
        let tag = format!("\"{}\"", hex::encode(Sha256::digest(content)));
        let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
        let is_known = known.flat_map(|tags| tags.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag);
        let tag = [(ETAG, tag)];
        if is_known {
            return (StatusCode::NOT_MODIFIED, HEADERS, tag).into_response();
        }
        (HEADERS, tag, [(CONTENT_TYPE, media_type)], content).into_response()
    }
}

/// The routes of the files.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let start = Router::new().route(CONSOLE_PATH.trim_end_matches('/'), get(async || Redirect::to(CONSOLE_PATH)));
    FILES.iter().fold(start, |routes, file| {
        let respond = async move |headers: HeaderMap| file.respond(&headers);
        routes.route(&format!("{CONSOLE_PATH}{}", file.0), get(respond))
    })
}

/// A service that leads browsers to the console. It stands in front of the layer that records: who opens the simulator in a
/// browser leaves no entry in the journal.
#[derive(Clone, Debug)]
pub struct ConsoleRedirect<S> {
    pub inner: S,
    /// Whether there is a console.
    pub is_on: bool,
}

impl<S, B> Service<Request<B>> for ConsoleRedirect<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response<Body>, Infallible>>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let is_entrance = ENTRANCES.contains(&request.uri().path()) && request.method() == Method::GET;
        if self.is_on && is_entrance && wants_page(request.headers()) {
            let mut response = Redirect::to(CONSOLE_PATH).into_response();
            set_request_id(&mut response);
            Either::Left(ready(Ok(response)))
        } else {
            Either::Right(self.inner.call(request))
        }
    }
}

/// Returns true if a browser asks for a page to show. To another machine by plain HTTP, browsers do not send what they ask
/// for; but no other client accepts XHTML.
fn wants_page(headers: &HeaderMap) -> bool {
    if headers.keys().any(|name| name.as_str().starts_with("sec-fetch-")) {
        return headers.get("sec-fetch-dest").is_some_and(|destination| destination == "document");
    }
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|accepted| accepted.to_str().ok());
    accepted.any(|accepted| accepted.contains("application/xhtml+xml"))
}
