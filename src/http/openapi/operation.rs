//! A router whose routes describe themselves. The types of a handler's arguments and of its result say what the route takes
//! and answers, so that the document cannot contradict the code. Descriptions are made when the document is asked for: a
//! simulator that starts makes none.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::response::NoContent;
use axum::routing::{MethodRouter, delete, get, post, put};
use axum::{Json, Router};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::http::App;

/// The media type of most bodies.
pub(in crate::http) const JSON: &str = "application/json";

/// A router with the description of each of its routes.
#[derive(Default)]
pub(in crate::http) struct ApiRouter {
    pub(in crate::http) router: Router<Arc<App>>,
    pub(in crate::http) routes: Vec<ApiRoute>,
}

/// A route, as the document describes it.
pub(in crate::http) struct ApiRoute {
    pub(in crate::http) method: Method,
    pub(in crate::http) path: &'static str,
    pub(in crate::http) operation: Operation,
    describe: fn(&mut OperationWriter<'_>),
}

macro_rules! methods {
    ($($name:ident $method:ident)*) => {
        impl ApiRouter {
            $(#[doc = concat!("Adds a route: what answers ", stringify!($method), " at this path.")]
            pub(in crate::http) fn $name<H, T, A>(self, path: &'static str, handler: H, operation: Operation) -> Self
            where
                H: Handler<T, Arc<App>> + DescribedHandler<A>,
                T: 'static,
            {
                self.route(Method::$method, path, H::describe, operation, $name(handler))
            })*
        }
    };
}

methods! { get GET  put PUT  post POST  delete DELETE }

impl ApiRouter {
    fn route(
        mut self,
        method: Method,
        path: &'static str,
        describe: fn(&mut OperationWriter<'_>),
        operation: Operation,
        handler: MethodRouter<Arc<App>>,
    ) -> Self {
        self.routes.push(ApiRoute { method, path, operation, describe });
        Self { router: self.router.route(path, handler), ..self }
    }
}

impl ApiRoute {
    /// Describes the route.
    pub(super) fn describe<'a>(&self, generator: &'a mut SchemaGenerator) -> OperationWriter<'a> {
        let mut writer = OperationWriter::new(generator, self.operation);
        writer.path = self.path;
        (self.describe)(&mut writer);
        writer
    }
}

/// What the types of a handler do not say of its route.
#[derive(Clone, Copy)]
pub(in crate::http) struct Operation {
    /// The name by which generated clients call it.
    pub(in crate::http) id: &'static str,
    summary: &'static str,
    description: Option<&'static str>,
    parameter: &'static str,
    error: Option<ErrorResponse>,
}

/// An operation with this ID and a summary of one line.
pub(in crate::http) const fn op(id: &'static str, summary: &'static str) -> Operation {
    Operation { id, summary, description: None, parameter: "", error: None }
}

impl Operation {
    /// Says more, in Markdown.
    pub(in crate::http) const fn description(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }

    /// Says what the parameter in the path is.
    pub(in crate::http) const fn parameter(self, parameter: &'static str) -> Self {
        Self { parameter, ..self }
    }

    /// Names an error of the route, beyond those that its types name.
    pub(in crate::http) const fn error(self, error: ErrorResponse) -> Self {
        Self { error: Some(error), ..self }
    }
}

/// A kind of error: a response among the document's components.
#[derive(Clone, Copy)]
pub(in crate::http) struct ErrorResponse {
    pub(in crate::http) status: StatusCode,
    pub(in crate::http) name: &'static str,
    pub(in crate::http) description: &'static str,
}

/// Collects the parts of an operation.
pub(in crate::http) struct OperationWriter<'a> {
    pub(super) generator: &'a mut SchemaGenerator,
    operation: Operation,
    path: &'static str,
    parameters: Vec<Value>,
    request_body: Option<Value>,
    responses: BTreeMap<u16, Value>,
}

impl<'a> OperationWriter<'a> {
    pub(super) fn new(generator: &'a mut SchemaGenerator, operation: Operation) -> Self {
        let (parameters, responses) = (Vec::new(), BTreeMap::new());
        Self { generator, operation, path: "", parameters, request_body: None, responses }
    }

    /// The schema of a type: a reference to a component, unless the type is inlined.
    pub(in crate::http) fn schema<T: JsonSchema>(&mut self) -> Schema {
        self.generator.subschema_for::<T>()
    }

    /// The schema of a type itself.
    pub(in crate::http) fn inline_schema<T: JsonSchema>(&mut self) -> Schema {
        let mut schema = self.schema::<T>();
        let name = schema.get("$ref").and_then(|reference| reference.as_str()?.rsplit('/').next());
        if let Some(component) = name.and_then(|name| self.generator.definitions().get(name)?.as_object()) {
            schema = component.clone().into();
        }
        schema
    }

