//! Callers: who gets in by a token or by a signature, and in which words everybody else is turned away.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use jiff::SignedDuration;
use serde_json::Value;

use crate::bodies::assert_gateway;
use crate::rules::refusal;
use crate::service::{INDIVIDUAL, Reply, Service, passport};
use crate::signing::{Call, DERIVED, HOST, JSON, SHA256, SM3, date, now};

const ACCEPTED: &str = r#"{"is_review":1}"#;

/// A key with its secret, and two more of the same partner.
pub(crate) const KEY: (&str, &str) = ("DEMOAK0001", "demo-secret");
pub(crate) const SECOND_KEY: (&str, &str) = ("DEMOAK0002", "second-secret");
pub(crate) const TEMPORARY_KEY: (&str, &str) = ("TEMPAK0001", "temporary-secret");
pub(crate) const CUSTOMER_KEY: (&str, &str) = ("OWNAK0001", "customer-secret");
pub(crate) const UNKNOWN_KEY: (&str, &str) = ("NOSUCHAK", "any-secret");

/// A world of everybody who can call.
pub(crate) const CALLERS: &str = "
partners:
  - id: demo-account
    name: demo
    xaccount_type: DEMO_IDP
    credentials:
      tokens: [token]
      access_keys:
        - { ak: DEMOAK0001, sk: demo-secret }
        - { ak: DEMOAK0002, sk: second-secret }
        - { ak: TEMPAK0001, sk: temporary-secret, security_token: gQpjbi1ub3J0aC00 }
      users: [{ name: operator, password: demo-password }]
  - id: other-account
    name: other
    xaccount_type: OTHER_IDP
    credentials: { tokens: [other-token], users: [{ name: operator, password: other-password }] }
customers:
  - { id: c-1, partner: demo }
  - id: c-own
    partner: demo
    credentials:
      tokens: [customer-token]
      access_keys: [{ ak: OWNAK0001, sk: customer-secret }]
      users: [{ name: owner, password: customer-password }]
";

pub(crate) fn service() -> Service {
    Service::from_yaml(CALLERS)
}

/// Asserts that the gateway refuses, for this reason.
#[track_caller]
pub(crate) fn assert_refused(reply: &Reply, reason: &str) {
    let message = Value::from(format!("Incorrect IAM authentication information: {reason}")).to_string();
    assert_gateway(reply, 401, "APIGW.0301", &message[1..message.len() - 1]);
    assert_eq!(reply.check(), Some("authenticated"));
}

/// Asserts that the signature is refused, and that the canonical request which was expected is printed.
#[track_caller]
fn assert_mismatch(reply: &Reply, expected: &Call<'_>) {
    let canonical = expected.canonical().replace('\n', "|");
    assert_refused(reply, &format!("verify aksk signature fail, canonicalRequest:{canonical}"));
}

/// A passport's application of the first customer.
fn application() -> String {
    passport("c-1").to_string()
}

/// The same application in the forms that official SDKs give it.
fn forms() -> [String; 4] {
    let compact = application();
    let spaced = compact.replace(':', ": ").replace(",\"", ", \"").replace("Wang", "\\u738b");
    [compact.clone(), spaced, format!("{compact}\n"), compact.replace("Wang Xiaoming", "王小明")]
}

const UTF8: (&str, &str) = ("content-type", "application/json;charset=UTF-8");
const BARE: (&str, &str) = ("host", "127.0.0.1");
const AGENT: (&str, &str) = ("user-agent", "huaweicloud-usdk/3.0; os/linux");
const ODD: (&str, &str) = ("x_trace", "a name with _ is not signed");
const DOMAIN: (&str, &str) = ("x-domain-id", "demo-account");
const TOKEN: (&str, &str) = ("x-security-token", "gQpjbi1ub3J0aC00");
const UNSIGNED: (&str, &str) = ("x-sdk-content-sha256", "UNSIGNED-PAYLOAD");
const UNSIGNED_SM3: (&str, &str) = ("x-sdk-content-sm3", "UNSIGNED-PAYLOAD");

