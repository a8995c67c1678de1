//! `/_sim/journal`: its entries, its pages, its limits, and what it masks.

use bss_sim::{Builder, Scenario, Simulator, Space};
use serde_json::{Value, json};

use crate::support::*;

/// An answer, and the outcome that its journal entry has to have: error code, what decided, and the check or rule.
type Answered = (Reply, [&'static str; 3]);

/// Answers of every endpoint of the scenario `default`, decided by every check that can decide them there.
async fn answers(app: &TestApp) -> Vec<Answered> {
    let json = [JSON, ("x-auth-token", "demo-token")];
    let post = async |headers: &[_], body: Vec<u8>| app.call("POST", INDIVIDUAL, headers, body).await;
    let get = async |path: &str| app.call("GET", path, &json, "").await;
    let result = async |id: &str| get(&format!("/v2/customers/realname-auths/result?customer_id={id}")).await;
    let log_in = async |password| app.log_in(["demo-partner", "demo", password], &[]).await;
    let forged = SignedRequest { key: ("DEMOAK0001", "wrong"), ..SignedRequest::post("{}", &now()) }.request();
    let too_long = vec![b' '; 12 * 1024 * 1024 + 1];
    let unauthenticated = ["APIGW.0301", "gateway", "authenticated"];
    vec![
        (post(&json, b"{".to_vec()).await, ["CBC.0100", "parameters", "parameters"]),
        (app.post_as("customer-token", "{}").await, ["CBC.0151", "gateway", "caller-is-partner"]),
        (app.post_as("no-token", "{}").await, unauthenticated),
        (post(&json[..1], Vec::new()).await, unauthenticated),
        (app.send(forged).await, unauthenticated),
        (get("/v2/unknown").await, ["APIGW.0101", "gateway", "path-known"]),
        (get(INDIVIDUAL).await, ["APIGW.0101", "gateway", "method-known"]),
        (post(&json, too_long).await, ["APIGW.0201", "gateway", "body-size"]),
        (result("customer-done").await, ["", "accepted", ""]),
        (result("customer-of-other").await, ["CBC.99000000", "rule", "customer-of-caller"]),
        (result("").await, ["CBC.0100", "parameters", "parameters"]),
        (log_in("demo-password").await, ["", "accepted", ""]),
        (log_in("wrong").await, ["", "gateway", "identity"]),
        (get("/v3/auth/domains").await, ["", "accepted", ""]),
    ]
}

/// Answers to applications that are accepted and refused in all ways that the scenario `default` has.
async fn applications(app: &TestApp) -> Vec<Answered> {
    app.script(&json!({ "when": { "name": "Flaky" }, "then": { "gateway": "APIGW.0308" } })).await;
    let number = "verified_number";
    let table = [
        ("customer-new", "name", json!("A"), ["", "accepted", ""]),
        ("customer-new", "name", json!("A"), ["CBC.99000027", "rule", "not-authenticated-yet"]),
        ("customer-exhausted", "name", json!("A"), ["CBC.99000026", "rule", "attempts-left"]),
        ("customer-own", "xaccount_type", json!("X"), ["CBC.0100", "rule", "platform-of-partner"]),
        ("5f8a1c0e9d3b47a2b6c4d1e0f2a39b71", "name", json!("A"), ["CBC.99007265", "rule", "customer-not-caller"]),
        ("customer-free", "name", json!("A"), ["CBC.99000035", "rule", "customer-has-partner"]),
        ("customer-of-other", "name", json!("A"), ["CBC.99000000", "rule", "customer-of-caller"]),
        ("customer-partner", "name", json!("A"), ["CBC.99007259", "rule", "customer-not-partner"]),
        ("customer-own", number, json!("E00000193"), ["CBC.99007193", "rule", "certificate-allowed"]),
        ("customer-own", number, json!("E00000202"), ["CBC.99007202", "rule", "identity-agrees"]),
        ("customer-own", number, json!("E00000188"), ["CBC.99007188", "rule", "verification-passes"]),
        ("customer-rejected", number, json!("E00000189"), ["CBC.99007189", "rule", "certificate-not-worn-out"]),
        (
            "customer-rejected",
            "verified_file_url",
            json!(["a.txt", "b.jpg"]),
            ["CBC.99007004", "rule", "pictures-pass"],
        ),
        ("customer-own", "name", json!("Flaky"), ["APIGW.0308", "script", "script"]),
        ("customer-own", "identify_type", json!(9), ["CBC.0100", "parameters", "parameters"]),
    ];
    let mut answers = Vec::new();
    for (customer, field, value, outcome) in table {
        let application = with(builtin_passport(customer), field, value);
        answers.push((app.apply_as("demo-token", &application).await, outcome));
    }
    answers
}

#[tokio::test]
async fn get_journal_has_one_entry_of_every_answer_that_agrees_with_it() {
    let app = TestApp::builtin();
    let mut answers = answers(&app).await;
    answers.extend(applications(&app).await);
    for (reply, outcome) in &answers {
        let entry = &reply.entry().json();
        let [code, decided_by, rule] = outcome.map(|text| if text.is_empty() { Value::Null } else { text.into() });
        let why = &entry["outcome"]["why"];
        assert_eq!(
            entry["outcome"],
            json!({ "error_code": code, "decided_by": decided_by, "rule": rule, "fault": null, "why": why }),
            "{reply:?}"
        );
        assert_eq!((entry["space"].as_str(), entry["request_id"].as_str()), (Some("default"), Some(reply.id())));
        assert_eq!(entry["response"]["status"], reply.status, "{entry}");
        // Tokens that IAM issues are not shown.
        if rule == "identity" || !text(&entry["request"]["path"]).starts_with("/v3") {
            assert_eq!(entry["response"]["body"], reply.json(), "{entry}");
        }
        let at = text(&entry["at"]);
        assert_eq!((at.len(), &at[19..20], &at[23..]), (24, ".", "Z"), "{at}");
        assert_consistent(entry);
    }
    assert_eq!(app.space.journal().len(), answers.len(), "each has one entry");
}

#[tokio::test]
async fn journal_entry_has_the_changes() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]\ncertificates: [{ number: E188, verdict: fail }]");
    let failed = app.apply(&numbered("c-1", "E188")).await;
    assert_eq!(failed.entry().json()["changes"], json!([{ "customer": "c-1", "attempts": [0, 1] }]));
    let accepted = app.apply(&passport("c-1")).await;
    let change = json!({ "customer": "c-1", "attempts": [1, 2], "real_name": ["unauthenticated", "under_review"] });
    assert_eq!(accepted.entry().json()["changes"], json!([change]));
    let refused = app.apply(&passport("c-1")).await;
    assert_eq!(refused.entry().json()["changes"], json!([]));
}

