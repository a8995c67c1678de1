//! The operations of the simulated API and of IAM, from the tables and the types that answer their requests.

use axum::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use strum::VariantArray;

use super::operation::{JSON, OperationWriter, header, op, response};
use super::refusal::{GATEWAY_ERRORS, Refusals};
use crate::domain::application::Parameter;
use crate::domain::bucket::PictureKind;
use crate::domain::catalog::{ErrorCode, Review};
use crate::domain::certificate::{CERTIFICATE_TYPES, CertificateType};
use crate::domain::gateway;
use crate::domain::settings::Contract;
use crate::fixture::{Exchange, Library};
use crate::http::iam::{DomainsBody, TokenBody, TokenRequest};
use crate::http::response::ReviewResultBody;
use crate::http::{X_SIM_SPACE, bss, iam};

pub(super) const BSS_TAG: &str = "real-name authentication";

pub(super) const IAM_TAG: &str = "IAM";

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

/// The operations, each with its path and its method.
pub(super) fn operations(generator: &mut SchemaGenerator) -> [(&'static str, &'static str, Value); 4] {
    let refusals = Refusals::new();
    [
        (bss::INDIVIDUAL, "post", individual(generator, &refusals)),
        (bss::REVIEW_RESULT, "get", review_result(generator, &refusals)),
        (iam::DOMAINS, "get", domains(generator, &refusals)),
        (iam::TOKENS, "post", tokens(generator, &refusals)),
    ]
}

fn individual(generator: &mut SchemaGenerator, refusals: &Refusals) -> Value {
    let operation = op("applyIndividualRealnameAuths", "Requesting an Individual Real-Name Authentication");
    let mut writer = OperationWriter::new(generator, operation.description(INDIVIDUAL));
    space(&mut writer);
    let (request, answer) = example();
    let schema = writer.schema::<ApplicationSchema>();
    writer.request_body(&[JSON], true, &schema, &[&request.to_string()]);
    let mut accepted = response("Accepted.", API_JSON, &accepted());
    let as_text = json!({ "is_review": answer["is_review"].to_string() });
    accepted["content"][API_JSON]["examples"] = json!({
        "table": { "summary": "As the page's table has it: the default", "value": answer },
        "page": { "summary": "The page's example: with `settings.wire.is_review: string`", "value": as_text },
    });
    writer.respond(StatusCode::OK, accepted);
    refusals.write(&mut writer, ErrorCode::ALL, &gateway::ERRORS);
    writer.finish(BSS_TAG, &by_credentials())
}

fn review_result(generator: &mut SchemaGenerator, refusals: &Refusals) -> Value {
    let operation = op("showRealnameAuthenticationReviewResult", "Querying the Real-Name Authentication Review Result");
    let operation = operation.description("As much of it as the flow needs; what it refuses is assumed.");
    let mut writer = OperationWriter::new(generator, operation);
    writer.parameter(
        "query",
        Parameter::CustomerId.as_str(),
        Parameter::CustomerId.description(),
        &parameter(Parameter::CustomerId).into(),
    );
    space(&mut writer);
    writer.response::<ReviewResultBody>(StatusCode::OK, API_JSON);
    let codes = [
        ErrorCode::NoPartner,
        ErrorCode::NotYourCustomer,
        ErrorCode::ParameterError,
        ErrorCode::AccessDenied,
        ErrorCode::OtherErrors,
    ];
    refusals.write(&mut writer, &codes, &GATEWAY_ERRORS);
    writer.finish(BSS_TAG, &by_credentials())
}

fn domains(generator: &mut SchemaGenerator, refusals: &Refusals) -> Value {
    let operation = op("keystoneListAuthDomains", "The accounts that a credential belongs to");
    let operation = operation.description("An SDK that is given a region and no domain ID asks this first.");
    let mut writer = OperationWriter::new(generator, operation);
    space(&mut writer);
    writer.response::<DomainsBody>(StatusCode::OK, JSON);
    refusals.write_iam(&mut writer, &[StatusCode::UNAUTHORIZED]);
    writer.finish(IAM_TAG, &by_credentials())
}

fn tokens(generator: &mut SchemaGenerator, refusals: &Refusals) -> Value {
    let id = "keystoneCreateUserTokenByPassword";
    let operation = op(id, "A token for a user's name and password, good for 24 hours");
    let mut writer = OperationWriter::new(generator, operation);
    space(&mut writer);
    let schema = writer.schema::<TokenRequest>();
    writer.request_body(&[JSON], true, &schema, &[TokenRequest::EXAMPLE]);
    let token = writer.schema::<TokenBody>();
    let mut created = response("The token, in `X-Subject-Token`, and what it is for.", JSON, &token);
    created["headers"]["X-Subject-Token"] = header("X-Subject-Token");
    writer.respond(StatusCode::CREATED, created);
    refusals.write_iam(&mut writer, &[StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED]);
    writer.finish(IAM_TAG, &json!([]))
}

