//! `outcome.why`, and what explanations say of typical mistakes.

use serde_json::{Value, json};

use crate::support::*;

const WORLD: &str = "customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo, real_name: under_review }]
scripted: [{ when: { name: Broken }, then: { fault: reset } }, { when: { name: Flaky }, then: { error_code: CBC.0999 } }]";

/// Answers of many kinds, each with its line of why.
async fn answers(app: &TestApp) -> Vec<(Reply, &'static str)> {
    let result = "/v2/customers/realname-auths/result?customer_id=c-1";
    let named = |name: &str| with(passport("c-1"), "name", name);
    vec![
        (app.apply(&with(passport("c-1"), "identify_type", "0")).await, "identify_type: must be a 32-bit integer"),
        (app.apply(&passport("c-2")).await, "not-authenticated-yet: real-name status: under_review"),
        (app.apply_as("x", &passport("c-1")).await, "authenticated: decrypt token fail"),
        (app.apply(&named("Broken")).await, "script: scripted[0] matches: reset"),
        (app.apply(&named("Flaky")).await, "script: scripted[1] matches"),
        (app.apply(&passport("c-1")).await, "accepted: every rule holds"),
        (app.call("GET", result, &[("x-auth-token", "token")], "").await, "accepted: the customer is the caller's"),
        (app.call("GET", "/v3/auth/domains", &[("x-auth-token", "token")], "").await, "accepted: the caller is known"),
    ]
}

#[tokio::test]
async fn outcome_why_is_the_same_line_wherever_an_outcome_is_shown() {
    let app = TestApp::with(WORLD);
    let answers = answers(&app).await;
    let journal = app.get("/journal").await;
    for ((reply, why), entry) in answers.iter().zip(list(&journal, "entries")) {
        assert_consistent(entry);
        assert_eq!(entry["outcome"]["why"], *why, "{entry:#}");
        assert_eq!(app.get(&format!("/journal/{}", reply.id())).await["outcome"]["why"], *why);
        assert_eq!(reply.entry().why(), *why);
        assert!(reply.entry().to_string().ends_with(&format!(", {why}")), "{}", reply.entry());
        let nothing = json!({ "match": { "customer_id": "nobody" } });
        let (_, error) = app.post("/verify", &nothing).await;
        assert!(text(&error["closest"][0]["entry"]["outcome"]["why"]).starts_with("accepted"), "{error}");
    }
    let fault = &journal["entries"][3]["outcome"];
    assert_eq!((&fault["fault"], &fault["decided_by"]), (&json!("reset"), &json!("script")));
    assert_eq!(answers[3].0.entry().fault(), Some("reset"));
}

/// Calls, and asserts what the check that refused saw, and the line of why.
#[track_caller]
fn assert_why(reply: &Reply, why: &str) {
    assert_eq!(reply.entry().why(), why, "{reply:?}");
    assert_consistent(&reply.entry().json());
}

#[tokio::test]
async fn explanation_hints_at_a_wrong_credential() {
    let app = TestApp::with(WORLD);
    let scheme = |scheme: &str| {
        format!(
            "authenticated: decrypt token fail (Authorization has the scheme {scheme}: this API takes \
            SDK-HMAC-SHA256 signatures, or a token in X-Auth-Token)"
        )
    };
    let around = |mistake: &str| format!("authenticated: decrypt token fail (X-Auth-Token {mistake})");
    let bearer = "authenticated: decrypt token fail (X-Auth-Token begins with `Bearer `: it takes the token alone)";
    let issued = {
        let before = TestApp::builtin();
        before.log_in(["demo-partner", "demo", "demo-password"], &[]).await.token().to_owned()
    };
    let old = "authenticated: decrypt token fail (a token of a simulator, but of a space or an account that is gone, or older \
        than the last start)";
    let table = [
        ("x-auth-token", "Bearer token", bearer.to_owned()),
        ("x-auth-token", "bearer token", bearer.to_owned()),
        ("x-auth-token", &issued, old.to_owned()),
        ("x-auth-token", "Bear", "authenticated: decrypt token fail".to_owned()),
        ("authorization", "Bearer token", scheme("Bearer")),
        ("authorization", "Basic dG9rZW4=", scheme("Basic")),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=A/B, SignedHeaders=host, Signature=00",
            scheme("AWS4-HMAC-SHA256"),
        ),
        ("authorization", "private-scheme x", "authenticated: decrypt token fail".to_owned()),
        (
            "authorization",
            "SDK4-HMAC-SHA256 Credential=A/B",
            scheme("SDK4-HMAC-SHA256, which curl's --aws-sigv4 makes"),
        ),
        (
            "authorization",
            "token",
            "authenticated: decrypt token fail (Authorization has no scheme: a token is sent in X-Auth-Token)"
                .to_owned(),
        ),
        ("x-auth-token", "\"token\"", around("has quotes around the token: it takes the token alone")),
        ("x-auth-token", "'token'", around("has quotes around the token: it takes the token alone")),
        ("x-auth-token", "$BSS_SIM_TOKEN", around("has a placeholder, which was not replaced by the token")),
        ("x-auth-token", "{{token}}", around("has a placeholder, which was not replaced by the token")),
        ("x-auth-token", "<token>", around("has a placeholder, which was not replaced by the token")),
    ];
    for (name, value, why) in table {
        let reply = app.call("POST", INDIVIDUAL, &[JSON, (name, value)], "{}").await;
        reply.assert_unauthenticated("decrypt token fail");
        assert_why(&reply, &why);
    }
}

