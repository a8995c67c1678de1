//! The report of `bss-sim exec`: what was asked, what was not expected, and which documented outcomes were met.

use serde_json::{Value, json};

use crate::service::{INDIVIDUAL, passport, with};
use crate::signing::now;
use crate::waiting::{WAITING, Waiting};

/// A well-formed application, in the default scenario.
fn application(customer: &str) -> Value {
    with(passport(customer), "xaccount_type", "***_IDP")
}

#[test]
fn the_report_tells_what_was_asked_in_all_spaces() {
    let waiting = Waiting::start(&[], WAITING);
    assert_eq!(waiting.apply("demo-token", &application("customer-new")), 200);
    assert_eq!(waiting.apply("demo-token", &json!({})), 400);
    assert_eq!(waiting.apply("wrong", &json!({})), 401);
    assert_eq!(waiting.ask("GET", INDIVIDUAL, &[], "").0, 404);
    for _ in 0..2 {
        assert_eq!(waiting.ask("POST", "/v2/individual?name=Wang", &[], "{}").0, 404);
    }
    let (picture, token) = waiting.space("picture-format");
    assert_eq!(
        waiting.apply(
            &token,
            &with(passport("customer-first"), "verified_file_url", json!(["passport.tiff", "holding.jpg"]))
        ),
        400
    );
    assert_eq!(waiting.ask("DELETE", &format!("/_sim/spaces/{picture}"), &[], "").0, 204);
    let (code, printed, report) = waiting.end();
    assert_eq!((code, printed.as_str()), (Some(1), ""), "read at the end of stdin fails");
    let head = "
bss-sim: the requests of all spaces, deleted ones included; calls below /_sim do not count
answers:
     2  APIGW.0101      another path
     1  APIGW.0101      /v2/customers/realname-auths/individual
     1  APIGW.0301      /v2/customers/realname-auths/individual
     1  CBC.0100        /v2/customers/realname-auths/individual
     1  CBC.99007004    /v2/customers/realname-auths/individual
     1  is_review 1     /v2/customers/realname-auths/individual
documented outcomes that were seen: is_review 1, CBC.99007004, CBC.0100, PIC_FORMAT_ERR
";
    assert!(report.starts_with(head), "{report}");
    assert!(report.contains("\n        is_review 0           review-automatic\n"), "{report}");
    let endpoints = "        there are POST /v2/customers/realname-auths/individual, \
         GET /v2/customers/realname-auths/result, GET /v3/auth/domains, POST /v3/auth/tokens";
    let tail = format!(
        "
        INVALID_IDCARD_FACE   picture-in-hand-invalid
unexpected requests, refused by the gateway though no script says so:
     1  POST /v2/customers/realname-auths/individual: authenticated: decrypt token fail
        send $BSS_SIM_TOKEN as X-Auth-Token, or sign with $BSS_SIM_AK and $BSS_SIM_SK
     1  GET /v2/customers/realname-auths/individual: method-known: The API does not exist.
{endpoints}
     2  POST /v2/individual: path-known: The API does not exist or has not been published in the environment.
{endpoints}
bss-sim: requests: 7, unexpected: 4, scripted answers left over: 0, seen: 4 of 24 documented outcomes (16 %)
"
    );
    assert!(report.ends_with(&tail), "{report}");
}

#[test]
fn an_unexpected_call_comes_with_what_to_do() {
    let waiting = Waiting::start(&[], WAITING);
    let too_long = " ".repeat(12 * 1024 * 1024 + 1);
    for (path, headers, body) in [
        (INDIVIDUAL, &[("x-sim-space", "nowhere")][..], "{}"),
        ("/v3/auth/tokens", &[], "{}"),
        (INDIVIDUAL, &[], &too_long),
    ] {
        assert!(waiting.ask("POST", path, headers, body).0 >= 400);
    }
    let (_, _, report) = waiting.end();
    let told = "
     1  POST /v2/customers/realname-auths/individual: space-known: the simulator has no space nowhere; it was deleted, gave way to newer ones, or never was
        call with the credentials of a space that still exists, or without X-Sim-Space
     1  POST /v3/auth/tokens: identity: missing field `auth` at line 1 column 2
        a token is for one of a partner's `users` in the scenario, its password, and the partner's name
     1  POST /v2/customers/realname-auths/individual: body-size: Request entity too large.
        send the whole body, of at most 12 MB
bss-sim: requests: 3, unexpected: 3, ";
    assert!(report.contains(told), "{report}");
}

