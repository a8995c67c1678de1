//! The journal: what was asked and answered, why, and who may read what of it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use axum::http::Method;
use bss_sim::{Builder, Scenario, Simulator};
use serde_json::{Value, json};

use crate::faults::{application, ask};
use crate::process::Simulator as Process;
use crate::service::{DEMO, INDIVIDUAL, Reply, Service, passport, with, without};
use crate::time::{login, signed};

/// An answer of a door: its name, what answered, the code, what decided, and the check or rule.
pub(crate) type Door = (&'static str, Reply, Value, &'static str, Value);

/// One answer of every door, in the default scenario.
pub(crate) async fn doors(service: &Service) -> Vec<Door> {
    let mut doors = applications(service).await;
    let json = [("content-type", "application/json"), ("x-auth-token", "demo-token")];
    let post = async |headers: &[_], body: Vec<u8>| service.call(Method::POST, INDIVIDUAL, headers, body).await;
    let get = async |path: &str| service.call(Method::GET, path, &json, "").await;
    let result = async |id: &str| get(&format!("/v2/customers/realname-auths/result?customer_id={id}")).await;
    let login = async |password| login(service, &[], ["demo-partner", "demo", password]).await;
    let wrong = signed(Method::POST, INDIVIDUAL, "{}", "DEMOAK0001", "wrong", 0);
    let too_long = vec![b' '; 12 * 1024 * 1024 + 1];
    let lenient_caller = "authenticated";
    let none = "";
    let table = [
        ("no JSON", post(&json, b"{".to_vec()).await, "CBC.0100", "parameters", "parameters"),
        (
            "a customer",
            service.apply_as("customer-token", &json!({})).await,
            "CBC.0151",
            "gateway",
            "caller-is-partner",
        ),
        ("bad token", service.apply_as("no-token", &json!({})).await, "APIGW.0301", "gateway", lenient_caller),
        ("no token", post(&json[..1], Vec::new()).await, "APIGW.0301", "gateway", lenient_caller),
        ("bad key", service.send(wrong).await, "APIGW.0301", "gateway", lenient_caller),
        ("path", get("/v2/unknown").await, "APIGW.0101", "gateway", "path-known"),
        ("method", get(INDIVIDUAL).await, "APIGW.0101", "gateway", "method-known"),
        ("too long", post(&json, too_long).await, "APIGW.0201", "gateway", "body-size"),
        ("result", result("customer-done").await, none, "accepted", none),
        ("another's result", result("customer-of-other").await, "CBC.99000000", "rule", "customer-of-caller"),
        ("result of nobody", result("").await, "CBC.0100", "parameters", "parameters"),
        ("logged in", login("demo-password").await, none, "accepted", none),
        ("not logged in", login("wrong").await, none, "gateway", "identity"),
        ("domains", get("/v3/auth/domains").await, none, "accepted", none),
    ];
    doors.extend(table.map(|(door, reply, code, by, rule)| (door, reply, or_null(code), by, or_null(rule))));
    doors
}

/// Applications that are accepted and refused in all ways that the default scenario has.
async fn applications(service: &Service) -> Vec<Door> {
    let script = json!({ "when": { "name": "Flaky" }, "then": { "gateway": "APIGW.0308" } });
    assert_eq!(service.control(Method::POST, "/scripted", Some(&script)).await.0, 201);
    let number = "verified_number";
    let table = [
        ("customer-new", "name", json!("A"), "", ""),
        ("customer-new", "name", json!("A"), "CBC.99000027", "not-authenticated-yet"),
        ("customer-exhausted", "name", json!("A"), "CBC.99000026", "attempts-left"),
        ("customer-own", "xaccount_type", json!("X"), "CBC.0100", "platform-of-partner"),
        ("5f8a1c0e9d3b47a2b6c4d1e0f2a39b71", "name", json!("A"), "CBC.99007265", "customer-not-caller"),
        ("customer-free", "name", json!("A"), "CBC.99000035", "customer-has-partner"),
        ("customer-of-other", "name", json!("A"), "CBC.99000000", "customer-of-caller"),
        ("customer-partner", "name", json!("A"), "CBC.99007259", "customer-not-partner"),
        ("customer-own", number, json!("E00000193"), "CBC.99007193", "certificate-allowed"),
        ("customer-own", number, json!("E00000202"), "CBC.99007202", "identity-agrees"),
        ("customer-own", number, json!("E00000188"), "CBC.99007188", "verification-passes"),
        ("customer-rejected", number, json!("E00000189"), "CBC.99007189", "certificate-not-worn-out"),
        ("customer-rejected", "verified_file_url", json!(["a.txt", "b.jpg"]), "CBC.99007004", "pictures-pass"),
        ("customer-own", "name", json!("Flaky"), "APIGW.0308", "script"),
        ("customer-own", "identify_type", json!(9), "CBC.0100", "parameters"),
    ];
    let mut doors = Vec::new();
    for (customer, field, value, code, rule) in table {
        let application = with(with(passport(customer), "xaccount_type", "***_IDP"), field, value);
        let by = match rule {
            "" => "accepted",
            "script" | "parameters" => rule,
            _ => "rule",
        };
        let reply = service.apply_as("demo-token", &application).await;
        doors.push((customer, reply, or_null(code), by, or_null(rule)));
    }
    doors
}

