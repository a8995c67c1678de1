//! `POST` and `PUT /v2/customers/realname-auths/enterprise`: applications of enterprises, and changes of individuals to them.

use serde_json::{Value, json};

use crate::support::{
    AUTHENTICATED, Reply, TestApp, UNDER_REVIEW, assert_consistent, list, passport, text, with, without,
};

const ENTERPRISE: &str = "/v2/customers/realname-auths/enterprise";

/// A well-formed application of a customer without a legal person.
fn enterprise(customer: &str) -> Value {
    json!({
        "customer_id": customer,
        "identify_type": 1,
        "verified_file_url": ["licence.jpg", "licence-back.jpg"],
        "corp_name": "Example Trading Ltd.",
        "verified_number": "91310000EXAMPLE001",
        "xaccount_type": "DEMO_IDP",
    })
}

/// The same with a legal person and the pictures of its ID card.
fn with_person(customer: &str) -> Value {
    let pictures = json!(["licence.jpg", "licence-back.jpg", "person.jpg", "person-back.jpg"]);
    let person = json!({ "legel_name": "Wang Xiaoming", "legel_id_number": "E12345678" });
    with(with(enterprise(customer), "verified_file_url", pictures), "enterprise_person", person)
}

/// The change of a customer.
fn change(customer: &str) -> Value {
    with(enterprise(customer), "change_type", 1)
}

/// Sends an application by POST, or a change by PUT.
async fn send(app: &TestApp, method: &str, application: &Value) -> Reply {
    let headers = [("x-auth-token", "token"), ("content-type", "application/json")];
    let reply = app.call(method, ENTERPRISE, &headers, application.to_string()).await;
    assert_consistent(&reply.entry().json());
    reply
}

fn assert_code(reply: &Reply, code: &str, rule: &str) {
    assert_eq!((reply.code().as_str(), reply.rule()), (code, Some(rule)), "{reply:?}");
}

