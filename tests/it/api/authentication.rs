//! `X-Auth-Token` and `Authorization`: which tokens and signatures are accepted, the reasons of each 401, and the lockout of
//! access keys.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use jiff::SignedDuration;

use crate::support::*;

fn app() -> TestApp {
    TestApp::from_text(CALLERS)
}

/// Asserts that the signature is refused, and that the canonical request which was expected is printed.
#[track_caller]
fn assert_mismatch(reply: &Reply, expected: &SignedRequest<'_>) {
    let canonical = expected.canonical().replace('\n', "|");
    reply.assert_unauthenticated(&format!("verify aksk signature fail, canonicalRequest:{canonical}"));
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

/// What the official SDKs send, and which of it they sign.
fn known_requests<'a>(
    [compact, spaced, line, wide]: &'a [String; 4],
    date: &'a str,
) -> [(&'static str, SignedRequest<'a>); 15] {
    let plain = SignedRequest::post(compact, date);
    let headers = |sent, signed| SignedRequest { sent, signed, ..plain };
    let query = |sent, canonical| SignedRequest { query: (sent, canonical), ..plain };
    let python = headers(&[JSON, HOST, AGENT, DOMAIN, ODD], &[JSON, HOST, AGENT, DOMAIN]);
    let temporary = headers(&[JSON, HOST, AGENT, TOKEN], &[JSON, HOST, AGENT, TOKEN]);
    let go = headers(&[JSON, HOST, AGENT], &[AGENT]);
    let php = headers(&[JSON, HOST, AGENT, DOMAIN, UNSIGNED], &[JSON, AGENT, DOMAIN, UNSIGNED]);
    [
        ("Python: nearly every header, and blanks in the body", SignedRequest { body: spaced, ..python }),
        ("Python: a temporary key", SignedRequest { key: TEMPORARY_KEY, ..temporary }),
        ("Java: not the content type", headers(&[UTF8, HOST, AGENT], &[HOST, AGENT])),
        ("Go: nor the host, and a line feed ends the body", SignedRequest { body: line, ..go }),
        ("Go: a key without a value is sent without its =", query("a&b=2%203&c", "a=&b=2%203&c=")),
        (".NET: the host without its port, here and there", headers(&[UTF8, BARE, AGENT], &[BARE, AGENT])),
        ("PHP: not the body", php),
        ("the same with SM3", headers(&[JSON, UNSIGNED_SM3], &[JSON, UNSIGNED_SM3])),
        ("wide characters in the body", SignedRequest { body: wide, ..plain }),
        ("wide characters in a header", headers(&[JSON, ("user-agent", "客户端")], &[("user-agent", "客户端")])),
        ("blanks inside a value count", headers(&[JSON, ("x-a", " \tb  c ")], &[("x-a", "b  c")])),
        ("a header twice", headers(&[JSON, ("x-a", "c"), ("x-a", "b")], &[("x-a", "b"), ("x-a", "c")])),
        ("keys repeated and empty", query("l=y&b=2&b=1&l=x&l=x&Z=&ba=", "Z=&b=1&b=2&ba=&l=x&l=x&l=y")),
        ("wide characters, encoded and not", query("%c3%a9=中&q=%E4%B8%AD", "q=%E4%B8%AD&%C3%A9=%E4%B8%AD")),
        ("signs", query("a=~-_.%7E&b=%2F/%2f&c=+%2B&d=a=b&e=*!'", "a=~-_.~&b=%2F%2F%2F&c=%2B%2B&d=a%3Db&e=%2A%21%27")),
    ]
}

#[test]
fn signer_of_these_tests_signs_as_the_official_sdk() {
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
        let request = SignedRequest { algorithm, key, signed, ..SignedRequest::post("", "20230302T080000Z") };
        assert_eq!(request.authorization(), expected);
    }
}

#[tokio::test]
async fn signature_of_every_official_sdk_is_accepted_and_a_forged_one_is_401() {
    let (bodies, date) = (forms(), now());
    for algorithm in [SHA256, SM3, DERIVED] {
        for (why, known) in known_requests(&bodies, &date) {
            let known = SignedRequest { algorithm, ..known };
            let reply = app().send(known.request()).await;
            assert_eq!((reply.status, reply.body.as_str()), (200, UNDER_REVIEW), "{algorithm}, {why}: {reply:?}");

            let forged = SignedRequest { key: (known.key.0, "another-secret"), ..known };
            assert_mismatch(&app().send(forged.request()).await, &known);

            let tampered = SignedRequest { body: "{}", ..known };
            let (parts, _) = known.request().into_parts();
            let reply = app().send(Request::from_parts(parts, Body::from("{}"))).await;
            if known.payload().is_some() {
                reply.assert_parameter_error();
            } else {
                assert_mismatch(&reply, &tampered);
            }
        }
    }
}