#[tokio::test]
async fn explanation_hints_at_a_token_in_another_header() {
    let app = TestApp::with(WORLD);
    for name in ["X-Subject-Token", "X-Access-Token", "Token"] {
        let reply = app.call("POST", INDIVIDUAL, &[JSON, (name, "token")], "{}").await;
        reply.assert_unauthenticated("x-auth-token not found");
        let hint = format!("{name} was sent: a token is sent in X-Auth-Token");
        assert_why(&reply, &format!("authenticated: x-auth-token not found ({hint})"));
    }
}

#[tokio::test]
async fn explanation_of_an_unknown_credential_names_the_space_that_has_it() {
    let app = TestApp::builtin();
    let listed = json!({ "fixture": { "partners": [{ "id": "p", "name": "p", "xaccount_type": "P",
        "credentials": { "tokens": ["listed"] } }] } });
    let spaces = [app.create_space(&json!({})).await, app.create_space(&listed).await];
    let [one, other] = spaces.each_ref().map(|space| text(&space["id"]));
    let partner = &spaces[0]["partners"][0];
    let (token, key) = (text(&partner["token"]), (text(&partner["ak"]), text(&partner["sk"])));
    let with_token = async |token: &str, space: &str| {
        let headers = [JSON, ("x-auth-token", token), ("x-sim-space", space)];
        app.call("POST", INDIVIDUAL, &headers[..if space.is_empty() { 2 } else { 3 }], "{}").await
    };
    let leave_out = |space: &str| format!("(the credential is of the space {space}: leave X-Sim-Space out)");
    let name = |space: &str| format!("(the credential is of the space {space}: name the space in X-Sim-Space)");
    let assert_why = async |reply: Reply, space: &str, why: &str| {
        let entry = app.get(&format!("/journal/{}?space={space}", reply.id())).await;
        assert_eq!(entry["outcome"]["why"], why, "{entry:#}");
    };
    let unknown = "authenticated: decrypt token fail";
    assert_why(with_token(token, other).await, other, &format!("{unknown} {}", leave_out(one))).await;
    assert_why(with_token(token, "default").await, "default", &format!("{unknown} {}", leave_out(one))).await;
    assert_why(with_token("demo-token", other).await, other, &format!("{unknown} {}", leave_out("default"))).await;
    assert_why(with_token("listed", "").await, "default", &format!("{unknown} {}", name(other))).await;
    assert_why(with_token("listed", one).await, one, &format!("{unknown} {}", name(other))).await;
    let gone = "space-known: the simulator has no space ***; it was deleted, gave way to newer ones, or never was";
    assert_why(with_token(token, "no-such-space").await, "default", &format!("{gone} {}", leave_out(one))).await;
    let date = now();
    let mut signed = SignedRequest { key, ..SignedRequest::post("{}", &date) }.request();
    signed.headers_mut().insert("x-sim-space", other.parse().expect("a header"));
    let unknown = "authenticated: Get secretKey failed,ak:***,err:ak not exist";
    assert_why(app.send(signed).await, other, &format!("{unknown} {}", leave_out(one))).await;
    // A token that is right where it was sent has no such hint.
    assert_eq!(with_token(token, one).await.status, 400);
}

