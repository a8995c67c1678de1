//! HTTPS: whose certificates are served, what is spoken, and what is wrong with bad files.

use std::fs;
use std::path::PathBuf;

use axum::http::Method;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::process::{Simulator, binary, run};
use crate::secure::{Client, Multiplexed, PATIENCE, secured};
use crate::service::Service;

const ALIVE: &str = r#"{"status":"ok"}"#;
const NAME: &str = "bss.example";

/// A file of this test.
fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("the build folder can be written to");
    path.to_str().expect("the build folder's name is text").to_owned()
}

/// A certificate for [`NAME`] with its key, and the CA that signed it.
fn certificate() -> (String, String, String) {
    let mut ca = CertificateParams::new([]).expect("no name is a bad one");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key")).expect("a CA");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new([NAME.to_owned()]).expect("a name").signed_by(&key, &ca).expect("signed");
    (certificate.pem(), key.serialize_pem(), ca.pem())
}

/// Asks over HTTP/1.1; all that comes.
async fn ask(mut stream: TlsStream<TcpStream>, request: &str) -> std::io::Result<String> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an end in time")?;
    Ok(answer)
}

async fn get(stream: TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    ask(stream, &request).await.expect("an answer, and a proper end")
}

/// The CA of a simulator that has one of its own.
async fn ca(simulator: &Simulator) -> String {
    let stream = Client::of(&[]).connect(simulator, "localhost").await.expect("it speaks TLS");
    let answer = get(stream, "/_sim/tls/ca.pem").await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-type: application/x-pem-file"), "{head}");
    assert!(head.contains("x-request-id: "), "{head}");
    body.to_owned()
}

