//! The shapes of fixtures as response bodies.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use crate::fixture::schema;

macro_rules! shapes {
    ($($name:ident $schema:path;)*) => {
        $(#[derive(Serialize)]
        #[serde(transparent)]
        pub(super) struct $name(pub(super) Value);

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                $schema(generator)
            }
        })*
    };
}

shapes! {
    ScenarioShape schema::SCENARIO;
    CustomerShape schema::CUSTOMER;
    PartnerShape schema::PARTNER;
    CertificateShape schema::CERTIFICATE;
    ScriptedShape schema::SCRIPTED;
}