/// What official SDKs are known to send, and what of that they sign.
fn known_requests<'a>([compact, spaced, line, wide]: &'a [String; 4], date: &'a str) -> [(&'static str, Call<'a>); 15] {
    let plain = Call::post(compact, date);
    let headers = |sent, signed| Call { sent, signed, ..plain };
    let query = |sent, canonical| Call { query: (sent, canonical), ..plain };
    let python = headers(&[JSON, HOST, AGENT, DOMAIN, ODD], &[JSON, HOST, AGENT, DOMAIN]);
    let temporary = headers(&[JSON, HOST, AGENT, TOKEN], &[JSON, HOST, AGENT, TOKEN]);
    let go = headers(&[JSON, HOST, AGENT], &[AGENT]);
    let php = headers(&[JSON, HOST, AGENT, DOMAIN, UNSIGNED], &[JSON, AGENT, DOMAIN, UNSIGNED]);
    [
        ("Python: nearly every header, and blanks in the body", Call { body: spaced, ..python }),
        ("Python: a temporary key", Call { key: TEMPORARY_KEY, ..temporary }),
        ("Java: not the content type", headers(&[UTF8, HOST, AGENT], &[HOST, AGENT])),
        ("Go: nor the host, and a line feed ends the body", Call { body: line, ..go }),
        ("Go: a key without a value is sent without its =", query("a&b=2%203&c", "a=&b=2%203&c=")),
        (".NET: the host without its port, here and there", headers(&[UTF8, BARE, AGENT], &[BARE, AGENT])),
        ("PHP: not the body", php),
        ("the same with SM3", headers(&[JSON, UNSIGNED_SM3], &[JSON, UNSIGNED_SM3])),
        ("wide characters in the body", Call { body: wide, ..plain }),
        ("wide characters in a header", headers(&[JSON, ("user-agent", "客户端")], &[("user-agent", "客户端")])),
        ("blanks inside a value count", headers(&[JSON, ("x-a", " \tb  c ")], &[("x-a", "b  c")])),
        ("a header twice", headers(&[JSON, ("x-a", "c"), ("x-a", "b")], &[("x-a", "b"), ("x-a", "c")])),
        ("keys repeated and empty", query("l=y&b=2&b=1&l=x&l=x&Z=&ba=", "Z=&b=1&b=2&ba=&l=x&l=x&l=y")),
        ("wide characters, encoded and not", query("%c3%a9=中&q=%E4%B8%AD", "q=%E4%B8%AD&%C3%A9=%E4%B8%AD")),
        ("signs", query("a=~-_.%7E&b=%2F/%2f&c=+%2B&d=a=b&e=*!'", "a=~-_.~&b=%2F%2F%2F&c=%2B%2B&d=a%3Db&e=%2A%21%27")),
    ]
}

#[test]
fn the_signer_of_these_tests_signs_as_the_official_one() {
    let signed = &[JSON, ("host", "bss-intl.myhuaweicloud.com")];
    let key = ("MOCKAK00000000000001", "mock-sk-not-a-real-secret-0123456789abcdef");
    for (algorithm, holder, signature) in [
        (SHA256, "Access=", "97d2dbd4446f2c8669aa2234d4accd72fbe0ddf55b25ee39b9085cf2b10b5b26"),
        (SM3, "Access=", "8f5ba4e7e85af405671c0b778258a3ad21e1e5cd5a9921ebd5fddffe49779a30"),
        (DERIVED, "Credential=", "379a4421157e2389f37d42afde1c783feb26c17110500432de4b34dacd4d22e5"),
    ] {
        let scope = if algorithm == DERIVED { "/20230302/globe/bssintl" } else { "" };
        let names = "content-type;host;x-sdk-date";
        let expected = format!("{algorithm} {holder}{}{scope}, SignedHeaders={names}, Signature={signature}", key.0);
        let request = Call { algorithm, key, signed, ..Call::post("", "20230302T080000Z") };
        assert_eq!(request.authorization(), expected);
    }
}

#[tokio::test]
async fn what_official_sdks_sign_is_verified_and_nothing_else_is() {
    let (bodies, date) = (forms(), now());
    for algorithm in [SHA256, SM3, DERIVED] {
        for (why, known) in known_requests(&bodies, &date) {
            let known = Call { algorithm, ..known };
            let reply = service().send(known.request()).await;
            assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, ACCEPTED), "{algorithm}, {why}: {reply:?}");

            let forged = Call { key: (known.key.0, "another-secret"), ..known };
            assert_mismatch(&service().send(forged.request()).await, &known);

            let tampered = Call { body: "{}", ..known };
            let (parts, _) = known.request().into_parts();
            let reply = service().send(Request::from_parts(parts, Body::from("{}"))).await;
            if known.payload().is_some() {
                reply.assert_parameter_error();
            } else {
                assert_mismatch(&reply, &tampered);
            }
        }
    }
}

#[tokio::test]
async fn a_signature_is_good_for_nothing_but_what_was_signed() {
    let (body, date, later) = (application(), now(), date(SignedDuration::from_secs(1)));
    let signed = Call::post(&body, &date);
    for changed in [
        Call { query: ("a=1", "a=1"), ..signed },
        Call { sent: &[UTF8, HOST], signed: &[UTF8, HOST], ..signed },
        Call { sent: &[JSON, ("host", "a")], signed: &[JSON, ("host", "a")], ..signed },
        Call { date: &later, ..signed },
        Call { key: SECOND_KEY, ..signed },
    ] {
        let mut request = changed.request();
        let authorization = signed.authorization().replace(signed.key.0, changed.key.0);
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        assert_mismatch(&service().send(request).await, &changed);
    }
    // A signature that was made without a body.
    let (parts, _) = Call { body: "", ..signed }.request().into_parts();
    assert_mismatch(&service().send(Request::from_parts(parts, body.clone().into())).await, &signed);
    // A signature that was made for IAM, with another method and another path.
    let mut request = Call { method: "GET", path: "/v3/auth/domains", ..signed }.request();
    (*request.method_mut(), *request.uri_mut()) = (Method::POST, INDIVIDUAL.parse().unwrap());
    assert_mismatch(&service().send(request).await, &signed);
}