#[tokio::test]
async fn signature_over_another_request_is_401_with_the_canonical_request() {
    let (body, date, later) = (application(), now(), sdk_date(SignedDuration::from_secs(1)));
    let signed = SignedRequest::post(&body, &date);
    for changed in [
        SignedRequest { query: ("a=1", "a=1"), ..signed },
        SignedRequest { sent: &[UTF8, HOST], signed: &[UTF8, HOST], ..signed },
        SignedRequest { sent: &[JSON, ("host", "a")], signed: &[JSON, ("host", "a")], ..signed },
        SignedRequest { date: &later, ..signed },
        SignedRequest { key: SECOND_KEY, ..signed },
    ] {
        let mut request = changed.request();
        let authorization = signed.authorization().replace(signed.key.0, changed.key.0);
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        assert_mismatch(&app().send(request).await, &changed);
    }
    // A signature that was made without a body.
    let (parts, _) = SignedRequest { body: "", ..signed }.request().into_parts();
    assert_mismatch(&app().send(Request::from_parts(parts, body.clone())).await, &signed);
    // A signature that was made for IAM, with another method and another path.
    let mut request = SignedRequest { method: "GET", path: "/v3/auth/domains", ..signed }.request();
    (*request.method_mut(), *request.uri_mut()) = (Method::POST, INDIVIDUAL.parse().unwrap());
    assert_mismatch(&app().send(request).await, &signed);
}

#[tokio::test]
async fn signature_over_the_host_without_its_port_is_accepted() {
    let (body, date) = (application(), now());
    for (sent, signed, status) in [
        ("127.0.0.1:8080", "127.0.0.1", 200),
        ("[::1]:8080", "[::1]", 200),
        ("127.0.0.1:8080", "127.0.0.2", 401),
        ("127.0.0.1", "127.0.0.1:8080", 401),
        ("[::1]", "[:", 401),
    ] {
        let (sent, signed) = (&[JSON, ("host", sent)], &[("host", signed)]);
        let reply = app().send(SignedRequest { sent, signed, ..SignedRequest::post(&body, &date) }.request()).await;
        assert_eq!(reply.status, status, "{sent:?} for {signed:?}: {reply:?}");
    }
}

#[tokio::test]
async fn signature_over_the_empty_hash_beside_unsigned_payload_is_accepted() {
    // The Python SDK signs the hash of no bytes even with the header: here the header comes after the signature.
    let mut request = SignedRequest { signed: &[UNSIGNED], ..SignedRequest::post("", &now()) }.request();
    request.headers_mut().insert(UNSIGNED.0, UNSIGNED.1.parse().unwrap());
    app().send(request).await.assert_parameter_error();
}

/// Asserts a refusal that names both times. That of the server may be a second later than the test's.
#[track_caller]
fn assert_expired(reply: &Reply, signed_at: &str) {
    let body = reply.json();
    let message = body["error_msg"].as_str().expect("a text");
    let (text, server_time) = message.split_once(",server time:").expect("two times");
    let expected =
        "Incorrect IAM authentication information: calc ak sk signature fail:signature expired, signature time:";
    assert_eq!((reply.status, text), (401, format!("{expected}{signed_at}").as_str()));
    assert_eq!((server_time.len(), server_time.get(8..9)), (16, Some("T")), "{server_time}");
}

#[tokio::test]
async fn signature_16_minutes_off_is_401_by_the_clock_of_the_machine() {
    let app = app();
    // The clock of the space is not the clients' clock.
    app.space.advance(Duration::from_secs(3600));
    for (minutes, expired) in [(-16, true), (-14, false), (14, false), (16, true), (-60, true), (60, true)] {
        let date = sdk_date(SignedDuration::from_mins(minutes));
        let reply = app.send(SignedRequest::post("{}", &date).request()).await;
        if expired {
            assert_expired(&reply, &date);
        } else {
            reply.assert_parameter_error();
        }
    }
}