#[tokio::test]
async fn explanation_of_a_believed_hash_says_so() {
    const OTHER: &[(&str, &str)] = &[JSON, ("x-sdk-content-sha256", "another")];
    const UNSIGNED: &[(&str, &str)] = &[JSON, ("x-sdk-content-sha256", "UNSIGNED-PAYLOAD")];
    let app = TestApp::from_text(CALLERS);
    let date = now();
    let believed =
        "account demo; x-sdk-content-sha256 is signed, and believed though it is not the hash of the body (assumed)";
    for (headers, saw) in [(OTHER, believed), (UNSIGNED, "account demo")] {
        let signed = SignedRequest { sent: headers, signed: headers, ..SignedRequest::post("{}", &date) };
        let reply = app.send(signed.request()).await;
        reply.assert_parameter_error();
        assert_eq!(reply.saw("authenticated"), saw);
    }
}

#[tokio::test]
async fn explanation_of_a_lost_answer_tells_what_was_decided() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let steps = [
        json!({ "is_review": 1, "fault": "empty" }),
        json!({ "error_code": "CBC.0999", "fault": "reset" }),
        json!({ "gateway": "APIGW.0308", "fault": "reset" }),
        json!({ "raw": { "status": 502 }, "fault": "empty" }),
        json!({ "fault": "empty" }),
    ];
    app.script(&json!({ "then": steps })).await;
    for decided in [
        ": is_review 1, then empty",
        ": CBC.0999, then reset",
        ": APIGW.0308, then reset",
        ": raw, then empty",
        ": empty",
    ] {
        let reply = app.apply(&passport("c-1")).await;
        assert_eq!(reply.entry().why(), format!("script: scripted[0] matches{decided}"));
        assert_consistent(&reply.entry().json());
    }
}

#[tokio::test]
async fn explanation_hints_at_a_path_with_another_spelling() {
    let app = TestApp::with(WORLD);
    let unknown = "path-known: The API does not exist or has not been published in the environment.";
    let surplus = format!("{unknown} ({INDIVIDUAL} with a slash too many");
    let table = [
        (format!("/{INDIVIDUAL}"), format!("{surplus}: the client's endpoint ends with one)")),
        (format!("{INDIVIDUAL}/"), format!("{surplus})")),
        ("/v2/customers//realname-auths/individual".to_owned(), format!("{surplus})")),
        ("//v2/unknown".to_owned(), unknown.to_owned()),
        (INDIVIDUAL.to_uppercase(), format!("{unknown} ({INDIVIDUAL} with letters in upper case)")),
        (INDIVIDUAL.replace("auths", "Auths"), format!("{unknown} ({INDIVIDUAL} with letters in upper case)")),
    ];
    for (path, why) in table {
        assert_why(&app.call("POST", &path, &[], "{}").await, &why);
    }
}

#[tokio::test]
async fn explanation_names_all_wrong_fields_and_what_was_meant() {
    let app = TestApp::with(WORLD);
    let wrong = with(with(without(passport("c-1"), "customer_id"), "customerId", "c-1"), "verified_type", "3");
    let wrong = with(with(without(wrong, "verified_file_url"), "verifiedFileURL", json!([])), "name", "");
    let reply = app.apply(&wrong).await;
    reply.assert_parameter_error();
    assert_why(&reply, "customer_id: must not be null (`customerId` was sent, `customer_id` is meant)");
    assert_eq!(
        reply.saw("parameters"),
        "customer_id: must not be null (`customerId` was sent, `customer_id` is meant); verified_file_url: must not be null \
        (`verifiedFileURL` was sent, `verified_file_url` is meant); name: size must be between 1 and 255; verified_type: must be \
        a 32-bit integer"
    );
    let (_, explanation) = app.post("/explain", &json!({ "request": wrong })).await;
    assert_eq!(explanation["outcome"]["why"], reply.entry().why());
    for key in ["customerId", "CUSTOMER_ID", "customer%2Did"] {
        let path = format!("/v2/customers/realname-auths/result?{key}=c-1");
        let reply = app.call("GET", &path, &[("x-auth-token", "token")], "").await;
        let key = key.replace("%2D", "-");
        assert_why(&reply, &format!("customer_id: must not be null (`{key}` was sent, `customer_id` is meant)"));
    }
    let count = app.apply(&with(passport("c-1"), "verified_file_url", json!(["a.jpg"]))).await;
    assert_why(&count, "verified_file_url: must have 2 entries for this verified_type");
}