#[tokio::test]
async fn the_host_may_be_signed_without_the_port_that_it_is_sent_with() {
    let (body, date) = (application(), now());
    for (sent, signed, status) in [
        ("127.0.0.1:8080", "127.0.0.1", 200),
        ("[::1]:8080", "[::1]", 200),
        ("127.0.0.1:8080", "127.0.0.2", 401),
        ("127.0.0.1", "127.0.0.1:8080", 401),
        ("[::1]", "[:", 401),
    ] {
        let (sent, signed) = (&[JSON, ("host", sent)], &[("host", signed)]);
        let reply = service().send(Call { sent, signed, ..Call::post(&body, &date) }.request()).await;
        assert_eq!(reply.status.as_u16(), status, "{sent:?} for {signed:?}: {reply:?}");
    }
}

#[tokio::test]
async fn the_hash_of_an_empty_body_may_be_signed_although_a_header_says_otherwise() {
    // The Python SDK signs the hash of no bytes even with the header: here the header comes after the signature.
    let mut request = Call { signed: &[UNSIGNED], ..Call::post("", &now()) }.request();
    request.headers_mut().insert(UNSIGNED.0, UNSIGNED.1.parse().unwrap());
    service().send(request).await.assert_parameter_error();
}

#[tokio::test]
async fn the_date_may_be_fifteen_minutes_off_on_the_clock_of_the_machine() {
    let service = service();
    // Who moves the clock of the space does not move the clients' clocks.
    service.advance(Duration::from_secs(3600));
    for (minutes, expired) in [(-16, true), (-14, false), (14, false), (16, true), (-60, true), (60, true)] {
        let date = date(SignedDuration::from_mins(minutes));
        let reply = service.send(Call::post("{}", &date).request()).await;
        if expired {
            assert_refused(&reply, "calc ak sk signature fail:signature expired");
        } else {
            reply.assert_parameter_error();
        }
    }
}

#[tokio::test]
async fn the_date_has_one_form() {
    for date in ["", "now", "2023-03-02T08:00:00Z", "20230302T080000", "20230230T080000Z", "20230302T080000z", "1"] {
        let reply = service().send(Call::post("{}", date).request()).await;
        assert_refused(&reply, "calc ak sk signature fail:X-Sdk-Date malformed");
    }
    let mut request = Call::post("{}", &now()).request();
    request.headers_mut().remove("x-sdk-date");
    assert_refused(&service().send(request).await, "calc ak sk signature fail:X-Sdk-Date not found");
}

#[tokio::test]
async fn a_temporary_key_is_refused_without_its_security_token() {
    let date = now();
    let temporary = Call { key: TEMPORARY_KEY, ..Call::post("{}", &date) };
    assert_refused(&service().send(temporary.request()).await, "verify security token fail");
    let other = &[JSON, HOST, ("x-security-token", "another")];
    let reply = service().send(Call { sent: other, signed: other, ..temporary }.request()).await;
    assert_refused(&reply, "verify security token fail");
}

