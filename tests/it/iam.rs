//! IAM: whose credentials these are, and tokens for a user's name and password.

use std::collections::HashSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::bodies::assert_gateway;
use crate::callers::{CUSTOMER_KEY, KEY, UNKNOWN_KEY, assert_refused, service};
use crate::rules::refusal;
use crate::service::{INDIVIDUAL, Reply, Service, passport};
use crate::signing::{Call, machine_time, now};

const TOKENS: &str = "/v3/auth/tokens";
const DOMAINS: &str = "/v3/auth/domains";
const INVALID: &str = "The request body is invalid";
const WRONG: &str = "The username or password is wrong.";
const OUT_OF_SCOPE: &str = "The request you have made requires authentication.";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// What the operator of the first partner sends, with its account as the scope.
fn login() -> Value {
    let user = json!({ "name": "operator", "password": "demo-password", "domain": { "name": "demo" } });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    json!({ "auth": { "identity": identity, "scope": { "domain": { "name": "demo" } } } })
}

/// The same with another value at a place.
fn login_with(place: &str, value: impl Into<Value>) -> Value {
    let mut login = login();
    *login.pointer_mut(place).expect("the place exists") = value.into();
    login
}

/// The same without a field.
fn login_without(place: &str, field: &str) -> Value {
    let mut login = login();
    let object = login.pointer_mut(place).and_then(Value::as_object_mut).expect("the place is an object");
    object.remove(field).expect("the field is there");
    login
}

async fn log_in(service: &Service, body: impl Into<Body>) -> Reply {
    let request = Request::post(TOKENS).header("content-type", "application/json;charset=utf8");
    service.send(request.body(body.into()).unwrap()).await
}

/// The token of a login that has to succeed.
async fn token(service: &Service, login: &Value) -> String {
    let reply = log_in(service, login.to_string()).await;
    assert_eq!(reply.status.as_u16(), 201, "{reply:?}");
    reply.headers["x-subject-token"].to_str().expect("a token is ASCII").to_owned()
}

/// Applies with a token.
async fn apply(service: &Service, token: &str) -> Reply {
    let request = Request::post(INDIVIDUAL).header("content-type", "application/json").header("x-auth-token", token);
    service.send(request.body(passport("c-1").to_string().into()).unwrap()).await
}

async fn domains(service: &Service, token: &str) -> Reply {
    let request = Request::get(DOMAINS).header("host", "127.0.0.1:8080").header("x-auth-token", token);
    service.send(request.body(Body::empty()).unwrap()).await
}

/// What an SDK asks when it has a region and no domain ID.
fn signed_domains<'a>(key: (&'a str, &'a str), date: &'a str) -> Call<'a> {
    let headers = &[("host", "127.0.0.1:8080"), ("user-agent", "huaweicloud-usdk-python/3.0")];
    Call { key, method: "GET", path: DOMAINS, sent: headers, signed: headers, ..Call::post("", date) }
}