#[tokio::test]
async fn explanation_of_an_encoded_body_names_the_encoding() {
    let app = TestApp::with(WORLD);
    let gzip = b"\x1f\x8b\x08\x00\xff".to_vec();
    let table = [
        (
            Some("gzip"),
            gzip.clone(),
            "body: must be UTF-8 (Content-Encoding is gzip: the API takes bodies as they are)",
        ),
        (
            Some("br"),
            b"x".to_vec(),
            "body: must be a JSON object (Content-Encoding is br: the API takes bodies as they are)",
        ),
        (
            Some("my-own"),
            b"x".to_vec(),
            "body: must be a JSON object (Content-Encoding is ***: the API takes bodies as they are)",
        ),
        (None, gzip, "body: must be UTF-8 (it looks like gzip: the API takes bodies as they are)"),
        (Some("identity"), b"x".to_vec(), "body: must be a JSON object"),
    ];
    for (coding, body, why) in table {
        let headers =
            [JSON, ("x-auth-token", "token")].into_iter().chain(coding.map(|coding| ("content-encoding", coding)));
        let reply = app.call("POST", INDIVIDUAL, &headers.collect::<Vec<_>>(), body).await;
        reply.assert_parameter_error();
        assert_why(&reply, why);
    }
}

#[tokio::test]
async fn explanation_of_a_login_names_the_space_of_its_user() {
    let app = TestApp::builtin();
    let fixture = json!({ "partners": [{ "id": "p", "name": "p", "xaccount_type": "P",
        "credentials": { "users": [{ "name": "ann", "password": "secret-word" }] } }] });
    let space = app.create_space(&json!({ "fixture": fixture })).await;
    let id = text(&space["id"]);
    let unknown = "identity: no such user with this password";
    assert_why(&app.log_in(["p", "ann", "other"], &[]).await, unknown);
    let reply = app.log_in(["p", "ann", "secret-word"], &[]).await;
    assert_why(&reply, &format!("{unknown} (it is a user of the space {id}: name the space in X-Sim-Space)"));
    assert_eq!(app.log_in(["p", "ann", "secret-word"], &[("x-sim-space", id)]).await.status, 201);
}

#[tokio::test]
async fn post_explain_as_nobody_suggests_a_partner() {
    let app = TestApp::with(WORLD);
    for (name, meant) in [("dmo", ", did you mean `demo`?"), ("nothing-like-it", "")] {
        let (status, explanation) = app.post("/explain", &json!({ "as": name, "request": passport("c-1") })).await;
        let why = format!("authenticated: decrypt token fail: no partner or token of this name{meant}");
        assert_eq!((status, &explanation["outcome"]["why"]), (200, &Value::from(why)), "{explanation:#}");
        assert_eq!(explanation["response"]["status"], 401);
    }
}

