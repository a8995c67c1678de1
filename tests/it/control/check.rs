//! `POST /_sim/check`: what is wrong with the text of a scenario, and whether it does what it says.

use serde_json::{Value, json};

use crate::support::*;

/// What is said about a text.
async fn check(app: &TestApp, text: &str) -> Value {
    let reply = app.call("POST", "/_sim/check", &[("content-type", "application/octet-stream")], text.to_owned()).await;
    assert_eq!(reply.status, 200, "{text}: {reply:?}");
    let checked = reply.json();
    assert_eq!(keys(&checked), ["mistakes", "warnings", "exchanges"], "{checked}");
    checked
}

#[tokio::test]
async fn post_check_has_every_mistake_by_line() {
    let app = TestApp::builtin();
    let checked = check(&app, "nmae: x\npartners: []\ncustomers: [{ id: 5, partner: dmo }]\n").await;
    let mistake = |line, column, path: &str, message: &str, hint: &str| json!({ "line": line, "column": column, "path": path, "message": message, "hint": hint });
    let expected = [
        mistake(1, 1, "nmae", "unknown key `nmae`", "did you mean `name`?"),
        mistake(3, 19, "customers[0].id", "expected text, found the number 5", "put it in quotes: \"5\""),
        mistake(3, 31, "customers[0].partner", "there is no partner named `dmo`", "there are no partners"),
    ];
    assert_eq!(checked, json!({ "mistakes": expected, "warnings": [], "exchanges": [] }));
    for text in ["", "{", "- a", "name: [", "\u{feff}", "\0"] {
        let checked = check(&app, text).await;
        assert_eq!(list(&checked, "mistakes").len(), 1, "{text:?}: {checked}");
    }
    let reply = app.call("POST", "/_sim/check", &[], &b"# fine\nname: \xff"[..]).await;
    let mistake = &reply.json()["mistakes"][0];
    assert_eq!((&mistake["line"], &mistake["column"]), (&json!(2), &json!(7)), "{reply:?}");
}

#[tokio::test]
async fn post_check_warns_where_nobody_can_call_or_nothing_is_proved() {
    const PARTNER: &str = "partners: [{ id: p, name: demo, xaccount_type: X }]";
    const EXCHANGE: &str = "exchanges: [{ request: {}, expect: { status: 400 } }]";
    let nobody = |text: &str| format!("nobody can call: {text}");
    let unproved = "nothing is proved: there are no exchanges".to_owned();
    let lenient = "settings: { authentication: lenient }";
    let with_token = "partners: [{ id: p, name: demo, xaccount_type: X, credentials: { tokens: [t] } }]";
    let table = [
        ("name: x".to_owned(), vec![nobody("there are no partners"), unproved.clone()]),
        (PARTNER.to_owned(), vec![nobody("no partner has credentials"), unproved.clone()]),
        (format!("{EXCHANGE}\n{PARTNER}"), vec![nobody("no partner has credentials")]),
        (format!("{lenient}\n{PARTNER}"), vec![unproved.clone()]),
        (format!("{lenient}\n{PARTNER}\n{EXCHANGE}"), vec![]),
        (with_token.to_owned(), vec![unproved.clone()]),
        (format!("name: x\n{PARTNER}"), vec![unproved, nobody("no partner has credentials")]),
    ];
    let app = TestApp::builtin();
    for (text, expected) in table {
        let checked = check(&app, &text).await;
        let messages: Vec<_> = list(&checked, "warnings").iter().map(|warning| warning["message"].clone()).collect();
        assert_eq!(messages, expected, "{text}: {checked}");
        assert_eq!(checked["mistakes"], json!([]), "{text}");
    }
    let checked = check(&app, &format!("{EXCHANGE}\n{PARTNER}")).await;
    assert_eq!((&checked["warnings"][0]["line"], &checked["warnings"][0]["path"]), (&json!(2), &json!("partners")));
}

#[tokio::test]
async fn post_check_takes_a_lost_answer_for_none() {
    let app = TestApp::builtin();
    for (then, is_answered) in [
        (json!({ "fault": "hang" }), false),
        (json!({ "fault": "close" }), false),
        (json!({ "fault": "malformed" }), false),
        (json!({ "is_review": 1, "fault": "reset" }), false),
        (json!({ "fault": "empty" }), true),
    ] {
        let exchange = json!({ "request": passport("c-1"), "expect": { "status": 200 } });
        let text = format!("{PARTNERS}\nscripted: [{{ then: {then} }}]\nexchanges: [{exchange}]");
        let checked = check(&app, &text).await;
        let exchange = &checked["exchanges"][0];
        assert_eq!(exchange["got"].is_object(), is_answered, "{then}: {checked}");
        let is_told = exchange["why"].to_string().contains("no answer came: fault");
        assert_eq!(is_told, !is_answered, "{then}: {checked}");
    }
}

