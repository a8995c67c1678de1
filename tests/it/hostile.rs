//! Clients that are slow, broken or hostile: each gets an answer or is closed, and everybody else is served meanwhile.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::faults::{application, ask, request};
use crate::limits::{Connection, PARAMETER_ERROR, assert_alive, head};
use crate::process::{Simulator, binary};

/// How long anything may take that has a limit.
const DEADLINE: Duration = Duration::from_secs(10);

const HALF_A_HEAD: &str = "POST /v2/customers/realname-auths/individual HTTP/1.1\r\nhost: loc";
const BROKEN_OFF: (u16, &str, &str) = (400, "APIGW.0201", "API request error.");

#[track_caller]
fn assert_serves(simulator: &Simulator) {
    let mut connection = Connection::to(simulator);
    connection.send(head("content-length: 2") + "{}");
    connection.answer().assert(400, PARAMETER_ERROR);
}

/// Connections that have sent this, and wait.
#[track_caller]
fn crowd(simulator: &Simulator, size: usize, sent: &str) -> Vec<Connection> {
    let mut crowd: Vec<_> = (0..size).map(|_| Connection::to(simulator)).collect();
    for connection in &mut crowd {
        connection.send(sent);
    }
    crowd
}

/// Sends a byte whenever nothing comes, until something does; what comes then, until the end.
#[track_caller]
fn drip(connection: Connection) -> String {
    let mut stream = connection.0.into_inner();
    stream.set_read_timeout(Some(Duration::from_millis(5))).expect("the time is not zero");
    let (began, mut came) = (Instant::now(), Vec::new());
    loop {
        assert!(began.elapsed() < DEADLINE, "it goes on for ever");
        let mut bytes = [0; 1024];
        match stream.read(&mut bytes) {
            Ok(0) => break,
            Ok(length) => came.extend_from_slice(&bytes[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // Failing, the connection is closed, and the next reading says so.
                let _ = stream.write_all(b"a");
            }
            // What was sent after the end is answered by a reset.
            Err(_) => break,
        }
    }
    String::from_utf8(came).expect("an answer is text")
}

/// Sends this as far as it is taken in, and reads to the end.
#[track_caller]
fn outcome(simulator: &Simulator, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(simulator.authority()).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("the time is not zero");
    let _ = stream.write_all(sent);
    let mut came = Vec::new();
    match stream.read_to_end(&mut came) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("neither an answer nor an end: {error}"),
        _ => came,
    }
}

/// True when the connection is open and silent.
fn is_waiting(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket can be asked");
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).expect("a socket can be waited for");
    peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn half_a_head_is_closed_however_slowly_it_goes_on() {
    let simulator = Simulator::start(&["--head-timeout", "300ms"]);
    let crowds = ["P", HALF_A_HEAD].map(|sent| crowd(&simulator, 100, sent));
    assert_serves(&simulator);
    assert_eq!(drip(Connection::to(&simulator)), "");
    crowds.into_iter().flatten().for_each(Connection::assert_closed);
    assert_serves(&simulator);
    let (_, _, log) = simulator.end("TERM");
    assert_eq!(log.matches("a client took too long").count(), 201, "{log}");
}

