//! The business rules: what each refuses, in which order, what counts as an attempt, and what becomes of a customer.

use std::time::Duration;

use axum::http::Request;
use serde_json::{Value, json};

use crate::bodies::assert_gateway;
use crate::service::{INDIVIDUAL, Reply, Service, passport, with};

const ACCEPTED: &str = r#"{"is_review":1}"#;
const HOUR: Duration = Duration::from_secs(3600);

/// The body with which the API refuses, in the words of its page.
#[track_caller]
pub(crate) fn refusal(code: &str) -> String {
    let message = match code {
        "CBC.99000000" => "You do not have the operation permission to this customer.",
        "CBC.99000027" => "The customer has passed real-name authentication or is being reviewed.",
        "CBC.99000026" => "The number of real-name authentication times of the customer exceeds the upper limit.",
        "CBC.99000035" => "You are not a customer of a partner yet.",
        "CBC.99005030" => "The partner did not complete real-name authentication or bucket authentication.",
        "CBC.99007188" => "Real-name authentication failed.",
        "CBC.99007189" => {
            "The number of users who used the certificate ID for real-name authentication has reached the maximum limit."
        }
        "CBC.99007193" => {
            "The certificate ID is from an invalid certificate and cannot be used for real-name authentication."
        }
        "CBC.99007202" => "The ID information or mobile number is incorrect.",
        "CBC.99007259" | "CBC.99007265" => {
            "You are a partner and cannot be authenticated as an individual using your real name."
        }
        "CBC.99007261" => "The bank card is not supported. Try another bank card.",
        "CBC.0100" => "Parameter error.",
        "CBC.0151" => "Access denied.",
        "CBC.0999" => "Other errors.",
        _ => panic!("no code of the page: {code}"),
    };
    format!(r#"{{"error_code":"{code}","error_msg":"{message}"}}"#)
}

/// The body of a refusal for these check items.
pub(crate) fn items_refusal(items: &[&str]) -> String {
    let message = "The initiated service operation does not meet the service check item requirement.";
    let items = json!(items);
    format!(r#"{{"error_code":"CBC.99007004","error_msg":"{message}","fail_check_items":{items}}}"#)
}

/// Asserts that this rule refused, and how.
#[track_caller]
pub(crate) fn assert_refused(reply: &Reply, rule: &str, code: &str) {
    assert_eq!(reply.check(), Some(rule), "{reply:?}");
    reply.assert(400, &refusal(code));
}

/// Applies with another token than the partner's.
pub(crate) async fn apply_as(service: &Service, token: &str, application: &Value) -> Reply {
    let request = Request::post(INDIVIDUAL).header("content-type", "application/json").header("x-auth-token", token);
    service.send(request.body(application.to_string().into()).unwrap()).await
}

/// A passport's application with another certificate number.
pub(crate) fn certificate(customer: &str, number: &str) -> Value {
    with(passport(customer), "verified_number", number)
}

/// A world of one partner with these lines, one customer and one certificate.
fn world(partner: &str, customer: &str, certificate: &str) -> Service {
    Service::from_yaml(&format!(
        "
settings: {{ customers_per_certificate: 1 }}
partners:
  - {{ id: demo-account, name: demo, xaccount_type: DEMO_IDP, credentials: {{ tokens: [token] }}, {partner} }}
  - {{ id: other-account, name: other, xaccount_type: OTHER_IDP }}
customers: [{{ id: c-1, {customer} }}]
certificates: [{{ number: E12345678, {certificate} }}]"
    ))
}

#[tokio::test]
async fn of_several_rules_the_first_refuses() {
    // Each row mends what the row before it was refused for, and leaves all that can still be wrong.
    let unready = "real_name: unauthenticated";
    let all = "partner_program: true, real_name: authenticated, attempts: 9";
    let bad = "blocked: true, holder: Another Name, verdict: fail, used_by: [c-9]";
    let (demo, worn) = ("partner: demo", "holder: Another Name, verdict: fail, used_by: [c-9]");
    let url = |picture: &str| with(passport("c-1"), "verified_file_url", json!([picture, "hand.jpg"]));
    let (good, bad_picture) = (url("front.jpg"), url("front.tiff"));
    let caller = with(bad_picture.clone(), "customer_id", "demo-account");
    let elsewhere = with(caller.clone(), "xaccount_type", "OTHER_IDP");
    let foreign = with(bad_picture.clone(), "xaccount_type", "OTHER_IDP");
    let demo_and = |more: &str| format!("{demo}, {more}");
    let table: [(&str, String, &str, &Value, &str, &str); 17] = [
        (unready, all.into(), bad, &elsewhere, "partner-ready", "CBC.99005030"),
        ("photo_upload: false", all.into(), bad, &elsewhere, "partner-ready", "CBC.99005030"),
        ("bucket: { authorized: false }", all.into(), bad, &elsewhere, "partner-ready", "CBC.99005030"),
        ("", all.into(), bad, &elsewhere, "platform-of-partner", "CBC.0100"),
        ("", all.into(), bad, &foreign, "platform-of-partner", "CBC.0100"),
        ("", all.into(), bad, &caller, "customer-not-caller", "CBC.99007265"),
        ("", all.into(), bad, &bad_picture, "customer-has-partner", "CBC.99000035"),
        ("", format!("partner: other, {all}"), bad, &bad_picture, "customer-of-caller", "CBC.99000000"),
        ("", demo_and(all), bad, &bad_picture, "customer-not-partner", "CBC.99007259"),
        (
            "",
            demo_and("real_name: authenticated, attempts: 9"),
            bad,
            &bad_picture,
            "not-authenticated-yet",
            "CBC.99000027",
        ),
        (
            "",
            demo_and("real_name: under_review, attempts: 9"),
            bad,
            &bad_picture,
            "not-authenticated-yet",
            "CBC.99000027",
        ),
        ("", demo_and("real_name: rejected, attempts: 9"), bad, &bad_picture, "attempts-left", "CBC.99000026"),
        ("", demo.into(), bad, &bad_picture, "certificate-allowed", "CBC.99007193"),
        ("", demo.into(), worn, &bad_picture, "certificate-not-worn-out", "CBC.99007189"),
        ("", demo.into(), "holder: Another Name, verdict: fail", &bad_picture, "pictures-pass", ""),
        ("", demo.into(), "holder: Another Name, verdict: fail", &good, "identity-agrees", "CBC.99007202"),
        ("", demo.into(), "holder: Wang Xiaoming, verdict: fail", &good, "verification-passes", "CBC.99007188"),
    ];
    for (partner, customer, certificate, application, rule, code) in table {
        let reply = world(partner, &customer, certificate).apply(application).await;
        if code.is_empty() {
            assert_eq!(reply.check(), Some(rule));
            reply.assert(400, &items_refusal(&["PIC_FORMAT_ERR"]));
        } else {
            assert_refused(&reply, rule, code);
        }
    }
    let fine = world("", demo, "holder: Wang Xiaoming, verdict: pass");
    fine.apply(&good).await.assert(200, ACCEPTED);
    let reply = fine.apply(&with(passport("c-2"), "xaccount_type", "DEMO_IDP")).await;
    assert_refused(&reply, "customer-has-partner", "CBC.99000035");
}

#[tokio::test]
async fn a_review_that_nobody_decides_ends_after_its_time() {
    let customers = "customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo, real_name: under_review }]";
    for (review_after, advance, ends) in [("2h", HOUR, false), ("2h", 2 * HOUR, true), ("null", 100_000 * HOUR, false)]
    {
        let service = Service::with(&format!("settings: {{ review_after: {review_after} }}\n{customers}"));
        service.apply(&passport("c-1")).await.assert(200, ACCEPTED);
        service.advance(advance);
        for customer in ["c-1", "c-2"] {
            assert_refused(&service.apply(&passport(customer)).await, "not-authenticated-yet", "CBC.99000027");
            let rejected = service.space.reject(customer, "no");
            assert_eq!(rejected.is_err(), ends, "{customer}: review_after {review_after}, after {advance:?}");
        }
    }
}

#[tokio::test]
async fn an_unknown_customer_can_become_the_callers() {
    let service = Service::with(
        "settings: { unlisted_customers: adopt, attempts_per_customer: 1 }
certificates: [{ number: BLOCKED, blocked: true }]",
    );
    let foreign = |customer| with(passport(customer), "xaccount_type", "OTHER_IDP");
    service.apply(&passport("new-1")).await.assert(200, ACCEPTED);
    assert_refused(&apply_as(&service, "other-token", &foreign("new-1")).await, "customer-of-caller", "CBC.99000000");
    apply_as(&service, "other-token", &foreign("new-2")).await.assert(200, ACCEPTED);
    assert_refused(&service.apply(&passport("new-2")).await, "customer-of-caller", "CBC.99000000");
    assert_refused(&service.apply(&certificate("new-3", "BLOCKED")).await, "certificate-allowed", "CBC.99007193");
    assert_refused(&service.apply(&passport("new-3")).await, "attempts-left", "CBC.99000026");
    assert_refused(&service.apply(&passport("demo-account")).await, "customer-not-caller", "CBC.99007265");
}

#[tokio::test]
async fn a_lenient_service_takes_unknown_tokens_for_the_first_partners() {
    let service = Service::with(
        "settings: { authentication: lenient }
customers:
  - { id: c-1, partner: demo }
  - { id: c-2, partner: other, credentials: { tokens: [customer-token] } }",
    );
    assert_eq!(apply_as(&service, "customer-token", &passport("c-1")).await.status, 403, "it is listed");
    let reply = apply_as(&service, "other-token", &passport("c-1")).await;
    assert_refused(&reply, "platform-of-partner", "CBC.0100");
    apply_as(&service, "anything", &passport("c-1")).await.assert(200, ACCEPTED);
    let anonymous = Request::post(INDIVIDUAL).body(axum::body::Body::empty()).unwrap();
    let message = "Incorrect IAM authentication information: x-auth-token not found";
    assert_gateway(&service.send(anonymous).await, 401, "APIGW.0301", message);
}

/// A partner whose bucket holds these objects, and its customer.
fn bucket(objects: &str) -> Service {
    Service::from_yaml(&format!(
        "
partners:
  - id: demo-account
    name: demo
    xaccount_type: DEMO_IDP
    credentials: {{ tokens: [token] }}
    bucket: {{ objects: [{objects}] }}
customers: [{{ id: c-1, partner: demo }}]"
    ))
}

#[track_caller]
fn assert_items(reply: &Reply, items: &[&str], why: &str) {
    if items.is_empty() {
        assert_eq!((reply.body.as_str(), reply.check()), (ACCEPTED, None), "{why}");
    } else {
        assert_eq!((reply.body.as_str(), reply.check()), (&*items_refusal(items), Some("pictures-pass")), "{why}");
        assert_eq!(reply.status, 400, "{why}");
    }
}

#[tokio::test]
async fn a_picture_without_a_listing_is_judged_by_its_extension() {
    let table = [
        ("jpg jpeg bmp png gif pdf JPG Jpeg bMP PNG GIF PDF", true, "the formats of the page, in any case"),
        ("tiff webp heic jp jpgg jpg.exe txt", false, "any other"),
    ];
    for (extensions, passes, why) in table {
        for extension in extensions.split(' ') {
            let pictures = json!([format!("a.b/front.{extension}"), "hand.jpg"]);
            let service = Service::with("customers: [{ id: c-1, partner: demo }]");
            let reply = service.apply(&with(passport("c-1"), "verified_file_url", pictures)).await;
            assert_items(&reply, if passes { &[] } else { &["PIC_FORMAT_ERR"] }, &format!("{extension}: {why}"));
        }
    }
    for name in ["front", "front.", "pictures.jpg/front", "jpg"] {
        let service = Service::with("customers: [{ id: c-1, partner: demo }]");
        let reply = service.apply(&with(passport("c-1"), "verified_file_url", json!([name, "hand.jpg"]))).await;
        assert_items(&reply, &["PIC_FORMAT_ERR"], &format!("{name} has no extension"));
    }
}

#[tokio::test]
async fn each_picture_fails_its_own_item_and_the_page_has_their_order() {
    const WRONG: &str = "size: 11MiB, readable: false, shows: { name: Nobody }";
    let (format, size, differs) = ("PIC_FORMAT_ERR", "PIC_SIZE_ERR", "IDCARD_INFO_NOT_SAME");
    let (front, back, hand) = ("INVALID_FRONT_IDCARD", "INVALID_BACK_IDCARD", "INVALID_IDCARD_FACE");
    let tiff = format!("format: tiff, {WRONG}");
    // What is said of the front, the back and the picture in hand; `-`: it is not there.
    let table: [([&str; 3], &[&str], &str); 29] = [
        (["", "", ""], &[], "nothing is wrong"),
        (["format: PDF", "format: jpeg", "format: Gif"], &[], "formats have no case"),
        (["format: tiff", "", ""], &[format], "not a format of the page"),
        (["", "format: WEBP", ""], &[format], "whatever the extension says"),
        (["", "", "format: docx"], &[format], "any picture"),
        (["size: 10MiB", "size: 10485760", "size: 1"], &[], "10 MB are 10 × 1024 × 1024 bytes"),
        (["size: 10485761", "", ""], &[size], "one byte more"),
        (["", "size: 10485761", ""], &[size], "one byte more"),
        (["", "", "size: 11MiB"], &[size], "much more"),
        (["-", "", ""], &[front], "missing"),
        (["", "-", ""], &[back], "missing"),
        (["", "", "-"], &[hand], "missing"),
        (["size: 0", "", ""], &[front], "empty"),
        (["", "size: 0", ""], &[back], "empty"),
        (["", "", "size: 0"], &[hand], "empty"),
        (["readable: false", "", ""], &[front], "blurred"),
        (["", "readable: false", ""], &[back], "blurred"),
        (["", "", "readable: false"], &[hand], "blurred"),
        (["shows: { name: Wang Xiaoming, number: E12345678 }", "", ""], &[], "shows what was entered"),
        (["shows: { name: Nobody }", "", ""], &[differs], "shows another name"),
        (["shows: { number: E1 }", "", ""], &[differs], "shows another number"),
        (["", "shows: { name: Nobody }", "shows: { number: E1 }"], &[], "only the front is compared"),
        (["-", "-", "-"], &[front, back, hand], "each in its place"),
        ([&tiff, &tiff, &tiff], &[format], "an item stands there once, and a picture fails one"),
        ([WRONG, "", ""], &[size], "the first of a picture's items"),
        (["readable: false, shows: { name: Nobody }", "", ""], &[front], "the first of a picture's items"),
        (["-", "readable: false", "format: tiff"], &[format, front, back], "the page's order, not the pictures'"),
        (["shows: { name: Nobody }", "size: 11MiB", "-"], &[size, differs, hand], "the page's order"),
        (["", "-", "format: tiff"], &[format, back], "the page's order"),
    ];
    let permit = with(passport("c-1"), "verified_type", 5);
    let permit = with(permit, "verified_file_url", json!(["front.jpg", "back.jpg", "hand.jpg"]));
    for (pictures, items, why) in table {
        let objects = ["front", "back", "hand"].into_iter().zip(pictures).filter(|(_, more)| *more != "-");
        let objects: Vec<_> = objects.map(|(name, more)| format!("{{ path: {name}.jpg, {more} }}")).collect();
        assert_items(&bucket(&objects.join(", ")).apply(&permit).await, items, &format!("{pictures:?}: {why}"));
    }
    let table: [(&str, [&str; 2], &[&str], &str); 5] = [
        ("{ path: front.jpg }", ["front.jpg", "hand.jpg"], &[hand], "the second of two pictures is the one in hand"),
        ("", ["front.jpg", "front.jpg"], &[front, hand], "one path in two places"),
        ("{ path: both.jpg }", ["both.jpg", "both.jpg"], &[], "one path in two places"),
        ("{ path: a.jpg }, { path: b.jpg/c.jpg }", ["a.jpg", "b.jpg"], &[hand], "a folder is no picture"),
        ("{ path: a.dat, format: png }, { path: B.jpg }", ["a.dat", "b.jpg"], &[hand], "a name has a case"),
    ];
    for (objects, urls, items, why) in table {
        let reply = bucket(objects).apply(&with(passport("c-1"), "verified_file_url", json!(urls))).await;
        assert_items(&reply, items, why);
    }
}
