//! The commands that end by themselves: `check`, `explain` and `healthcheck`, and the exit codes of all.

use std::fs::File;
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::json;

use crate::support::*;

/// The directory of the built-in scenarios.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

#[test]
fn commands_exit_with_the_code_of_their_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = taken.local_addr().expect("it is bound").to_string();
    let files = TestDir::new("exit-codes");
    let bad = files.put("bad.yaml", "customers: [{ id: 5 }]\n");
    let failing = files.put("failing.yaml", "exchanges: [{ request: {}, expect: { status: 200 } }]\n");
    let cases: &[(&[&str], i32, &str)] = &[
        (&["--help"], 0, ""),
        (&["catalog"], 0, ""),
        (&["catalog", "--all"], 0, ""),
        (&["schema"], 0, ""),
        (&["check", &failing], 1, "the scenarios do not do what they say"),
        (&["healthcheck", "--url", "http://127.0.0.1:1"], 1, "http://127.0.0.1:1 is not ready: "),
        (&["--no-such-flag"], 2, "unexpected argument"),
        (&["--listen", "nowhere"], 2, "invalid value 'nowhere' for '--listen"),
        (&["check"], 2, "PATH"),
        (&["--watch"], 2, "required arguments were not provided:\n  --fixtures <PATH>"),
        (&["--scenario", "opne"], 3, "there is no scenario `opne`: did you mean `open`?"),
        (&["--scenario", "xyz"], 3, "there is no scenario `xyz`: known here: default, review-automatic, "),
        (&["--fixtures", &bad], 3, "bad.yaml:1:19: customers[0].id: expected text, found the number 5"),
        (&["check", &bad], 3, "put it in quotes: \"5\""),
        (&["--fixtures", "/no/such/file"], 3, "/no/such/file: cannot be read"),
        (&["--listen", "localhost:x"], 2, "`localhost:8080` or `8080`"),
        (
            &["--listen", &taken],
            4,
            " (--listen): something listens there already: choose another port, or 0 for any free one",
        ),
        (&["--listen", "192.0.2.1:0"], 4, ": this machine has no such address: choose 127.0.0.1"),
        (&["--control-token", " "], 2, "a blank token protects nothing: give one, or leave the flag out"),
        (&["--control-token", "REAL "], 2, "no client can send the blank at its beginning or its end"),
        (&["--control-token", " REAL"], 2, "no client can send the blank at its beginning or its end"),
        (&["--control-token", "REAL\n"], 2, "no client can send it in a header"),
        (&["--control-token", "R\u{e9}AL"], 2, "no client can send it in a header"),
        (&["--control-token", "REAL\u{7f}"], 2, "no client can send it in a header"),
        (&["healthcheck", "--url", "ftp://127.0.0.1:1"], 2, "the simulator speaks HTTP and HTTPS: write it like"),
        (&["healthcheck", "--url", "htp://127.0.0.1:1"], 2, "the simulator speaks HTTP and HTTPS: write it like"),
        (&["healthcheck", "--url", "http://127.0.0.1:1/_sim"], 2, "a simulator has no path or query"),
        (&["healthcheck", "--url", "http://127.0.0.1:1?wait=1"], 2, "a simulator has no path or query"),
        (&["healthcheck", "--url", "http://127.0.0.1:99999"], 2, "its host or its port is not valid"),
        (&["healthcheck", "--url", "http://user@127.0.0.1:1"], 2, "its host or its port is not valid"),
        (&["healthcheck", "--url", "/"], 2, "it has no host"),
        (&["healthcheck", "--url", "HTTP://127.0.0.1:1/"], 1, "http://127.0.0.1:1 is not ready: "),
        (&["healthcheck", "--url", "127.0.0.1:1"], 1, "http://127.0.0.1:1 is not ready: "),
        (&["--journal-bytes", "99999999999999999999"], 2, "is too large"),
        (&["--journal-bytes", "much"], 2, "write it like `120KB` or `10MiB`"),
        (&["--control-host", "http://bss.example.com"], 2, "without a scheme and without a port"),
        (&["--control-host", "bss.example.com:8080"], 2, "without a scheme and without a port"),
        (&["--control-host", "bss,,*.com"], 2, "invalid value '' for '--control-host"),
        (&["--name", "Alpha"], 2, "a name has 1 to 8 characters of a-z and 0-9"),
        (&["--head-timeout", "0s"], 2, "--head-timeout"),
        (&["--idle-timeout", "soon"], 2, "--idle-timeout"),
        (&["--max-connections", "0"], 2, "--max-connections"),
        (&["--tls-cert", "cert.pem"], 2, "--tls-key"),
        (&["--tls-key", "key.pem"], 2, "--tls-cert"),
        (&["--tls", "self-signed", "--tls-cert", "cert.pem", "--tls-key", "key.pem"], 2, "cannot be used with"),
        (&["--tls", "unknown"], 2, "--tls"),
    ];
    for (arguments, code, message) in cases {
        let (found, _, stderr) = run(arguments);
        assert_eq!(found, Some(*code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("REAL"), "a token is not printed: {stderr}");
    }
}

