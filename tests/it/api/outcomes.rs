//! Snapshots: the answer of every documented outcome, a whole journal entry for each thing that can decide, and what each
//! check before the rules saw. `domain/rules.rs` has the same of the rules.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::*;

/// Sends what gives this outcome: the request that the catalog has for it in its own scenario, or else any, scripted.
async fn answer_of(app: &TestApp, row: &Value) -> Reply {
    let space = app.create_space(&json!({ "scenario": row["ways"]["scenario"] })).await;
    let (id, partners) = (text(&space["id"]), list(&space, "partners"));
    let catalog = app.get(&format!("/catalog?space={id}")).await;
    let ways =
        &list(&catalog, "outcomes").iter().find(|found| found["outcome"] == row["outcome"]).expect("a row")["ways"];
    let (caller, request) = if ways["request"].is_null() {
        app.assert_control("POST", &format!("/scripted?space={id}"), ways["scripted"].clone(), 201).await;
        (text(&partners[0]["name"]), builtin_passport("customer"))
    } else {
        (text(&ways["request"]["as"]), ways["request"]["request"].clone())
    };
    let token = partners.iter().find(|partner| partner["name"] == caller).map_or(caller, |found| text(&found["token"]));
    app.call("POST", INDIVIDUAL, &[JSON, ("x-auth-token", token), ("x-sim-space", id)], request.to_string()).await
}

