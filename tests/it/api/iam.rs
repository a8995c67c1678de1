//! IAM: `GET /v3/auth/domains` and `POST /v3/auth/tokens`.

use std::collections::HashSet;
use std::time::Duration;

use axum::body::Body;
use bss_sim::Scenario;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::*;

const TOKENS: &str = "/v3/auth/tokens";
const DOMAINS: &str = "/v3/auth/domains";
const INVALID: &str = "The request body is invalid";
const WRONG: &str = "The username or password is wrong.";
const OUT_OF_SCOPE: &str = "The request you have made requires authentication.";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn app() -> TestApp {
    TestApp::from_text(CALLERS)
}

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

async fn log_in(app: &TestApp, body: impl Into<Body>) -> Reply {
    app.call("POST", TOKENS, &[("content-type", "application/json;charset=utf8")], body).await
}

/// The token of a login that has to succeed.
async fn token(app: &TestApp, login: &Value) -> String {
    let reply = log_in(app, login.to_string()).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.token().to_owned()
}

/// Applies with a token.
async fn apply(app: &TestApp, token: &str) -> Reply {
    app.apply_as(token, &passport("c-1")).await
}

async fn domains(app: &TestApp, token: &str) -> Reply {
    app.call("GET", DOMAINS, &[HOST, ("x-auth-token", token)], "").await
}

/// What an SDK asks when it has a region and no domain ID.
fn signed_domains<'a>(key: (&'a str, &'a str), date: &'a str) -> SignedRequest<'a> {
    let headers = &[HOST, ("user-agent", "huaweicloud-usdk-python/3.0")];
    SignedRequest { key, method: "GET", path: DOMAINS, sent: headers, signed: headers, ..SignedRequest::post("", date) }
}