#[test]
fn scripted_answers_that_are_left_over_are_reported_wherever_they_ended() {
    let waiting = Waiting::start(&[], WAITING);
    let script = |space: &str, answer: Value| {
        assert_eq!(waiting.ask("POST", "/_sim/scripted", &[("x-sim-space", space)], &answer.to_string()).0, 201);
    };
    let twice = json!({ "times": 2, "then": { "error_code": "CBC.0999" } });
    let never = json!({ "when": { "customer_id": "nobody" }, "then": { "is_review": 0 } });
    // Used up, and used at all: nothing is left of these.
    script("default", json!({ "times": 1, "then": { "error_code": "CBC.0151" } }));
    assert_eq!(waiting.apply("demo-token", &application("customer-new")), 403);
    script("default", json!({ "then": { "gateway": "APIGW.0308" } }));
    assert_eq!(waiting.apply("demo-token", &application("customer-new")), 429);
    script("default", never.clone());
    for end in ["deleted", "reset", "cleared"] {
        let (space, token) = waiting.space("default");
        script(&space, twice.clone());
        assert_eq!(waiting.apply(&token, &application("customer-new")), 500);
        let here = [("x-sim-space", space.as_str())];
        let ended = match end {
            "deleted" => waiting.ask("DELETE", &format!("/_sim/spaces/{space}"), &[], ""),
            "reset" => waiting.ask("POST", "/_sim/reset", &here, ""),
            _ => waiting.ask("DELETE", "/_sim/scripted", &here, ""),
        };
        assert!(ended.0 < 300, "{end}: {ended:?}");
    }
    let (_, _, report) = waiting.end();
    let left_over = r#"
scripted answers that are left over:
     3  given 1 of 2 times: {"when":{},"probability":1.0,"then":[{"error_code":"CBC.0999"}],"times":2}
     1  never given: {"when":{"customer_id":["nobody"]},"probability":1.0,"then":[{"is_review":0}]}
bss-sim: requests: 5, unexpected: 0, scripted answers left over: 4, seen: 2 of 24 documented outcomes (8 %)
"#;
    assert!(report.ends_with(left_over), "{report}");
}

#[test]
fn a_client_that_errs_without_end_fills_no_memory_and_shows_no_secret() {
    let waiting = Waiting::start(&[], WAITING);
    let date = now();
    let signature = "SDK-HMAC-SHA256 Access=DEMOAK0001, SignedHeaders=host;x-sdk-date;x-security-token, Signature=00";
    let headers = [("authorization", signature), ("x-sdk-date", &date), ("x-security-token", "a-real-token")];
    assert_eq!(waiting.ask("POST", INDIVIDUAL, &headers, "{}").0, 401);
    for number in 0..103 {
        assert_eq!(waiting.ask("GET", &format!("/v2/{number}/{}", "x".repeat(1000)), &[], "").0, 404);
    }
    let (_, _, report) = waiting.end();
    let signed = "     1  POST /v2/customers/realname-auths/individual: authenticated: verify aksk signature fail\n";
    assert!(report.contains(signed) && !report.contains("a-real-token"), "{report}");
    assert!(report.contains("\n     4  more\nbss-sim: requests: 104, unexpected: 104, "), "{report}");
    assert!(report.lines().all(|line| line.len() < 400), "{report}");
}

#[test]
fn coverage_can_be_demanded_of_a_command_that_ends_well() {
    for (percent, script, code) in [("8", "", 0), ("9", "", 1), ("100", "; exit 5", 5)] {
        let waiting = Waiting::start(&["--coverage-fail-under", percent], &format!("{WAITING}; true{script}"));
        waiting.apply("demo-token", &application("customer-new"));
        waiting.apply("demo-token", &json!({}));
        let (found, _, report) = waiting.end();
        assert_eq!(found, Some(code), "{report}");
        let demand = "the command got 2 of 24 documented outcomes (8 %): --coverage-fail-under 9 requires 3\n";
        assert_eq!(report.ends_with(demand), code == 1, "{report}");
    }
}