#[tokio::test]
async fn post_individual_answers_of_all_24_outcomes() {
    let app = TestApp::builtin();
    let mut shown = String::new();
    for row in list(&app.get("/catalog").await, "outcomes") {
        let Reply { status, body, .. } = answer_of(&app, row).await;
        let (outcome, scenario) = (text(&row["outcome"]), text(&row["ways"]["scenario"]));
        writeln!(shown, "{outcome} ({scenario}): {status}\n  {body}").expect("a string takes any text");
    }
    assert_snapshot!(shown, @r#"
    is_review 0 (review-automatic): 200
      {"is_review":0}
    is_review 1 (review-manual): 200
      {"is_review":1}
    CBC.99000000 (customer-of-another-partner): 400
      {"error_code":"CBC.99000000","error_msg":"You do not have the operation permission to this customer."}
    CBC.99000027 (already-authenticated): 400
      {"error_code":"CBC.99000027","error_msg":"The customer has passed real-name authentication or is being reviewed."}
    CBC.99000026 (attempts-exhausted): 400
      {"error_code":"CBC.99000026","error_msg":"The number of real-name authentication times of the customer exceeds the upper limit."}
    CBC.99000035 (customer-without-partner): 400
      {"error_code":"CBC.99000035","error_msg":"You are not a customer of a partner yet."}
    CBC.99005030 (partner-not-ready): 400
      {"error_code":"CBC.99005030","error_msg":"The partner did not complete real-name authentication or bucket authentication."}
    CBC.99007004 (check-items-failed): 400
      {"error_code":"CBC.99007004","error_msg":"The initiated service operation does not meet the service check item requirement.","fail_check_items":["PIC_FORMAT_ERR","INVALID_IDCARD_FACE"]}
    CBC.99007188 (verification-failed): 400
      {"error_code":"CBC.99007188","error_msg":"Real-name authentication failed."}
    CBC.99007189 (certificate-reuse-cap): 400
      {"error_code":"CBC.99007189","error_msg":"The number of users who used the certificate ID for real-name authentication has reached the maximum limit."}
    CBC.99007193 (certificate-blocked): 400
      {"error_code":"CBC.99007193","error_msg":"The certificate ID is from an invalid certificate and cannot be used for real-name authentication."}
    CBC.99007202 (identity-mismatch): 400
      {"error_code":"CBC.99007202","error_msg":"The ID information or mobile number is incorrect."}
    CBC.99007259 (customer-in-partner-program): 400
      {"error_code":"CBC.99007259","error_msg":"You are a partner and cannot be authenticated as an individual using your real name."}
    CBC.99007261 (bank-card-unsupported): 400
      {"error_code":"CBC.99007261","error_msg":"The bank card is not supported. Try another bank card."}
    CBC.99007265 (customer-is-caller): 400
      {"error_code":"CBC.99007265","error_msg":"You are a partner and cannot be authenticated as an individual using your real name."}
    CBC.0100 (parameter-error): 400
      {"error_code":"CBC.0100","error_msg":"Parameter error."}
    CBC.0151 (access-denied): 403
      {"error_code":"CBC.0151","error_msg":"Access denied."}
    CBC.0999 (other-errors): 500
      {"error_code":"CBC.0999","error_msg":"Other errors."}
    PIC_FORMAT_ERR (picture-format): 400
      {"error_code":"CBC.99007004","error_msg":"The initiated service operation does not meet the service check item requirement.","fail_check_items":["PIC_FORMAT_ERR"]}
    PIC_SIZE_ERR (picture-size): 400
      {"error_code":"CBC.99007004","error_msg":"The initiated service operation does not meet the service check item requirement.","fail_check_items":["PIC_SIZE_ERR"]}
    INVALID_FRONT_IDCARD (picture-front-invalid): 400
      {"error_code":"CBC.99007004","error_msg":"The initiated service operation does not meet the service check item requirement.","fail_check_items":["INVALID_FRONT_IDCARD"]}
    INVALID_BACK_IDCARD (picture-back-invalid): 400
      {"error_code":"CBC.99007004","error_msg":"The initiated service operation does not meet the service check item requirement.","fail_check_items":["INVALID_BACK_IDCARD"]}
    IDCARD_INFO_NOT_SAME (picture-differs): 400
      {"error_code":"CBC.99007004","error_msg":"The initiated service operation does not meet the service check item requirement.","fail_check_items":["IDCARD_INFO_NOT_SAME"]}
    INVALID_IDCARD_FACE (picture-in-hand-invalid): 400
      {"error_code":"CBC.99007004","error_msg":"The initiated service operation does not meet the service check item requirement.","fail_check_items":["INVALID_IDCARD_FACE"]}
    "#);
}

/// A simulator in which every kind of check can pass and fail, at a time that stands still.
async fn app() -> TestApp {
    let app = TestApp::from_text(&format!(
        "{CALLERS}
  - {{ id: c-done, partner: demo, real_name: authenticated }}
scripted: [{{ when: {{ name: Scripted }}, then: {{ error_code: CBC.0999 }} }}]"
    ));
    app.space.freeze();
    app.assert_control("PUT", "/clock", json!({ "set": "2026-11-23T09:30:00.123Z" }), 200).await;
    app
}

/// A journal entry, a line for each check that was reached, without what differs from one request to the next.
fn shown(reply: &Reply) -> String {
    let entry = reply.entry().json();
    let mut lines = Vec::new();
    for (key, value) in entry.as_object().expect("an entry is an object") {
        match value {
            Value::Array(list) if !list.is_empty() => {
                let (left, reached): (Vec<_>, Vec<_>) = list.iter().partition(|value| value["result"] == "not_reached");
                lines.push(format!("{key}:"));
                lines.extend(reached.iter().map(|value| format!("  {value}")));
                if !left.is_empty() {
                    let names: Vec<_> = left.iter().map(|check| text(&check["check"])).collect();
                    lines.push(format!("  not reached: {}", names.join(", ")));
                }
            }
            _ => lines.push(format!("{key}: {value}")),
        }
    }
    redacted(&lines.join("\n"), reply.id())
}

/// Replaces the request's ID, and hashes, which depend on the date of a signature.
fn redacted(text: &str, id: &str) -> String {
    let text = text.replace(id, "[request id]");
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let length = rest[start..].find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len() - start);
        shown += &rest[..start];
        shown += if length == 64 { "[hash]" } else { &rest[start..start + length] };
        rest = &rest[start + length..];
    }
    shown + rest
}

