//! `bss-sim serve`, and the exit codes of all commands.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use axum::http::Request;
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn serve_prints_one_ready_line_with_url_scenario_and_version() {
    let process = Process::start(&[]);
    let version = env!("CARGO_PKG_VERSION");
    let console = format!("{}/_sim/ui/", process.url());
    let expected = json!({
        "event": "ready", "url": process.url(), "scenario": "default", "version": version, "console": console,
    });
    assert_eq!(process.ready, expected);
    assert_eq!(process.end("TERM").1, "");
}

#[tokio::test]
async fn serve_with_idle_clients_exits_0_at_sigterm_and_sigint() {
    for signal in ["TERM", "INT"] {
        let process = Process::start(&[]);
        let mut idle = Connection::to(&process).await;
        idle.send("POST /v2 HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n").await;
        let (code, printed, log) = process.end(signal);
        assert_eq!((code, printed.as_str()), (Some(0), ""), "{signal}");
        assert!(log.contains("stopping"), "{log}");
    }
}

#[test]
fn serve_with_stop_with_stdin_exits_0_when_stdin_ends() {
    let (code, printed, log) = run_on("dropped", &["--stop-with-stdin", "--listen", "127.0.0.1:0"]);
    assert_eq!((code, printed.lines().count()), (Some(0), 1), "{printed}");
    assert!(log.contains("stopping") && !log.contains("at once"), "{log}");
}

#[tokio::test]
async fn serve_logs_one_event_for_each_answer() {
    let process = Process::start(&["--log-format", "json"]);
    let reply = process.client().call("GET", "/unknown", &[], "").await;
    process.client().get("/livez").await;
    process.client().script(&json!({ "then": { "fault": "empty" } })).await;
    process.client().apply_as("demo-token", &builtin_passport("customer-new")).await;
    let (_, _, log) = process.end("TERM");
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let answered: Vec<_> = events.iter().filter(|event| event["message"] == "answered").collect();
    assert_eq!(answered.len(), 2, "{log}");
    assert_eq!(answered[0]["request.id"], reply.id());
    assert_eq!((&answered[0]["request.method"], &answered[0]["request.path"]), (&json!("GET"), &json!("/unknown")));
    assert_eq!(answered[0]["response.status"], 404);
    assert_eq!(answered[0]["error.code"], "APIGW.0101");
    assert_eq!(answered[0]["check"], "path-known");
    let why = "path-known: The API does not exist or has not been published in the environment.";
    assert_eq!((&answered[0]["why"], &answered[0]["fault"]), (&json!(why), &Value::Null));
    assert_eq!(
        (&answered[1]["why"], &answered[1]["fault"]),
        (&json!("script: scripted[0] matches: empty"), &json!("empty"))
    );
}

#[tokio::test]
async fn serve_log_level_off_logs_nothing() {
    let process = Process::start(&["--log-level", "off"]);
    process.client().call("GET", "/unknown", &[], "").await;
    assert_eq!(process.end("TERM").2, "");
}

