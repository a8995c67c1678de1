//! Requests signed by the official Python SDK's signer, headers that no signer makes, and the orders of a query.

use axum::http::request::Parts;
use axum::http::{HeaderValue, Request};
use jiff::Timestamp;
use proptest::prelude::*;

use super::algorithm::Algorithm;
use super::authorization::Authorization;
use super::{QueryVariant, SignatureError, Signed, canonical_query};
use crate::domain::{AccessKey, Secret};

const AK: &str = "MOCKAK00000000000001";
const SK: &str = "mock-sk-not-a-real-secret-0123456789abcdef";
const SIGNED_AT: &str = "2023-03-02T08:00:00Z";
const HOST: &str = "bss-intl.myhuaweicloud.com";
const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";
const BODY: &str = concat!(
    r#"{"customer_id":"068a6d00000000288536b6ba57d1ffae","identify_type":0,"verified_type":3,"#,
    r#""verified_file_url":["a.jpg","b.jpg"],"name":"wangx_001","verified_number":"E12345678","#,
    r#""change_type":-1,"xaccount_type":"TEST_IDP"}"#,
);

/// A request with its signature.
struct Vector {
    why: &'static str,
    method: &'static str,
    target: &'static str,
    host: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    /// The scheme and the access key.
    access: &'static str,
    signed_headers: &'static str,
    signature: &'static str,
}

const JSON: (&str, &str) = ("content-type", "application/json");

const POST: Vector = Vector {
    why: "a POST with its content type and host",
    method: "POST",
    target: INDIVIDUAL,
    host: HOST,
    headers: &[JSON],
    body: BODY,
    access: "SDK-HMAC-SHA256 Access=MOCKAK00000000000001",
    signed_headers: "content-type;host;x-sdk-date",
    signature: "25dcff2fea2262733862126fedf6a9311e3e2ffcc515468204621fd1e0b27902",
};

const TEMPORARY: Vector = Vector {
    why: "a temporary key of a known domain",
    headers: &[
        JSON,
        ("x-domain-id", "d78cbac186b744899480f25bd022f468"),
        ("x-security-token", "gQpjbi1ub3J0aC00"),
        ("user-agent", "huaweicloud-usdk-python/3.0"),
    ],
    signed_headers: "content-type;host;user-agent;x-domain-id;x-sdk-date;x-security-token",
    signature: "71aca020a4ca514d89894cd58f5fabf6dcd4404fff41ed89e763ae7b1b9d4a1a",
    ..POST
};

