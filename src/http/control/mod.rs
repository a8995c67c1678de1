//! The simulator's own API, below `/_sim`. JSON in and out: each body is a type of its own, which the document of OpenAPI is
//! made from. A route is a line here: its path, its handler and its description.

mod accounts;
mod catalog;
mod entry;
mod error;
mod explain;
mod extract;
mod fixture_shape;
mod journal;
mod scenarios;
mod scripted;
mod service;
mod spaces;
mod verify;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tower_http::catch_panic::CatchPanicLayer;
use uuid::Uuid;

pub use entry::{ChangeView, CheckView, EntryBody, Explanation};
pub use explain::explain;
pub use journal::{entry, journal};
pub use verify::{NotVerified, Verified, verify};

use super::openapi::{ApiRouter, Operation};
use super::{App, X_REQUEST_ID, request_id_header};
use crate::domain::credentials::Secret;
use error::{CONFLICT, ControlError, NOT_FOUND};

/// The settings of the control API.
#[derive(Clone, Debug, Default)]
pub struct ControlSettings {
    /// What every call has to show, but for the health checks and that for the CA; `None` if the API is open.
    pub token: Option<Secret>,
    /// Names and certificate numbers are shown in the journal.
    pub show_personal_data: bool,
    /// The certificate of the CA that clients have to trust, as PEM; `None` if the simulator has no CA of its own.
    pub ca: Option<Arc<str>>,
}

const CA_PATH: &str = "/_sim/tls/ca.pem";

const HEALTH: &str = "Needs no control token. A server that answers at all is both alive and ready.";

const CUSTOMER: &str = "The account ID of the customer.";
const PARTNER: &str = "The name of the partner.";
const CERTIFICATE: &str = "The certificate number.";
const SPACE: &str = "The ID of the space.";

/// The routes that need no control token.
#[rustfmt::skip]
fn open_routes() -> ApiRouter {
    ApiRouter::default()
        .route(Method::GET, "/_sim/livez", service::get_health,
            Operation::new("getLiveness", "Whether the simulator runs").description(HEALTH))
        .route(Method::GET, "/_sim/readyz", service::get_health,
            Operation::new("getReadiness", "Whether the simulator is ready").description(HEALTH))
        .route(Method::GET, CA_PATH, service::get_ca,
            Operation::new("getCa", "The CA that clients have to trust, where the simulator makes its own certificates"))
}