#[tokio::test]
async fn serve_logs_neither_credentials_nor_personal_data() {
    let holder = "certificates: [{ number: E12345678, holder: Holder Known }]";
    let fixture = TestDir::new("logged").put("callers.yaml", format!("name: callers\n{CALLERS}{holder}"));
    let date = now();
    let application = passport("c-1").to_string();
    let post = |path: &str, name: &str, value: &str, body: &str| {
        let request = Request::post(path).header("content-type", "application/json").header(name, value);
        request.body(body.to_owned()).expect("a request")
    };
    let apply = |name: &str, value: &str, body: &str| post(INDIVIDUAL, name, value, body);
    let login = |methods: Value, password: &str| {
        let user = json!({ "name": "operator", "password": password, "domain": { "name": "demo" } });
        let identity = json!({ "methods": methods, "password": { "user": user } });
        post("/v3/auth/tokens", "accept", "*/*", &json!({ "auth": { "identity": identity } }).to_string())
    };
    let security = &[JSON, ("x-security-token", "gQpjbi1ub3J0aC00")];
    let plain = SignedRequest::post(&application, &date);
    let signed = SignedRequest { key: TEMPORARY_KEY, sent: security, signed: security, ..plain };
    let forged = SignedRequest { key: (TEMPORARY_KEY.0, "wrong-secret"), ..signed };
    let named_type = with(passport("c-1"), "change_type", "Wang Xiaoming").to_string();
    let requests = [
        (apply("x-auth-token", "token", &application), 400, "the certificate has another holder"),
        (apply("x-auth-token", "token", &named_type), 400, "a name where a number has to be"),
        (apply("x-auth-token", "token", "{\"Wang Xiaoming\""), 400, "malformed"),
        (apply("x-auth-token", "a-stolen-token", &application), 401, "an unknown token"),
        (apply("authorization", "Bearer a-stolen-token", &application), 401, "a foreign scheme"),
        (apply("authorization", "Basic a-stolen-token", &application), 401, "another one"),
        (post(&format!("{INDIVIDUAL}?token=a-stolen-token"), "x-auth-token", "token", &application), 400, "a query"),
        (signed.request(), 400, "a signature"),
        (forged.request(), 401, "a wrong one: the answer repeats the signed headers"),
        (login(json!(["password"]), "demo-password"), 201, "a login"),
        (login(json!(["password"]), "a-guessed-password"), 401, "a wrong one"),
        (login(json!("demo-password"), "a-guessed-password"), 400, "a malformed one"),
    ];
    for format in ["text", "json"] {
        let process = Process::start(&["--log-level", "debug", "--log-format", format, "--fixtures", &fixture]);
        let client = process.client();
        let secrets = [
            "a-stolen-token",
            "a-guessed-password",
            "demo-password",
            "temporary-secret",
            "wrong-secret",
            "gQpjbi1ub3J0aC00",
            "Wang",
            "E12345678",
            "Holder Known",
            "Signature=",
            "SignedHeaders=",
            "operator",
        ];
        let mut secrets = secrets.map(str::to_owned).to_vec();
        for (request, status, why) in &requests {
            let reply = client.send(request.clone()).await;
            assert_eq!(reply.status, *status, "{why}: {reply:?}");
            if let Some(token) = reply.header("x-subject-token") {
                assert_eq!(client.apply_as(token, &passport("c-1")).await.status, 400, "a token that was issued");
                secrets.push(token.to_owned());
            }
        }
        for signed in [signed, forged] {
            secrets.push(signed.authorization().split_once("Signature=").expect("a signature").1.to_owned());
        }
        let (_, printed, log) = process.end("TERM");
        for secret in secrets {
            assert!(!log.contains(&secret) && !printed.contains(&secret), "{format}: {secret}:\n{log}");
        }
        assert_eq!(log.matches("answered").count(), requests.len() + 1, "one event for each request:\n{log}");
        assert_eq!(log.matches(INDIVIDUAL).count(), requests.len() + 1 - 3, "all but the logins:\n{log}");
    }
}

#[tokio::test]
async fn serve_with_closed_or_full_output_answers() {
    for output in [">&- 2>&-", ">/dev/full 2>/dev/full"] {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("it is bound");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec \"$0\" --listen {free} {output}"), env!("CARGO_BIN_EXE_bss-sim")]);
        let process = Process::spawn_at(&free.to_string(), &mut command);
        for _ in 0..50 {
            process.client().post_as("demo-token", "{}").await.assert_parameter_error();
        }
    }
}

/// A simulator whose log is not read, after 5,000 answers: 4096 lines may wait, and a pipe holds 64 KiB, which are fewer.
async fn with_unread_log() -> Process {
    let process = Process::start(&["--log-format", "json"]);
    let mut connection = Connection::to(&process).await;
    let requests = "GET /unknown HTTP/1.1\r\nhost: a\r\n\r\n".repeat(100);
    for _ in 0..50 {
        connection.send(&requests).await;
        for _ in 0..100 {
            assert_eq!(connection.reply().await.status, 404);
        }
    }
    process
}