#[tokio::test]
async fn post_enterprise_parameters_have_the_bounds_of_the_page() {
    let app = TestApp::with("settings: { unlisted_customers: adopt, attempts_per_customer: 1000 }");
    let long = |count| "字".repeat(count);
    let table: [(&str, Value, Option<&str>); 46] = [
        ("customer_id", json!(long(64)), None),
        ("customer_id", json!(long(65)), Some("customer_id: size must be between 1 and 64")),
        ("identify_type", json!(0), Some("identify_type: must be one of 1")),
        ("identify_type", json!("1"), Some("identify_type: must be a 32-bit integer")),
        ("identify_type", Value::Null, Some("identify_type: must not be null")),
        ("corp_name", json!(""), Some("corp_name: size must be between 1 and 255")),
        ("corp_name", json!(long(255)), None),
        ("corp_name", json!(long(256)), Some("corp_name: size must be between 1 and 255")),
        ("corp_name", json!("123 456"), Some("corp_name: must be more than digits, signs and spaces")),
        ("corp_name", json!("§ 12 - "), Some("corp_name: must be more than digits, signs and spaces")),
        ("corp_name", json!("360 Ltd"), None),
        ("verified_number", json!(long(32)), None),
        ("verified_number", json!(long(33)), Some("verified_number: size must be between 1 and 32")),
        ("xaccount_type", json!(""), Some("xaccount_type: size must be between 1 and 64")),
        ("certificate_type", json!(0), None),
        ("certificate_type", json!(99), None),
        ("certificate_type", Value::Null, None),
        ("certificate_type", json!(5), Some("certificate_type: must be one of 0, 1, 2, 3, 4 and 99")),
        ("certificate_type", json!("0"), Some("certificate_type: must be a 32-bit integer")),
        ("reg_country", json!(""), None),
        ("reg_country", json!(long(10)), None),
        ("reg_country", json!(long(11)), Some("reg_country: size must be between 0 and 10")),
        ("reg_country", json!(1), Some("reg_country: must be a string")),
        ("reg_address", Value::Null, None),
        ("reg_address", json!(long(256)), None),
        ("reg_address", json!(long(257)), Some("reg_address: size must be between 0 and 256")),
        ("enterprise_person", Value::Null, None),
        ("enterprise_person", json!("Wang"), Some("enterprise_person: must be a JSON object")),
        ("enterprise_person", json!({}), Some("enterprise_person.legel_name: must not be null")),
        (
            "enterprise_person",
            json!({ "legel_name": "W" }),
            Some("enterprise_person.legel_id_number: must not be null"),
        ),
        (
            "enterprise_person",
            json!({ "legel_name": "", "legel_id_number": "E1" }),
            Some("enterprise_person.legel_name: size must be between 1 and 256"),
        ),
        (
            "enterprise_person",
            json!({ "legel_name": "W", "legel_id_number": long(33) }),
            Some("enterprise_person.legel_id_number: size must be between 1 and 32"),
        ),
        (
            "enterprise_person",
            json!({ "legel_name": "W", "legel_id_number": "E1", "certifier_role": long(33) }),
            Some("enterprise_person.certifier_role: size must be between 0 and 32"),
        ),
        (
            "enterprise_person",
            json!({ "legel_name": "W", "legel_id_number": "E1", "certifier_role": null }),
            Some("verified_file_url: must have 4 entries with an enterprise_person"),
        ),
        ("enterprise_person.legel_name", json!(5), None),
        ("verified_file_url", json!([]), Some("verified_file_url: size must be between 1 and 4")),
        (
            "verified_file_url",
            json!(["1.jpg"]),
            Some("verified_file_url: must have 2 entries without an enterprise_person"),
        ),
        (
            "verified_file_url",
            json!(["1.jpg", "2.jpg", "3.jpg", "4.jpg"]),
            Some("verified_file_url: must have 2 entries without an enterprise_person"),
        ),
        (
            "verified_file_url",
            json!(["1.jpg", "/2.jpg"]),
            Some("verified_file_url: [1] must be relative to the download directory"),
        ),
        ("verified_file_url", json!("1.jpg"), Some("verified_file_url: must be a list of strings")),
        ("change_type", json!(-1), None),
        ("change_type", json!("ignored"), None),
        ("verified_type", json!("ignored"), None),
        ("name", json!(5), None),
        ("bank_card_info", json!({ "deep": [{}] }), None),
        ("extra", json!("ignored"), None),
    ];
    for (number, (field, value, why)) in table.into_iter().enumerate() {
        let application = with(enterprise(&format!("c-{number}")), field, value.clone());
        let reply = send(&app, "POST", &application).await;
        match why {
            None => reply.assert(200, UNDER_REVIEW),
            Some(why) => {
                reply.assert_parameter_error();
                assert_eq!(reply.entry().why(), why, "{field}: {value}");
            }
        }
    }
    for field in ["customer_id", "identify_type", "verified_file_url", "corp_name", "verified_number", "xaccount_type"]
    {
        let reply = send(&app, "POST", &without(enterprise("c-x"), field)).await;
        reply.assert_parameter_error();
        assert_eq!(reply.entry().why(), format!("{field}: must not be null"));
    }
    send(&app, "POST", &with_person("c-person")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn put_enterprise_takes_a_change_of_type_1_alone() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo, real_name: authenticated }]");
    let table = [
        (Value::Null, "change_type: must not be null"),
        (json!(-1), "change_type: must be one of 1"),
        (json!(0), "change_type: must be one of 1"),
        (json!("1"), "change_type: must be a 32-bit integer"),
    ];
    for (value, why) in table {
        let reply = send(&app, "PUT", &with(enterprise("c-1"), "change_type", value)).await;
        reply.assert_parameter_error();
        assert_eq!(reply.entry().why(), why);
    }
    send(&app, "PUT", &enterprise("c-1")).await.assert_parameter_error();
    send(&app, "PUT", &change("c-1")).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn post_enterprise_is_refused_by_the_rules_of_an_individual_in_their_order() {
    let app = TestApp::from_text(
        "
partners:
  - { id: a-1, name: demo, xaccount_type: DEMO_IDP, credentials: { tokens: [token] },
      bucket: { objects: [{ path: licence.jpg }, { path: licence-back.jpg }] } }
  - { id: a-2, name: other, xaccount_type: OTHER_IDP }
customers:
  - { id: c-free }
  - { id: c-other, partner: other }
  - { id: c-review, partner: demo, real_name: under_review, attempts: 3 }
  - { id: c-done, partner: demo, real_name: authenticated, attempts: 3 }
  - { id: c-used, partner: demo, attempts: 3 }
  - { id: c-new, partner: demo }
  - { id: c-program, partner: demo, partner_program: true }
certificates: [{ number: 91310000EXAMPLE001, blocked: true, verdict: fail, used_by: [c-1, c-2, c-3] }]",
    );
    let pictures = |pictures: [&str; 2]| with(enterprise("c-new"), "verified_file_url", json!(pictures));
    let table = [
        (with(enterprise("c-free"), "xaccount_type", "OTHER_IDP"), "CBC.0100", "platform-of-partner"),
        (enterprise("c-free"), "CBC.99000035", "customer-has-partner"),
        (enterprise("nobody"), "CBC.99000035", "customer-has-partner"),
        (enterprise("c-other"), "CBC.99000000", "customer-of-caller"),
        (enterprise("c-review"), "CBC.99000027", "not-authenticated-yet"),
        (enterprise("c-done"), "CBC.99000027", "not-authenticated-yet"),
        (enterprise("c-used"), "CBC.99000026", "attempts-left"),
        (pictures(["licence.tiff", "licence-back.jpg"]), "CBC.99007004", "pictures-pass"),
    ];
    for (application, code, rule) in table {
        assert_code(&send(&app, "POST", &application).await, code, rule);
    }
    // That the customer joined a partner program, and what is listed of the number, is about individuals alone.
    send(&app, "POST", &enterprise("c-program")).await.assert(200, UNDER_REVIEW);
    let accepted = send(&app, "POST", &enterprise("c-new")).await;
    accepted.assert(200, UNDER_REVIEW);
    // The rules are listed where they were not reached, too.
    for reply in [accepted, send(&app, "POST", &json!({})).await] {
        let entry = reply.entry().json();
        let rules = list(&entry, "checks").iter().skip_while(|check| check["check"] != "partner-ready");
        let rules: Vec<_> = rules.collect();
        assert_eq!(rules.len(), 7);
        let is_assumed = |rule: &&Value| rule["basis"] == "assumed" && text(&rule["source"]).contains("not public");
        assert!(rules.iter().all(is_assumed), "{entry}");
    }
}

