//! The body of an application, as the domain's tables have it.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::schema::component;
use crate::domain::application::Parameter;
use crate::domain::bucket::PictureKind;
use crate::domain::certificate::{CERTIFICATE_TYPES, CertificateType};
use crate::domain::settings::Contract;

/// What a path in a bucket is never like, whatever else it is: absolute, with a backslash or with control characters.
const PATH: &str = r"^[^/\\\u0000-\u001f\u007f][^\\\u0000-\u001f\u007f]*$";

const DESCRIPTION: &str = "\
An application. Assumed, for the page does not say: `null`, empty texts, other JSON types, numbers like `1.0` or beyond 32 \
bits and repeated fields are refused with `CBC.0100`; fields that are not listed are ignored.";

const PICTURES: &str = "\
Assumed: as many entries as the certificate type has pictures, each a relative path without `.` and `..`. The page's \"a \
maximum of 4 characters\" is taken for entries.";

/// The schema of an application.
pub(super) fn application(generator: &mut SchemaGenerator) -> Schema {
    let parameters = Parameter::ALL.iter();
    let properties: Map<_, _> =
        parameters.clone().map(|each| (each.as_str().to_owned(), parameter(*each).into())).collect();
    let required: Vec<_> =
        parameters.filter(|each| **each != Parameter::ChangeType).map(|each| each.as_str()).collect();
    let counts = [2, 3].map(|count| {
        let types = CERTIFICATE_TYPES.iter().filter(|row| row.pictures.len() == count);
        json!({ "properties": {
            Parameter::VerifiedType.as_str(): { "enum": types.map(|row| row.number).collect::<Vec<_>>() },
            Parameter::VerifiedFileUrl.as_str(): { "minItems": count, "maxItems": count },
        } })
    });
    component(
        generator,
        "Application",
        json_schema!({
            "type": "object",
            "description": DESCRIPTION,
            "properties": properties,
            "required": required,
            "oneOf": counts,
        }),
    )
}

/// The schema of a parameter.
pub(super) fn parameter(parameter: Parameter) -> Schema {
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
    let pictures: Vec<_> = row.pictures.iter().copied().map(PictureKind::as_str).collect();
    let basis = row.citation().basis.as_str();
    let edition = if row.editions.contains(&Contract::January2026) { "" } else { "; not with `contract: \"2026-01\"`" };
    format!("* {}: {}. Pictures: {} ({basis}{edition})\n", row.number, row.name, pictures.join(", "))
}
