//! Marked secrets in random places of requests: they are found in nothing that is shown.

use axum::http::{HeaderName, HeaderValue, Request};
use bss_sim::{Scenario, Simulator};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::support::*;

/// What is looked for: a text, the same in another case and in Base64, a number, and a part of a picture's name.
const MARKS: [&str; 5] = ["Geheim-7Q4x", "GEHEIM-7q4X", "R2VoZWltLTdRNHg=", "986754231", "+8613800138000"];

/// Where the names of fields come from: the documented ones, those of the old SDKs, those of IAM, and others.
const KEYS: [&str; 26] = [
    "customer_id_",
    "customerName",
    "verifiedNumber",
    "bank_card_info",
    "name",
    "Name",
    "verified_number",
    "xaccount_type",
    "identify_type",
    "verified_type",
    "change_type",
    "auth",
    "identity",
    "methods",
    "password",
    "Password",
    "user",
    "domain",
    "scope",
    "project",
    "id",
    "token",
    "email",
    "mobile",
    "",
    "…",
];

const HEADERS: [&str; 24] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "content-encoding",
    "content-type",
    "cookie",
    "expect",
    "host",
    "origin",
    "proxy-authorization",
    "referer",
    "user-agent",
    "x-auth-token",
    "x-domain-id",
    "x-forwarded-for",
    "x-project-id",
    "x-request-id",
    "x-sdk-content-sha256",
    "x-sdk-date",
    "x-security-token",
    "x-sim-space",
    "x-subject-token",
    "x-unknown",
];

fn mark() -> impl Strategy<Value = &'static str> {
    select(&MARKS[..])
}

fn leaf() -> impl Strategy<Value = Value> {
    let number = Just(json!(986_754_231));
    prop_oneof![mark().prop_map(Value::from), number, mark().prop_map(|mark| format!("a {mark} z").into())]
}

/// A tree with a secret in each of its leaves.
fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(6, 24, 4, |inner| {
        let fields = vec((select(&KEYS[..]), inner.clone()), 0..4);
        let object = fields.prop_map(|fields| {
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
        });
        prop_oneof![object, vec(inner, 0..4).prop_map(Value::Array)]
    })
}

/// Well-formed bodies of the other endpoints.
fn neighbours() -> Vec<Value> {
    vec![
        json!({
            "customer_id": "c-1", "identify_type": 1, "change_type": 1, "corp_name": "Example Ltd.", "verified_number": "9131",
            "verified_file_url": ["1.jpg", "2.jpg", "3.jpg", "4.jpg"], "xaccount_type": "DEMO_IDP", "certificate_type": 0,
            "reg_country": "CN", "reg_address": "a street",
            "enterprise_person": { "legel_name": "Li", "legel_id_number": "E1", "certifier_role": "legalPerson" },
        }),
        json!({
            "account_name": "n", "customer": "n", "offset": 0, "limit": 10, "label": "n", "association_type": "3",
            "associated_on_begin": "2019-05-06T08:05:01Z", "associated_on_end": null, "indirect_partner_id": null,
        }),
        json!({
            "domain_area": "MX", "xaccount_id": "u", "xaccount_type": "DEMO_IDP", "domain_name": "new_name", "email": null,
            "verification_code": null, "password": "Pass-word1", "is_close_market_ms": "true",
            "include_association_result": true,
        }),
        json!({ "search_type": "name", "search_value": "new_name" }),
        json!({ "receiver_type": 2, "email": "a@b.example", "timeout": 10, "lang": "en-us" }),
    ]
}

/// Where something of them is replaced.
const NEIGHBOURS_PLACES: [&str; 29] = [
    "/corp_name",
    "/certificate_type",
    "/reg_country",
    "/reg_address",
    "/enterprise_person",
    "/enterprise_person/legel_name",
    "/enterprise_person/legel_id_number",
    "/enterprise_person/certifier_role",
    "/account_name",
    "/customer",
    "/offset",
    "/limit",
    "/label",
    "/association_type",
    "/associated_on_begin",
    "/indirect_partner_id",
    "/domain_area",
    "/xaccount_id",
    "/domain_name",
    "/email",
    "/verification_code",
    "/password",
    "/is_close_market_ms",
    "/include_association_result",
    "/search_type",
    "/search_value",
    "/receiver_type",
    "/timeout",
    "/lang",
];

