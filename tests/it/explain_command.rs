//! `bss-sim explain`, as a user sees it.

use axum::http::Method;
use serde_json::{Value, json};

use crate::process::{run, run_on};
use crate::service::{Service, passport, with};

/// An application that the default scenario answers for this customer.
fn application(customer: &str) -> Value {
    with(passport(customer), "xaccount_type", "***_IDP")
}

#[track_caller]
fn explain(body: &str, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run_on(body, &[&["explain"], arguments].concat());
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    stdout
}

#[test]
fn an_acceptance_is_explained_with_what_it_would_change() {
    let text = explain(&application("customer-new").to_string(), &[]);
    assert!(text.starts_with("200 {\"is_review\":1}\n\npassed      head-size: a target of 39 bytes\n"), "{text}");
    assert!(!text.contains("refused by") && !text.contains("not reached"), "{text}");
    let change = "\n\nchanges     customer customer-new: attempts 0 -> 1, real_name unauthenticated -> under_review\n";
    assert!(text.ends_with(change), "{text}");
}

#[test]
fn a_refusal_is_explained_with_the_page_s_words_and_what_was_not_reached() {
    let text = explain(&application("customer-done").to_string(), &[]);
    let page = "The customer has passed real-name authentication or is being reviewed.";
    assert!(text.starts_with(&format!(r#"400 {{"error_code":"CBC.99000027","error_msg":"{page}"}}"#)), "{text}");
    let refusal = "\nrefused by  not-authenticated-yet: real-name status: authenticated\n            documented: ";
    assert!(text.contains(&format!("{refusal}{page}\nnot reached attempts-left\n")), "{text}");
    assert_eq!((text.matches("\nrefused by").count(), text.matches("\n            ").count()), (1, 22), "{text}");
    assert!(text.ends_with("\n\nchanges     nothing\n"), "{text}");
}

#[test]
fn a_script_is_said_to_answer() {
    let text = explain(&passport("broken-1").to_string(), &["--scenario", "other-errors"]);
    assert!(text.starts_with("500 {\"error_code\":\"CBC.0999\""), "{text}");
    assert!(text.contains("\nanswered by script: scripted[0] matches\n"), "{text}");
}

#[test]
fn a_body_that_is_no_application_is_answered_as_the_service_would() {
    let refused = r#"400 {"error_code":"CBC.0100","error_msg":"Parameter error."}"#;
    let cases = [
        ("{", "refused by  parameters: body: must be well-formed JSON"),
        ("[]", "refused by  parameters: body: must be a JSON object"),
        ("{}", "refused by  parameters: customer_id: must not be null"),
    ];
    for (body, reason) in cases {
        let text = explain(body, &[]);
        assert!(text.starts_with(refused) && text.contains(reason), "{body}: {text}");
    }
    let too_long = " ".repeat(12 * 1024 * 1024 + 1);
    let text = explain(&too_long, &[]);
    assert!(text.starts_with("413 ") && text.contains("refused by  body-size"), "{text}");
}

#[test]
fn a_caller_is_a_partner_or_a_token() {
    let body = application("customer-new").to_string();
    for (caller, answer) in [
        ("demo-partner", "200 {\"is_review\":1}"),
        ("demo-token", "200 {\"is_review\":1}"),
        ("customer-token", "403 {\"error_code\":\"CBC.0151\""),
        ("nobody", "401 {\"error_msg\":\"Incorrect IAM authentication information: decrypt token fail\""),
    ] {
        let text = explain(&body, &["--as", caller]);
        assert!(text.starts_with(answer), "{caller}: {text}");
    }
}

#[tokio::test]
async fn as_json_it_is_what_the_control_api_answers() {
    for (caller, customer) in [(None, "customer-new"), (Some("demo-token"), "customer-done"), (Some("nobody"), "c")] {
        let request = application(customer);
        let call = json!({ "as": caller, "request": request });
        let (status, answer) = Service::builtin().control(Method::POST, "/explain", Some(&call)).await;
        assert_eq!(status, 200);
        let mut arguments = vec!["--json"];
        arguments.extend(caller.into_iter().flat_map(|caller| ["--as", caller]));
        assert_eq!(explain(&request.to_string(), &arguments), format!("{answer}\n"));
    }
}

#[test]
fn without_a_request_it_says_what_to_give() {
    let (code, stdout, stderr) = run(&["explain"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("`bss-sim explain < request.json`"), "{stderr}");
}
