//! Limits: how much may be sent, what becomes of odd requests on a real connection, and what the log must not tell.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::callers::{CALLERS, TEMPORARY_KEY, service};
use crate::process::Simulator;
use crate::service::{INDIVIDUAL, passport, with};
use crate::signing::{Call, now};

const KIB: usize = 1024;
const LIMIT: usize = 12 * KIB * KIB;
const TOO_LARGE: &str = "Request entity too large.";
pub(crate) const PARAMETER_ERROR: &str = r#"{"error_code":"CBC.0100","error_msg":"Parameter error."}"#;
const ALIVE: &str = r#"{"status":"ok"}"#;

/// A connection to a simulator, on which nothing waits for ever.
pub(crate) struct Connection(pub(crate) BufReader<TcpStream>);

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Wire {
    version: String,
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Connection {
    pub(crate) fn to(simulator: &Simulator) -> Self {
        let stream = TcpStream::connect(simulator.authority()).expect("the simulator listens");
        let patience = Some(Duration::from_secs(10));
        stream.set_read_timeout(patience).expect("the time is not zero");
        stream.set_write_timeout(patience).expect("the time is not zero");
        Self(BufReader::new(stream))
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).expect("the simulator takes in all that is sent");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("the simulator answers in time");
        line.strip_suffix("\r\n").unwrap_or_else(|| panic!("a whole line: {line:?}")).to_owned()
    }

    /// The head of an answer, whose body does not follow.
    pub(crate) fn head(&mut self) -> Wire {
        let line = self.line();
        let (version, rest) = line.split_once(' ').expect("a status line");
        let status = rest[..3].parse().expect("a status");
        let mut headers = Vec::new();
        while let Some((name, value)) = self.line().split_once(": ") {
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Wire { version: version.to_owned(), status, headers, body: String::new() }
    }

    /// An answer.
    pub(crate) fn answer(&mut self) -> Wire {
        let mut answer = self.head();
        let length = answer.header("content-length").and_then(|length| length.parse().ok()).expect("a length");
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("the whole body follows");
        answer.body = String::from_utf8(body).expect("a body is text");
        answer
    }

    /// Asserts that nothing more comes, and that the simulator has closed the connection.
    #[track_caller]
    pub(crate) fn assert_closed(mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).expect("the simulator closes the connection");
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }
}