#[tokio::test]
async fn get_journal_pages_by_since_and_limit_have_no_gaps() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }]");
    let mut ids: Vec<(String, &str)> = Vec::new();
    for customer in ["c-1", "c-2", "c-1", "c-1", "c-2", "c-1", "c-1"] {
        ids.push((app.apply(&passport(customer)).await.id().to_owned(), customer));
    }
    for (filter, wanted) in [("", vec!["c-1", "c-2"]), ("&customer_id=c-1", vec!["c-1"]), ("&customer_id=c-3", vec![])]
    {
        for limit in 1..=8 {
            let (mut seen, mut since) = (Vec::new(), json!(0));
            loop {
                let path = format!("/journal?limit={limit}&since={since}{filter}");
                let page = app.get(&path).await;
                let entries = list(&page, "entries");
                assert!(entries.len() <= limit, "{path}");
                seen.extend(entries.iter().map(|entry| text(&entry["request_id"]).to_owned()));
                if entries.is_empty() {
                    break;
                }
                since = page["next"].clone();
            }
            let expected: Vec<_> =
                ids.iter().filter(|(_, customer)| wanted.contains(customer)).map(|(id, _)| id.clone()).collect();
            assert_eq!(seen, expected, "{filter} by {limit}");
        }
    }
    let refused = app.get("/journal?error_code=CBC.99000027").await;
    assert_eq!(list(&refused, "entries").len(), 5);
    let reply = app.apply(&passport("c-2")).await;
    let new = app.get(&format!("/journal?since={}", refused["next"])).await;
    assert_eq!((list(&new, "entries").len(), text(&new["entries"][0]["request_id"])), (1, reply.id()));
    for bad in ["since=x", "limit=-1", "limit=many"] {
        assert_eq!(app.control("GET", &format!("/journal?{bad}"), &Value::Null).await.0, 400, "{bad}");
    }
    assert_eq!(app.delete("/journal").await, 204);
    let empty = app.get("/journal").await;
    assert_eq!((&empty["entries"], &empty["dropped"]), (&json!([]), &json!(0)));
    assert_eq!(app.control("GET", &format!("/journal/{}", reply.id()), &Value::Null).await.0, 404);
}

