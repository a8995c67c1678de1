//! The document of OpenAPI 3.1 that describes both APIs. It is made from the routes of the control API, from the types of
//! all bodies, and from the domain's tables.

mod api;
mod operation;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::fixture::allow_null;
pub use operation::{ApiRouter, Describe, ErrorResponse, JSON, OperationWriter, all_required, op, response};

const CONTROL_TAG: &str = "control";

const DESCRIPTION: &str = "\
A simulator of Huawei Cloud BSS \"Requesting an Individual Real-Name Authentication\", for the people who write and test \
partner clients.

Of the simulated service, *documented* means that the API's page says so, and *assumed* that the page is silent or \
contradicts itself, and that the simulator chose. The control API is the simulator's own; with `--control-listen` it has \
an address of its own. Whatever can be asked for by GET can also be asked for by HEAD.";

/// The document of the simulated API, of IAM, and of these routes of the control API. `error_responses` makes the
/// components that their errors refer to.
pub fn document(routers: &[ApiRouter], error_responses: fn(&mut SchemaGenerator) -> Map<String, Value>) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings = settings.with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.clone().into_generator();
    let mut paths = Map::new();
    for (tag, security, routes) in api::routes() {
        for route in routes {
            let operation = route.to_value(&mut generator, tag, &security, &[]);
            paths.insert(route.path.to_owned(), json!({ route.method: operation }));
        }
    }
    let mut schemas = generator.take_definitions(true);
    // The simulated API takes no null.
    let mut generator = settings.with_transform(allow_null).into_generator();
    for ApiRouter { routes, is_guarded, errors, .. } in routers {
        let security = if *is_guarded { json!([{}, { "control": [] }]) } else { json!([]) };
        for route in routes {
            let operation = route.to_value(&mut generator, CONTROL_TAG, &security, errors);
            let methods = paths.entry(route.path).or_insert_with(|| json!({}));
            if !is_guarded {
                methods["head"] = operation.clone();
                methods["head"]["operationId"] = format!("{}ByHead", route.operation.id).into();
            }
            methods[route.method] = operation;
        }
    }
    let responses = error_responses(&mut generator);
    schemas.extend(generator.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "bss-sim",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": api::BSS_TAG, "description": "The simulated API." },
            { "name": api::IAM_TAG, "description": "As much of IAM as a client needs before it can call the API." },
            { "name": CONTROL_TAG, "description": "Controlling the simulator." },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "headers": headers(),
            "securitySchemes": security_schemes(),
        },
    })
}

fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "The ID of the request; of the simulated service, its key in the journal.",
            "required": true,
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        },
        "X-Subject-Token": { "description": "The new token.", "required": true, "schema": { "type": "string" } },
        "Server": { "description": "`api-gateway`, where the gateway answers.", "schema": { "type": "string" } },
        "Retry-After": {
            "description": "The seconds after which to try again (assumed).",
            "schema": { "type": "integer", "minimum": 0 },
        },
    })
}

fn security_schemes() -> Value {
    json!({
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Auth-Token",
            "description": "A token of the scenario, or one that `POST /v3/auth/tokens` gave. It counts before a signature \
                (assumed).",
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The AK/SK signature that the official SDKs make: `SDK-HMAC-SHA256 Access=AK, \
                SignedHeaders=host;x-sdk-date, Signature=HEX` with the header `X-Sdk-Date`. It is really verified; a wrong \
                one is answered with the canonical request.",
        },
        "control": {
            "type": "http",
            "scheme": "bearer",
            "description": "The control token, where the simulator was started with `--control-token`.",
        },
    })
}
