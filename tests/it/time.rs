//! The clock of a space: what follows it, and what goes by the machine's.

use axum::body::Body;
use axum::http::{Method, Request};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::service::{INDIVIDUAL, Reply, Service, passport};
use crate::signing::machine_time;

/// What a locked key is told.
const LOCKED: &str = "AK access failed to reach the limit,forbidden.";

/// The result of the customer's review.
const RESULT: &str = "/v2/customers/realname-auths/result?customer_id=c-1";

/// A request as the official SDKs sign it, some seconds away from the machine's time.
pub(crate) fn signed(method: Method, path: &str, body: &str, ak: &str, sk: &str, seconds: i64) -> Request<Body> {
    let at = machine_time() + SignedDuration::from_secs(seconds);
    let date = at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let hash = hex::encode(Sha256::digest(body));
    let canonical = format!("{method}\n{path}/\n\nhost:sim.test\nx-sdk-date:{date}\n\nhost;x-sdk-date\n{hash}");
    let text = format!("SDK-HMAC-SHA256\n{date}\n{}", hex::encode(Sha256::digest(canonical)));
    let mac = Hmac::<Sha256>::new_from_slice(sk.as_bytes()).expect("HMAC takes a key of any length");
    let signature = hex::encode(mac.chain_update(text).finalize().into_bytes());
    let authorization = format!("SDK-HMAC-SHA256 Access={ak}, SignedHeaders=host;x-sdk-date, Signature={signature}");
    let request = Request::builder().method(method).uri(path).header("host", "sim.test");
    let request = request.header("x-sdk-date", date).header("authorization", authorization);
    let request = request.header("content-type", "application/json");
    request.body(body.to_owned().into()).expect("the request is well-formed")
}

/// Asks IAM for a token: the account, the user and the password.
pub(crate) async fn login(service: &Service, headers: &[(&str, &str)], [account, user, password]: [&str; 3]) -> Reply {
    let domain = json!({ "name": account });
    let user = json!({ "name": user, "password": password, "domain": domain });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    let body = json!({ "auth": { "identity": identity, "scope": { "domain": domain } } });
    service.call(Method::POST, "/v3/auth/tokens", headers, body.to_string()).await
}

/// Changes the clock of the default space; what it shows then.
async fn change(service: &Service, change: Value) -> Value {
    let (status, clock) = service.control(Method::PUT, "/clock", Some(&change)).await;
    assert_eq!(status, 200, "{change}: {clock}");
    clock
}

fn now(clock: &Value) -> Timestamp {
    clock["now"].as_str().and_then(|now| now.parse().ok()).unwrap_or_else(|| panic!("no time in {clock}"))
}

/// A service with all kinds of credentials and a customer.
fn service(settings: &str) -> Service {
    Service::from_yaml(&format!(
        "
settings: {{ {settings} }}
partners:
  - id: demo-account
    name: demo
    xaccount_type: DEMO_IDP
    credentials:
      tokens: [token]
      access_keys: [{{ ak: AK1, sk: secret }}]
      users: [{{ name: ann, password: open-sesame }}]
customers: [{{ id: c-1, partner: demo }}]
"
    ))
}

#[track_caller]
fn assert_about(time: Timestamp, expected: Timestamp) {
    let off = time.duration_since(expected).abs();
    assert!(off < SignedDuration::from_secs(5), "{time} is {off:?} away from {expected}");
}

#[tokio::test]
async fn a_clock_is_advanced_set_frozen_and_reset() {
    let service = service("");
    let day = SignedDuration::from_hours(24);
    let (_, clock) = service.control(Method::GET, "/clock", None).await;
    assert_about(now(&clock), machine_time());
    assert_eq!(clock["frozen"], false);
    assert_about(now(&change(&service, json!({ "advance": "24h" })).await), machine_time() + day);
    assert_about(now(&change(&service, json!({ "advance": "24h" })).await), machine_time() + day + day);
    let clock = change(&service, json!({ "set": "2030-01-02T03:04:05Z" })).await;
    assert_about(now(&clock), "2030-01-02T03:04:05Z".parse().expect("a time"));

    let frozen = change(&service, json!({ "freeze": true })).await;
    assert_eq!(frozen["frozen"], true);
    assert_eq!(now(&service.control(Method::GET, "/clock", None).await.1), now(&frozen));
    let later = change(&service, json!({ "advance": "90s" })).await;
    assert_eq!(now(&later), now(&frozen) + SignedDuration::from_secs(90), "a frozen clock moves when told to");
    let set = change(&service, json!({ "set": "2020-02-29T00:00:00Z" })).await;
    assert_eq!((set["now"].as_str(), set["frozen"].as_bool()), (Some("2020-02-29T00:00:00Z"), Some(true)));
    let running = change(&service, json!({ "freeze": false })).await;
    assert_eq!(running["frozen"], false);
    assert_about(now(&running), now(&set));
    change(&service, json!({ "freeze": true })).await;
    let reset = change(&service, json!({ "reset": true })).await;
    assert_eq!(reset["frozen"], false);
    assert_about(now(&reset), machine_time());
}