impl Wire {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str())
    }

    #[track_caller]
    fn request_id(&self) -> &str {
        let id = self.header("x-request-id").unwrap_or_else(|| panic!("an id: {self:?}"));
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{self:?}");
        id
    }

    #[track_caller]
    pub(crate) fn assert(&self, status: u16, body: &str) {
        self.request_id();
        assert_eq!((self.status, self.body.as_str()), (status, body), "{self:?}");
    }

    /// Asserts an answer of the gateway, as a whole.
    #[track_caller]
    pub(crate) fn assert_gateway(&self, status: u16, code: &str, message: &str) {
        let id = self.request_id();
        self.assert(status, &format!(r#"{{"error_msg":"{message}","error_code":"{code}","request_id":"{id}"}}"#));
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert_eq!(self.header("server"), Some("api-gateway"), "{self:?}");
    }
}

/// The head of a request of the API, with this framing of its body.
pub(crate) fn head(framing: &str) -> String {
    let headers = "host: localhost\r\ncontent-type: application/json\r\nx-auth-token: demo-token";
    format!("POST {INDIVIDUAL} HTTP/1.1\r\n{headers}\r\n{framing}\r\n\r\n")
}

/// A JSON object without fields that blanks fill up to this many bytes.
fn padded(length: usize) -> String {
    " ".repeat(length - 2) + "{}"
}

/// A body in chunks of 64 KiB.
fn chunked(body: &str) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.as_bytes().chunks(64 * KIB) {
        chunks.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    chunks.extend(b"0\r\n\r\n");
    chunks
}

#[track_caller]
pub(crate) fn assert_alive(connection: &mut Connection) {
    connection.send("GET /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
    connection.answer().assert(200, ALIVE);
}

#[test]
fn a_client_that_sends_everything_before_it_reads_gets_its_answer() {
    let simulator = Simulator::start(&[]);
    for (length, fits) in [(LIMIT, true), (LIMIT + 1, false), (3 * LIMIT, false)] {
        let body = padded(length);
        let plain = format!("{}{body}", head(&format!("content-length: {length}"))).into_bytes();
        let chunked = [head("transfer-encoding: chunked").as_bytes(), &chunked(&body)].concat();
        for request in [plain, chunked] {
            let mut connection = Connection::to(&simulator);
            connection.send(request);
            let answer = connection.answer();
            if fits {
                answer.assert(400, PARAMETER_ERROR);
            } else {
                answer.assert_gateway(413, "APIGW.0201", TOO_LARGE);
            }
            // All that was sent has been read, so that the connection can go on.
            assert_alive(&mut connection);
        }
    }
}

#[test]
fn a_client_that_asks_first_need_not_send_what_is_too_long() {
    let simulator = Simulator::start(&[]);
    let mut connection = Connection::to(&simulator);
    connection.send(head(&format!("content-length: {}\r\nexpect: 100-continue", LIMIT + 1)));
    connection.answer().assert_gateway(413, "APIGW.0201", TOO_LARGE);
    connection.assert_closed();

    for (framing, body, fits) in [
        (format!("content-length: {LIMIT}"), padded(LIMIT).into_bytes(), true),
        ("transfer-encoding: chunked".to_owned(), chunked(&padded(LIMIT + 1)), false),
    ] {
        let mut connection = Connection::to(&simulator);
        connection.send(head(&format!("{framing}\r\nexpect: 100-continue")));
        assert_eq!(connection.head().status, 100, "{framing}");
        connection.send(body);
        let answer = connection.answer();
        if fits {
            answer.assert(400, PARAMETER_ERROR);
        } else {
            answer.assert_gateway(413, "APIGW.0201", TOO_LARGE);
        }
    }
}

#[test]
fn targets_and_headers_have_a_limit() {
    let simulator = Simulator::start(&[]);
    let target = |length: usize| format!("/unknown?{}", "a".repeat(length - "/unknown?".len()));
    let unknown = "The API does not exist or has not been published in the environment.";
    let header = |name: &str, length: usize| format!("{name}: {}\r\n", "a".repeat(length));
    let four = ["a", "b", "c", "d"].map(|name| header(name, 31 * KIB)).concat();
    // How the gateway counts a header is not known: these are some bytes away from the limits, on both sides.
    let table = [
        (target(32 * KIB), String::new(), 404, "the longest target"),
        (target(32 * KIB + 1), String::new(), 414, "a byte more"),
        (target(60 * KIB), header("a", 33 * KIB), 414, "the target comes first"),
        (target(20), header("a", 32 * KIB - 64), 404, "a long header"),
        (target(20), header("a", 32 * KIB + 64), 494, "too long a header"),
        (target(20), header("x-auth-token", 300 * KIB), 494, "much too long a header"),
        (target(20), four.clone() + &header("e", 3 * KIB), 404, "many long headers"),
        (target(20), four + &header("e", 5 * KIB), 494, "together they are too long"),
    ];
    for (target, headers, status, why) in table {
        let mut connection = Connection::to(&simulator);
        connection.send(format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n"));
        let answer = connection.answer();
        assert_eq!(answer.status, status, "{why}: {answer:?}");
        match status {
            414 => answer.assert_gateway(414, "APIGW.0201", "Request URI too large."),
            494 => answer.assert_gateway(494, "APIGW.0201", "Request headers too large."),
            _ => answer.assert_gateway(404, "APIGW.0101", unknown),
        }
        assert_alive(&mut connection);
    }
}

#[test]
fn odd_requests_get_plain_answers() {
    let simulator = Simulator::start(&[]);
    let connect = || Connection::to(&simulator);
    let unknown = "The API does not exist or has not been published in the environment.";

    let mut connection = connect();
    connection.send("GET /_sim/livez HTTP/1.0\r\n\r\n");
    let answer = connection.answer();
    answer.assert(200, ALIVE);
    assert_eq!(answer.version, "HTTP/1.0", "an old client is answered in its own version");
    connection.assert_closed();

    // To the proxy that it takes the simulator for, a client names the whole URL.
    let mut connection = connect();
    let url = format!("POST http://bss-intl.myhuaweicloud.com{INDIVIDUAL}");
    connection.send(head("content-length: 2").replace(&format!("POST {INDIVIDUAL}"), &url) + "{}");
    connection.answer().assert(400, PARAMETER_ERROR);
    let signed = raw(Call::post("{}", &now()).request(), "{}").replace(&format!("POST {INDIVIDUAL}"), &url);
    connection.send(signed);
    connection.answer().assert(400, PARAMETER_ERROR);

    // HEAD is answered without a body, or the next answer would not be understood.
    let mut connection = connect();
    connection.send("HEAD /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let answer = connection.head();
    answer.assert(200, "");
    assert_eq!(answer.header("content-length"), Some("15"), "{answer:?}");
    connection.send(head("content-length: 0").replace("POST", "HEAD"));
    assert_eq!(connection.head().status, 404);
    assert_alive(&mut connection);

    for request in ["OPTIONS * HTTP/1.1", "CONNECT localhost:443 HTTP/1.1", "GET http://localhost HTTP/1.1"] {
        let mut connection = connect();
        connection.send(format!("{request}\r\nhost: localhost\r\n\r\n"));
        connection.answer().assert_gateway(404, "APIGW.0101", unknown);
    }

    // What is no HTTP at all never gets as far as the gateway.
    for garbage in ["hello\r\n\r\n", "GET /_sim/livez\r\n\r\n", "GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n"] {
        let mut connection = connect();
        connection.send(garbage);
        assert_eq!(connection.answer().status, 400, "{garbage:?}");
        connection.assert_closed();
    }
    let mut connection = connect();
    connection.send(head("transfer-encoding: chunked") + "zz\r\n");
    connection.answer().assert_gateway(400, "APIGW.0201", "API request error.");
    assert_alive(&mut connect());
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let simulator = Simulator::start(&[]);
    let mut connection = Connection::to(&simulator);
    let unknown = head("content-length: 2").replace("demo-token", "nobody's") + "{}";
    connection
        .send(unknown + &head("content-length: 2") + "{}" + "GET /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let answers = [connection.answer(), connection.answer(), connection.answer()];
    let message = "Incorrect IAM authentication information: decrypt token fail";
    answers[0].assert_gateway(401, "APIGW.0301", message);
    answers[1].assert(400, PARAMETER_ERROR);
    answers[2].assert(200, ALIVE);
    assert_eq!(answers.iter().map(Wire::request_id).collect::<HashSet<_>>().len(), 3, "{answers:?}");
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let service = service();
    let table = [
        ("GET", "/_sim/livez", "", 200),
        ("HEAD", "/_sim/readyz", "", 200),
        ("POST", "/_sim/livez", "", 405),
        ("GET", "/_sim/nothing", "", 404),
        ("GET", "/", "", 404),
        ("GET", INDIVIDUAL, "", 404),
        ("HEAD", INDIVIDUAL, "", 404),
        ("POST", INDIVIDUAL, "", 401),
        ("POST", INDIVIDUAL, "token", 400),
        ("POST", INDIVIDUAL, "customer-token", 403),
        ("GET", "/v3/auth/domains", "", 401),
        ("GET", "/v3/auth/domains", "token", 200),
        ("POST", "/v3/auth/tokens", "", 400),
        ("GET", "/v3/auth/nothing", "", 404),
    ];
    let mut ids = HashSet::new();
    for (method, path, token, status) in table {
        let request = Request::builder().method(method).uri(path).header("x-auth-token", token);
        // The id that a client sends is not taken over.
        let request = request.header("x-request-id", "00000000000000000000000000000000");
        let reply = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status.as_u16(), status, "{method} {path}: {reply:?}");
        assert_eq!(reply.headers.get_all("x-request-id").iter().count(), 1, "{method} {path}: {reply:?}");
        let id = reply.headers["x-request-id"].to_str().unwrap().to_owned();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{method} {path}: {id}");
        assert!(id.bytes().any(|byte| byte != b'0') && ids.insert(id), "{method} {path}: {reply:?}");
    }
}

/// A request as it goes over the wire.
fn raw(request: Request<Body>, body: &str) -> String {
    let (parts, _) = request.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = std::str::from_utf8(value.as_bytes()).expect("these headers are text");
        format!("{name}: {value}\r\n")
    });
    let (headers, length) = (headers.collect::<String>(), body.len());
    format!("{} {} HTTP/1.1\r\n{headers}content-length: {length}\r\n\r\n{body}", parts.method, parts.uri)
}

#[test]
fn the_log_tells_neither_credentials_nor_who_is_authenticated() {
    let fixture = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("callers.yaml");
    let holder = "certificates: [{ number: E12345678, holder: Holder Known }]";
    std::fs::write(&fixture, format!("name: callers\n{CALLERS}{holder}")).expect("the build folder can be written to");
    let date = now();
    let application = passport("c-1").to_string();
    let post = |path: &str, name: &str, value: &str, body: &str| {
        let request = Request::post(path).header("host", "localhost").header("content-type", "application/json");
        raw(request.header(name, value).body(Body::empty()).unwrap(), body)
    };
    let apply = |name: &str, value: &str, body: &str| post(INDIVIDUAL, name, value, body);
    let login = |methods: Value, password: &str| {
        let user = json!({ "name": "operator", "password": password, "domain": { "name": "demo" } });
        let identity = json!({ "methods": methods, "password": { "user": user } });
        post("/v3/auth/tokens", "accept", "*/*", &json!({ "auth": { "identity": identity } }).to_string())
    };
    let security = &[("content-type", "application/json"), ("x-security-token", "gQpjbi1ub3J0aC00")];
    let temporary = Call { key: TEMPORARY_KEY, sent: security, signed: security, ..Call::post(&application, &date) };
    let signed = [temporary, Call { key: (TEMPORARY_KEY.0, "wrong-secret"), ..temporary }];
    let requests = [
        (apply("x-auth-token", "token", &application), 400, "the certificate has another holder"),
        (
            apply("x-auth-token", "token", &with(passport("c-1"), "change_type", "Wang Xiaoming").to_string()),
            400,
            "a name where a number has to be",
        ),
        (apply("x-auth-token", "token", "{\"Wang Xiaoming\""), 400, "malformed"),
        (apply("x-auth-token", "a-stolen-token", &application), 401, "an unknown token"),
        (apply("authorization", "Bearer a-stolen-token", &application), 401, "a foreign scheme"),
        (apply("authorization", "Basic a-stolen-token", &application), 401, "another one"),
        (post(&format!("{INDIVIDUAL}?token=a-stolen-token"), "x-auth-token", "token", &application), 400, "a query"),
        (raw(signed[0].request(), &application), 400, "a signature"),
        (raw(signed[1].request(), &application), 401, "a wrong one: the answer repeats the signed headers"),
        (login(json!(["password"]), "demo-password"), 201, "a login"),
        (login(json!(["password"]), "a-guessed-password"), 401, "a wrong one"),
        (login(json!("demo-password"), "a-guessed-password"), 400, "a malformed one"),
    ];
    for format in ["text", "json"] {
        let options = ["--log-level", "debug", "--log-format", format, "--fixtures", fixture.to_str().unwrap()];
        let simulator = Simulator::start(&options);
        let mut connection = Connection::to(&simulator);
        let mut secrets = [
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
        ]
        .map(str::to_owned)
        .to_vec();
        for (request, status, why) in &requests {
            connection.send(request);
            let answer = connection.answer();
            assert_eq!(answer.status, *status, "{why}: {answer:?}");
            if let Some(token) = answer.header("x-subject-token") {
                connection.send(apply("x-auth-token", token, &application));
                assert_eq!(connection.answer().status, 400, "a token that was issued");
                secrets.push(token.to_owned());
            }
            secrets.extend(request.split_once("Signature=").map(|(_, rest)| rest[..64].to_owned()));
        }
        assert_eq!(secrets.len(), 12 + 1 + 2, "a token and two signatures");
        let (_, printed, log) = simulator.end("TERM");
        for secret in secrets {
            assert!(!(log.clone() + &printed).contains(&secret), "{format}: {secret}:\n{log}");
        }
        assert_eq!(log.matches("answered").count(), requests.len() + 1, "the log tells of each request:\n{log}");
        assert_eq!(log.matches(INDIVIDUAL).count(), requests.len() + 1 - 3, "all but the logins:\n{log}");
    }
}
