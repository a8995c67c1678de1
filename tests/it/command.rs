//! The command line, as a user or a script sees it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;

use crate::process::{Simulator, binary, finished, run};

/// The directory of the built-in scenarios.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// A fixture file of this test.
fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("the build folder can be written to");
    path.to_str().expect("the build folder's name is text").to_owned()
}

/// One request over a connection of its own; the whole answer.
fn ask(authority: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(authority).expect("the simulator listens");
    stream.write_all(request.as_bytes()).expect("the request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    answer
}

const UNKNOWN: &str = "GET /unknown HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[test]
fn the_ready_line_says_where_it_listens() {
    let simulator = Simulator::start(&[]);
    let url = simulator.ready["url"].clone();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(simulator.ready, json!({ "event": "ready", "url": url, "scenario": "default", "version": version }));
    assert!(ask(simulator.authority(), UNKNOWN).starts_with("HTTP/1.1 404"));
}

#[test]
fn a_signal_ends_it_well_and_at_once_though_clients_are_connected() {
    for signal in ["TERM", "INT"] {
        let simulator = Simulator::start(&[]);
        let mut idle = TcpStream::connect(simulator.authority()).expect("it listens");
        idle.write_all(b"POST /v2 HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n").expect("it reads");
        let (status, printed, log) = simulator.end(signal);
        assert_eq!((status.code(), printed.as_str()), (Some(0), ""), "{signal}");
        assert!(log.contains("stopping"), "{log}");
    }
}

#[test]
fn the_log_has_one_event_for_each_answer() {
    let simulator = Simulator::start(&["--log-format", "json"]);
    let answer = ask(simulator.authority(), UNKNOWN);
    let id = answer.split("x-request-id: ").nth(1).and_then(|rest| rest.get(..32)).expect("an answer has an id");
    ask(simulator.authority(), "GET /_sim/livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let (_, _, log) = simulator.end("TERM");
    let events: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let answered: Vec<_> = events.iter().filter(|event| event["message"] == "answered").collect();
    assert_eq!(answered.len(), 1, "{log}");
    assert_eq!(answered[0]["request.id"], id);
    assert_eq!(answered[0]["response.status"], 404);
    assert_eq!(answered[0]["error.code"], "APIGW.0101");
    assert_eq!(answered[0]["check"], "path-known");
}

#[test]
fn the_log_can_be_turned_off() {
    let simulator = Simulator::start(&["--log-level", "off"]);
    ask(simulator.authority(), UNKNOWN);
    assert_eq!(simulator.end("TERM").2, "");
}

#[test]
fn the_environment_gives_what_no_flag_does() {
    let from_environment =
        Simulator::spawn(binary().env("BSS_SIM_LISTEN", "127.0.0.1:0").env("BSS_SIM_SCENARIO", "open"));
    assert_eq!(from_environment.ready["scenario"], "open");
    let flag = ["--scenario", "review-manual", "--listen", "127.0.0.1:0"];
    let from_flag = Simulator::spawn(binary().env("BSS_SIM_SCENARIO", "open").args(flag));
    assert_eq!(from_flag.ready["scenario"], "review-manual");
}

#[test]
fn a_single_file_is_served_unless_another_scenario_is_chosen() {
    let path = file("single.yaml", "name: single\npartners: []\n");
    assert_eq!(Simulator::start(&["--fixtures", &path]).ready["scenario"], "single");
    assert_eq!(Simulator::start(&["--fixtures", &path, "--scenario", "open"]).ready["scenario"], "open");
    let other = file("other.yaml", "name: other\n");
    assert_eq!(Simulator::start(&["--fixtures", &path, &other]).ready["scenario"], "default");
    assert_eq!(Simulator::start(&["--fixtures", &path, &other, "--scenario", "other"]).ready["scenario"], "other");
}

#[test]
fn it_serves_though_stdout_is_closed() {
    let (reader, writer) = std::io::pipe().expect("the system has pipes");
    drop(reader);
    let mut child = binary()
        .args(["--listen", "127.0.0.1:0"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let mut log = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
    let mut line = String::new();
    log.read_line(&mut line).expect("the log is text");
    let authority = line.split("http://").nth(1).and_then(|rest| rest.split('"').next());
    let answer = authority.map(|authority| ask(authority, UNKNOWN));
    child.kill().expect("it still runs");
    child.wait().expect("it ends");
    assert!(line.contains("stdout is closed"), "{line}");
    assert!(answer.is_some_and(|answer| answer.starts_with("HTTP/1.1 404")), "{line}");
}

#[test]
fn exit_codes_say_what_was_wrong() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = taken.local_addr().expect("it is bound").to_string();
    let bad = file("bad.yaml", "customers: [{ id: 5 }]\n");
    let failing = file("failing.yaml", "exchanges: [{ request: {}, expect: { status: 200 } }]\n");
    let cases: &[(&[&str], i32, &str)] = &[
        (&["--help"], 0, ""),
        (&["catalog"], 0, ""),
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
        (&["--listen", &taken], 4, ": something listens there already: choose another port, or 0 for any free one"),
        (&["--listen", "192.0.2.1:0"], 4, ": this machine has no such address: choose 127.0.0.1"),
        (&["--control-token", " "], 2, "a blank token protects nothing: give one, or leave the flag out"),
    ];
    for (arguments, code, message) in cases {
        let (found, _, stderr) = run(arguments);
        assert_eq!(found, Some(*code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
    }
}

#[test]
fn whoever_has_seen_enough_may_close_stdout() {
    let failing = file("closed.yaml", "exchanges: [{ request: {}, expect: { status: 200 } }]\n");
    for (arguments, code) in
        [(&["catalog"][..], 0), (&["schema"], 0), (&["completions", "bash"], 0), (&["check", &failing], 1)]
    {
        let (reader, writer) = std::io::pipe().expect("the system has pipes");
        drop(reader);
        let child = binary().args(arguments).stdout(writer).stderr(Stdio::piped()).spawn();
        let (found, _, stderr) = finished(child.expect("it starts").wait_with_output().expect("it ends"));
        assert_eq!((found, stderr.contains("panicked")), (Some(code), false), "{arguments:?}: {stderr}");
        assert_eq!(stderr.is_empty(), code == 0, "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_result_that_cannot_be_printed_exits_with_5() {
    let failing = file("unprintable.yaml", "exchanges: [{ request: {}, expect: { status: 200 } }]\n");
    let full = || File::options().write(true).open("/dev/full").expect("Linux has it");
    for (arguments, code) in
        [(&["catalog"][..], 5), (&["schema"], 5), (&["check", FIXTURES], 5), (&["check", &failing], 1)]
    {
        let output = binary().args(arguments).stdout(full()).stderr(Stdio::piped()).output();
        let (found, _, stderr) = finished(output.expect("the binary can be started"));
        assert_eq!(found, Some(code), "{arguments:?}: {stderr}");
        assert_eq!(stderr.contains("cannot write to stdout: No space left on device"), code == 5, "{stderr}");
    }
    let status = binary().args(["check", &failing]).stdout(Stdio::null()).stderr(full()).status();
    assert_eq!(status.expect("the binary can be started").code(), Some(1));
}

#[test]
fn a_bad_setting_of_the_environment_stops_the_start() {
    let output = binary().env("BSS_SIM_LISTEN", "nowhere").output().expect("the binary can be started");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn check_shows_a_failure_as_a_difference_with_the_reason() {
    let path = file(
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
        stdout,
        "FAIL difference: 1 exchange
  line 5:
    status: expected 200, got 400
    body.is_review: expected 1, got nothing
    body.error_code: expected nothing, got \"CBC.99000035\"
    body.error_msg: expected nothing, got \"You are not a customer of a partner yet.\"
    passed head-size (assumed): a target of 39 bytes
    passed space-known (assumed)
    passed path-known (assumed): /v2/customers/realname-auths/individual
    passed method-known (assumed): POST /v2/customers/realname-auths/individual
    passed body-size (assumed): 159 bytes
    passed authenticated (documented): account demo
    passed caller-is-partner (documented): account demo
    passed parameters (documented): a well-formed request
    passed script (assumed): no scripted answer matches
    passed partner-ready (documented): partner authenticated: true, photo upload enabled: true, bucket authorized: true
    passed platform-of-partner (assumed): xaccount_type \"DEMO_IDP\", assigned \"DEMO_IDP\"
    passed customer-not-caller (assumed): customer_id c-1, the caller's own account account
    refused by customer-has-partner (documented): no customer with this ID
1 scenario, 1 exchange, 1 failed
"
    );
}

#[test]
fn every_scenario_does_what_it_says() {
    let (code, stdout, stderr) = run(&["check", FIXTURES]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
}

#[test]
fn the_health_check_waits_for_a_simulator() {
    let simulator = Simulator::start(&[]);
    let url = simulator.ready["url"].as_str().expect("a url").to_owned();
    assert_eq!(run(&["healthcheck", "--url", &url]).0, Some(0));
    assert_eq!(run(&["healthcheck", "--url", &url, "--wait", "10s"]).0, Some(0));
    simulator.end("TERM");
    assert_eq!(run(&["healthcheck", "--url", &url, "--wait", "50ms"]).0, Some(1));
}
