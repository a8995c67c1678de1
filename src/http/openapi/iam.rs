//! The operations of IAM.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::refusal::{of_gateway, responses};
use super::response::{JSON, header, response_of};
use super::schema::{array, flag, number, object, text, time, without};
use super::security;
use super::service::{space, with};
use crate::domain::catalog::ErrorCode;
use crate::http::iam::tokens;

pub(super) const TAG: &str = "IAM";

/// `GET /v3/auth/domains`.
pub(super) fn domains() -> Value {
    let links = || object([("self", text("A URL."))]);
    let domain = object([
        ("description", text("Always empty.")),
        ("enabled", flag("Always true.")),
        ("id", text("The account (domain) ID.")),
        ("links", links()),
        ("name", text("The account's name.")),
    ]);
    let domains = object([("domains", array("The caller's account.", domain)), ("links", links())]);
    let refused = responses(&[ErrorCode::OtherErrors], of_gateway(), [(401, error())]);
    json!({
        "operationId": "keystoneListAuthDomains",
        "tags": [TAG],
        "summary": "The accounts that a credential belongs to",
        "description": "An SDK that is given a region and no domain ID asks this first.",
        "parameters": [space()],
        "responses": with(200, response_of("The account.", JSON, domains), refused),
        "security": security::of_service(),
    })
}

/// `POST /v3/auth/tokens`.
pub(super) fn tokens(generator: &mut SchemaGenerator) -> Value {
    let mut created = response_of("The token, in `X-Subject-Token`, and what it is for.", JSON, token());
    created["headers"]["X-Subject-Token"] = header("X-Subject-Token");
    let refused = responses(&[ErrorCode::OtherErrors], of_gateway(), [(400, error()), (401, error())]);
    let example = json!({ "auth": {
        "identity": {
            "methods": ["password"],
            "password": { "user": { "name": "demo", "password": "demo-password", "domain": { "name": "demo-partner" } } },
        },
        "scope": { "domain": { "name": "demo-partner" } },
    } });
    json!({
        "operationId": "keystoneCreateUserTokenByPassword",
        "tags": [TAG],
        "summary": "A token for a user's name and password, good for 24 hours",
        "parameters": [space()],
        "requestBody": {
            "required": true,
            "content": { JSON: { "schema": tokens::schema(generator), "examples": { "account": { "value": example } } } },
        },
        "responses": with(201, created, refused),
        "security": [],
    })
}

fn token() -> Schema {
    let named = || object([("id", text("Its ID.")), ("name", text("Its name."))]);
    let user = object([
        ("domain", named()),
        ("id", text("The user's ID.")),
        ("name", text("The user's name.")),
        ("password_expires_at", text("Always empty.")),
    ]);
    let token = object([
        ("catalog", array("Always empty.", json!({}))),
        ("expires_at", time("When it expires, by the clock of its space.")),
        ("issued_at", time("When it was issued.")),
        ("methods", array("How the user proved who it is.", text("A method."))),
        ("user", user),
        ("domain", named()),
        ("roles", array("What it allows.", named())),
    ]);
    object([("token", without(token, &["domain", "roles"]))])
}

/// IAM's own form of errors.
fn error() -> Schema {
    let error = object([
        ("code", number("The HTTP status.")),
        ("message", text("What is wrong.")),
        ("title", text("The name of the status.")),
    ]);
    object([("error", error)])
}