#[tokio::test]
async fn post_enterprise_pictures_fail_with_the_item_of_their_side() {
    let objects = ["licence", "licence-back", "person", "person-back"].map(|name| format!("{{ path: {name}.jpg }}"));
    let bad = "{ path: unreadable.jpg, readable: false }, { path: other.jpg, shows: { name: Another } }, \
               { path: number.jpg, shows: { number: E1 } }, { path: big.jpg, size: 11MB }";
    let app = TestApp::from_text(&format!(
        "
partners:
  - {{ id: a, name: demo, xaccount_type: DEMO_IDP, credentials: {{ tokens: [token] }},
      bucket: {{ objects: [{}, {bad}] }} }}
settings: {{ attempts_per_customer: 100 }}
customers: [{{ id: c-1, partner: demo }}]",
        objects.join(", ")
    ));
    let table: [(usize, &str, &str); 11] = [
        (0, "missing.jpg", "INVALID_FRONT_IDCARD"),
        (0, "other.jpg", "IDCARD_INFO_NOT_SAME"),
        (0, "big.jpg", "PIC_SIZE_ERR"),
        (0, "licence.tiff", "PIC_FORMAT_ERR"),
        (1, "unreadable.jpg", "INVALID_BACK_IDCARD"),
        (1, "missing.jpg", "INVALID_BACK_IDCARD"),
        (2, "unreadable.jpg", "INVALID_FRONT_IDCARD"),
        (2, "number.jpg", "IDCARD_INFO_NOT_SAME"),
        (2, "other.jpg", "IDCARD_INFO_NOT_SAME"),
        (3, "unreadable.jpg", "INVALID_BACK_IDCARD"),
        (3, "person-back.gif", "INVALID_BACK_IDCARD"),
    ];
    for (place, picture, item) in table {
        let mut application = with_person("c-1");
        application["verified_file_url"][place] = picture.into();
        let reply = send(&app, "POST", &application).await;
        assert_code(&reply, "CBC.99007004", "pictures-pass");
        reply.assert_items(&[item], picture);
    }
    send(&app, "POST", &with_person("c-1")).await.assert(200, UNDER_REVIEW);
    let saw = app.apply(&passport("c-1")).await;
    assert_code(&saw, "CBC.99000027", "not-authenticated-yet");
}

