//! IAM, below `/v3`: as much as an SDK or a client needs before it can call the API.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::HOST;
use axum::http::uri::Scheme;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::extract::{ApiRequest, X_SIM_SPACE, no_space, query_value};
use super::response::{X_SUBJECT_TOKEN, json_text};
use crate::domain::checks::{self, Check};
use crate::domain::{Accounts, Caller, DOMAINS, SentParameters, TOKENS, excerpt};
use crate::simulator::{ApiError, IamAnswer, Outcome, SpaceId, SpaceState, Spaces};

pub fn routes(spaces: &Arc<Spaces>) -> Router {
    let create_token = post(create_token).with_state(Arc::clone(spaces));
    Router::new().route(DOMAINS.path, get(list_domains)).route(TOKENS.path, create_token)
}

fn answer(check: &'static Check, status: StatusCode, body: &impl Serialize) -> IamAnswer {
    IamAnswer { check, status: status.as_u16(), body: json_text(body) }
}

/// IAM's own form of errors.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct IamErrorBody<'a> {
    error: IamErrorDetail<'a>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct IamErrorDetail<'a> {
    /// The HTTP status.
    code: u16,
    /// What is wrong.
    message: &'a str,
    /// The name of the status.
    title: Option<&'a str>,
}

fn refusal(check: &'static Check, status: StatusCode, message: &str, saw: String) -> ApiError {
    let error = IamErrorDetail { code: status.as_u16(), message, title: status.canonical_reason() };
    ApiError::Iam(answer(check, status, &IamErrorBody { error }), saw)
}

/// The accounts of the caller.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DomainsBody {
    domains: Vec<Domain>,
    links: Links,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Domain {
    description: String,
    enabled: bool,
    /// The account (domain) ID.
    id: String,
    links: Links,
    name: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Links {
    #[serde(rename = "self")]
    own: String,
}

/// An SDK that was given a region and no domain ID asks this first.
pub async fn list_domains(request: ApiRequest) -> Result<Outcome, ApiError> {
    if let Some(step) = request.use_script(None, &SentParameters::default()) {
        return Ok(Outcome::Scripted(step.into()));
    }
    let caller = request.authenticate()?;
    request.record_caller(caller.account_name());
    let host = request.parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let scheme = request.parts.extensions.get().map_or("http", Scheme::as_str);
    let url = format!("{scheme}://{}", excerpt(host));
    let (id, name) = (caller.account_id().to_owned(), caller.account_name().to_owned());
    let links = Links { own: format!("{url}/v3/domains/{id}") };
    let is_listed = query_value(&request.parts.uri, "name").is_none_or(|wanted| wanted == name);
    let domain = Domain { description: String::new(), enabled: true, id, links, name };
    let body = DomainsBody {
        domains: is_listed.then_some(domain).into_iter().collect(),
        links: Links { own: format!("{url}/v3/auth/domains") },
    };
    Ok(Outcome::Iam(answer(&checks::AUTHENTICATED, StatusCode::OK, &body)))
}

/// What is read of a body; all else in it is ignored.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TokenRequest {
    auth: Auth,
}

impl TokenRequest {
    /// A body for the built-in scenario `default`.
    pub const EXAMPLE: &str = r#"{"auth":{
        "identity":{"methods":["password"],"password":{"user":{
            "name":"demo","password":"demo-password","domain":{"name":"demo-partner"}}}},
        "scope":{"domain":{"name":"demo-partner"}}}}"#;
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
    user: UserLogin,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct UserLogin {
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

impl UserLogin {
    fn caller(&self, accounts: &Accounts) -> Option<Caller> {
        let (known, caller) = accounts.user(&self.domain.name, &self.name)?;
        known.password.matches(self.password.as_bytes()).then(|| caller.clone())
    }
}

/// What the token is for. Any project is one of the user's account (assumed): the simulated API knows no projects.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Scope {
    domain: Option<ScopeDomain>,
    project: Option<ScopeProject>,
}

/// A project, by one of these.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct ScopeProject {
    name: Option<String>,
    id: Option<String>,
    /// The account that has it; by default the user's.
    domain: Option<ScopeDomain>,
}

/// The account, by one of these.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct ScopeDomain {
    name: Option<String>,
    id: Option<String>,
}

/// The most bytes of a project's name or ID (assumed).
const MAX_PROJECT_BYTES: usize = 64;

impl Scope {
    /// True if the scope is the user's account, or a project of it.
    fn is_of(&self, caller: &Caller) -> bool {
        let domain = self.domain.as_ref().map(|domain| domain.is_of(caller));
        let project = self.project.as_ref().map(|project| {
            let names: Vec<_> = [&project.name, &project.id].into_iter().flatten().collect();
            let is_named = !names.is_empty() && names.iter().all(|name| name.len() <= MAX_PROJECT_BYTES);
            is_named && project.domain.as_ref().is_none_or(|domain| domain.is_of(caller))
        });
        domain.or(project).is_some() && domain != Some(false) && project != Some(false)
    }
}

impl ScopeDomain {
    fn is_of(&self, caller: &Caller) -> bool {
        match (self.id.as_deref(), self.name.as_deref()) {
            (Some(id), _) => id == caller.account_id(),
            (None, Some(name)) => name == caller.account_name(),
            (None, None) => false,
        }
    }
}