#[tokio::test]
async fn get_journal_by_customer_id_finds_results_by_their_query() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }, { id: c-11, partner: demo }]");
    let table = [
        ("?customer_id=c-1", 1, "alone"),
        ("?customer_id=c-1&other=1", 1, "before another parameter"),
        ("?other=1&customer_id=c%2D1", 1, "encoded"),
        ("?customer_id=c-11", 0, "another customer"),
        ("?other_customer_id=c-1", 0, "another parameter"),
    ];
    for (query, count, why) in table {
        let path = format!("/v2/customers/realname-auths/result{query}");
        app.call("GET", &path, &[("x-auth-token", "token")], "").await;
        let journal = app.get("/journal?customer_id=c-1").await;
        assert_eq!(list(&journal, "entries").len(), count, "{why}");
        app.space.clear_journal();
    }
}

/// A customer, and the partner that it belongs to.
fn one_customer() -> Builder {
    const KEY: &str = "{ access_keys: [{ ak: AK2, sk: sk2 }] }";
    let yaml = format!("{PARTNERS}customers: [{{ id: c-1, partner: demo, credentials: {KEY} }}]");
    Simulator::builder().scenario(Scenario::text(yaml))
}

#[tokio::test]
async fn get_journal_beyond_its_limits_drops_the_oldest() {
    let long = "x".repeat(3_000);
    let table = [
        (one_customer().journal_entries(10), 10, "by entries"),
        (one_customer().journal_bytes(40_000), 14, "by bytes: a body alone has 3000"),
    ];
    for (builder, most, why) in table {
        let app = TestApp::build(builder);
        let mut ids = Vec::new();
        for _ in 0..25 {
            ids.push(app.apply(&with(passport("c-1"), "extra", long.clone())).await.id().to_owned());
        }
        let journal = app.get("/journal?limit=1000").await;
        let kept: Vec<_> = list(&journal, "entries").iter().map(|entry| text(&entry["request_id"])).collect();
        assert!((1..=most).contains(&kept.len()), "{why}: {}", kept.len());
        assert_eq!(journal["dropped"], 25 - kept.len(), "{why}");
        assert_eq!(kept, ids[25 - kept.len()..], "{why}: the newest are kept");
        let (status, error) = app.control("GET", &format!("/journal/{}", ids[0]), &Value::Null).await;
        assert_eq!(status, 404, "{error}");
    }
}

/// Sends requests with personal data and secrets in every place.
async fn send_secrets(app: &TestApp) {
    let named = with(with(passport("c-1"), "name", "Wang Secret"), "verified_number", "E-SECRET");
    app.apply(&named).await;
    app.apply(&without(named.clone(), "xaccount_type")).await;
    app.apply(&with(named.clone(), "name", json!(["Wang Secret"]))).await;
    app.apply(&with(named.clone(), "name", json!({ "full": "Wang Secret" }))).await;
    app.apply(&with(named.clone(), "verified_number", json!({ "number": "E-SECRET" }))).await;
    app.post_body(format!("{named}}}")).await;
    app.apply_as("token-secret", &named).await;
    let (body, date) = (named.to_string(), now());
    app.send(SignedRequest { key: ("AK1", "key-secret"), ..SignedRequest::post(&body, &date) }.request()).await;
    app.log_in(["demo", "ann", "password-secret"], &[]).await;
    let by_token = json!({ "auth": { "identity": { "methods": ["token"], "token": { "id": "token-secret" } } } });
    app.call("POST", "/v3/auth/tokens", &[], by_token.to_string()).await;
    let cookie = [("authorization", "Bearer token-secret"), ("x-security-token", "token-secret")];
    app.call("POST", INDIVIDUAL, &cookie, "{}").await;
    // The gateway repeats the signed headers.
    let secrets = ["cookie", "proxy-authorization", "set-cookie", "x-subject-token"];
    let signature = format!("SDK-HMAC-SHA256 Access=AK2, SignedHeaders={};x-sdk-date, Signature=00", secrets.join(";"));
    let signed = [("authorization", &*signature), ("x-sdk-date", &date)];
    let headers: Vec<_> = secrets.map(|name| (name, "token-secret")).into_iter().chain(signed).collect();
    let reply = app.call("POST", INDIVIDUAL, &headers, "{}").await;
    assert!(reply.body.contains("canonicalRequest"), "{reply:?}");
}

