//! The HTTP client of all tests.

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Request, Response, Version};
use bss_sim::{Entry, Space};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::{INDIVIDUAL, PARAMETER_ERROR, Process, TlsClient, in_time, list, text};

/// A client of one simulator.
#[derive(Clone)]
pub(crate) struct Client(Transport);

#[derive(Clone)]
enum Transport {
    /// Calls the router of a space.
    Router(Arc<Space>, Router),
    /// Opens a connection of HTTP/1.1 to this address for each request.
    Http1(String),
    /// Multiplexes all requests on one connection of HTTP/2.
    Http2(http2::SendRequest<Body>),
}

impl Client {
    pub(super) fn of_space(space: Arc<Space>) -> Self {
        let router = space.router();
        Self(Transport::Router(space, router))
    }

    /// A client of the simulator at this URL or address.
    pub(crate) fn of_url(url: &str) -> Self {
        Self(Transport::Http1(url.strip_prefix("http://").unwrap_or(url).to_owned()))
    }

    /// A client that speaks HTTP/2 over TLS.
    pub(crate) async fn http2(process: &Process) -> Self {
        Self::http2_with(process, &http2::Builder::new(TokioExecutor::new())).await
    }

    /// A client that speaks HTTP/2 over TLS, with other settings.
    pub(crate) async fn http2_with(process: &Process, builder: &http2::Builder<TokioExecutor>) -> Self {
        let stream = TlsClient::of(&["h2"]).connect(process, "localhost").await.expect("it speaks TLS");
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.expect("it speaks HTTP/2");
        tokio::spawn(connection);
        Self(Transport::Http2(sender))
    }

    /// Waits until the connection of HTTP/2 has ended.
    pub(crate) async fn assert_ends(self) {
        let Transport::Http2(mut sender) = self.0 else { panic!("only HTTP/2 has one connection") };
        let end = async {
            while sender.ready().await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        in_time(end).await;
    }

    /// Sends a request, and waits for the head of its answer.
    pub(crate) async fn open<B: Into<Body>>(&self, request: Request<B>) -> hyper::Result<Response<Body>> {
        let request = request.map(Into::into);
        match &self.0 {
            Transport::Router(_, router) => Ok(router.clone().oneshot(request).await.expect("a router never fails")),
            Transport::Http1(address) => in_time(over_http1(address, request)).await,
            Transport::Http2(sender) => in_time(over_http2(sender.clone(), request)).await,
        }
    }

    /// Sends a request. Returns its answer, or an error if the connection ends without a whole one.
    pub(crate) async fn try_send<B: Into<Body>>(&self, request: Request<B>) -> Result<Reply, axum::Error> {
        let (parts, body) = self.open(request).await.map_err(axum::Error::new)?.into_parts();
        let (body, space) = match &self.0 {
            Transport::Router(space, _) => (body.collect().await?, Some(Arc::clone(space))),
            _ => (in_time(body.collect()).await?, None),
        };
        let body = String::from_utf8(body.to_bytes().to_vec()).expect("every body is text");
        Ok(Reply::new(parts.version, parts.status.as_u16(), parts.headers, body, space))
    }

    /// Sends a request. Returns its answer.
    pub(crate) async fn send<B: Into<Body>>(&self, request: Request<B>) -> Reply {
        self.try_send(request).await.expect("an answer")
    }

    /// Makes a request with these headers. Returns its answer.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let request = Request::builder().method(method).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request.body(body.into()).expect("the request is well-formed")).await
    }

    /// Posts a body of JSON, as it is, with this token.
    pub(crate) async fn post_as(&self, token: &str, body: impl Into<Body>) -> Reply {
        let headers = [("content-type", "application/json"), ("x-auth-token", token)];
        self.call("POST", INDIVIDUAL, &headers, body).await
    }

    /// Posts a body of JSON, as it is, with the token of the partner `demo`.
    pub(crate) async fn post_body(&self, body: impl Into<Body>) -> Reply {
        self.post_as("token", body).await
    }

    /// Posts an application with this token.
    pub(crate) async fn apply_as(&self, token: &str, application: &Value) -> Reply {
        self.post_as(token, application.to_string()).await
    }

    /// Posts an application with the token of the partner `demo`.
    pub(crate) async fn apply(&self, application: &Value) -> Reply {
        self.apply_as("token", application).await
    }

    /// Asks IAM for a token of this account, by the name and the password of one of its users.
    pub(crate) async fn log_in(&self, [account, user, password]: [&str; 3], headers: &[(&str, &str)]) -> Reply {
        let domain = json!({ "name": account });
        let user = json!({ "name": user, "password": password, "domain": domain });
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        let body = json!({ "auth": { "identity": identity, "scope": { "domain": domain } } });
        self.call("POST", "/v3/auth/tokens", headers, body.to_string()).await
    }