/// The security of an endpoint that a caller's token or signature opens.
fn by_credentials() -> Value {
    json!([{ "token": [] }, { "signature": [] }])
}

/// The header that names a space.
fn space(writer: &mut OperationWriter<'_>) {
    let description = "The simulator's own: the space that the request belongs to. Default: that of its credential.";
    writer.parameter("header", X_SIM_SPACE.as_str(), description, &json!({ "type": "string" }));
}

/// The page's example, with the answer that it gets: the first exchange of the built-in scenario.
fn example() -> (Value, Value) {
    let scenario = Library::builtin().scenario("default").expect("the scenario is built in");
    let Some(Exchange::Request { request, expected, .. }) = scenario.exchanges.first() else {
        return Default::default();
    };
    (json!(request), json!(expected.body))
}

fn accepted() -> Schema {
    let numbers: Vec<_> = Review::ALL.iter().map(|review| review.number()).collect();
    let words: Vec<_> = numbers.iter().map(u8::to_string).collect();
    json_schema!({
        "type": "object",
        "properties": { "is_review": {
            "description": "Whether to transfer to manual review: 1, or not: 0. The page's table has an integer, and its \
                example text: `settings.wire.is_review` chooses.",
            "oneOf": [{ "type": "integer", "enum": numbers }, { "type": "string", "enum": words }],
        } },
        "required": ["is_review"],
    })
}

/// What a path in a bucket is never like: absolute, with a backslash or with control characters.
const PATH: &str = r"^[^/\\\u0000-\u001f\u007f][^\\\u0000-\u001f\u007f]*$";

const APPLICATION: &str = "\
An application. Assumed, for the page does not say: `null`, empty texts, other JSON types, numbers like `1.0` or beyond 32 \
bits and repeated fields are refused with `CBC.0100`; fields that are not listed are ignored.";

const PICTURES: &str = "\
Assumed: as many entries as the certificate type has pictures, each a relative path without `.` and `..`. The page's \"a \
maximum of 4 characters\" is taken for entries.";

/// The body of an application, as the domain's tables describe it.
struct ApplicationSchema;

impl JsonSchema for ApplicationSchema {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Application".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let parameters = Parameter::VARIANTS.iter();
        let properties: Map<_, _> =
            parameters.clone().map(|each| (each.as_str().to_owned(), parameter(*each).into())).collect();
        let required = parameters.filter(|each| **each != Parameter::ChangeType).map(|each| each.as_str());
        let counts = [2, 3].map(|count| {
            let types = CERTIFICATE_TYPES.iter().filter(|row| row.pictures.len() == count);
            json!({ "properties": {
                Parameter::VerifiedType.as_str(): { "enum": types.map(|row| row.number).collect::<Vec<_>>() },
                Parameter::VerifiedFileUrl.as_str(): { "minItems": count, "maxItems": count },
            } })
        });
        json_schema!({
            "type": "object",
            "description": APPLICATION,
            "properties": properties,
            "required": required.collect::<Vec<_>>(),
            "oneOf": counts,
        })
    }
}

fn parameter(parameter: Parameter) -> Schema {
    let (description, max) = (parameter.description(), parameter.max_length());
    match parameter {
        Parameter::CustomerId | Parameter::Name | Parameter::VerifiedNumber | Parameter::XaccountType => {
            json_schema!({ "type": "string", "description": description, "minLength": 1, "maxLength": max })
        }
        Parameter::VerifiedFileUrl => json_schema!({
            "type": "array",
            "description": format!("{description} {PICTURES}"),
            "items": { "type": "string", "minLength": 1, "pattern": PATH },
            "maxItems": max,
        }),
        Parameter::IdentifyType => json_schema!({ "type": "integer", "description": description, "enum": [0] }),
        Parameter::ChangeType => json_schema!({ "type": "integer", "description": description, "enum": [-1] }),
        Parameter::VerifiedType => json_schema!({
            "type": "integer",
            "description": format!("{description}\n\n{}", CERTIFICATE_TYPES.iter().map(certificate).collect::<String>()),
            "enum": CERTIFICATE_TYPES.iter().map(|row| Value::from(row.number)).collect::<Vec<_>>(),
        }),
    }
}

/// A line of the list of certificate types.
fn certificate(row: &CertificateType) -> String {
    let pictures: Vec<_> = row.pictures.iter().map(PictureKind::to_string).collect();
    let basis = row.citation().basis.as_str();
    let edition = if row.editions.contains(&Contract::January2026) { "" } else { "; not with `contract: \"2026-01\"`" };
    format!("* {}: {}. Pictures: {} ({basis}{edition})\n", row.number, row.name, pictures.join(", "))
}
