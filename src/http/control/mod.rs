//! The simulator's own API, below `/_sim`. JSON in and out: each body is a type of its own, which the document of OpenAPI is
//! made from. A route is a line here: its path, its handler and its description. What every call passes is here, too.

mod accounts;
mod catalog;
mod check;
mod console;
mod entry;
mod error;
mod expectation;
mod explain;
mod extract;
mod guard;
mod har;
mod journal;
mod scenarios;
mod scripted;
mod service;
mod spaces;
mod verify;

use std::panic::resume_unwind;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{any, get};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tower_http::catch_panic::CatchPanicLayer;
use uuid::Uuid;

pub use catalog::{Coverage, CoveredOutcome};
pub use console::{CONSOLE_PATH, ConsoleRedirect};
pub use entry::EntryBody;
pub use expectation::Expectation;
pub(crate) use expectation::{Conditions, Field, Order};
pub use explain::explain;
pub use journal::{entry, journal};
pub use verify::{NotVerified, verify, verify_within};

use self::extract::read_call;
use super::App;
use super::openapi::{ApiRouter, op};
use super::response::{X_REQUEST_ID, request_id_header};
use error::{CONFLICT, ControlError, FORBIDDEN, INTERNAL, MALFORMED, NOT_FOUND, UNAUTHORIZED};

const INDEX_PATH: &str = "/_sim";
const CA_PATH: &str = "/_sim/tls/ca.pem";
const JOURNAL_PATH: &str = "/_sim/journal";
const METRICS_PATH: &str = "/_sim/metrics";
const CODES_PATH: &str = "/_sim/verification-codes";
const CHECK_PATH: &str = "/_sim/check";
const EXPLAIN_PATH: &str = "/_sim/explain";
const VERIFY_PATH: &str = "/_sim/verify";

const HEALTH: &str = "Needs no control token. A server that answers at all is both alive and ready.";

const CUSTOMER: &str = "The account ID of the customer.";
const PARTNER: &str = "The name of the partner.";
const CERTIFICATE: &str = "The certificate number.";
const SPACE: &str = "The ID of the space.";

/// The routes that every client may call.
#[rustfmt::skip]
fn open_routes() -> ApiRouter {
    ApiRouter::new(false, &[INTERNAL])
        .get("/_sim/livez", service::get_health, op("getLiveness", "Whether the simulator runs").description(HEALTH))
        .get("/_sim/readyz", service::get_health,
            op("getReadiness", "Whether the simulator is ready").description(HEALTH))
        .get(CA_PATH, service::get_ca,
            op("getCa", "The CA that clients have to trust, where the simulator makes its own certificates")
                .text("The CA's certificate.", service::PEM).error(NOT_FOUND))
}

