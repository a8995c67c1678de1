//! What answers first, and what a body may be: the checks that a request meets before anybody looks at its values.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::request::Builder;
use axum::http::{HeaderValue, Method, Request};
use hyper::body::Frame;
use serde_json::json;

use crate::rules::refusal;
use crate::service::{INDIVIDUAL, Reply, Service, passport, with};

const LIMIT: usize = 12 * 1024 * 1024;
const UNKNOWN_PATH: &str = "The API does not exist or has not been published in the environment.";
const UNKNOWN_METHOD: &str = "The API does not exist.";
const API_GATEWAY: HeaderValue = HeaderValue::from_static("api-gateway");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ACCEPTED: &str = r#"{"is_review":1}"#;

const CUSTOMERS: &str = r"
customers:
  - { id: c-1, partner: demo }
  - { id: c-done, partner: demo, real_name: authenticated }
  - { id: c-own, partner: demo, credentials: { tokens: [customer-token] } }
scripted:
  - { when: { name: Scripted }, then: { error_code: CBC.0999 } }
";

/// Asserts an answer of the gateway: its headers, and its whole body, which repeats the request id.
#[track_caller]
pub(crate) fn assert_gateway(reply: &Reply, status: u16, code: &str, message: &str) {
    assert_eq!((&reply.headers["server"], &reply.headers["content-type"]), (&API_GATEWAY, &JSON), "{reply:?}");
    let id = request_id(reply);
    reply.assert(status, &format!(r#"{{"error_msg":"{message}","error_code":"{code}","request_id":"{id}"}}"#));
}

#[track_caller]
fn request_id(reply: &Reply) -> &str {
    let id = reply.headers["x-request-id"].to_str().expect("the id is ASCII");
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    assert!(id.len() == 32 && id.bytes().all(lower_hex), "32 hex digits: {id:?}");
    id
}

fn service() -> Service {
    Service::with(CUSTOMERS)
}

fn request(method: &str, path: &str) -> Builder {
    let method = Method::from_bytes(method.as_bytes()).expect("the method is a token");
    Request::builder().method(method).uri(path).header("content-type", "application/json")
}

/// An application that an ignored field fills up to this many bytes.
fn padded(length: usize) -> String {
    let empty = with(passport("c-1"), "padding", "").to_string();
    let padded = with(passport("c-1"), "padding", "x".repeat(length - empty.len())).to_string();
    assert_eq!(padded.len(), length);
    padded
}

/// A body of unknown length: this chunk, so many times.
struct Chunks(Bytes, usize);

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.1 == 0 {
            return Poll::Ready(None);
        }
        self.1 -= 1;
        Poll::Ready(Some(Ok(Frame::data(self.0.clone()))))
    }
}

#[tokio::test]
async fn a_request_that_fails_several_checks_answers_for_the_first() {
    let service = service();
    let too_long = || "x".repeat(LIMIT + 1);
    let scripted = with(passport("c-done"), "name", "Scripted");
    let send = async |request: Builder, body: String| service.send(request.body(Body::from(body)).unwrap()).await;

    let reply = send(request("GET", "/v2/customers/realname-auths/company"), too_long()).await;
    assert_gateway(&reply, 404, "APIGW.0101", UNKNOWN_PATH);
    assert_eq!(reply.check(), Some("path-known"), "before the method, the length and the caller");

    let reply = send(request("GET", INDIVIDUAL), too_long()).await;
    assert_gateway(&reply, 404, "APIGW.0101", UNKNOWN_METHOD);
    assert_eq!(reply.check(), Some("method-known"), "before the length and the caller");

    let reply = send(request("POST", INDIVIDUAL), too_long()).await;
    assert_gateway(&reply, 413, "APIGW.0201", "Request entity too large.");
    assert_eq!(reply.check(), Some("body-size"), "before the caller");

    let reply = send(request("POST", INDIVIDUAL), "{".to_owned()).await;
    let message = "Incorrect IAM authentication information: x-auth-token not found";
    assert_gateway(&reply, 401, "APIGW.0301", message);
    assert_eq!(reply.check(), Some("authenticated"), "before the parameters");

    let reply = send(request("POST", INDIVIDUAL).header("x-auth-token", "unknown"), "{".to_owned()).await;
    assert_gateway(&reply, 401, "APIGW.0301", "Incorrect IAM authentication information: decrypt token fail");

    let reply = send(request("POST", INDIVIDUAL).header("x-auth-token", "customer-token"), "{".to_owned()).await;
    reply.assert(403, &refusal("CBC.0151"));
    assert_eq!(reply.check(), Some("caller-is-partner"), "before the parameters");

    let reply = service.apply(&with(scripted.clone(), "change_type", 0)).await;
    reply.assert_parameter_error();
    assert_eq!(reply.check(), Some("parameters"), "before the script and the rules");

    let reply = service.apply(&scripted).await;
    reply.assert(500, &refusal("CBC.0999"));
    assert_eq!(reply.check(), Some("script"), "before the rules");

    let reply = service.apply(&passport("c-done")).await;
    reply.assert(400, &refusal("CBC.99000027"));
    assert_eq!(reply.check(), Some("not-authenticated-yet"), "the rules come last");

    let reply = service.apply(&passport("c-1")).await;
    reply.assert(200, ACCEPTED);
    assert_eq!(reply.check(), None, "nothing refused");
}

