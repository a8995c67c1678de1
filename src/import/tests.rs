//! Export and import are a round trip: what a simulator was asked is answered again by the scenario that is imported.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use http_body_util::{BodyExt, Collected};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::domain::{Caller, Endpoint};
use crate::fixture::{Exchange, Expected, Library, LoadedScenario, builtin_names};
use crate::http::{App, ControlSettings, ProofLimits, Proven, prove, service};
use crate::simulator::{JournalLimits, Spaces};

/// Why a call cannot be an exchange, whatever is imported: an exchange is a JSON object with a token.
const UNREPEATABLE: [&str; 5] = [
    "calls of IAM",
    "signatures that were refused",
    "calls without credentials",
    "calls whose request body",
    "repeated calls with the same answer",
];

fn app(scenario: &LoadedScenario, show_personal_data: bool) -> Arc<App> {
    let spaces = Spaces::new(scenario.name.as_str().into(), &scenario.world, JournalLimits::new(1_000, 1 << 24));
    let control = ControlSettings { show_personal_data, ..ControlSettings::default() };
    Arc::new(App::new(Arc::new(spaces), Library::builtin(), control))
}

async fn send(app: &Arc<App>, request: Request<Body>) -> Response<Body> {
    service(app).oneshot(request).await.expect("the router never fails")
}

/// Calls the API with these fields.
async fn call(app: &Arc<App>, endpoint: &Endpoint, token: &str, fields: &Map) {
    let request = Request::builder()
        .method(endpoint.method)
        .header("x-auth-token", token)
        .header("content-type", "application/json");
    let request = if endpoint.method == "GET" {
        let pairs = fields.iter().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC))
        });
        request.uri(format!("{}?{}", endpoint.path, pairs.collect::<Vec<_>>().join("&"))).body(Body::empty())
    } else {
        request.uri(endpoint.path).body(Body::from(json!(fields).to_string()))
    };
    // A fault may break the body off.
    let _ = send(app, request.expect("a request")).await.into_body().collect().await;
}

type Map = serde_json::Map<String, Value>;

/// Does what the exchanges of a scenario say, and returns the journal as a capture.
async fn capture(scenario: &LoadedScenario, show_personal_data: bool) -> String {
    let app = app(scenario, show_personal_data);
    let state = app.spaces.default_space().state();
    for exchange in &scenario.exchanges {
        match exchange {
            Exchange::Advance { by, .. } => state.clock.advance(*by).expect("the clock can be advanced"),
            Exchange::Review { customer, decision, opinion, .. } => {
                state.review(customer, *decision, opinion.as_deref().map(Into::into)).expect("there is a review");
            }
            Exchange::Request { endpoint, caller, request, .. } => {
                let accounts = state.accounts();
                let partner = caller.as_deref().map_or(accounts.partners.first(), |name| accounts.partner(name));
                let token = partner.map_or_else(
                    || caller.clone().unwrap_or_default(),
                    |partner| {
                        let fresh = || state.issue_token(&Caller::Partner(Arc::clone(partner))).token;
                        partner.credentials.tokens.first().cloned().unwrap_or_else(fresh).expose().to_owned()
                    },
                );
                call(&app, endpoint, &token, request).await;
            }
        }
    }
    let journal = Request::get("/_sim/journal?format=har&limit=1000").header("host", "localhost").body(Body::empty());
    let body = send(&app, journal.expect("a request")).await.into_body().collect().await.map(Collected::to_bytes);
    String::from_utf8(body.expect("a body").to_vec()).expect("it is text")
}

async fn import(capture: &str) -> (Import, Imported) {
    let mut import = Import::begin(&Wire::default(), Vec::new()).await;
    import.read(capture.as_bytes()).expect("the capture is whole");
    let imported = import.finish().await.expect("the scenario is right");
    (import, imported)
}

/// The status and the `error_code` of an answer.
type StatusAndCode = (u64, Option<Value>);

/// What was answered to each entry of a capture. `None` if nothing was.
fn answers(capture: &str) -> Vec<Option<StatusAndCode>> {
    let capture: Value = serde_json::from_str(capture).expect("it is JSON");
    let answer = |entry: &Value| {
        let response = &entry["response"];
        let body: Value = serde_json::from_str(response["content"]["text"].as_str()?).unwrap_or_default();
        Some((response["status"].as_u64().filter(|status| *status > 0)?, body.get("error_code").cloned()))
    };
    capture["log"]["entries"].as_array().expect("entries").iter().map(answer).collect()
}

/// What a scenario proves of each entry that it has, by the number of the entry.
fn proved(text: &str, scenario: &LoadedScenario) -> BTreeMap<usize, StatusAndCode> {
    let numbers = text.lines().filter_map(|line| line.trim().strip_prefix("# entry ")?.parse::<usize>().ok());
    let requests = scenario.exchanges.iter().filter_map(|exchange| match exchange {
        Exchange::Request { expected, .. } => Some(expected),
        _ => None,
    });
    let answer = |expected: &Expected| {
        let code = expected.body.as_ref().and_then(|body| body.get("error_code")).cloned();
        (u64::from(expected.status), code)
    };
    numbers.zip(requests.map(answer)).collect()
}