#[test]
fn each_flag_of_each_command_has_a_variable() {
    for command in ["serve", "exec", "check", "import", "explain", "catalog", "healthcheck"] {
        let (_, help, _) = run(&[command, "--help"]);
        let flags = help.lines().filter_map(|line| line.trim_start().trim_start_matches("-h, ").strip_prefix("--"));
        let flags: Vec<_> =
            flags.filter_map(|flag| flag.split([' ', '.']).next()).filter(|flag| *flag != "help").collect();
        for flag in &flags {
            let variable = format!("[env: BSS_SIM_{}", flag.replace('-', "_").to_uppercase());
            assert!(help.contains(&variable), "{command} --{flag}: {help}");
        }
        assert!(!flags.is_empty() || command == "check", "{command}: {help}");
    }
}

#[test]
fn variables_of_serve_say_nothing_to_other_commands_and_empty_ones_are_not_set() {
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output =
            binary().args(arguments).envs(variables.iter().copied()).output().expect("the binary can be started");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let wrong = [("BSS_SIM_JOURNAL_ENTRIES", "many"), ("BSS_SIM_LISTEN", "nowhere"), ("BSS_SIM_GRACE", "soon")];
    for arguments in [&["catalog"][..], &["schema"], &["exec", "--", "true"]] {
        assert_eq!(run(arguments, &wrong).0, Some(0), "{arguments:?}");
    }
    for arguments in [&[][..], &["serve"]] {
        let (code, stderr) = run(arguments, &wrong[..1]);
        assert!(code == Some(2) && stderr.contains("invalid value 'many' for '--journal-entries"), "{stderr}");
    }
    let empty = ["FIXTURES", "SCENARIO", "STATE", "CONTROL_HOST", "WATCH"].map(|name| format!("BSS_SIM_{name}"));
    let empty = empty.each_ref().map(|name| (name.as_str(), ""));
    let process =
        Process::spawn(binary().args(["--listen", "127.0.0.1:0"]).envs(empty).env("BSS_SIM_NO_CONSOLE", "yes"));
    process.end("TERM");
    let (code, stderr) = run(&["--listen", "127.0.0.1:0"], &[("BSS_SIM_CONTROL_TOKEN", "")]);
    assert!(code == Some(2) && stderr.contains("a blank token protects nothing"), "{stderr}");
}

#[test]
fn commands_with_closed_stdout_exit_without_a_panic() {
    let failing = TestDir::new("closed").put("closed.yaml", "exchanges: [{ request: {}, expect: { status: 200 } }]\n");
    for (arguments, code) in [
        (&["catalog"][..], 0),
        (&["schema"], 0),
        (&["completions", "bash"], 0),
        (&["--help"], 0),
        (&["check", &failing], 1),
    ] {
        let (reader, writer) = std::io::pipe().expect("the system has pipes");
        drop(reader);
        let child = binary().args(arguments).stdout(writer).stderr(Stdio::piped()).spawn();
        let (found, _, stderr) = finished(child.expect("it starts").wait_with_output().expect("it ends"));
        assert_eq!((found, stderr.contains("panicked")), (Some(code), false), "{arguments:?}: {stderr}");
        assert_eq!(stderr.is_empty(), code == 0, "{arguments:?}: {stderr}");
    }
}