#[tokio::test]
async fn get_journal_masks_personal_data_and_secrets() {
    let app = TestApp::build(one_customer());
    send_secrets(&app).await;
    let journal = app.get("/journal").await;
    let entries = list(&journal, "entries");
    assert_eq!(entries[0]["request"]["body"]["customer_id"], "c-1", "the rest is shown");
    // The gateway's own text for an unknown key has the word too.
    let shown = |entry: &Value| entry.to_string().to_lowercase().replace("get secretkey failed", "");
    let leaks = entries.iter().filter(|entry| shown(entry).contains("secret"));
    let leaks: Vec<_> = leaks.map(|entry| &entry["request"]["body"]).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    let expectation = json!({ "match": { "customer_id": "c-9" } });
    let (_, closest) = app.post("/verify", &expectation).await;
    assert!(!shown(&closest).contains("secret"), "{closest}");
}

#[tokio::test]
async fn get_journal_with_show_personal_data_masks_only_secrets() {
    let app = TestApp::build(one_customer().show_personal_data());
    send_secrets(&app).await;
    let journal = app.get("/journal").await;
    let body = &journal["entries"][0]["request"]["body"];
    assert_eq!((&body["name"], &body["verified_number"]), (&json!("Wang Secret"), &json!("E-SECRET")));
    for entry in list(&journal, "entries") {
        assert!(!entry["request"]["headers"].to_string().contains("token-secret"), "{entry}");
    }
}

#[tokio::test]
async fn journals_beyond_the_limit_of_bytes_let_the_largest_drop_its_oldest() {
    let app = TestApp::build(one_customer().journal_bytes(200_000));
    let (loud, quiet) = (app.space.new_space(), app.space.new_space());
    let send = async |space: &Space, body: String| {
        let token = space.credentials().token;
        app.post_as(&token, body).await;
    };
    send(&quiet, "{}".to_owned()).await;
    for _ in 0..100 {
        send(&loud, "x".repeat(10_000)).await;
    }
    send(&quiet, "{}".to_owned()).await;
    assert_eq!(quiet.journal().len(), 2, "a loud space costs the others nothing");
    let kept = loud.journal().len();
    assert!((10..20).contains(&kept), "{kept}");
    // A request alone can be larger than all journals may be.
    send(&loud, "x".repeat(300_000)).await;
    assert_eq!((loud.journal().len(), quiet.journal().len()), (0, 2));
}

#[tokio::test]
async fn get_journal_lists_pages_of_a_few_megabytes() {
    let app = TestApp::build(one_customer());
    for _ in 0..5 {
        app.post_body("x".repeat(1_500_000)).await;
    }
    let (mut since, mut pages) = (0, Vec::new());
    loop {
        let page = app.get(&format!("/journal?since={since}")).await;
        pages.push(list(&page, "entries").len());
        since = page["next"].as_u64().expect("a number");
        if page["truncated"] == false {
            break;
        }
    }
    assert_eq!(pages, [2, 2, 1]);
}

/// The numbers of listed entries.
fn numbers(journal: &Value) -> Vec<u64> {
    list(journal, "entries").iter().map(|entry| entry["number"].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn get_journal_newest_first_pages_by_before() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    for _ in 0..7 {
        app.apply(&passport("c-1")).await;
    }
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/journal?order=desc&limit=3{before}")).await;
        seen.push(numbers(&page));
        before = format!("&before={}", page["next"]);
        if page["truncated"] == false {
            break;
        }
    }
    assert_eq!(seen, [vec![7, 6, 5], vec![4, 3, 2], vec![1]]);
    assert_eq!(numbers(&app.get(&format!("/journal?order=desc{before}")).await), [0; 0]);
    assert_eq!(numbers(&app.get("/journal?since=2&before=5").await), [3, 4]);
    assert_eq!(numbers(&app.get("/journal?since=2&before=5&order=desc").await), [4, 3]);
    for bad in ["order=down", "before=x", "view=none", "format=xml", "status=ok"] {
        assert_eq!(app.control("GET", &format!("/journal?{bad}"), &Value::Null).await.0, 400, "{bad}");
    }
    let (status, error) = app.control("GET", "/journal?limt=1", &Value::Null).await;
    assert_eq!(status, 400);
    assert!(text(&error["detail"]).contains("`limit`") && text(&error["detail"]).contains("`order`"), "{error}");
}