#[tokio::test]
async fn a_clock_is_told_one_thing_at_a_time() {
    let service = service("");
    let table = [
        (json!({}), "nothing is said"),
        (json!({ "advance": "1h", "freeze": true }), "two things are said"),
        (json!({ "advance": "soon" }), "that is no span of time"),
        (json!({ "set": "yesterday" }), "that is no time"),
        (json!({ "freeze": "yes" }), "that is no truth value"),
        (json!({ "advanse": "1h" }), "there is no such key"),
    ];
    for (body, why) in table {
        let (status, error) = service.control(Method::PUT, "/clock", Some(&body)).await;
        assert_eq!((status, error["detail"][0]["message"].is_string()), (422, true), "{why}: {error}");
    }
    assert_about(now(&service.control(Method::GET, "/clock", None).await.1), machine_time());
}

#[tokio::test]
async fn clocks_of_two_spaces_are_apart_and_a_reset_takes_the_clock_back() {
    let service = service("");
    let (_, space) = service.control(Method::POST, "/spaces", Some(&json!({ "scenario": "default" }))).await;
    let there = format!("?space={}", space["id"].as_str().expect("an ID"));
    let set = json!({ "set": "2030-01-01T00:00:00Z" });
    service.control(Method::PUT, &format!("/clock{there}"), Some(&set)).await;
    assert_about(now(&service.control(Method::GET, "/clock", None).await.1), machine_time());
    let clock = service.control(Method::GET, &format!("/clock{there}"), None).await.1;
    assert_about(now(&clock), "2030-01-01T00:00:00Z".parse().expect("a time"));
    service.control(Method::POST, &format!("/reset{there}"), None).await;
    let clock = service.control(Method::GET, &format!("/clock{there}"), None).await.1;
    assert_about(now(&clock), machine_time());
}

#[tokio::test]
async fn a_token_of_iam_is_good_for_twenty_four_hours_of_the_space() {
    let service = service("");
    change(&service, json!({ "freeze": true })).await;
    let issued = login(&service, &[], ["demo", "ann", "open-sesame"]).await;
    assert_eq!(issued.status, 201, "{issued:?}");
    let token = issued.headers["x-subject-token"].to_str().expect("a token is text").to_owned();
    change(&service, json!({ "advance": "23h 59m" })).await;
    let headers = [("x-auth-token", token.as_str())];
    assert_eq!(service.call(Method::GET, RESULT, &headers, "").await.status, 200);
    change(&service, json!({ "advance": "2m" })).await;
    let expired = service.call(Method::GET, RESULT, &headers, "").await;
    assert_eq!(expired.status, 401);
    assert!(expired.body.contains("token expires, expires_at: "), "{}", expired.body);
    let listed = [("x-auth-token", "token")];
    assert_eq!(service.call(Method::GET, RESULT, &listed, "").await.status, 200, "a listed token never expires");
}

