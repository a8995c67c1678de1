//! Clients that are slow, broken or hostile: each gets an answer or is closed, and all others are served meanwhile.

use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncWriteExt, join, sink};
use tokio::net::TcpStream;
use tokio::time::interval;

use crate::support::*;

const HALF_A_HEAD: &str = "POST /v2/customers/realname-auths/individual HTTP/1.1\r\nhost: loc";
const BROKEN_OFF: (u16, &str, &str) = (400, "APIGW.0201", "API request error.");

async fn assert_serves(process: &Process) {
    let mut connection = Connection::to(process).await;
    connection.send(raw_post("{}")).await;
    connection.reply().await.assert_parameter_error();
}

async fn assert_all_closed(crowd: Vec<Connection>) {
    for connection in crowd {
        connection.assert_closed().await;
    }
}

/// Sends a byte every few milliseconds until the connection ends. Returns what came.
async fn drip(mut connection: Connection) -> String {
    let mut ticks = interval(Duration::from_millis(5));
    in_time(async {
        loop {
            ticks.tick().await;
            // It fails when the connection has ended.
            if connection.try_send("a").await.is_err() {
                break;
            }
        }
    })
    .await;
    connection.rest_as_text().await
}

/// Sends this as far as it is taken in, and reads to the end.
async fn exchange(process: &Process, sent: &[u8]) -> String {
    let mut connection = Connection::to(process).await;
    let _ = connection.try_send(sent).await;
    connection.rest_as_text().await
}

#[tokio::test]
async fn head_timeout_closes_clients_that_send_half_a_head() {
    let process = Process::start(&["--head-timeout", "300ms"]);
    let mut crowd = Connection::crowd(&process, 100, "P").await;
    crowd.extend(Connection::crowd(&process, 100, HALF_A_HEAD).await);
    assert_serves(&process).await;
    assert_eq!(drip(Connection::to(&process).await).await, "");
    assert_all_closed(crowd).await;
    assert_serves(&process).await;
    let (_, _, log) = process.end("TERM");
    assert_eq!(log.matches("a client took too long").count(), 201, "{log}");
}

#[tokio::test]
async fn body_timeout_answers_400_apigw_0201_to_half_a_body() {
    let process = Process::start(&["--body-timeout", "300ms"]);
    let (status, code, message) = BROKEN_OFF;
    let declared = Connection::crowd(&process, 100, &(head("content-length: 9") + "{")).await;
    let chunked = Connection::crowd(&process, 100, &(head("transfer-encoding: chunked") + "9\r\n{")).await;
    assert_serves(&process).await;
    let mut dripping = Connection::to(&process).await;
    dripping.send(head("content-length: 1000000")).await;
    let answer = drip(dripping).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(code), "{answer}");
    for mut connection in declared.into_iter().chain(chunked) {
        connection.reply().await.assert_gateway(status, code, message);
        connection.assert_closed().await;
    }
    let mut control = Connection::to(&process).await;
    control.send("PUT /_sim/world HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{").await;
    assert_eq!(control.reply().await.status, 400, "control calls have the same limit");
    control.assert_closed().await;
    assert_serves(&process).await;
    let journal = process.client().get("/journal?error_code=APIGW.0201&limit=500").await;
    assert_eq!(list(&journal, "entries").len(), 201, "the journal keeps them");
}

#[tokio::test]
async fn half_sent_long_bodies_delay_no_short_one() {
    let process = Process::start(&["--body-timeout", "1s"]);
    let half = head("content-length: 1000000") + &" ".repeat(200_000);
    let crowd = Connection::crowd(&process, 64, &half).await;
    assert_serves(&process).await;
    let (status, code, message) = BROKEN_OFF;
    for mut connection in crowd {
        connection.reply().await.assert_gateway(status, code, message);
    }
    let mut long = Connection::to(&process).await;
    long.send(half + &" ".repeat(800_000)).await;
    long.reply().await.assert_parameter_error();
}

#[tokio::test]
async fn stalled_uploads_delay_no_other_upload() {
    let process = Process::start(&[]);
    let half = head("content-length: 1000000") + &" ".repeat(200_000);
    let _stalled = Connection::crowd(&process, 64, &half).await;
    let mut whole = Connection::to(&process).await;
    whole.send(half + &" ".repeat(800_000)).await;
    whole.reply().await.assert_parameter_error();
}

