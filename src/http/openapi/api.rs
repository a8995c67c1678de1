//! The operations of the simulated API and of IAM, from the tables and the types that answer their requests.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{ApiRoute, JSON, OperationWriter, empty_response, header, op, response};
use crate::domain::catalog::NEIGHBOUR_ERRORS;
use crate::domain::{
    self, APPLICATION, ApiCode, CERTIFICATE_TYPES, CUSTOMER_ID, CertificateType, CheckItem, Contract,
    DocumentedOutcome, Endpoint, ErrorCode, GatewayError, Kind, OtherError, Parameter, ParameterTable, PictureKind,
    Presence, Review, TRUTH_TEXTS, VERIFIED_FILE_URL, VERIFIED_TYPE, gateway,
};
use crate::fixture::{CatalogRow, Exchange, Library, catalog};
use crate::http::bss::{CustomerListBody, IdentityBody, NewAccountBody, ReviewResultBody};
use crate::http::extract::X_SIM_SPACE;
use crate::http::iam::{DomainsBody, IamErrorBody, TokenBody, TokenRequest};
use crate::http::response::{ErrorBody, GatewayErrorBody};

pub const BSS_TAG: &str = "real-name authentication";

pub const IAM_TAG: &str = "IAM";

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

/// The routes, each group with its tag and its security.
#[rustfmt::skip]
pub fn routes() -> [(&'static str, Value, Vec<ApiRoute>); 3] {
    let by_credentials = json!([{ "token": [] }, { "signature": [] }]);
    [
        (BSS_TAG, by_credentials.clone(), vec![
            ApiRoute { method: "post", path: domain::INDIVIDUAL.path, describe: individual,
                operation: op("applyIndividualRealnameAuths", "Requesting an Individual Real-Name Authentication")
                    .description(INDIVIDUAL) },
            ApiRoute { method: "post", path: domain::ENTERPRISE.path, describe: |writer| enterprise(writer, &domain::ENTERPRISE),
                operation: op("applyEnterpriseRealnameAuths", "Requesting an Enterprise Real-Name Authentication")
                    .description(ENTERPRISE) },
            ApiRoute { method: "put", path: domain::CHANGE.path, describe: |writer| enterprise(writer, &domain::CHANGE),
                operation: op("changeEnterpriseRealnameAuths",
                    "Requesting a Change from Individual to Enterprise Real-Name Authentication")
                    .description(ENTERPRISE) },
            ApiRoute { method: "get", path: domain::REVIEW_RESULT.path, describe: review_result,
                operation: op("showRealnameAuthenticationReviewResult", "Querying the Real-Name Authentication Review Result")
                    .description("As much of it as the flow needs; what it refuses is assumed.") },
            ApiRoute { method: "post", path: domain::LIST_CUSTOMERS.path, describe: list_customers,
                operation: op("listSubCustomers", "Querying Customers").description(NEIGHBOUR) },
            ApiRoute { method: "post", path: domain::CREATE_CUSTOMER.path, describe: create_customer,
                operation: op("createSubCustomer", "Creating a Customer").description(NEIGHBOUR) },
            ApiRoute { method: "post", path: domain::CHECK_IDENTITY.path, describe: check_identity,
                operation: op("checkUserIdentity", "Verifying Customer Registration Information")
                    .description(NEIGHBOUR) },
            ApiRoute { method: "post", path: domain::SEND_CODE.path, describe: send_code,
                operation: op("sendVerificationMessageCode", "Sending a Verification Code").description(NEIGHBOUR) },
        ]),
        (IAM_TAG, by_credentials, vec![
            ApiRoute { method: "get", path: domain::DOMAINS.path, describe: domains,
                operation: op("keystoneListAuthDomains", "The accounts that a credential belongs to")
                    .description("An SDK that is given a region and no domain ID asks this first.") },
        ]),
        (IAM_TAG, json!([]), vec![
            ApiRoute { method: "post", path: domain::TOKENS.path, describe: tokens,
                operation: op("keystoneCreateUserTokenByPassword",
                    "A token for a user's name and password, good for 24 hours") },
        ]),
    ]
}

fn individual(writer: &mut OperationWriter<'_>) {
    space(writer);
    let (request, answer) = example();
    let schema = writer.schema::<ApplicationSchema>();
    writer.request_body(&[JSON], true, &schema, &[&request.to_string()]);
    accepted(writer, &answer);
    refusals(writer, &pages(ErrorCode::ALL), &gateway::ERRORS, &[]);
}

const ENTERPRISE: &str = "\
The parameters are documented. The error table of the international page is not public: which condition refuses with which \
code is assumed, after the individual API and the Chinese page.";

/// An application of an enterprise, or a change to one.
fn enterprise(writer: &mut OperationWriter<'_>, endpoint: &Endpoint) {
    space(writer);
    let mut example = json!({
        "customer_id": "customer-new", "identify_type": 1, "verified_file_url": ["licence.jpg", "licence-back.jpg"],
        "corp_name": "Example Trading Ltd.", "verified_number": "91310000MA1EXAMPLE", "xaccount_type": "***_IDP",
    });
    if endpoint.application.is_some_and(|kind| kind.is_change) {
        example["change_type"] = 1.into();
    }
    writer.request_body(&[JSON], true, &body(endpoint.parameters), &[&example.to_string()]);
    accepted(writer, &json!({ "is_review": Review::Manual.number() }));
    let rules = endpoint.application.map_or(&[][..], |kind| kind.rules);
    let by_rules = rules.iter().map(|rule| rule.refuses_with);
    let codes: BTreeSet<_> =
        by_rules.chain([ErrorCode::ParameterError, ErrorCode::AccessDenied, ErrorCode::OtherErrors]).collect();
    refusals(writer, &of_endpoint(endpoint, &codes.into_iter().collect::<Vec<_>>()), &gateway::ERRORS, &[]);
}

/// Adds the answer to an accepted application.
fn accepted(writer: &mut OperationWriter<'_>, answer: &Value) {
    let mut accepted = response("Accepted.", API_JSON, &accepted_schema());
    let as_text = json!({ "is_review": answer["is_review"].to_string() });
    accepted["content"][API_JSON]["examples"] = json!({
        "table": { "summary": "As the page's table has it: the default", "value": answer },
        "page": { "summary": "The page's example: with `settings.wire.is_review: string`", "value": as_text },
    });
    writer.respond(StatusCode::OK, accepted);
}

fn review_result(writer: &mut OperationWriter<'_>) {
    let schema = schema(&CUSTOMER_ID);
    writer.parameter("query", CUSTOMER_ID.name, CUSTOMER_ID.description, schema.as_value());
    space(writer);
    writer.response::<ReviewResultBody>(StatusCode::OK, API_JSON);
    let codes = [
        ErrorCode::NoPartner,
        ErrorCode::NotYourCustomer,
        ErrorCode::ParameterError,
        ErrorCode::AccessDenied,
        ErrorCode::OtherErrors,
    ];
    refusals(writer, &pages(&codes), &gateway::ERRORS, &[]);
}

const NEIGHBOUR: &str = "\
The parameters are documented. The error table of the international page is not public: which condition refuses with which \
code is assumed, after the Chinese page.";

fn list_customers(writer: &mut OperationWriter<'_>) {
    let example = json!({ "account_name": "customer-n", "offset": 0, "limit": 10 });
    neighbour(writer, &domain::LIST_CUSTOMERS, &example);
    writer.response::<CustomerListBody<'_>>(StatusCode::OK, API_JSON);
}

fn create_customer(writer: &mut OperationWriter<'_>) {
    let example = json!({ "domain_area": "MX", "xaccount_id": "user-1", "xaccount_type": "***_IDP" });
    neighbour(writer, &domain::CREATE_CUSTOMER, &example);
    writer.response::<NewAccountBody<'_>>(StatusCode::OK, API_JSON);
}

fn check_identity(writer: &mut OperationWriter<'_>) {
    let example = json!({ "search_type": "name", "search_value": "wang_shop" });
    neighbour(writer, &domain::CHECK_IDENTITY, &example);
    writer.response::<IdentityBody>(StatusCode::OK, API_JSON);
}

fn send_code(writer: &mut OperationWriter<'_>) {
    let example = json!({ "receiver_type": 2, "email": "wang@example.com" });
    neighbour(writer, &domain::SEND_CODE, &example);
    writer.respond(StatusCode::NO_CONTENT, empty_response("The code is sent."));
}

/// Describes the request of an endpoint without an application, and what it may refuse.
fn neighbour(writer: &mut OperationWriter<'_>, endpoint: &Endpoint, example: &Value) {
    space(writer);
    writer.request_body(&[JSON], true, &body(endpoint.parameters), &[&example.to_string()]);
    let conditions = endpoint.conditions.iter().map(|condition| condition.refuses_with);
    let mut codes =
        of_endpoint(endpoint, &[ErrorCode::ParameterError, ErrorCode::AccessDenied, ErrorCode::OtherErrors]);
    for code in conditions {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    refusals(writer, &codes, &gateway::ERRORS, &[]);
}

/// These codes of the page, and those that belong to the endpoint.
fn of_endpoint(endpoint: &Endpoint, codes: &[ErrorCode]) -> Vec<ApiCode> {
    let own =
        NEIGHBOUR_ERRORS.iter().filter(|row| row.endpoints.contains(&endpoint)).map(|row| ApiCode::Other(row.error));
    pages(codes).into_iter().chain(own).collect()
}

fn domains(writer: &mut OperationWriter<'_>) {
    space(writer);
    writer.response::<DomainsBody>(StatusCode::OK, JSON);
    refusals(writer, &[ApiCode::Page(ErrorCode::OtherErrors)], &GATEWAY_ERRORS, &[]);
}

fn tokens(writer: &mut OperationWriter<'_>) {
    space(writer);
    let schema = writer.schema::<TokenRequest>();
    writer.request_body(&[JSON], true, &schema, &[TokenRequest::EXAMPLE]);
    let token = writer.schema::<TokenBody>();
    let mut created = response("The token, in `X-Subject-Token`, and what it is for.", JSON, &token);
    created["headers"]["X-Subject-Token"] = header("X-Subject-Token");
    writer.respond(StatusCode::CREATED, created);
    let by_iam = [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED];
    refusals(writer, &[ApiCode::Page(ErrorCode::OtherErrors)], &GATEWAY_ERRORS, &by_iam);
}

/// The header that names a space.
fn space(writer: &mut OperationWriter<'_>) {
    let description = "The simulator's own: the space that the request belongs to. Default: that of its credential.";
    writer.parameter("header", X_SIM_SPACE.as_str(), description, &json!({ "type": "string" }));
}

/// What the gateway may say of a request to any endpoint.
const GATEWAY_ERRORS: [&GatewayError; 5] = [
    gateway::BAD_REQUEST,
    gateway::BODY_TOO_LARGE,
    gateway::TARGET_TOO_LARGE,
    gateway::HEADERS_TOO_LARGE,
    gateway::NOT_AUTHENTICATED,
];

/// Adds the refusals of an endpoint: these codes of the API, these errors of the gateway, and what IAM refuses with these
/// statuses in a form of its own.
fn refusals(writer: &mut OperationWriter<'_>, codes: &[ApiCode], errors: &[&GatewayError], by_iam: &[StatusCode]) {
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

fn pages(codes: &[ErrorCode]) -> Vec<ApiCode> {
    codes.iter().copied().map(ApiCode::Page).collect()
}

fn description(codes: &[ApiCode], errors: &[&GatewayError]) -> String {
    let is_listed = |row: &CatalogRow| match row.outcome {
        DocumentedOutcome::Refused(code) => codes.contains(&ApiCode::Page(code)),
        DocumentedOutcome::Item(_) => codes.contains(&ApiCode::Page(ErrorCode::CheckItemsFailed)),
        DocumentedOutcome::Accepted(_) => false,
    };
    let by_api = catalog().into_iter().filter(is_listed).map(line);
    let others = codes.iter().filter_map(|code| match code {
        ApiCode::Page(_) => None,
        ApiCode::Other(OtherError { code, message, .. }) => Some(format!("* `{code}` {message} (assumed)\n")),
    });
    let by_gateway = errors.iter().map(|GatewayError { code, message, .. }| {
        format!("* `{code}` {message} (assumed: from the gateway's own error table)\n")
    });
    let text: String = by_api.chain(others).chain(by_gateway).collect();
    if text.is_empty() { "IAM refuses (assumed).".to_owned() } else { text }
}

fn line(CatalogRow { outcome, causes, scenario }: CatalogRow) -> String {
    let causes = causes.iter().map(|(check, citation)| format!("`{check}`, {}", citation.basis.as_str()));
    let causes: Vec<_> = causes.collect();
    let scenario = scenario.map(|name| format!("; scenario `{name}`")).unwrap_or_default();
    format!("* `{outcome}` {} ({}{scenario})\n", outcome.text(), causes.join("; "))
}

/// An error of the API with one of these codes. Items come with one code alone.
fn by_api(mut schema: Schema, codes: &[ApiCode]) -> Schema {
    let code = |code: &ApiCode| Value::from(code.code());
    schema.ensure_object()["properties"]["error_code"]["enum"] = codes.iter().map(code).collect();
    let failed = ErrorCode::CheckItemsFailed;
    if codes.contains(&ApiCode::Page(failed)) {
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

fn by_gateway(mut schema: Schema, errors: &[&GatewayError]) -> Schema {
    let mut codes: Vec<_> = errors.iter().map(|error| error.code).collect();
    codes.dedup();
    schema.ensure_object()["properties"]["error_code"]["enum"] = codes.into();
    schema
}

/// The page's example, with the answer that it gets: the first exchange of the built-in scenario.
fn example() -> (Value, Value) {
    let scenario = Library::builtin().scenario("default").expect("the scenario is built in");
    let Some(Exchange::Request { request, expected, .. }) = scenario.exchanges.first() else {
        return Default::default();
    };
    (json!(request), json!(expected.body))
}

fn accepted_schema() -> Schema {
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

const DESCRIPTION: &str = "\
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
        let mut body = body(APPLICATION);
        let counts = [2, 3].map(|count| {
            let types = CERTIFICATE_TYPES.iter().filter(|row| row.pictures.len() == count);
            json!({ "properties": {
                VERIFIED_TYPE.name: { "enum": types.map(|row| row.number).collect::<Vec<_>>() },
                VERIFIED_FILE_URL.name: { "minItems": count, "maxItems": count },
            } })
        });
        body.insert("description".to_owned(), DESCRIPTION.into());
        body.insert("oneOf".to_owned(), json!(counts));
        let certificates = CERTIFICATE_TYPES.iter().map(certificate).collect::<String>();
        let verified_type = &mut body.ensure_object()["properties"][VERIFIED_TYPE.name];
        verified_type["description"] = format!("{}\n\n{certificates}", VERIFIED_TYPE.description).into();
        verified_type["enum"] = CERTIFICATE_TYPES.iter().map(|row| row.number).collect();
        body
    }
}

/// The body of an endpoint, as its table describes it.
fn body(table: ParameterTable) -> Schema {
    fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a Parameter, Schema)>) -> Schema {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, parameter, schema) in fields {
            if parameter.presence == Presence::Mandatory {
                required.push(name);
            }
            properties.insert(name.to_owned(), schema.into());
        }
        json_schema!({ "type": "object", "properties": properties, "required": required })
    }
    let of_body = table.iter().filter(|parameter| !parameter.name.contains('.'));
    object(of_body.map(|parameter| {
        let prefix = format!("{}.", parameter.name);
        let fields = table.iter().filter_map(|field| Some((field.name.strip_prefix(&*prefix)?, *field, schema(field))));
        let schema = match parameter.kind {
            Kind::Object => described(parameter, object(fields)),
            _ => schema(parameter),
        };
        (parameter.name, *parameter, schema)
    }))
}

/// Adds the description, and allows `null` where it stands for nothing.
fn described(parameter: &Parameter, mut schema: Schema) -> Schema {
    let assumed = if matches!(parameter.kind, Kind::TextList { .. }) { PICTURES } else { "" };
    let description = format!("{} {assumed}", parameter.description);
    schema.insert("description".to_owned(), description.trim_end().into());
    if parameter.presence == Presence::Nullable {
        let kinds = match schema.remove("type") {
            Some(Value::Array(kinds)) => kinds,
            kind => kind.into_iter().collect(),
        };
        schema.insert("type".to_owned(), kinds.into_iter().chain(["null".into()]).collect::<Vec<_>>().into());
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    schema
}

fn schema(parameter: &Parameter) -> Schema {
    let schema = match parameter.kind {
        Kind::Text { min, max } => json_schema!({ "type": "string", "minLength": min, "maxLength": max }),
        Kind::Pattern { max, pattern } => {
            json_schema!({ "type": "string", "pattern": pattern.text, "maxLength": max })
        }
        Kind::TextList { max } => json_schema!({
            "type": "array",
            "items": { "type": "string", "minLength": 1, "pattern": PATH },
            "maxItems": max,
        }),
        Kind::Integer { min, max } => json_schema!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Number { one_of, .. } => json_schema!({ "type": "integer", "enum": one_of }),
        Kind::Boolean => {
            let texts = TRUTH_TEXTS.iter().map(|(text, _)| Value::from(*text));
            let values: Vec<_> = [true, false].into_iter().map(Value::from).chain(texts).collect();
            json_schema!({ "type": ["boolean", "string"], "enum": values })
        }
        Kind::Object => json_schema!({ "type": "object" }),
    };
    described(parameter, schema)
}

fn certificate(row: &CertificateType) -> String {
    let pictures: Vec<_> = row.pictures.iter().map(PictureKind::to_string).collect();
    let basis = row.citation().basis.as_str();
    let edition = if row.editions.contains(&Contract::January2026) { "" } else { "; not with `contract: \"2026-01\"`" };
    format!("* {}: {}. Pictures: {} ({basis}{edition})\n", row.number, row.name, pictures.join(", "))
}