/// Asserts an error in IAM's own form.
#[track_caller]
fn assert_error(reply: &Reply, status: u16, message: &str) {
    let title = if status == 400 { "Bad Request" } else { "Unauthorized" };
    reply.assert(status, &format!(r#"{{"error":{{"code":{status},"message":"{message}","title":"{title}"}}}}"#));
    assert_eq!(reply.headers["content-type"], "application/json", "{reply:?}");
    assert_eq!(reply.headers["x-request-id"].len(), 32, "{reply:?}");
    assert!(!reply.headers.contains_key("x-subject-token"), "{reply:?}");
}

#[track_caller]
fn assert_domains(reply: &Reply, host: &str, id: &str, name: &str) {
    let domain = format!(
        r#"{{"description":"","enabled":true,"id":"{id}","links":{{"self":"http://{host}/v3/domains/{id}"}},"name":"{name}"}}"#
    );
    reply.assert(200, &format!(r#"{{"domains":[{domain}],"links":{{"self":"http://{host}/v3/auth/domains"}}}}"#));
    assert_eq!(reply.headers["content-type"], "application/json", "{reply:?}");
}

#[tokio::test]
async fn credentials_belong_to_one_account() {
    let (service, date) = (service(), now());
    let host = "127.0.0.1:8080";
    assert_domains(&domains(&service, "token").await, host, "demo-account", "demo");
    assert_domains(&domains(&service, "other-token").await, host, "other-account", "other");
    assert_domains(&domains(&service, "customer-token").await, host, "c-own", "c-own");
    assert_domains(&service.send(signed_domains(KEY, &date).request()).await, host, "demo-account", "demo");
    assert_domains(&service.send(signed_domains(CUSTOMER_KEY, &date).request()).await, host, "c-own", "c-own");
    let request = Request::get(DOMAINS).header("x-auth-token", "token").body(Body::empty()).unwrap();
    assert_domains(&service.send(request).await, "localhost", "demo-account", "demo");
}

#[tokio::test]
async fn credentials_that_nobody_has_belong_to_no_account() {
    let (service, date) = (service(), now());
    let refused = |reason: &str| format!("Incorrect IAM authentication information: {reason}");
    let nothing = Request::get(DOMAINS).body(Body::empty()).unwrap();
    assert_error(&service.send(nothing).await, 401, &refused("x-auth-token not found"));
    assert_error(&domains(&service, "unknown").await, 401, &refused("decrypt token fail"));
    let unknown = service.send(signed_domains(UNKNOWN_KEY, &date).request()).await;
    assert_error(&unknown, 401, &refused("Get secretKey failed,ak:NOSUCHAK,err:ak not exist"));
    let forged = signed_domains((KEY.0, "wrong"), &date);
    let canonical = forged.canonical().replace('\n', "|");
    let mismatch = refused(&format!("verify aksk signature fail, canonicalRequest:{canonical}"));
    assert_error(&service.send(forged.request()).await, 401, &mismatch);
    // The gateway counts the failures of a key wherever they happen.
    for _ in 0..4 {
        assert_error(&service.send(forged.request()).await, 401, &mismatch);
    }
    let locked = "AK access failed to reach the limit,forbidden.";
    assert_error(&service.send(forged.request()).await, 401, &refused(locked));
    assert_refused(&service.send(Call::post("{}", &date).request()).await, locked);
}

#[tokio::test]
async fn a_password_gives_a_token_for_an_account() {
    let service = service();
    // A scope by its ID counts, whatever its name.
    let both = json!({ "domain": { "id": "demo-account", "name": "any" } });
    let scopes = [
        (Some(json!({ "domain": { "name": "demo" } })), "by name"),
        (Some(json!({ "domain": { "id": "demo-account" } })), "by ID"),
        (Some(both), "by both"),
        (Some(Value::Null), "null is as good as none"),
        (None, "none"),
    ];
    let mut ids = HashSet::new();
    for (scope, why) in scopes {
        let is_scoped = scope.as_ref().is_some_and(Value::is_object);
        let body = scope.map_or_else(|| login_without("/auth", "scope"), |scope| login_with("/auth/scope", scope));
        let reply = log_in(&service, body.to_string()).await;
        let token = &serde_json::from_str::<Value>(&reply.body).expect("the body is JSON")["token"];
        let text = |place: &str| token.pointer(place).and_then(Value::as_str).expect("the field is there").to_owned();
        let (issued, expires, id) = (text("/issued_at"), text("/expires_at"), text("/user/id"));
        let user = format!(
            r#"{{"domain":{{"id":"demo-account","name":"demo"}},"id":"{id}","name":"operator","password_expires_at":""}}"#
        );
        let domain = r#","domain":{"id":"demo-account","name":"demo"},"roles":[{"id":"0","name":"te_admin"}]"#;
        let domain = if is_scoped { domain } else { "" };
        let times = format!(r#""expires_at":"{expires}","issued_at":"{issued}""#);
        let token = format!(r#"{{"catalog":[],{times},"methods":["password"],"user":{user}{domain}}}"#);
        reply.assert(201, &format!(r#"{{"token":{token}}}"#));
        assert_eq!(reply.headers["content-type"], "application/json", "{why}");
        assert_eq!(reply.headers["x-request-id"].len(), 32, "{why}");

        for time in [&issued, &expires] {
            assert_eq!(time.len(), "2020-01-04T09:08:49.965000Z".len(), "{time}");
        }
        let time = |text: &str| text.parse::<Timestamp>().expect("the time is one");
        assert_eq!(time(&expires).duration_since(time(&issued)), SignedDuration::from_hours(24));
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        ids.insert(id);
        let token = reply.headers["x-subject-token"].to_str().unwrap();
        assert_domains(&domains(&service, token).await, "127.0.0.1:8080", "demo-account", "demo");
    }
    assert_eq!(ids.len(), 1, "a user keeps its ID");
}

#[tokio::test]
async fn a_token_is_good_for_a_day_on_the_clock_of_the_space() {
    let service = service();
    service.advance(24 * HOUR);
    let reply = log_in(&service, login().to_string()).await;
    let body: Value = serde_json::from_str(&reply.body).expect("the body is JSON");
    let token = reply.headers["x-subject-token"].to_str().unwrap();
    let text = |field: &str| body["token"][field].as_str().expect("the time is there");
    let ahead = text("issued_at").parse::<Timestamp>().expect("the time is one").duration_since(machine_time());
    assert!(ahead > SignedDuration::from_mins(24 * 60 - 1), "the space is a day ahead: {ahead}");

    apply(&service, token).await.assert(200, r#"{"is_review":1}"#);
    service.advance(23 * HOUR + 59 * MINUTE);
    apply(&service, token).await.assert(400, &refusal("CBC.99000027"));
    service.advance(MINUTE);
    let reason = format!("token expires, expires_at: {}", text("expires_at"));
    assert_refused(&apply(&service, token).await, &reason);
    let message = format!("Incorrect IAM authentication information: {reason}");
    assert_error(&domains(&service, token).await, 401, &message);
    // A listed token never expires.
    apply(&service, "token").await.assert(400, &refusal("CBC.99000027"));
}

#[tokio::test]
async fn a_customers_token_is_refused_by_the_api() {
    let mut login = login_without("/auth", "scope");
    login["auth"]["identity"]["password"]["user"] =
        json!({ "name": "owner", "password": "customer-password", "domain": { "name": "c-own" } });
    let service = service();
    let token = token(&service, &login).await;
    apply(&service, &token).await.assert(403, &refusal("CBC.0151"));
    assert_domains(&domains(&service, &token).await, "127.0.0.1:8080", "c-own", "c-own");
}

#[tokio::test]
async fn a_login_is_refused_in_the_words_of_iam() {
    let user = |field: &str| format!("/auth/identity/password/user/{field}");
    let scope = |scope: Value| login_with("/auth/scope", scope);
    let table = [
        (login_with(&user("password"), "wrong"), WRONG, "another password"),
        (login_with(&user("password"), "demo-passwor"), WRONG, "the beginning of the password"),
        (login_with(&user("password"), ""), WRONG, "no password"),
        (login_with(&user("password"), "other-password"), WRONG, "the password of the same name elsewhere"),
        (login_with(&user("name"), "nobody"), WRONG, "an unknown user"),
        (login_with(&user("name"), "Operator"), WRONG, "names have a case"),
        (login_with(&user("domain/name"), "nowhere"), WRONG, "an unknown account"),
        (login_with(&user("domain/name"), "other"), WRONG, "another account, where the password is another"),
        (login_with(&user("domain/name"), "demo-account"), WRONG, "the ID of the account is not its name"),
        (scope(json!({ "domain": { "name": "nowhere" } })), OUT_OF_SCOPE, "an unknown account"),
        (scope(json!({ "domain": { "name": "other" } })), OUT_OF_SCOPE, "somebody else's account"),
        (scope(json!({ "domain": { "id": "other-account" } })), OUT_OF_SCOPE, "the same by its ID"),
        (scope(json!({ "domain": { "id": "demo" } })), OUT_OF_SCOPE, "the name is not the ID"),
        (scope(json!({ "domain": {} })), OUT_OF_SCOPE, "no account"),
        (scope(json!({})), OUT_OF_SCOPE, "nothing"),
        (scope(json!({ "project": { "name": "ap-southeast-1" } })), OUT_OF_SCOPE, "an account has no projects here"),
        (scope(json!({ "project": { "id": "demo-account" } })), OUT_OF_SCOPE, "not even with its own ID"),
    ];
    let service = service();
    for (login, message, why) in table {
        let reply = log_in(&service, login.to_string()).await;
        assert_eq!(reply.check(), Some("identity"), "{why}: {reply:?}");
        assert_error(&reply, 401, message);
    }
}

#[tokio::test]
async fn a_body_that_iam_does_not_understand_is_a_bad_request() {
    let (auth, identity, password) = ("/auth", "/auth/identity", "/auth/identity/password");
    let user = "/auth/identity/password/user";
    let values = [
        login_without("", "auth"),
        login_without(auth, "identity"),
        login_without(identity, "methods"),
        login_without(identity, "password"),
        login_without(password, "user"),
        login_without(user, "name"),
        login_without(user, "password"),
        login_without(user, "domain"),
        login_without("/auth/identity/password/user/domain", "name"),
        login_with("/auth/identity/methods", json!([])),
        login_with("/auth/identity/methods", json!(["token"])),
        login_with("/auth/identity/methods", "password"),
        login_with("/auth/identity/password/user/password", 1),
        login_with("/auth/identity/password/user/name", Value::Null),
        login_with("/auth/scope", "unscoped"),
        login_with("/auth/scope/domain/name", 1),
        login_with("/auth", json!([])),
        json!({}),
        json!(null),
        json!("auth"),
    ];
    let text = login().to_string();
    let bodies = [
        Vec::new(),
        b"{".to_vec(),
        text.clone().into_bytes()[..text.len() - 1].to_vec(),
        format!("{text}{text}").into_bytes(),
        text.replace("demo-password", "\\ud800").into_bytes(),
        text.replacen("operator", "\u{7f}\u{0}", 1).into_bytes(),
        [b"\xff", text.as_bytes()].concat(),
        "[".repeat(100_000).into_bytes(),
    ];
    let service = service();
    for body in values.iter().map(|value| value.to_string().into_bytes()).chain(bodies) {
        let reply = log_in(&service, body.clone()).await;
        assert_eq!(reply.status.as_u16(), 400, "{}: {reply:?}", String::from_utf8_lossy(&body));
        assert_error(&reply, 400, INVALID);
    }
    let reply = log_in(&service, " ".repeat(12 * 1024 * 1024 + 1)).await;
    assert_gateway(&reply, 413, "APIGW.0201", "Request entity too large.");
}

#[tokio::test]
async fn iam_has_its_methods_and_no_more() {
    for (method, path) in [("POST", DOMAINS), ("GET", TOKENS), ("DELETE", TOKENS)] {
        let request = Request::builder().method(method).uri(path).header("x-auth-token", "token");
        let reply = service().send(request.body(Body::empty()).unwrap()).await;
        assert_gateway(&reply, 404, "APIGW.0101", "The API does not exist.");
    }
}

#[tokio::test]
async fn a_token_is_long_new_and_looks_like_a_real_one() {
    let service = service();
    let mut tokens = Vec::new();
    for _ in 0..20 {
        tokens.push(token(&service, &login()).await);
    }
    let first = tokens[0].as_bytes();
    for token in &tokens {
        assert!(token.starts_with("MII"), "the head of a signed message: {token}");
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-=".contains(&byte)), "{token}");
    }
    // What two tokens have in common at a place, they have by chance.
    let shared = (0..first.len()).filter(|place| tokens.iter().all(|token| token.as_bytes()[*place] == first[*place]));
    assert!(first.len() - shared.count() >= 40, "240 bits cannot be guessed: {tokens:?}");
    assert_eq!(tokens.iter().collect::<HashSet<_>>().len(), tokens.len());
    // Nor is it of use to anybody else, or without its end.
    assert_refused(&apply(&self::service(), &tokens[0]).await, "decrypt token fail");
    assert_refused(&apply(&service, &tokens[0][..first.len() - 1]).await, "decrypt token fail");
}

#[tokio::test]
async fn ten_thousand_tokens_are_kept_and_the_oldest_go_first() {
    let service = service();
    let oldest = token(&service, &login()).await;
    let second = token(&service, &login()).await;
    for _ in 2..10_000 {
        token(&service, &login()).await;
    }
    apply(&service, &oldest).await.assert(200, r#"{"is_review":1}"#);
    let newest = token(&service, &login()).await;
    assert_refused(&apply(&service, &oldest).await, "decrypt token fail");
    for token in [second, newest] {
        apply(&service, &token).await.assert(400, &refusal("CBC.99000027"));
    }
}