fn or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

/// The journal entry of a reply.
pub(crate) async fn entry(service: &Service, reply: &Reply) -> Value {
    let (status, entry) = service.control(Method::GET, &format!("/journal/{}", reply.id()), None).await;
    assert_eq!(status, 200, "{reply:?}");
    entry
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

#[tokio::test]
async fn every_answer_of_every_door_is_in_the_journal() {
    let service = Service::builtin();
    let doors = doors(&service).await;
    for (door, reply, code, decided_by, rule) in &doors {
        let entry = entry(&service, reply).await;
        assert_eq!((entry["space"].as_str(), entry["request_id"].as_str()), (Some("default"), Some(reply.id())));
        assert_eq!(entry["outcome"], json!({ "error_code": code, "decided_by": decided_by, "rule": rule }), "{door}");
        assert_eq!(entry["response"]["status"], reply.status.as_u16(), "{door}");
        let is_iam = entry["request"]["path"].as_str().is_some_and(|path| path.starts_with("/v3"));
        if !is_iam {
            assert_eq!(entry["response"]["body"], reply.json(), "{door}");
        }
        let at = entry["at"].as_str().expect("a time");
        assert_eq!((at.len(), &at[19..20], &at[23..]), (24, ".", "Z"), "{door}: {at}");
        assert_eq!(keys(&entry["request"]), ["method", "path", "headers", "body"], "{door}");
        assert!(entry["changes"].is_array(), "{door}");
        for check in entry["checks"].as_array().expect("a list") {
            assert_eq!(keys(check), ["check", "result", "saw", "basis", "source"], "{door}");
            assert!(["documented", "assumed"].contains(&check["basis"].as_str().expect("text")), "{check}");
            assert!(!check["source"].as_str().expect("text").is_empty(), "{check}");
            let saw = check["saw"].as_str().expect("text");
            assert!(check["result"] != "failed" || !saw.is_empty(), "{door}: what did it see? {check}");
        }
    }
    let (_, listed) = service.control(Method::GET, "/journal?limit=1000", None).await;
    assert_eq!(listed["entries"].as_array().map(Vec::len), Some(doors.len()), "each is there once");
}

#[tokio::test]
async fn what_iam_answers_is_in_the_journal() {
    let service = Service::builtin();
    let refused = login(&service, &[], ["demo-partner", "demo", "wrong"]).await;
    assert_eq!(entry(&service, &refused).await["response"]["body"], refused.json());
}

#[tokio::test]
async fn an_entry_tells_what_it_changed() {
    let service =
        Service::with("customers: [{ id: c-1, partner: demo }]\ncertificates: [{ number: E188, verdict: fail }]");
    let failed = entry(&service, &service.apply(&with(passport("c-1"), "verified_number", "E188")).await).await;
    assert_eq!(failed["changes"][0]["customer"], "c-1", "an attempt was counted: {failed}");
    let accepted = entry(&service, &service.apply(&passport("c-1")).await).await;
    assert_eq!(accepted["changes"].as_array().map(Vec::len), Some(1));
    assert_eq!(accepted["changes"][0]["customer"], "c-1");
    assert_eq!(accepted["changes"][0]["real_name"], json!(["unauthenticated", "under_review"]));
    let refused = entry(&service, &service.apply(&passport("c-1")).await).await;
    assert_eq!(refused["changes"], json!([]));
}

#[tokio::test]
async fn a_page_of_the_journal_leads_to_the_next_without_gaps_or_repeats() {
    let service = Service::with("customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }]");
    let mut ids: Vec<(String, &str)> = Vec::new();
    for customer in ["c-1", "c-2", "c-1", "c-1", "c-2", "c-1", "c-1"] {
        ids.push((service.apply(&passport(customer)).await.id().to_owned(), customer));
    }
    for (filter, wanted) in [("", vec!["c-1", "c-2"]), ("&customer_id=c-1", vec!["c-1"]), ("&customer_id=c-3", vec![])]
    {
        for limit in 1..=8 {
            let (mut seen, mut since) = (Vec::new(), json!(0));
            loop {
                let path = format!("/journal?limit={limit}&since={since}{filter}");
                let (_, page) = service.control(Method::GET, &path, None).await;
                let entries = page["entries"].as_array().expect("a list");
                assert!(entries.len() <= limit, "{path}");
                seen.extend(entries.iter().map(|entry| entry["request_id"].as_str().expect("an ID").to_owned()));
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
    let (_, refused) = service.control(Method::GET, "/journal?error_code=CBC.99000027", None).await;
    assert_eq!(refused["entries"].as_array().map(Vec::len), Some(5));
    let reply = service.apply(&passport("c-2")).await;
    let (_, new) = service.control(Method::GET, &format!("/journal?since={}", refused["next"]), None).await;
    assert_eq!(
        (new["entries"].as_array().map(Vec::len), &new["entries"][0]["request_id"]),
        (Some(1), &json!(reply.id()))
    );
    for bad in ["since=x", "limit=-1", "limit=many"] {
        assert_eq!(service.control(Method::GET, &format!("/journal?{bad}"), None).await.0, 400, "{bad}");
    }
    assert_eq!(service.control(Method::DELETE, "/journal", None).await.0, 204);
    let (_, empty) = service.control(Method::GET, "/journal", None).await;
    assert_eq!((&empty["entries"], &empty["dropped"]), (&json!([]), &json!(0)));
    assert_eq!(service.control(Method::GET, &format!("/journal/{}", reply.id()), None).await.0, 404);
}

#[tokio::test]
async fn the_entries_of_a_customer_are_those_that_ask_for_it() {
    let service = Service::with("customers: [{ id: c-1, partner: demo }, { id: c-11, partner: demo }]");
    let table = [
        ("?customer_id=c-1", 1, "alone"),
        ("?customer_id=c-1&other=1", 1, "before another parameter"),
        ("?other=1&customer_id=c%2D1", 1, "encoded"),
        ("?customer_id=c-11", 0, "another customer"),
        ("?other_customer_id=c-1", 0, "another parameter"),
    ];
    for (query, count, why) in table {
        let path = format!("/v2/customers/realname-auths/result{query}");
        service.call(Method::GET, &path, &[("x-auth-token", "token")], "").await;
        let (_, journal) = service.control(Method::GET, "/journal?customer_id=c-1", None).await;
        assert_eq!(journal["entries"].as_array().map(Vec::len), Some(count), "{why}");
        service.control(Method::DELETE, "/journal", None).await;
    }
}

/// A customer, and the partner that it belongs to.
fn one_customer() -> Builder {
    let yaml = format!("{DEMO}customers: [{{ id: c-1, partner: demo }}]");
    Simulator::builder().scenario(Scenario::text(yaml))
}

#[tokio::test]
async fn the_journal_is_bounded_and_says_what_it_dropped() {
    let long = "x".repeat(3_000);
    let table = [
        (one_customer().journal_entries(10), 10, "by entries"),
        (one_customer().journal_bytes(40_000), 14, "by bytes: a body alone has 3000"),
    ];
    for (builder, most, why) in table {
        let service = Service::built(builder);
        let mut ids = Vec::new();
        for _ in 0..25 {
            ids.push(service.apply(&with(passport("c-1"), "extra", long.clone())).await.id().to_owned());
        }
        let (_, journal) = service.control(Method::GET, "/journal?limit=1000", None).await;
        let kept: Vec<_> = journal["entries"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| entry["request_id"].as_str().expect("an ID"))
            .collect();
        assert!((1..=most).contains(&kept.len()), "{why}: {}", kept.len());
        assert_eq!(journal["dropped"], 25 - kept.len(), "{why}");
        assert_eq!(kept, ids[25 - kept.len()..], "{why}: the newest are kept");
        let (status, error) = service.control(Method::GET, &format!("/journal/{}", ids[0]), None).await;
        assert_eq!(status, 404, "{error}");
    }
}

/// Asks in ways that bring personal data and secrets in.
async fn tell_secrets(service: &Service) {
    let named = with(with(passport("c-1"), "name", "Wang Secret"), "verified_number", "E-SECRET");
    service.apply(&named).await;
    service.apply(&without(named.clone(), "xaccount_type")).await;
    service.apply(&with(named.clone(), "name", json!(["Wang Secret"]))).await;
    service.apply(&with(named.clone(), "name", json!({ "full": "Wang Secret" }))).await;
    service.apply(&with(named.clone(), "verified_number", json!({ "number": "E-SECRET" }))).await;
    service.post(format!("{named}}}")).await;
    service.apply_as("token-secret", &named).await;
    service.send(signed(Method::POST, INDIVIDUAL, &named.to_string(), "AK1", "key-secret", 0)).await;
    login(service, &[], ["demo", "ann", "password-secret"]).await;
    let by_token = json!({ "auth": { "identity": { "methods": ["token"], "token": { "id": "token-secret" } } } });
    service.call(Method::POST, "/v3/auth/tokens", &[], by_token.to_string()).await;
    let cookie = [("authorization", "Bearer token-secret"), ("x-security-token", "token-secret")];
    service.call(Method::POST, INDIVIDUAL, &cookie, "{}").await;
}

#[tokio::test]
async fn personal_data_and_secrets_are_masked() {
    let service = Service::built(one_customer());
    tell_secrets(&service).await;
    let (_, journal) = service.control(Method::GET, "/journal", None).await;
    let entries = journal["entries"].as_array().expect("a list");
    assert_eq!(entries[0]["request"]["body"]["customer_id"], "c-1", "the rest is shown");
    // The gateway's own text for an unknown key has the word too.
    let told = |entry: &Value| entry.to_string().to_lowercase().replace("get secretkey failed", "");
    let leaks = entries.iter().filter(|entry| told(entry).contains("secret"));
    let leaks: Vec<_> = leaks.map(|entry| &entry["request"]["body"]).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    let expectation = json!({ "match": { "customer_id": "c-9" } });
    let (_, closest) = service.control(Method::POST, "/verify", Some(&expectation)).await;
    assert!(!told(&closest).contains("secret"), "{closest}");
}

#[tokio::test]
async fn personal_data_is_shown_to_who_asks_for_it_but_no_secret_of_a_header() {
    let service = Service::built(one_customer().show_personal_data());
    tell_secrets(&service).await;
    let (_, journal) = service.control(Method::GET, "/journal", None).await;
    let body = &journal["entries"][0]["request"]["body"];
    assert_eq!((&body["name"], &body["verified_number"]), (&json!("Wang Secret"), &json!("E-SECRET")));
    for entry in journal["entries"].as_array().expect("a list") {
        assert!(!entry["request"]["headers"].to_string().contains("token-secret"), "{entry}");
    }
}

#[test]
fn a_follower_gets_entries_as_they_come_and_the_end() {
    let simulator = Process::start(&[]);
    let mut stream = TcpStream::connect(simulator.authority()).expect("it listens");
    stream.write_all(b"GET /_sim/journal/stream HTTP/1.1\r\nhost: a\r\n\r\n").expect("it reads");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("the stream is text"));
    let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert!(head[0].starts_with("HTTP/1.1 200"), "{head:?}");
    assert!(head.iter().any(|line| line.to_lowercase().starts_with("content-type: text/event-stream")), "{head:?}");
    for _ in 0..3 {
        let answer = ask(simulator.authority(), &application("{}"));
        let id = answer.split("x-request-id: ").nth(1).and_then(|rest| rest.get(..32)).expect("an answer has an ID");
        let data = lines.find_map(|line| Some(line.strip_prefix("data: ")?.to_owned())).expect("an event");
        let entry: Value = serde_json::from_str(&data).expect("an entry is JSON");
        assert_eq!(
            (entry["request_id"].as_str(), entry["outcome"]["decided_by"].as_str()),
            (Some(id), Some("parameters"))
        );
    }
    let (status, _, _) = simulator.end("TERM");
    assert_eq!(status.code(), Some(0));
    let rest: Vec<_> = lines.collect();
    assert!(!rest.iter().any(|line| line.starts_with("data: ")), "{rest:?}");
}
