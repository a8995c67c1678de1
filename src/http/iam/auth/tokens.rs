//! `POST /v3/auth/tokens`: a token for a user's name and password, good for 24 hours.

use axum::http::HeaderValue;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::domain::account::Caller;
use crate::domain::checks;
use crate::http::answer::ApiAnswer;
use crate::http::gateway::Arrival;
use crate::http::iam::answer::{IamError, identified};
use crate::simulator::SpaceState;

/// What is read of a body; all else in it is ignored.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Body {
    auth: Auth,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Auth {
    identity: Identity,
    scope: Option<Scope>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Identity {
    #[schemars(extend("contains" = { "const": "password" }))]
    methods: Vec<String>,
    password: Password,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Password {
    user: User,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct User {
    name: String,
    password: String,
    /// The account: the partner's name.
    domain: UserDomain,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct UserDomain {
    name: String,
}

/// What the token is for. A project is understood and refused: the simulated accounts have none.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Scope {
    domain: Option<ScopeDomain>,
}

/// The account, by one of these.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct ScopeDomain {
    name: Option<String>,
    id: Option<String>,
}

/// The schema of a body.
pub(in crate::http) fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Body>()
}

impl Scope {
    fn is_account(&self, caller: &Caller) -> bool {
        self.domain.as_ref().is_some_and(|domain| match (domain.id.as_deref(), domain.name.as_deref()) {
            (Some(id), _) => id == caller.account_id(),
            (None, Some(name)) => name == caller.account_name(),
            (None, None) => false,
        })
    }
}

pub(in crate::http) fn create(Arrival { state, body, .. }: Arrival<'_>) -> ApiAnswer {
    match issue(state, &body) {
        Ok(answer) => answer.having_read(body),
        // What was sent with it may be a password of another place: it is not kept.
        Err(error) => error.into(),
    }
}

fn issue(state: &SpaceState, body: &[u8]) -> Result<ApiAnswer, IamError> {
    let Auth { identity, scope } = parse(body)?;
    let caller = authenticate(state, &identity.password.user)?;
    if scope.as_ref().is_some_and(|scope| !scope.is_account(&caller)) {
        return Err(IamError::UnknownScope);
    }
    let issued = state.issue_token(caller.clone());
    let domain = json!({ "id": caller.account_id(), "name": caller.account_name() });
    let user = &identity.password.user.name;
    let mut token = json!({
        "catalog": [],
        "expires_at": time(issued.expires_at),
        "issued_at": time(issued.issued_at),
        "methods": ["password"],
        "user": { "domain": domain, "id": user_id(&caller, user), "name": user, "password_expires_at": "" },
    });
    if scope.is_some() {
        token["domain"] = domain;
        token["roles"] = json!([{ "id": "0", "name": "te_admin" }]);
    }
    let subject_token = HeaderValue::from_str(issued.token.expose()).expect("a token is plain text");
    Ok(identified(&caller, &checks::IDENTITY, &json!({ "token": token }), Some(subject_token)))
}

fn parse(body: &[u8]) -> Result<Auth, IamError> {
    let Body { auth } = serde_json::from_slice(body).map_err(|error| IamError::BadRequest(error.to_string()))?;
    if auth.identity.methods.iter().any(|method| method == "password") {
        Ok(auth)
    } else {
        Err(IamError::BadRequest("the method is not `password`".to_owned()))
    }
}

fn authenticate(state: &SpaceState, user: &User) -> Result<Caller, IamError> {
    let accounts = state.accounts();
    let known = accounts.user(&user.domain.name, &user.name);
    let known = known.filter(|(known, _)| known.password.is(user.password.as_bytes()));
    known.map(|(_, caller)| caller.clone()).ok_or(IamError::WrongPassword)
}

/// `2020-01-04T09:08:49.965000Z`
fn time(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// An ID of the real form that is always the same for the same user.
fn user_id(caller: &Caller, user: &str) -> String {
    let digest = Sha256::digest(format!("{}/{user}", caller.account_id()));
    hex::encode(&digest[..16])
}
