//! `bss-sim import`: captures as different recorders write them, what is compared, and what is skipped.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{TestDir, binary, finished, passport, run, run_on, text, with};

const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";
const RESULT: &str = "/v2/customers/realname-auths/result";
const JSON_TYPE: &str = "application/json;charset=UTF-8";
const ID: &str = "0123456789abcdef0123456789abcdef";

/// The headers of an answer of the API.
fn answer_headers() -> Value {
    json!([{ "name": "Content-Type", "value": JSON_TYPE }, { "name": "X-Request-Id", "value": ID }])
}

/// An entry as most recorders write it.
fn entry(method: &str, target: &str, body: Option<&Value>, status: u16, answer: &Value) -> Value {
    let mut entry = json!({
        "startedDateTime": "2026-01-02T03:04:05.678Z",
        "time": 12.5,
        "request": {
            "method": method,
            "url": format!("https://bss.example.com{target}"),
            "httpVersion": "HTTP/1.1",
            "headers": [
                { "name": "X-Auth-Token", "value": "MIIToken123" },
                { "name": "Content-Type", "value": "application/json" },
            ],
            "queryString": [],
            "cookies": [],
        },
        "response": {
            "status": status,
            "headers": answer_headers(),
            "content": { "size": -1, "mimeType": JSON_TYPE, "text": answer.to_string() },
        },
    });
    if let Some(body) = body {
        entry["request"]["postData"] = json!({ "mimeType": "application/json", "text": body.to_string() });
    }
    entry
}

/// An application that was accepted.
fn accepted(customer: &str) -> Value {
    entry("POST", INDIVIDUAL, Some(&passport(customer)), 200, &json!({ "is_review": 1 }))
}

/// An application that was refused.
fn refused(customer: &str, code: &str, text: &str) -> Value {
    let body = json!({ "error_code": code, "error_msg": text });
    entry("POST", INDIVIDUAL, Some(&passport(customer)), 400, &body)
}

fn capture(entries: &[Value]) -> String {
    json!({ "log": { "version": "1.2", "creator": { "name": "a recorder", "version": "1" }, "entries": entries } })
        .to_string()
}