#[tokio::test]
async fn individual_and_enterprise_share_attempts_and_status() {
    let app = TestApp::with("settings: { attempts_per_customer: 2 }\ncustomers: [{ id: c-1, partner: demo }]");
    let reject = json!({ "decision": "reject" });
    app.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    assert_code(&send(&app, "POST", &enterprise("c-1")).await, "CBC.99000027", "not-authenticated-yet");
    app.assert_control("POST", "/customers/c-1/review", reject.clone(), 200).await;
    send(&app, "POST", &enterprise("c-1")).await.assert(200, UNDER_REVIEW);
    let rejected = app.assert_control("POST", "/customers/c-1/review", reject, 200).await;
    assert_eq!((&rejected["real_name"], &rejected["attempts"]), (&json!("rejected"), &json!(2)));
    assert_eq!(rejected["customer_type"], "enterprise", "it chose that: {rejected}");
    assert_eq!(rejected.get("applied_name"), None, "{rejected}");
    assert_code(&app.apply(&passport("c-1")).await, "CBC.99000026", "attempts-left");
    assert_code(&send(&app, "POST", &enterprise("c-1")).await, "CBC.99000026", "attempts-left");
}

#[tokio::test]
async fn put_enterprise_changes_an_authenticated_individual_alone() {
    let app = TestApp::with(
        "
customers:
  - { id: c-new, partner: demo }
  - { id: c-rejected, partner: demo, real_name: rejected }
  - { id: c-review, partner: demo, real_name: under_review }
  - { id: c-done, partner: demo, real_name: authenticated, name: Wang Xiaoming }
  - { id: c-enterprise, partner: demo, real_name: authenticated, customer_type: enterprise }",
    );
    for (customer, code, rule) in [
        ("c-new", "CBC.0100", "individual-passed"),
        ("c-rejected", "CBC.0100", "individual-passed"),
        ("c-review", "CBC.99000027", "no-enterprise-yet"),
        ("c-enterprise", "CBC.99000027", "no-enterprise-yet"),
        ("c-unknown", "CBC.99000035", "customer-has-partner"),
    ] {
        assert_code(&send(&app, "PUT", &change(customer)).await, code, rule);
    }
    send(&app, "PUT", &change("c-done")).await.assert(200, UNDER_REVIEW);
    let under_review = app.get("/customers/c-done").await;
    assert_eq!(under_review["real_name"], "under_review");
    assert_eq!(
        (&under_review["name"], &under_review["applied_name"]),
        (&json!("Wang Xiaoming"), &json!("Example Trading Ltd."))
    );
    assert_eq!(
        (under_review.get("customer_type"), &under_review["change"]),
        (None, &json!(true)),
        "still an individual"
    );
    assert_world_is_a_fixture(&app).await;
    // A rejected change leaves the individual as it was.
    let body = json!({ "decision": "reject", "opinion": "blurred" });
    let rejected = app.assert_control("POST", "/customers/c-done/review", body, 200).await;
    assert_eq!((&rejected["real_name"], &rejected["name"]), (&json!("authenticated"), &json!("Wang Xiaoming")));
    let result = async |body| {
        let path = "/v2/customers/realname-auths/result?customer_id=c-done";
        app.call("GET", path, &[("x-auth-token", "token")], "").await.assert(200, body);
    };
    result(r#"{"review_result":1,"opinion":"blurred"}"#).await;
    assert_world_is_a_fixture(&app).await;
    result(r#"{"review_result":1,"opinion":"blurred"}"#).await;
    assert_code(&app.apply(&passport("c-done")).await, "CBC.99000027", "not-authenticated-yet");
    send(&app, "PUT", &change("c-done")).await.assert(200, UNDER_REVIEW);
    result(r#"{"review_result":0,"opinion":null}"#).await;
    let approved = app.assert_control("POST", "/customers/c-done/review", json!({ "decision": "approve" }), 200).await;
    assert_eq!(
        (&approved["customer_type"], &approved["name"], approved.get("applied_name")),
        (&json!("enterprise"), &json!("Example Trading Ltd."), None)
    );
    result(r#"{"review_result":2,"opinion":null}"#).await;
    assert_world_is_a_fixture(&app).await;
    assert_code(&send(&app, "PUT", &change("c-done")).await, "CBC.99000027", "no-enterprise-yet");
}

/// Asserts that the world as it is can be loaded, and then is the same.
async fn assert_world_is_a_fixture(app: &TestApp) {
    let world = app.get("/world").await;
    let (status, answer) = app.put("/world", &world).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(app.get("/world").await, world);
}

#[tokio::test]
async fn wire_parameter_errors_named_answers_the_field_of_a_change_that_does_not_fit() {
    let app =
        TestApp::with("settings: { wire: { parameter_errors: named } }\ncustomers: [{ id: c-new, partner: demo }]");
    let body = r#"{"error_code":"CBC.0100","error_msg":"change_type: must be for an authenticated individual"}"#;
    send(&app, "PUT", &change("c-new")).await.assert(400, body);
}

#[tokio::test]
async fn change_without_review_passes_at_once_and_keeps_the_individuals_certificate() {
    let app = TestApp::with(
        "
settings: { review: automatic, customers_per_certificate: 1 }
customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }]",
    );
    app.apply(&passport("c-1")).await.assert(200, AUTHENTICATED);
    send(&app, "PUT", &change("c-1")).await.assert(200, AUTHENTICATED);
    let customer = app.get("/customers/c-1").await;
    assert_eq!((&customer["customer_type"], &customer["name"]), (&json!("enterprise"), &json!("Example Trading Ltd.")));
    assert_code(&app.apply(&passport("c-2")).await, "CBC.99007189", "certificate-not-worn-out");
    // Nothing is known of a limit for an enterprise's certificate.
    send(&app, "POST", &enterprise("c-2")).await.assert(200, AUTHENTICATED);
}

#[tokio::test]
async fn change_under_review_passes_by_itself_after_review_after() {
    let app = TestApp::with(
        "settings: { review_after: 2h }\ncustomers: [{ id: c-1, partner: demo, real_name: authenticated, name: Wang }]",
    );
    send(&app, "PUT", &change("c-1")).await.assert(200, UNDER_REVIEW);
    app.assert_control("PUT", "/clock", json!({ "advance": "119m" }), 200).await;
    assert_eq!(app.get("/customers/c-1").await["name"], "Wang");
    app.assert_control("PUT", "/clock", json!({ "advance": "1m" }), 200).await;
    let customer = app.get("/customers/c-1").await;
    assert_eq!((&customer["real_name"], &customer["name"]), (&json!("authenticated"), &json!("Example Trading Ltd.")));
    assert_eq!(customer["customer_type"], "enterprise");
}

#[tokio::test]
async fn script_for_enterprise_tells_post_and_put_apart() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let when = |method: &str| json!({ "path": ENTERPRISE, "method": method, "customer_id": "c-1" });
    app.script(&json!([
        { "when": when("POST"), "times": 1, "then": { "is_review": 0 } },
        { "when": when("PUT"), "times": 1, "then": { "error_code": "CBC.99007004", "fail_check_items": ["PIC_SIZE_ERR"] } },
        { "when": { "path": ENTERPRISE }, "then": { "error_code": "CBC.0250" } },
    ]))
    .await;
    send(&app, "PUT", &change("c-1")).await.assert_items(&["PIC_SIZE_ERR"], "PUT");
    send(&app, "POST", &enterprise("c-1")).await.assert(200, AUTHENTICATED);
    assert_eq!(app.get("/customers/c-1").await["customer_type"], "enterprise");
    send(&app, "PUT", &change("c-1")).await.assert_code(429, "CBC.0250");
    // Individual applications are not meant.
    assert_code(&app.apply(&passport("c-1")).await, "CBC.99000027", "not-authenticated-yet");
    let (status, answer) = app
        .post("/scripted", &json!({ "when": { "path": ENTERPRISE, "name": "Wang" }, "then": { "is_review": 0 } }))
        .await;
    assert_eq!(status, 422, "an enterprise has a corp_name: {answer}");
}

#[tokio::test]
async fn journal_masks_names_and_numbers_of_an_enterprise() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let person =
        json!({ "legel_name": "Wang", "legel_id_number": "E1", "certifier_role": "legalPerson", "more": { "x": "y" } });
    let mut application = with(with_person("c-1"), "enterprise_person", person);
    application["reg_country"] = "CN".into();
    application["certificate_type"] = 0.into();
    let entry = send(&app, "POST", &application).await.entry().json();
    let shown = json!({
        "customer_id": "c-1",
        "identify_type": 1,
        "verified_file_url": ["licence.jpg", "licence-back.jpg", "person.jpg", "person-back.jpg"],
        "corp_name": "***",
        "verified_number": "***",
        "xaccount_type": "DEMO_IDP",
        "enterprise_person": { "legel_name": "***", "legel_id_number": "***", "certifier_role": "***", "more": "***" },
        "reg_country": "***",
        "certificate_type": 0,
    });
    assert_eq!(entry["request"]["body"], shown);
    let (status, _) = app.post("/verify", &json!({ "match": { "path": ENTERPRISE, "customer_id": "c-1" } })).await;
    assert_eq!(status, 200);
    let coverage = app.get("/coverage").await;
    assert_eq!(
        (&coverage["met"], &coverage["of"]),
        (&json!(0), &json!(24)),
        "they are outcomes of the page's API alone"
    );
}

