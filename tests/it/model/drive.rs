//! Takes steps in a simulator, and reads its state.

use bss_sim::{Entry, Simulator};
use serde_json::{Value, json};

use super::steps::{Application, CERTIFICATES, CUSTOMERS, PutWorld, Settings, Step};
use super::world::Answer;
use crate::support::{Reply, TestApp, list, text};

/// A simulator with these settings that starts from this world.
pub(super) fn app(settings: Settings, world: &PutWorld) -> TestApp {
    let (entries, bytes) = settings.journal;
    let builder = Simulator::builder().scenario(world.body(settings));
    TestApp::build(builder.journal_entries(entries).journal_bytes(bytes))
}

/// Takes a step. Returns what is answered, and the whole reply to a request of the API.
pub(super) async fn take(app: &TestApp, settings: Settings, step: &Step) -> (Answer, Option<Reply>) {
    let reply = match step {
        Step::Apply(application) => apply(app, application).await,
        Step::Inquire(caller, customer) => {
            let [.., token] = caller.identity();
            let path = format!("/v2/customers/realname-auths/result?customer_id={customer}");
            app.call("GET", &path, &[("x-auth-token", token)], "").await
        }
        _ => return (Answer::of(change(app, settings, step).await), None),
    };
    let mut body = reply.json();
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|name, _| name != "error_msg" && name != "request_id");
    }
    // Another thread may have cleared the journal.
    let rule = reply.try_entry().and_then(Entry::rule).map(str::to_owned);
    (Answer { rule, ..Answer::with(reply.status, body) }, Some(reply))
}

async fn apply(app: &TestApp, application: &Application) -> Reply {
    let [.., token] = application.caller.identity();
    let [method, last] = application.kind.target();
    let headers = [("x-auth-token", token), ("content-type", "application/json")];
    app.call(method, &format!("/v2/customers/realname-auths/{last}"), &headers, application.body().to_string()).await
}

/// Asks what an application would be answered.
pub(super) async fn explain(app: &TestApp, application: &Application) -> Value {
    let [.., token] = application.caller.identity();
    let question = json!({ "as": token, "request": application.body() });
    app.assert_control("POST", "/explain", question, 200).await
}

/// Makes a change by the control API. Returns the status.
async fn change(app: &TestApp, settings: Settings, step: &Step) -> u16 {
    let call = async |method, path: &str, body: Value| app.control(method, path, &body).await.0;
    match step {
        Step::Apply(_) | Step::Inquire(..) => unreachable!("they are requests of the API"),
        Step::Review { customer, approves } => {
            let approval = json!({ "decision": "approve" });
            let rejection = json!({ "decision": "reject", "opinion": "no" });
            let decision = if *approves { approval } else { rejection };
            call("POST", &format!("/customers/{customer}/review"), decision).await
        }
        Step::Advance(minutes) => call("PUT", "/clock", json!({ "advance": format!("{minutes}m") })).await,
        Step::Script(scripted) => call("POST", "/scripted", scripted.body()).await,
        Step::ClearScript => call("DELETE", "/scripted", Value::Null).await,
        Step::PutCustomer(id, put) => call("PUT", &format!("/customers/{id}"), put.body()).await,
        Step::DeleteCustomer(id) => call("DELETE", &format!("/customers/{id}"), Value::Null).await,
        Step::PutCertificate(number, put) => call("PUT", &format!("/certificates/{number}"), put.body()).await,
        Step::DeleteCertificate(number) => call("DELETE", &format!("/certificates/{number}"), Value::Null).await,
        Step::PutPartner { partner, takes_photos } => {
            let [name, ..] = partner.identity();
            call("PUT", &format!("/partners/{name}"), partner.body(*takes_photos)).await
        }
        Step::DeletePartner(partner) => {
            let [name, ..] = partner.identity();
            call("DELETE", &format!("/partners/{name}"), Value::Null).await
        }
        Step::ClearJournal => call("DELETE", "/journal", Value::Null).await,
        Step::Reset => call("POST", "/reset", Value::Null).await,
        Step::PutWorld(world) => call("PUT", "/world", world.body(settings)).await,
        Step::PutBack => put_back(app).await,
    }
}

/// Reads the world and puts it back, and asserts that this changes no state and no answer. No other thread may use the
/// simulator meanwhile.
pub(super) async fn put_back(app: &TestApp) -> u16 {
    let before = (app.get("/world").await, customers(app).await, outlook(app).await);
    let (status, answer) = app.put("/world", &before.0).await;
    let after = (app.get("/world").await, customers(app).await, outlook(app).await);
    assert_eq!(after, before, "a world that was read and put back: {status} {answer}");
    status
}

/// What every customer would be answered with every certificate.
async fn outlook(app: &TestApp) -> Value {
    let mut outlook = Vec::new();
    for customer in CUSTOMERS {
        for number in CERTIFICATES {
            let explanation = explain(app, &Application::good(customer, number)).await;
            outlook.push(json!([
                customer,
                number,
                explanation["response"]["body"]["error_code"],
                explanation["outcome"]["rule"]
            ]));
        }
    }
    outlook.into()
}

/// Each customer: its ID, partner, whether it is in a partner program, its real-name status, its attempts, the opinion, its
/// type, its name, the name that it applies for, and whether that is a change.
pub(super) async fn customers(app: &TestApp) -> Value {
    let customers = app.get("/customers").await;
    let keys = [
        "id",
        "partner",
        "partner_program",
        "real_name",
        "attempts",
        "opinion",
        "customer_type",
        "name",
        "applied_name",
        "change",
    ];
    list(&customers, "customers").iter().map(|it| json!(keys.map(|key| &it[key]))).collect()
}

/// Each certificate that is held, with its holders.
pub(super) async fn holders(app: &TestApp) -> Value {
    held(&app.get("/certificates").await)
}

/// The same of what was read before: the certificates, or a world with its certificates.
pub(super) fn held(certificates: &Value) -> Value {
    let held = list(certificates, "certificates").iter().filter(|it| !list(it, "used_by").is_empty());
    held.map(|it| (text(&it["number"]).to_owned(), it["used_by"].clone())).collect()
}

/// The whole journal.
pub(super) async fn journal(app: &TestApp) -> Value {
    app.get("/journal?limit=1000000").await
}
