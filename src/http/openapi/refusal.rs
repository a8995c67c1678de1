//! The refusals of the simulated API and of IAM: the rows of the API's catalog and of the gateway's table, by their statuses.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use schemars::{Schema, json_schema};
use serde_json::Value;

use super::operation::{JSON, OperationWriter, header, response};
use crate::domain::catalog::{CheckItem, DocumentedOutcome, ErrorCode};
use crate::domain::gateway::{self, GatewayError};
use crate::fixture::{CatalogRow, catalog};
use crate::http::iam::IamErrorBody;
use crate::http::response::{ErrorBody, GatewayErrorBody};

/// What the gateway may say of a request to any endpoint.
pub const GATEWAY_ERRORS: [&GatewayError; 5] = [
    gateway::BAD_REQUEST,
    gateway::BODY_TOO_LARGE,
    gateway::TARGET_TOO_LARGE,
    gateway::HEADERS_TOO_LARGE,
    gateway::NOT_AUTHENTICATED,
];

/// Adds the refusals of an endpoint: these codes of the API, these errors of the gateway, and what IAM refuses with these
/// statuses in a form of its own.
pub fn write(writer: &mut OperationWriter<'_>, codes: &[ErrorCode], errors: &[&GatewayError], by_iam: &[StatusCode]) {
    let statuses = codes.iter().map(|code| code.status()).chain(errors.iter().map(|error| error.status));
    let statuses: BTreeSet<_> = statuses.chain(by_iam.iter().map(StatusCode::as_u16)).collect();
    for status in statuses {
        let codes: Vec<_> = codes.iter().copied().filter(|code| code.status() == status).collect();
        let errors: Vec<_> = errors.iter().copied().filter(|error| error.status == status).collect();
        let status = StatusCode::from_u16(status).expect("the catalogs hold only HTTP statuses");
        let mut schemas = Vec::new();
        if by_iam.contains(&status) {
            schemas.push(writer.schema::<IamErrorBody<'_>>());
        }
        if !codes.is_empty() {
            schemas.push(by_api(writer.schema::<ErrorBody<'_>>(), &codes));
        }
        if !errors.is_empty() {
            schemas.push(by_gateway(writer.schema::<GatewayErrorBody<'_>>(), &errors));
        }
        let schema = match <[Schema; 1]>::try_from(schemas) {
            Ok([one]) => one,
            Err(several) => json_schema!({ "oneOf": several }),
        };
        let mut response = response(&description(&codes, &errors), JSON, &schema);
        if !errors.is_empty() {
            response["headers"]["Server"] = header("Server");
        }
        if errors.iter().any(|error| error.retry_after.is_some()) {
            response["headers"]["Retry-After"] = header("Retry-After");
        }
        writer.respond(status, response);
    }
}

/// A list of the rows.
fn description(codes: &[ErrorCode], errors: &[&GatewayError]) -> String {
    let is_listed = |row: &CatalogRow| match row.outcome {
        DocumentedOutcome::Refused(code) => codes.contains(&code),
        DocumentedOutcome::Item(_) => codes.contains(&ErrorCode::CheckItemsFailed),
        DocumentedOutcome::Accepted(_) => false,
    };
    let by_api = catalog().into_iter().filter(is_listed).map(line);
    let by_gateway = errors.iter().map(|GatewayError { code, message, .. }| {
        format!("* `{code}` {message} (assumed: from the gateway's own error table)\n")
    });
    let text: String = by_api.chain(by_gateway).collect();
    if text.is_empty() { "IAM refuses (assumed).".to_owned() } else { text }
}

fn line(CatalogRow { outcome, causes, scenario }: CatalogRow) -> String {
    let causes = causes.iter().map(|(check, citation)| format!("`{check}`, {}", citation.basis.as_str()));
    let causes: Vec<_> = causes.collect();
    let scenario = scenario.map(|name| format!("; scenario `{name}`")).unwrap_or_default();
    format!("* `{outcome}` {} ({}{scenario})\n", outcome.text(), causes.join("; "))
}

/// An error of the API with one of these codes. Items come with one code alone.
fn by_api(mut schema: Schema, codes: &[ErrorCode]) -> Schema {
    let code = |code: &ErrorCode| Value::from(code.code());
    schema.ensure_object()["properties"]["error_code"]["enum"] = codes.iter().map(code).collect();
    let failed = ErrorCode::CheckItemsFailed;
    if codes.contains(&failed) {
        let items: Vec<_> = CheckItem::ALL.iter().map(|item| item.code()).collect();
        schema.ensure_object()["properties"]["fail_check_items"]["items"]["enum"] = items.into();
        let with_items = json_schema!({ "properties": { "error_code": { "const": failed.code() } } });
        let dependent = json_schema!({ "fail_check_items": with_items });
        schema.insert("dependentSchemas".to_owned(), dependent.into());
    } else if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.remove("fail_check_items");
    }
    schema
}

/// An error of the gateway with one of these codes.
fn by_gateway(mut schema: Schema, errors: &[&GatewayError]) -> Schema {
    let mut codes: Vec<_> = errors.iter().map(|error| error.code).collect();
    codes.dedup();
    schema.ensure_object()["properties"]["error_code"]["enum"] = codes.into();
    schema
}
