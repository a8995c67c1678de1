//! Refusals of the simulated service: the rows of the API's catalog and of the gateway's table, by their statuses.

use std::collections::BTreeMap;
use std::fmt::Write;

use schemars::{Schema, json_schema};
use serde_json::Value;

use super::response::{JSON, header, response_of};
use super::schema::{array, object, pattern, text, without, word};
use crate::domain::catalog::{CheckItem, DocumentedOutcome, ErrorCode};
use crate::domain::gateway::{self, GatewayError};
use crate::fixture::{CatalogRow, catalog};

/// What the gateway says of a request to any endpoint that is there.
pub(super) fn of_gateway() -> [&'static GatewayError; 5] {
    [
        gateway::BAD_REQUEST,
        gateway::BODY_TOO_LARGE,
        gateway::TARGET_TOO_LARGE,
        gateway::HEADERS_TOO_LARGE,
        gateway::NOT_AUTHENTICATED,
    ]
}

/// What is answered with one status.
#[derive(Default)]
struct Refusals {
    codes: Vec<ErrorCode>,
    errors: Vec<&'static GatewayError>,
    others: Vec<Schema>,
}

/// The responses that have these rows, and these forms of somebody else's.
pub(super) fn responses(
    codes: &[ErrorCode],
    errors: impl IntoIterator<Item = &'static GatewayError>,
    others: impl IntoIterator<Item = (u16, Schema)>,
) -> Vec<(u16, Value)> {
    let mut refusals: BTreeMap<u16, Refusals> = BTreeMap::new();
    for code in codes {
        refusals.entry(code.status()).or_default().codes.push(*code);
    }
    for error in errors {
        refusals.entry(error.status).or_default().errors.push(error);
    }
    for (status, schema) in others {
        refusals.entry(status).or_default().others.push(schema);
    }
    let catalog = catalog();
    refusals.into_iter().map(|(status, refusals)| (status, refusals.response(&catalog))).collect()
}

impl Refusals {
    fn response(&self, catalog: &[CatalogRow]) -> Value {
        let mut schemas = self.others.clone();
        if !self.codes.is_empty() {
            schemas.push(by_api(&self.codes));
        }
        if !self.errors.is_empty() {
            schemas.push(by_gateway(&self.errors));
        }
        let schema = match <[Schema; 1]>::try_from(schemas) {
            Ok([one]) => one,
            Err(several) => json_schema!({ "oneOf": several }),
        };
        let mut response = response_of(&self.description(catalog), JSON, schema);
        if !self.errors.is_empty() {
            response["headers"]["Server"] = header("Server");
        }
        if self.errors.iter().any(|error| error.retry_after.is_some()) {
            response["headers"]["Retry-After"] = header("Retry-After");
        }
        response
    }

    /// A list of the rows.
    fn description(&self, catalog: &[CatalogRow]) -> String {
        let mut text = String::new();
        for row in catalog {
            let is_here = match row.outcome {
                DocumentedOutcome::Refused(code) => self.codes.contains(&code),
                DocumentedOutcome::Item(_) => self.codes.contains(&ErrorCode::CheckItemsFailed),
                DocumentedOutcome::Accepted(_) => false,
            };
            if is_here {
                write_row(&mut text, row);
            }
        }
        for error in &self.errors {
            let source = "assumed: from the gateway's own error table";
            writeln!(text, "* `{}` {} ({source})", error.code, error.message).expect("a text takes everything");
        }
        if text.is_empty() { "IAM refuses (assumed).".to_owned() } else { text }
    }
}

fn write_row(text: &mut String, CatalogRow { outcome, causes, scenario }: &CatalogRow) {
    let causes: Vec<_> =
        causes.iter().map(|(check, citation)| format!("`{check}`, {}", citation.basis.as_str())).collect();
    write!(text, "* `{outcome}` {} ({}", outcome.text(), causes.join("; ")).expect("a text takes everything");
    if let Some(scenario) = scenario {
        write!(text, "; scenario `{scenario}`").expect("a text takes everything");
    }
    text.push_str(")\n");
}

/// An error of the API. Items come with one code alone.
fn by_api(codes: &[ErrorCode]) -> Schema {
    let words: Vec<_> = codes.iter().map(|code| code.code()).collect();
    let mut message = text("Error description.");
    message.insert("maxLength".to_owned(), 1024.into());
    let mut code = word("Error code.", &words);
    code.insert("maxLength".to_owned(), 16.into());
    let fields = [("error_code", code), ("error_msg", message)];
    let failed = ErrorCode::CheckItemsFailed;
    if !codes.contains(&failed) {
        return object(fields);
    }
    let items: Vec<_> = CheckItem::ALL.iter().map(|item| item.code()).collect();
    let items = array("Error list, in the page's order (the order is assumed).", word("An item.", &items));
    let [code, message] = fields;
    let mut error = without(object([code, message, ("fail_check_items", items)]), &["fail_check_items"]);
    let with_items = json_schema!({ "properties": { "error_code": { "const": failed.code() } } });
    error.insert("dependentSchemas".to_owned(), Value::from(json_schema!({ "fail_check_items": with_items })));
    error
}

/// An error of the gateway.
fn by_gateway(errors: &[&GatewayError]) -> Schema {
    let mut codes: Vec<_> = errors.iter().map(|error| error.code).collect();
    codes.dedup();
    object([
        ("error_msg", text("What is wrong.")),
        ("error_code", word("The code.", &codes)),
        ("request_id", pattern("The same as in `X-Request-Id`.", "^[0-9a-f]{32}$")),
    ])
}