#[tokio::test]
async fn get_journal_filters_by_status_path_caller_and_rule() {
    let app = TestApp::with(
        "customers: [{ id: c-1, partner: demo }]\nscripted: [{ when: { name: Broken }, then: { fault: reset } }]",
    );
    app.apply(&passport("c-1")).await;
    app.apply(&passport("c-1")).await;
    app.apply_as("other-token", &passport("c-1")).await;
    app.apply_as("no-token", &passport("c-1")).await;
    app.apply(&with(passport("c-1"), "name", "Broken")).await;
    app.call("GET", "/v2/customers/realname-auths/result?customer_id=c-1", &[("x-auth-token", "token")], "").await;
    let table = [
        ("status=200", vec![1, 6], "a fault has no status"),
        ("status=401", vec![4], "a stranger"),
        ("path=/v2/customers/realname-auths/result", vec![6], "a path, whatever its query"),
        ("caller=other", vec![3], "a partner"),
        ("rule=not-authenticated-yet", vec![2], "a rule"),
        ("caller=demo&status=400", vec![2], "both hold"),
        ("caller=demo&customer_id=c-1&order=desc", vec![6, 5, 2, 1], "the newest first"),
    ];
    for (filter, expected, why) in table {
        assert_eq!(numbers(&app.get(&format!("/journal?{filter}")).await), expected, "{filter}: {why}");
    }
}

#[tokio::test]
async fn get_journal_in_brief_has_no_checks() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    app.apply(&passport("c-1")).await;
    let full = app.get("/journal").await["entries"][0].clone();
    let brief = app.get("/journal?view=brief").await["entries"][0].clone();
    let without = keys(&full).into_iter().filter(|key| *key != "checks").collect::<Vec<_>>();
    assert_eq!(keys(&brief), without);
    assert!(without.iter().all(|key| brief[*key] == full[*key]), "{brief}");
}