#[tokio::test]
async fn signature_with_malformed_or_missing_x_sdk_date_is_401() {
    for date in ["", "now", "2023-03-02T08:00:00Z", "20230302T080000", "20230230T080000Z", "20230302T080000z", "1"] {
        let reply = app().send(SignedRequest::post("{}", date).request()).await;
        reply.assert_unauthenticated("calc ak sk signature fail:X-Sdk-Date malformed");
    }
    let mut request = SignedRequest::post("{}", &now()).request();
    request.headers_mut().remove("x-sdk-date");
    app().send(request).await.assert_unauthenticated("calc ak sk signature fail:X-Sdk-Date not found");
}

#[tokio::test]
async fn temporary_key_without_its_security_token_is_401() {
    let date = now();
    let temporary = SignedRequest { key: TEMPORARY_KEY, ..SignedRequest::post("{}", &date) };
    app().send(temporary.request()).await.assert_unauthenticated("verify security token fail");
    let other = &[JSON, HOST, ("x-security-token", "another")];
    let reply = app().send(SignedRequest { sent: other, signed: other, ..temporary }.request()).await;
    reply.assert_unauthenticated("verify security token fail");
}

#[tokio::test]
async fn missing_or_malformed_credentials_are_401_with_their_reason() {
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
        // An algorithm that the SDKs do not have.
        (authorization, b"SDK-HMAC-SHA512 Access=a", "algorithm SDK-HMAC-SHA512 is not supported"),
        (authorization, b"SDK-HMAC-SHA256", "authorization header has no Access"),
        (authorization, b"SDK-HMAC-SHA256 ,=,;  ,", "authorization header has no Access"),
        (authorization, b"SDK-HMAC-SHA256 Access=, Signature=00", "authorization header has a malformed Access"),
        (authorization, b"SDK-HMAC-SHA256 Access=a, Signature=00", "authorization header has no SignedHeaders"),
        (authorization, b"SDK-HMAC-SM3 Access=a, Signature=0g", "authorization header has a malformed Signature"),
        (authorization, b"SDK-ECDSA-P256-SHA256 Access=a", "authorization header has no Signature"),
        (authorization, b"SDK-SM2-SM3", "authorization header has no Access"),
        (authorization, b"V11-HMAC-SHA256 Access=a", "authorization header has no Credential"),
        (authorization, b"V11-HMAC-SHA256 Credential=a", "authorization header has a malformed Credential"),
        // Characters that JSON escapes.
        (
            authorization,
            b"SDK-HMAC-SHA256 Access=\"\\<\xc3\xa9>, SignedHeaders=host, Signature=00",
            "Get secretKey failed,ak:\"\\<é>,err:ak not exist",
        ),
    ];
    for (name, value, reason) in table {
        let request = Request::post(INDIVIDUAL).header("content-type", "application/json").header(name, value);
        let reply = app().send(request.body(application()).expect("a request")).await;
        assert!(!reply.headers.contains_key("www-authenticate"), "the gateway sends none: {reply:?}");
        reply.assert_unauthenticated(reason);
    }
    ask(&app(), UNKNOWN_KEY).await.assert_unauthenticated("Get secretKey failed,ak:NOSUCHAK,err:ak not exist");
}

#[tokio::test]
async fn token_is_checked_before_the_signature() {
    let (body, date) = (application(), now());
    let with_token = |signed: SignedRequest<'_>, token: &str| {
        let mut request = signed.request();
        request.headers_mut().insert("x-auth-token", token.parse().unwrap());
        request
    };
    let signed = SignedRequest::post(&body, &date);
    app().send(with_token(signed, "unknown")).await.assert_unauthenticated("decrypt token fail");
    app().send(with_token(signed, "customer-token")).await.assert_code(403, "CBC.0151");
    app().send(with_token(signed, "")).await.assert(200, UNDER_REVIEW);
    // The official SDKs sign whatever they send.
    app().send(with_token(SignedRequest { key: UNKNOWN_KEY, ..signed }, "token")).await.assert(200, UNDER_REVIEW);
}

/// Sends a signed request that can be repeated: if the caller is accepted, its body is a parameter error.
async fn ask(app: &TestApp, key: (&str, &str)) -> Reply {
    app.send(SignedRequest { key, ..SignedRequest::post("{}", &now()) }.request()).await
}

#[tokio::test]
async fn key_of_a_customer_is_403_cbc_0151() {
    let reply = ask(&app(), CUSTOMER_KEY).await;
    reply.assert_code(403, "CBC.0151");
    assert_eq!(reply.rule(), Some("caller-is-partner"));
}

