//! What bss-sim itself answers: one answer for each outcome, asked of a simulator. What was captured is compared with these.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::http::HeaderMap;
use http_body_util::{BodyExt, Collected};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::call::CapturedCall;
use crate::domain::{
    CHANGE, CHECK_IDENTITY, CREATE_CUSTOMER, DOMAINS, ENTERPRISE, Endpoint, ErrorCode, INDIVIDUAL, LIST_CUSTOMERS,
    REVIEW_RESULT, SEND_CODE, TOKENS, Wire, catalog, gateway,
};
use crate::fixture::{Library, LoadedScenario};
use crate::http::{App, api_service, request_of};

/// An answer of bss-sim.
#[derive(Debug)]
pub(super) struct ReferenceAnswer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Null if there is none.
    pub(super) body: Value,
}

/// All answers of bss-sim, by outcome.
#[derive(Debug)]
pub(super) struct References {
    answers: BTreeMap<String, Vec<ReferenceAnswer>>,
    /// The form in which they were asked for.
    pub(super) wire: Wire,
}

/// How an answer is named: by its `error_code`, by the status of IAM, or by the call that succeeded.
pub(super) fn outcome(endpoint: &Endpoint, status: u16, body: Option<&Value>) -> String {
    let code = body.and_then(|body| body["error_code"].as_str());
    match code {
        Some(code) => code.to_owned(),
        None if (200..300).contains(&status) => format!("{} {}", endpoint.method, endpoint.path),
        None if body.is_some_and(|body| body["error"].is_object()) => format!("IAM {status}"),
        None => format!("status {status}"),
    }
}

impl CapturedCall {
    pub(super) fn outcome(&self) -> String {
        outcome(self.endpoint, self.answer.status, self.answer.json())
    }
}

/// The header by which a request of this file chooses a scripted answer.
const CHOICE: &str = "x-reference";

/// A customer in each state, and one of whom everything is known.
const WORLD: &str = r#"
partners:
  - id: "00000000000000000000000000000001"
    name: partner
    xaccount_type: PARTNER_IDP
    credentials: { tokens: [token], users: [{ name: user, password: password }] }
customers:
  - { id: new, partner: partner }
  - { id: enterprise, partner: partner }
  - { id: under-review, partner: partner, real_name: under_review }
  - { id: rejected, partner: partner, real_name: rejected, opinion: blurred }
  - id: known
    partner: partner
    real_name: authenticated
    name: Name
    label: label
    telephone: "1"
    country_code: "0086"
    customer_type: individual
    account_manager: manager
    xaccount_id: user
    customer_level: V1
    email: a@b.example
scripted:
  - when: { headers: { x-reference: "is_review 0" } }
    then: { is_review: 0 }
"#;

impl References {
    /// Asks for all of them, in this form.
    pub(super) async fn ask(wire: &Wire) -> Self {
        let errors: Vec<_> = errors().collect();
        let script = errors.iter().fold(WORLD.to_owned(), |mut text, (choice, endpoint, answer)| {
            let when = json!({ "path": endpoint.path, "method": endpoint.method, "headers": { CHOICE: choice } });
            let _ = writeln!(text, "  - when: {when}\n    then: {answer}");
            text
        });
        let mut scenario = LoadedScenario::read_text("reference", &script).expect("the world of references is right");
        scenario.world.settings.wire = wire.clone();
        let app = Arc::new(App::of(&scenario, Library::builtin()));
        let mut references = Self { answers: BTreeMap::new(), wire: wire.clone() };
        // A script answers only what is well-formed.
        let well_formed = |endpoint: &Endpoint| {
            let mut of_endpoint = successes().filter(|(known, ..)| *known == endpoint);
            of_endpoint.next().map(|(.., fields)| fields).unwrap_or_default()
        };
        let errors = errors.iter().map(|(choice, endpoint, _)| (*endpoint, choice.clone(), well_formed(endpoint)));
        for (endpoint, choice, fields) in successes().chain(errors) {
            let answer = ask(&app, endpoint, &choice, &fields).await;
            let body = Some(&answer.body).filter(|body| !body.is_null());
            let outcome = outcome(endpoint, answer.status, body);
            references.answers.entry(outcome).or_default().push(answer);
        }
        references
    }