#[tokio::test]
async fn every_builtin_scenario_is_answered_the_same_again() {
    let library = Library::builtin();
    for (name, show_personal_data) in builtin_names().flat_map(|name| [(name, false), (name, true)]) {
        let scenario = library.scenario(name).expect("it is built in");
        let har = capture(&scenario, show_personal_data).await;
        let (import, Imported { scenario: text, report }) = import(&har).await;
        let imported = LoadedScenario::read_text("imported", &text).expect("it is right");
        assert!(imported.warnings.is_empty() || scenario.exchanges.is_empty(), "{name}: {:?}", imported.warnings);
        assert!(prove(&imported, ProofLimits::NONE).await.iter().all(Proven::is_ok), "{name}");
        let (answers, proved) = (answers(&har), proved(&text, &imported));
        for (number, answer) in &proved {
            assert_eq!(Some(answer), answers[number - 1].as_ref(), "{name}, entry {number}:\n{report}\n{text}");
        }
        let left_out: usize = import.unrepeatable.values().map(|group| group.count).sum();
        let without_answer = answers.iter().filter(|answer| answer.is_none()).count();
        assert_eq!(proved.len() + left_out + without_answer, answers.len(), "{name}:\n{report}");
        let others: Vec<_> =
            import.unrepeatable.keys().filter(|why| !UNREPEATABLE.iter().any(|known| why.starts_with(known))).collect();
        assert!(others.is_empty(), "{name}: {others:?}");
        // Only what a scenario sets or scripts in another form differs.
        let is_other = text.contains("wire:") || text.contains("raw:");
        assert!(is_other || !import.has_differences(), "{name}:\n{report}");
    }
}

/// An entry of a capture.
fn entry(token: &str, request: &Value, status: u16, body: &Value) -> Value {
    json!({
        "request": {
            "method": "POST",
            "url": "https://bss.example.com/v2/customers/realname-auths/individual",
            "headers": [{ "name": "X-Auth-Token", "value": token }, { "name": "Content-Type", "value": "application/json" }],
            "postData": { "mimeType": "application/json", "text": request.to_string() },
        },
        "response": {
            "status": status,
            "headers": [{ "name": "Content-Type", "value": "application/json;charset=UTF-8" }],
            "content": { "mimeType": "application/json", "text": body.to_string() },
        },
    })
}

#[tokio::test]
async fn what_no_scenario_can_have_is_left_out() {
    let of = |customer: &str| json!({ "customer_id": customer, "identify_type": 0 });
    let accepted = json!({ "is_review": 1 });
    let refused = json!({ "error_code": "CBC.0100", "error_msg": "Parameter error." });
    let entries = [
        entry("token", &of(&"x".repeat(70)), 200, &accepted),
        entry("token", &of("abc"), 400, &refused),
        entry("token", &of(""), 400, &refused),
    ];
    let har = json!({ "log": { "version": "1.2", "entries": entries } }).to_string();
    let (import, Imported { scenario, report }) = import(&har).await;
    assert!(scenario.contains("# entry 2") && scenario.contains("# entry 3"), "{scenario}");
    assert!(!scenario.contains("# entry 1"), "{scenario}");
    let reasons: Vec<_> = import.unrepeatable.keys().collect();
    assert!(reasons[0].starts_with("bss-sim checks this before any script: status: expected 200, got 400"), "{report}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_captured_value_is_printed(
        token in "[A-Z]{3}[a-z0-9]{9,30}",
        customer in "[a-f]{2}[1-9a-f]{14}",
        name in "[A-Z][b-z]{3,8} [A-Z][b-z]{7,9}|[\u{5f20}-\u{5f40}]{4}",
        number in "[B-Z][1-9]{8}",
        file in "[b-z]{5,9}",
        platform in "[B-Z]{6}_[B-Z]{4}",
        mail in "[b-z]{5}@[b-z]{6}\\.[b-z]{4}",
        code in prop_oneof!["CBC.99007188", "CBC.99000027", "CBC.12345678", "CBC.0100"],
        (phone, joined, query, key) in (
            "\\+[1-9]{2} \\([1-9]{3}\\) [1-9]{2}-[1-9]{2}",
            "[a-f]{2}[1-9]{2}-[a-f1-9]{4}-[1-9]{2}[a-f]{2}|fe8[1-9]::[a-f]{4}:[a-f]{4}",
            "[b-zB-Z]{9}",
            "[B-Z][b-z]{8} [b-z]{8}",
        ),
        is_named_first in any::<bool>(),
    ) {
        let request = json!({
            "customer_id": customer, "identify_type": 0, "verified_type": 3, "name": name, "verified_number": number,
            "verified_file_url": [format!("{file}/front.jpg"), "hand.jpg"], "xaccount_type": platform, "note": { "mail": mail },
        });
        let text = format!("{name} ({number}, {mail}) of {platform}: {customer}/{file} at proxy-{file}.example.com is wrong");
        let last = name.split(' ').next_back().unwrap_or_default();
        let (lower, upper) = (last.to_lowercase(), last.to_uppercase());
        let text = format!("{text}: {upper}, m_{lower}, {phone}, {joined}, https://host.example/?t={query}&u={query}");
        let mut error = entry("another-token", &json!({}), 400, &json!({ "error_code": code, "error_msg": text, "extra": mail, &key: { &mail: 1 } }));
        error["response"]["headers"][0]["value"] = format!("application/vnd.{query}+json; profile={query}").into();
        let own = entry(&token, &request, 400, &json!({ "error_code": code, "error_msg": text }));
        let entries = if is_named_first { vec![error, own] } else { vec![own, error] };
        let har = json!({ "log": { "version": "1.2", "entries": entries } }).to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (_, Imported { scenario, report }) = runtime.block_on(import(&har));
        let words = [&token, &customer, &number, &file, &mail, &phone, &joined, &query, &key, &lower, &upper].into_iter().map(String::as_str);
        let parts = name.split(' ').chain(platform.split('_')).filter(|part| part.chars().count() >= 4);
        for value in words.chain(parts) {
            prop_assert!(!scenario.contains(value) && !report.contains(value), "{value} is in\n{scenario}\n{report}");
        }
    }
}