/// A body of an endpoint with some fields replaced.
fn known_body() -> impl Strategy<Value = Value> {
    let login = json!({ "auth": {
        "identity": {
            "methods": ["password"],
            "password": { "user": { "name": "n", "password": "p", "domain": { "name": "demo" } } },
        },
        "scope": { "project": { "name": "ap-southeast-1" }, "domain": { "id": "demo-account" } },
    } });
    let places = [
        "/name",
        "/verified_number",
        "/xaccount_type",
        "/identify_type",
        "/verified_type",
        "/change_type",
        "/auth/identity/methods",
        "/auth/identity/methods/0",
        "/auth/identity/password",
        "/auth/identity/password/user",
        "/auth/identity/password/user/name",
        "/auth/identity/password/user/password",
        "/auth/identity/password/user/domain",
        "/auth/identity/password/user/domain/name",
        "/auth/scope",
        "/auth/scope/project/name",
        "/auth/scope/domain/id",
    ];
    let bodies = [passport("c-1"), login].into_iter().chain(neighbours()).collect::<Vec<_>>();
    let places: Vec<_> = places.into_iter().chain(NEIGHBOURS_PLACES).collect();
    (select(bodies), vec((select(places), prop_oneof![tree(), leaf()]), 1..6)).prop_map(|(mut body, changes)| {
        for (place, value) in changes {
            if let Some(found) = body.pointer_mut(place) {
                *found = value;
            }
        }
        body
    })
}

/// A body in one of the forms in which clients get it wrong.
fn body() -> impl Strategy<Value = String> {
    let forms: [fn(String) -> String; 6] = [
        |body| body,
        |body| format!("\u{feff}{body}"),
        |body| Value::from(body).to_string(),
        |body| format!("{body}}}"),
        |body| body.chars().take(body.len() * 2 / 3).collect(),
        |body| body.replace(['{', '}', '"'], "&"),
    ];
    let body = prop_oneof![known_body(), tree()].prop_map(|body| body.to_string());
    (body, select(forms.to_vec())).prop_map(|(body, form)| form(body))
}

fn header_value() -> impl Strategy<Value = String> {
    let forms = [
        "{}",
        "Bearer {}",
        "SDK-HMAC-SHA256 Access={}, SignedHeaders=host;x-unknown;x-sdk-date, Signature=00",
        "SDK-HMAC-SHA256 Access=DEMOAK0001, SignedHeaders=cookie;x-unknown;x-auth;x-sdk-date;x-sdk-content-sha256, Signature=00",
        "V11-HMAC-SHA256 Credential=DEMOAK0001/{}/x, SignedHeaders=user-agent;x-unknown, Signature=00",
        "SDK-{} Access=x",
        "application/json;charset={}",
        "application/json, {}",
        "gzip;q={}",
        "curl/{}",
        "127.0.0.1:{}",
    ];
    (select(forms.to_vec()), mark()).prop_map(|(form, mark)| form.replace("{}", mark))
}

const PATHS: [&str; 10] = [
    INDIVIDUAL,
    "/v2/customers/realname-auths/enterprise",
    "/v2/customers/realname-auths/result",
    "/v2/partners/sub-customers",
    "/v2/partners/sub-customers/query",
    "/v2/partners/sub-customers/users/check-identity",
    "/v2/bases/verificationcode/send",
    "/v3/auth/tokens",
    "/v3/auth/domains",
    "/v2/x",
];