/// What each request has of its own.
#[rustfmt::skip]
const VECTORS: &[Vector] = &[
    POST,
    TEMPORARY,
    Vector { why: "a GET with a query", method: "GET", body: "",
        target: "/v2/customers/realname-auths/result?customer_id=068a6d00000000288536b6ba57d1ffae",
        signature: "5c995c917fedecaf92500ecb8000f433a4b99ed08eccf00bef58481299c0c692", ..POST },
    Vector { why: "a GET without a content type", method: "GET", body: "", headers: &[],
        target: "/v3/auth/domains", host: "iam.ap-southeast-1.myhuaweicloud.com", signed_headers: "host;x-sdk-date",
        signature: "62a4e6c9c28ec3f21b242edf49abeebe6fee697eacf90e105245d0690a1020be", ..POST },
    Vector { why: "a POST without a body", body: "",
        signature: "97d2dbd4446f2c8669aa2234d4accd72fbe0ddf55b25ee39b9085cf2b10b5b26", ..POST },
    Vector { why: "blanks, wide characters, and repeated and empty keys, out of order", method: "GET", body: "",
        target: "/v2/a%20b/%E4%B8%AD%E6%96%87/~x?list=y&b=2%203&a=%C3%A9~%2A&b=1&t=true&list=x&Z=",
        signature: "d090da70342ad837969f19e85d4c0d3b6b9a026857c9880977397bbd1ced1ef4", ..POST },
    Vector { why: "a payload that is not signed",
        headers: &[("content-type", "text/plain"), ("x-sdk-content-sha256", "UNSIGNED-PAYLOAD")],
        signed_headers: "content-type;host;x-sdk-content-sha256;x-sdk-date",
        signature: "044b41a2212e7eb39221dc45528b28a7f3f7a3e9fb180ff6ffec262d3bc00444", ..POST },
    Vector { why: "a body with wide characters", body: r#"{"name":"王小明"}"#,
        headers: &[("content-type", "application/json;charset=UTF-8")],
        signature: "5472298f2dc86cf4f0840bbd25aee1f17c1c47f687e2f242d0b0c8fc8a0b37ab", ..POST },
    Vector { why: "SM3 for SHA-256", access: "SDK-HMAC-SM3 Access=MOCKAK00000000000001",
        signature: "5b7f4c957aa1c55fbb3440d772cb64651e8edecec3dda238c85aaf683d86c894", ..POST },
    Vector { why: "a key derived for a day, a region and a service",
        access: "V11-HMAC-SHA256 Credential=MOCKAK00000000000001/20230302/globe/bssintl",
        signature: "f6bdaf00b5ad68c143346bd76a002e8821cf30c385bf74371d79fdb06750e7db", ..POST },
    Vector { why: "a pair of keys of P-256", access: "SDK-ECDSA-P256-SHA256 Access=MOCKAK00000000000001",
        signature: "30460221009808980b260911403a3d11c47f4c99c1ae2435f0bf1f0ad1023981793c45af51022100af310b874f602040653b\
            e9266635cf63c4b7b41cb0a05a9a98ab37b658421441", ..POST },
    Vector { why: "a pair of keys of SM2", access: "SDK-SM2-SM3 Access=MOCKAK00000000000001",
        signature: "30440220450998e1f922298365f2e4155d6c1111fcc6f917cf05d0508fa2246ad57fc699022023ecd97812aa273e2dd94cf6\
            09fcc263fed09ed3043492c636cfe0409024e29f", ..POST },
    Vector { why: "the host signed without the port that it is sent with",
        host: "bss-intl.myhuaweicloud.com:8080", ..POST },
];

impl Vector {
    fn parts(&self) -> Parts {
        let Self { access, signed_headers, signature, .. } = self;
        let authorization = format!("{access}, SignedHeaders={signed_headers}, Signature={signature}");
        let request = Request::builder().method(self.method).uri(self.target).header("host", self.host);
        let request = request.header("x-sdk-date", "20230302T080000Z").header("authorization", authorization);
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).expect("a vector is a request").into_parts().0
    }

    fn with(&self, name: &'static str, value: &str) -> Parts {
        let mut parts = self.parts();
        parts.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        parts
    }
}

fn key(sk: &str) -> AccessKey {
    AccessKey { ak: AK.into(), sk: Secret::new(sk), security_token: None }
}

fn verify(parts: &Parts, body: &str, key: &AccessKey, now: &str) -> Result<(), SignatureError> {
    let signed = Signed::parse(parts, body.as_bytes()).expect("the request says that it is signed");
    signed.and_then(|signed| signed.verify(key, now.parse::<Timestamp>().expect("a time")))
}

#[test]
fn what_the_official_signer_signs_is_verified() {
    for vector in VECTORS {
        assert_eq!(verify(&vector.parts(), vector.body, &key(SK), SIGNED_AT), Ok(()), "{}", vector.why);
    }
}

#[test]
fn nothing_else_is() {
    for vector in VECTORS {
        let is_body_signed = !vector.headers.contains(&("x-sdk-content-sha256", "UNSIGNED-PAYLOAD"));
        let (mut query, longer) = (vector.parts(), format!("{} ", vector.body));
        query.uri = format!("{}?x", query.uri.path()).parse().expect("a target");
        let changed = [
            ("key", vector.parts(), vector.body, "another", true),
            ("method", Vector { method: "PUT", ..*vector }.parts(), vector.body, SK, true),
            ("query", query, vector.body, SK, true),
            ("body", vector.parts(), &longer, SK, is_body_signed),
        ];
        for (what, parts, body, sk, is_refused) in changed {
            let verified = verify(&parts, body, &key(sk), SIGNED_AT);
            let is_mismatch = matches!(verified, Err(SignatureError::Mismatch { .. }));
            assert_eq!(is_mismatch, is_refused, "{what}: {}", vector.why);
        }
    }
}

