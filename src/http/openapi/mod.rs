//! The document of OpenAPI 3.1 that describes all doors. It is made when somebody asks for it: of the control API's table
//! of routes, of the routes of the simulated service, of the types that bodies are read by, and of the domain's tables.

mod application;
mod endpoint;
mod iam;
mod refusal;
mod response;
mod schema;
mod security;
mod service;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

pub(super) use response::{JSON, response, response_of};
pub(super) use schema::{
    SchemaOf, anything, array, component, flag, number, object, or_null, pattern, resolved, text, time, without, word,
};

use super::control;

const DESCRIPTION: &str = "\
A simulator of Huawei Cloud BSS \"Requesting an Individual Real-Name Authentication\", for the people who write and test \
partner clients.

Of the simulated service, *documented* means that the API's page says so, and *assumed* that the page is silent or \
contradicts itself, and that the simulator chose. The control API is the simulator's own; with `--control-listen` it has \
an address of its own. Whatever can be asked for by GET can also be asked for by HEAD.";

/// The document.
pub(super) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
    });
    let mut generator = settings.into_generator();
    let mut operations = endpoint::operations(&mut generator);
    operations.extend(control::operations(&mut generator));
    let mut paths = Map::new();
    for (path, method, operation) in operations {
        let path = paths.entry(path).or_insert_with(|| json!({}));
        path[method.as_str().to_lowercase()] = operation;
    }
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
            { "name": service::TAG, "description": "The simulated API." },
            { "name": iam::TAG, "description": "As much of IAM as a client needs before it can call the API." },
            { "name": control::TAG, "description": "Steering the simulator." },
        ],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "responses": control::responses(),
            "headers": response::headers(),
            "securitySchemes": security::schemes(),
        },
    })
}