prop_compose! {
    fn request()(
        path in select(PATHS.to_vec()),
        method in prop_oneof![4 => Just("POST"), 1 => Just("GET"), 1 => Just("PUT")],
        query in vec((select(&KEYS[..]), mark()), 0..3),
        headers in vec((select(&HEADERS[..]), header_value()), 0..5),
        is_authenticated in any::<bool>(),
        body in body(),
    ) -> Request<String> {
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&").replace('…', "%E2")) };
        let mut request = Request::builder().method(method).uri(uri).body(body).expect("a request");
        let date = now();
        for (name, value) in [("content-type", "application/json"), ("x-sdk-date", &*date), ("x-unknown", MARKS[0])] {
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        if is_authenticated {
            request.headers_mut().insert("x-auth-token", HeaderValue::from_static("token"));
        }
        for (name, value) in headers {
            request.headers_mut().insert(HeaderName::from_static(name), value.parse().expect("a value"));
        }
        request
    }
}

#[track_caller]
fn assert_unseen(what: &str, shown: &str, request: &Request<String>) {
    let leaks: Vec<_> = MARKS.iter().filter(|mark| shown.contains(**mark)).collect();
    assert!(leaks.is_empty(), "{what} shows {leaks:?} of {request:?}: {shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn journal_verify_and_explain_show_no_secret_in_any_place(request in request()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
        runtime.block_on(async {
            let app = TestApp::from_text(CALLERS);
            app.send(request.clone()).await;
            assert_unseen("the journal", &app.get("/journal").await.to_string(), &request);
            // An entry for each condition that is not satisfied.
            let (status, closest) = app.post("/verify", &json!({ "match": { "customer_id": "c-9" } })).await;
            assert_eq!(status, 409);
            assert_unseen("verify", &closest.to_string(), &request);
            if let Ok(Value::Object(body)) = serde_json::from_str(request.body()) {
                let (_, explanation) = app.post("/explain", &json!({ "as": "demo", "request": body })).await;
                assert_unseen("explain", &explanation.to_string(), &request);
            }
        });
    }
}

#[tokio::test]
async fn verify_finds_a_request_by_the_values_that_are_not_shown() {
    let app = TestApp::from_text(CALLERS);
    app.apply(&with(passport("c-1"), "name", "Geheim")).await;
    app.post_body(format!("\u{feff}{}", passport("c-1"))).await;
    for condition in [json!({ "name": "Geheim" }), json!({ "verified_number": "E12345678", "name": "Wang Xiaoming" })] {
        let (status, verified) = app.post("/verify", &json!({ "match": condition, "count": { "exactly": 1 } })).await;
        assert_eq!(status, 200, "{verified}");
    }
}

#[tokio::test]
async fn nothing_repeats_more_than_2_kb_of_a_clients_text() {
    let app = TestApp::from_text(CALLERS);
    let long = "x".repeat(30_000);
    let longer = "y".repeat(1_000_000);
    let date = now();
    let names: Vec<_> = (0..3000).map(|number| format!("h{number}")).collect();
    let authorization =
        |access: &str, names: &str| format!("SDK-HMAC-SHA256 Access={access}, SignedHeaders={names}, Signature=00");
    let replies = [
        app.call("POST", INDIVIDUAL, &[("authorization", &authorization(&long, "host"))], "{}").await,
        app.call("POST", INDIVIDUAL, &[("authorization", &format!("SDK-{long} Access=x"))], "{}").await,
        app.call("POST", INDIVIDUAL, &[("x-sim-space", &long)], "{}").await,
        app.call("GET", &format!("/v2/{long}"), &[], "").await,
        app.call("POST", "/v3/auth/tokens", &[], format!(r#"{{"auth":"{longer}"}}"#)).await,
        app.call("GET", &format!("/_sim/spaces/{long}"), &[], "").await,
        app.call("GET", &format!("/_sim/journal?space={long}"), &[], "").await,
        app.call("POST", "/_sim/spaces", &[], json!({ "scenario": longer }).to_string()).await,
        app.call("PUT", "/_sim/customers/c-2", &[], json!({ "partner": longer }).to_string()).await,
        app.call("POST", "/_sim/scripted", &[], json!({ "then": { "error_code": longer } }).to_string()).await,
        app.apply(&with(passport("c-1"), "verified_file_url", vec![long.clone(); 2])).await,
        app.apply(&with(passport("c-1"), "xaccount_type", longer.clone())).await,
        app.send({
            let mut request = SignedRequest { signed: &[HOST], ..SignedRequest::post(&longer, &date) }.request();
            let header = authorization(KEY.0, &format!("x-sdk-date;x-long;{}", names.join(";")));
            request.headers_mut().insert("authorization", header.parse().unwrap());
            request.headers_mut().insert("x-long", long.parse().unwrap());
            request
        })
        .await,
    ];
    for reply in replies {
        assert!(reply.body.len() < 3000, "{} bytes: {:.300}", reply.body.len(), reply.body);
    }
    for entry in list(&app.get("/journal").await, "entries") {
        assert!(entry.to_string().len() < 12_000, "{:.3000}", entry.to_string());
    }
}

#[tokio::test]
async fn values_are_shown_only_in_the_requests_that_have_them() {
    let app = TestApp::from_text(CALLERS);
    let token = [JSON, ("x-auth-token", "token")];
    app.call("POST", "/v3/auth/tokens", &token, r#"{"customer_id":"Geheim"}"#).await;
    app.call("POST", &format!("{INDIVIDUAL}?customer_id=Geheim"), &token, "{}").await;
    app.call("GET", "/v2/x?customer_id=Geheim", &token, r#"{"customer_id":"Geheim"}"#).await;
    app.call("GET", "/v2/customers/realname-auths/result?customer_id=x;name=Geheim", &token, "").await;
    app.call("GEHEIM", INDIVIDUAL, &token, "{}").await;
    let journal = app.get("/journal").await.to_string();
    assert!(!journal.to_lowercase().contains("geheim"), "{journal}");
    app.call("GET", "/v2/customers/realname-auths/result?customer_id=c-1", &token, r#"{"customer_id":"Geheim"}"#).await;
    app.apply(&passport("c-2")).await;
    let journal = app.get("/journal").await.to_string();
    assert!(journal.contains("customer_id=c-1") && journal.contains(r#""customer_id":"c-2""#), "{journal}");
}

#[tokio::test]
async fn credentials_of_other_spaces_are_shown_in_none() {
    let app = TestApp::build(Simulator::builder().scenario(Scenario::text(CALLERS)).show_personal_data());
    let space = app.create_space(&json!({ "scenario": "default" })).await;
    let (partner, user) = (&space["partners"][0], &space["users"][0]);
    let of_space =
        [&partner["token"], &partner["ak"], &partner["sk"], &user["password"]].map(|value| text(value).to_owned());
    let percent_encoded = |value: &str| value.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    for is_there in [true, false] {
        for credential in &of_space {
            let forms = [credential.clone(), format!("a {credential}."), percent_encoded(credential)];
            for form in &forms {
                let path = format!("{INDIVIDUAL}?access={}&again={}", form.replace(' ', "%20"), percent_encoded(form));
                let body = with(passport("c-1"), "note", json!([form, { "a": form }]));
                app.call("POST", &path, &[JSON, ("x-auth-token", "token"), ("x-foo", form)], body.to_string()).await;
            }
            // IAM repeats the project.
            let user = json!({ "name": "operator", "password": "demo-password", "domain": { "name": "demo" } });
            let scope = json!({ "project": { "name": if credential.len() > 64 { "x" } else { credential } } });
            let identity = json!({ "methods": ["password"], "password": { "user": user } });
            let login = json!({ "auth": { "identity": identity, "scope": scope } });
            assert_eq!(app.call("POST", "/v3/auth/tokens", &[], login.to_string()).await.status, 201);
            let journal = app.get("/journal").await.to_string();
            let shown: Vec<_> = forms.iter().filter(|form| journal.contains(&**form)).collect();
            assert!(shown.is_empty() && journal.contains("Wang Xiaoming"), "{is_there}: {shown:?}: {journal}");
            assert_eq!(app.delete("/journal").await, 204);
        }
        app.delete(&format!("/spaces/{}", text(&space["id"]))).await;
    }
    let headers = [("x-copy", "demo%2Dsecret"), ("x-other", "a%20word")];
    app.call("POST", INDIVIDUAL, &headers, r#"{"note":"demo%2Dpassword"}"#).await;
    let journal = app.get("/journal").await.to_string();
    assert!(!journal.contains("demo%2D") && journal.contains("a%20word"), "{journal}");
}

#[tokio::test]
async fn personal_data_is_shown_without_secrets() {
    let scenario = Scenario::text(CALLERS);
    let app = TestApp::build(Simulator::builder().scenario(scenario).show_personal_data());
    let mut body = json!({ "name": "Wang Xiaoming", "mobile": "+8613800138000", "auth": { "password": "Geheim" } });
    for key in
        ["password", "passwd", "pwd", "sk", "api_key", "private_key", "jwt", "otp", "pin", "signature", "accessToken"]
    {
        body[key] = json!({ "id": "Geheim" });
        body[key.to_uppercase()] = "Geheim".into();
    }
    // The space's own credentials are known, wherever they stand.
    body["note"] = "demo-secret".into();
    body["notes"] = json!(["demo-password", "token", "customer-secret", "customer-password", "gQpjbi1ub3J0aC00"]);
    let issued = app.log_in(["demo", "operator", "demo-password"], &[]).await.token().to_owned();
    assert_eq!(app.delete("/journal").await, 204);
    body["issued"] = json!([issued, format!("Token {issued}; x")]);
    for name in ["opinion", "task", "zipcode"] {
        body[name] = format!("seen-{name}").into();
    }
    let headers = [
        ("x-api-key", "Geheim"),
        ("x-session", "Geheim"),
        ("x-copy", "demo-secret"),
        ("x-anything", "Bearer Geheim"),
        ("referer", "http://a/?token=Geheim"),
        ("x-seen", "visible"),
        ("x-longer", "id=1; key2=x, demo-secret; y"),
        ("x-word", "a token."),
    ];
    let path = format!("{INDIVIDUAL}?sig=Geheim&pass%77ord=Geheim&a=1;token=Geheim&seen=yes");
    app.call("POST", &path, &headers, body.to_string()).await;
    app.post_body(r#"{"password":"Geheim""#).await;
    // Only around the user, `password` is no secret.
    let user = json!({ "name": "operator", "password": { "user": "Geheim", "a": ["Geheim"] } });
    let login = json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": user } } } });
    app.call("POST", "/v3/auth/tokens", &[], login.to_string()).await;
    let journal = app.get("/journal").await.to_string();
    let listed = ["Geheim", "demo-secret", "demo-password", "customer-secret", "customer-password", "gQpjbi1ub3J0aC00"];
    for secret in listed.into_iter().chain([r#""token""#, "a token.", &*issued]) {
        assert!(!journal.contains(secret), "{secret}: {journal}");
    }
    let seen = ["Wang Xiaoming", "+8613800138000", "visible", "seen=yes", "seen-opinion", "seen-task", "seen-zipcode"];
    for seen in seen {
        assert!(journal.contains(seen), "{seen}: {journal}");
    }
}