    /// Adds a parameter of the path, the query or the headers.
    pub(in crate::http) fn parameter(&mut self, place: &str, name: &str, description: &str, schema: &Value) {
        let mut parameter = json!({ "name": name, "in": place, "description": description, "schema": schema });
        if place == "path" {
            parameter["required"] = true.into();
        }
        self.parameters.push(parameter);
    }

    /// Adds the parameter of the path.
    pub(in crate::http) fn path_parameter(&mut self) {
        let name = self.path.split(['{', '}']).nth(1).expect("the path of the route has a parameter");
        self.parameter("path", name, self.operation.parameter, &json!({ "type": "string", "minLength": 1 }));
    }

    /// Adds each property of an object as a parameter of the query.
    fn query<T: JsonSchema>(&mut self) {
        let schema = self.inline_schema::<T>();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let mut property = property.clone();
            let description = property["description"].take();
            // A query cannot say `null`.
            if let Value::Array(types) = &mut property["type"] {
                property["type"] = types.swap_remove(0);
            }
            property.as_object_mut().expect("the schema of a property is an object").remove("description");
            self.parameter("query", name, description.as_str().unwrap_or_default(), &property);
        }
    }

    /// Sets the request body, with examples in JSON.
    pub(in crate::http) fn request_body(
        &mut self,
        media_types: &[&str],
        is_required: bool,
        schema: &Schema,
        examples: &[&str],
    ) {
        let example = |(number, text): (usize, &&str)| {
            (number.to_string(), json!({ "value": serde_json::from_str::<Value>(text).expect("an example is JSON") }))
        };
        let examples: Map<_, _> = (1..).zip(examples).map(example).collect();
        let content = media_types
            .iter()
            .map(|media_type| ((*media_type).to_owned(), json!({ "schema": schema, "examples": examples })));
        self.request_body = Some(json!({ "required": is_required, "content": content.collect::<Map<_, _>>() }));
    }

    /// Adds a response with a body of this type, which also describes it.
    pub(in crate::http) fn response<T: JsonSchema>(&mut self, status: StatusCode, media_type: &str) {
        let (schema, inline) = (self.schema::<T>(), self.inline_schema::<T>());
        let description = inline.get("description").and_then(Value::as_str).unwrap_or_default();
        self.respond(status, response(description, media_type, &schema));
    }

    /// Adds a response.
    pub(in crate::http) fn respond(&mut self, status: StatusCode, response: Value) {
        self.responses.insert(status.as_u16(), response);
    }

    /// Adds an error, unless the status already has a response.
    pub(in crate::http) fn error(&mut self, ErrorResponse { status, name, .. }: ErrorResponse) {
        let reference = || json!({ "$ref": format!("#/components/responses/{name}") });
        self.responses.entry(status.as_u16()).or_insert_with(reference);
    }

    /// The operation of the document.
    pub(super) fn finish(mut self, tag: &str, security: &Value) -> Value {
        if let Some(error) = self.operation.error {
            self.error(error);
        }
        let Self { operation, parameters, request_body, responses, .. } = self;
        let responses: Map<_, _> =
            responses.into_iter().map(|(status, response)| (status.to_string(), response)).collect();
        let mut value = json!({
            "operationId": operation.id,
            "tags": [tag],
            "summary": operation.summary,
            "description": operation.description,
            "parameters": parameters,
            "requestBody": request_body,
            "responses": responses,
            "security": security,
        });
        value.as_object_mut().expect("an operation is an object").retain(|_, part| !part.is_null());
        value
    }
}

/// Makes every property required, for a type that always writes all of them, if only with `null`.
pub(in crate::http) fn all_required(schema: &mut Schema) {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        let names: Vec<_> = properties.keys().cloned().collect();
        schema.insert("required".to_owned(), names.into());
    }
}

/// A response without a body. Every response has a request ID.
pub(in crate::http) fn empty_response(description: &str) -> Value {
    json!({ "description": description, "headers": { "X-Request-Id": header("X-Request-Id") } })
}

/// A response with a body of this type.
pub(in crate::http) fn response(description: &str, media_type: &str, schema: &Schema) -> Value {
    let mut response = empty_response(description);
    response["content"] = Value::Object(Map::from_iter([(media_type.to_owned(), json!({ "schema": schema }))]));
    response
}

/// A reference to a header of the components.
pub(super) fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// A handler, all of whose arguments and whose result describe themselves.
pub(in crate::http) trait DescribedHandler<A> {
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

described_handlers! { () (A) (A B) (A B C) }

/// What an extractor or a response adds to the operation of its handler.
pub(in crate::http) trait Describe {
    fn describe(operation: &mut OperationWriter<'_>);
}

impl<S> Describe for State<S> {
    fn describe(_: &mut OperationWriter<'_>) {}
}

impl<T: JsonSchema> Describe for Query<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.query::<T>();
    }
}

impl<T: JsonSchema> Describe for Json<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.response::<T>(StatusCode::OK, JSON);
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