#[tokio::test]
async fn get_entry_as_text_is_what_explain_prints() {
    let app = TestApp::builtin();
    let application = builtin_passport("customer-done");
    let reply = app.apply_as("demo-token", &application).await;
    let accept = [("accept", "text/plain")];
    let entry = app.call("GET", &format!("/_sim/journal/{}", reply.id()), &accept, "").await;
    assert_eq!((entry.status, entry.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    let question = json!({ "as": "demo-partner", "request": application }).to_string();
    let explained = app.call("POST", "/_sim/explain", &accept, question).await;
    assert_eq!(explained.body, entry.body);
    let start = "400 {\"error_code\":\"CBC.99000027\",\"error_msg\":\"The customer has passed real-name authentication or is being \
        reviewed.\"}\nwhy         not-authenticated-yet: real-name status: authenticated\n\npassed      head-size: ";
    assert!(entry.body.starts_with(start), "{}", entry.body);
    let (code, printed, _) = run_on(&application.to_string(), &["explain"]);
    assert_eq!((code, printed.as_str()), (Some(0), entry.body.as_str()));
}

#[tokio::test]
async fn post_explain_of_a_request_id_explains_it_again() {
    let app = TestApp::with(
        "customers: [{ id: c-1, partner: demo, real_name: under_review, credentials: { tokens: [own] } }]",
    );
    let refused = app.apply(&passport("c-1")).await;
    let again = async |question: Value| {
        let (status, answer) = app.post("/explain", &question).await;
        assert_eq!(status, 200, "{answer}");
        (answer["response"]["status"].clone(), answer["outcome"]["why"].clone())
    };
    let of = |reply: &Reply| json!({ "request_id": reply.id() });
    assert_eq!(again(of(&refused)).await.1, "not-authenticated-yet: real-name status: under_review");
    app.assert_control("POST", "/customers/c-1/review", json!({ "decision": "reject" }), 200).await;
    assert_eq!(again(of(&refused)).await, (json!(200), json!("accepted: every rule holds")), "as it is now");
    let other = with(of(&refused), "as", "other");
    assert_eq!(again(other).await.1, "platform-of-partner: xaccount_type is another than the assigned \"OTHER_IDP\"");
    let forged = SignedRequest { key: ("AK1", "wrong"), ..SignedRequest::post("{}", &now()) }.request();
    let replies = [
        (app.post_as("own", "{}").await, "caller-is-partner: the credentials of customer c-1"),
        (app.post_as("nobody", "{}").await, "authenticated: decrypt token fail"),
        (app.call("POST", INDIVIDUAL, &[], "{}").await, "authenticated: x-auth-token not found"),
        (app.send(forged).await, "authenticated: "),
        (
            app.call("POST", INDIVIDUAL, &[("x-auth-token", "token")], "{}").await,
            "body: Content-Type must be application/json",
        ),
        (app.post_body(" ".repeat(12 * 1024 * 1024 + 1)).await, "body-size: Request entity too large."),
    ];
    let before = app.space.journal().len();
    for (reply, why) in &replies {
        let explained = again(of(reply)).await;
        assert!(text(&explained.1).starts_with(why), "{explained:?}");
        assert_eq!(explained, (json!(reply.status), json!(reply.entry().why())), "{reply:?}");
    }
    assert_eq!(app.space.journal().len(), before, "nothing is recorded");
    let result = app.call("GET", "/v2/customers/realname-auths/result?customer_id=c-1", &[], "").await;
    assert_eq!(app.post("/explain", &of(&result)).await.0, 409, "no application");
    assert_eq!(app.post("/explain", &json!({ "request_id": "0".repeat(32) })).await.0, 404);
    assert_eq!(app.post("/explain", &with(of(&result), "request", json!({}))).await.0, 422, "both");
}

/// Sends requests of the same person, and of another one.
async fn send_persons(app: &TestApp) {
    for (name, number) in [("Wang Secret", "E12345678"), ("Li Secret", "E87654321"), ("Wang Secret", "E12345678")] {
        let named = with(with(passport("c-1"), "name", name), "verified_number", number);
        app.apply(&with(named, "extra", json!({ "deep": [name, 4711, true] }))).await;
    }
    app.call(
        "GET",
        "/v2/customers/realname-auths/result?customer_id=c-1&who=Wang%20Secret",
        &[("x-auth-token", "token")],
        "",
    )
    .await;
    app.post_body("{\"name\": \"Wang Secret").await;
    app.call("POST", INDIVIDUAL, &[("user-agent", "curl/secret"), ("authorization", "Bearer token-secret")], "").await;
}

#[tokio::test]
async fn get_journal_since_a_number_that_was_not_given_yet_begins_anew() {
    let app = TestApp::with("");
    for (query, next) in [("since=500", 0), ("since=500&order=desc", 0)] {
        assert_eq!(app.get(&format!("/journal?{query}")).await["next"], next, "{query}");
    }
    app.post_body("{}").await;
    let journal = app.get("/journal?since=500").await;
    assert_eq!((list(&journal, "entries").len(), &journal["next"]), (1, &json!(1)), "{journal}");
    assert_eq!(app.get("/journal?since=1").await["next"], 1);
}

#[tokio::test]
async fn get_journal_as_har_invents_what_is_not_shown() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    send_persons(&app).await;
    let har = app.get("/journal?format=har").await;
    assert!(!har.to_string().to_lowercase().contains("secret") && !har.to_string().contains("***"), "{har:#}");
    let log = &har["log"];
    assert_eq!((&log["version"], &log["creator"]["name"]), (&json!("1.2"), &json!("bss-sim")));
    let entries = list(log, "entries");
    let sent = |place: usize| -> Value {
        serde_json::from_str(text(&entries[place]["request"]["postData"]["text"])).expect("the body was JSON")
    };
    assert_eq!(sent(0), sent(2), "equal values stay equal");
    assert_eq!(
        (&sent(0)["name"], &sent(0)["verified_number"], &sent(0)["extra"]),
        (&json!("Aaaa Aaaaab"), &json!("A00000001"), &json!({ "aaab": ["Aaaa Aaaaab", 1001, false] })),
    );
    assert_eq!((&sent(1)["name"], &sent(1)["verified_number"]), (&json!("Aa Aaaaab"), &json!("A00000002")));
    assert_eq!(sent(0)["customer_id"], "c-1", "what is shown is not invented");
    assert_eq!(text(&entries[3]["request"]["queryString"][1]["value"]), "Aaaa Aaaaab");
    for (entry, reply) in entries.iter().zip(app.space.journal()) {
        assert_eq!(entry["response"]["status"], json!(reply.status()), "{entry:#}");
        assert_eq!((&entry["_request_id"], &entry["_why"]), (&json!(reply.request_id()), &json!(reply.why())));
        // What HAR 1.2 asks for.
        for key in ["startedDateTime", "time", "request", "response", "cache", "timings"] {
            assert!(!entry[key].is_null(), "no {key}: {entry:#}");
        }
        assert!(text(&entry["request"]["url"]).starts_with("http://localhost/v2/"), "{entry:#}");
        let content = &entry["response"]["content"];
        assert_eq!(content["size"], text(&content["text"]).len(), "{entry:#}");
        assert!(list(&entry["response"], "headers").iter().any(|header| header["name"] == "x-request-id"), "{entry:#}");
    }
    let later = app.get("/journal?format=har&since=2&limit=1").await;
    assert_eq!(later["log"]["entries"][0], entries[2], "numbered from the beginning of the journal");
    assert_eq!((&later["log"]["_next"], &later["log"]["_truncated"]), (&json!(3), &json!(true)));
}

#[tokio::test]
async fn get_journal_as_har_declares_the_length_of_the_text_that_it_has() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let bodies = [with(passport("c-1"), "name", "王小明").to_string(), "{ broken".to_owned(), String::new()];
    for body in &bodies {
        let length = body.len().to_string();
        let headers = [JSON, ("x-auth-token", "token"), ("content-length", &length)];
        app.call("POST", INDIVIDUAL, &headers, body.clone()).await;
    }
    let har = app.get("/journal?format=har").await;
    for entry in list(&har["log"], "entries") {
        let request = &entry["request"];
        let sent = request["postData"]["text"].as_str().map_or(0, str::len);
        let length = list(request, "headers").iter().find(|header| header["name"] == "content-length");
        let length = &length.expect("it was sent")["value"];
        assert_eq!((length, &request["bodySize"]), (&json!(sent.to_string()), &json!(sent)), "{request:#}");
    }
}