/// The routes that only some clients may call: `guard` says which.
#[rustfmt::skip]
fn guarded_routes() -> ApiRouter {
    ApiRouter::new(true, &[INTERNAL, UNAUTHORIZED, FORBIDDEN, MALFORMED])
        .get(INDEX_PATH, service::get_index, op("getIndex", "What this is, and every call"))
        .get("/_sim/catalog", catalog::list,
            op("listOutcomes", "Every documented outcome, with all ways to get it now"))
        .get("/_sim/certificates", accounts::list_certificates, op("listCertificates", "The certificates of a space"))
        .get("/_sim/certificates/{number}", accounts::get_certificate,
            op("getCertificate", "One certificate").parameter(CERTIFICATE))
        .put("/_sim/certificates/{number}", accounts::put_certificate,
            op("putCertificate", "Creates or replaces a certificate").parameter(CERTIFICATE))
        .delete("/_sim/certificates/{number}", accounts::delete_certificate,
            op("deleteCertificate", "Deletes a certificate").parameter(CERTIFICATE))
        .post(CHECK_PATH, check::post, op("checkScenario", "What is wrong with the text of a scenario file, and whether \
                its exchanges get what they expect")
                .description("The body is the text, whatever its Content-Type says. Nothing of the simulator changes."))
        .get("/_sim/clock", spaces::get_clock, op("getClock", "The time of a space"))
        .put("/_sim/clock", spaces::put_clock,
            op("changeClock", "Puts the clock of a space forward, stops it, sets it, or gives it back to the machine")
                .description("Expiry of tokens, reviews and journal times follow it; the date of a signature does not."))
        .get("/_sim/coverage", catalog::get_coverage,
            op("getCoverage", "Which documented outcomes the applications of a space got")
                .description("Since the space was created: a reset and clearing the journal do not change it."))
        .get("/_sim/customers", accounts::list_customers, op("listCustomers", "The customers of a space"))
        .get("/_sim/customers/{id}", accounts::get_customer, op("getCustomer", "One customer").parameter(CUSTOMER))
        .put("/_sim/customers/{id}", accounts::put_customer,
            op("putCustomer", "Creates or replaces a customer").parameter(CUSTOMER).error(CONFLICT))
        .delete("/_sim/customers/{id}", accounts::delete_customer,
            op("deleteCustomer", "Deletes a customer").parameter(CUSTOMER))
        .post("/_sim/customers/{id}/review", accounts::review_customer,
            op("reviewCustomer", "Decides the review that a customer is under")
                .parameter(CUSTOMER).error(CONFLICT))
        .post(EXPLAIN_PATH, explain::post, op("explain", "The answer that a request would get now, and why")
                .description("Nothing changes, and nothing is counted or recorded. `Accept: text/plain` asks for text.")
                .error(CONFLICT))
        .get("/_sim/journal", journal::list,
            op("listEntries", "What was asked and answered in a space"))
        .delete("/_sim/journal", journal::delete, op("clearJournal", "Forgets all entries of a space"))
        .get("/_sim/journal/stream", journal::follow, op("followJournal", "Follows the journal of a space")
                .description("Server-sent events, until the simulator ends: `entry` with an entry in JSON; `missed` with a \
                    number, when entries came too fast; `cleared`, when the journal was emptied; `reset`, when the space \
                    has begun again.")
                .text("The events.", "text/event-stream"))
        .get("/_sim/journal/{request_id}", journal::get, op("getEntry", "What was asked and answered, and why")
                .description("`Accept: text/plain` asks for the explanation as text, `view=exchange` for an exchange in YAML.")
                .parameter("The `X-Request-Id` of the answer.").error(CONFLICT))
        .get(METRICS_PATH, service::get_metrics, op("getMetrics", "What happened so far, for Prometheus")
                .text("The metrics.", service::OPEN_METRICS))
        .get("/_sim/openapi.json", service::get_openapi, op("getDocument", "This document"))
        .get("/_sim/partners", accounts::list_partners, op("listPartners", "The partners of a space"))
        .get("/_sim/partners/{name}", accounts::get_partner, op("getPartner", "One partner").parameter(PARTNER))
        .put("/_sim/partners/{name}", accounts::put_partner,
            op("putPartner", "Creates or replaces a partner").parameter(PARTNER).error(CONFLICT))
        .delete("/_sim/partners/{name}", accounts::delete_partner,
            op("deletePartner", "Deletes a partner").parameter(PARTNER).error(CONFLICT))
        .post("/_sim/reload", scenarios::reload, op("reloadScenarios", "Reads the scenario files again")
                .description("What is right in them takes effect, file by file. The default space begins again if its \
                    scenario has changed; other spaces go on as they are."))
        .post("/_sim/reset", spaces::reset, op("resetSpace", "Takes a space back to its beginning"))
        .get("/_sim/scenarios", scenarios::list, op("listScenarios", "The scenarios that spaces can start from"))
        .get("/_sim/scenarios/{name}", scenarios::get,
            op("getScenario", "One scenario, with its file").parameter("The name of the scenario."))
        .get("/_sim/schema/fixture.json", scenarios::get_schema,
            op("getScenarioSchema", "The JSON Schema of scenario files, of draft 2020-12"))
        .get("/_sim/scripted", scripted::list, op("listScripted", "The answers fixed beforehand, with the uses left"))
        .post("/_sim/scripted", scripted::create,
            op("addScripted", "Fixes answers beforehand, behind those that there are").error(CONFLICT))
        .delete("/_sim/scripted", scripted::clear, op("clearScripted", "Takes back all answers fixed beforehand"))
        .delete("/_sim/scripted/{place}", scripted::delete,
            op("deleteScripted", "Takes back one answer fixed beforehand").parameter("Its place in the list."))
        .get("/_sim/spaces", spaces::list, op("listSpaces", "The spaces that there are"))
        .post("/_sim/spaces", spaces::create,
            op("createSpace", "Creates an isolated world, with fresh credentials for its partners")
                .description("A client that calls with them is in that space: it needs no header. Without a body the \
                    space starts from the scenario `default`.")
                .error(NOT_FOUND))
        .get("/_sim/spaces/{id}", spaces::get,
            op("getSpace", "What a client needs in order to call in a space").parameter(SPACE))
        .put("/_sim/spaces/{id}", spaces::put, op("changeSpace", "Gives a space a label, or takes it away")
                .parameter(SPACE))
        .delete("/_sim/spaces/{id}", spaces::delete, op("deleteSpace", "Deletes a space; the default one stays")
                .parameter(SPACE).error(CONFLICT))
        .get(CODES_PATH, accounts::list_codes,
            op("listVerificationCodes", "The verification codes that were sent to mail addresses, and not used"))
        .post(VERIFY_PATH, verify::post, op("verify", "Whether the journal has what a test expects")
                .description("With `within` it waits for that. `Accept: text/plain` asks for text."))
        .get("/_sim/world", spaces::get_world, op("getWorld", "All of a space, as a scenario"))
        .put("/_sim/world", spaces::put_world, op("replaceWorld", "Makes a space begin again from a scenario"))
}