#[tokio::test]
async fn lenient_authentication_takes_unknown_tokens_and_keys_for_the_first_partner() {
    let lenient = || TestApp::from_text(&format!("settings: {{ authentication: lenient }}\n{CALLERS}"));
    let with_token = async |token| lenient().apply_as(token, &passport("c-1")).await;
    let (body, date) = (application(), now());
    let signed = SignedRequest::post(&body, &date);
    let with_key = async |key| lenient().send(SignedRequest { key, ..signed }.request()).await;
    for reply in [with_token("whatever").await, with_key(UNKNOWN_KEY).await] {
        reply.assert(200, UNDER_REVIEW);
        assert_eq!(reply.entry().caller(), Some("demo"));
    }
    // Listed credentials are checked all the same: the application names the platform of the first partner.
    with_token("other-token").await.assert_code(400, "CBC.0100");
    with_token("customer-token").await.assert_code(403, "CBC.0151");
    with_key(CUSTOMER_KEY).await.assert_code(403, "CBC.0151");
    with_key(KEY).await.assert(200, UNDER_REVIEW);
    assert_mismatch(&with_key((KEY.0, "wrong")).await, &signed);
    let old = sdk_date(SignedDuration::from_mins(-16));
    assert_expired(&lenient().send(SignedRequest { date: &old, ..signed }.request()).await, &old);
    // A signature that is none is not looked at if its key is not listed.
    for algorithm in ["SDK-ECDSA-P256-SHA256", "SDK-SM2-SM3"] {
        for (app, key, status) in [(lenient(), "NOTLISTED", 200), (lenient(), KEY.0, 401), (app(), "NOTLISTED", 401)] {
            let header = format!("{algorithm} Access={key}, SignedHeaders=host;x-sdk-date, Signature=3046");
            let reply = app.call("POST", INDIVIDUAL, &[JSON, ("authorization", &header)], body.clone()).await;
            assert_eq!(reply.status, status, "{header}: {reply:?}");
        }
    }
    // A request without credentials has no caller.
    with_token("").await.assert_unauthenticated("x-auth-token not found");
    lenient().call("POST", INDIVIDUAL, &[JSON], "").await.assert_unauthenticated("x-auth-token not found");
}

const MINUTE: Duration = Duration::from_secs(60);
const LOCKED: &str = "AK access failed to reach the limit,forbidden.";

/// Signs with a wrong secret so many times, and asserts that each signature is refused as wrong.
async fn fail(app: &TestApp, times: usize) {
    for time in 1..=times {
        let reply = ask(app, (KEY.0, "wrong")).await;
        assert!(reply.body.contains("verify aksk signature fail, canonicalRequest:"), "{time}: {reply:?}");
    }
}

#[tokio::test]
async fn key_with_six_wrong_signatures_in_a_row_is_locked_for_five_minutes() {
    let app = app();
    for _ in ["the first lock", "another one, after the first has run out"] {
        fail(&app, 5).await;
        ask(&app, (KEY.0, "wrong")).await.assert_unauthenticated(LOCKED);
        ask(&app, KEY).await.assert_unauthenticated(LOCKED);
        ask(&app, SECOND_KEY).await.assert_parameter_error();
        app.space.advance(4 * MINUTE);
        ask(&app, (KEY.0, "wrong")).await.assert_unauthenticated(LOCKED);
        app.space.advance(MINUTE);
    }
    ask(&app, KEY).await.assert_parameter_error();
}

#[tokio::test]
async fn right_signature_resets_the_count_of_failures() {
    let app = app();
    for _ in 0..3 {
        fail(&app, 5).await;
        ask(&app, KEY).await.assert_parameter_error();
    }
}

#[tokio::test]
async fn other_refusals_of_a_key_do_not_count_as_failures() {
    let app = app();
    let early = sdk_date(SignedDuration::from_mins(-16));
    let wrong = |date| SignedRequest { key: (KEY.0, "wrong"), ..SignedRequest::post("{}", date) };
    for _ in 0..7 {
        assert_expired(&app.send(wrong(&early).request()).await, &early);
        let reply = app.send(wrong("").request()).await;
        reply.assert_unauthenticated("calc ak sk signature fail:X-Sdk-Date malformed");
        ask(&app, TEMPORARY_KEY).await.assert_unauthenticated("verify security token fail");
        ask(&app, UNKNOWN_KEY).await.assert_unauthenticated("Get secretKey failed,ak:NOSUCHAK,err:ak not exist");
    }
    fail(&app, 5).await;
    ask(&app, KEY).await.assert_parameter_error();
}
