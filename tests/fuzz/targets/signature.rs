//! The `Authorization` header with its canonical request. No request passes that was not signed with the secret, any
//! that was passes, and every refusal is a documented one that the journal explains.
//!
//! An input is lines: the header's value, the target, the date, other headers, an empty line, and the body. One that is
//! drawn is signed with the secret.

#![no_main]

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::Request;
use bss_sim_fuzz::{DRAWN, Draw, INDIVIDUAL, Service, journaled, word};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

const SECRET: &str = "a secret that no input holds: 6e1f0c55";

static WORLD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "partners:
  - name: demo
    id: demo-account
    xaccount_type: DEMO_IDP
    credentials: {{ access_keys: [{{ ak: AK1, sk: \"{SECRET}\" }}] }}
customers: [{{ id: c-1, partner: demo }}]
"
    )
});

#[expect(clippy::disallowed_methods, reason = "a signature has the machine's time")]
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A signed request: any body, and headers of which some are signed.
fn signed(draw: &mut Draw<'_>) -> Request<Body> {
    let date = now();
    let mut headers = vec![("host".to_owned(), "sim".to_owned()), ("x-sdk-date".to_owned(), date.clone())];
    for number in 0..draw.below(4) {
        let value: String = word(draw).chars().filter(|c| matches!(c, '!'..='~')).collect();
        headers.push((format!("x-{number}"), value));
    }
    headers.sort();
    let body = draw.rest();
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let lines = lines.concat();
    let canonical = format!("POST\n{INDIVIDUAL}/\n\n{lines}\n{names}\n{}", hash(body));
    let text = format!("SDK-HMAC-SHA256\n{date}\n{}", hash(canonical.as_bytes()));
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length will do").chain_update(text);
    let signature = hex::encode(mac.finalize().into_bytes());
    let authorization = format!("SDK-HMAC-SHA256 Access=AK1, SignedHeaders={names}, Signature={signature}");
    let mut request = Request::post(INDIVIDUAL).header("authorization", authorization);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(body.to_vec().into()).expect("names and values are plain")
}

/// What the lines of an input say, where they can be said over HTTP.
fn forged(input: &[u8]) -> Option<Request<Body>> {
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (authorization, target, date) = (line(), line(), line());
    let target = if target.is_empty() { INDIVIDUAL.as_bytes() } else { target };
    let date = if date.is_empty() { now().into_bytes() } else { date.to_vec() };
    let mut request = Request::builder().method("POST").uri(target).header("x-sdk-date", date);
    request = request.header("authorization", authorization);
    for header in lines.by_ref().take_while(|line| !line.is_empty()) {
        let colon = header.iter().position(|byte| *byte == b':')?;
        request = request.header(&header[..colon], &header[colon + 1..]);
    }
    request.body(lines.collect::<Vec<_>>().join(&b'\n').into()).ok()
}

fuzz_target!(|input: &[u8]| {
    let service = Service::new(&WORLD);
    if let Some((&DRAWN, choices)) = input.split_first() {
        let answer = service.send(signed(&mut Draw::new(choices))).expect("nothing is scripted");
        let entry = journaled(&service, &answer);
        assert!(answer.status != 401, "a signed request passes: {entry}");
        return;
    }
    let Some(request) = forged(input) else { return };
    let answer = service.send(request).expect("nothing is scripted");
    // A control call needs no signature.
    if answer.headers.contains_key("x-request-id") && answer.headers.get("server").is_some() {
        let entry = journaled(&service, &answer);
        assert_eq!(entry["outcome"]["decided_by"], "gateway", "{entry}");
    }
    assert!(service.list("customers", "customers").iter().all(|customer| customer["attempts"] == 0));
});