#[tokio::test]
async fn get_journal_with_limit_0_is_400() {
    let app = TestApp::with("");
    for format in ["json", "har"] {
        let (status, error) = app.control("GET", &format!("/journal?limit=0&format={format}"), &Value::Null).await;
        assert_eq!((status, &error["error"]), (400, &json!("malformed")), "{error}");
        assert!(text(&error["detail"]).contains("limit: write a number from 1"), "{error}");
    }
}

#[tokio::test]
async fn get_journal_as_har_has_a_raw_answer_as_it_was_sent() {
    let app = TestApp::with("");
    let page = "<html>502 \"Bad Gateway\"</html>";
    app.script(&json!({ "then": { "raw": { "status": 502, "content_type": "text/html", "body": page } } })).await;
    app.apply(&passport("c-1")).await.assert(502, page);
    let har = app.get("/journal?format=har").await;
    let content = &har["log"]["entries"][0]["response"]["content"];
    assert_eq!(content, &json!({ "size": page.len(), "mimeType": "text/html", "text": page }));
}

#[tokio::test]
async fn get_entry_as_an_exchange_passes_check() {
    let world = "customers: [{ id: c-1, partner: demo }]";
    let app = TestApp::with(world);
    let strange = with(passport("c-1"), "na\u{7f}me: \"x\"", json!({ "y": [1, null, "\u{feff}"] }));
    let replies = [
        app.apply(&with(passport("c-1"), "identify_type", "0")).await,
        app.apply(&with(strange, "name", "王小明 (Wang)")).await,
        app.apply(&passport("c-1")).await,
        app.apply_as("no-token", &passport("c-1")).await,
        app.post_body("{}").await,
    ];
    let mut exchanges = String::new();
    for reply in &replies {
        let path = format!("/_sim/journal/{}?view=exchange", reply.id());
        let exchange = app.call("GET", &path, &[], "").await;
        assert_eq!((exchange.status, exchange.header("content-type")), (200, Some("application/yaml")), "{exchange:?}");
        assert!(!exchange.body.contains("Wang") && !exchange.body.contains("***"), "{}", exchange.body);
        exchanges.push_str(&exchange.body);
    }
    let file = format!("name: exported\n{PARTNERS}{world}\nexchanges:\n{exchanges}");
    let path = TestDir::new("exported").put("exported.yaml", &file);
    let (code, stdout, stderr) = run(&["check", &path]);
    assert_eq!(code, Some(0), "{stdout}{stderr}\n{file}");
    insta::assert_snapshot!(exchanges.split("\n- ").nth(1).expect("an exchange"), @r#"
    as: "demo"
      request:
        customer_id: "c-1"
        identify_type: "1"
        verified_type: 3
        verified_file_url: ["front.jpg","hand.jpg"]
        name: "Aaaa Aaaaaaab"
        verified_number: "A00000001"
        change_type: -1
        xaccount_type: "DEMO_IDP"
      expect:
        status: 400
        body:
          error_code: "CBC.0100"
          error_msg: "Parameter error."
    # accepted: every rule holds
    "#);
    let broken = app.post_body("{").await;
    let path = format!("/journal/{}?view=exchange", broken.id());
    assert_eq!(app.control("GET", &path, &Value::Null).await.0, 409, "no JSON object");
    let token = ("x-auth-token", "token");
    let application = passport("c-1").to_string();
    for (headers, why) in [
        ([("content-type", "text/plain"), token], "an exchange is sent as JSON"),
        ([("content-type", "application/json"), ("authorization", "Bearer x")], "an exchange is sent with a token"),
    ] {
        let reply = app.call("POST", INDIVIDUAL, &headers, application.clone()).await;
        let path = format!("/journal/{}?view=exchange", reply.id());
        assert_eq!(app.control("GET", &path, &Value::Null).await.0, 409, "{why}");
    }
    app.script(&json!({ "then": { "raw": { "status": 502, "body": "down" } } })).await;
    let raw = app.apply(&passport("c-1")).await;
    let exchange = app.call("GET", &format!("/_sim/journal/{}?view=exchange", raw.id()), &[], "").await.body;
    assert!(exchange.ends_with("  expect:\n    status: 502\n"), "any body: {exchange}");
}

#[tokio::test]
async fn get_entry_of_a_customers_own_call_as_an_exchange_is_409() {
    let app = TestApp::from_text(CALLERS);
    let reply = app.apply_as("customer-token", &passport("c-1")).await;
    reply.assert_code(403, "CBC.0151");
    let path = format!("/journal/{}?view=exchange", reply.id());
    assert_eq!(app.control("GET", &path, &Value::Null).await.0, 409, "its token is not shown");
}

#[tokio::test]
async fn get_entry_of_a_neighbour_as_an_exchange_passes_check() {
    let world = "customers: [{ id: c-1, partner: demo, account_name: user_one, name: Wang Xiaoming, label: friends }]";
    let (query, create) = ("/v2/partners/sub-customers/query", "/v2/partners/sub-customers");
    let check_identity = "/v2/partners/sub-customers/users/check-identity";
    let new = |name: &str| json!({ "domain_area": "MX", "xaccount_id": name, "xaccount_type": "DEMO_IDP" });
    // Whether the body stands in the exchange, without and with personal data.
    let calls = [
        (query, json!({}), [false, true]),
        (query, json!({ "customer_id": "c-1" }), [false, true]),
        (query, json!({ "account_name": "nobody" }), [true, true]),
        (create, new("other"), [false, false]),
        (create, with(new("another"), "domain_name", "new_name"), [false, false]),
        (create, json!({ "domain_area": "MX" }), [true, true]),
        (check_identity, json!({ "search_type": "name", "search_value": "user_two" }), [true, true]),
        ("/v2/bases/verificationcode/send", json!({ "receiver_type": 2, "email": "a@b.example" }), [false, false]),
    ];
    for (place, name) in ["masked", "shown"].into_iter().enumerate() {
        let mut builder = Simulator::builder().scenario(Scenario::text(format!("{PARTNERS}{world}")));
        if name == "shown" {
            builder = builder.show_personal_data();
        }
        let app = TestApp::build(builder);
        let mut exchanges = String::new();
        for (path, body, has_body) in &calls {
            let reply = app.call("POST", path, &[JSON, ("x-auth-token", "token")], body.to_string()).await;
            let exchange = app.call("GET", &format!("/_sim/journal/{}?view=exchange", reply.id()), &[], "").await.body;
            assert_eq!(exchange.contains("    body:"), has_body[place], "{name}: {exchange}");
            let is_shown = exchange.contains("Wang") || exchange.contains("user_");
            assert!(name == "shown" || !is_shown, "{exchange}");
            exchanges += &exchange;
        }
        let file = format!("name: exported\n{PARTNERS}{world}\nexchanges:\n{exchanges}");
        let path = TestDir::new(&format!("exported-{name}")).put("exported.yaml", &file);
        let (code, stdout, stderr) = run(&["check", &path]);
        assert_eq!(code, Some(0), "{stdout}{stderr}\n{file}");
    }
}

#[tokio::test]
async fn head_takes_the_parameters_of_get_and_space_is_given_once() {
    let app = TestApp::builtin();
    for method in ["GET", "HEAD"] {
        let call = async |path: &str| app.call(method, path, &[], "").await.status;
        for path in ["/_sim/journal?limit=1", "/_sim/customers?limit=1", "/_sim/clock?space=default"] {
            assert_eq!(call(path).await, 200, "{method} {path}");
        }
        for path in ["/_sim/clock", "/_sim/journal", "/_sim/customers"] {
            let twice = format!("{path}?space=default&space=default");
            assert_eq!(call(&twice).await, 400, "{method} {twice}");
        }
    }
}