    /// Makes a control call, without a body if it is `null`. Returns the status and the answer, `null` if it is no JSON.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = self.call(method, &format!("/_sim{path}"), &[], body).await;
        (reply.status, reply.json())
    }

    /// Makes a control call, and asserts its status. Returns the answer.
    pub(crate) async fn assert_control(&self, method: &str, path: &str, body: Value, status: u16) -> Value {
        let (answered, answer) = self.control(method, path, &body).await;
        assert_eq!(answered, status, "{method} {path} {body}: {answer}");
        answer
    }

    /// Makes a control call that has to succeed. Returns the answer.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.assert_control("GET", path, Value::Null, 200).await
    }

    /// Makes a control call. Returns the status and the answer.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        self.control("PUT", path, body).await
    }

    /// Makes a control call. Returns the status and the answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.control("POST", path, body).await
    }

    /// Makes a control call. Returns the status.
    pub(crate) async fn delete(&self, path: &str) -> u16 {
        self.control("DELETE", path, &Value::Null).await.0
    }

    /// Scripts answers.
    pub(crate) async fn script(&self, answers: &Value) {
        let (status, answer) = self.post("/scripted", answers).await;
        assert_eq!(status, 201, "{answers}: {answer}");
    }

    /// Creates a space. Returns its ID and its credentials.
    pub(crate) async fn create_space(&self, body: &Value) -> Value {
        let (status, space) = self.post("/spaces", body).await;
        assert_eq!(status, 201, "{body}: {space}");
        space
    }
}

async fn over_http1(address: &str, mut request: Request<Body>) -> hyper::Result<Response<Body>> {
    let stream = TcpStream::connect(address).await.expect("the simulator listens");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    request.headers_mut().entry("host").or_insert(HeaderValue::from_static("localhost"));
    Ok(sender.send_request(request).await?.map(Body::new))
}

async fn over_http2(mut sender: http2::SendRequest<Body>, mut request: Request<Body>) -> hyper::Result<Response<Body>> {
    if request.uri().authority().is_none() {
        let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        *request.uri_mut() = format!("https://localhost{path}").parse().expect("a URL");
    }
    *request.version_mut() = Version::HTTP_2;
    Ok(sender.send_request(request).await?.map(Body::new))
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) version: Version,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    journal: Journal,
}

/// Asserts that the checks of an entry or an explanation passed up to the one that decided, and that those after it were not
/// reached.
#[track_caller]
pub(crate) fn assert_consistent(entry: &Value) {
    let rule = &entry["outcome"]["rule"];
    let mut is_decided = false;
    for check in list(entry, "checks") {
        let expected = match (is_decided, check["check"] == *rule) {
            (true, _) => "not_reached",
            (false, true) => "failed",
            (false, false) => "passed",
        };
        is_decided |= expected == "failed";
        assert_eq!(check["result"], expected, "{check}: {entry:#}");
        assert!(["documented", "assumed"].contains(&text(&check["basis"])), "{check}");
        assert!(!text(&check["source"]).is_empty(), "{check}");
        let saw = text(&check["saw"]);
        assert!(expected != "failed" || !saw.is_empty(), "{check}");
        if expected != "not_reached"
            && let Some(holds) = holds_by_text(text(&check["check"]), saw)
        {
            assert_eq!(holds, expected == "passed", "the text says what came of it: {check}");
        }
        if expected == "failed" {
            let first = saw.lines().next().unwrap_or_default();
            let first = if *rule == "parameters" { first.split("; ").next().unwrap_or_default() } else { first };
            assert!(text(&entry["outcome"]["why"]).ends_with(first), "{check}: {entry:#}");
        }
    }
    let why = text(&entry["outcome"]["why"]);
    assert!(!why.is_empty() && !why.contains('\n'), "{why:?}");
    assert_eq!(is_decided, !rule.is_null(), "the check that decided is one of them: {entry:#}");
}

/// Whether a rule holds, by what its text says that it saw. `None` for other checks.
fn holds_by_text(rule: &str, saw: &str) -> Option<bool> {
    let numbers = || {
        let numbers = saw.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u64>().ok());
        numbers.collect::<Vec<_>>()
    };
    let after = |word: &str| saw.split_once(word).map_or("", |(_, rest)| rest.split(',').next().unwrap_or_default());
    if saw.is_empty() {
        return None;
    }
    Some(match rule {
        "partner-ready" => !saw.contains("false") && !saw.contains("cannot be reached"),
        "platform-of-partner" => saw.starts_with("xaccount_type is the assigned"),
        "customer-not-caller" => after("customer_id ") != after("own account "),
        "customer-has-partner" => !["", "none"].contains(&after("partner of the customer: ")),
        "customer-of-caller" if !saw.contains("caller: ") => return None,
        "customer-of-caller" => after("partner of the customer: ") == after("caller: "),
        "customer-not-partner" | "certificate-allowed" => saw.ends_with("false"),
        "not-authenticated-yet" => !["authenticated", "under_review"].contains(&after("status: ")),
        "attempts-left" | "certificate-not-worn-out" => numbers()[0] < numbers()[1],
        "pictures-pass" => saw.split(", ").filter(|part| part.contains('"')).all(|part| part.ends_with(": passed")),
        "identity-agrees" => !saw.starts_with("another name"),
        "verification-passes" => saw.ends_with("pass"),
        _ => return None,
    })
}