#[tokio::test]
async fn an_unknown_path_is_answered_by_the_gateway() {
    let slash = format!("{INDIVIDUAL}/");
    let doubled = INDIVIDUAL.replace("/v2/", "/v2//");
    let upper = INDIVIDUAL.to_uppercase();
    let below = format!("{INDIVIDUAL}/c-1");
    let paths =
        ["/", "/v2", "/favicon.ico", &slash, &doubled, &upper, &below, "/v1/customers/realname-auths/individual"];
    for path in paths {
        for method in ["POST", "GET", "PUT", "OPTIONS", "BREW"] {
            let request = request(method, path).header("x-auth-token", "token");
            let reply = service().send(request.body(Body::from(passport("c-1").to_string())).unwrap()).await;
            assert_gateway(&reply, 404, "APIGW.0101", UNKNOWN_PATH);
        }
    }
}

#[tokio::test]
async fn an_unknown_method_is_answered_by_the_gateway_and_names_no_other() {
    let methods = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "X-ODD_METHOD"];
    for method in methods {
        let request = request(method, INDIVIDUAL).header("x-auth-token", "token");
        let reply = service().send(request.body(Body::from(passport("c-1").to_string())).unwrap()).await;
        assert!(!reply.headers.contains_key("allow"), "the gateway sends no Allow: {method}");
        assert_gateway(&reply, 404, "APIGW.0101", UNKNOWN_METHOD);
    }
}

#[tokio::test]
async fn answers_of_the_api_have_its_content_type_and_an_id_of_their_own() {
    let service = service();
    let customer = request("POST", INDIVIDUAL).header("x-auth-token", "customer-token");
    // A query does not hide the path.
    let query = request("POST", &format!("{INDIVIDUAL}?a=b&c")).header("x-auth-token", "token");
    let replies = [
        (200, service.send(query.body(passport("c-1").to_string().into()).unwrap()).await),
        (400, service.apply(&passport("c-1")).await),
        (400, service.post("").await),
        (403, service.send(customer.body(Body::empty()).unwrap()).await),
        (500, service.apply(&with(passport("c-1"), "name", "Scripted")).await),
    ];
    let mut ids = Vec::new();
    for (status, reply) in &replies {
        assert_eq!(reply.status.as_u16(), *status, "{reply:?}");
        assert_eq!(reply.headers["content-type"], "application/json;charset=UTF-8", "{reply:?}");
        ids.push(request_id(reply));
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), replies.len(), "no two requests share an id");
}

#[tokio::test]
async fn a_body_may_have_twelve_mebibytes_and_no_byte_more() {
    for (length, accepted) in [(LIMIT - 1, true), (LIMIT, true), (LIMIT + 1, false)] {
        let body = padded(length);
        let builder = || request("POST", INDIVIDUAL).header("x-auth-token", "token");
        let streamed = Body::new(Chunks(Bytes::from(body.clone()), 1));
        let replies = [
            service().send(builder().header("content-length", length).body(body.into()).unwrap()).await,
            service().send(builder().body(streamed).unwrap()).await,
        ];
        for reply in replies {
            if accepted {
                reply.assert(200, ACCEPTED);
            } else {
                assert_gateway(&reply, 413, "APIGW.0201", "Request entity too large.");
            }
        }
    }
}

