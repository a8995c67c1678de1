//! The document of OpenAPI 3.1 that describes both APIs. It is made from the routes of the control API, from the types of
//! all bodies, and from the domain's tables.
//!
//! The routes of an [`ApiRouter`] describe themselves: the types of a handler's arguments and of its result say what the
//! route takes and answers, so that the document cannot contradict the code. Descriptions are made when the document is
//! asked for: a simulator that starts makes none.

mod api;

use std::sync::Arc;

use axum::extract::State;
use axum::handler::Handler;
use axum::http::{HeaderName, StatusCode};
use axum::response::{NoContent, Sse};
use axum::{Json, Router, routing};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::fixture::allow_null;
use crate::http::App;

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
            paths.entry(route.path).or_insert_with(|| json!({}))[route.method] = operation;
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

/// The media type of most bodies.
pub const JSON: &str = "application/json";

/// The media type of text for people.
pub const TEXT: &str = "text/plain";

pub const YAML: &str = "application/yaml";

pub struct ApiRouter {
    pub router: Router<Arc<App>>,
    pub routes: Vec<ApiRoute>,
    /// Whether the routes need the control token.
    pub is_guarded: bool,
    /// What each of them may answer besides its own errors.
    pub errors: &'static [ErrorResponse],
}

impl ApiRouter {
    pub fn new(is_guarded: bool, errors: &'static [ErrorResponse]) -> Self {
        Self { router: Router::new(), routes: Vec::new(), is_guarded, errors }
    }
}

/// A route, as the document describes it.
pub struct ApiRoute {
    /// In lower case, as the document has it.
    pub method: &'static str,
    pub path: &'static str,
    pub operation: Operation,
    /// Adds what the types of the handler say, or for the simulated API its tables.
    pub describe: fn(&mut OperationWriter<'_>),
}

macro_rules! methods {
    ($($method:ident)*) => {
        impl ApiRouter {
            $(pub fn $method<H, T, A>(mut self, path: &'static str, handler: H, operation: Operation) -> Self
            where
                H: Handler<T, Arc<App>> + DescribedHandler<A>,
                T: 'static,
            {
                self.routes.push(ApiRoute { method: stringify!($method), path, operation, describe: H::describe });
                Self { router: self.router.route(path, routing::$method(handler)), ..self }
            })*
        }
    };
}

methods! { get put post delete }

/// What the types of a handler do not say of its route.
#[derive(Clone, Copy)]
pub struct Operation {
    /// The name by which generated clients call it.
    pub id: &'static str,
    pub summary: &'static str,
    /// In Markdown.
    description: &'static str,
    parameter: &'static str,
    /// The description and the media type of a response that is text.
    text: Option<(&'static str, &'static str)>,
    error: Option<ErrorResponse>,
}

pub fn op(id: &'static str, summary: &'static str) -> Operation {
    Operation { id, summary, description: "", parameter: "", text: None, error: None }
}

impl Operation {
    pub fn description(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    /// Says what the parameter in the path is.
    pub fn parameter(self, parameter: &'static str) -> Self {
        Self { parameter, ..self }
    }

    /// Says that the response is text, which its type does not say.
    pub fn text(self, description: &'static str, media_type: &'static str) -> Self {
        Self { text: Some((description, media_type)), ..self }
    }

    /// Names an error of the route, beyond those that its types name.
    pub fn error(self, error: ErrorResponse) -> Self {
        Self { error: Some(error), ..self }
    }
}

/// A kind of error: a response among the document's components.
#[derive(Clone, Copy)]
pub struct ErrorResponse {
    pub status: StatusCode,
    pub name: &'static str,
    pub description: &'static str,
}

impl ApiRoute {
    /// The operation of the document. Beyond what the route says, it may answer with these errors.
    pub fn to_value(
        &self,
        generator: &mut SchemaGenerator,
        tag: &str,
        security: &Value,
        errors: &[ErrorResponse],
    ) -> Value {
        let Operation { id, summary, description, parameter, text, error } = self.operation;
        let value = json!({
            "operationId": id,
            "tags": [tag],
            "summary": summary,
            "parameters": [],
            "responses": {},
            "security": security,
        });
        let mut writer = OperationWriter { generator, value };
        if !description.is_empty() {
            writer.value["description"] = description.into();
        }
        if let Some(name) = self.path.split(['{', '}']).nth(1) {
            writer.parameter("path", name, parameter, &json!({ "type": "string", "minLength": 1 }));
        }
        if let Some((description, media_type)) = text {
            writer.respond(StatusCode::OK, response(description, media_type, &json_schema!({ "type": "string" })));
        }
        (self.describe)(&mut writer);
        error.iter().chain(errors).for_each(|error| writer.error(*error));
        writer.value["responses"].as_object_mut().expect("responses are a mapping").sort_keys();
        writer.value
    }
}

pub struct OperationWriter<'a> {
    pub generator: &'a mut SchemaGenerator,
    value: Value,
}

impl OperationWriter<'_> {
    /// The schema of a type: a reference to a component, unless the type is inlined.
    pub fn schema<T: JsonSchema>(&mut self) -> Schema {
        self.generator.subschema_for::<T>()
    }

    /// Adds a parameter of the path, the query or the headers.
    pub fn parameter(&mut self, place: &str, name: &str, description: &str, schema: &Value) {
        let mut parameter = json!({ "name": name, "in": place, "description": description, "schema": schema });
        if place == "path" {
            parameter["required"] = true.into();
        }
        self.value["parameters"].as_array_mut().expect("parameters are a list").push(parameter);
    }

    /// Adds each property of an object as a parameter of the query.
    pub fn query<T: JsonSchema>(&mut self) {
        let mut schema = T::json_schema(self.generator);
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut).map(std::mem::take);
        for (name, mut property) in properties.into_iter().flatten() {
            let fields = property.as_object_mut().expect("the schema of a property is an object");
            let description = fields.remove("description").unwrap_or_default();
            // A query cannot say `null`.
            if let Some(Value::Array(types)) = property.get_mut("type") {
                property["type"] = types.swap_remove(0);
            }
            self.parameter("query", &name, description.as_str().unwrap_or_default(), &property);
        }
    }