#[test]
fn commands_that_cannot_print_exit_5() {
    let failing =
        TestDir::new("unprintable").put("failing.yaml", "exchanges: [{ request: {}, expect: { status: 200 } }]\n");
    let full = || File::options().write(true).open("/dev/full").expect("Linux has it");
    let commands: [(&[&str], i32); 9] = [
        (&["catalog"], 5),
        (&["schema"], 5),
        (&["completions", "bash"], 5),
        (&["--help"], 5),
        (&["exec", "-h"], 5),
        (&["help", "check"], 5),
        (&["--version"], 5),
        (&["check", FIXTURES], 5),
        (&["check", &failing], 1),
    ];
    for (arguments, code) in commands {
        let output = binary().args(arguments).stdout(full()).stderr(Stdio::piped()).output();
        let (found, _, stderr) = finished(output.expect("the binary can be started"));
        assert_eq!(found, Some(code), "{arguments:?}: {stderr}");
        assert_eq!(stderr.contains("cannot write to stdout: No space left on device"), code == 5, "{stderr}");
    }
    let output = binary().args(["check", &failing]).stdout(full()).output();
    let (_, _, stderr) = finished(output.expect("the binary can be started"));
    assert!(stderr.contains("stdout did not take the differences: No space left on device"), "{stderr}");
    for (stdout, arguments, code) in [
        (Stdio::null(), &["check", &failing][..], 1),
        (full().into(), &["check", &failing], 1),
        (full().into(), &["check", FIXTURES], 5),
        (Stdio::null(), &["--no-such-flag"], 2),
        (full().into(), &["--help"], 5),
    ] {
        let status = binary().args(arguments).stdout(stdout).stderr(full()).status();
        assert_eq!(status.expect("the binary can be started").code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn check_with_a_caller_that_fits_no_header_exits_1() {
    let text = format!("{PARTNERS}exchanges:\n  - {{ as: \"a\\nb\", request: {{}}, expect: {{ status: 401 }} }}\n");
    let path = TestDir::new("header").put("header.yaml", text);
    let (code, stdout, stderr) = run(&["check", &path]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("the caller's token fits no header"), "{stdout}");
}

#[test]
fn check_with_a_failing_exchange_prints_the_difference_and_exits_1() {
    let path = TestDir::new("difference").put(
        "difference.yaml",
        "name: difference
partners: [{ id: account, name: demo, xaccount_type: DEMO_IDP }]
exchanges:
  - request:
      { customer_id: c-1, identify_type: 0, verified_type: 3, verified_file_url: [a.jpg, b.jpg], name: Wang,
        verified_number: E1, xaccount_type: DEMO_IDP }
    expect: { status: 200, body: { is_review: 1 } }
",
    );
    let (code, stdout, _) = run(&["check", &path]);
    assert_eq!(code, Some(1));
    assert_eq!(
        stdout.replace(&path, "difference.yaml"),
        "FAIL difference: 1 exchange
  difference.yaml:5:
    status: expected 200, got 400
    body.is_review: expected 1, got nothing
    body.error_code: expected nothing, got \"CBC.99000035\"
    body.error_msg: expected nothing, got \"You are not a customer of a partner yet.\"
    why: customer-has-partner: no customer with this ID
    passed head-size (assumed): a target of 39 bytes
    passed path-known (assumed): /v2/customers/realname-auths/individual
    passed method-known (assumed): POST /v2/customers/realname-auths/individual
    passed body-size (assumed): 159 bytes
    passed space-known (assumed)
    passed authenticated (documented): account demo
    passed caller-is-partner (documented): account demo
    passed parameters (documented): a well-formed request
    passed script (assumed): no scripted answer matches
    passed partner-ready (documented): partner authenticated: true, photo upload enabled: true, bucket authorized: true
    passed platform-of-partner (assumed): xaccount_type is the assigned \"DEMO_IDP\"
    passed customer-not-caller (assumed): customer_id c-1, the caller's own account account
    refused by customer-has-partner (documented): no customer with this ID
1 scenario, 1 exchange, 1 failed
"
    );
}

#[test]
fn check_prints_warnings_to_stderr_and_exits_0() {
    let path = TestDir::new("warnings").put("mine.yaml", "name: mine\n");
    let (code, stdout, stderr) = run(&["check", &path]);
    assert_eq!((code, stdout.as_str()), (Some(0), "ok   mine: 0 exchanges\n1 scenario, 0 exchanges, 0 failed\n"));
    let line = |message: &str| format!("{path}:1:1: warning: {message}\n");
    assert!(stderr.starts_with(&line("nobody can call: there are no partners")), "{stderr}");
    assert!(stderr.contains(&line("nothing is proved: there are no exchanges")), "{stderr}");
    let full = || File::options().write(true).open("/dev/full").expect("Linux has it");
    let output = binary().args(["check", &path]).stderr(full()).output();
    assert_eq!(finished(output.expect("the binary can be started")).0, Some(0), "nothing is wrong");
}

#[test]
fn no_text_of_a_scenario_acts_on_the_terminal() {
    let forged = r#""\e[31mred\nok   fake: 2 exchanges\0\u202e\u061c""#;
    let partner = "partners: [{ id: p, name: n, xaccount_type: X, credentials: { tokens: [t] } }]";
    let table = [
        (format!("name: {forged}\n{partner}\n"), 0),
        (format!("{partner}\n{forged}: 1\n"), 3),
        (format!("{partner}\ncustomers: [{{ id: c, partner: {forged} }}]\n"), 3),
        (format!("{partner}\ncustomers: [{{ id: c, partner: \u{202e}x }}]\n"), 3),
        (format!("{partner}\ncustomers: [{{ id: c, partner: \u{1b}[31m }}]\n"), 3),
        (format!("{partner}\nexchanges: [{{ request: {{ {forged}: {forged} }}, expect: {{ status: 200 }} }}]\n"), 1),
        (format!("{partner}\nexchanges: [{{ as: {forged}, request: {{}}, expect: {{ status: 200 }} }}]\n"), 1),
        (
            format!(
                "{partner}\nexchanges: [{{ request: {{}}, expect: {{ status: 400, body: {{ {forged}: {forged} }} }} }}]"
            ),
            1,
        ),
        (format!("{partner}\nexchanges: [{{ review: {{ customer: {forged}, decision: approve }} }}]\n"), 1),
    ];
    let files = TestDir::new("terminal");
    let assert_harmless = |shown: &str, text: &str| {
        let acts = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{61c}');
        assert!(!shown.contains(acts), "{text}: {shown:?}");
        assert!(!shown.lines().any(|line| line.starts_with("ok   fake")), "{text}: {shown}");
    };
    for (text, expected) in table {
        let path = files.put("forged.yaml", &text);
        let (code, stdout, stderr) = run(&["check", &path]);
        assert_eq!(code, Some(expected), "{text}: {stdout}{stderr}");
        assert_harmless(&format!("{stdout}{stderr}"), &text);
    }
    let (_, _, stderr) = run(&["--scenario", "a\u{1b}[31m\nok   fake\u{202e}"]);
    assert_harmless(&stderr, "the name of a scenario");
    let name = "\u{1b}[31m\nok   fake.yaml";
    for text in ["nmae: x\n", "exchanges: [{ request: {}, expect: { status: 200 } }]\n"] {
        let path = files.put(name, text);
        let (_, stdout, stderr) = run(&["check", &path]);
        assert_harmless(&format!("{stdout}{stderr}"), text);
    }
}

#[test]
fn check_fixtures_exits_0() {
    let (code, stdout, stderr) = run(&["check", FIXTURES]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
}

#[track_caller]
fn explain(body: &str, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run_on(body, &[&["explain"], arguments].concat());
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    stdout
}

#[test]
fn explain_of_an_acceptance_prints_its_changes() {
    let text = explain(&builtin_passport("customer-new").to_string(), &[]);
    assert!(
        text.starts_with("200 {\"is_review\":1}\nwhy         accepted: every rule holds\n\npassed      head-size: "),
        "{text}"
    );
    assert!(!text.contains("refused by") && !text.contains("not reached"), "{text}");
    let change = "\n\nchanges     customer customer-new: attempts 0 -> 1, real_name unauthenticated -> under_review\n";
    assert!(text.ends_with(change), "{text}");
}

#[test]
fn explain_of_a_refusal_prints_the_rule_and_what_was_not_reached() {
    let text = explain(&builtin_passport("customer-done").to_string(), &[]);
    let page = "The customer has passed real-name authentication or is being reviewed.";
    assert!(text.starts_with(&format!(r#"400 {{"error_code":"CBC.99000027","error_msg":"{page}"}}"#)), "{text}");
    let refusal = "\nrefused by  not-authenticated-yet: real-name status: authenticated\n            documented: ";
    assert!(text.contains(&format!("{refusal}{page}\nnot reached attempts-left\n")), "{text}");
    assert_eq!((text.matches("\nrefused by").count(), text.matches("\n            ").count()), (1, 22), "{text}");
    assert!(text.ends_with("\n\nchanges     nothing\n"), "{text}");
}

#[test]
fn explain_of_a_scripted_answer_names_the_script() {
    let text = explain(&passport("broken-1").to_string(), &["--scenario", "other-errors"]);
    assert!(text.starts_with("500 {\"error_code\":\"CBC.0999\""), "{text}");
    assert!(text.contains("\nanswered by script: scripted[0] matches\n"), "{text}");
}

#[test]
fn explain_of_a_malformed_body_prints_the_refusal() {
    let refused = r#"400 {"error_code":"CBC.0100","error_msg":"Parameter error."}"#;
    let cases = [
        ("{", "refused by  parameters: body: must be well-formed JSON"),
        ("[]", "refused by  parameters: body: must be a JSON object"),
        ("{}", "refused by  parameters: customer_id: must not be null"),
    ];
    for (body, reason) in cases {
        let text = explain(body, &[]);
        assert!(text.starts_with(refused) && text.contains(reason), "{body}: {text}");
    }
    let too_long = " ".repeat(12 * 1024 * 1024 + 1);
    let text = explain(&too_long, &[]);
    assert!(text.starts_with("413 ") && text.contains("refused by  body-size"), "{text}");
}

#[test]
fn explain_as_takes_a_partner_or_a_token() {
    let body = builtin_passport("customer-new").to_string();
    for (caller, answer) in [
        ("demo-partner", "200 {\"is_review\":1}"),
        ("demo-token", "200 {\"is_review\":1}"),
        ("customer-token", "403 {\"error_code\":\"CBC.0151\""),
        ("nobody", "401 {\"error_msg\":\"Incorrect IAM authentication information: decrypt token fail\""),
    ] {
        let text = explain(&body, &["--as", caller]);
        assert!(text.starts_with(answer), "{caller}: {text}");
    }
}

#[tokio::test]
async fn explain_json_prints_the_answer_of_post_explain() {
    for (caller, customer) in [(None, "customer-new"), (Some("demo-token"), "customer-done"), (Some("nobody"), "c")] {
        let request = builtin_passport(customer);
        let call = json!({ "as": caller, "request": request });
        let (status, answer) = TestApp::builtin().post("/explain", &call).await;
        assert_eq!(status, 200);
        let mut arguments = vec!["--json"];
        arguments.extend(caller.into_iter().flat_map(|caller| ["--as", caller]));
        assert_eq!(explain(&request.to_string(), &arguments), format!("{answer}\n"));
    }
}

#[test]
fn explain_without_a_request_exits_2() {
    let (code, stdout, stderr) = run(&["explain"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("`bss-sim explain < request.json`"), "{stderr}");
}

#[test]
fn healthcheck_exits_0_while_the_simulator_serves_and_1_after_it() {
    let process = Process::start(&[]);
    let url = process.url().to_owned();
    assert_eq!(run(&["healthcheck", "--url", &url]).0, Some(0));
    assert_eq!(run(&["healthcheck", "--url", &url, "--wait", "10s"]).0, Some(0));
    process.end("TERM");
    assert_eq!(run(&["healthcheck", "--url", &url, "--wait", "50ms"]).0, Some(1));
}

#[test]
fn healthcheck_of_https_exits_0_by_url_and_by_variables() {
    let (certificate, key, _) = certificate();
    let files = TestDir::new("healthcheck");
    let (certificate, key) = (files.put("cert.pem", &certificate), files.put("key.pem", &key));
    let given = [("BSS_SIM_TLS_CERT", &*certificate), ("BSS_SIM_TLS_KEY", &*key)];
    for variables in [&given[..], &[("BSS_SIM_TLS", "self-signed")]] {
        let process = Process::spawn(binary().env("BSS_SIM_LISTEN", "127.0.0.1:0").envs(variables.iter().copied()));
        let url = process.url().to_owned();
        assert_eq!(run(&["healthcheck", "--url", &url]).0, Some(0));
        // As in a container, where it has the variables of the server.
        let mut check = binary();
        check.arg("healthcheck").env("BSS_SIM_LISTEN", process.address()).envs(variables.iter().copied());
        assert_eq!(check.status().expect("the binary can be started").code(), Some(0), "{variables:?}");
        let (code, _, stderr) = run(&["healthcheck", "--listen", process.address()]);
        let advice = format!("it speaks HTTPS: --url https://{}", process.address());
        assert!(code == Some(1) && stderr.contains(&advice), "{stderr}");
        process.end("TERM");
        let (code, _, stderr) = run(&["healthcheck", "--url", &url]);
        assert!(code == Some(1) && stderr.contains(&format!("{url} is not ready: ")), "{stderr}");
    }
}