#[tokio::test]
async fn explain_of_a_recorded_application_of_an_enterprise_says_what_it_would_get_now() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo, attempts: 3 }]");
    let reply = send(&app, "POST", &enterprise("c-1")).await;
    assert_code(&reply, "CBC.99000026", "attempts-left");
    let again = async || app.post("/explain", &json!({ "request_id": reply.id() })).await.1;
    assert_eq!(again().await["checks"], reply.entry().json()["checks"]);
    app.assert_control("PUT", "/customers/c-1", json!({ "partner": "demo" }), 200).await;
    assert_eq!(again().await["response"]["body"], json!({ "is_review": 1 }));
}

#[tokio::test]
async fn scripted_change_of_what_is_no_individual_is_an_application_of_an_enterprise() {
    for real_name in ["unauthenticated", "rejected"] {
        let app = TestApp::with(&format!("customers: [{{ id: c-1, partner: demo, real_name: {real_name} }}]"));
        app.script(
            &json!([{ "when": { "path": ENTERPRISE, "method": "PUT" }, "times": 1, "then": { "is_review": 1 } }]),
        )
        .await;
        send(&app, "PUT", &change("c-1")).await.assert(200, UNDER_REVIEW);
        let body = json!({ "decision": "reject", "opinion": "no" });
        let rejected = app.assert_control("POST", "/customers/c-1/review", body, 200).await;
        assert_eq!((&rejected["real_name"], &rejected["customer_type"]), (&json!("rejected"), &json!("enterprise")));
    }
}

