//! The operations of the simulated API.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::application::{application, parameter};
use super::refusal::{of_gateway, responses};
use super::response::{JSON, response_of};
use super::schema::{object, or_null, text, without};
use super::security;
use crate::domain::application::Parameter;
use crate::domain::catalog::{ErrorCode, Review};
use crate::domain::gateway;
use crate::fixture::{Exchange, Library};
use crate::http::X_SIM_SPACE;

pub(super) const TAG: &str = "real-name authentication";

/// The media type of the API's own answers.
const API_JSON: &str = "application/json;charset=UTF-8";

const INDIVIDUAL: &str = "\
This API can be used to submit an individual real-name authentication application.

* This API can be invoked only by the partner account's AK/SK or token.
* To use this API, partners need to enable Upload Photos of Handheld ID Cards Required for Real-Name Authentication.
* Images for real-name authentication must be uploaded to the download directory of the bucket.
* Only individual certificate authentication can be performed using APIs.

All of this is documented; the order of the checks and rules is assumed. Any answer can also be scripted, an error of the \
gateway or a fault of the connection among them.";

/// `POST /v2/customers/realname-auths/individual`.
pub(super) fn individual(generator: &mut SchemaGenerator) -> Value {
    let (request, answer) = example();
    let application = application(generator);
    let mut accepted = response_of("Accepted.", API_JSON, accepted());
    let as_text = json!({ "is_review": answer["is_review"].to_string() });
    accepted["content"][API_JSON]["examples"] = json!({
        "table": { "summary": "As the page's table has it: the default", "value": answer },
        "page": { "summary": "The page's example: with `settings.wire.is_review: string`", "value": as_text },
    });
    let refused = responses(ErrorCode::ALL, gateway::ERRORS, []);
    json!({
        "operationId": "applyIndividualRealnameAuths",
        "tags": [TAG],
        "summary": "Requesting an Individual Real-Name Authentication",
        "description": INDIVIDUAL,
        "parameters": [space()],
        "requestBody": {
            "required": true,
            "content": { JSON: {
                "schema": application,
                "examples": { "page": { "summary": "The page's example", "value": request } },
            } },
        },
        "responses": with(200, accepted, refused),
        "security": security::of_service(),
    })
}

/// `GET /v2/customers/realname-auths/result`.
pub(super) fn result() -> Value {
    let told = response_of("The result. There is none before any application (assumed).", API_JSON, review_result());
    let codes = [
        ErrorCode::NoPartner,
        ErrorCode::NotYourCustomer,
        ErrorCode::ParameterError,
        ErrorCode::AccessDenied,
        ErrorCode::OtherErrors,
    ];
    let customer = json!({
        "name": Parameter::CustomerId.as_str(),
        "in": "query",
        "required": true,
        "description": Parameter::CustomerId.description(),
        "schema": parameter(Parameter::CustomerId),
    });
    json!({
        "operationId": "showRealnameAuthenticationReviewResult",
        "tags": [TAG],
        "summary": "Querying the Real-Name Authentication Review Result",
        "description": "As much of it as the flow needs; what it refuses is assumed.",
        "parameters": [customer, space()],
        "responses": with(200, told, responses(&codes, of_gateway(), [])),
        "security": security::of_service(),
    })
}

/// The header that names a space.
pub(super) fn space() -> Value {
    json!({
        "name": X_SIM_SPACE.as_str(),
        "in": "header",
        "description": "The simulator's own: the space that the request belongs to. Default: that of its credential.",
        "schema": { "type": "string" },
    })
}

/// All responses, by their statuses: when all is well, and else.
pub(super) fn with(status: u16, good: Value, refused: Vec<(u16, Value)>) -> Map<String, Value> {
    let refused = refused.into_iter().map(|(status, response)| (status.to_string(), response));
    std::iter::once((status.to_string(), good)).chain(refused).collect()
}

/// The page's example, with the answer that it gets: the first exchange of the built-in scenario.
fn example() -> (Value, Value) {
    let scenario = Library::builtin().scenario("default").expect("it is built in");
    let Some(Exchange::Request { request, expected, .. }) = scenario.exchanges.first() else {
        return Default::default();
    };
    (json!(request), json!(expected.body))
}

fn accepted() -> Schema {
    let number = |review: &Review| review.number();
    let numbers: Vec<_> = Review::ALL.iter().map(number).collect();
    let words: Vec<_> = numbers.iter().map(u8::to_string).collect();
    object([(
        "is_review",
        json_schema!({
            "description": "Whether to transfer to manual review: 1, or not: 0. The page's table has an integer, and its \
                example text: `settings.wire.is_review` chooses.",
            "oneOf": [{ "type": "integer", "enum": numbers }, { "type": "string", "enum": words }],
        }),
    )])
}

fn review_result() -> Schema {
    let result = json_schema!({
        "type": "integer",
        "description": "0: under review; 1: rejected; 2: passed.",
        "enum": [0, 1, 2],
    });
    without(
        object([
            ("review_result", result),
            ("opinion", or_null(text("The reviewer's opinion, when it was rejected."))),
        ]),
        &["review_result"],
    )
}
