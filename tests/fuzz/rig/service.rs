//! A simulator behind its router.

use std::cell::OnceCell;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use bss_sim::{Error, Scenario, Simulator};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// The path of the API.
pub const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";

/// Longer than any delay: an answer that takes it was scripted never to come.
const FOR_EVER: Duration = Duration::from_secs(1 << 40);

thread_local! {
    // Its clock stands still and jumps when all wait, so that a scripted delay costs nothing.
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

fn block_on<F: Future>(future: F) -> F::Output {
    let build = || Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    RUNTIME.with(|runtime| runtime.get_or_init(build).block_on(future))
}

/// A well-formed application for this customer, of the partner `demo` in the targets' worlds.
#[must_use]
pub fn application(customer: &str) -> Value {
    json!({
        "customer_id": customer,
        "identify_type": 0,
        "verified_type": 3,
        "verified_file_url": ["front.jpg", "hand.jpg"],
        "name": "Wang Xiaoming",
        "verified_number": "E12345678",
        "change_type": -1,
        "xaccount_type": "DEMO_IDP",
    })
}

/// A simulator without a port, new for each input, so that an input does the same whatever came before it.
pub struct Service {
    router: Router,
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body. `None` if it broke off, as was scripted, or has no end.
    pub body: Option<Bytes>,
}

impl Answer {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let body = self.body.as_ref().unwrap_or_else(|| panic!("no whole body: {self:?}"));
        serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header that is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("every header of an answer is text")
    }
}

impl Service {
    /// A service that starts from this text of a scenario.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn read(text: &str) -> Result<Self, Error> {
        let space = Simulator::builder().scenario(Scenario::text(text)).build()?;
        Ok(Self { router: space.router() })
    }

    /// A service that starts from one of the targets' own scenarios.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::read(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// The JSON Schema of scenarios.
    #[must_use]
    pub fn schema() -> Value {
        Self::new("customers: []").control("GET", "/_sim/schema/fixture.json", b"").json()
    }

    /// The list that a control call answers under this key.
    #[must_use]
    pub fn list(&self, path: &str, key: &str) -> Vec<Value> {
        match self.control("GET", &format!("/_sim/{path}"), b"").json()[key].take() {
            Value::Array(list) => list,
            other => panic!("no list of {key}: {other}"),
        }
    }

    /// The journal's entry of the answer with this request ID, whatever space it belongs to.
    #[must_use]
    pub fn entry(&self, request_id: &str) -> Option<Value> {
        self.list("spaces", "spaces").iter().find_map(|space| {
            let id = space["id"].as_str().expect("a space has an ID");
            let entry = self.control("GET", &format!("/_sim/journal/{request_id}?space={id}"), b"");
            (entry.status == 200).then(|| entry.json())
        })
    }

    /// Sends a request. `None` if there never was an answer, which only a script can bring about.
    #[must_use]
    pub fn send(&self, request: Request<Body>) -> Option<Answer> {
        block_on(async {
            let response = self.router.clone().oneshot(request);
            let response = tokio::time::timeout(FOR_EVER, response).await.ok()?.expect("the router never fails");
            let (parts, body) = response.into_parts();
            let is_endless = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
            let body =
                if is_endless { None } else { body.collect().await.ok().map(http_body_util::Collected::to_bytes) };
            Some(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
        })
    }

    /// Posts this body as JSON, with a token.
    #[must_use]
    pub fn post(&self, token: &str, body: &[u8]) -> Option<Answer> {
        let request =
            Request::post(INDIVIDUAL).header("content-type", "application/json").header("x-auth-token", token);
        self.send(request.body(body.to_vec().into()).expect("the request is well-formed"))
    }

    /// Makes a control call, which always has an answer.
    #[must_use]
    pub fn control(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        let request = Request::builder().method(method).uri(target).body(body.to_vec().into());
        self.send(request.expect("the call is well-formed")).expect("no script is for control calls")
    }
}