#[tokio::test]
async fn journal_entry_decided_by_gateway() {
    let (app, date) = (app().await, now());
    let forged = SignedRequest { key: (KEY.0, "wrong"), ..SignedRequest::post("{}", &date) };
    assert_snapshot!(shown(&app.send(forged.request()).await).replace(&date, "[date]"), @r#"
    number: 1
    request_id: "[request id]"
    at: "2026-11-23T09:30:00.123Z"
    space: "default"
    caller: null
    request: {"method":"POST","path":"/v2/customers/realname-auths/individual","headers":{"content-type":"application/json","host":"127.0.0.1:8080","x-sdk-date":"[date]","authorization":"SDK-HMAC-SHA256 ***"},"body":{}}
    response: {"status":401,"body":{"error_msg":"Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:POST|/v2/customers/realname-auths/individual/||content-type:application/json|host:127.0.0.1:8080|x-sdk-date:[date]||content-type;host;x-sdk-date|[hash]","error_code":"APIGW.0301","request_id":"[request id]"}}
    outcome: {"error_code":"APIGW.0301","decided_by":"gateway","rule":"authenticated","fault":null,"why":"authenticated: verify aksk signature fail (if the client's canonical request is the one in the answer, its SK is another)"}
    checks:
      {"check":"head-size","result":"passed","saw":"a target of 39 bytes","basis":"assumed","source":"The gateway's error table: a target or a header of more than 32 K, headers of more than 128 K."}
      {"check":"path-known","result":"passed","saw":"/v2/customers/realname-auths/individual","basis":"assumed","source":"The gateway's error table: APIGW.0101."}
      {"check":"method-known","result":"passed","saw":"POST /v2/customers/realname-auths/individual","basis":"assumed","source":"The gateway's error table: APIGW.0101."}
      {"check":"body-size","result":"passed","saw":"2 bytes","basis":"assumed","source":"The gateway's error table: a body of more than 12 MB."}
      {"check":"space-known","result":"passed","saw":"","basis":"assumed","source":"Spaces are the simulator's own: a request for one that is gone is not answered by another."}
      {"check":"authenticated","result":"failed","saw":"verify aksk signature fail (if the client's canonical request is the one in the answer, its SK is another)\ncanonical request:\nPOST\n/v2/customers/realname-auths/individual/\n\ncontent-type:application/json\nhost:127.0.0.1:8080\nx-sdk-date:[date]\n\ncontent-type;host;x-sdk-date\n[hash]\nstring to sign:\nSDK-HMAC-SHA256\n[date]\n[hash]","basis":"documented","source":"This API can be invoked only by the partner account's AK/SK or token."}
      not reached: caller-is-partner, parameters, script, partner-ready, platform-of-partner, customer-not-caller, customer-has-partner, customer-of-caller, customer-not-partner, not-authenticated-yet, attempts-left, certificate-allowed, certificate-not-worn-out, pictures-pass, identity-agrees, verification-passes
    changes: []
    "#);
}

#[tokio::test]
async fn journal_entry_decided_by_parameters() {
    let reply = app().await.apply(&with(passport("c-1"), "identify_type", "0")).await;
    assert_snapshot!(shown(&reply), @r#"
    number: 1
    request_id: "[request id]"
    at: "2026-11-23T09:30:00.123Z"
    space: "default"
    caller: "demo"
    request: {"method":"POST","path":"/v2/customers/realname-auths/individual","headers":{"content-type":"application/json","x-auth-token":"***"},"body":{"customer_id":"c-1","identify_type":"***","verified_type":3,"verified_file_url":["front.jpg","hand.jpg"],"name":"***","verified_number":"***","change_type":-1,"xaccount_type":"DEMO_IDP"}}
    response: {"status":400,"body":{"error_code":"CBC.0100","error_msg":"Parameter error."}}
    outcome: {"error_code":"CBC.0100","decided_by":"parameters","rule":"parameters","fault":null,"why":"identify_type: must be a 32-bit integer"}
    checks:
      {"check":"head-size","result":"passed","saw":"a target of 39 bytes","basis":"assumed","source":"The gateway's error table: a target or a header of more than 32 K, headers of more than 128 K."}
      {"check":"path-known","result":"passed","saw":"/v2/customers/realname-auths/individual","basis":"assumed","source":"The gateway's error table: APIGW.0101."}
      {"check":"method-known","result":"passed","saw":"POST /v2/customers/realname-auths/individual","basis":"assumed","source":"The gateway's error table: APIGW.0101."}
      {"check":"body-size","result":"passed","saw":"201 bytes","basis":"assumed","source":"The gateway's error table: a body of more than 12 MB."}
      {"check":"space-known","result":"passed","saw":"","basis":"assumed","source":"Spaces are the simulator's own: a request for one that is gone is not answered by another."}
      {"check":"authenticated","result":"passed","saw":"account demo","basis":"documented","source":"This API can be invoked only by the partner account's AK/SK or token."}
      {"check":"caller-is-partner","result":"passed","saw":"account demo","basis":"documented","source":"This API can be invoked only by the partner account's AK/SK or token."}
      {"check":"parameters","result":"failed","saw":"identify_type: must be a 32-bit integer","basis":"documented","source":"Request Parameters: mandatory, type, value range."}
      not reached: script, partner-ready, platform-of-partner, customer-not-caller, customer-has-partner, customer-of-caller, customer-not-partner, not-authenticated-yet, attempts-left, certificate-allowed, certificate-not-worn-out, pictures-pass, identity-agrees, verification-passes
    changes: []
    "#);
}

#[tokio::test]
async fn journal_entry_decided_by_script() {
    let reply = app().await.apply(&with(passport("c-1"), "name", "Scripted")).await;
    assert_snapshot!(shown(&reply), @r#"
    number: 1
    request_id: "[request id]"
    at: "2026-11-23T09:30:00.123Z"
    space: "default"
    caller: "demo"
    request: {"method":"POST","path":"/v2/customers/realname-auths/individual","headers":{"content-type":"application/json","x-auth-token":"***"},"body":{"customer_id":"c-1","identify_type":0,"verified_type":3,"verified_file_url":["front.jpg","hand.jpg"],"name":"***","verified_number":"***","change_type":-1,"xaccount_type":"DEMO_IDP"}}
    response: {"status":500,"body":{"error_code":"CBC.0999","error_msg":"Other errors."}}
    outcome: {"error_code":"CBC.0999","decided_by":"script","rule":"script","fault":null,"why":"script: scripted[0] matches"}
    checks:
      {"check":"head-size","result":"passed","saw":"a target of 39 bytes","basis":"assumed","source":"The gateway's error table: a target or a header of more than 32 K, headers of more than 128 K."}
      {"check":"path-known","result":"passed","saw":"/v2/customers/realname-auths/individual","basis":"assumed","source":"The gateway's error table: APIGW.0101."}
      {"check":"method-known","result":"passed","saw":"POST /v2/customers/realname-auths/individual","basis":"assumed","source":"The gateway's error table: APIGW.0101."}
      {"check":"body-size","result":"passed","saw":"194 bytes","basis":"assumed","source":"The gateway's error table: a body of more than 12 MB."}
      {"check":"space-known","result":"passed","saw":"","basis":"assumed","source":"Spaces are the simulator's own: a request for one that is gone is not answered by another."}
      {"check":"authenticated","result":"passed","saw":"account demo","basis":"documented","source":"This API can be invoked only by the partner account's AK/SK or token."}
      {"check":"caller-is-partner","result":"passed","saw":"account demo","basis":"documented","source":"This API can be invoked only by the partner account's AK/SK or token."}
      {"check":"parameters","result":"passed","saw":"a well-formed request","basis":"documented","source":"Request Parameters: mandatory, type, value range."}
      {"check":"script","result":"failed","saw":"scripted[0] matches","basis":"assumed","source":"A scripted answer stands for what cannot be caused by a request alone."}
      not reached: partner-ready, platform-of-partner, customer-not-caller, customer-has-partner, customer-of-caller, customer-not-partner, not-authenticated-yet, attempts-left, certificate-allowed, certificate-not-worn-out, pictures-pass, identity-agrees, verification-passes
    changes: []
    "#);
}

#[tokio::test]
async fn journal_entry_decided_by_rule() {
    let reply = app().await.apply(&passport("c-done")).await;
    assert_snapshot!(shown(&reply), @r#"
    number: 1
    request_id: "[request id]"
    at: "2026-11-23T09:30:00.123Z"
    space: "default"
    caller: "demo"
    request: {"method":"POST","path":"/v2/customers/realname-auths/individual","headers":{"content-type":"application/json","x-auth-token":"***"},"body":{"customer_id":"c-done","identify_type":0,"verified_type":3,"verified_file_url":["front.jpg","hand.jpg"],"name":"***","verified_number":"***","change_type":-1,"xaccount_type":"DEMO_IDP"}}
    response: {"status":400,"body":{"error_code":"CBC.99000027","error_msg":"The customer has passed real-name authentication or is being reviewed."}}
    outcome: {"error_code":"CBC.99000027","decided_by":"rule","rule":"not-authenticated-yet","fault":null,"why":"not-authenticated-yet: real-name status: authenticated"}
    checks:
      {"check":"head-size","result":"passed","saw":"a target of 39 bytes","basis":"assumed","source":"The gateway's error table: a target or a header of more than 32 K, headers of more than 128 K."}
      {"check":"path-known","result":"passed","saw":"/v2/customers/realname-auths/individual","basis":"assumed","source":"The gateway's error table: APIGW.0101."}
      {"check":"method-known","result":"passed","saw":"POST /v2/customers/realname-auths/individual","basis":"assumed","source":"The gateway's error table: APIGW.0101."}
      {"check":"body-size","result":"passed","saw":"202 bytes","basis":"assumed","source":"The gateway's error table: a body of more than 12 MB."}
      {"check":"space-known","result":"passed","saw":"","basis":"assumed","source":"Spaces are the simulator's own: a request for one that is gone is not answered by another."}
      {"check":"authenticated","result":"passed","saw":"account demo","basis":"documented","source":"This API can be invoked only by the partner account's AK/SK or token."}
      {"check":"caller-is-partner","result":"passed","saw":"account demo","basis":"documented","source":"This API can be invoked only by the partner account's AK/SK or token."}
      {"check":"parameters","result":"passed","saw":"a well-formed request","basis":"documented","source":"Request Parameters: mandatory, type, value range."}
      {"check":"script","result":"passed","saw":"no scripted answer matches","basis":"assumed","source":"A scripted answer stands for what cannot be caused by a request alone."}
      {"check":"partner-ready","result":"passed","saw":"partner authenticated: true, photo upload enabled: true, bucket authorized: true","basis":"documented","source":"The partner did not complete real-name authentication or bucket authentication."}
      {"check":"platform-of-partner","result":"passed","saw":"xaccount_type is the assigned \"DEMO_IDP\"","basis":"assumed","source":"The value is assigned to the partner; the page names no code for another one."}
      {"check":"customer-not-caller","result":"passed","saw":"customer_id c-done, the caller's own account demo-account","basis":"assumed","source":"Two codes have the same text; this one is taken for the partner's own account."}
      {"check":"customer-has-partner","result":"passed","saw":"partner of the customer: demo","basis":"documented","source":"You are not a customer of a partner yet."}
      {"check":"customer-of-caller","result":"passed","saw":"partner of the customer: demo, caller: demo","basis":"documented","source":"You do not have the operation permission to this customer."}
      {"check":"customer-not-partner","result":"passed","saw":"joined a partner program: false","basis":"documented","source":"You are a partner and cannot be authenticated as an individual using your real name."}
      {"check":"not-authenticated-yet","result":"failed","saw":"real-name status: authenticated","basis":"documented","source":"The customer has passed real-name authentication or is being reviewed."}
      not reached: attempts-left, certificate-allowed, certificate-not-worn-out, pictures-pass, identity-agrees, verification-passes
    changes: []
    "#);
}

#[tokio::test]
async fn journal_entry_decided_by_nothing_that_refuses_is_accepted() {
    let reply = app().await.apply(&passport("c-1")).await;
    assert_snapshot!(shown(&reply), @r#"
    number: 1
    request_id: "[request id]"
    at: "2026-11-23T09:30:00.123Z"
    space: "default"
    caller: "demo"
    request: {"method":"POST","path":"/v2/customers/realname-auths/individual","headers":{"content-type":"application/json","x-auth-token":"***"},"body":{"customer_id":"c-1","identify_type":0,"verified_type":3,"verified_file_url":["front.jpg","hand.jpg"],"name":"***","verified_number":"***","change_type":-1,"xaccount_type":"DEMO_IDP"}}
    response: {"status":200,"body":{"is_review":1}}
    outcome: {"error_code":null,"decided_by":"accepted","rule":null,"fault":null,"why":"accepted: every rule holds"}
    checks:
      {"check":"head-size","result":"passed","saw":"a target of 39 bytes","basis":"assumed","source":"The gateway's error table: a target or a header of more than 32 K, headers of more than 128 K."}
      {"check":"path-known","result":"passed","saw":"/v2/customers/realname-auths/individual","basis":"assumed","source":"The gateway's error table: APIGW.0101."}
      {"check":"method-known","result":"passed","saw":"POST /v2/customers/realname-auths/individual","basis":"assumed","source":"The gateway's error table: APIGW.0101."}
      {"check":"body-size","result":"passed","saw":"199 bytes","basis":"assumed","source":"The gateway's error table: a body of more than 12 MB."}
      {"check":"space-known","result":"passed","saw":"","basis":"assumed","source":"Spaces are the simulator's own: a request for one that is gone is not answered by another."}
      {"check":"authenticated","result":"passed","saw":"account demo","basis":"documented","source":"This API can be invoked only by the partner account's AK/SK or token."}
      {"check":"caller-is-partner","result":"passed","saw":"account demo","basis":"documented","source":"This API can be invoked only by the partner account's AK/SK or token."}
      {"check":"parameters","result":"passed","saw":"a well-formed request","basis":"documented","source":"Request Parameters: mandatory, type, value range."}
      {"check":"script","result":"passed","saw":"no scripted answer matches","basis":"assumed","source":"A scripted answer stands for what cannot be caused by a request alone."}
      {"check":"partner-ready","result":"passed","saw":"partner authenticated: true, photo upload enabled: true, bucket authorized: true","basis":"documented","source":"The partner did not complete real-name authentication or bucket authentication."}
      {"check":"platform-of-partner","result":"passed","saw":"xaccount_type is the assigned \"DEMO_IDP\"","basis":"assumed","source":"The value is assigned to the partner; the page names no code for another one."}
      {"check":"customer-not-caller","result":"passed","saw":"customer_id c-1, the caller's own account demo-account","basis":"assumed","source":"Two codes have the same text; this one is taken for the partner's own account."}
      {"check":"customer-has-partner","result":"passed","saw":"partner of the customer: demo","basis":"documented","source":"You are not a customer of a partner yet."}
      {"check":"customer-of-caller","result":"passed","saw":"partner of the customer: demo, caller: demo","basis":"documented","source":"You do not have the operation permission to this customer."}
      {"check":"customer-not-partner","result":"passed","saw":"joined a partner program: false","basis":"documented","source":"You are a partner and cannot be authenticated as an individual using your real name."}
      {"check":"not-authenticated-yet","result":"passed","saw":"real-name status: unauthenticated","basis":"documented","source":"The customer has passed real-name authentication or is being reviewed."}
      {"check":"attempts-left","result":"passed","saw":"attempts used: 0, allowed: 3","basis":"documented","source":"The number of real-name authentication times of the customer exceeds the upper limit."}
      {"check":"certificate-allowed","result":"passed","saw":"certificate blocked: false","basis":"documented","source":"The certificate ID is from an invalid certificate and cannot be used for real-name authentication."}
      {"check":"certificate-not-worn-out","result":"passed","saw":"other customers with this certificate: 0, allowed: 3","basis":"documented","source":"The number of users who used the certificate ID for real-name authentication has reached the maximum limit."}
      {"check":"pictures-pass","result":"passed","saw":"front \"front.jpg\": jpg of 102400 bytes: passed, in hand \"hand.jpg\": jpg of 102400 bytes: passed","basis":"documented","source":"The initiated service operation does not meet the service check item requirement."}
      {"check":"identity-agrees","result":"passed","saw":"no holder listed for this certificate","basis":"documented","source":"The ID information or mobile number is incorrect."}
      {"check":"verification-passes","result":"passed","saw":"verdict listed for this certificate: pass","basis":"documented","source":"Real-name authentication failed."}
    changes:
      {"customer":"c-1","attempts":[0,1],"real_name":["unauthenticated","under_review"]}
    "#);
}

#[tokio::test]
async fn checks_before_the_rules_saw() {
    let (app, date) = (app().await, now());
    let late = sdk_date(jiff::SignedDuration::from_mins(-16));
    let signed = SignedRequest::post("{}", &date);
    let call = async |method: &str, path: &str, headers: &[(&str, &str)]| app.call(method, path, headers, "{}").await;
    let sign = async |signed: SignedRequest<'_>| app.send(signed.request()).await;
    let issued = app.log_in(["demo", "operator", "demo-password"], &[]).await;
    app.space.advance(std::time::Duration::from_secs(24 * 60 * 60));
    let long = "a".repeat(33 * 1024);
    let failed = [
        ("head-size", call("GET", &format!("/{long}"), &[]).await),
        ("head-size", call("GET", "/", &[("x-long", &long)]).await),
        ("space-known", call("POST", INDIVIDUAL, &[("x-sim-space", "no-such-space")]).await),
        ("path-known", call("POST", "/v2/unknown", &[]).await),
        ("method-known", call("GET", INDIVIDUAL, &[]).await),
        ("body-size", app.post_body(" ".repeat(12 * 1024 * 1024 + 1)).await),
        ("authenticated", call("POST", INDIVIDUAL, &[]).await),
        ("authenticated", app.post_as("unknown", "{}").await),
        ("authenticated", app.post_as(issued.token(), "{}").await),
        ("authenticated", call("POST", INDIVIDUAL, &[("authorization", "SDK-HMAC-SHA256 Access=a")]).await),
        ("authenticated", sign(SignedRequest { key: UNKNOWN_KEY, ..signed }).await),
        ("authenticated", sign(SignedRequest { key: TEMPORARY_KEY, ..signed }).await),
        ("authenticated", sign(SignedRequest { date: &late, ..signed }).await),
        ("authenticated", sign(SignedRequest { key: (KEY.0, "wrong"), ..signed }).await),
        ("caller-is-partner", app.post_as("customer-token", "{}").await),
        ("parameters", app.post_body("{").await),
        ("parameters", app.post_body("{}").await),
        ("parameters", app.apply(&with(passport("c-1"), "name", "x".repeat(256))).await),
        ("script", app.apply(&with(passport("c-1"), "name", "Scripted")).await),
        ("identity", app.log_in(["demo", "operator", "wrong"], &[]).await),
    ];
    let mut lines = Vec::new();
    for (check, reply) in &failed {
        assert_eq!(reply.rule(), Some(*check), "{reply:?}");
        let saw = redacted(&reply.saw(check), reply.id());
        // The server's time may be a second later than that of the test.
        let (saw, server_time) =
            saw.split_once("server time:").map_or((&*saw, ""), |(saw, _)| (saw, "server time:[date]"));
        lines.push(format!("{check} failed: {saw}{server_time}"));
    }
    for reply in [sign(SignedRequest::post("{}", &date)).await, app.apply(&passport("c-1")).await] {
        let entry = reply.entry().json();
        let passed = list(&entry, "checks")
            .iter()
            .take_while(|check| check["check"] != "partner-ready" && check["result"] == "passed");
        lines.extend(passed.map(|check| format!("{} passed: {}", text(&check["check"]), check["saw"])));
    }
    assert_snapshot!(lines.join("\n").replace(&date, "[date]").replace(&late, "[late date]"), @r#"
    head-size failed: Request URI too large.
    head-size failed: Request headers too large.
    space-known failed: the simulator has no space ***; it was deleted, gave way to newer ones, or never was (spaces end with the process: it may have been started again since)
    path-known failed: The API does not exist or has not been published in the environment.
    method-known failed: The API does not exist.
    body-size failed: Request entity too large.
    authenticated failed: x-auth-token not found
    authenticated failed: decrypt token fail
    authenticated failed: token expires, expires_at: 2026-11-24T09:30:00.123000Z
    authenticated failed: authorization header has no Signature
    authenticated failed: Get secretKey failed,ak:***,err:ak not exist
    authenticated failed: verify security token fail
    authenticated failed: calc ak sk signature fail:signature expired, signature time:[late date],server time:[date]
    authenticated failed: verify aksk signature fail (if the client's canonical request is the one in the answer, its SK is another)
    canonical request:
    POST
    /v2/customers/realname-auths/individual/

    content-type:application/json
    host:127.0.0.1:8080
    x-sdk-date:[date]

    content-type;host;x-sdk-date
    [hash]
    string to sign:
    SDK-HMAC-SHA256
    [date]
    [hash]
    caller-is-partner failed: the credentials of customer c-own
    parameters failed: body: must be well-formed JSON
    parameters failed: customer_id: must not be null; identify_type: must not be null; verified_file_url: must not be null; name: must not be null; verified_number: must not be null; xaccount_type: must not be null; verified_type: must not be null
    parameters failed: name: size must be between 1 and 255
    script failed: scripted[0] matches
    identity failed: no such user with this password
    head-size passed: "a target of 39 bytes"
    path-known passed: "/v2/customers/realname-auths/individual"
    method-known passed: "POST /v2/customers/realname-auths/individual"
    body-size passed: "2 bytes"
    space-known passed: ""
    authenticated passed: "account demo"
    caller-is-partner passed: "account demo"
    head-size passed: "a target of 39 bytes"
    path-known passed: "/v2/customers/realname-auths/individual"
    method-known passed: "POST /v2/customers/realname-auths/individual"
    body-size passed: "199 bytes"
    space-known passed: ""
    authenticated passed: "account demo"
    caller-is-partner passed: "account demo"
    parameters passed: "a well-formed request"
    script passed: "no scripted answer matches"
    "#);
}

#[tokio::test]
async fn settings_replace_the_text_of_any_code() {
    let app = TestApp::with(
        r#"
settings:
  quota: 1/s
  wire:
    messages:
      CBC.99000035: "No partner: \u5ba2\u6237"
      CBC.0100: Wrong.
      CBC.0250: Slow down.
      CBC.99000050: Later.
      APIGW.0301: "Not you: nothing"
      APIGW.0101: Not here.
scripted:
  - { when: { path: /v2/partners/sub-customers }, then: { error_code: CBC.99000050 } }
  - { when: { path: /v2/customers/realname-auths/result }, then: { error_code: CBC.0250 } }"#,
    );
    let token = [JSON, ("x-auth-token", "token")];
    let next_second = async || app.assert_control("PUT", "/clock", json!({ "advance": "1s" }), 200).await;
    app.apply(&passport("nobody"))
        .await
        .assert(400, "{\"error_code\":\"CBC.99000035\",\"error_msg\":\"No partner: 客户\"}");
    next_second().await;
    app.apply(&json!({})).await.assert(400, r#"{"error_code":"CBC.0100","error_msg":"Wrong."}"#);
    let result = app.call("GET", "/v2/customers/realname-auths/result?customer_id=c", &token, "").await;
    result.assert(429, r#"{"error_code":"CBC.0250","error_msg":"Slow down."}"#);
    // A text that is listed stands alone, without the detail of the case.
    app.apply_as("x", &json!({})).await.assert_gateway(401, "APIGW.0301", "Not you: nothing");
    app.call("POST", "/v2/x", &token, "").await.assert_gateway(404, "APIGW.0101", "Not here.");
    let new = json!({ "domain_area": "MX", "xaccount_id": "u", "xaccount_type": "DEMO_IDP" });
    let created = app.call("POST", "/v2/partners/sub-customers", &token, new.to_string()).await;
    assert_eq!(created.json()["error_msg"], "Later.", "{created:?}");
    // A code without another text keeps its own, and the catalog has the page's words.
    let quota = app.apply(&json!({})).await;
    assert_eq!(quota.code(), "APIGW.0308");
    assert!(text(&quota.json()["error_msg"]).contains("limit:1"), "{quota:?}");
    let catalog = app.get("/catalog").await;
    assert_eq!(catalog["outcomes"][5]["text"], "You are not a customer of a partner yet.");
    let world = app.get("/world").await;
    assert_eq!(world["settings"]["wire"]["messages"]["CBC.0100"], "Wrong.");
    assert_eq!(app.put("/world", &world).await.0, 200);
    assert_eq!(app.get("/world").await, world);
}

#[tokio::test]
async fn a_listed_text_stands_alone_also_where_the_field_or_the_quota_would_be_named() {
    let wire = "parameter_errors: named, messages: { CBC.0100: Wrong., APIGW.0308: Slow down. }";
    let app = TestApp::with(&format!("settings: {{ quota: 1/s, wire: {{ {wire} }} }}"));
    app.assert_control("PUT", "/clock", json!({ "freeze": true }), 200).await;
    app.apply(&json!({})).await.assert(400, r#"{"error_code":"CBC.0100","error_msg":"Wrong."}"#);
    app.apply(&json!({})).await.assert_gateway(429, "APIGW.0308", "Slow down.");
}