#[tokio::test]
async fn idle_timeout_closes_idle_clients_and_only_them() {
    let process = Process::start(&["--idle-timeout", "1s"]);
    let (silent, mut used) = (Connection::crowd(&process, 200, "").await, Connection::to(&process).await);
    used.assert_alive().await;
    assert_serves(&process).await;
    assert_all_closed(silent).await;
    used.assert_closed().await;

    let process = Process::start(&["--head-timeout", "50ms", "--body-timeout", "50ms", "--answer-timeout", "50ms"]);
    let (mut silent, mut used) = (Connection::to(&process).await, Connection::to(&process).await);
    used.assert_alive().await;
    // Idle clients outlive the limits of everything else.
    for _ in 0..4 {
        assert_all_closed(Connection::crowd(&process, 1, HALF_A_HEAD).await).await;
    }
    silent.assert_alive().await;
    used.assert_alive().await;
}

#[tokio::test]
async fn answer_timeout_resets_clients_that_do_not_read() {
    let process = Process::start(&["--answer-timeout", "300ms", "--log-level", "warn"]);
    let mut greedy = Connection::to(&process).await;
    let requests = "GET /_sim/scenarios HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100);
    let error = loop {
        // As soon as no answer gets out any more, no request gets in either.
        if let Err(error) = greedy.try_send(&requests).await {
            break error;
        }
    };
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    assert_serves(&process).await;

    // A follower of the journal has to keep up with it, too.
    let mut follower = Connection::to(&process).await;
    follower.send("GET /_sim/journal/stream HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(follower.head().await.status, 200);
    let mut busy = Connection::to(&process).await;
    let large = " ".repeat(30_000) + "{}";
    let large = head(&format!("content-length: {}\r\nx-large: {}", large.len(), "a".repeat(30_000))) + &large;
    // It is not reset before its buffers are full: megabytes.
    while !follower.is_reset() {
        busy.send(&large).await;
        busy.reply().await.assert_parameter_error();
    }
}

#[tokio::test]
async fn timeouts_do_not_end_scripted_delays_hangs_or_the_journal_stream() {
    let limits = ["--head-timeout", "--body-timeout", "--answer-timeout", "--idle-timeout"];
    let process = Process::start(&limits.map(|limit| [limit, "300ms"]).concat());
    let scripted = json!([
        { "when": { "name": "Hangs" }, "then": { "fault": "hang" } },
        { "when": { "name": "Late" }, "delay": "1s", "then": { "error_code": "CBC.0999" } },
    ]);
    process.client().script(&scripted).await;
    let apply = async |name: &str| {
        let mut connection = Connection::to(&process).await;
        connection.send(raw_post(&with(builtin_passport("customer-new"), "name", name).to_string())).await;
        connection
    };
    let mut follower = Connection::to(&process).await;
    follower.send("GET /_sim/journal/stream HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(follower.head().await.status, 200);
    let (hanging, mut late) = (apply("Hangs").await, apply("Late").await);
    hanging
        .assert_silent_during(async {
            // One after the other, so that each is closed after a time of its own.
            for _ in 0..4 {
                Connection::to(&process).await.assert_closed().await;
            }
            late.reply().await.assert(500, r#"{"error_code":"CBC.0999","error_msg":"Other errors."}"#);
            assert_serves(&process).await;
        })
        .await;
    for code in ["CBC.0999", "CBC.0100"] {
        while follower.event().await.expect("the stream goes on")["outcome"]["error_code"] != code {}
    }
}

#[tokio::test]
async fn max_connections_lets_others_wait_for_their_turn() {
    let process = Process::start(&["--max-connections", "20", "--head-timeout", "500ms"]);
    let crowd = Connection::crowd(&process, 20, HALF_A_HEAD).await;
    let request = raw_post("{}").replace("host:", "connection: close\r\nhost:");
    for mut other in Connection::crowd(&process, 50, &request).await {
        other.reply().await.assert_parameter_error();
    }
    assert_all_closed(crowd).await;
    let (_, _, log) = process.end("TERM");
    assert!(log.contains("as many connections as there may be"), "{log}");
}

#[tokio::test]
async fn few_file_descriptors_limit_connections() {
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -n 64 && exec "$@""#, "sh"]).arg(binary().get_program());
    command.args(["--listen", "127.0.0.1:0", "--idle-timeout", "300ms"]).env_clear();
    let process = Process::spawn(&mut command);
    let idle = Connection::crowd(&process, 200, "").await;
    assert_serves(&process).await;
    assert_all_closed(idle).await;
    let (_, _, log) = process.end("TERM");
    assert_eq!(log.matches("ulimit -n").count(), 1, "{log}");
    assert!(log.contains("connections=32") && !log.contains("accept error"), "{log}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn connections_without_a_file_descriptor_wait() {
    let mut process = Process::start(&["--log-format", "json"]);
    let pid = process.pid();
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("the process is there").count();
    let files = u64::try_from(open + 4).expect("these are few");
    rlimit::prlimit(pid.cast_signed(), rlimit::Resource::NOFILE, Some((files, files)), None).expect("it is our own");
    let mut crowd = Connection::crowd(&process, 8, "GET /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    process.log().event_of("accept error: Too many open files");
    // The first ones have a descriptor, and leave it to the next when they are dropped.
    for mut connection in crowd.drain(..) {
        assert_eq!(connection.reply().await.status, 200);
    }
}

#[tokio::test]
async fn malformed_requests_are_answered_400_or_closed() {
    let process = Process::start(&[]);
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let hello = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[7; 506]].concat();
    let two_lengths = |second: &str| head(&format!("content-length: 2\r\ncontent-length: {second}")) + "{}";
    let table: [(&str, Vec<u8>, &[&str]); 12] = [
        ("two lengths that differ", two_lengths("3").into(), &["400"]),
        ("a list of lengths", head("content-length: 2, 3").into(), &["400"]),
        ("a negative length", head("content-length: -2").into(), &["400"]),
        ("a length with a sign", head("content-length: +2").into(), &["400"]),
        ("an unknown coding", head("transfer-encoding: gzip").into(), &["400"]),
        ("a line without an end", vec![b'a'; 1_000_000], &["400", "431", ""]),
        ("a header without an end", head(&"a".repeat(1_000_000)).into(), &["400", "431", ""]),
        ("500 headers", head(&"a: b\r\n".repeat(500)).into(), &["431"]),
        ("a zero in a header", head("a: \0").into(), &["400"]),
        ("a preface of HTTP/2", [preface.as_bytes(), b"\0\0\0\x04\0\0\0\0\0"].concat(), &["400", ""]),
        ("a beginning of TLS", hello, &["400", ""]),
        ("zeros", vec![0; 100_000], &["400", ""]),
    ];
    let table_length = table.len();
    for (what, sent, statuses) in table {
        let answer = exchange(&process, &sent).await;
        let status = answer.strip_prefix("HTTP/1.1 ").map_or(answer.as_str(), |rest| &rest[..3]);
        assert!(statuses.contains(&status), "{what}: {answer}");
        assert_serves(&process).await;
    }
    // They are in no journal, but counted, except the two for which there was no answer.
    let metrics = process.client().call("GET", "/_sim/metrics", &[], "").await.body;
    let broken =
        metrics.lines().find_map(|line| line.strip_prefix("bss_sim_broken_requests_total ")).expect("a counter");
    assert!(broken.parse::<usize>().is_ok_and(|broken| broken >= table_length - 2), "{broken}");
    let (_, _, log) = process.end("TERM");
    assert!(log.matches("broken HTTP was refused").count() >= table_length - 2, "{log}");
}

#[tokio::test]
async fn more_than_100_headers_are_refused_by_the_gateway() {
    let process = Process::start(&[]);
    let mut client = Connection::to(&process).await;
    client.send(head(&format!("{}content-length: 2", "a: b\r\n".repeat(90))) + "{}").await;
    client.reply().await.assert_parameter_error();
    client.send(head(&format!("{}content-length: 2", "a: b\r\n".repeat(200))) + "{}").await;
    client.reply().await.assert_gateway(494, "APIGW.0201", "Request headers too large.");
}

#[tokio::test]
async fn a_client_that_leaves_during_a_delay_or_a_hang_finds_its_request_decided() {
    for (process, client) in [(Process::start(&[]), None), {
        let process = Process::start_tls(&[]);
        let client = Client::http2(&process).await;
        (process, Some(client))
    }] {
        let watcher = match &client {
            Some(_) => Client::http2(&process).await,
            None => process.client(),
        };
        for (customer, then) in
            [("customer-new", json!({ "is_review": 1 })), ("customer-done", json!({ "fault": "hang" }))]
        {
            let when = json!({ "customer_id": customer });
            watcher.script(&json!({ "when": when, "times": 1, "delay": "1h", "then": then })).await;
            let application = builtin_passport(customer).to_string();
            let leaving = async {
                match &client {
                    Some(client) => drop(client.post_as("demo-token", application).await),
                    None => {
                        let mut connection = Connection::to(&process).await;
                        connection.send(raw_post(&application)).await;
                        connection.line().await;
                    }
                }
            };
            let decided = async {
                while watcher.get(&format!("/journal?customer_id={customer}")).await["entries"] == json!([]) {}
            };
            // The client leaves as soon as its request was decided.
            tokio::select! { () = leaving => panic!("there is no answer"), () = decided => {} }
        }
        let retried = watcher.post_as("demo-token", builtin_passport("customer-new").to_string()).await;
        retried.assert_code(400, "CBC.99000027");
    }
}

#[tokio::test]
async fn content_length_beside_chunked_smuggles_no_request() {
    let process = Process::start(&[]);
    let smuggled = "GET /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for both in ["content-length: 100\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 7"]
    {
        let sent = head(both) + "2\r\n{}\r\n0\r\n\r\n" + smuggled;
        let came = exchange(&process, sent.as_bytes()).await;
        assert!(came.starts_with("HTTP/1.1 400 ") && came.ends_with(PARAMETER_ERROR), "{came}");
        assert_eq!(came.matches("HTTP/1.1").count(), 1, "{came}");
    }
    assert_serves(&process).await;
}

#[tokio::test]
async fn clients_that_leave_halfway_free_their_connection() {
    // So few connections that one that is left behind would soon be missed.
    let process = Process::start(&["--max-connections", "4"]);
    let half_a_body = head("content-length: 9") + "{";
    for (sent, is_answered) in [("", false), (HALF_A_HEAD, false), (&half_a_body, false), (&raw_post("{}"), true)] {
        for _ in 0..8 {
            let mut half_closed = Connection::to(&process).await;
            half_closed.send(sent).await;
            half_closed.end_sending().await;
            let came = half_closed.rest_as_text().await;
            assert!(came.starts_with("HTTP/1.1 400 ") || (came.is_empty() && !is_answered), "{sent}: {came}");

            let mut reset = Connection::to(&process).await;
            reset.send(sent).await;
            reset.reset();
        }
        assert_serves(&process).await;
    }
}

#[tokio::test]
async fn half_closed_clients_get_all_their_answers() {
    let process = Process::start(&[]);
    let late = json!([{ "when": { "name": "Late" }, "delay": "50ms", "then": { "error_code": "CBC.0999" } }]);
    process.client().script(&late).await;
    let late = raw_post(&with(builtin_passport("customer-new"), "name", "Late").to_string());
    // The last path has no handler that would read the body.
    let unread = raw_post("{}").replace("individual", "unknown");
    let long = raw_post(&("{}".to_owned() + &" ".repeat(200_000)));
    for (requests, statuses) in [
        (raw_post("{}").repeat(3), [400, 400, 400].as_slice()),
        (late.clone(), &[500]),
        (late + &raw_post("{}"), &[500, 400]),
        (unread, &[404]),
        (long, &[400]),
    ] {
        for _ in 0..20 {
            let mut client = Connection::to(&process).await;
            client.send(&requests).await;
            client.end_sending().await;
            for status in statuses {
                assert_eq!(client.reply().await.status, *status, "{requests:.100}");
            }
            client.assert_closed().await;
        }
    }
}

#[tokio::test]
async fn hang_ends_soon_after_the_client_ends_its_side() {
    let process = Process::start(&["--max-connections", "2"]);
    process.client().script(&json!({ "then": { "fault": "hang" } })).await;
    let hanging = raw_post(&builtin_passport("customer-new").to_string());
    // Each takes one of the two places.
    for _ in 0..2 {
        let mut reset = Connection::to(&process).await;
        reset.send(&hanging).await;
        process.client().call("GET", "/_sim/livez", &[], "").await;
        reset.reset();
    }
    let mut half_closed = Connection::to(&process).await;
    half_closed.send(&hanging).await;
    half_closed.end_sending().await;
    half_closed.assert_closed().await;
    assert_serves(&process).await;
}

#[tokio::test]
async fn thousand_pipelined_requests_delay_no_other_client() {
    let process = Process::start(&["--log-level", "warn"]);
    let (reader, mut writer) = TcpStream::connect(process.address()).await.expect("it listens").into_split();
    // The writer lives on: its end would half-close the connection.
    let sender = tokio::spawn(async move {
        writer.write_all(raw_post("{}").repeat(1000).as_bytes()).await.expect("all is taken in");
        writer
    });
    assert_serves(&process).await;
    let mut connection = Connection::over(join(reader, sink()));
    for _ in 0..1000 {
        connection.reply().await.assert_parameter_error();
    }
    drop(sender.await.expect("no panic"));
}

#[tokio::test]
async fn sigterm_ends_stuck_connections() {
    let process = Process::start(&[]);
    process.client().script(&json!({ "then": { "fault": "hang" } })).await;
    let hanging = raw_post(&builtin_passport("customer-new").to_string());
    let mut crowds = Vec::new();
    for sent in ["", HALF_A_HEAD, &(head("content-length: 9") + "{"), &hanging] {
        crowds.extend(Connection::crowd(&process, 20, sent).await);
    }
    assert_serves(&process).await;
    assert_eq!(process.end("TERM").0, Some(0));
}

#[tokio::test]
async fn sigterm_lets_a_request_in_flight_end_and_accepts_no_other() {
    let process = Process::start(&[]);
    process.client().script(&json!({ "delay": "200ms", "then": { "error_code": "CBC.0999" } })).await;
    let mut late = Connection::to(&process).await;
    late.send(raw_post(&builtin_passport("customer-new").to_string())).await;
    while process.client().get("/scripted").await["scripted"][0]["used"] == 0 {}
    let address = process.address().to_owned();
    assert_eq!(process.end("TERM").0, Some(0));
    late.reply().await.assert_code(500, "CBC.0999");
    late.assert_closed().await;
    TcpStream::connect(address).await.expect_err("nothing listens");
}

#[tokio::test]
async fn sigterm_waits_for_a_request_in_flight_as_long_as_grace_says() {
    let process = Process::start(&["--grace", "100ms"]);
    process.client().script(&json!({ "delay": "1h", "then": { "error_code": "CBC.0999" } })).await;
    let mut late = Connection::to(&process).await;
    late.send(raw_post(&builtin_passport("customer-new").to_string())).await;
    while process.client().get("/scripted").await["scripted"][0]["used"] == 0 {}
    assert_eq!(process.end("TERM").0, Some(0));
    late.assert_closed().await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut process = Process::start(&["--grace", "1h", "--log-format", "json"]);
    process.client().script(&json!({ "delay": "1h", "then": { "error_code": "CBC.0999" } })).await;
    let mut late = Connection::to(&process).await;
    late.send(raw_post(&builtin_passport("customer-new").to_string())).await;
    while process.client().get("/scripted").await["scripted"][0]["used"] == 0 {}
    let mut log = process.log();
    process.signal("TERM");
    log.event_of("stopping");
    assert_eq!(process.end("INT").0, Some(0));
}

#[tokio::test]
async fn health_checks_are_answered_before_costly_calls_have_ended() {
    let process = Process::start(&[]);
    let customers: Vec<_> = (0..100_000).map(|number| json!({ "id": format!("c-{number}") })).collect();
    let world = json!({ "customers": customers }).to_string();
    let call = format!("PUT /_sim/world HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{world}", world.len());
    let costly = Connection::crowd(&process, 8, &call).await;
    let ended = futures_util::future::select_all(costly.into_iter().map(|mut call| {
        Box::pin(async move {
            call.reply().await;
        })
    }));
    let mut client = Connection::to(&process).await;
    tokio::select! {
        biased;
        _ = ended => panic!("a costly call has ended"),
        () = async {
            client.assert_alive().await;
            assert_serves(&process).await;
        } => {}
    }
}
