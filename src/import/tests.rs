//! Export and import are a round trip: what a simulator was asked is answered again by the scenario that is imported.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use http_body_util::{BodyExt, Collected};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::fixture::{Exchange, Expected, Library, LoadedScenario, builtin_names};
use crate::http::{App, ControlSettings, ProofLimits, Proven, prove, request_of, service, token};
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
                let token = token(&state, caller.as_deref());
                let request = request_of(endpoint, token.as_deref(), request).expect("a request");
                // A fault may break the body off.
                let _ = send(&app, request).await.into_body().collect().await;
            }
        }
    }
    journal_of(&app).await
}

/// Returns the journal as a capture.
async fn journal_of(app: &Arc<App>) -> String {
    let journal = Request::get("/_sim/journal?format=har&limit=1000").header("host", "localhost").body(Body::empty());
    let body = send(app, journal.expect("a request")).await.into_body().collect().await.map(Collected::to_bytes);
    String::from_utf8(body.expect("a body").to_vec()).expect("it is text")
}

/// Imports a capture. Returns the scenario and the report, too.
async fn import(capture: &str) -> (Import, String, String) {
    let mut import = Import::begin(&Wire::default(), Vec::new()).await;
    import.read(capture.as_bytes()).expect("the capture is whole");
    let Imported { scenario, report } = import.finish().await;
    (import, scenario.expect("the scenario is right"), report)
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
        let (import, text, report) = import(&har).await;
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
    let (import, scenario, report) = import(&har).await;
    assert!(scenario.contains("# entry 2") && scenario.contains("# entry 3"), "{scenario}");
    assert!(!scenario.contains("# entry 1"), "{scenario}");
    let reasons: Vec<_> = import.unrepeatable.keys().collect();
    assert!(reasons[0].starts_with("bss-sim checks this before any script: status: expected 200, got 400"), "{report}");
}

/// A capture of these entries.
fn har(entries: &[Value]) -> String {
    json!({ "log": { "version": "1.2", "entries": entries } }).to_string()
}