#[tokio::test]
async fn verify_and_scripts_know_rules_and_parameters_of_enterprises() {
    let app =
        TestApp::with("customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo, real_name: authenticated }]");
    app.script(&json!([{
        "when": { "path": ENTERPRISE, "method": "POST", "corp_name": { "prefix": "Slow" } }, "then": { "error_code": "CBC.70600026" },
    }]))
    .await;
    send(&app, "POST", &with(enterprise("c-1"), "corp_name", "Slow Ltd.")).await.assert_code(400, "CBC.70600026");
    send(&app, "PUT", &change("c-1")).await;
    let reply = send(&app, "PUT", &change("c-2")).await;
    for matched in
        [json!({ "rule": "individual-passed" }), json!({ "corp_name": "Slow Ltd.", "error_code": "CBC.70600026" })]
    {
        let (status, answer) = app.post("/verify", &json!({ "match": matched, "count": { "exactly": 1 } })).await;
        assert_eq!(status, 200, "{answer}");
    }
    app.assert_control("POST", "/customers/c-2/review", json!({ "decision": "approve" }), 200).await;
    assert_eq!(reply.entry().json()["changes"][0].get("customer_type"), None, "it is an individual until it passes");
    let first = send(&app, "POST", &enterprise("c-1")).await;
    assert_eq!(first.entry().json()["changes"][0]["customer_type"], json!([null, "enterprise"]));
}

#[tokio::test]
async fn misspelt_field_of_the_legal_person_gets_a_hint() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
    let person = json!({ "legal_name": "Wang", "legelIdNumber": "E1" });
    let reply = send(&app, "POST", &with(with_person("c-1"), "enterprise_person", person)).await;
    let saw = reply.saw("parameters");
    assert!(saw.contains("(`legal_name` was sent, `enterprise_person.legel_name` is meant)"), "{saw}");
    assert!(saw.contains("(`legelIdNumber` was sent, `enterprise_person.legel_id_number` is meant)"), "{saw}");
}
