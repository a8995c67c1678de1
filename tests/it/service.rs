//! A simulated service for one test: a scenario behind its router, without a socket.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use bss_sim::{Builder, Entry, Error, Scenario, Simulator, Space};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// The path of the API.
pub(crate) const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";

/// A simulator without a port, used as its default space.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) space: Arc<Space>,
    router: Router,
}

/// An answer as it came over the wire. Its journal entry is looked up when a test asks for it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    space: Arc<Space>,
    entry: OnceLock<Option<Entry>>,
}

impl Reply {
    /// The journal's entry. `None` if it was dropped, or if another space answered.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.entry.get_or_init(|| self.space.entry(self.id())).as_ref()
    }

    /// The check or rule that decided.
    pub(crate) fn check(&self) -> Option<&str> {
        self.entry()?.rule()
    }

    /// The body as JSON, `null` when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The request's ID.
    #[track_caller]
    pub(crate) fn id(&self) -> &str {
        self.headers["x-request-id"].to_str().expect("a request's ID is text")
    }

    /// Asserts the status and the whole body, byte for byte.
    #[track_caller]
    pub(crate) fn assert(&self, status: u16, body: &str) {
        assert_eq!((self.status.as_u16(), self.body.as_str()), (status, body), "{self:?}");
    }

    /// Asserts that the API's `CBC.0100` is answered.
    #[track_caller]
    pub(crate) fn assert_parameter_error(&self) {
        self.assert(400, r#"{"error_code":"CBC.0100","error_msg":"Parameter error."}"#);
    }
}

/// Everything that is wrong with a text.
#[track_caller]
pub(crate) fn refused(text: &str) -> Error {
    let built = Simulator::builder().scenario(Scenario::text(text)).build();
    built.map_or_else(|error| error, |_| panic!("accepted:\n{text}"))
}

impl Service {
    /// A service that starts from this text.
    #[track_caller]
    pub(crate) fn from_yaml(yaml: &str) -> Self {
        Self::built(Simulator::builder().scenario(Scenario::text(yaml)))
    }

    /// A service that is built so.
    #[track_caller]
    pub(crate) fn built(builder: Builder) -> Self {
        let space = builder.build().unwrap_or_else(|error| panic!("{error}"));
        Self { router: space.router(), space: Arc::new(space) }
    }

    /// A service that starts from the built-in default scenario.
    pub(crate) fn builtin() -> Self {
        Self::built(Simulator::builder())
    }

    /// A partner `demo` (token `token`, platform `DEMO_IDP`) with the customer `c-1`, and what is added to them.
    #[track_caller]
    pub(crate) fn with(more: &str) -> Self {
        Self::from_yaml(&format!("{DEMO}{more}"))
    }

    /// Puts the clock of the default space forward.
    pub(crate) fn advance(&self, by: Duration) {
        self.space.advance(by);
    }

    /// Makes a control call; its status and its answer, `null` when there is none.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = Request::builder().method(method).uri(format!("/_sim{path}"));
        let body = body.map_or_else(Body::empty, |body| body.to_string().into());
        let reply = self.send(request.body(body).expect("the request is well-formed")).await;
        (reply.status.as_u16(), serde_json::from_str(&reply.body).unwrap_or_default())
    }

    /// Sends any request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.expect("the router never fails");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the body is in memory").to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("every body is text");
        let (space, entry) = (Arc::clone(&self.space), OnceLock::new());
        Reply { status: parts.status, headers: parts.headers, body, space, entry }
    }

    /// Makes a request with these headers.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let request = Request::builder().method(method).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request.body(body.into()).expect("the request is well-formed")).await
    }

    /// Posts an application with this token.
    pub(crate) async fn apply_as(&self, token: &str, application: &Value) -> Reply {
        let headers = [("content-type", "application/json"), ("x-auth-token", token)];
        self.call(Method::POST, INDIVIDUAL, &headers, application.to_string()).await
    }

    /// Posts these bytes as JSON with the partner's token.
    pub(crate) async fn post(&self, body: impl Into<Body>) -> Reply {
        let request = Request::builder().method(Method::POST).uri(INDIVIDUAL);
        let request = request.header("content-type", "application/json").header("x-auth-token", "token");
        self.send(request.body(body.into()).expect("the request is well-formed")).await
    }

    /// Posts an application with the partner's token.
    pub(crate) async fn apply(&self, application: &Value) -> Reply {
        self.post(application.to_string()).await
    }
}

/// The least that can be applied to.
pub(crate) const DEMO: &str = "
partners:
  - { id: demo-account, name: demo, xaccount_type: DEMO_IDP, credentials: { tokens: [token] } }
  - { id: other-account, name: other, xaccount_type: OTHER_IDP, credentials: { tokens: [other-token] } }
";

/// A well-formed application of a customer with a passport.
pub(crate) fn passport(customer: &str) -> Value {
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

/// The same with another value in a field.
pub(crate) fn with(mut application: Value, field: &str, value: impl Into<Value>) -> Value {
    application[field] = value.into();
    application
}

/// The same without a field.
pub(crate) fn without(mut application: Value, field: &str) -> Value {
    application.as_object_mut().expect("an application is an object").remove(field);
    application
}