/// What IAM answers to a token.
fn account(token: &str, id: &str, name: &str) -> Value {
    let mut entry = entry(token, &json!({}), 200, &json!({ "domains": [{ "id": id, "name": name, "enabled": true }] }));
    entry["request"]["method"] = "GET".into();
    entry["request"]["url"] = "https://iam.example.com/v3/auth/domains".into();
    entry
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

#[tokio::test]
async fn one_odd_call_does_not_spoil_the_others() {
    let of = |customer: &str| {
        json!({
            "customer_id": customer, "identify_type": 0, "verified_type": 3, "verified_file_url": ["a.jpg", "b.jpg"],
            "name": "Wang Xiaoming", "verified_number": "E1234567", "xaccount_type": "ACME_IDP",
        })
    };
    let with = |name: &str, value: Value| {
        let mut fields = of("abc222");
        fields[name] = value;
        fields
    };
    let accepted = json!({ "is_review": 1 });
    let other = |status: u16| json!({ "error_code": format!("XYZ.{status}"), "error_msg": "Other." });
    let own = json!({ "error_code": "CBC.99007265", "error_msg": "x" });
    let platform = |platform: &str, token: &str, answer: &Value| {
        let mut fields = of("self00");
        fields["xaccount_type"] = platform.into();
        entry(token, &fields, 400, answer)
    };
    let good = || entry("token", &of("abc111"), 200, &accepted);
    let odd: [(&str, Vec<Value>); 10] = [
        ("calls with a key of more", vec![entry("token", &with(&"Key Name ".repeat(150), 1.into()), 200, &accepted)]),
        ("calls with a body of more", vec![entry("token", &with("note", nested(100)), 200, &accepted)]),
        ("calls with a body of more", vec![entry("token", &of("abc222"), 200, &json!({ "x": nested(70) }))]),
        ("answers whose status", vec![entry("token", &of("abc222"), 999, &accepted)]),
        ("answers whose status", vec![entry("token", &of("abc222"), 205, &accepted)]),
        (
            "bss-sim checks this before",
            vec![entry("token", &with("xaccount_type", "X".repeat(70).into()), 502, &other(1))],
        ),
        (
            "bss-sim checks this before",
            vec![entry("token", &with("verified_number", "1".repeat(300).into()), 200, &accepted)],
        ),
        ("calls of IAM", vec![account("token", &"e".repeat(70), "bob")]),
        ("calls of IAM", vec![account("token", &"e".repeat(32), &"bob ".repeat(100))]),
        ("", vec![platform("A_IDP", "one", &own), platform("BB_IDP", "two", &own)]),
    ];
    for (why, odd) in odd {
        for is_first in [true, false] {
            let (first, last) = if is_first { (odd.clone(), vec![good()]) } else { (vec![good()], odd.clone()) };
            let number = if is_first { odd.len() + 1 } else { 1 };
            let (import, scenario, report) = import(&har(&[first, last].concat())).await;
            assert!(scenario.contains(&format!("# entry {number}\n")), "{why}: {report}\n{scenario}");
            assert!(
                why.is_empty() || import.unrepeatable.keys().any(|known| known.starts_with(why)),
                "{why}: {report}"
            );
        }
    }
}

#[tokio::test]
async fn ids_that_no_scenario_can_have_are_not_learned_one_by_one() {
    let of = |number: usize| json!({ "customer_id": format!("{number:070}"), "identify_type": 0 });
    let entries: Vec<_> = (0..400).map(|number| entry("token", &of(number), 200, &json!({ "is_review": 1 }))).collect();
    let (_, scenario, report) = import(&har(&entries)).await;
    assert!(!scenario.contains("customers:") && report.contains("400 entries: 1, 2, 3"), "{report}");
}

#[test]
fn a_scenario_that_is_too_long_loses_its_last_calls() {
    let body = CapturedBody::Json(json!({ "is_review": 1 }));
    let call = |entry| RecordedCall {
        entry,
        caller: 0,
        endpoint: &crate::domain::INDIVIDUAL,
        fields: Map::new(),
        answer: RecordedAnswer { status: 200, content_type: None, body: body.clone(), is_text_of_request: false },
    };
    let calls: Vec<_> = (1..=8).map(call).collect();
    let world = LearnedWorld { callers: vec![Some("token".to_owned())], ..LearnedWorld::default() };
    let mut draft = ScenarioDraft::new(world, &calls);
    let long = format!("a: &a [{}]", "x, ".repeat(30_000));
    let error = LoadedScenario::read_text("long", &long).map(drop).expect_err("it is too long");
    assert!(draft.drop_mistakes(&error, &long));
    assert_eq!(draft.reasons, [(draft::TOO_MANY.to_owned(), 7), (draft::TOO_MANY.to_owned(), 8)]);
    assert_eq!(draft.exchanges(), 6);
}

#[tokio::test]
async fn what_answers_echo_of_other_calls_is_hidden() {
    let of = |customer: &str| json!({ "customer_id": customer, "identify_type": 0 });
    let refused = |text: &str| json!({ "error_code": "CBC.0100", "error_msg": text });
    let mut without = entry(
        "none",
        &json!({ "name": "Meriadoc Brandybuck" }),
        401,
        &json!({ "error_code": "APIGW.0301", "error_msg": "x-auth-token not found" }),
    );
    without["request"]["headers"] =
        json!([{ "name": "Authorization", "value": "SDK-HMAC-SHA256 Access=MYACCESSKEYABCDEF, Signature=a" }]);
    let entries = [
        entry("another", &of("abc"), 400, &refused("wrong: alphabetagamma, MYACCESSKEYABCDEF of Meriadoc")),
        entry("alphabetagamma", &of("abd"), 200, &json!({ "is_review": 1 })),
        without,
    ];
    let (_, scenario, report) = import(&har(&entries)).await;
    for secret in ["alphabetagamma", "MYACCESSKEY", "Meriadoc"] {
        assert!(!scenario.contains(secret) && !report.contains(secret), "{secret} is in\n{scenario}\n{report}");
    }
}

#[tokio::test]
async fn each_check_item_is_decided_alone() {
    let request = json!({
        "customer_id": "abc111", "identify_type": 0, "verified_type": 3, "verified_file_url": ["a.jpg", "b.jpg"],
        "name": "Wang Xiaoming", "verified_number": "E1234567", "xaccount_type": "ACME_IDP",
    });
    for (items, shown, difference) in [
        (json!(["PIC_SIZE_ERR", "Blurred"]), r#"["PIC_SIZE_ERR","Aaaaaab"]"#, r#""Aaaaaab""#),
        (json!(["PIC_SIZE_ERR", "NEW_ITEM"]), r#"["PIC_SIZE_ERR","NEW_ITEM"]"#, r#""NEW_ITEM""#),
        (json!(["Blurred", "NEW_ITEM"]), r#"["Aaaaaab","NEW_ITEM"]"#, r#""Aaaaaab""#),
    ] {
        let text = "The picture is wrong: NEW_ITEM, PIC_SIZE_ERR.";
        let body = json!({ "error_code": "CBC.99007004", "error_msg": text, "fail_check_items": items });
        let (_, scenario, report) = import(&har(&[entry("token", &request, 400, &body)])).await;
        let written = shown.replace('"', "\\\"");
        assert!(scenario.contains(&written) && scenario.contains(text), "{items}: {scenario}");
        assert!(report.contains(&written) && report.contains(text), "{items}: {report}");
        let difference = format!("fail_check_items: the service: {difference}; bss-sim: an item of the page");
        assert!(report.contains(&difference) && !report.contains("Blurred"), "{items}: {report}");
    }
}

/// A login, and what IAM answers to it: each of its forms, each of its texts.
fn logins() -> Vec<Value> {
    let login = |password: &str, scope: Value| {
        let user = json!({ "name": "demo", "password": password, "domain": { "name": "demo-partner" } });
        json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": user } }, "scope": scope } })
    };
    let (domain, foreign) = (json!({ "name": "demo-partner" }), json!({ "name": "nobody" }));
    let id = json!({ "id": "5f8a1c0e9d3b47a2b6c4d1e0f2a39b71" });
    let mut by_token = login("demo-password", Value::Null);
    by_token["auth"]["identity"]["methods"] = json!(["token"]);
    let scopes = [
        Value::Null,
        json!({ "domain": domain }),
        json!({ "domain": id }),
        json!({ "project": { "name": "ap-southeast-1" } }),
        json!({ "project": { "id": "0123" } }),
        json!({ "project": { "name": "ap-southeast-1", "domain": domain } }),
        json!({ "domain": domain, "project": { "id": "0123" } }),
        json!({ "domain": foreign }),
        json!({ "project": { "name": "ap-southeast-1", "domain": foreign } }),
        json!({ "project": {} }),
        json!({}),
    ];
    let of_scopes = scopes.iter().flat_map(|scope| ["demo-password", "wrong"].map(|word| login(word, scope.clone())));
    of_scopes.chain([by_token, json!({}), json!({ "auth": { "identity": 1 } }), json!([])]).collect()
}

#[tokio::test]
async fn no_answer_of_iam_differs_from_that_of_bss_sim() {
    let scenario = Library::builtin().scenario("default").expect("it is built in");
    for show_personal_data in [false, true] {
        let app = app(&scenario, show_personal_data);
        let post =
            |body: String| Request::post("/v3/auth/tokens").header("content-type", "application/json").body(body);
        let bodies = logins().into_iter().map(|login| login.to_string());
        for body in bodies.chain(["{".to_owned(), String::new()]) {
            send(&app, post(body).expect("a request").map(Body::from)).await;
        }
        let state = app.spaces.default_space().state();
        let valid = token(&state, None).expect("a token");
        for (name, value) in [
            ("x-auth-token", &*valid),
            ("x-auth-token", "wrong"),
            ("authorization", "SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=0"),
            ("authorization", "Bearer x"),
            ("x-other", "x"),
        ] {
            for query in ["", "?name=demo-partner", "?name=nobody"] {
                let get = Request::get(format!("/v3/auth/domains{query}")).header(name, value).body(Body::empty());
                send(&app, get.expect("a request")).await;
            }
        }
        let har = journal_of(&app).await;
        let mut import = Import::begin(&Wire::default(), Vec::new()).await;
        import.read(har.as_bytes()).expect("the capture is whole");
        assert!(import.compared > 40, "{}", import.compared);
        for text in ["username or password", "requires authentication", "body is invalid", "decrypt token fail"] {
            assert!(har.contains(text), "{text}: {har}");
        }
        let report = import.compared();
        assert!(report.ends_with("differences from bss-sim: 0\n"), "{report}");
    }
}

#[tokio::test]
async fn texts_that_are_set_are_whole() {
    let refused = |text: &str| {
        let mut entry = entry("token", &json!({}), 401, &json!({ "error_msg": text, "error_code": "APIGW.0301" }));
        entry["response"]["headers"] = json!([{ "name": "Content-Type", "value": "application/json" }]);
        entry
    };
    let (_, scenario, _) = import(&har(&[refused("Not you: token fail"), refused("Not you: token fail")])).await;
    assert!(
        scenario.contains(r#""APIGW.0301": "Not you: token fail""#) && scenario.contains("# entry 1"),
        "{scenario}"
    );
    let (_, varied, report) = import(&har(&[refused("Not you: token fail"), refused("Not you: token")])).await;
    assert!(!varied.contains("messages"), "{varied}\n{report}");
    // What an import proposed is no difference any more, and another text is one.
    let wire = LoadedScenario::read_text("imported", &scenario).expect("it is right").world.settings.wire;
    for (text, is_told) in [("Not you: token fail", false), ("Not you: token", true)] {
        let mut import = Import::begin(&wire, Vec::new()).await;
        import.read(har(&[refused(text)]).as_bytes()).expect("the capture is whole");
        let report = import.compared();
        assert_eq!(report.contains("APIGW.0301: error_msg"), is_told, "{report}");
    }
    let named = Wire { parameter_errors: crate::domain::ParameterErrors::Named, ..Wire::default() };
    let mut import = Import::begin(&named, Vec::new()).await;
    let parameters = json!({ "error_code": "CBC.0100", "error_msg": "customer_id: must not be null" });
    import.read(har(&[entry("token", &json!({}), 400, &parameters)]).as_bytes()).expect("the capture is whole");
    let report = import.compared();
    assert!(!report.contains("error_msg"), "{report}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_captured_value_is_printed(
        token in "[A-Z]{3}[a-z0-9]{9,30}|[b-z]{12,20}",
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
        let text = format!("{name} ({number}, {mail}) of {platform}, {token}: {customer}/{file} at proxy-{file}.example.com is wrong");
        let last = name.split(' ').next_back().unwrap_or_default();
        let (lower, upper) = (last.to_lowercase(), last.to_uppercase());
        let text = format!("{text}: {upper}, m_{lower}, {phone}, {joined}, https://host.example/?t={query}&u={query}");
        let mut error = entry("another-token", &json!({}), 400, &json!({ "error_code": code, "error_msg": text, "extra": mail, &key: { &mail: 1 } }));
        error["response"]["headers"][0]["value"] = format!("application/vnd.{query}+json; profile={query}").into();
        let own = entry(&token, &request, 400, &json!({ "error_code": code, "error_msg": text }));
        let entries = if is_named_first { vec![error, own] } else { vec![own, error] };
        let har = json!({ "log": { "version": "1.2", "entries": entries } }).to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (_, scenario, report) = runtime.block_on(import(&har));
        let words = [&token, &customer, &number, &file, &mail, &phone, &joined, &query, &key, &lower, &upper].into_iter().map(String::as_str);
        let parts = name.split(' ').chain(platform.split('_')).filter(|part| part.chars().count() >= 4);
        for value in words.chain(parts) {
            prop_assert!(!scenario.contains(value) && !report.contains(value), "{value} is in\n{scenario}\n{report}");
        }
    }
}