/// Imports a capture. The scenario holds what it says. Returns the scenario and the report.
#[track_caller]
fn import(test: &str, entries: &[Value]) -> (String, String) {
    let (code, scenario, report) = run_on(&capture(entries), &["import", "-"]);
    assert_eq!(code, Some(0), "{report}");
    let directory = TestDir::new(test);
    let (code, checked, stderr) = run(&["check", &directory.put("captured.yaml", &scenario)]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{checked}\n{scenario}");
    (scenario, report)
}

/// The report of a comparison alone, with its exit code.
fn check(entries: &[Value]) -> (Option<i32>, String) {
    let (code, stdout, report) = run_on(&capture(entries), &["import", "--check", "-"]);
    assert_eq!(stdout, "");
    (code, report)
}

#[test]
fn import_of_a_numeric_customer_id_is_a_customer_of_another_partner() {
    let refusal = "You do not have the operation permission to this customer.";
    let customer = "11112222333344445555666677778888";
    let (scenario, _) = import("import-numeric-customer", &[refused(customer, "CBC.99000000", refusal)]);
    assert!(scenario.contains(r#"partner: "partner-of-others""#), "{scenario}");
    assert!(!scenario.contains("scripted:"), "the rules say so: {scenario}");
}

#[test]
fn import_reads_captures_of_different_recorders() {
    let body = passport("c0ffee0123").to_string();
    // A browser: HTTP/2 with pseudo headers, names in lower case, the size of what was sent.
    let mut browser = accepted("c0ffee0123");
    browser["request"]["headers"] = json!([
        { "name": ":method", "value": "POST" },
        { "name": ":authority", "value": "bss.example.com" },
        { "name": "x-auth-token", "value": "MIIToken123" },
        { "name": "content-type", "value": "application/json" },
    ]);
    browser["request"]["httpVersion"] = "http/2.0".into();
    browser["response"]["content"]["size"] = 15.into();
    browser["_initiator"] = json!({ "type": "script", "stack": { "callFrames": [] } });
    browser["response"]["_transferSize"] = 300.into();
    // Another browser: the parameters of the form beside the text, and a comment.
    let mut commented = accepted("c0ffee0123");
    commented["request"]["postData"] = json!({ "mimeType": "application/json", "params": [], "text": body });
    commented["comment"] = "with a comment".into();
    // A proxy: the body of the answer in base64, whatever it is, and the port in the URL.
    let mut proxy = accepted("c0ffee0123");
    proxy["request"]["url"] = format!("https://10.1.2.3:8443{INDIVIDUAL}").into();
    proxy["response"]["content"] = json!({ "size": 15, "mimeType": JSON_TYPE, "text": "eyJpc19yZXZpZXciOjF9", "encoding": "base64", "compression": 0 });
    // Another proxy, in front of a gateway with a prefix: sizes that are not known, and a byte order mark.
    let mut prefixed = accepted("c0ffee0123");
    prefixed["request"]["url"] = format!("http://gateway.example.com/bss{INDIVIDUAL}?").into();
    prefixed["response"]["content"]["text"] = "\u{feff}{ \"is_review\": 1 }\n".into();
    let mut texts = Vec::new();
    for (number, recorder) in [browser, commented, proxy, prefixed].into_iter().enumerate() {
        let (scenario, report) = import(&format!("import-recorder-{number}"), &[recorder]);
        assert!(report.contains("entries: 1, calls of simulated endpoints: 1\n"), "{report}");
        assert!(report.ends_with("differences from bss-sim: 0\n"), "{report}");
        texts.push(scenario);
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:#?}");
    insta::assert_snapshot!(texts[0], @r###"
    # Made by `bss-sim import` from a capture. Every name, number, token and host is invented; read it once all the same before
    # you share it. `bss-sim check` runs its exchanges.
    name: captured
    description: What a real service answered, by a capture.

    partners:
      - { name: "partner-1", id: "account-1", xaccount_type: "AAAB_AAB", credentials: { tokens: ["token-1"] } }

    customers:
      - { id: "a0aaaa0001", partner: "partner-1" }

    exchanges:
      # entry 1
      - as: "partner-1"
        request:
          customer_id: "a0aaaa0001"
          identify_type: 0
          verified_type: 3
          verified_file_url: ["aaaab.jpg","aaab.jpg"]
          name: "Aaab Aaaaaaab"
          verified_number: "A00000001"
          change_type: -1
          xaccount_type: "AAAB_AAB"
        expect:
          status: 200
          body:
            is_review: 1
    "###);
    let (code, scenario, _) = run_on(&format!("\u{feff}{}", capture(&[accepted("c0ffee0123")])), &["import", "-"]);
    assert_eq!((code, scenario), (Some(0), texts.remove(0)));
}

#[test]
fn import_learns_the_world_behind_the_answers() {
    let result =
        |customer: &str, answer: &Value| entry("GET", &format!("{RESULT}?customer_id={customer}"), None, 200, answer);
    let (scenario, report) = import(
        "import-world",
        &[
            accepted("aaa111"),
            result("aaa111", &json!({ "review_result": 0, "opinion": null })),
            result("aaa111", &json!({ "review_result": 0, "opinion": null })),
            result("aaa111", &json!({ "review_result": 1, "opinion": "The photo of Wang is blurred" })),
            refused("bbb222", "CBC.99000027", "The customer has passed real-name authentication or is being reviewed."),
            refused("ccc333", "CBC.99000000", "You do not have the operation permission to this customer."),
            refused("ddd444", "CBC.99000035", "You are not a customer of a partner yet."),
            refused(
                "eee555",
                "CBC.99000026",
                "The number of real-name authentication times of the customer exceeds the upper limit.",
            ),
            refused(
                "fff666",
                "CBC.99007259",
                "You are a partner and cannot be authenticated as an individual using your real name.",
            ),
            refused("abc777", "CBC.0999", "Other errors."),
        ],
    );
    insta::assert_snapshot!(scenario.split("\nexchanges:").next().expect("a head"), @r###"
    # Made by `bss-sim import` from a capture. Every name, number, token and host is invented; read it once all the same before
    # you share it. `bss-sim check` runs its exchanges.
    name: captured
    description: What a real service answered, by a capture.

    partners:
      - { name: "partner-1", id: "account-1", xaccount_type: "AAAB_AAB", credentials: { tokens: ["token-1"] } }
      - { name: "partner-of-others", id: "account-2", xaccount_type: "OTHER_IDP" }

    customers:
      - { id: "aaa001", partner: "partner-1" }
      - { id: "aaa002", partner: "partner-1", real_name: "authenticated", customer_type: "individual" }
      - { id: "aaa003", partner: "partner-of-others" }
      - { id: "aaa005", partner: "partner-1", attempts: 3 }
      - { id: "aaa006", partner: "partner-1", partner_program: true }

    scripted:
      - { when: { caller: "partner-1", customer_id: "aaa007", identify_type: 0, verified_file_url: "aaaab.jpg", name: "Aaab Aaaaaaab", verified_number: "A00000001", xaccount_type: "AAAB_AAB", verified_type: 3, change_type: -1 }, then: { raw: { status: 400, content_type: "application/json;charset=UTF-8", body: "{\"error_code\":\"CBC.0999\",\"error_msg\":\"Other errors.\"}" } }, times: 1 }
    "###);
    assert!(scenario.contains("  - review: { customer: "), "{scenario}");
    assert_eq!(scenario.matches("# entry").count(), 9, "what is asked again has one exchange: {scenario}");
    assert!(report.contains("reviews: 1: "), "{report}");
}

#[test]
fn import_proposes_what_makes_the_same_answer() {
    let mut text = refused("aaa111", "CBC.0151", "Access denied!");
    text["response"]["status"] = 403.into();
    let review = entry("POST", INDIVIDUAL, Some(&passport("bbb222")), 200, &json!({ "is_review": "1" }));
    let parameters = refused("ccc333", "CBC.0100", "customer_id: must not be null");
    let unknown = refused("ddd444", "CBC.99001234", "The service of 王小明 is busy, call +86 13800138000.");
    let mut proxy = accepted("eee555");
    proxy["response"]["status"] = 502.into();
    proxy["response"]["content"]["text"] = "<html>502 at proxy-7.corp.example</html>".into();
    let (scenario, report) = import("import-proposals", &[text, review, parameters, unknown, proxy]);
    insta::assert_snapshot!(report, @r###"
    entries: 5, calls of simulated endpoints: 5
    a scenario: exchanges: 5, scripted answers: 4
    differences:
      CBC.0151: error_msg: the service: "Access denied!"; bss-sim: "Access denied." (1 entry: 1)
          the same: settings: { wire: { messages: { CBC.0151: "Access denied!" } } }
      POST /v2/customers/realname-auths/individual: body.is_review: the service: text; bss-sim: number (1 entry: 2)
          the same: settings: { wire: { is_review: string } }
      CBC.0100: error_msg: the service: "customer_id: must not be null"; bss-sim: "Parameter error." (1 entry: 3)
          the same, if it names the field: settings: { wire: { parameter_errors: named } }
      CBC.99001234: outcome: the service: status 400; bss-sim: not known (1 entry: 4)
          the same: scripted: [{ when: {}, then: { raw: { status: 400, content_type: "application/json;charset=UTF-8", body: "{\"error_code\":\"CBC.99001234\",\"error_msg\":\"The service of 一一丁 is busy, call +01 00000000001.\"}" } } }]
      status 502: outcome: the service: status 502; bss-sim: not known (1 entry: 5)
          the same: scripted: [{ when: {}, then: { raw: { status: 502, content_type: "application/json;charset=UTF-8", body: "<html>502 at aaaac-1.aaac.aaaaaab</html>" } } }]
    differences from bss-sim: 5
    "###);
    assert!(!format!("{scenario}{report}").contains("13800138000"), "{scenario}{report}");
}

#[test]
fn import_invents_keys_and_media_types_on_both_outputs() {
    let mut typed = entry("POST", INDIVIDUAL, Some(&passport("aaa111")), 200, &json!({ "is_review": 1, "ok": 2 }));
    typed["response"]["headers"][0]["value"] = "application/vnd.zorgco.v2+json; boundary=Zorgline99".into();
    let answer = json!({ "review_result": 1, "opinion": null, "Frodo.Bagginsov": { "E9988776": "x" } });
    let keyed = entry("GET", &format!("{RESULT}?customer_id=aaa111"), None, 200, &answer);
    let (scenario, report) = import("import-invented-keys", &[typed, keyed]);
    for secret in ["zorgco", "Zorgline99", "Frodo", "Bagginsov", "E9988776"] {
        assert!(!scenario.contains(secret) && !report.contains(secret), "{secret} is in\n{scenario}\n{report}");
    }
    assert!(report.contains("Content-Type: the service: application/vnd."), "{report}");
    assert!(report.contains(": the service: object; bss-sim: no such key"), "{report}");
}

#[test]
fn import_check_tells_each_drift() {
    let documented = "The customer has passed real-name authentication or is being reviewed.";
    let (code, report) = check(&[accepted("aaa111"), refused("aaa111", "CBC.99000027", documented)]);
    assert_eq!(code, Some(0), "{report}");
    let header = |name: &str, value: &str| {
        let mut entry = accepted("aaa111");
        let headers = entry["response"]["headers"].as_array_mut().expect("headers");
        headers.retain(|header| header["name"] != name);
        headers.push(json!({ "name": name.to_ascii_lowercase(), "value": value }));
        entry
    };
    let answer = |body: &str| {
        let mut entry = accepted("aaa111");
        entry["response"]["content"]["text"] = body.into();
        entry
    };
    let mut status = refused("aaa111", "CBC.99000027", documented);
    status["response"]["status"] = 409.into();
    let order = json!({ "error_msg": documented, "error_code": "CBC.99000027" });
    for (entry, difference) in [
        (
            header("Content-Type", "application/json"),
            "Content-Type: the service: application/json; bss-sim: application/json;charset=UTF-8",
        ),
        (header("Server", "CloudWAF"), "Server: the service: CloudWAF; bss-sim: none"),
        (header("Retry-After", "5"), "Retry-After: the service: seconds; bss-sim: none"),
        (
            header("X-Request-Id", "01234567-89ab-cdef-0123-456789abcdef"),
            "form of X-Request-Id: the service: a UUID with hyphens; bss-sim: 32 hexadecimal digits",
        ),
        (answer(r#"{"is_review":"1"}"#), "body.is_review: the service: text; bss-sim: number"),
        (answer(r#"{"is_review":1,"task_id":"x"}"#), "body.task_id: the service: text; bss-sim: no such key"),
        (answer("{}"), "body.is_review: the service: no such key; bss-sim: number"),
        (status, "CBC.99000027: status: the service: 409; bss-sim: 400"),
        (
            refused("a", "CBC.99000027", "Passed."),
            r#"CBC.99000027: error_msg: the service: "Passed."; bss-sim: "The customer has passed"#,
        ),
        (refused("a", "CBC.99009999", "New."), "CBC.99009999: outcome: the service: status 400; bss-sim: not known"),
        (
            entry("POST", INDIVIDUAL, Some(&passport("a")), 400, &order),
            "order of keys: the service: error_msg, error_code; bss-sim: error_code, error_msg",
        ),
    ] {
        let (code, report) = check(&[entry]);
        assert_eq!(code, Some(1), "{difference}: {report}");
        assert!(report.contains(difference), "{difference}: {report}");
    }
}

#[test]
fn import_proposes_nothing_that_has_no_effect() {
    let gateway = |code: &str, text: &str, status: u16| {
        let body = json!({ "error_msg": text, "error_code": code, "request_id": ID });
        let mut entry = entry("POST", INDIVIDUAL, Some(&passport("aaa111")), status, &body);
        entry["response"]["headers"] = json!([
            { "name": "Content-Type", "value": "application/json" }, { "name": "X-Request-Id", "value": ID },
            { "name": "Server", "value": "api-gateway" }, { "name": "Retry-After", "value": "1" },
        ]);
        entry
    };
    let mut refused_by_gateway =
        gateway("APIGW.0301", "Incorrect IAM authentication information: decrypt token fail", 401);
    refused_by_gateway["response"]["headers"] =
        json!([{ "name": "Content-Type", "value": "text/html" }, { "name": "Server", "value": "api-gateway" }]);
    let mut items = refused(
        "aaa111",
        "CBC.99007004",
        "The initiated service operation does not meet the service check item requirement.",
    );
    let body: Value = serde_json::from_str(text(&items["response"]["content"]["text"])).expect("JSON");
    items["response"]["content"]["text"] = with(body, "fail_check_items", json!(["IS_DEBT"])).to_string().into();
    for (number, (entry, difference, remedy)) in [
        (
            refused_by_gateway,
            "APIGW.0301: Content-Type: the service: text/html; bss-sim: application/json",
            "nothing gives the same: bss-sim answers this before it looks for a scripted answer",
        ),
        (
            refused("aaa111", "CBC.99007188", ""),
            r#"CBC.99007188: error_msg: the service: "";"#,
            "the same: scripted: [{",
        ),
        (
            gateway("APIGW.0308", "Slow down", 429),
            r#"APIGW.0308: error_msg: the service: "Slow down";"#,
            r#"the same: settings: { wire: { messages: { APIGW.0308: "Slow down" } } }"#,
        ),
        (items, "CBC.99007004: fail_check_items: the service: ", r#"\"fail_check_items\":[\"IS_DEBT\"]"#),
    ]
    .into_iter()
    .enumerate()
    {
        let (scenario, report) = import(&format!("import-no-effect-{number}"), &[entry]);
        assert!(report.contains(difference) && report.contains(remedy), "{difference}: {report}");
        assert!(scenario.contains("exchanges:"), "{difference}: {scenario}");
    }
    let (code, report) = check(&[gateway("APIGW.0308", "The throttling threshold has been reached", 429)]);
    assert!(code == Some(1) && report.contains("APIGW.0308: error_msg: "), "{report}");
}

#[test]
fn import_leaves_out_a_call_that_is_longer_than_any_exchange() {
    let long = refused("bbb222", "CBC.0999", &"long ".repeat(400_000));
    let (scenario, report) = import("import-long-answer", &[accepted("aaa111"), long, accepted("ccc333")]);
    assert!(report.contains("calls of more than 1 MiB, request and answer together (1 entry: 2)"), "{report}");
    assert_eq!(scenario.matches("is_review: 1").count(), 2, "{scenario}");
}

#[test]
fn import_check_accepts_what_is_known_and_tells_what_is_new() {
    let mut known = refused("aaa111", "CBC.99000027", "Passed already.");
    known["response"]["headers"]
        .as_array_mut()
        .expect("headers")
        .push(json!({ "name": "Server", "value": "CloudWAF" }));
    let (scenario, report) = import("import-known", &[known.clone()]);
    assert!(report.ends_with("differences from bss-sim: 2\n"), "{report}");
    let directory = TestDir::new("import-known-scenario");
    let scenario = directory.put("captured.yaml", &scenario);
    let check = |entry: &Value, flags: &[&str]| {
        let (code, _, report) =
            run_on(&capture(std::slice::from_ref(entry)), &[&["import", "--check", "-"], flags].concat());
        (code, report)
    };
    let (header, wire) = (["--ignore-header", "server"], ["--fixtures", scenario.as_str()]);
    for flags in [&header[..], &wire[..]] {
        let (code, report) = check(&known, flags);
        assert!(code == Some(1) && report.contains("differences from bss-sim: 1\n"), "{flags:?}: {report}");
    }
    let both = [&header[..], &wire[..]].concat();
    assert_eq!(check(&known, &both).0, Some(0));
    known["response"]["content"]["text"] =
        json!({ "error_code": "CBC.99000027", "error_msg": "New." }).to_string().into();
    let (code, report) = check(&known, &both);
    assert!(code == Some(1) && report.contains(r#"the service: "New."; bss-sim: "Passed already.""#), "{report}");
    let (code, _, stderr) = run(&["import", "-", "--ignore-header", "date"]);
    assert!(code == Some(2) && stderr.contains("content-type, server, retry-after, x-request-id"), "{stderr}");
}

#[test]
fn import_tells_and_skips_what_it_cannot_use() {
    let mut compressed = accepted("aaa111");
    compressed["response"]["content"]["text"] = "H4sIAAAAAAAA/w==".into();
    compressed["response"]["content"]["encoding"] = "base64".into();
    let mut cut = accepted("aaa111");
    cut["response"]["content"]["text"] = r#"{"is_rev"#.into();
    let mut missing = accepted("aaa111");
    missing["response"]["content"] = json!({ "size": 15, "mimeType": JSON_TYPE });
    let mut without_request_body = accepted("aaa111");
    without_request_body["request"]["postData"] = json!({ "mimeType": "application/json", "params": [] });
    let mut failed = accepted("aaa111");
    failed["response"]["status"] = 0.into();
    let foreign = entry("GET", "/static/app.js", None, 200, &json!({}));
    let control = entry("GET", "/_sim/journal", None, 200, &json!({}));
    let mut another_type = accepted("aaa111");
    another_type["request"]["headers"][1]["value"] = "text/plain".into();
    let method = entry("DELETE", INDIVIDUAL, None, 404, &json!({}));
    let (_, report) = import(
        "import-skipped",
        &[
            accepted("aaa111"),
            compressed,
            cut,
            missing,
            without_request_body,
            failed,
            foreign,
            control,
            another_type,
            method,
            Value::Null,
            json!({ "request": {} }),
        ],
    );
    insta::assert_snapshot!(report, @r###"
    entries: 12, calls of simulated endpoints: 3
    a scenario: exchanges: 1, scripted answers: 0
    skipped:
      calls of other paths than the simulated ones (2 entries: 7, 8)
      calls by another method than the path has (1 entry: 10)
      broken entries: without a request or a response as HAR 1.2 has them (2 entries: 11, 12)
      calls without an answer: the connection failed, or the recorder stopped (1 entry: 6)
      answers whose body is still compressed: let the recorder decode bodies (1 entry: 2)
      answers whose body is missing: let the recorder keep bodies (1 entry: 4)
      answers whose body is broken or cut off: raise the recorder's limit of size (1 entry: 3)
    no exchanges:
      calls whose request body is empty, or was not recorded (1 entry: 5)
      calls with another Content-Type than JSON: an exchange is sent as JSON (1 entry: 9)
    differences from bss-sim: 0
    "###);
}

#[test]
fn import_uses_a_broken_capture_up_to_its_broken_place() {
    let whole = capture(&[accepted("aaa111"), accepted("bbb222")]);
    let cut = &whole[..whole.len() - 300];
    let (code, scenario, report) = run_on(cut, &["import", "-"]);
    assert_eq!(code, Some(3), "{report}");
    assert!(scenario.contains("# entry 1") && !scenario.contains("# entry 2"), "{scenario}");
    let place = format!("the capture is broken or cut off at line 1, column {}", cut.len());
    assert!(report.contains(&place), "{report}");
    let directory = TestDir::new("captures");
    for (name, content, message) in [
        ("empty.har", "", "this is no HTTP archive (HAR 1.2): it has no `log.entries`"),
        ("other.json", "[1, 2]", "it has no `log.entries`"),
        ("page.html", "<html>", "it has no `log.entries`"),
        ("log.har", r#"{"log":{"version":"1.2"}}"#, "it has no `log.entries`"),
    ] {
        let (code, _, report) = run(&["import", &directory.put(name, content)]);
        assert_eq!(code, Some(3), "{name}: {report}");
        assert!(report.contains(message), "{name}: {report}");
    }
    let packed = directory.put("packed.har.gz", [0x1F, 0x8B, 8, 0]);
    assert!(run(&["import", &packed]).2.contains("decompress it first"));
    let (code, _, report) = run(&["import", &format!("{}/none.har", directory.as_str())]);
    assert_eq!(code, Some(3));
    assert!(report.contains("the capture cannot be read"), "{report}");
}

#[test]
fn import_check_of_a_capture_that_is_cut_off_exits_3_whatever_differs() {
    let whole = capture(&[refused("aaa111", "CBC.99000027", "Passed."), accepted("bbb222")]);
    let (code, _, report) = run_on(&whole[..whole.len() - 300], &["import", "--check", "-"]);
    assert_eq!(code, Some(3), "{report}");
    assert!(report.contains(r#"the service: "Passed.""#), "{report}");
    assert!(report.contains("the capture is broken or cut off at line 1"), "{report}");
}

/// How many entries the capture of the test below has: about 12 MB.
const MANY: usize = 12_000;

/// What a process may have at the most for it. The program alone has about 25 MB in a debug build.
const MAX_KIB: u64 = 90 * 1024;

#[test]
fn import_of_a_long_capture_has_bounded_memory() {
    let mut child = binary()
        .args(["import", "--check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let mut pipe = child.stdin.take().expect("stdin is a pipe");
    write!(pipe, r#"{{"log":{{"version":"1.2","entries":["#).expect("it reads");
    for number in 0..MANY {
        let application = with(passport(&format!("customer-{number}")), "verified_number", format!("E{number:08}"));
        let mut entry = entry("POST", INDIVIDUAL, Some(&application), 200, &json!({ "is_review": 1 }));
        entry["request"]["headers"][0]["value"] = format!("{:0>64}", number % 500).into();
        let separator = if number == 0 { "" } else { "," };
        write!(pipe, "{separator}{entry}").expect("it reads");
    }
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("Linux has it");
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    write!(pipe, "]}}}}").expect("it reads");
    drop(pipe);
    let (code, _, report) = finished(child.wait_with_output().expect("it ends"));
    assert_eq!(code, Some(0), "{report}");
    let peak = peak.expect("it is in KiB");
    assert!(peak < MAX_KIB, "{peak} KiB");
}

#[test]
fn import_tells_repeated_calls_and_answers_without_a_body() {
    let result = entry("GET", &format!("{RESULT}?customer_id=aaa111"), None, 200, &json!({ "review_result": 0 }));
    let with_content = |status: u16, content: Value| {
        let mut entry = accepted("aaa111");
        entry["response"]["status"] = status.into();
        entry["response"]["content"] = content;
        entry
    };
    let calls = [
        accepted("aaa111"),
        result.clone(),
        result.clone(),
        result,
        with_content(200, json!({})),
        with_content(200, Value::Null),
        with_content(200, "x".into()),
        with_content(200, json!({ "text": ["x"] })),
        with_content(204, json!({})),
        with_content(200, json!({ "size": 0 })),
    ];
    let (_, report) = import("import-repeated", &calls);
    let repeated = "repeated calls with the same answer: one exchange stands for them (2 entries: 3, 4)";
    assert!(report.contains(repeated), "{report}");
    let missing = "answers whose body is missing: let the recorder keep bodies (4 entries: 5, 6, 7, …)";
    assert!(report.contains(missing), "{report}");
    assert!(report.contains("calls of simulated endpoints: 6\n"), "the last two are really empty: {report}");
}

#[test]
fn import_check_of_nothing_is_a_failure() {
    let foreign = entry("GET", "/static/app.js", None, 200, &json!({}));
    for entries in [vec![], vec![foreign]] {
        let (code, report) = check(&entries);
        assert_eq!(code, Some(1), "{report}");
        assert!(report.contains("nothing was compared"), "{report}");
        let (code, _, report) = run_on(&capture(&entries), &["import", "-"]);
        assert_eq!(code, Some(0), "only a check needs calls: {report}");
    }
    assert_eq!(check(&[accepted("aaa111")]).0, Some(0));
}