/// What IAM answers.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct TokenBody {
    token: TokenDescription,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct TokenDescription {
    /// Empty: the simulator has no other services.
    catalog: [(); 0],
    /// Only with the scope of an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<DomainDescription>,
    /// Only with the scope of a project.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<ProjectDescription>,
    // Like 2020-01-04T09:08:49.965000Z.
    expires_at: String,
    issued_at: String,
    methods: [&'static str; 1],
    /// Only with a scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<[Role; 1]>,
    user: UserDescription,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct UserDescription {
    domain: DomainDescription,
    id: String,
    name: String,
    password_expires_at: &'static str,
}

#[derive(Clone, Serialize, JsonSchema)]
#[schemars(inline)]
struct DomainDescription {
    id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct ProjectDescription {
    domain: DomainDescription,
    id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Role {
    id: &'static str,
    name: &'static str,
}

pub async fn create_token(State(spaces): State<Arc<Spaces>>, mut request: ApiRequest) -> Result<Response, ApiError> {
    request.record_body();
    // A space that the client names itself counts before that of the user.
    if !request.parts.headers.contains_key(X_SIM_SPACE)
        && let Some(id) = space_of_user(&request.body)
    {
        match spaces.get(id) {
            Some(space) => request.move_to(space.state()),
            None if spaces.is_elsewhere(id) => return Err(space_elsewhere(&spaces, id)),
            None => {}
        }
    }
    if let Some(step) = request.use_script(None, &SentParameters::default()) {
        return Ok(Outcome::Scripted(step.into()).into_response());
    }
    let Auth { identity, scope } = parse(&request.body)?;
    let state = request.state();
    let caller = authenticate(state, &identity.password.user)?;
    if scope.as_ref().is_some_and(|scope| !scope.is_of(&caller)) {
        // Assumed: IAM's text for what the caller may not know of.
        let message = "The request you have made requires authentication.";
        return Err(unidentified(message, "the scope is not the user's account, and no project of it"));
    }
    request.record_caller(caller.account_name());
    let issued = state.issue_token(&caller);
    let domain = DomainDescription { id: caller.account_id().to_owned(), name: caller.account_name().to_owned() };
    let user = identity.password.user.name;
    let project = scope.as_ref().and_then(|scope| scope.project.as_ref()).map(|ScopeProject { name, id, .. }| {
        // Assumed: an account has no list of projects here, so that a project is what the request calls it.
        let name = name.as_ref().or(id.as_ref()).cloned().unwrap_or_default();
        ProjectDescription { domain: domain.clone(), id: id.clone().unwrap_or_else(|| stable_id(&caller, &name)), name }
    });
    let token = TokenDescription {
        catalog: [],
        expires_at: format!("{:.6}", issued.expires_at),
        issued_at: format!("{:.6}", issued.issued_at),
        methods: ["password"],
        user: UserDescription {
            domain: domain.clone(),
            id: stable_id(&caller, &user),
            name: user,
            password_expires_at: "",
        },
        domain: scope.as_ref().and_then(|scope| scope.domain.is_some().then_some(domain)),
        project,
        roles: scope.is_some().then_some([Role { id: "0", name: "te_admin" }]),
    };
    let subject_token = HeaderValue::from_str(issued.token.expose()).expect("a token is plain text");
    let outcome = Outcome::Iam(answer(&checks::IDENTITY, StatusCode::CREATED, &TokenBody { token }));
    Ok(([(X_SUBJECT_TOKEN, subject_token)], outcome).into_response())
}

/// What the gateway answers to the user of a space of another simulator, as to all other credentials of the space.
fn space_elsewhere(spaces: &Spaces, id: SpaceId) -> ApiError {
    no_space(format!("the simulator has no space {id}; {}", spaces.why_missing(Some(id))).into())
}

/// Returns the space that the user of a login was made for, if it was made for one.
pub fn space_of_user(body: &[u8]) -> Option<SpaceId> {
    SpaceId::from_user(&parse(body).ok()?.identity.password.user.name)
}

fn parse(body: &[u8]) -> Result<Auth, ApiError> {
    let invalid = |saw: String| refusal(&checks::IDENTITY, StatusCode::BAD_REQUEST, "The request body is invalid", saw);
    // Of the error's own texts only this one never has a value of the body.
    let problem = |error: serde_json::Error| match error.to_string().split_once(" at line") {
        Some((text, _)) if text.starts_with("missing field") => invalid(text.to_owned()),
        _ if error.is_data() => invalid("a field has a wrong type".to_owned()),
        _ => invalid("no JSON".to_owned()),
    };
    let TokenRequest { auth } = serde_json::from_slice(body).map_err(problem)?;
    let is_by_password = auth.identity.methods.iter().any(|method| method == "password");
    is_by_password.then_some(auth).ok_or_else(|| invalid("the method is not `password`".to_owned()))
}

fn authenticate(state: &SpaceState, user: &UserLogin) -> Result<Caller, ApiError> {
    let caller = user.caller(&state.accounts());
    caller.ok_or_else(|| unidentified("The username or password is wrong.", "no such user with this password"))
}

/// Returns a space in which the user and the password of a login are right.
pub fn space_of_login(spaces: &Spaces, body: &[u8]) -> Option<SpaceId> {
    let user = parse(body).ok()?.identity.password.user;
    spaces.find_by(|state| user.caller(&state.accounts()).is_some())
}

fn unidentified(message: &str, saw: &str) -> ApiError {
    refusal(&checks::IDENTITY, StatusCode::UNAUTHORIZED, message, saw.to_owned())
}

/// An ID of the real form that is always the same for the same user or project of an account.
fn stable_id(caller: &Caller, name: &str) -> String {
    let digest = Sha256::digest(format!("{}/{name}", caller.account_id()));
    hex::encode(&digest[..16])
}
