//! HTTPS: certificates of files and of the process's own CA, protocols, and what is wrong with bad files.

use std::io::ErrorKind;

use futures_util::future::join_all;
use rcgen::KeyPair;
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::support::*;

/// Gets a path on a connection.
async fn get(stream: TlsStream<TcpStream>, path: &str) -> Reply {
    let mut connection = Connection::over(stream);
    connection.send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")).await;
    connection.reply().await
}

/// Connects by the name `localhost`, accepts any certificate, and offers these protocols.
async fn connect(process: &Process, protocols: &'static [&'static str]) -> TlsStream<TcpStream> {
    TlsClient::of(protocols).connect(process, "localhost").await.expect("it speaks TLS")
}

/// The simulator's own CA.
async fn ca(process: &Process) -> String {
    let reply = get(connect(process, &[]).await, "/_sim/tls/ca.pem").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/x-pem-file")), "{reply:?}");
    reply.id();
    reply.body
}

/// Sends this instead of a handshake, and reads to the end, which may be a reset. Returns what came.
async fn exchange(process: &Process, sent: &[u8]) -> Vec<u8> {
    let mut connection = Connection::to(process).await;
    connection.send(sent).await;
    connection.rest().await.0
}

#[test]
fn serve_with_bad_certificate_files_exits_3() {
    let (certificate, key, _) = certificate();
    let other = KeyPair::generate().expect("a key").serialize_pem();
    let files = TestDir::new("tls-bad");
    let good = files.put("good.pem", &certificate);
    let good_key = files.put("good-key.pem", &key);
    let other_key = files.put("other-key.pem", &other);
    let empty = files.put("empty.pem", "");
    let torn = files.put("torn.pem", &certificate[..certificate.len() / 2]);
    let garbage = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let garbage = files.put("garbage.pem", garbage);
    let garbage_key =
        files.put("garbage-key.pem", "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\naGVsbG8=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let encrypted = files.put("encrypted.pem", encrypted);
    let folder = files.as_str();
    let table = [
        ("/no/such/cert.pem", &*good_key, "/no/such/cert.pem: cannot be read: No such file"),
        (&good, "/no/such/key.pem", "/no/such/key.pem: cannot be read: No such file"),
        (folder, &good_key, "cannot be read: Is a directory"),
        (&empty, &good_key, "empty.pem: has no certificate"),
        (&good_key, &good_key, "good-key.pem: has no certificate"),
        (&good, &empty, "empty.pem: has no private key"),
        (&good, &good, "good.pem: has no private key"),
        (&good, &encrypted, "not an encrypted one"),
        (&torn, &good_key, "torn.pem: is not a PEM file"),
        (&garbage, &good_key, "garbage.pem: its first certificate cannot be used"),
        (&good, &garbage_key, "garbage-key.pem: its private key cannot be used"),
        (&good, &other_key, "other-key.pem: is not the key of the first certificate in "),
    ];
    for (certificate, key, message) in table {
        let (code, printed, stderr) = run(&["--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key]);
        assert_eq!((code, printed.as_str()), (Some(3), ""), "{message}: {stderr}");
        assert!(stderr.contains(message) && stderr.lines().count() == 1, "{message}: {stderr}");
    }
}

#[tokio::test]
async fn tls_cert_is_served_over_tls_1_2_and_1_3() {
    const OLD_AND_NEW: [&[&SupportedProtocolVersion]; 2] = [&[&TLS12], &[&TLS13]];
    let (certificate, key, ca) = certificate();
    let files = TestDir::new("tls");
    let (certificate, key) = (files.put("cert.pem", &certificate), files.put("key.pem", &key));
    let process = Process::start(&["--tls-cert", &certificate, "--tls-key", &key]);
    assert!(process.url().starts_with("https://127.0.0.1:"));
    assert_eq!(process.ready["ca"], json!(null));
    for versions in OLD_AND_NEW {
        let client = TlsClient { versions, ..TlsClient::trusting(&ca) };
        let stream = client.connect(&process, NAME).await.expect("the certificate is good");
        get(stream, "/_sim/livez").await.assert(200, ALIVE);
        let error = client.connect(&process, "another.example").await.expect_err("it is for one name alone");
        assert!(error.to_string().contains("certificate not valid for name"), "{error}");
    }
    let distrustful = TlsClient::trusting(&self::certificate().2);
    distrustful.connect(&process, NAME).await.expect_err("another CA has signed");
    let reply = get(connect(&process, &[]).await, "/_sim/tls/ca.pem").await;
    assert_eq!(
        (reply.status, text(&reply.json()["error"])),
        (404, "not_found"),
        "only the simulator's own CA is served"
    );
}

#[tokio::test]
async fn sighup_loads_a_renewed_certificate_but_not_a_bad_one() {
    let (old, old_key, old_ca) = certificate();
    let (new, new_key, new_ca) = certificate();
    let files = TestDir::new("tls-renewed");
    let (path, key_path) = (files.put("cert.pem", &old), files.put("key.pem", &old_key));
    let mut process = Process::start(&["--tls-cert", &path, "--tls-key", &key_path, "--log-format", "json"]);
    let mut log = process.log();
    let before = TlsClient::trusting(&old_ca).connect(&process, NAME).await.expect("the old one");
    for (key, message) in [(&old_key, "the TLS certificate stays"), (&new_key, "the TLS certificate was read")] {
        TlsClient::trusting(&old_ca).connect(&process, NAME).await.expect("still the old one");
        files.put("cert.pem", &new);
        files.put("key.pem", key);
        process.signal("HUP");
        log.event_of(message);
    }
    TlsClient::trusting(&new_ca).connect(&process, NAME).await.expect("the new one");
    TlsClient::trusting(&old_ca).connect(&process, NAME).await.expect_err("the old one has gone");
    get(before, "/_sim/livez").await.assert(200, ALIVE);
}

#[tokio::test]
async fn alpn_chooses_the_protocol() {
    let process = Process::start_tls(&[]);
    let table: [(&[&str], Option<&[u8]>); 5] = [
        (&["h2", "http/1.1"], Some(b"h2")),
        (&["http/1.1", "h2"], Some(b"h2")),
        (&["h2"], Some(b"h2")),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ];
    for (protocols, spoken) in table {
        let stream = connect(&process, protocols).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), spoken, "{protocols:?}");
        if spoken != Some(b"h2") {
            get(stream, "/_sim/livez").await.assert(200, ALIVE);
        }
    }
    TlsClient::of(&["spdy/3"]).connect(&process, "localhost").await.expect_err("it does not speak SPDY");
}

#[tokio::test]
async fn tls_self_signed_has_a_certificate_for_every_name_by_one_ca() {
    let process = Process::start_tls(&["--control-token", "secret", "--log-level", "debug"]);
    let url = process.url().to_owned();
    assert_eq!(process.ready["ca"], json!(format!("{url}/_sim/tls/ca.pem")));
    let pem = ca(&process).await;
    assert_eq!(pem.matches("-----BEGIN").count(), 1, "{pem}");
    let client = TlsClient::trusting(&pem);
    let names = ["localhost", "127.0.0.1", "::1", "bss", "my-container", "bss-intl.myhuaweicloud.com"];
    // More than are cached.
    let many = (0..300).map(|number| format!("host-{number}.example"));
    for name in names.map(str::to_owned).into_iter().chain(many).chain(["host-0.example".to_owned()]) {
        client.connect(&process, &name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    client.connect(&process, "192.0.2.1").await.expect_err("it does not listen there");
    assert_ne!(ca(&Process::start_tls(&[])).await, pem, "each process has a CA of its own");
    let (_, printed, log) = process.end("TERM");
    assert!(log.contains(&format!("ca=\"{url}/_sim/tls/ca.pem\"")), "the log has it, too:\n{log}");
    assert!(!(printed + &log).contains("PRIVATE KEY"));
}

#[tokio::test]
async fn tls_self_signed_has_a_certificate_for_its_address() {
    let process = Process::spawn(binary().args(["--listen", "127.0.0.2:0", "--tls", "self-signed"]));
    let client = TlsClient::trusting(&ca(&process).await);
    client.connect(&process, "127.0.0.2").await.expect("it is for this address");
}

#[tokio::test]
async fn links_of_iam_are_https() {
    let process = Process::start_tls(&[]);
    let mut connection = Connection::over(connect(&process, &["http/1.1"]).await);
    let request = "GET /v3/auth/domains HTTP/1.1\r\nhost: localhost\r\nx-auth-token: demo-token\r\n\r\n";
    connection.send(request).await;
    let answer = connection.reply().await;
    assert_eq!(answer.json()["links"]["self"], "https://localhost/v3/auth/domains", "{answer:?}");
}

#[tokio::test]
async fn control_listen_speaks_tls_too() {
    let process = Process::start_tls(&["--control-listen", "127.0.0.1:0"]);
    let control = text(&process.ready["control_url"]);
    assert_eq!(process.ready["ca"], json!(format!("{control}/_sim/tls/ca.pem")));
    assert!(control.starts_with("https://"), "{control}");
    assert_eq!(run(&["healthcheck", "--url", control]).0, Some(0));
    assert_eq!(Client::http2(&process).await.call("GET", "/_sim/livez", &[], "").await.status, 404);
}

#[tokio::test]
async fn faults_over_tls_are_those_of_plain_http() {
    let process = Process::start_tls(&[]);
    let control = Client::http2(&process).await;
    let apply = async || {
        let mut connection = Connection::over(connect(&process, &["http/1.1"]).await);
        let request = raw_post(&builtin_passport("customer-new").to_string());
        connection.send(request.replace("host:", "connection: close\r\nhost:")).await;
        connection.rest().await
    };
    let kinds = [
        ("reset", ErrorKind::ConnectionReset),
        ("close", ErrorKind::UnexpectedEof),
        ("malformed", ErrorKind::UnexpectedEof),
    ];
    for (fault, kind) in kinds {
        control.script(&json!({ "times": 1, "then": { "fault": fault } })).await;
        assert_eq!(apply().await.1.expect_err("no proper end").kind(), kind, "{fault}");
    }
    let (came, end) = apply().await;
    end.expect("a proper end");
    assert!(came.ends_with(UNDER_REVIEW.as_bytes()));
}

#[tokio::test]
async fn head_timeout_and_idle_timeout_close_clients_without_a_handshake() {
    const ONE_BYTE: &[u8] = b"\x16";
    const HALF_A_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for (flag, sent) in [("--head-timeout", ONE_BYTE), ("--head-timeout", HALF_A_HELLO), ("--idle-timeout", b"")] {
        let process = Process::start_tls(&[flag, "300ms"]);
        let crowd = join_all((0..50).map(|_| exchange(&process, sent)));
        let (came, ()) = tokio::join!(crowd, async {
            Client::http2(&process).await.call("GET", "/_sim/livez", &[], "").await.assert(200, ALIVE);
        });
        assert!(came.iter().all(Vec::is_empty), "{came:?}");
        let (_, _, log) = process.end("TERM");
        assert_eq!(log.contains("phase=Head"), flag == "--head-timeout", "{log}");
    }
}

#[tokio::test]
async fn clients_that_speak_no_tls_are_closed_and_logged_with_a_hint() {
    let process = Process::start_tls(&[]);
    let plain = b"GET /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for garbage in [plain.to_vec(), vec![0; 100_000], vec![0x16; 100_000]] {
        exchange(&process, &garbage).await;
    }
    // A port probe closes without a handshake: that is no error.
    drop(TcpStream::connect(process.address()).await.expect("it listens"));
    let distrustful = TlsClient::trusting(&certificate().2);
    distrustful.connect(&process, "localhost").await.expect_err("another CA has signed");
    get(connect(&process, &[]).await, "/_sim/livez").await.assert(200, ALIVE);
    let (_, _, log) = process.end("TERM");
    assert_eq!(log.matches("does it call https, and trust the certificate?").count(), 4, "{log}");
    assert!(log.contains("UnknownCA"), "{log}");
}