/// Asserts an error in IAM's own form.
#[track_caller]
fn assert_error(reply: &Reply, status: u16, message: &str) {
    let title = if status == 400 { "Bad Request" } else { "Unauthorized" };
    reply.assert(status, &format!(r#"{{"error":{{"code":{status},"message":"{message}","title":"{title}"}}}}"#));
    assert_eq!(reply.header("content-type"), Some("application/json"), "{reply:?}");
    assert_eq!(reply.header("x-subject-token"), None, "{reply:?}");
    reply.id();
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
async fn get_domains_answers_the_account_of_the_credentials() {
    let (app, date) = (app(), now());
    let host = HOST.1;
    assert_domains(&domains(&app, "token").await, host, "demo-account", "demo");
    assert_domains(&domains(&app, "other-token").await, host, "other-account", "other");
    assert_domains(&domains(&app, "customer-token").await, host, "c-own", "c-own");
    assert_domains(&app.send(signed_domains(KEY, &date).request()).await, host, "demo-account", "demo");
    assert_domains(&app.send(signed_domains(CUSTOMER_KEY, &date).request()).await, host, "c-own", "c-own");
    let without_host = app.call("GET", DOMAINS, &[("x-auth-token", "token")], "").await;
    assert_domains(&without_host, "localhost", "demo-account", "demo");
}

#[tokio::test]
async fn get_domains_repeats_no_more_than_2_kib_of_the_host() {
    let host = format!("{}.localhost", "a".repeat(20_000));
    let reply = app().call("GET", DOMAINS, &[("host", &host), ("x-auth-token", "token")], "").await;
    assert_eq!(reply.status, 200);
    let links = reply.json()["links"]["self"].clone();
    assert!(text(&links).len() < 2_200 && text(&links).contains("… (20010 bytes)"), "{links}");
}

#[tokio::test]
async fn get_domains_with_unknown_credentials_is_401() {
    let (app, date) = (app(), now());
    app.call("GET", DOMAINS, &[], "").await.assert_unauthenticated("x-auth-token not found");
    domains(&app, "unknown").await.assert_unauthenticated("decrypt token fail");
    let unknown = app.send(signed_domains(UNKNOWN_KEY, &date).request()).await;
    unknown.assert_unauthenticated("Get secretKey failed,ak:NOSUCHAK,err:ak not exist");
    let forged = signed_domains((KEY.0, "wrong"), &date);
    let canonical = forged.canonical().replace('\n', "|");
    let mismatch = format!("verify aksk signature fail, canonicalRequest:{canonical}");
    // The gateway counts the failures of a key wherever they happen.
    for _ in 0..5 {
        app.send(forged.request()).await.assert_unauthenticated(&mismatch);
    }
    let locked = "AK access failed to reach the limit,forbidden.";
    app.send(forged.request()).await.assert_unauthenticated(locked);
    app.send(SignedRequest::post("{}", &date).request()).await.assert_unauthenticated(locked);
}

#[tokio::test]
async fn post_tokens_with_the_password_is_201_with_a_token() {
    let app = app();
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
        let reply = log_in(&app, body.to_string()).await;
        let token = &serde_json::from_str::<Value>(&reply.body).expect("the body is JSON")["token"];
        let text = |place: &str| token.pointer(place).and_then(Value::as_str).expect("the field is there").to_owned();
        let (issued, expires, id) = (text("/issued_at"), text("/expires_at"), text("/user/id"));
        let user = format!(
            r#"{{"domain":{{"id":"demo-account","name":"demo"}},"id":"{id}","name":"operator","password_expires_at":""}}"#
        );
        let domain = r#""domain":{"id":"demo-account","name":"demo"},"#;
        let roles = r#""roles":[{"id":"0","name":"te_admin"}],"#;
        let [domain, roles] = [domain, roles].map(|of_scope| if is_scoped { of_scope } else { "" });
        let times = format!(r#""expires_at":"{expires}","issued_at":"{issued}""#);
        let token = format!(r#"{{"catalog":[],{domain}{times},"methods":["password"],{roles}"user":{user}}}"#);
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
        let token = reply.token();
        assert_domains(&domains(&app, token).await, "127.0.0.1:8080", "demo-account", "demo");
    }
    assert_eq!(ids.len(), 1, "a user keeps its ID");
}

#[tokio::test]
async fn issued_token_expires_after_24_hours_of_the_space() {
    let app = app();
    app.space.advance(24 * HOUR);
    let reply = log_in(&app, login().to_string()).await;
    let body: Value = serde_json::from_str(&reply.body).expect("the body is JSON");
    let token = reply.token();
    let text = |field: &str| body["token"][field].as_str().expect("the time is there");
    let ahead = text("issued_at").parse::<Timestamp>().expect("the time is one").duration_since(machine_time());
    assert!(ahead > SignedDuration::from_mins(24 * 60 - 1), "the space is a day ahead: {ahead}");

    apply(&app, token).await.assert(200, UNDER_REVIEW);
    app.space.advance(23 * HOUR + 59 * MINUTE);
    apply(&app, token).await.assert_code(400, "CBC.99000027");
    app.space.advance(MINUTE);
    let reason = format!("token expires, expires_at: {}", text("expires_at"));
    apply(&app, token).await.assert_unauthenticated(&reason);
    domains(&app, token).await.assert_unauthenticated(&reason);
    // A listed token never expires.
    apply(&app, "token").await.assert_code(400, "CBC.99000027");
}

#[tokio::test]
async fn issued_token_of_a_customer_is_403_cbc_0151() {
    let mut login = login_without("/auth", "scope");
    login["auth"]["identity"]["password"]["user"] =
        json!({ "name": "owner", "password": "customer-password", "domain": { "name": "c-own" } });
    let app = app();
    let token = token(&app, &login).await;
    apply(&app, &token).await.assert_code(403, "CBC.0151");
    assert_domains(&domains(&app, &token).await, "127.0.0.1:8080", "c-own", "c-own");
}

#[tokio::test]
async fn post_tokens_with_wrong_password_account_or_scope_is_401() {
    let user = |field: &str| format!("/auth/identity/password/user/{field}");
    let scope = |scope: Value| login_with("/auth/scope", scope);
    let table = [
        (login_with(&user("password"), "wrong"), WRONG, "another password"),
        (login_with(&user("password"), "demo-passwor"), WRONG, "the beginning of the password"),
        (login_with(&user("password"), ""), WRONG, "no password"),
        (login_with(&user("password"), "other-password"), WRONG, "the password of the same name elsewhere"),
        (login_with(&user("name"), "unknown"), WRONG, "an unknown user"),
        (login_with(&user("name"), "Operator"), WRONG, "names have a case"),
        (login_with(&user("domain/name"), "nowhere"), WRONG, "an unknown account"),
        (login_with(&user("domain/name"), "other"), WRONG, "another account, where the password is another"),
        (login_with(&user("domain/name"), "demo-account"), WRONG, "the ID of the account is not its name"),
        (scope(json!({ "domain": { "name": "nowhere" } })), OUT_OF_SCOPE, "an unknown account"),
        (scope(json!({ "domain": { "name": "other" } })), OUT_OF_SCOPE, "another account"),
        (scope(json!({ "domain": { "id": "other-account" } })), OUT_OF_SCOPE, "the same by its ID"),
        (scope(json!({ "domain": { "id": "demo" } })), OUT_OF_SCOPE, "the name is not the ID"),
        (scope(json!({ "domain": {} })), OUT_OF_SCOPE, "no account"),
        (scope(json!({})), OUT_OF_SCOPE, "nothing"),
        (scope(json!({ "project": {} })), OUT_OF_SCOPE, "no project"),
        (scope(json!({ "project": project_of("other") })), OUT_OF_SCOPE, "a project of another account"),
        (
            scope(json!({ "domain": { "name": "other" }, "project": project_of("demo") })),
            OUT_OF_SCOPE,
            "both, one is not",
        ),
    ];
    let app = app();
    for (login, message, why) in table {
        let reply = log_in(&app, login.to_string()).await;
        assert_eq!(reply.rule(), Some("identity"), "{why}: {reply:?}");
        assert_error(&reply, 401, message);
    }
}

fn project_of(account: &str) -> Value {
    json!({ "name": "ap-southeast-1", "domain": { "name": account } })
}

#[tokio::test]
async fn post_tokens_with_a_project_of_the_account_is_201() {
    let app = app();
    let region = json!({ "name": "ap-southeast-1" });
    for project in [region, json!({ "id": "0123" }), project_of("demo")] {
        let reply = log_in(&app, login_with("/auth/scope", json!({ "project": project })).to_string()).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let token = &reply.json()["token"];
        assert_eq!(token["project"]["domain"], json!({ "id": "demo-account", "name": "demo" }), "{token}");
        assert!(token.get("domain").is_none(), "only with the scope of an account: {token}");
        assert_domains(&domains(&app, reply.token()).await, "127.0.0.1:8080", "demo-account", "demo");
    }
}

#[tokio::test]
async fn issued_token_survives_a_reset_as_long_as_its_partner_is_there() {
    let app = app();
    let token = token(&app, &login()).await;
    app.space.reset();
    apply(&app, &token).await.assert(200, UNDER_REVIEW);
    let renamed = CALLERS.replace("name: demo", "name: renamed").replace("partner: demo", "partner: renamed");
    app.space.replace(Scenario::text(renamed)).unwrap();
    assert_domains(&domains(&app, &token).await, "127.0.0.1:8080", "demo-account", "renamed");
    app.space.replace(Scenario::text(CALLERS.replace("id: demo-account", "id: another-account"))).unwrap();
    domains(&app, &token).await.assert_unauthenticated("decrypt token fail");
}

#[tokio::test]
async fn get_domains_by_name_lists_only_the_domain_of_that_name() {
    let app = app();
    let domains = async |name: &str| {
        let path = format!("{DOMAINS}?name={name}");
        let reply = app.call("GET", &path, &[("x-auth-token", "token")], "").await;
        list(&reply.json(), "domains").len()
    };
    assert_eq!([domains("demo").await, domains("nobody").await, domains("").await], [1, 0, 0]);
}

#[tokio::test]
async fn post_tokens_with_malformed_body_is_400() {
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
    let app = app();
    for body in values.iter().map(|value| value.to_string().into_bytes()).chain(bodies) {
        let reply = log_in(&app, body.clone()).await;
        assert_eq!(reply.status, 400, "{}: {reply:?}", String::from_utf8_lossy(&body));
        assert_error(&reply, 400, INVALID);
    }
    let reply = log_in(&app, " ".repeat(12 * 1024 * 1024 + 1)).await;
    reply.assert_gateway(413, "APIGW.0201", "Request entity too large.");
}

#[tokio::test]
async fn unknown_method_on_iam_is_404_apigw_0101() {
    for (method, path) in [("POST", DOMAINS), ("GET", TOKENS), ("DELETE", TOKENS)] {
        let reply = app().call(method, path, &[("x-auth-token", "token")], "").await;
        reply.assert_gateway(404, "APIGW.0101", UNKNOWN_METHOD);
    }
}

#[tokio::test]
async fn issued_tokens_are_long_random_and_begin_with_mii() {
    let app = app();
    let mut tokens = Vec::new();
    for _ in 0..20 {
        tokens.push(token(&app, &login()).await);
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
    // It is of no use in another simulator, or without its end.
    apply(&self::app(), &tokens[0]).await.assert_unauthenticated("decrypt token fail");
    apply(&app, &tokens[0][..first.len() - 1]).await.assert_unauthenticated("decrypt token fail");
}

#[tokio::test]
async fn issued_tokens_beyond_ten_thousand_replace_the_oldest() {
    let app = app();
    let oldest = token(&app, &login()).await;
    let second = token(&app, &login()).await;
    for _ in 2..10_000 {
        token(&app, &login()).await;
    }
    apply(&app, &oldest).await.assert(200, UNDER_REVIEW);
    let newest = token(&app, &login()).await;
    apply(&app, &oldest).await.assert_unauthenticated("decrypt token fail");
    for token in [second, newest] {
        apply(&app, &token).await.assert_code(400, "CBC.99000027");
    }
}

#[tokio::test]
async fn issued_token_follows_changes_of_its_partner() {
    let app = TestApp::from_text(
        "
partners:
  - id: demo-account
    name: demo
    xaccount_type: DEMO_IDP
    credentials: { users: [{ name: ann, password: secret }] }
customers: [{ id: c-1, partner: demo }]",
    );
    let issued = app.log_in(["demo", "ann", "secret"], &[]).await;
    let token = issued.token();
    assert_eq!(app.apply_as(token, &passport("c-1")).await.rule(), None);
    let partner = json!({ "id": "demo-account", "xaccount_type": "DEMO_IDP", "photo_upload": false });
    assert_eq!(app.put("/partners/demo", &partner).await.0, 200);
    assert_eq!(app.apply_as(token, &passport("c-1")).await.rule(), Some("partner-ready"));
    assert_eq!(app.delete("/customers/c-1").await, 204);
    assert_eq!(app.delete("/partners/demo").await, 204);
    assert_eq!(app.apply_as(token, &passport("c-1")).await.rule(), Some("authenticated"));
}
