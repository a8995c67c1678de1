//! `bss-sim exec`: a command with a simulator beside it, and the report of its requests.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::*;

/// The environment that a command has, when this is in the environment before.
fn environment(arguments: &[&str], before: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut command = binary();
    for name in ["NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    command.arg("exec").args(arguments).args(["--", "env"]).envs(before.iter().copied());
    let (code, stdout, stderr) = finished(command.output().expect("the binary can be started"));
    assert_eq!(code, Some(0), "{stderr}");
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    stdout.lines().filter_map(pair).collect()
}

#[test]
fn exec_exports_the_simulator_and_removes_the_real_service() {
    let before = [
        ("HUAWEICLOUD_SDK_AK", "REALAK"),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "real"),
        ("HUAWEICLOUD_SDK_DOMAIN_ID", "real"),
        ("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "/real"),
        ("HUAWEICLOUD_OIDC_ID_TOKEN", "real"),
        ("BSS_SIM_TOKEN", "of-another-simulator"),
        ("OTHER", "kept"),
    ];
    let found = environment(&[], &before);
    let url = &found["BSS_SIM_URL"];
    assert!(url.starts_with("http://127.0.0.1:") && !url.ends_with('/'), "{url}");
    let ours = |(name, _): &(&String, &String)| {
        name.starts_with("BSS_SIM_") || name.starts_with("HUAWEICLOUD_") || name.to_lowercase() == "no_proxy"
    };
    let ours: Vec<_> = found.iter().filter(ours).map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [
        ("BSS_SIM_AK", "DEMOAK0001"),
        ("BSS_SIM_DOMAIN", "demo-partner"),
        ("BSS_SIM_PARTNER", "demo-partner"),
        ("BSS_SIM_PARTNER_ID", "5f8a1c0e9d3b47a2b6c4d1e0f2a39b71"),
        ("BSS_SIM_PASSWORD", "demo-password"),
        ("BSS_SIM_SK", "demo-secret"),
        ("BSS_SIM_TOKEN", "demo-token"),
        ("BSS_SIM_URL", url),
        ("BSS_SIM_USER", "demo"),
        ("BSS_SIM_XACCOUNT_TYPE", "***_IDP"),
        ("HUAWEICLOUD_SDK_AK", "DEMOAK0001"),
        ("HUAWEICLOUD_SDK_DOMAIN_ID", "5f8a1c0e9d3b47a2b6c4d1e0f2a39b71"),
        ("HUAWEICLOUD_SDK_IAM_ENDPOINT", url),
        ("HUAWEICLOUD_SDK_REGION_BSSINTL_AP_SOUTHEAST_1", url),
        ("HUAWEICLOUD_SDK_REGION_BSSINTL_EU_WEST_101", url),
        ("HUAWEICLOUD_SDK_REGION_BSS_CN_NORTH_1", url),
        ("HUAWEICLOUD_SDK_SK", "demo-secret"),
        ("HUAWEICLOUD_SDK_STS_ENDPOINT", url),
        ("NO_PROXY", "127.0.0.1"),
        ("no_proxy", "127.0.0.1"),
    ];
    assert_eq!(ours, expected);
    assert_eq!(found["OTHER"], "kept");
}

#[test]
fn exec_exports_only_the_credentials_of_the_partner() {
    let files = TestDir::new("exec");
    let partner = "{ id: account, name: bare, xaccount_type: BARE_IDP, credentials: { access_keys: [{ ak: A, sk: s, security_token: t }] } }";
    let path = files.put("bare.yaml", format!("partners: [{partner}]\n"));
    let found = environment(&["--fixtures", &path], &[("BSS_SIM_TOKEN", "of-another")]);
    assert_eq!((found["BSS_SIM_PARTNER"].as_str(), found["HUAWEICLOUD_SDK_AK"].as_str()), ("bare", "A"));
    assert_eq!(found["HUAWEICLOUD_SDK_SECURITY_TOKEN"], "t");
    assert_eq!(
        (found.get("BSS_SIM_TOKEN"), found.get("BSS_SIM_USER"), found.get("BSS_SIM_DOMAIN")),
        (None, None, None)
    );
    let path = files.put("none.yaml", "partners: []\n");
    let found = environment(&["--fixtures", &path], &[("HUAWEICLOUD_SDK_AK", "REALAK")]);
    assert_eq!((found.get("BSS_SIM_PARTNER"), found.get("HUAWEICLOUD_SDK_AK")), (None, None));
}

#[test]
fn exec_excludes_the_simulator_from_proxies() {
    for (before, expected) in [
        (&[("NO_PROXY", "a.example")][..], "a.example,127.0.0.1"),
        (&[("no_proxy", "b.example"), ("NO_PROXY", "")], "b.example,127.0.0.1"),
        (&[("NO_PROXY", "*")], "*"),
    ] {
        let found = environment(&[], before);
        assert_eq!((found["NO_PROXY"].as_str(), found["no_proxy"].as_str()), (expected, expected), "{before:?}");
    }
}

#[test]
fn exec_leaves_stdin_and_stdout_to_the_command() {
    let (code, stdout, stderr) = run_on("some\ntext", &["exec", "--", "sh", "-c", "cat; echo said >&2"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "some\ntext"));
    assert!(stderr.starts_with("said\n\nbss-sim: the requests of all spaces"), "{stderr}");
    assert!(stderr.contains("\nnone: the command has to call $BSS_SIM_URL; an SDK has to look its region up by its ID, and to set no endpoint\n"), "{stderr}");
}

#[test]
fn exec_exits_with_the_code_of_the_command() {
    for (command, code, message) in [
        (&["true"][..], 0, "seen: 0 of 24 documented outcomes (0 %)"),
        (&["sh", "-c", "exit 7"], 7, "seen: 0 of 24"),
        (&["sh", "-c", "kill -s KILL $$"], 137, "seen: 0 of 24"),
        (&["no-such-command"], 127, "cannot run `no-such-command`: there is no such file, nor is it in PATH"),
        (&["/dev/null"], 126, "cannot run `/dev/null`: it is not executable: chmod +x"),
    ] {
        let (found, _, stderr) = run(&[&["exec", "--"], command].concat());
        assert_eq!(found, Some(code), "{command:?}: {stderr}");
        assert!(stderr.contains(message), "{command:?}: {stderr}");
    }
}

#[test]
fn exec_with_bad_flags_exits_2_or_3() {
    for (arguments, code, message) in [
        (&["exec"][..], 2, "COMMAND"),
        (&["exec", "--coverage-fail-under", "101", "--", "true"], 2, "101 is not in 0..=100"),
        (&["exec", "--scenario", "opne", "--", "true"], 3, "did you mean `open`?"),
    ] {
        let (found, _, stderr) = run(arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
    }
}

#[test]
fn exec_passes_signals_on_and_serves_until_the_command_ends() {
    const SCRIPT: &str = r#"
        sleep 600 >/dev/null 2>&1 & waited=$!
        trap 'echo INT' INT
        trap 'echo HUP' HUP
        trap 'echo TERM; "$0" healthcheck && echo answered; kill $waited; exit 9' TERM
        echo "$BSS_SIM_URL"
        while :; do wait $waited; done"#;
    let script = SCRIPT.replace("$0", env!("CARGO_BIN_EXE_bss-sim"));
    let mut exec = Exec::start(&[], &script);
    for signal in ["INT", "HUP"] {
        exec.signal(signal);
        assert_eq!(exec.line(), format!("{signal}\n"));
    }
    exec.signal("TERM");
    let (code, printed, report) = exec.end();
    assert_eq!((code, printed.as_str()), (Some(9), "TERM\nanswered\n"));
    assert!(report.contains("bss-sim: requests: 0"), "{report}");
}

#[tokio::test]
async fn exec_logs_only_with_log_level() {
    for (arguments, logged) in [(&[][..], false), (&["--log-level", "info", "--log-format", "json"], true)] {
        let exec = Exec::start(arguments, Exec::WAIT);
        exec.client().post_as("demo-token", "{}").await;
        let (_, _, stderr) = exec.end();
        let (log, report) = stderr.split_once("\nbss-sim: the requests of all spaces").expect("there is a report");
        assert_eq!(log.contains("answered"), logged, "{stderr}");
        assert!(!report.contains("answered"), "what is logged comes before the report: {stderr}");
    }
}

#[tokio::test]
async fn exec_reports_requests_outcomes_and_unexpected_requests_of_all_spaces() {
    let exec = Exec::start(&[], Exec::WAIT);
    let client = exec.client();
    assert_eq!(client.apply_as("demo-token", &builtin_passport("customer-new")).await.status, 200);
    assert_eq!(client.post_as("demo-token", "{}").await.status, 400);
    assert_eq!(client.post_as("wrong", "{}").await.status, 401);
    assert_eq!(client.call("GET", INDIVIDUAL, &[], "").await.status, 404);
    for _ in 0..2 {
        assert_eq!(client.call("POST", "/v2/individual?name=Wang", &[], "{}").await.status, 404);
    }
    let space = client.create_space(&json!({ "scenario": "picture-format" })).await;
    let tiff = with(passport("customer-first"), "verified_file_url", json!(["passport.tiff", "holding.jpg"]));
    assert_eq!(client.apply_as(text(&space["partners"][0]["token"]), &tiff).await.status, 400);
    assert_eq!(client.delete(&format!("/spaces/{}", text(&space["id"]))).await, 204);
    let (code, printed, report) = exec.end();
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
    let endpoints = "        there are
          POST /v2/customers/realname-auths/individual
          POST /v2/customers/realname-auths/enterprise
          PUT /v2/customers/realname-auths/enterprise
          GET /v2/customers/realname-auths/result
          POST /v2/partners/sub-customers/query
          POST /v2/partners/sub-customers
          POST /v2/partners/sub-customers/users/check-identity
          POST /v2/bases/verificationcode/send
          GET /v3/auth/domains
          POST /v3/auth/tokens";
    let tail = format!(
        "
        INVALID_IDCARD_FACE   picture-in-hand-invalid
unexpected requests, refused by the gateway or by IAM though no script says so:
     1  POST /v2/customers/realname-auths/individual: authenticated: decrypt token fail
        send $BSS_SIM_TOKEN as X-Auth-Token, or sign with $BSS_SIM_AK and $BSS_SIM_SK
     1  GET /v2/customers/realname-auths/individual: method-known: The API does not exist.
        there are POST /v2/customers/realname-auths/individual
     2  POST /v2/individual: path-known: The API does not exist or has not been published in the environment.
{endpoints}
bss-sim: requests: 7, unexpected: 4, scripted answers left over: 0, seen: 4 of 24 documented outcomes (16 %)
"
    );
    assert!(report.ends_with(&tail), "{report}");
}

#[tokio::test]
async fn exec_reports_unexpected_requests_with_a_hint() {
    let exec = Exec::start(&[], Exec::WAIT);
    let client = exec.client();
    let too_long = " ".repeat(12 * 1024 * 1024 + 1);
    for (path, headers, body) in [
        (INDIVIDUAL, &[("x-sim-space", "nowhere")][..], "{}"),
        ("/v3/auth/tokens", &[], "{}"),
        (INDIVIDUAL, &[], &too_long),
    ] {
        assert!(client.call("POST", path, headers, body.to_owned()).await.status >= 400);
    }
    let (_, _, report) = exec.end();
    let expected = "
     1  POST /v2/customers/realname-auths/individual: space-known: the simulator has no space ***; it was deleted, gave way to newer ones, or never was (spaces end with the process: it may have been started again since)
        call with the credentials of a space that still exists, or without X-Sim-Space
     1  POST /v3/auth/tokens: identity: missing field `auth`
        a token is for one of a partner's `users` in the scenario or the space, its password, and the partner's name
     1  POST /v2/customers/realname-auths/individual: body-size: Request entity too large.
        send the whole body, of at most 12 MB
bss-sim: requests: 3, unexpected: 3, ";
    assert!(report.contains(expected), "{report}");
}

#[tokio::test]
async fn exec_reports_leftovers_of_all_spaces() {
    let exec = Exec::start(&[], Exec::WAIT);
    let client = exec.client();
    let script = async |space: &str, answer: &Value| {
        client.assert_control("POST", &format!("/scripted?space={space}"), answer.clone(), 201).await;
    };
    let application = builtin_passport("customer-new");
    let twice = json!({ "times": 2, "then": { "error_code": "CBC.0999" } });
    let never = json!({ "when": { "customer_id": "nobody" }, "then": { "is_review": 0 } });
    // Used up, and used at all: nothing is left of these.
    script("default", &json!({ "times": 1, "then": { "error_code": "CBC.0151" } })).await;
    assert_eq!(client.apply_as("demo-token", &application).await.status, 403);
    script("default", &json!({ "then": { "gateway": "APIGW.0308" } })).await;
    assert_eq!(client.apply_as("demo-token", &application).await.status, 429);
    script("default", &never).await;
    let mut expected = vec![
        r#"     1  space default: never given: {"when":{"customer_id":["nobody"]},"then":[{"is_review":0}]}"#
            .to_owned(),
    ];
    for (method, path) in [("DELETE", "/spaces/ID"), ("POST", "/reset?space=ID"), ("DELETE", "/scripted?space=ID")] {
        let space = client.create_space(&json!({ "scenario": "default", "label": "a\u{1b}[31m \"test\"" })).await;
        let (id, token) = (text(&space["id"]), text(&space["partners"][0]["token"]));
        script(id, &twice).await;
        assert_eq!(client.apply_as(token, &application).await.status, 500);
        let (status, answer) = client.control(method, &path.replace("ID", id), &Value::Null).await;
        assert!(status < 300, "{method} {path}: {answer}");
        let left_over = r#"{"then":[{"error_code":"CBC.0999"}],"times":2}"#;
        let label = r#""a\u{1b}[31m \"test\"""#;
        expected.push(format!("     1  space {id} {label}: given 1 of 2 times: {left_over}"));
    }
    let (_, _, report) = exec.end();
    expected.sort();
    let left_over = format!(
        "
scripted answers that are left over:
{}
bss-sim: requests: 5, unexpected: 0, scripted answers left over: 4, seen: 2 of 24 documented outcomes (8 %)
",
        expected.join("\n")
    );
    assert!(report.ends_with(&left_over), "{report}");
}

#[tokio::test]
async fn exec_fail_on_exits_1_where_the_command_succeeds() {
    let cases = [
        ("unexpected", "", 1, "\nunexpected requests: 1, and --fail-on unexpected allows none\n"),
        ("leftover", "", 1, "\nscripted answers left over: 1, and --fail-on leftover allows none\n"),
        ("unexpected,leftover", "; exit 5", 5, "seen: 0 of 24 documented outcomes (0 %)\n"),
    ];
    for (what, script, code, last) in cases {
        let exec = Exec::start(&["--fail-on", what], &format!("{}; true{script}", Exec::WAIT));
        assert_eq!(exec.client().post_as("wrong", "{}").await.status, 401);
        exec.client().script(&json!({ "then": { "is_review": 0 } })).await;
        let (found, _, report) = exec.end();
        assert!(found == Some(code) && report.ends_with(last), "{what}: {report}");
    }
    let (code, _, report) = run(&["exec", "--fail-on", "unexpected", "--fail-on", "leftover", "--", "true"]);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(run(&["exec", "--fail-on", "leftovers", "--", "true"]).0, Some(2));
    let (code, _, report) = run(&["exec", "--fail-on", "leftover,no-requests", "--", "true"]);
    assert!(code == Some(1) && report.ends_with("\nrequests: 0, and --fail-on no-requests asks for one\n"), "{report}");
    assert_eq!(run(&["exec", "--fail-on", "no-requests", "--", "sh", "-c", "exit 5"]).0, Some(5));
    let exec = Exec::start(&["--fail-on", "no-requests"], &format!("{}; true", Exec::WAIT));
    exec.client().post_as("wrong", "{}").await;
    assert_eq!(exec.end().0, Some(0), "a request came");
}

#[tokio::test]
async fn exec_expects_what_the_quota_of_the_scenario_refuses() {
    let world = format!("settings: {{ quota: 1/s }}\n{PARTNERS}");
    let path = TestDir::new("quota").put("quota.yaml", &world);
    let exec = Exec::start(&["--fixtures", &path, "--fail-on", "unexpected"], &format!("{}; true", Exec::WAIT));
    let client = exec.client();
    assert_eq!(client.put("/clock", &json!({ "freeze": true })).await.0, 200);
    let statuses = [client.post_as("token", "{}").await.status, client.post_as("token", "{}").await.status];
    assert_eq!(statuses, [400, 429]);
    let (code, _, report) = exec.end();
    assert!(code == Some(0) && report.contains("requests: 2, unexpected: 0, "), "{report}");
}

#[tokio::test]
async fn exec_shows_personal_data_only_when_it_is_told_to() {
    let when = json!({ "name": { "prefix": "Wang" }, "verified_number": "E12345678" });
    for (arguments, is_shown) in [(&[][..], false), (&["--show-personal-data"], true)] {
        let exec = Exec::start(arguments, Exec::WAIT);
        let client = exec.client();
        client.script(&json!({ "when": when, "times": 2, "then": { "error_code": "CBC.0999" } })).await;
        client.apply_as("demo-token", &builtin_passport("customer-new")).await;
        let journal = client.get("/journal").await.to_string();
        let (_, _, report) = exec.end();
        for shown in [&journal, &report] {
            assert_eq!((shown.contains("Wang"), shown.contains("E12345678")), (is_shown, is_shown), "{shown}");
        }
    }
}

#[tokio::test]
async fn exec_report_masks_the_conditions_of_what_is_left_over() {
    let path = json!({ "prefix": "/v2/partners/sub-customers" });
    let create = json!({
        "path": path, "method": "POST", "email": "geheim@b.example", "domain_name": { "prefix": "Geheim" },
        "headers": { "X-Seen": ["Geheim"] },
    });
    let secret = json!({ "headers": { "X-Auth-Token": "Secret-1", "X-Any": { "not": "Bearer Secret-2" } } });
    let apply = json!({ "customer_id": "c-shown", "verified_type": [3, 5], "verified_file_url": "shown.jpg", "caller": "demo-partner" });
    for (arguments, is_shown) in [(&[][..], false), (&["--show-personal-data"], true)] {
        let exec = Exec::start(arguments, Exec::WAIT);
        let client = exec.client();
        for when in [&create, &secret, &apply] {
            let partner = &client.get("/partners").await["partners"][0]["name"];
            let when = if when == &apply { with(when.clone(), "caller", partner.clone()) } else { when.clone() };
            let path =
                when.get("email").map_or(when.clone(), |_| with(when.clone(), "path", "/v2/partners/sub-customers"));
            client.script(&json!({ "when": path, "then": { "error_code": "CBC.0999" } })).await;
        }
        let (_, _, report) = exec.end();
        assert_eq!(report.to_lowercase().contains("geheim"), is_shown, "{report}");
        assert!(!report.contains("Secret-"), "{report}");
        for shown in ["/v2/partners/sub-customers", "c-shown", "[3,5]", "shown.jpg", "POST", "X-Auth-Token"] {
            assert!(report.contains(shown), "{shown}: {report}");
        }
    }
}

#[tokio::test]
async fn exec_report_is_bounded_and_shows_no_secret() {
    let exec = Exec::start(&[], Exec::WAIT);
    let client = exec.client();
    let date = now();
    let signature = "SDK-HMAC-SHA256 Access=DEMOAK0001, SignedHeaders=host;x-sdk-date;x-security-token, Signature=00";
    let headers = [("authorization", signature), ("x-sdk-date", &date), ("x-security-token", "a-real-token")];
    assert_eq!(client.call("POST", INDIVIDUAL, &headers, "{}").await.status, 401);
    for number in 0..103 {
        assert_eq!(client.call("GET", &format!("/v2/{number}/{}", "x".repeat(1000)), &[], "").await.status, 404);
    }
    let (_, _, report) = exec.end();
    let signed = "     1  POST /v2/customers/realname-auths/individual: authenticated: verify aksk signature fail (if the client's canonical request is the one in the answer, its SK is another)\n";
    assert!(report.contains(signed) && !report.contains("a-real-token"), "{report}");
    assert!(report.contains("\n     4  more\n        there are\n          POST /v2/"), "{report}");
    assert!(report.contains("\nbss-sim: requests: 104, unexpected: 104, "), "{report}");
    assert!(report.lines().all(|line| line.len() < 400), "{report}");
}

#[tokio::test]
async fn exec_coverage_fail_under_exits_1_below_it() {
    for (percent, script, code) in [("8", "", 0), ("9", "", 1), ("100", "; exit 5", 5)] {
        let exec = Exec::start(&["--coverage-fail-under", percent], &format!("{}; true{script}", Exec::WAIT));
        exec.client().apply_as("demo-token", &builtin_passport("customer-new")).await;
        exec.client().post_as("demo-token", "{}").await;
        let (found, _, report) = exec.end();
        assert_eq!(found, Some(code), "{report}");
        let demand = "the command got 2 of 24 documented outcomes (8 %): --coverage-fail-under 9 requires 3\n";
        assert_eq!(report.ends_with(demand), code == 1, "{report}");
    }
}