#[tokio::test]
async fn serve_with_an_unread_log_answers_and_logs_how_many_lines_are_lost() {
    let mut process = with_unread_log().await;
    let mut log = process.log();
    let lost = std::iter::from_fn(|| Some(log.event())).find(|event| event["lines"].is_u64()).expect("an event");
    assert!(lost["lines"].as_u64() > Some(50), "{lost}");
    assert_eq!(lost["level"], "WARN");
}

#[tokio::test]
async fn serve_with_an_unread_log_exits_0_at_sigterm() {
    let (code, printed, _) = with_unread_log().await.end("TERM");
    assert_eq!((code, printed.as_str()), (Some(0), ""));
}

#[test]
fn serve_takes_flags_before_the_environment() {
    let from_environment =
        Process::spawn(binary().env("BSS_SIM_LISTEN", "127.0.0.1:0").env("BSS_SIM_SCENARIO", "open"));
    assert_eq!(from_environment.ready["scenario"], "open");
    let flag = ["--scenario", "review-manual", "--listen", "127.0.0.1:0"];
    let from_flag = Process::spawn(binary().env("BSS_SIM_SCENARIO", "open").args(flag));
    assert_eq!(from_flag.ready["scenario"], "review-manual");
}

#[test]
fn serve_with_one_file_serves_it_unless_scenario_names_another() {
    let files = TestDir::new("served");
    let path = files.put("single.yaml", "name: single\npartners: []\n");
    assert_eq!(Process::start(&["--fixtures", &path]).ready["scenario"], "single");
    assert_eq!(Process::start(&["--fixtures", &path, "--scenario", "open"]).ready["scenario"], "open");
    let other = files.put("other.yaml", "name: other\n");
    assert_eq!(Process::start(&["--fixtures", &path, &other]).ready["scenario"], "default");
    assert_eq!(Process::start(&["--fixtures", &path, &other, "--scenario", "other"]).ready["scenario"], "other");
}

#[tokio::test]
async fn serve_with_closed_stdout_logs_its_address() {
    let (reader, writer) = std::io::pipe().expect("the system has pipes");
    drop(reader);
    let mut command = binary();
    command.args(["--listen", "127.0.0.1:0"]).stdout(writer).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary can be started");
    let mut line = String::new();
    BufReader::new(child.stderr.take().expect("stderr is a pipe")).read_line(&mut line).expect("the log is text");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('"').next()).expect("an address");
    let reply = Client::of_url(address).call("GET", "/unknown", &[], "").await;
    child.kill().expect("it still runs");
    child.wait().expect("it ends");
    assert!(line.contains("stdout takes nothing"), "{line}");
    assert_eq!(reply.status, 404);
}

#[test]
fn serve_with_unreadable_fixture_exits_3() {
    let files = TestDir::new("unreadable");
    let secret = files.put("secret.yaml", "name: secret\n");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).expect("permissions can be changed");
    let dangling = files.join("dangling.yaml");
    symlink(files.join("nothing"), &dangling).expect("a link can be made");
    let mut unreadable = vec![dangling.to_str().expect("the path is text")];
    // Root may read everything.
    unreadable.extend(File::open(&secret).is_err().then_some(secret.as_str()));
    for path in unreadable {
        let (code, printed, stderr) = run(&["--listen", "127.0.0.1:0", "--fixtures", path]);
        assert_eq!((code, printed.as_str()), (Some(3), ""), "{stderr}");
        assert!(stderr.contains(path), "{stderr}");
    }
}