    /// Sets the request body, with examples in JSON.
    pub fn request_body(&mut self, media_types: &[&str], is_required: bool, schema: &Schema, examples: &[&str]) {
        let example = |text| json!({ "value": serde_json::from_str::<Value>(text).expect("an example is JSON") });
        let examples = (1..).zip(examples).map(|(number, text)| (number.to_string(), example(text)));
        let content = json!({ "schema": schema, "examples": examples.collect::<Map<_, _>>() });
        let content: Map<_, _> = media_types.iter().map(|&media_type| (media_type.into(), content.clone())).collect();
        self.value["requestBody"] = json!({ "required": is_required, "content": content });
    }

    /// Adds a response with a body of this type, which also describes it.
    pub fn response<T: JsonSchema>(&mut self, status: StatusCode, media_type: &str) {
        let schema = self.schema::<T>();
        let inline = T::json_schema(self.generator);
        let description = inline.get("description").and_then(Value::as_str).unwrap_or_default();
        self.respond(status, response(description, media_type, &schema));
    }

    /// Adds another form of a response, which the request asks for by `Accept`.
    pub fn alternative(&mut self, status: StatusCode, media_type: &str, schema: &Value) {
        self.value["responses"][status.as_str()]["content"][media_type] = json!({ "schema": schema });
    }

    pub fn respond(&mut self, status: StatusCode, response: Value) {
        self.value["responses"][status.as_str()] = response;
    }

    /// Adds an error, unless the status already has a response.
    pub fn error(&mut self, ErrorResponse { status, name, .. }: ErrorResponse) {
        let response = &mut self.value["responses"][status.as_str()];
        if response.is_null() {
            *response = json!({ "$ref": format!("#/components/responses/{name}") });
        }
    }
}

/// Makes every property required, for a type that always writes all of them, if only with `null`.
pub fn all_required(schema: &mut Schema) {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        let names: Vec<_> = properties.keys().cloned().collect();
        schema.insert("required".to_owned(), names.into());
    }
}

/// A response without a body. Every response has a request ID.
pub fn empty_response(description: &str) -> Value {
    json!({ "description": description, "headers": { "X-Request-Id": header("X-Request-Id") } })
}

pub fn response(description: &str, media_type: &str, schema: &Schema) -> Value {
    let mut response = empty_response(description);
    response["content"] = json!({ media_type: { "schema": schema } });
    response
}

pub fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// A handler, all of whose arguments and whose result describe themselves.
pub trait DescribedHandler<A> {
    fn describe(operation: &mut OperationWriter<'_>);
}

macro_rules! described_handlers {
    ($(($($argument:ident)*))*) => {
        $(impl<F, R, $($argument,)*> DescribedHandler<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R,
            R: Future<Output: Describe>,
            $($argument: Describe,)*
        {
            fn describe(operation: &mut OperationWriter<'_>) {
                $($argument::describe(operation);)*
                R::Output::describe(operation);
            }
        })*
    };
}

described_handlers! { () (A) (A B) (A B C) (A B C D) }

/// What an extractor or a response adds to the operation of its handler.
pub trait Describe {
    fn describe(_operation: &mut OperationWriter<'_>) {}
}

impl<S> Describe for State<S> {}

impl<S> Describe for Sse<S> {}

impl Describe for ([(HeaderName, &'static str); 1], String) {}

impl<T: JsonSchema> Describe for Json<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.response::<T>(StatusCode::OK, JSON);
    }
}

impl<A: Describe, B: Describe> Describe for (A, B) {
    fn describe(operation: &mut OperationWriter<'_>) {
        A::describe(operation);
        B::describe(operation);
    }
}

impl Describe for NoContent {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.respond(StatusCode::NO_CONTENT, empty_response("Done."));
    }
}

impl<T: Describe, E: Describe> Describe for Result<T, E> {
    fn describe(operation: &mut OperationWriter<'_>) {
        T::describe(operation);
        E::describe(operation);
    }
}