#[tokio::test]
async fn whoever_shows_nothing_that_the_service_knows_is_refused() {
    let (token, authorization) = ("x-auth-token", "authorization");
    let table: [(&str, &[u8], &str); 22] = [
        ("x-other", b"nothing of use", "x-auth-token not found"),
        (token, b"", "x-auth-token not found"),
        (token, b"unknown", "decrypt token fail"),
        (token, b"toke", "decrypt token fail"),
        (token, b"Token", "decrypt token fail"),
        (token, b"token\xff", "decrypt token fail"),
        // A foreign scheme is taken for a token.
        (authorization, b"Bearer token", "decrypt token fail"),
        (authorization, b"Basic ZGVtbzpkZW1v", "decrypt token fail"),
        (authorization, b"token", "decrypt token fail"),
        (authorization, b"", "decrypt token fail"),
        (authorization, b"SDK-HMAC-SHA256\xff", "decrypt token fail"),
        // Two that the SDKs have besides those that are simulated, and one that they have not.
        (authorization, b"SDK-ECDSA-P256-SHA256 Access=a", "algorithm SDK-ECDSA-P256-SHA256 is not supported"),
        (authorization, b"SDK-SM2-SM3", "algorithm SDK-SM2-SM3 is not supported"),
        (authorization, b"SDK-HMAC-SHA512 Access=a", "algorithm SDK-HMAC-SHA512 is not supported"),
        (authorization, b"SDK-HMAC-SHA256", "authorization header has no Access"),
        (authorization, b"SDK-HMAC-SHA256 ,=,;  ,", "authorization header has no Access"),
        (authorization, b"SDK-HMAC-SHA256 Access=, Signature=00", "authorization header has a malformed Access"),
        (authorization, b"SDK-HMAC-SHA256 Access=a, Signature=00", "authorization header has no SignedHeaders"),
        (authorization, b"SDK-HMAC-SM3 Access=a, Signature=0g", "authorization header has a malformed Signature"),
        (authorization, b"V11-HMAC-SHA256 Access=a", "authorization header has no Credential"),
        (authorization, b"V11-HMAC-SHA256 Credential=a", "authorization header has a malformed Credential"),
        // Signs that JSON has to escape.
        (
            authorization,
            b"SDK-HMAC-SHA256 Access=\"\\<\xc3\xa9>, SignedHeaders=;;, Signature=00",
            "Get secretKey failed,ak:\"\\<é>,err:ak not exist",
        ),
    ];
    for (name, value, reason) in table {
        let request = Request::post(INDIVIDUAL).header("content-type", "application/json").header(name, value);
        let reply = service().send(request.body(application().into()).unwrap()).await;
        assert!(!reply.headers.contains_key("www-authenticate"), "the gateway sends none: {reply:?}");
        assert_refused(&reply, reason);
    }
    assert_refused(&ask(&service(), UNKNOWN_KEY).await, "Get secretKey failed,ak:NOSUCHAK,err:ak not exist");
}

#[tokio::test]
async fn a_token_counts_before_a_signature() {
    let (body, date) = (application(), now());
    let with_token = |signed: Call<'_>, token: &str| {
        let mut request = signed.request();
        request.headers_mut().insert("x-auth-token", token.parse().unwrap());
        request
    };
    let signed = Call::post(&body, &date);
    assert_refused(&service().send(with_token(signed, "unknown")).await, "decrypt token fail");
    service().send(with_token(signed, "customer-token")).await.assert(403, &refusal("CBC.0151"));
    service().send(with_token(signed, "")).await.assert(200, ACCEPTED);
    // The official SDKs sign whatever they send.
    service().send(with_token(Call { key: UNKNOWN_KEY, ..signed }, "token")).await.assert(200, ACCEPTED);
}

/// Signs a request that can be sent again and again: the API has nothing against the caller, but against the body.
pub(crate) async fn ask(service: &Service, key: (&str, &str)) -> Reply {
    service.send(Call { key, ..Call::post("{}", &now()) }.request()).await
}

#[tokio::test]
async fn a_customer_is_refused_with_its_own_key() {
    let reply = ask(&service(), CUSTOMER_KEY).await;
    reply.assert(403, &refusal("CBC.0151"));
    assert_eq!(reply.check(), Some("caller-is-partner"));
    assert_eq!(reply.headers["content-type"], "application/json;charset=UTF-8");
}

#[tokio::test]
async fn lenient_authentication_takes_strangers_for_the_first_partner() {
    let lenient = || Service::from_yaml(&format!("settings: {{ authentication: lenient }}\n{CALLERS}"));
    let request = || Request::post(INDIVIDUAL).header("content-type", "application/json");
    let with_token =
        async |token| lenient().send(request().header("x-auth-token", token).body(application().into()).unwrap()).await;
    let (body, date) = (application(), now());
    let signed = Call::post(&body, &date);
    let with_key = async |key| lenient().send(Call { key, ..signed }.request()).await;
    for lenient_caller in [with_token("whatever").await, with_key(UNKNOWN_KEY).await] {
        lenient_caller.assert(200, ACCEPTED);
        assert_eq!(lenient_caller.entry().and_then(|entry| entry.caller()), Some("demo"));
    }
    // What is listed is what it is: the application names the platform of the first partner.
    with_token("other-token").await.assert(400, &refusal("CBC.0100"));
    with_token("customer-token").await.assert(403, &refusal("CBC.0151"));
    with_key(CUSTOMER_KEY).await.assert(403, &refusal("CBC.0151"));
    with_key(KEY).await.assert(200, ACCEPTED);
    assert_mismatch(&with_key((KEY.0, "wrong")).await, &signed);
    let old = self::date(SignedDuration::from_mins(-16));
    let reply = lenient().send(Call { date: &old, ..signed }.request()).await;
    assert_refused(&reply, "calc ak sk signature fail:signature expired");
    // Nothing is nobody.
    assert_refused(&with_token("").await, "x-auth-token not found");
    assert_refused(&lenient().send(request().body(Body::empty()).unwrap()).await, "x-auth-token not found");
}