#[test]
fn serve_with_a_bad_variable_exits_2() {
    for (name, value) in [("BSS_SIM_LISTEN", "nowhere"), ("BSS_SIM_CONTROL_HOST", "a b")] {
        let output = binary().env(name, value).output().expect("the binary can be started");
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
}

#[tokio::test]
async fn serve_listens_where_people_say() {
    let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
    for (listen, addresses) in [
        ("0", &["127.0.0.1"][..]),
        (":0", &["127.0.0.1"]),
        ("localhost:0", &["127.0.0.1", "[::1]"]),
        ("[::1]:0", &["[::1]"]),
    ] {
        if listen == "[::1]:0" && !has_ipv6 {
            continue;
        }
        let process = Process::spawn(binary().args(["--listen", listen, "--control-listen", listen]));
        let control = text(&process.ready["control_url"]).to_owned();
        for (url, path, status) in [(process.url(), INDIVIDUAL, 404), (&control, "/_sim/livez", 200)] {
            let port = url.rsplit(':').next().expect("a port");
            for address in addresses.iter().filter(|address| **address != "[::1]" || has_ipv6) {
                let reply = Client::of_url(&format!("{address}:{port}")).call("GET", path, &[], "").await;
                assert_eq!(reply.status, status, "{listen}: {address}: {reply:?}");
            }
        }
    }
}

#[test]
fn serve_at_a_port_in_use_names_the_flag_and_the_process() {
    let process = Process::start(&[]);
    let port = process.address().rsplit(':').next().expect("a port");
    for (arguments, flag) in [
        (&["--listen", port][..], "(--listen)"),
        (&["--listen", "0", "--control-listen", &format!("localhost:{port}")], "(--control-listen)"),
    ] {
        let (code, _, stderr) = run(arguments);
        let start = format!("cannot listen on 127.0.0.1:{port} {flag}: something listens there already: ");
        assert!(code == Some(4) && stderr.starts_with(&start), "{stderr}");
        if cfg!(target_os = "linux") {
            assert!(stderr.ends_with(&format!("; process {} (bss-sim) has it\n", process.pid())), "{stderr}");
        }
    }
}

#[tokio::test]
async fn serve_logs_the_warnings_of_files() {
    let files = TestDir::new("logged-warnings");
    let path = files.put("mine.yaml", "name: mine\npartners: []\n");
    let mut process = Process::start(&["--fixtures", &path, "--log-format", "json"]);
    let mut log = process.log();
    // They come by line.
    log.event_of("nothing is proved");
    let event = log.event_of("nobody can call: there are no partners");
    assert_eq!((&event["level"], &event["file"], &event["line"]), (&"WARN".into(), &path.as_str().into(), &2.into()));
    files.put("mine.yaml", format!("name: mine\n{PARTNERS}"));
    assert_eq!(process.client().post("/reload", &Value::Null).await.0, 200);
    log.event_of("scenario files were read again");
    log.event_of("nothing is proved");
}

#[tokio::test]
async fn serve_control_host_allows_further_hosts() {
    let hosts = "BSS.example.com,*.example.org.";
    let listed = [("bss.example.com:80", 200), ("a.b.example.org", 200), ("localhost", 200), ("example.org", 403)];
    let control_address = ["--control-listen", "127.0.0.1:0"];
    let any = [("evil.example", 200), ("evil.example, localhost", 403), ("example.org:443", 200)];
    for (process, cases) in [
        (Process::start(&["--control-host", hosts]), &listed[..]),
        (Process::start(&["--control-host", "bss.example.com", "--control-host", "*.example.org"]), &listed),
        (Process::start(&[&["--control-host", hosts][..], &control_address].concat()), &listed),
        (Process::spawn(binary().args(["--listen", "127.0.0.1:0"]).env("BSS_SIM_CONTROL_HOST", hosts)), &listed),
        (Process::start(&["--control-host", "*"]), &any),
    ] {
        let client = Client::of_url(process.ready["control_url"].as_str().unwrap_or(process.url()));
        for (host, status) in cases {
            let reply = client.call("GET", "/_sim/clock", &[("host", host)], "").await;
            assert_eq!(reply.status, *status, "{host}: {reply:?}");
        }
    }
}