    /// Returns the answers with an outcome. Empty if bss-sim does not have it.
    pub(super) fn of(&self, outcome: &str) -> &[ReferenceAnswer] {
        self.answers.get(outcome).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Every error that can be scripted, with an endpoint that has it and its answer in a scenario.
fn errors() -> impl Iterator<Item = (String, &'static Endpoint, Value)> {
    let of_page = ErrorCode::ALL.iter().map(|code| {
        let items = (*code == ErrorCode::CheckItemsFailed).then(|| json!(["PIC_SIZE_ERR"]));
        let answer = json!({ "error_code": code.code() });
        let answer =
            items.map_or(answer.clone(), |items| json!({ "error_code": code.code(), "fail_check_items": items }));
        (code.code().to_owned(), &INDIVIDUAL, answer)
    });
    let of_others = catalog::other_errors().map(|error| {
        let endpoint = error.endpoints().map_or(&INDIVIDUAL, |endpoints| endpoints[0]);
        (error.code.to_owned(), endpoint, json!({ "error_code": error.code }))
    });
    let of_gateway = gateway::ERRORS.iter().map(|row| {
        let answer = json!({ "gateway": row.code, "status": row.status });
        (format!("{} {}", row.code, row.status), &DOMAINS, answer)
    });
    of_page.chain(of_others).chain(of_gateway)
}

/// A call of each endpoint in each form in which it succeeds, and what IAM refuses.
fn successes() -> impl Iterator<Item = (&'static Endpoint, String, Value)> {
    let individual = |customer: &str| {
        json!({
            "customer_id": customer, "identify_type": 0, "verified_type": 3, "verified_file_url": ["a.jpg", "b.jpg"],
            "name": "Name", "verified_number": "1", "xaccount_type": "PARTNER_IDP",
        })
    };
    let enterprise = |customer: &str| {
        json!({
            "customer_id": customer, "identify_type": 1, "verified_file_url": ["a.jpg", "b.jpg"], "corp_name": "Name",
            "verified_number": "1", "xaccount_type": "PARTNER_IDP",
        })
    };
    let mut change = enterprise("known");
    change["change_type"] = 1.into();
    let login = |password: &str, scope: Value| {
        let user = json!({ "name": "user", "password": password, "domain": { "name": "partner" } });
        json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": user } }, "scope": scope } })
    };
    let domain = json!({ "domain": { "name": "partner" } });
    let project = json!({ "project": { "name": "project" } });
    let foreign = json!({ "domain": { "name": "another" } });
    let result = |customer: &str| (&REVIEW_RESULT, "", json!({ "customer_id": customer }));
    let requests: Vec<(&'static Endpoint, &str, Value)> = vec![
        result("new"),
        result("under-review"),
        result("rejected"),
        result("known"),
        (&INDIVIDUAL, "", individual("new")),
        (&INDIVIDUAL, "is_review 0", individual("known")),
        (&ENTERPRISE, "", enterprise("enterprise")),
        (&LIST_CUSTOMERS, "", json!({})),
        (&LIST_CUSTOMERS, "", json!({ "customer_id": "none" })),
        (&CHANGE, "", change),
        (&CREATE_CUSTOMER, "", json!({ "domain_area": "MX", "xaccount_id": "other", "xaccount_type": "PARTNER_IDP" })),
        (&CHECK_IDENTITY, "", json!({ "search_type": "name", "search_value": "account-name" })),
        (&CHECK_IDENTITY, "", json!({ "search_type": "mobile", "search_value": "0086-2" })),
        (&SEND_CODE, "", json!({ "receiver_type": 2, "email": "c@b.example" })),
        (&DOMAINS, "", json!({})),
        (&TOKENS, "", login("password", domain.clone())),
        (&TOKENS, "", login("password", project)),
        (&TOKENS, "", login("password", Value::Null)),
        (&TOKENS, "", login("another", domain)),
        (&TOKENS, "", login("password", foreign)),
        (&TOKENS, "", json!({})),
    ];
    requests.into_iter().map(|(endpoint, choice, fields)| (endpoint, choice.to_owned(), fields))
}

async fn ask(app: &Arc<App>, endpoint: &Endpoint, choice: &str, fields: &Value) -> ReferenceAnswer {
    let fields = fields.as_object().expect("the requests of this file are objects");
    let mut request = request_of(endpoint, Some("token"), fields).expect("the requests of this file are right");
    request.headers_mut().insert(CHOICE, choice.parse().expect("a choice fits a header"));
    let response = api_service(app).oneshot(request).await.expect("the router never fails");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    ReferenceAnswer { status: parts.status.as_u16(), headers: parts.headers, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_outcome_has_a_reference() {
        let references = References::ask(&Wire::default()).await;
        let missing: Vec<_> =
            catalog::codes().chain(gateway::codes()).filter(|code| references.of(code).is_empty()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        for endpoint in crate::domain::ENDPOINTS {
            assert!(!references.of(&format!("{} {}", endpoint.method, endpoint.path)).is_empty(), "{}", endpoint.path);
        }
        let statuses: Vec<_> = references.of("APIGW.0201").iter().map(|reference| reference.status).collect();
        assert_eq!(statuses, [400, 413, 414, 494, 502, 504]);
        let known = references.answers.values().flatten().count();
        assert_eq!(known, successes().count() + errors().count());
        let others: Vec<_> = references.answers.keys().filter(|outcome| outcome.starts_with("status")).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}
