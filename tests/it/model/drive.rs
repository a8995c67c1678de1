//! Drives a service by steps, and reads what it shows of itself.

use axum::http::Method;
use bss_sim::Simulator;
use serde_json::{Value, json};

use super::steps::{Application, CERTIFICATES, CUSTOMERS, PutWorld, Settings, Step};
use super::world::Answer;
use crate::service::{Reply, Service};

/// A service with these settings that starts from this world.
pub(super) fn service(settings: Settings, world: &PutWorld) -> Service {
    let (entries, bytes) = settings.journal;
    let builder = Simulator::builder().scenario(world.body(settings));
    Service::built(builder.journal_entries(entries).journal_bytes(bytes))
}

/// Takes a step; what is answered, and the whole reply to a request of the API.
pub(super) async fn take(service: &Service, settings: Settings, step: &Step) -> (Answer, Option<Reply>) {
    let reply = match step {
        Step::Apply(application) => apply(service, application).await,
        Step::Inquire(caller, customer) => {
            let [.., token] = caller.identity();
            let path = format!("/v2/customers/realname-auths/result?customer_id={customer}");
            service.call(Method::GET, &path, &[("x-auth-token", token)], "").await
        }
        _ => return (Answer::of(steer(service, settings, step).await), None),
    };
    let mut body = reply.json();
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|name, _| name != "error_msg" && name != "request_id");
    }
    let rule = reply.check().map(str::to_owned);
    (Answer { rule, ..Answer::with(reply.status.as_u16(), body) }, Some(reply))
}

async fn apply(service: &Service, application: &Application) -> Reply {
    let [.., token] = application.caller.identity();
    service.apply_as(token, &application.body()).await
}

/// Asks what an application would be answered.
pub(super) async fn explain(service: &Service, application: &Application) -> Value {
    let [.., token] = application.caller.identity();
    let question = json!({ "as": token, "request": application.body() });
    let (status, told) = service.control(Method::POST, "/explain", Some(&question)).await;
    assert_eq!(status, 200, "{question}: {told}");
    told
}

/// Makes a change by the control API; the status that it answers.
async fn steer(service: &Service, settings: Settings, step: &Step) -> u16 {
    let call = async |method, path: &str, body: Value| {
        let body = Some(body).filter(|body| !body.is_null());
        service.control(method, path, body.as_ref()).await.0
    };
    match step {
        Step::Apply(_) | Step::Inquire(..) => unreachable!("they are requests of the API"),
        Step::Review { customer, approves } => {
            let approval = json!({ "decision": "approve" });
            let rejection = json!({ "decision": "reject", "opinion": "no" });
            let decision = if *approves { approval } else { rejection };
            call(Method::POST, &format!("/customers/{customer}/review"), decision).await
        }
        Step::Advance(minutes) => call(Method::PUT, "/clock", json!({ "advance": format!("{minutes}m") })).await,
        Step::Script(scripted) => call(Method::POST, "/scripted", scripted.body()).await,
        Step::ClearScript => call(Method::DELETE, "/scripted", Value::Null).await,
        Step::PutCustomer(id, put) => call(Method::PUT, &format!("/customers/{id}"), put.body()).await,
        Step::DeleteCustomer(id) => call(Method::DELETE, &format!("/customers/{id}"), Value::Null).await,
        Step::PutCertificate(number, put) => call(Method::PUT, &format!("/certificates/{number}"), put.body()).await,
        Step::DeleteCertificate(number) => call(Method::DELETE, &format!("/certificates/{number}"), Value::Null).await,
        Step::PutPartner { partner, takes_photos } => {
            let [name, ..] = partner.identity();
            call(Method::PUT, &format!("/partners/{name}"), partner.body(*takes_photos)).await
        }
        Step::DeletePartner(partner) => {
            let [name, ..] = partner.identity();
            call(Method::DELETE, &format!("/partners/{name}"), Value::Null).await
        }
        Step::ClearJournal => call(Method::DELETE, "/journal", Value::Null).await,
        Step::Reset => call(Method::POST, "/reset", Value::Null).await,
        Step::PutWorld(world) => call(Method::PUT, "/world", world.body(settings)).await,
        Step::PutBack => put_back(service).await,
    }
}

/// Reads the world and puts it back, which changes nothing that can be seen, and no answer. Nobody else may use the
/// service meanwhile.
pub(super) async fn put_back(service: &Service) -> u16 {
    let before = (get(service, "/world").await, customers(service).await, outlook(service).await);
    let (status, answer) = service.control(Method::PUT, "/world", Some(&before.0)).await;
    let after = (get(service, "/world").await, customers(service).await, outlook(service).await);
    assert_eq!(after, before, "a world that was read and put back: {status} {answer}");
    status
}

/// What every customer would be answered with every certificate.
async fn outlook(service: &Service) -> Value {
    let mut outlook = Vec::new();
    for customer in CUSTOMERS {
        for number in CERTIFICATES {
            let told = explain(service, &Application::good(customer, number)).await;
            outlook.push(json!([customer, number, told["response"]["body"]["error_code"], told["outcome"]["rule"]]));
        }
    }
    outlook.into()
}

pub(super) async fn get(service: &Service, path: &str) -> Value {
    let (status, value) = service.control(Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {value}");
    value
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list `{key}` in {value}"))
}

/// Each customer: its ID, partner, whether it is in a partner program, its real-name status, its attempts, the opinion.
pub(super) async fn customers(service: &Service) -> Value {
    let customers = get(service, "/customers").await;
    let keys = ["id", "partner", "partner_program", "real_name", "attempts", "opinion"];
    list(&customers, "customers").iter().map(|it| json!(keys.map(|key| &it[key]))).collect()
}

/// Each certificate that is held, with its holders.
pub(super) async fn holders(service: &Service) -> Value {
    held(&get(service, "/certificates").await)
}

/// The same of what was read before: the certificates, or a world with its certificates.
pub(super) fn held(certificates: &Value) -> Value {
    let held = list(certificates, "certificates").iter().filter(|it| !list(it, "used_by").is_empty());
    held.map(|it| (it["number"].as_str().expect("a number").to_owned(), it["used_by"].clone())).collect()
}

/// The whole journal.
pub(super) async fn journal(service: &Service) -> Value {
    get(service, "/journal?limit=1000000").await
}