#[tokio::test]
async fn explanation_of_a_wrong_signature_tells_what_the_client_signed() {
    const QUERY: (&str, &str) = ("b=2&a=%20x", "a=%20x&b=2");
    const CHARSET: &[(&str, &str)] = &[("content-type", "application/json; charset=utf-8"), HOST];
    const BLANKS: &[(&str, &str)] = &[HOST, ("x-a", "b  c")];
    const DECLARED: &[(&str, &str)] = &[JSON, HOST, ("x-sdk-content-sha256", "UNSIGNED-PAYLOAD")];
    const IN_CASE: &[(&str, &str)] = &[("Content-Type", "application/json"), ("Host", HOST.1)];
    let date = now();
    let body = r#"{ "name": "a: \\\"b, c", "list": [1, 2] }"#;
    let (compact, spaced) = (r#"{"name":"a: \\\"b, c","list":[1,2]}"#, r#"{"name": "a: \\\"b, c", "list": [1, 2]}"#);
    let plain = SignedRequest::post(body, &date);
    let query = SignedRequest { query: QUERY, ..plain };
    let charset = SignedRequest { sent: CHARSET, signed: CHARSET, ..plain };
    let blanks = SignedRequest { sent: BLANKS, signed: BLANKS, ..plain };
    let declared = SignedRequest { sent: DECLARED, ..plain };
    let (sm3, derived) = (SignedRequest { algorithm: SM3, ..plain }, SignedRequest { algorithm: DERIVED, ..plain });
    let canonical = plain.canonical();
    let (head, hash) = canonical.rsplit_once('\n').expect("a canonical request has lines");
    let over_body = |body: &str| plain.authorization_over(&format!("{head}\n{}", plain.hash(body.as_bytes())));
    let changed = |from: &str, to: &str| plain.authorization_over(&canonical.replace(from, to));
    let other_key = |secret| SignedRequest { key: (KEY.0, secret), ..plain }.authorization();
    let not_derived = {
        let scope = format!("{}/globe/bssintl", &date[..8]);
        let text = format!("{DERIVED}\n{date}\n{scope}\n{}", plain.hash(canonical.as_bytes()));
        let signature = hex::encode(plain.hmac(KEY.1.as_bytes(), text.as_bytes()));
        format!("{DERIVED} Credential={}/{scope}, SignedHeaders={}, Signature={signature}", KEY.0, plain.names())
    };
    let unsorted = {
        let names = "x-sdk-date;host;content-type";
        let wrong = plain.authorization_over(&canonical.replace(&plain.names(), names));
        wrong.replace(&plain.names(), names)
    };
    let table = [
        (plain, changed("individual/", "individual"), "the path without the slash at its end"),
        (query, plain.authorization(), "the request without its query"),
        (
            query,
            plain.authorization_over(&query.canonical().replace(QUERY.1, QUERY.0)),
            "the query as it was sent, neither sorted nor encoded",
        ),
        (plain, over_body(""), "an empty body"),
        (declared, over_body(body), "the hash of the body, in the place of the header that declares another"),
        (plain, declared.authorization(), "UNSIGNED-PAYLOAD, without the header that declares it"),
        (plain, changed(hash, &hash.to_uppercase()), "the hash of the body in upper case"),
        (plain, over_body(compact), "the same JSON without blanks"),
        (plain, over_body(spaced), "the same JSON with a blank after each comma and colon"),
        (plain, changed("POST", "post"), "the method in lower case"),
        (charset, plain.authorization(), "the Content-Type without its charset"),
        (plain, changed(HOST.1, "bss-intl.myhuaweicloud.com"), "the host bss-intl.myhuaweicloud.com"),
        (
            blanks,
            blanks.authorization_over(&blanks.canonical().replace("b  c", "b c")),
            "the values of headers with single blanks inside",
        ),
        (plain, unsorted, "the headers sorted by name, which SignedHeaders are not"),
        (
            plain,
            SignedRequest { signed: IN_CASE, ..plain }.authorization(),
            "names of headers that are not in lower case",
        ),
        (plain, changed("Z\n\n", "Z\n"), "no empty line between the headers and SignedHeaders"),
        (sm3, plain.authorization().replace(SHA256, SM3), "the algorithm SDK-HMAC-SHA256"),
        (plain, sm3.authorization().replace(SM3, SHA256), "the algorithm SDK-HMAC-SM3"),
        (derived, not_derived, "the SK itself, in the place of the key that V11-HMAC-SHA256 derives from it"),
        (plain, other_key("demo-secret\n"), "an SK with a line feed at its end"),
        (plain, other_key("another"), ""),
        (sm3, other_key("another").replace(SHA256, SM3), ""),
    ];
    for (signed, authorization, mistake) in table {
        let mut request = signed.request();
        request.headers_mut().insert("authorization", authorization.parse().expect("a header"));
        let reply = TestApp::from_text(CALLERS).send(request).await;
        let hint = match mistake {
            "" => "if the client's canonical request is the one in the answer, its SK is another".to_owned(),
            mistake => format!("the signature is right for {mistake}"),
        };
        assert_why(&reply, &format!("authenticated: verify aksk signature fail ({hint})"));
        assert!(!reply.body.contains(&hint), "the answer is that of the real service: {reply:?}");
    }
}

#[tokio::test]
async fn explanation_of_a_locked_key_tells_what_locked_it_and_what_unlocks_it() {
    let app = TestApp::from_text(CALLERS);
    let ask = async |secret| {
        let date = now();
        let signed = SignedRequest { key: (KEY.0, secret), ..SignedRequest::post("{}", &date) };
        app.send(signed.request()).await
    };
    for _ in 0..5 {
        ask("wrong").await;
    }
    let locked = "authenticated: AK access failed to reach the limit,forbidden.";
    let unlocked = "a reset of the space, or its clock set forward, unlocks it";
    assert_why(
        &ask("wrong").await,
        &format!(
            "{locked} (this is the sixth wrong signature in a row: the key is locked for five minutes of the space's clock; \
             {unlocked})"
        ),
    );
    let reply = ask(KEY.1).await;
    assert_why(
        &reply,
        &format!(
            "{locked} (after six wrong signatures in a row the key is locked for five minutes of the space's clock, and this \
             signature was not looked at; {unlocked})"
        ),
    );
    reply.assert_unauthenticated("AK access failed to reach the limit,forbidden.");
    assert_eq!(app.post("/reset", &json!({})).await.0, 200);
    ask(KEY.1).await.assert_parameter_error();
}