/// The routes of the control API, which answer every path below `/_sim`.
pub fn routes(app: &Arc<App>) -> Router {
    calls(app).layer(middleware::map_response(with_request_id)).with_state(Arc::clone(app))
}

/// The routes of the control API, which answer every path.
pub fn all_routes(app: &Arc<App>) -> Router {
    let calls = calls(app).fallback(error::unknown_path);
    calls.layer(middleware::map_response(with_request_id)).with_state(Arc::clone(app))
}

fn calls(app: &Arc<App>) -> Router<Arc<App>> {
    let guarded = (guarded_routes().router)
        .route("/_sim/", get(service::get_index))
        .method_not_allowed_fallback(error::unknown_method)
        .route("/_sim/{*unknown}", any(error::unknown_route))
        .layer(middleware::from_fn_with_state(Arc::clone(app), note_change))
        .layer(middleware::from_fn_with_state(Arc::clone(app), call_off_workers))
        .layer(middleware::from_fn(check_query))
        .layer(middleware::from_fn_with_state(Arc::clone(app), guard::guard));
    // The files hold no data, so that they need no token: the console shows it when it asks for data.
    let console = if app.control.no_console { Router::new() } else { console::routes() };
    let console = (console.method_not_allowed_fallback(error::unknown_method))
        .layer(middleware::from_fn_with_state(Arc::clone(app), guard::guard_files));
    guarded
        .merge(console)
        .merge(open_routes().router.method_not_allowed_fallback(error::unknown_method))
        .layer(CatchPanicLayer::custom(error::panicked))
}

/// The lists of which a part can be asked for.
const FILTERED_PATHS: [&str; 3] = ["/_sim/certificates", "/_sim/customers", CODES_PATH];

/// Refuses a parameter of the query that no call knows: a call with a misspelt `space` would be about the default one. The
/// calls of the journal and of some lists have more parameters, and refuse others themselves; Prometheus may send any.
async fn check_query(request: Request, next: Next) -> Result<Response, ControlError> {
    let (method, path) = (request.method(), request.uri().path());
    let is_journal = path.strip_prefix(JOURNAL_PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let knows_more = is_journal || FILTERED_PATHS.contains(&path);
    let is_read = [Method::GET, Method::HEAD].contains(method);
    let has_others = (is_read && knows_more) || path == METRICS_PATH;
    let query = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let Query(parameters) = query.map_err(|rejection| ControlError::malformed(rejection.body_text()))?;
    match parameters.iter().find(|(name, _)| !has_others && name != "space") {
        Some((name, _)) => {
            let error = ControlError::malformed(format!("unknown parameter `{name}`: the call knows `space`"));
            Err(guard::refuse(error, request).await)
        }
        None if path != METRICS_PATH && parameters.iter().filter(|(name, _)| name == "space").count() > 1 => {
            let error = ControlError::malformed("the parameter `space` is given twice");
            Err(guard::refuse(error, request).await)
        }
        None => Ok(next.run(request).await),
    }
}

/// Notes after each call that may have changed something that there is something to keep. The client may have left by then:
/// this runs where the call runs.
async fn note_change(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let may_change = !request.method().is_safe();
    let response = next.run(request).await;
    if may_change {
        app.spaces.shared.changes.note();
    }
    response
}

/// Gives every answer a request ID, as the simulated API does.
async fn with_request_id(mut response: Response) -> Response {
    set_request_id(&mut response);
    response
}

fn set_request_id(response: &mut Response) {
    response.headers_mut().insert(X_REQUEST_ID, request_id_header(&Uuid::new_v4().simple().to_string()));
}

/// The calls that may wait for something: an entry, an answer that is held back, a bucket. They take a thread only while they
/// work.
const WAITING: [&str; 3] = [CHECK_PATH, EXPLAIN_PATH, VERIFY_PATH];

/// Runs a call on a thread for blocking work, once its body has come. Some calls take long, and the workers of the runtime
/// answer other requests meanwhile. A few run at the same time; others wait.
async fn call_off_workers(State(app): State<Arc<App>>, request: Request, next: Next) -> Result<Response, ControlError> {
    let (parts, body) = request.into_parts();
    let waits = WAITING.contains(&parts.uri.path());
    let body = read_call(&parts.headers, body).await?;
    let call = next.run(Request::from_parts(parts, body.into()));
    if waits {
        return Ok(call.await);
    }
    let runtime = Handle::current();
    Ok(off_workers(&app, move || runtime.block_on(call)).await)
}

/// Runs some work on a thread for blocking work.
async fn off_workers<T: Send + 'static>(app: &App, work: impl FnOnce() -> T + Send + 'static) -> T {
    let permit = Arc::clone(&app.calls).acquire_owned().await.expect("the semaphore is never closed");
    let worked = spawn_blocking(move || {
        // Also a call whose client has left keeps its permit to its end.
        let _permit = permit;
        work()
    });
    worked.await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}