#[tokio::test]
async fn a_body_without_an_end_is_refused_all_the_same() {
    let endless = Body::new(Chunks(Bytes::from(vec![b' '; 64 * 1024]), usize::MAX));
    let reply = service().post(endless).await;
    assert_gateway(&reply, 413, "APIGW.0201", "Request entity too large.");
}

#[tokio::test]
async fn only_json_may_be_sent() {
    let table: [(Option<&[u8]>, bool, &str); 14] = [
        (Some(b"application/json"), true, "as in the page's example"),
        (Some(b"application/json;charset=UTF-8"), true, "as official clients send it"),
        (Some(b"application/json; charset=utf-8"), true, "a space may follow the semicolon"),
        (Some(b"APPLICATION/JSON"), true, "media types have no case"),
        (Some(b"Application/Json; Charset=\"utf-8\""), true, "nor do their parameters"),
        (None, false, "nothing says that it is JSON"),
        (Some(b""), false, "nothing says that it is JSON"),
        (Some(b"text/plain"), false, "another type"),
        (Some(b"application/x-www-form-urlencoded"), false, "what curl sends by itself"),
        (Some(b"application/vnd.x+json"), false, "JSON-based, but another type"),
        (Some(b"application/jsonp"), false, "only begins like it"),
        (Some(b"text/json"), false, "another type"),
        (Some(b"json"), false, "no media type"),
        (Some(b"application/json\xff"), false, "not even text"),
    ];
    for (content_type, accepted, why) in table {
        let mut request = Request::builder().method(Method::POST).uri(INDIVIDUAL).header("x-auth-token", "token");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let reply = service().send(request.body(passport("c-1").to_string().into()).unwrap()).await;
        assert_eq!(reply.status.is_success(), accepted, "{content_type:?}: {why}: {reply:?}");
        if !accepted {
            reply.assert_parameter_error();
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_a_parameter_error() {
    let good = passport("c-1").to_string();
    let inside = |text: &str| good.replacen('{', &format!("{{{text},"), 1);
    let mut not_utf8 = inside(r#""extra":"?""#).into_bytes();
    let place = not_utf8.iter().position(|byte| *byte == b'?').unwrap();
    not_utf8[place] = 0xff;
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let levels = 100_000;
    let table: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "empty"),
        (b" \r\n\t".to_vec(), "blank"),
        ("\u{feff}".into(), "a byte order mark and nothing else"),
        (format!("\u{feff}\u{feff}{good}").into(), "two byte order marks"),
        (b"{".to_vec(), "cut off"),
        (good[..good.len() - 1].into(), "its last brace missing"),
        (format!("{good}}}").into(), "a brace too many"),
        (format!("{good}{good}").into(), "two objects"),
        (format!("{good} x").into(), "something follows"),
        (good.replacen('}', ",}", 1).into(), "a comma before the end"),
        (good.replace('"', "'").into(), "single quotes"),
        (inside("/* why */").into(), "a comment"),
        (inside(r#""extra":NaN"#).into(), "no number of JSON"),
        (inside(r#""extra":01"#).into(), "a leading zero"),
        (inside("\"extra\":\"\n\"").into(), "a bare line feed in a string"),
        (inside(r#""extra":"\ud800""#).into(), "half a surrogate pair is no text"),
        (inside("extra:1").into(), "a bare key"),
        (not_utf8, "not UTF-8, in a field that is ignored"),
        (utf16, "UTF-16"),
        (format!("[{good}]").into(), "an array"),
        (json!(good).to_string().into(), "a string"),
        (b"0".to_vec(), "a number"),
        (b"null".to_vec(), "null"),
        (b"true".to_vec(), "a boolean"),
        (b"{}".to_vec(), "an object without fields"),
        (inside(&format!(r#""extra":{}{}"#, "[".repeat(levels), "]".repeat(levels))).into(), "arrays without measure"),
        ("[".repeat(levels).into(), "arrays that never end"),
        (r#"{"a":"#.repeat(levels).into(), "objects that never end"),
        (good.replace(r#""DEMO_IDP""#, &"[".repeat(levels)).into(), "arrays without measure in a parameter"),
    ];
    let service = service();
    for (body, why) in table {
        let reply = service.post(body).await;
        assert_eq!(reply.body, refusal("CBC.0100"), "{why}");
        assert_eq!((reply.status.as_u16(), reply.check()), (400, Some("parameters")), "{why}");
    }
    service.post(good).await.assert(200, ACCEPTED);
}