#[test]
fn bad_files_are_named_with_what_is_wrong() {
    let (certificate, key, _) = certificate();
    let other = KeyPair::generate().expect("a key").serialize_pem();
    let good = file("tls-good.pem", &certificate);
    let good_key = file("tls-good-key.pem", &key);
    let other_key = file("tls-other-key.pem", &other);
    let empty = file("tls-empty.pem", "");
    let torn = file("tls-torn.pem", &certificate[..certificate.len() / 2]);
    let garbage = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let garbage = file("tls-garbage.pem", garbage);
    let garbage_key = file("tls-garbage-key.pem", "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\naGVsbG8=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let encrypted = file("tls-encrypted.pem", encrypted);
    let folder = env!("CARGO_TARGET_TMPDIR");
    let table = [
        ("/no/such/cert.pem", &*good_key, "/no/such/cert.pem: cannot be read: No such file"),
        (&good, "/no/such/key.pem", "/no/such/key.pem: cannot be read: No such file"),
        (folder, &good_key, "cannot be read: Is a directory"),
        (&empty, &good_key, "tls-empty.pem: has no certificate"),
        (&good_key, &good_key, "tls-good-key.pem: has no certificate"),
        (&good, &empty, "tls-empty.pem: has no private key"),
        (&good, &good, "tls-good.pem: has no private key"),
        (&good, &encrypted, "not an encrypted one"),
        (&torn, &good_key, "tls-torn.pem: is not a PEM file"),
        (&garbage, &good_key, "tls-garbage.pem: its first certificate cannot be used"),
        (&good, &garbage_key, "tls-garbage-key.pem: its private key cannot be used"),
        (&good, &other_key, "tls-other-key.pem: is not the key of the first certificate in "),
    ];
    for (certificate, key, message) in table {
        let (code, printed, told) = run(&["--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key]);
        assert_eq!((code, printed.as_str()), (Some(3), ""), "{message}: {told}");
        assert!(told.contains(message) && told.lines().count() == 1, "{message}: {told}");
    }
}

#[test]
fn flags_that_do_not_belong_together_are_no_command_line() {
    for arguments in [
        &["--tls-cert", "cert.pem"][..],
        &["--tls-key", "key.pem"],
        &["--tls", "self-signed", "--tls-cert", "cert.pem", "--tls-key", "key.pem"],
        &["--tls", "unknown"],
    ] {
        assert_eq!(run(arguments).0, Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn given_files_are_served_to_old_and_new_clients() {
    const OLD_AND_NEW: [&[&SupportedProtocolVersion]; 2] = [&[&TLS12], &[&TLS13]];
    let (certificate, key, ca) = certificate();
    let (certificate, key) = (file("tls-cert.pem", &certificate), file("tls-key.pem", &key));
    let simulator = Simulator::start(&["--tls-cert", &certificate, "--tls-key", &key]);
    assert!(simulator.ready["url"].as_str().is_some_and(|url| url.starts_with("https://127.0.0.1:")));
    assert_eq!(simulator.ready["ca"], json!(null));
    for versions in OLD_AND_NEW {
        let client = Client { ca: Some(ca.clone()), versions, protocols: &[] };
        let stream = client.connect(&simulator, NAME).await.expect("the certificate is good");
        assert!(get(stream, "/_sim/livez").await.ends_with(ALIVE));
        let error = client.connect(&simulator, "another.example").await.expect_err("it is for one name alone");
        assert!(error.to_string().contains("certificate not valid for name"), "{error}");
    }
    let lenient_caller = Client { ca: Some(self::certificate().2), ..Client::of(&[]) };
    lenient_caller.connect(&simulator, NAME).await.expect_err("nobody it trusts has signed");
    // There is a CA to be had only where it is the simulator's own.
    let answer = get(Client::of(&[]).connect(&simulator, NAME).await.expect("TLS"), "/_sim/tls/ca.pem").await;
    assert!(
        answer.starts_with("HTTP/1.1 404") && answer.contains(r#"{"error":"not_found","detail":"only "#),
        "{answer}"
    );
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_bad_one_is_not() {
    let (old, old_key, old_ca) = certificate();
    let (new, new_key, new_ca) = certificate();
    let (path, key_path) = (file("tls-renewed.pem", &old), file("tls-renewed-key.pem", &old_key));
    let mut simulator = Simulator::start(&["--tls-cert", &path, "--tls-key", &key_path, "--log-format", "json"]);
    let mut log = simulator.log();
    let trusting = |ca: &str| Client { ca: Some(ca.to_owned()), ..Client::of(&[]) };
    let before = trusting(&old_ca).connect(&simulator, NAME).await.expect("the old one");
    for (text, key, said) in
        [(&new, &old_key, "the TLS certificate stays"), (&new, &new_key, "the TLS certificate was read")]
    {
        trusting(&old_ca).connect(&simulator, NAME).await.expect("still the old one");
        file("tls-renewed.pem", text);
        file("tls-renewed-key.pem", key);
        simulator.signal("HUP");
        log.until(said);
    }
    trusting(&new_ca).connect(&simulator, NAME).await.expect("the new one");
    trusting(&old_ca).connect(&simulator, NAME).await.expect_err("the old one has gone");
    // Who was connected still is.
    assert!(get(before, "/_sim/livez").await.ends_with(ALIVE));
}

#[tokio::test]
async fn without_tls_there_is_no_ca() {
    let (status, error) = Service::builtin().control(Method::GET, "/tls/ca.pem", None).await;
    assert_eq!((status, &error["error"]), (404, &json!("not_found")));
}

#[tokio::test]
async fn the_client_says_what_is_spoken() {
    let simulator = secured(&[]);
    let table: [(&[&str], Option<&[u8]>); 5] = [
        (&["h2", "http/1.1"], Some(b"h2")),
        (&["http/1.1", "h2"], Some(b"h2")),
        (&["h2"], Some(b"h2")),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ];
    for (protocols, spoken) in table {
        let stream = Client::of(protocols).connect(&simulator, "localhost").await.expect("it speaks TLS");
        assert_eq!(stream.get_ref().1.alpn_protocol(), spoken, "{protocols:?}");
        if spoken != Some(b"h2") {
            assert!(get(stream, "/_sim/livez").await.ends_with(ALIVE), "{protocols:?}");
        }
    }
    Client::of(&["spdy/3"]).connect(&simulator, "localhost").await.expect_err("nobody speaks that any more");
}

#[tokio::test]
async fn its_own_certificates_are_for_any_name_and_one_ca_signs_them() {
    let simulator = secured(&["--control-token", "secret", "--log-level", "debug"]);
    let url = simulator.ready["url"].as_str().expect("a url").to_owned();
    assert_eq!(simulator.ready["ca"], json!(format!("{url}/_sim/tls/ca.pem")));
    let pem = ca(&simulator).await;
    assert_eq!(pem.matches("-----BEGIN").count(), 1, "{pem}");
    let client = Client { ca: Some(pem.clone()), ..Client::of(&[]) };
    let names = ["localhost", "127.0.0.1", "::1", "bss", "my-container", "bss-intl.myhuaweicloud.com"];
    // More than are kept in mind.
    let many = (0..300).map(|number| format!("host-{number}.example"));
    for name in names.map(str::to_owned).into_iter().chain(many).chain(["host-0.example".to_owned()]) {
        client.connect(&simulator, &name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    client.connect(&simulator, "192.0.2.1").await.expect_err("it does not listen there");
    assert_ne!(ca(&secured(&[])).await, pem, "each simulator has a CA of its own");
    let (_, printed, log) = simulator.end("TERM");
    assert!(log.contains(&format!("ca=\"{url}/_sim/tls/ca.pem\"")), "the log tells of it, too:\n{log}");
    assert!(!(printed + &log).contains("PRIVATE KEY"));
}

#[tokio::test]
async fn the_address_that_it_listens_at_is_in_its_certificate() {
    let simulator = Simulator::spawn(binary().args(["--listen", "127.0.0.2:0", "--tls", "self-signed"]));
    let client = Client { ca: Some(ca(&simulator).await), ..Client::of(&[]) };
    client.connect(&simulator, "127.0.0.2").await.expect("it is for this address");
}

#[tokio::test]
async fn the_control_api_is_behind_tls_wherever_it_is() {
    let simulator = secured(&["--control-listen", "127.0.0.1:0"]);
    let control = simulator.ready["control_url"].as_str().expect("a control url").to_owned();
    assert_eq!(simulator.ready["ca"], json!(format!("{control}/_sim/tls/ca.pem")));
    assert!(control.starts_with("https://"), "{control}");
    assert_eq!(run(&["healthcheck", "--url", &control]).0, Some(0));
    let api = Multiplexed::to(&simulator).await;
    assert_eq!(api.control("GET", "/livez", &json!(null)).await.status, 404);
}

#[test]
fn the_health_check_finds_a_simulator_of_https() {
    let (certificate, key, _) = certificate();
    let (certificate, key) = (file("tls-health.pem", &certificate), file("tls-health-key.pem", &key));
    let given = [("BSS_SIM_TLS_CERT", &*certificate), ("BSS_SIM_TLS_KEY", &*key)];
    for variables in [&given[..], &[("BSS_SIM_TLS", "self-signed")]] {
        let simulator = Simulator::spawn(binary().env("BSS_SIM_LISTEN", "127.0.0.1:0").envs(variables.iter().copied()));
        let url = simulator.ready["url"].as_str().expect("a url").to_owned();
        assert_eq!(run(&["healthcheck", "--url", &url]).0, Some(0));
        // As in a container, where it has the variables of the server.
        let mut check = binary();
        check.arg("healthcheck").env("BSS_SIM_LISTEN", simulator.authority()).envs(variables.iter().copied());
        assert_eq!(check.status().expect("the binary can be started").code(), Some(0), "{variables:?}");
        assert_eq!(run(&["healthcheck", "--listen", simulator.authority()]).0, Some(1), "it speaks no HTTP");
        simulator.end("TERM");
        let (code, _, told) = run(&["healthcheck", "--url", &url]);
        assert!(code == Some(1) && told.contains(&format!("{url} is not ready: ")), "{told}");
    }
}

#[tokio::test]
async fn faults_of_the_connection_are_those_of_plain_http() {
    let simulator = secured(&[]);
    let control = Multiplexed::to(&simulator).await;
    let apply = async || {
        let body = crate::service::with(crate::service::passport("customer-new"), "xaccount_type", "***_IDP");
        let stream = Client::of(&["http/1.1"]).connect(&simulator, "localhost").await.expect("it speaks TLS");
        ask(stream, &crate::faults::application(&body.to_string())).await
    };
    let kinds = [("reset", "ConnectionReset"), ("close", "UnexpectedEof"), ("malformed", "UnexpectedEof")];
    for (fault, kind) in kinds {
        let script = json!({ "times": 1, "then": { "fault": fault } });
        assert_eq!(control.control("POST", "/scripted", &script).await.status, 201);
        let error = apply().await.expect_err("no proper end");
        assert_eq!(format!("{:?}", error.kind()), kind, "{fault}");
    }
    assert!(apply().await.expect("an answer").ends_with(r#"{"is_review":1}"#));
}

/// A connection on which this was sent instead of a handshake, and reads to its end.
async fn outcome(simulator: &Simulator, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(simulator.authority()).await.expect("it listens");
    stream.write_all(sent).await.expect("it is taken in");
    let mut came = Vec::new();
    // An end is an end, be it a reset.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut came)).await.expect("an end in time");
    came
}

#[tokio::test]
async fn a_handshake_has_the_limits_of_a_head() {
    const ONE_BYTE: &[u8] = b"\x16";
    const HALF_A_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for (flag, sent) in [("--head-timeout", ONE_BYTE), ("--head-timeout", HALF_A_HELLO), ("--idle-timeout", b"")] {
        let simulator = secured(&[flag, "300ms"]);
        let crowd = futures_util::future::join_all((0..50).map(|_| outcome(&simulator, sent)));
        let (came, ()) = tokio::join!(crowd, async {
            let answer = Multiplexed::to(&simulator).await.control("GET", "/livez", &json!(null)).await;
            answer.assert(200, ALIVE);
        });
        assert!(came.iter().all(Vec::is_empty), "{came:?}");
        let (_, _, log) = simulator.end("TERM");
        assert_eq!(log.contains("phase=Head"), flag == "--head-timeout", "{log}");
    }
}

#[tokio::test]
async fn what_is_no_tls_gets_an_end_and_the_log_a_hint() {
    let simulator = secured(&[]);
    let plain = b"GET /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for garbage in [plain.to_vec(), vec![0; 100_000], vec![0x16; 100_000]] {
        outcome(&simulator, &garbage).await;
    }
    // Whoever only looks whether somebody listens is no client.
    drop(TcpStream::connect(simulator.authority()).await.expect("it listens"));
    let distrustful = Client { ca: Some(certificate().2), ..Client::of(&[]) };
    distrustful.connect(&simulator, "localhost").await.expect_err("nobody it trusts has signed");
    let alive = get(Client::of(&[]).connect(&simulator, "localhost").await.expect("TLS"), "/_sim/livez").await;
    assert!(alive.ends_with(ALIVE), "{alive}");
    let (_, _, log) = simulator.end("TERM");
    assert_eq!(log.matches("does it call https, and trust the certificate?").count(), 4, "{log}");
    assert!(log.contains("UnknownCA"), "{log}");
}