#[tokio::test]
async fn post_check_runs_the_exchanges_in_a_space_of_their_own() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let request = passport("c-1");
    let text = format!(
        "{PARTNERS}
customers: [{{ id: c-1, partner: demo }}]
exchanges:
  - {{ request: {request}, expect: {{ status: 200, body: {{ is_review: 1 }} }} }}
  - {{ advance: 3d }}
  - {{ request: {request}, expect: {{ status: 200 }} }}
  - {{ review: {{ customer: nobody, decision: approve }} }}
  - {{ as: wrong, request: {{}}, expect: {{ status: 401, body: {{ error_code: APIGW.0301 }} }} }}
"
    );
    let checked = check(&app, &text).await;
    let exchanges = list(&checked, "exchanges");
    let summary = |exchange: &Value| {
        let status = |answer: &str| exchange[answer]["status"].as_u64();
        (exchange["ok"].as_bool(), status("expected"), status("got"), exchange["why"].as_str().map(str::to_owned))
    };
    let under_review = "not-authenticated-yet: real-name status: under_review".to_owned();
    let expected = [
        (Some(true), Some(200), Some(200), Some("accepted: every rule holds".to_owned())),
        (Some(true), None, None, None),
        (Some(false), Some(200), Some(400), Some(under_review)),
        (Some(false), None, None, Some("the review of nobody failed: there is no such customer".to_owned())),
        (Some(false), Some(401), Some(401), Some("authenticated: decrypt token fail".to_owned())),
    ];
    assert_eq!(exchanges.iter().map(summary).collect::<Vec<_>>(), expected, "{checked:#}");
    let lines: Vec<_> = exchanges.iter().map(|exchange| exchange["line"].clone()).collect();
    let first = text[..text.find("  - { request").expect("an exchange")].matches('\n').count() + 1;
    assert_eq!(lines, (first..first + 5).map(Value::from).collect::<Vec<_>>(), "{checked:#}");
    assert_eq!(exchanges[2]["number"], 3);
    assert_eq!(exchanges[2]["got"]["body"]["error_code"], "CBC.99000027");
    assert_eq!(exchanges[2]["expected"]["body"], Value::Null, "any");
    // Nothing of the simulator has changed, and nothing was counted.
    assert!(app.space.journal().is_empty() && app.space.coverage_of_all_spaces().met == 0);
    app.apply(&request).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn post_check_tells_of_each_exchange_what_check_prints() {
    let file = format!(
        "{PARTNERS}
exchanges:
  - {{ request: {{}}, expect: {{ status: 200, body: {{ is_review: 1, error_msg: null }} }} }}
  - {{ as: nobody, request: {{}}, expect: {{ status: 400 }} }}
  - {{ review: {{ customer: nobody, decision: approve }} }}
"
    );
    let checked = check(&TestApp::builtin(), &file).await;
    let path = TestDir::new("agree").put("agree.yaml", &file);
    let (code, printed, _) = run(&["check", &path]);
    assert_eq!(code, Some(1), "{printed}");
    for exchange in list(&checked, "exchanges") {
        let (line, why) = (&exchange["line"], text(&exchange["why"]));
        let mut lines = vec![format!("  {path}:{line}:")];
        for differs in list(exchange, "differs") {
            let [field, expected, got] = ["field", "expected", "got"].map(|key| text(&differs[key]));
            lines.push(format!("    {field}: expected {expected}, got {got}"));
        }
        lines.push(format!("    why: {why}"));
        let expected = if exchange["got"].is_null() { format!("  {path}:{line}: {why}") } else { lines.join("\n") };
        assert!(printed.contains(&format!("{expected}\n")), "{expected}\n{printed}");
    }
    let differs = &checked["exchanges"][0]["differs"];
    assert_eq!(differs[0], json!({ "field": "status", "expected": "200", "got": "400" }));
    assert_eq!(differs[1], json!({ "field": "body.error_msg", "expected": "null", "got": "\"Parameter error.\"" }));
    assert_eq!(differs[2], json!({ "field": "body.is_review", "expected": "1", "got": "nothing" }));
    assert_eq!(list(&checked["exchanges"][1], "differs").len(), 1, "{checked:#}");
}