/// The routes that need the control token, if there is one.
#[rustfmt::skip]
fn guarded_routes() -> ApiRouter {
    ApiRouter::default()
        .route(Method::GET, "/_sim", service::get_index,
            Operation::new("getIndex", "What this is, and where to go"))
        .route(Method::GET, "/_sim/catalog", catalog::list,
            Operation::new("listOutcomes", "Every documented outcome, with all ways to get it now"))
        .route(Method::GET, "/_sim/certificates", accounts::list_certificates,
            Operation::new("listCertificates", "The certificates of a space"))
        .route(Method::GET, "/_sim/certificates/{number}", accounts::get_certificate,
            Operation::new("getCertificate", "One certificate").path_parameter(CERTIFICATE))
        .route(Method::PUT, "/_sim/certificates/{number}", accounts::put_certificate,
            Operation::new("putCertificate", "Creates or replaces a certificate").path_parameter(CERTIFICATE))
        .route(Method::DELETE, "/_sim/certificates/{number}", accounts::delete_certificate,
            Operation::new("deleteCertificate", "Deletes a certificate").path_parameter(CERTIFICATE))
        .route(Method::GET, "/_sim/clock", spaces::get_clock,
            Operation::new("getClock", "The time of a space"))
        .route(Method::PUT, "/_sim/clock", spaces::put_clock,
            Operation::new("changeClock", "Puts the clock of a space forward, stops it, sets it, or gives it back to the machine")
                .description("Expiry of tokens, reviews and journal times follow it; the date of a signature does not."))
        .route(Method::GET, "/_sim/customers", accounts::list_customers,
            Operation::new("listCustomers", "The customers of a space"))
        .route(Method::GET, "/_sim/customers/{id}", accounts::get_customer,
            Operation::new("getCustomer", "One customer").path_parameter(CUSTOMER))
        .route(Method::PUT, "/_sim/customers/{id}", accounts::put_customer,
            Operation::new("putCustomer", "Creates or replaces a customer").path_parameter(CUSTOMER).refusals(&[CONFLICT]))
        .route(Method::DELETE, "/_sim/customers/{id}", accounts::delete_customer,
            Operation::new("deleteCustomer", "Deletes a customer").path_parameter(CUSTOMER))
        .route(Method::POST, "/_sim/customers/{id}/review", accounts::review_customer,
            Operation::new("reviewCustomer", "Decides the review that a customer is under")
                .path_parameter(CUSTOMER).refusals(&[CONFLICT]))
        .route(Method::POST, "/_sim/explain", explain::post,
            Operation::new("explain", "The answer that a request would get now, and why")
                .description("Nothing changes, and nothing is counted or recorded."))
        .route(Method::GET, "/_sim/journal", journal::list,
            Operation::new("listEntries", "What was asked and answered in a space, from the oldest on"))
        .route(Method::DELETE, "/_sim/journal", journal::delete,
            Operation::new("clearJournal", "Forgets all entries of a space"))
        .route(Method::GET, "/_sim/journal/stream", journal::stream,
            Operation::new("followJournal", "Follows the journal of a space")
                .description("Server-sent events, until the simulator ends: `entry` with an entry in JSON; `missed` with a \
                    number, when entries came too fast; `reset`, when the space has begun again."))
        .route(Method::GET, "/_sim/journal/{request_id}", journal::get,
            Operation::new("getEntry", "What was asked and answered, and why")
                .path_parameter("The `X-Request-Id` of the answer."))
        .route(Method::GET, "/_sim/metrics", service::get_metrics,
            Operation::new("getMetrics", "What happened so far, for Prometheus"))
        .route(Method::GET, "/_sim/openapi.json", service::get_openapi,
            Operation::new("getDocument", "This document"))
        .route(Method::GET, "/_sim/partners", accounts::list_partners,
            Operation::new("listPartners", "The partners of a space"))
        .route(Method::GET, "/_sim/partners/{name}", accounts::get_partner,
            Operation::new("getPartner", "One partner").path_parameter(PARTNER))
        .route(Method::PUT, "/_sim/partners/{name}", accounts::put_partner,
            Operation::new("putPartner", "Creates or replaces a partner").path_parameter(PARTNER).refusals(&[CONFLICT]))
        .route(Method::DELETE, "/_sim/partners/{name}", accounts::delete_partner,
            Operation::new("deletePartner", "Deletes a partner").path_parameter(PARTNER).refusals(&[CONFLICT]))
        .route(Method::POST, "/_sim/reload", scenarios::reload,
            Operation::new("reloadScenarios", "Reads the scenario files again")
                .description("What is right in them takes effect, file by file. The default space begins again if its \
                    scenario has changed; other spaces go on as they are."))
        .route(Method::POST, "/_sim/reset", spaces::reset,
            Operation::new("resetSpace", "Takes a space back to its beginning"))
        .route(Method::GET, "/_sim/scenarios", scenarios::list,
            Operation::new("listScenarios", "The scenarios that spaces can start from"))
        .route(Method::GET, "/_sim/scenarios/{name}", scenarios::get,
            Operation::new("getScenario", "One scenario, with its file").path_parameter("The name of the scenario."))
        .route(Method::GET, "/_sim/schema/fixture.json", scenarios::get_schema,
            Operation::new("getScenarioSchema", "The JSON Schema of scenario files, of draft 2020-12"))
        .route(Method::GET, "/_sim/scripted", scripted::list,
            Operation::new("listScripted", "The answers fixed beforehand, with the uses left"))
        .route(Method::POST, "/_sim/scripted", scripted::create,
            Operation::new("addScripted", "Fixes answers beforehand, behind those that there are").refusals(&[CONFLICT]))
        .route(Method::DELETE, "/_sim/scripted", scripted::delete,
            Operation::new("clearScripted", "Takes back all answers fixed beforehand"))
        .route(Method::GET, "/_sim/spaces", spaces::list,
            Operation::new("listSpaces", "The spaces that there are"))
        .route(Method::POST, "/_sim/spaces", spaces::create,
            Operation::new("createSpace", "Creates an isolated world, with fresh credentials for its partners")
                .description("A client that calls with them is in that space: it needs no header. Without a body the \
                    space starts from the scenario `default`.")
                .refusals(&[NOT_FOUND]))
        .route(Method::GET, "/_sim/spaces/{id}", spaces::get,
            Operation::new("getSpace", "What a client needs in order to call in a space").path_parameter(SPACE))
        .route(Method::DELETE, "/_sim/spaces/{id}", spaces::delete,
            Operation::new("deleteSpace", "Deletes a space; the default one stays")
                .path_parameter(SPACE).refusals(&[CONFLICT]))
        .route(Method::POST, "/_sim/verify", verify::post,
            Operation::new("verify", "Whether the journal has what a test expects"))
        .route(Method::GET, "/_sim/world", spaces::get_world,
            Operation::new("getWorld", "All of a space, as a scenario"))
        .route(Method::PUT, "/_sim/world", spaces::put_world,
            Operation::new("replaceWorld", "Makes a space begin again from a scenario"))
}

/// The routes of the control API, which answer every path below `/_sim`.
pub(super) fn routes(app: &Arc<App>) -> Router {
    let guarded = (guarded_routes().router)
        .method_not_allowed_fallback(error::unknown_method)
        .route("/_sim/", any(error::unknown_route))
        .route("/_sim/{*unknown}", any(error::unknown_route))
        .layer(middleware::from_fn_with_state(Arc::clone(app), guard));
    guarded
        .merge(open_routes().router)
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::map_response(set_request_id))
        .with_state(Arc::clone(app))
}

/// Refuses calls that do not show the token, if there is one.
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    match &app.control.token {
        Some(token) if !shown.is_some_and(|shown| token.matches(shown)) => ControlError::unauthorized().into_response(),
        _ => next.run(request).await,
    }
}

/// Gives every answer a request ID, as the simulated API does.
async fn set_request_id(mut response: Response) -> Response {
    response.headers_mut().insert(X_REQUEST_ID, request_id_header(&Uuid::new_v4().simple().to_string()));
    response
}