#[test]
fn half_a_body_is_refused_however_slowly_it_goes_on() {
    let simulator = Simulator::start(&["--body-timeout", "300ms"]);
    let (status, code, message) = BROKEN_OFF;
    let halves = [head("content-length: 9") + "{", head("transfer-encoding: chunked") + "9\r\n{"];
    let mut crowds = halves.map(|half| crowd(&simulator, 100, &half));
    assert_serves(&simulator);
    let mut dripping = Connection::to(&simulator);
    dripping.send(head("content-length: 1000000"));
    let answer = drip(dripping);
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(code), "{answer}");
    for mut connection in crowds.iter_mut().flat_map(std::mem::take) {
        connection.answer().assert_gateway(status, code, message);
        connection.assert_closed();
    }
    // Also where nothing is simulated.
    let mut control = Connection::to(&simulator);
    control.send("PUT /_sim/world HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{");
    assert_eq!(control.answer().status, 400);
    control.assert_closed();
    assert_serves(&simulator);
    let journal = ask(simulator.authority(), &request("GET", "/_sim/journal?error_code=APIGW.0201&limit=500", ""));
    assert_eq!(journal.matches(r#""decided_by":"gateway""#).count(), 201, "the journal keeps them");
}

#[test]
fn many_long_bodies_at_a_time_hold_up_no_short_one() {
    let simulator = Simulator::start(&["--body-timeout", "1s"]);
    let half = head("content-length: 1000000") + &" ".repeat(200_000);
    let crowd = crowd(&simulator, 64, &half);
    assert_serves(&simulator);
    let (status, code, message) = BROKEN_OFF;
    for mut connection in crowd {
        connection.answer().assert_gateway(status, code, message);
    }
    let mut long = Connection::to(&simulator);
    long.send(half + &" ".repeat(800_000));
    long.answer().assert(400, PARAMETER_ERROR);
}

#[test]
fn stalled_uploads_hold_up_no_other_upload() {
    let simulator = Simulator::start(&[]);
    let half = head("content-length: 1000000") + &" ".repeat(200_000);
    let _stalled = crowd(&simulator, 64, &half);
    let mut whole = Connection::to(&simulator);
    whole.send(half + &" ".repeat(800_000));
    whole.answer().assert(400, PARAMETER_ERROR);
}

#[test]
fn idle_connections_are_closed_in_their_own_time() {
    let simulator = Simulator::start(&["--idle-timeout", "1s"]);
    let (silent, mut used) = (crowd(&simulator, 200, ""), Connection::to(&simulator));
    assert_alive(&mut used);
    assert_serves(&simulator);
    silent.into_iter().for_each(Connection::assert_closed);
    used.assert_closed();

    let simulator = Simulator::start(&["--head-timeout", "50ms", "--body-timeout", "50ms", "--answer-timeout", "50ms"]);
    let (mut silent, mut used) = (Connection::to(&simulator), Connection::to(&simulator));
    assert_alive(&mut used);
    // Long after the limits of everything else, whoever is idle may begin.
    for _ in 0..4 {
        crowd(&simulator, 1, HALF_A_HEAD).into_iter().for_each(Connection::assert_closed);
    }
    assert_alive(&mut silent);
    assert_alive(&mut used);
}

#[test]
fn who_never_reads_is_reset() {
    let simulator = Simulator::start(&["--answer-timeout", "300ms", "--log-level", "warn"]);
    let mut stream = TcpStream::connect(simulator.authority()).expect("it listens");
    stream.set_write_timeout(Some(DEADLINE)).expect("the time is not zero");
    let request = "GET /_sim/scenarios HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100);
    let error = loop {
        // As soon as no answer gets out any more, no request gets in either.
        if let Err(error) = stream.write_all(request.as_bytes()) {
            break error;
        }
    };
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    assert_serves(&simulator);

    // Who follows the journal has to keep up with it, too.
    let mut follower = TcpStream::connect(simulator.authority()).expect("it listens");
    follower.write_all(b"GET /_sim/journal/stream HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it reads");
    follower.set_read_timeout(Some(DEADLINE)).expect("the time is not zero");
    follower.read_exact(&mut [0; 16]).expect("it follows");
    let mut busy = Connection::to(&simulator);
    let large = " ".repeat(30_000) + "{}";
    let began = Instant::now();
    let length = large.len();
    let large = head(&format!("content-length: {length}\r\nx-large: {}", "a".repeat(30_000))) + &large;
    // It is not closed before its buffers are full: megabytes.
    loop {
        assert!(began.elapsed() < 3 * DEADLINE, "it follows without keeping up");
        busy.send(&large);
        busy.answer().assert(400, PARAMETER_ERROR);
        if follower.take_error().expect("a socket can be asked").is_some() {
            break;
        }
    }
}

#[test]
fn what_is_scripted_to_take_long_has_no_limit() {
    let limits = ["--head-timeout", "--body-timeout", "--answer-timeout", "--idle-timeout"];
    let simulator = Simulator::start(&limits.map(|limit| [limit, "300ms"]).concat());
    let control = |path: &str, body: &Value| ask(simulator.authority(), &request("POST", path, &body.to_string()));
    let when = |name: &str| json!({ "name": name });
    let scripted = json!([
        { "when": when("Hangs"), "then": { "fault": "hang" } },
        { "when": when("Late"), "delay": "1s", "then": { "error_code": "CBC.0999" } },
    ]);
    assert!(control("/_sim/scripted", &scripted).starts_with("HTTP/1.1 201"));
    let apply = |name: &str| {
        let mut body = crate::service::passport("customer-new");
        (body["name"], body["xaccount_type"]) = (name.into(), "***_IDP".into());
        let mut connection = Connection::to(&simulator);
        connection.send(application(&body.to_string()));
        connection
    };
    let mut follower = Connection::to(&simulator);
    follower.send("GET /_sim/journal/stream HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert_eq!(follower.head().status, 200);
    let (hanging, mut late) = (apply("Hangs"), apply("Late"));
    // One after the other, so that each is closed after its own time.
    for _ in 0..4 {
        crowd(&simulator, 1, "").into_iter().for_each(Connection::assert_closed);
    }
    late.answer().assert(500, r#"{"error_code":"CBC.0999","error_msg":"Other errors."}"#);
    assert!(is_waiting(hanging.0.get_ref()), "what hangs, hangs for ever");
    let mut lines = std::io::BufRead::lines(follower.0).map(|line| line.expect("it still follows"));
    let mut event = |what: &str| lines.find(|line| line.starts_with("data: ") && line.contains(what));
    assert!(event("CBC.0999").is_some());
    assert_serves(&simulator);
    assert!(event("CBC.0100").is_some(), "who follows, follows for ever");
}

#[test]
fn too_many_connections_wait_and_are_served_in_their_turn() {
    let simulator = Simulator::start(&["--max-connections", "20", "--head-timeout", "500ms"]);
    let crowd = crowd(&simulator, 20, HALF_A_HEAD);
    let mut others: Vec<_> = (0..50).map(|_| Connection::to(&simulator)).collect();
    for other in &mut others {
        other.send(application("{}"));
    }
    for mut other in others {
        other.answer().assert(400, PARAMETER_ERROR);
    }
    crowd.into_iter().for_each(Connection::assert_closed);
    let (_, _, log) = simulator.end("TERM");
    assert!(log.contains("as many connections as there may be"), "{log}");
}

#[test]
fn few_files_are_enough() {
    let mut command = Command::new("sh");
    let binary = binary();
    command.args(["-c", r#"ulimit -n 64 && exec "$@""#, "sh"]).arg(binary.get_program());
    command.args(["--listen", "127.0.0.1:0", "--idle-timeout", "300ms"]);
    command.env_clear();
    let simulator = Simulator::spawn(&mut command);
    let idle = crowd(&simulator, 200, "");
    assert_serves(&simulator);
    idle.into_iter().for_each(Connection::assert_closed);
    let (_, _, log) = simulator.end("TERM");
    assert_eq!(log.matches("ulimit -n").count(), 1, "{log}");
    assert!(log.contains("connections=32") && !log.contains("accept error"), "{log}");
}

#[cfg(target_os = "linux")]
#[test]
fn when_there_are_no_files_at_all_connections_wait() {
    let simulator = Simulator::start(&[]);
    let pid = simulator.pid();
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("the process is there").count();
    let files = u64::try_from(open + 4).expect("these are few");
    rlimit::prlimit(pid.cast_signed(), rlimit::Resource::NOFILE, Some((files, files)), None).expect("it is our own");
    let mut crowd = crowd(&simulator, 8, "GET /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let few = crowd.drain(..2).map(|mut connection| connection.answer().status).collect::<Vec<_>>();
    assert_eq!(few, [200, 200], "these have a file");
    for mut connection in crowd {
        assert_eq!(connection.answer().status, 200, "these have it from one before them");
    }
    let (_, _, log) = simulator.end("TERM");
    assert!(log.contains("accept error: Too many open files"), "{log}");
}

#[test]
fn what_is_no_request_gets_an_answer_or_an_end() {
    let simulator = Simulator::start(&[]);
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let hello = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[7; 506]].concat();
    let two_lengths = |second: &str| head(&format!("content-length: 2\r\ncontent-length: {second}")) + "{}";
    let many = |name: &str| name.repeat(200);
    let table: [(&str, Vec<u8>, &[&str]); 12] = [
        ("two lengths that differ", two_lengths("3").into(), &["400"]),
        ("a list of lengths", head("content-length: 2, 3").into(), &["400"]),
        ("a negative length", head("content-length: -2").into(), &["400"]),
        ("a length with a sign", head("content-length: +2").into(), &["400"]),
        ("an unknown coding", head("transfer-encoding: gzip").into(), &["400"]),
        ("a line without an end", vec![b'a'; 1_000_000], &["400", "431", ""]),
        ("a header without an end", head(&"a".repeat(1_000_000)).into(), &["400", "431", ""]),
        ("200 headers", head(&many("a: b\r\n")).into(), &["431"]),
        ("a zero in a header", head("a: \0").into(), &["400"]),
        ("a preface of HTTP/2", [preface.as_bytes(), b"\0\0\0\x04\0\0\0\0\0"].concat(), &["400", ""]),
        ("a beginning of TLS", hello, &["400", ""]),
        ("zeros", vec![0; 100_000], &["400", ""]),
    ];
    for (what, sent, statuses) in table {
        let came = outcome(&simulator, &sent);
        let answer = String::from_utf8(came).unwrap_or_else(|error| panic!("{what}: {error}"));
        let status = answer.strip_prefix("HTTP/1.1 ").map_or(answer.as_str(), |rest| &rest[..3]);
        assert!(statuses.contains(&status), "{what}: {answer}");
        assert_serves(&simulator);
    }
}

#[test]
fn with_both_length_headers_nothing_is_smuggled_in() {
    let simulator = Simulator::start(&[]);
    let smuggled = "GET /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for both in ["content-length: 100\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 7"]
    {
        let sent = head(both) + "2\r\n{}\r\n0\r\n\r\n" + smuggled;
        let came = String::from_utf8(outcome(&simulator, sent.as_bytes())).expect("an answer is text");
        assert!(came.starts_with("HTTP/1.1 400 ") && came.ends_with(PARAMETER_ERROR), "{came}");
        assert_eq!(came.matches("HTTP/1.1").count(), 1, "{came}");
    }
    assert_serves(&simulator);
}

#[test]
fn who_leaves_halfway_leaves_nothing_behind() {
    let body = head("content-length: 9") + "{";
    let whole = head("content-length: 2") + "{}";
    // So few connections that one left behind would soon be missed.
    let simulator = Simulator::start(&["--max-connections", "4"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for sent in ["", HALF_A_HEAD, &body, &whole] {
        for _ in 0..8 {
            // Who says that nothing more comes gets an answer or an end.
            let mut half_closed = Connection::to(&simulator);
            half_closed.send(sent);
            half_closed.0.get_ref().shutdown(Shutdown::Write).expect("it is open");
            let mut came = String::new();
            half_closed.0.read_to_string(&mut came).expect("it is closed");
            assert!(came.is_empty() || came.starts_with("HTTP/1.1 400 "), "{came}");

            let mut reset = Connection::to(&simulator);
            reset.send(sent);
            let stream = reset.0.into_inner();
            stream.set_nonblocking(true).expect("it is open");
            runtime.block_on(async {
                let stream = tokio::net::TcpStream::from_std(stream).expect("it is a socket");
                stream.set_zero_linger().expect("it is open");
            });
        }
        assert_serves(&simulator);
    }
}

#[test]
fn a_thousand_requests_at_once_hold_up_nobody() {
    // Nobody reads the log meanwhile.
    let simulator = Simulator::start(&["--log-level", "warn"]);
    let mut connection = Connection::to(&simulator);
    let stream = connection.0.get_ref().try_clone().expect("a socket can be shared");
    let requests = (head("content-length: 2") + "{}").repeat(1000);
    let sender = std::thread::spawn(move || (&stream).write_all(requests.as_bytes()));
    assert_serves(&simulator);
    for _ in 0..1000 {
        connection.answer().assert(400, PARAMETER_ERROR);
    }
    sender.join().expect("it ends").expect("all was taken in");
}

#[test]
fn a_stop_waits_for_none_of_them() {
    let simulator = Simulator::start(&[]);
    let script = json!({ "then": { "fault": "hang" } }).to_string();
    assert!(ask(simulator.authority(), &request("POST", "/_sim/scripted", &script)).starts_with("HTTP/1.1 201"));
    let valid = crate::service::with(crate::service::passport("customer-new"), "xaccount_type", "***_IDP");
    let halves = ["", HALF_A_HEAD, &(head("content-length: 9") + "{"), &application(&valid.to_string())];
    let crowds = halves.map(|half| crowd(&simulator, 20, half));
    assert_serves(&simulator);
    let (status, _, _) = simulator.end("TERM");
    assert_eq!(status.code(), Some(0));
    drop(crowds);
}

#[test]
fn a_stop_lets_a_request_under_way_end_and_takes_no_other() {
    let simulator = Simulator::start(&[]);
    let script = json!({ "delay": "200ms", "then": { "error_code": "CBC.0999" } }).to_string();
    assert!(ask(simulator.authority(), &request("POST", "/_sim/scripted", &script)).starts_with("HTTP/1.1 201"));
    let valid = crate::service::with(crate::service::passport("customer-new"), "xaccount_type", "***_IDP").to_string();
    let mut late = Connection::to(&simulator);
    late.send(head(&format!("content-length: {}", valid.len())) + &valid);
    let used = || ask(simulator.authority(), &request("GET", "/_sim/scripted", "")).contains(r#""used":1"#);
    while !used() {}
    let authority = simulator.authority().to_owned();
    let (status, _, _) = simulator.end("TERM");
    assert_eq!(status.code(), Some(0));
    late.answer().assert(500, r#"{"error_code":"CBC.0999","error_msg":"Other errors."}"#);
    late.assert_closed();
    TcpStream::connect(authority).expect_err("nothing listens");
}

#[test]
fn a_limit_is_never_nothing() {
    let table = [("--head-timeout", "0s"), ("--idle-timeout", "soon"), ("--max-connections", "0")];
    for (flag, value) in table {
        let (code, _, told) = crate::process::run(&["serve", flag, value]);
        assert_eq!(code, Some(2), "{flag}");
        assert!(told.contains(flag), "{told}");
    }
}