#[test]
fn the_refusal_prints_the_canonical_request() {
    let mismatch = verify(&POST.parts(), "", &key(SK), SIGNED_AT).expect_err("the body is another one");
    assert_eq!(
        mismatch.to_string(),
        "verify aksk signature fail, canonicalRequest:POST|/v2/customers/realname-auths/individual/||\
         content-type:application/json|host:bss-intl.myhuaweicloud.com|x-sdk-date:20230302T080000Z||\
         content-type;host;x-sdk-date|e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

#[test]
fn the_date_may_be_fifteen_minutes_off() {
    let at = |now| verify(&POST.parts(), BODY, &key(SK), now);
    assert_eq!(at("2023-03-02T07:45:00Z"), Ok(()));
    assert_eq!(at("2023-03-02T08:15:00Z"), Ok(()));
    let text = |now| at(now).expect_err("the date is too far off").to_string();
    let expired = "calc ak sk signature fail:signature expired, signature time:20230302T080000Z,server time:";
    assert_eq!(text("2023-03-02T07:44:59Z"), format!("{expired}20230302T074459Z"));
    assert_eq!(text("2023-03-02T08:15:01Z"), format!("{expired}20230302T081501Z"));
}

#[test]
fn a_hash_that_was_not_signed_has_to_be_that_of_the_body() {
    let verified = |hash: &str, body| verify(&POST.with("x-sdk-content-sha256", hash), body, &key(SK), SIGNED_AT);
    let other = "f".repeat(64);
    assert_eq!(verified(&other, BODY), Err(SignatureError::PayloadHash("x-sdk-content-sha256")));
    assert_eq!(verified("", BODY), Err(SignatureError::PayloadHash("x-sdk-content-sha256")));
    // Without the refusal, a body could be exchanged by adding the hash of the one that was signed.
    let first = Algorithm::Sha256.hash(BODY.as_bytes());
    assert_eq!(verified(&first, "{}"), Err(SignatureError::PayloadHash("x-sdk-content-sha256")));
    assert_eq!(verified(&first, BODY), Ok(()));
    assert!(verified(&first.to_uppercase(), BODY).is_err(), "it is part of what is signed");
}

#[test]
fn a_wrong_hash_by_sha256_is_refused_with_each_algorithm() {
    let sm3 = VECTORS.iter().find(|vector| vector.access.starts_with("SDK-HMAC-SM3")).expect("a vector");
    let verified = |hash: &str| verify(&sm3.with("x-sdk-content-sha256", hash), BODY, &key(SK), SIGNED_AT);
    assert_eq!(verified(&"f".repeat(64)), Err(SignatureError::PayloadHash("x-sdk-content-sha256")));
    assert_eq!(verified(&Algorithm::Sha256.hash(BODY.as_bytes())), Ok(()));
}

#[test]
fn a_name_is_signed_once() {
    for names in ["host;x-sdk-date;host", "host;Host", &"a;".repeat(5000)] {
        let header = format!("SDK-HMAC-SHA256 Access=AK, SignedHeaders={names}, Signature=00");
        let parsed = Authorization::parse(header.as_bytes()).expect("an SDK's scheme");
        assert_eq!(parsed.expect_err("a name is repeated"), SignatureError::Malformed("SignedHeaders"), "{names:.40}");
    }
}

#[test]
fn the_date_has_one_form() {
    let dates = ["", "2023-03-02T08:00:00Z", "20230302T080000", "20230302T0800Z", "20231302T080000Z", "Ⅴ0230302T0800Z"];
    for date in dates {
        let verified = verify(&POST.with("x-sdk-date", date), BODY, &key(SK), SIGNED_AT);
        assert_eq!(verified, Err(SignatureError::BadDate), "{date}");
    }
    let mut parts = POST.parts();
    parts.headers.remove("x-sdk-date");
    assert_eq!(verify(&parts, BODY, &key(SK), SIGNED_AT), Err(SignatureError::NoDate));
}

#[test]
fn a_temporary_key_needs_its_security_token() {
    let temporary = |token| AccessKey { security_token: Some(Secret::new(token)), ..key(SK) };
    let with_token = TEMPORARY.parts();
    assert_eq!(verify(&with_token, BODY, &temporary("gQpjbi1ub3J0aC00"), SIGNED_AT), Ok(()));
    assert_eq!(verify(&with_token, BODY, &temporary("another"), SIGNED_AT), Err(SignatureError::SecurityToken));
    let without_token = POST.parts();
    assert_eq!(verify(&without_token, BODY, &temporary("another"), SIGNED_AT), Err(SignatureError::SecurityToken));
}

#[test]
fn a_malformed_header_is_named() {
    let cases = [
        ("SDK-HMAC-SHA256", "authorization header has no Access"),
        ("SDK-HMAC-SHA256 Access=", "authorization header has a malformed Access"),
        ("SDK-HMAC-SHA256 Access=a, Access=b", "authorization header has a malformed Access"),
        ("SDK-HMAC-SHA256 Access=a, SignedHeaders=host", "authorization header has no Signature"),
        ("SDK-HMAC-SHA256 Access=a, SignedHeaders=b, Signature=x", "authorization header has a malformed Signature"),
        ("SDK-HMAC-SHA256 Access=a, Signature=ab", "authorization header has no SignedHeaders"),
        ("V11-HMAC-SHA256 Access=a", "authorization header has no Credential"),
        ("V11-HMAC-SHA256 Credential=a", "authorization header has a malformed Credential"),
        ("SDK-HMAC-SHA512 Access=a", "algorithm SDK-HMAC-SHA512 is not supported"),
        ("SDK-SM2-SM3 Access=a", "authorization header has no Signature"),
    ];
    for (header, text) in cases {
        let verified = verify(&POST.with("authorization", header), BODY, &key(SK), SIGNED_AT);
        assert_eq!(verified.expect_err("the header is malformed").to_string(), text);
    }
}

proptest! {
    #[test]
    fn every_header_and_target_gets_an_answer(
        scheme in "(SDK-HMAC-SHA256|SDK-HMAC-SM3|V11-HMAC-SHA256|SDK-ECDSA-P256-SHA256|SDK-SM2-SM3|SDK-[A-Z0-9-]{0,9}|[ -~]{0,9})",
        fields in "( ?(Access|Credential|SignedHeaders|Signature)=[ -~]{0,40},?| [ -~]{0,20}){0,5}",
        bytes in proptest::collection::vec(0x80_u8..=0xff, 0..8),
        path in "(/[a-zA-Z0-9%._~-]{0,12}){1,4}",
        query in "([a-z0-9%+=&;~]{0,30})",
        host in "[ -~]{0,20}",
        date in "([0-9]{8}T[0-9]{6}Z|[ -~]{0,18})",
        body in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let header = [scheme.as_bytes(), fields.as_bytes(), &bytes].concat();
        let request = Request::builder().uri(format!("{path}?{query}")).header("host", host);
        let request = request.header("x-sdk-date", date).header("authorization", header.as_slice());
        if let Ok(request) = request.body(()) {
            let (parts, ()) = request.into_parts();
            if let Some(Ok(signed)) = Signed::parse(&parts, &body) {
                let now = SIGNED_AT.parse::<Timestamp>().expect("a time");
                prop_assert!(signed.verify(&key(SK), now).is_err());
            }
        }
    }
}

#[test]
fn clients_differ_in_the_order_of_a_query() {
    let read = |variant| canonical_query("l=y&B=+&l=x&a=%2F&e", variant);
    assert_eq!(read(QueryVariant::Sorted), "B=%2B&a=%2F&e=&l=x&l=y");
    assert_eq!(read(QueryVariant::SortedByKey), "B=%2B&a=%2F&e=&l=y&l=x");
    assert_eq!(read(QueryVariant::LowerCaseKeys), "a=%2F&b=%2B&e=&l=x&l=y");
}