#[tokio::test]
async fn post_check_of_a_broken_answer_or_many_exchanges_ends() {
    let app = TestApp::builtin();
    let request = passport("c-1");
    let script =
        ["reset", "close", "empty", "malformed", "hang"].map(|fault| json!({ "times": 1, "then": { "fault": fault } }));
    let exchange = format!("  - {{ request: {request}, expect: {{ status: 200 }} }}\n");
    let text = format!("{PARTNERS}scripted: {}\nexchanges:\n{}", json!(script), exchange.repeat(5));
    let checked = check(&app, &text).await;
    assert_eq!(list(&checked, "exchanges").len(), 5, "{checked}");

    let text = format!("{PARTNERS}exchanges:\n{}", "  - { advance: 1s }\n".repeat(1001));
    let checked = check(&app, &text).await;
    let warning = &checked["warnings"][0];
    assert_eq!((list(&checked, "exchanges").len(), &warning["path"]), (1000, &json!("exchanges[1000]")), "{warning}");
    assert_eq!(warning["line"], 1 + text[..text.rfind("  - ").expect("an exchange")].matches('\n').count());
}

#[tokio::test]
async fn post_check_of_every_built_in_scenario_finds_nothing() {
    let app = TestApp::builtin();
    for scenario in list(&app.get("/scenarios").await, "scenarios") {
        let file = app.get(&format!("/scenarios/{}", text(&scenario["name"]))).await;
        let checked = check(&app, text(&file["yaml"])).await;
        assert_eq!((&checked["mistakes"], &checked["warnings"]), (&json!([]), &json!([])), "{scenario}");
        assert!(list(&checked, "exchanges").iter().all(|exchange| exchange["ok"] == true), "{scenario}: {checked:#}");
    }
}

#[tokio::test]
async fn post_check_answers_as_put_world_would() {
    let app = TestApp::builtin();
    let world = |directory: &str| json!({ "partners": [{ "id": "p", "name": "demo", "xaccount_type": "X", "bucket": { "directory": directory } }] });
    for (directory, is_taken) in [("nosuch", false), ("/no/such/directory", true)] {
        let mistakes = check(&app, &world(directory).to_string()).await["mistakes"].clone();
        let (status, answer) = app.put("/world", &world(directory)).await;
        assert_eq!((status == 200, mistakes == json!([])), (is_taken, is_taken), "{mistakes} {answer}");
        assert_eq!(mistakes[0]["hint"], answer["detail"][0]["hint"], "{mistakes} {answer}");
    }
}

#[tokio::test]
async fn post_check_repeats_the_beginning_of_long_texts() {
    let app = TestApp::builtin();
    let long = "x".repeat(100_000);
    let file = format!(
        "{PARTNERS}exchanges:
  - {{ request: {{}}, expect: {{ status: 400, body: {{ error_msg: {long} }} }} }}
  - {{ review: {{ customer: {long}, decision: approve }} }}
"
    );
    let checked = check(&app, &file).await;
    assert!(checked.to_string().len() < 6000, "{checked:.300}");
    let fields = (0..100).map(|number| format!("key{number}: 1")).collect::<Vec<_>>().join(", ");
    let many = format!("{PARTNERS}exchanges: [{{ request: {{}}, expect: {{ status: 400, body: {{ {fields} }} }} }}]");
    let checked_fields = check(&app, &many).await;
    assert_eq!(list(&checked_fields["exchanges"][0], "differs").len(), 20);
    assert!(checked_fields.to_string().len() < 10_000, "{checked_fields:.300}");
    let expected = text(&checked["exchanges"][0]["expected"]["body"]);
    assert!(expected.starts_with("{\"error_msg\":\"xxx") && expected.ends_with("… (100016 bytes)"), "{expected:.100}");
    let checked = check(&app, &format!("settings: {{ seed: '{}' }}", "1".repeat(100_000))).await;
    assert!(checked.to_string().len() < 1000, "{checked:.300}");
}

#[tokio::test]
async fn post_check_that_waits_leaves_other_calls_room() {
    let app = TestApp::builtin();
    let slow = json!({
        "partners": [{
            "id": "demo-account", "name": "demo", "xaccount_type": "DEMO_IDP", "credentials": { "tokens": ["token"] },
        }],
        "scripted": [{ "delay": "9s" }],
        "exchanges": [{ "request": passport("c-1"), "expect": { "status": 400 } }],
    });
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let (app, text) = (app.clone(), slow.to_string());
            tokio::spawn(async move { app.call("POST", "/_sim/check", &[], text).await.json() })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    for _ in 0..20 {
        let clock = tokio::time::timeout(std::time::Duration::from_secs(5), app.get("/clock"));
        clock.await.expect("the calls that wait hold nothing back");
    }
    let is_waiting = waiting.iter().filter(|call| !call.is_finished()).count();
    assert_eq!(is_waiting, 20, "the exchanges are still held back");
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}
