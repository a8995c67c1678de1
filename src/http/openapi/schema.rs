//! Schemas that are written by hand, in few words. An object is closed and has all of its fields, so that an answer that
//! drifts away from what is said of it does not pass.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

/// How a schema is had: types that others refer to become components.
pub(in crate::http) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// Text.
pub(in crate::http) fn text(description: &str) -> Schema {
    json_schema!({ "type": "string", "description": description })
}

/// Text of this form.
pub(in crate::http) fn pattern(description: &str, pattern: &str) -> Schema {
    json_schema!({ "type": "string", "description": description, "pattern": pattern })
}

/// A point in time.
pub(in crate::http) fn time(description: &str) -> Schema {
    json_schema!({ "type": "string", "description": description, "format": "date-time" })
}

/// One of these words.
pub(in crate::http) fn word(description: &str, words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "description": description, "enum": words })
}

/// A whole number from 0.
pub(in crate::http) fn number(description: &str) -> Schema {
    json_schema!({ "type": "integer", "description": description, "minimum": 0 })
}

/// Yes or no.
pub(in crate::http) fn flag(description: &str) -> Schema {
    json_schema!({ "type": "boolean", "description": description })
}

/// Anything at all.
pub(in crate::http) fn anything(description: &str) -> Schema {
    json_schema!({ "description": description })
}

/// A list.
pub(in crate::http) fn array(description: &str, of: impl Into<Value>) -> Schema {
    json_schema!({ "type": "array", "description": description, "items": of.into() })
}

/// An object with exactly these fields.
pub(in crate::http) fn object<const N: usize>(fields: [(&str, Schema); N]) -> Schema {
    let required = fields.each_ref().map(|(name, _)| Value::from(*name));
    let properties: Map<_, _> =
        fields.into_iter().map(|(name, schema)| (name.to_owned(), Value::from(schema))).collect();
    json_schema!({
        "type": "object",
        "properties": properties,
        "required": Value::from_iter(required),
        "additionalProperties": false,
    })
}

/// The same object, in which these fields may be missing.
pub(in crate::http) fn without(mut object: Schema, optional: &[&str]) -> Schema {
    if let Some(Value::Array(required)) = object.get_mut("required") {
        required.retain(|name| !optional.contains(&name.as_str().unwrap_or_default()));
    }
    object
}

/// The same, or `null`.
pub(in crate::http) fn or_null(mut schema: Schema) -> Schema {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind, "null"]);
    }
    schema
}

/// Makes a schema a component, and refers to it.
pub(in crate::http) fn component(generator: &mut SchemaGenerator, name: &str, schema: Schema) -> Schema {
    generator.definitions_mut().insert(name.to_owned(), schema.into());
    Schema::new_ref(format!("#/components/schemas/{name}"))
}

/// What a schema that refers to a component refers to.
pub(in crate::http) fn resolved(generator: &SchemaGenerator, schema: &Schema) -> Schema {
    let name = schema.get("$ref").and_then(|reference| reference.as_str()?.rsplit('/').next());
    let component = name.and_then(|name| generator.definitions().get(name)?.as_object());
    component.map_or_else(|| schema.clone(), |component| component.clone().into())
}