#[tokio::test]
async fn a_review_is_approved_by_itself_when_its_time_has_come() {
    let service = service("review_after: 2h");
    change(&service, json!({ "freeze": true })).await;
    service.apply(&passport("c-1")).await.assert(200, r#"{"is_review":1}"#);
    let headers = [("x-auth-token", "token")];
    let table = [("119m", 0, "under_review"), ("1m", 2, "authenticated")];
    for (advance, result, status) in table {
        change(&service, json!({ "advance": advance })).await;
        let reply = service.call(Method::GET, RESULT, &headers, "").await;
        assert_eq!(reply.json()["review_result"], result, "after {advance} more");
        let (_, customer) = service.control(Method::GET, "/customers/c-1", None).await;
        assert_eq!(customer["real_name"], status, "after {advance} more");
    }
    let decision = json!({ "decision": "reject" });
    let (status, _) = service.control(Method::POST, "/customers/c-1/review", Some(&decision)).await;
    assert_eq!(status, 409, "it is decided already");
}

#[tokio::test]
async fn a_review_of_a_customer_that_is_put_begins_then() {
    let service = service("review_after: 2h");
    change(&service, json!({ "freeze": true })).await;
    change(&service, json!({ "advance": "3h" })).await;
    let customer = json!({ "partner": "demo", "real_name": "under_review" });
    let put = service.control(Method::PUT, "/customers/c-1", Some(&customer)).await;
    assert_eq!((put.0, &put.1["real_name"]), (200, &json!("under_review")));
    assert_eq!(service.control(Method::GET, "/customers/c-1", None).await, put, "what was answered is what is there");
    change(&service, json!({ "advance": "119m" })).await;
    assert_eq!(service.control(Method::GET, "/customers/c-1", None).await, put);
    // It goes on as it was when it is put back as it was read.
    assert_eq!(service.control(Method::PUT, "/customers/c-1", Some(&put.1)).await, put);
    change(&service, json!({ "advance": "1m" })).await;
    assert_eq!(service.control(Method::GET, "/customers/c-1", None).await.1["real_name"], "authenticated");
}

#[tokio::test]
async fn a_review_that_began_with_the_world_goes_on_when_the_world_is_put_back() {
    let service = Service::with(
        "settings: { review_after: 2h }\ncustomers: [{ id: c-1, partner: demo, real_name: under_review }]",
    );
    let real_name = async || service.control(Method::GET, "/customers/c-1", None).await.1["real_name"].clone();
    change(&service, json!({ "freeze": true })).await;
    change(&service, json!({ "advance": "1h" })).await;
    for _ in 0..2 {
        let (_, world) = service.control(Method::GET, "/world", None).await;
        assert_eq!(service.control(Method::PUT, "/world", Some(&world)).await.0, 200);
        assert_eq!(service.control(Method::GET, "/world", None).await.1, world);
    }
    change(&service, json!({ "advance": "59m" })).await;
    assert_eq!(real_name().await, "under_review");
    change(&service, json!({ "advance": "1m" })).await;
    assert_eq!(real_name().await, "authenticated");
}

#[tokio::test]
async fn a_locked_key_opens_after_five_minutes_of_the_space() {
    let service = service("");
    change(&service, json!({ "freeze": true })).await;
    let body = passport("no-such-customer").to_string();
    let ask = async |sk: &str| service.send(signed(Method::POST, INDIVIDUAL, &body, "AK1", sk, 0)).await;
    for failure in 1..=5 {
        assert!(!ask("wrong").await.body.contains(LOCKED), "failure {failure} is not more than five");
    }
    assert!(ask("wrong").await.body.contains(LOCKED), "more than five failures in a row lock");
    assert!(ask("secret").await.body.contains(LOCKED), "the right signature does not open it");
    change(&service, json!({ "advance": "299s" })).await;
    assert!(ask("secret").await.body.contains(LOCKED), "a second is missing");
    change(&service, json!({ "advance": "1s" })).await;
    assert!(ask("secret").await.body.contains("CBC.99000035"), "five minutes are over");
}

#[tokio::test]
async fn the_journal_shows_the_time_of_the_space() {
    let service = service("");
    change(&service, json!({ "freeze": true })).await;
    change(&service, json!({ "set": "2030-01-02T03:04:05.678Z" })).await;
    let reply = service.apply(&passport("c-1")).await;
    let (_, entry) = service.control(Method::GET, &format!("/journal/{}", reply.id()), None).await;
    assert_eq!(entry["at"], "2030-01-02T03:04:05.678Z");
}

#[tokio::test]
async fn the_skew_of_a_signature_is_measured_by_the_machines_clock() {
    let service = service("");
    change(&service, json!({ "advance": "24h" })).await;
    let body = passport("no-such-customer").to_string();
    let day = 24 * 60 * 60;
    let table = [
        (0, 400, "the machine's time"),
        (14 * 60, 400, "less than 15 minutes ahead"),
        (-14 * 60, 400, "less than 15 minutes behind"),
        (16 * 60, 401, "more than 15 minutes ahead"),
        (-16 * 60, 401, "more than 15 minutes behind"),
        (day, 401, "the time of the space"),
    ];
    for (seconds, status, why) in table {
        let reply = service.send(signed(Method::POST, INDIVIDUAL, &body, "AK1", "secret", seconds)).await;
        assert_eq!(reply.status, status, "{why}: {reply:?}");
        assert_eq!(reply.body.contains("signature expired"), status == 401, "{why}: {reply:?}");
    }
}
