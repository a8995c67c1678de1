//! Operations: what is said of a route. It stands beside the handler, and the document is made of it.

use axum::http::StatusCode;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::TAG;
use super::error::Kind;
use crate::http::X_SIM_SPACE;
use crate::http::openapi::{JSON, SchemaOf, response, response_of};

/// What a route does.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    /// What programs call it.
    pub(super) id: &'static str,
    /// What it does, in a line.
    pub(super) summary: &'static str,
    /// What else is to be known, in Markdown.
    pub(super) description: &'static str,
    /// What the name in its path stands for.
    pub(super) names: &'static str,
    /// It is about one space.
    pub(super) in_space: bool,
    /// An object with the parameters of the query.
    pub(super) query: Option<SchemaOf>,
    /// What it takes.
    pub(super) body: Option<Body>,
    /// What it answers when all is well, and whatever has a form of its own.
    pub(super) answers: &'static [OperationResponse],
    /// Why it refuses, beyond what every call of its kind is refused for.
    pub(super) refuses: &'static [Kind],
}

/// The body of a call.
#[derive(Clone, Copy)]
pub(super) struct Body {
    pub(super) schema: SchemaOf,
    pub(super) media_types: &'static [&'static str],
    /// False: a call without one means something too.
    pub(super) is_required: bool,
    /// Bodies, as JSON.
    pub(super) examples: &'static [&'static str],
}

impl Body {
    /// A body in JSON.
    pub(super) const fn json(schema: SchemaOf, examples: &'static [&'static str]) -> Self {
        Self { schema, media_types: &[JSON], is_required: true, examples }
    }
}

/// An answer.
#[derive(Clone, Copy)]
pub(super) struct OperationResponse {
    status: StatusCode,
    description: &'static str,
    content: Option<(&'static str, SchemaOf)>,
}

impl OperationResponse {
    /// An answer in JSON.
    pub(super) const fn json(status: StatusCode, description: &'static str, schema: SchemaOf) -> Self {
        Self::of(status, description, JSON, schema)
    }

    /// An answer of another media type.
    pub(super) const fn of(
        status: StatusCode,
        description: &'static str,
        media_type: &'static str,
        schema: SchemaOf,
    ) -> Self {
        Self { status, description, content: Some((media_type, schema)) }
    }

    /// The answer of a call that leaves nothing to say.
    pub(super) const fn empty(description: &'static str) -> Self {
        Self { status: StatusCode::NO_CONTENT, description, content: None }
    }
}

impl Operation {
    /// An operation about all of the simulator.
    pub(super) const DEFAULT: Self = Self {
        id: "",
        summary: "",
        description: "",
        names: "",
        in_space: false,
        query: None,
        body: None,
        answers: &[],
        refuses: &[],
    };

    /// An operation about one space.
    pub(super) const IN_SPACE: Self = Self { in_space: true, ..Self::DEFAULT };

    /// The operation as the document has it, at this path, open to those without a token too or not.
    pub(super) fn written(&self, path: &str, is_open: bool, generator: &mut SchemaGenerator) -> Value {
        let mut value = json!({
            "operationId": self.id,
            "tags": [TAG],
            "summary": self.summary,
            "parameters": self.parameters(path, generator),
            "responses": self.responses(is_open, generator),
            "security": if is_open { json!([]) } else { json!([{}, { "control": [] }]) },
        });
        if !self.description.is_empty() {
            value["description"] = self.description.into();
        }
        if let Some(body) = &self.body {
            value["requestBody"] = body.written(generator);
        }
        value
    }

    fn parameters(&self, path: &str, generator: &mut SchemaGenerator) -> Vec<Value> {
        let mut parameters = Vec::new();
        if let Some((_, rest)) = path.split_once('{') {
            let name = rest.split('}').next().unwrap_or_default();
            let schema = json!({ "type": "string", "minLength": 1 });
            parameters.push(
                json!({ "name": name, "in": "path", "required": true, "description": self.names, "schema": schema }),
            );
        }
        if self.in_space {
            let space = |(name, place)| {
                json!({
                    "name": name,
                    "in": place,
                    "description": "The space that the call is about; the header counts first. Default: `default`.",
                    "schema": { "type": "string" },
                })
            };
            parameters.extend([(X_SIM_SPACE.as_str(), "header"), ("space", "query")].map(space));
        }
        if let Some(query) = self.query {
            let query = query(generator);
            let fields = query.get("properties").and_then(Value::as_object);
            for (name, schema) in fields.into_iter().flatten() {
                parameters.push(
                    json!({ "name": name, "in": "query", "description": schema["description"], "schema": schema }),
                );
            }
        }
        parameters
    }

    fn responses(&self, is_open: bool, generator: &mut SchemaGenerator) -> Map<String, Value> {
        let answers = self.answers.iter().map(|answer| {
            let described = match answer.content {
                Some((media_type, schema)) => response_of(answer.description, media_type, schema(generator)),
                None => response(answer.description),
            };
            (answer.status.as_str().to_owned(), described)
        });
        let mut responses: Map<_, _> = answers.collect();
        for kind in self.refusals(is_open) {
            responses.entry(kind.status().as_str()).or_insert_with(|| kind.reference());
        }
        responses
    }

    /// Why it refuses. What it has tells what can be wrong with it.
    fn refusals(&self, is_open: bool) -> impl Iterator<Item = Kind> {
        let by_token: &[_] = if is_open { &[] } else { &[Kind::Unauthorized] };
        let by_body: &[_] = if self.body.is_some() { &[Kind::Malformed, Kind::Invalid] } else { &[] };
        let by_name: &[_] = if self.names.is_empty() { &[] } else { &[Kind::Malformed, Kind::NotFound] };
        let by_query: &[_] = if self.query.is_some() { &[Kind::Malformed] } else { &[] };
        let by_space: &[_] = if self.in_space { &[Kind::NotFound] } else { &[] };
        [by_token, by_body, by_name, by_query, by_space, self.refuses, &[Kind::Internal]].concat().into_iter()
    }
}

impl Body {
    fn written(&self, generator: &mut SchemaGenerator) -> Value {
        let schema = (self.schema)(generator);
        let example = |example: &&str| serde_json::from_str::<Value>(example).expect("an example is JSON");
        let examples: Map<_, _> = (1..)
            .zip(self.examples)
            .map(|(number, text)| (number.to_string(), json!({ "value": example(text) })))
            .collect();
        let content = |media_type: &&str| ((*media_type).to_owned(), json!({ "schema": schema, "examples": examples }));
        json!({ "required": self.is_required, "content": self.media_types.iter().map(content).collect::<Map<_, _>>() })
    }
}