/// Where the journal entry of an answer is. It is looked up when a test asks for it.
struct Journal {
    space: Option<Arc<Space>>,
    entry: OnceLock<Option<Entry>>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.entry, f)
    }
}

impl Reply {
    /// An answer, with the space whose journal has an entry of it. `None` if it came from a process.
    pub(super) fn new(
        version: Version,
        status: u16,
        headers: HeaderMap,
        body: String,
        space: Option<Arc<Space>>,
    ) -> Self {
        Self { version, status, headers, body, journal: Journal { space, entry: OnceLock::new() } }
    }

    /// The journal's entry. `None` if it was dropped, or if another space answered.
    pub(crate) fn try_entry(&self) -> Option<&Entry> {
        let space = self.journal.space.as_ref().expect("the answer came from a router");
        self.journal.entry.get_or_init(|| space.entry(self.id())).as_ref()
    }

    /// The journal's entry.
    #[track_caller]
    pub(crate) fn entry(&self) -> &Entry {
        self.try_entry().expect("the journal has an entry")
    }

    /// The check or rule that refused the request. `None` if none did.
    #[track_caller]
    pub(crate) fn rule(&self) -> Option<&str> {
        self.entry().rule()
    }

    /// What a check saw of the request.
    #[track_caller]
    pub(crate) fn saw(&self, check: &str) -> String {
        let entry = self.entry().json();
        let found = list(&entry, "checks").iter().find(|found| found["check"] == check);
        text(&found.expect("the check is one of them")["saw"]).to_owned()
    }

    /// The body. `null` if it is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The error code of the body. Empty if it has none.
    pub(crate) fn code(&self) -> String {
        self.json()["error_code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header. `None` if it is missing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("every header of an answer is text"))
    }

    /// The request's ID: 32 hexadecimal digits.
    #[track_caller]
    pub(crate) fn id(&self) -> &str {
        let id = self.header("x-request-id").unwrap_or_else(|| panic!("no request ID: {self:?}"));
        assert!(id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{self:?}");
        id
    }

    /// The token that IAM issued.
    #[track_caller]
    pub(crate) fn token(&self) -> &str {
        self.header("x-subject-token").unwrap_or_else(|| panic!("no token: {self:?}"))
    }

    /// Asserts the status and the whole body, byte for byte.
    #[track_caller]
    pub(crate) fn assert(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body), "{self:?}");
    }

    /// Asserts a refusal of the API with this code. `api::outcomes` shows the whole bodies.
    #[track_caller]
    pub(crate) fn assert_code(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json;charset=UTF-8"), "{self:?}");
    }

    /// Asserts that this rule refused, with this code.
    #[track_caller]
    pub(crate) fn assert_rule(&self, rule: &str, code: &str) {
        self.assert_code(400, code);
        assert_eq!(self.rule(), Some(rule), "{self:?}");
    }

    /// Asserts that the script answered, with this code.
    #[track_caller]
    pub(crate) fn assert_scripted(&self, status: u16, code: &str) {
        self.assert_code(status, code);
        assert_eq!(self.rule(), Some("script"), "{self:?}");
    }

    /// Asserts that the parameters were refused.
    #[track_caller]
    pub(crate) fn assert_parameter_error(&self) {
        self.assert(400, PARAMETER_ERROR);
    }

    /// Asserts that the pictures fail these items. With none, that the application is accepted.
    #[track_caller]
    pub(crate) fn assert_items(&self, items: &[&str], what: &str) {
        let (code, items) =
            if items.is_empty() { (Value::Null, Value::Null) } else { (json!("CBC.99007004"), json!(items)) };
        let body = self.json();
        assert_eq!((&body["error_code"], &body["fail_check_items"]), (&code, &items), "{what}: {self:?}");
    }

    /// Asserts an answer of the gateway: its headers, and the whole body, which repeats the request ID.
    #[track_caller]
    pub(crate) fn assert_gateway(&self, status: u16, code: &str, message: &str) {
        let (id, message) = (self.id(), Value::from(message));
        self.assert(status, &format!(r#"{{"error_msg":{message},"error_code":"{code}","request_id":"{id}"}}"#));
        let headers = (self.header("content-type"), self.header("server"));
        assert_eq!(headers, (Some("application/json"), Some("api-gateway")), "{self:?}");
    }

    /// Asserts that the gateway could not authenticate the caller, for this reason.
    #[track_caller]
    pub(crate) fn assert_unauthenticated(&self, reason: &str) {
        self.assert_gateway(401, "APIGW.0301", &format!("Incorrect IAM authentication information: {reason}"));
    }
}
