//! Extractors of the simulated API: the whole request, the partner that it is from, and the credentials that it shows.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Query};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, EXPECT, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, Uri};
use bytes::{Buf, BytesMut};
use http_body_util::BodyExt;

use super::signature::{SignatureError, Signed};
use super::{parameters, signature};
use crate::domain::{
    Accounts, Caller, Endpoint, GatewayError, MAX_BODY_BYTES, ParameterError, Partner, ScriptedRequest, Secret,
    SentParameters, Step, checks, excerpt, gateway,
};
use crate::simulator::{ApiError, Detail, RecordedRequest, ScriptUse, SpaceId, SpaceState, TokenError, machine_time};

pub const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// The header that names the space of a request.
pub const X_SIM_SPACE: HeaderName = HeaderName::from_static("x-sim-space");

/// What the gateway says of a token that it does not know.
pub const UNKNOWN_TOKEN: &str = "decrypt token fail";

/// What the gateway says of a request without credentials.
pub const NO_TOKEN: &str = "x-auth-token not found";

/// How much of a body that is too long, or of no use, is still read before the answer.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// What the handlers of a request share with its record. An extension of the request.
#[derive(Debug)]
pub struct RequestContext {
    /// The endpoint at the path of the request, if there is one.
    pub endpoint: Option<&'static Endpoint>,
    /// The state of the request's space, or of the default one if its own is missing. It stays the same when the space is reset
    /// meanwhile.
    pub state: Arc<SpaceState>,
    /// What the gateway says if the request's space is missing.
    pub missing_space: Option<Box<Detail>>,
    /// Whether the whole request has come.
    pub is_received: AtomicBool,
    pub record: Mutex<Record>,
}

#[derive(Debug, Default)]
pub struct Record {
    pub request: RecordedRequest,
    /// The name of the caller, if it was authenticated.
    pub caller: Option<Arc<str>>,
    /// The scripted answer that was used.
    pub script: Option<ScriptUse>,
    /// The state of another space, if the request belongs there after all.
    pub moved_to: Option<Arc<SpaceState>>,
}

impl RequestContext {
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("lock poisoned: record")
    }
}

/// A request of the simulated API, read to its end.
pub struct ApiRequest {
    /// Boxed, so that the futures that hold it stay below 1 KiB: malloc has larger pieces less quickly at hand.
    pub parts: Box<Parts>,
    pub body: Bytes,
    context: Arc<RequestContext>,
    /// The state of another space, to which the request was moved.
    moved_to: Option<Arc<SpaceState>>,
}

impl ApiRequest {
    pub fn state(&self) -> &SpaceState {
        self.moved_to.as_ref().unwrap_or(&self.context.state)
    }

    /// Moves the request to another space: from now on it is answered and recorded there.
    pub fn move_to(&mut self, state: Arc<SpaceState>) {
        self.context.record().moved_to = Some(Arc::clone(&state));
        self.moved_to = Some(state);
    }

    /// Finds the caller, which has not used up its quota, and records its name if it is a partner. A token counts before a
    /// signature (assumed: the official SDKs sign even when a token header is added).
    pub fn authenticate(&self) -> Result<Caller, ApiError> {
        let caller = self.find_caller().map_err(not_authenticated)?;
        if let Caller::Partner(partner) = &caller {
            self.record_caller(Arc::clone(&partner.name));
        }
        self.state().take_quota(caller.account_id(), self.endpoint())?;
        Ok(caller)
    }

    fn find_caller(&self) -> Result<Caller, Detail> {
        let (state, headers) = (self.state(), &self.parts.headers);
        if let Some(token) = headers.get(X_AUTH_TOKEN).filter(|token| !token.is_empty()) {
            return caller_by_token(state, token.as_bytes());
        }
        match Signed::parse(&self.parts, &self.body) {
            Some(Ok(signed)) => Ok(caller_by_signature(state, &signed)?),
            Some(Err(error)) => Err(error.into()),
            // Credentials of another kind are taken for a token, as on the real gateway.
            None if headers.contains_key(AUTHORIZATION) => Err(UNKNOWN_TOKEN.to_owned().into()),
            None => Err(NO_TOKEN.to_owned().into()),
        }
    }

    /// Decodes the parameters that the request sent.
    pub fn parameters(&self) -> Result<SentParameters<'_>, ParameterError> {
        let content_type = self.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        parameters::decode(self.endpoint(), &self.parts.uri, content_type, &self.body)
    }

    /// Uses the scripted answer that comes next for this request. Without a step, the rules answer.
    pub fn use_script(&self, partner: Option<&Partner>, sent: &SentParameters<'_>) -> Option<Step> {
        let header = |name: &str| {
            let values = self.parts.headers.get_all(name).iter();
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
        };
        let caller = partner.map(|partner| &*partner.name);
        let request = ScriptedRequest { endpoint: self.endpoint(), caller, headers: &header, sent };
        let (script, step) = self.state().script.use_next(&request)?;
        self.context.record().script = Some(script);
        step
    }

    pub fn endpoint(&self) -> &'static Endpoint {
        self.context.endpoint.expect("a handler has an endpoint")
    }

    pub fn record_caller(&self, name: impl Into<Arc<str>>) {
        self.context.record().caller = Some(name.into());
    }

    pub fn record_body(&self) {
        self.context.record().request.set_body(&self.body);
    }
}

impl<S: Sync> FromRequest<S> for ApiRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let mut parts = Box::new(parts);
        let context: Arc<RequestContext> =
            parts.extensions.remove().expect("the record layer is around every endpoint");
        let body = read_body(&parts.headers, body).await;
        let body = body.map_err(|error| ApiError::gateway(&checks::BODY_SIZE, error))?;
        context.is_received.store(true, Ordering::Relaxed);
        if let Some(detail) = &context.missing_space {
            return Err(no_space(Detail::clone(detail)));
        }
        Ok(Self { parts, body, context, moved_to: None })
    }
}

/// The body of a request that is answered whatever it is. It is read all the same: a client that is cut off while it sends may
/// never see its answer.
pub struct DiscardedBody;

impl<S: Sync> FromRequest<S> for DiscardedBody {
    type Rejection = Infallible;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        discard_body(&parts.headers, body).await;
        Ok(Self)
    }
}

/// A request that a partner made with its own credentials.
pub struct PartnerRequest {
    pub partner: Arc<Partner>,
    pub request: ApiRequest,
}

impl<S: Sync> FromRequest<S> for PartnerRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, ApiError> {
        let request = ApiRequest::from_request(request, state).await?;
        request.record_body();
        let partner = only_partner(request.authenticate()?)?;
        Ok(Self { partner, request })
    }
}

/// Refuses customers.
pub fn only_partner(caller: Caller) -> Result<Arc<Partner>, ApiError> {
    match caller {
        Caller::Partner(partner) => Ok(partner),
        Caller::Customer(id) => Err(ApiError::CustomerCredentials(id)),
    }
}

/// What the gateway answers if the space of a request is missing.
pub const fn no_space(detail: Detail) -> ApiError {
    let (check, error) = (&checks::SPACE, gateway::NOT_AUTHENTICATED);
    ApiError::Gateway { check, error, detail: Some(detail) }
}

pub const fn not_authenticated(detail: Detail) -> ApiError {
    let (check, error) = (&checks::AUTHENTICATED, gateway::NOT_AUTHENTICATED);
    ApiError::Gateway { check, error, detail: Some(detail) }
}

/// Returns the first value of a parameter of the query.
pub fn query_value(uri: &Uri, name: &str) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    pairs.into_iter().find(|(given, _)| given == name).map(|(_, value)| value)
}

pub fn caller_by_token(state: &SpaceState, token: &[u8]) -> Result<Caller, Detail> {
    let unknown = || UNKNOWN_TOKEN.to_owned();
    let token = std::str::from_utf8(token).map_err(|_| unknown())?;
    let caller = state.caller_by_token(token);
    Ok(caller.map_err(|error| match error {
        TokenError::Unknown => unknown(),
        TokenError::Expired(at) => format!("token expires, expires_at: {at:.6}"),
    })?)
}

/// Verifies a signature. A key that the world lists is verified even with lenient authentication.
fn caller_by_signature(state: &SpaceState, signed: &Signed<'_>) -> Result<Caller, SignatureError> {
    let ak = signed.authorization.access_key;
    let accounts = state.accounts();
    let Some((key, caller)) = accounts.access_key(ak) else {
        return state.lenient_caller().ok_or_else(|| SignatureError::UnknownKey(excerpt(ak).into_owned()));
    };
    if state.lockout.is_locked(ak, state.clock.now()) {
        return Err(SignatureError::Locked { is_new: false });
    }
    match signed.verify(key, machine_time()) {
        Ok(()) => {
            state.lockout.succeed(ak);
            Ok(caller.clone())
        }
        // The failure that locks the key is answered like all that follow it (assumed).
        Err(SignatureError::Mismatch { .. }) if state.lockout.fail(ak, state.clock.now()) => {
            Err(SignatureError::Locked { is_new: true })
        }
        Err(error) => Err(error),
    }
}

/// Reads a whole body. The gateway's error if it is too long, or if the client stopped in the middle.
pub async fn read_body(headers: &HeaderMap, body: impl HttpBody<Data = Bytes>) -> Result<Bytes, &'static GatewayError> {
    let mut body = pin!(body);
    // A client that asks first gets its refusal at once, and never sends the body.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 && headers.contains_key(EXPECT) {
        return Err(gateway::BODY_TOO_LARGE);
    }
    let mut whole = Bytes::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame.map_err(|_| gateway::BAD_REQUEST)?.into_data() else { continue };
        length += chunk.len();
        if length > MAX_DISCARDED_BYTES {
            break;
        }
        if length > MAX_BODY_BYTES {
            whole = Bytes::new();
        } else if whole.is_empty() {
            // Most bodies come in one chunk, which is not copied.
            whole = chunk;
        } else {
            let mut joined = BytesMut::from(whole);
            joined.extend_from_slice(&chunk);
            whole = joined.freeze();
        }
    }
    if length > MAX_BODY_BYTES { Err(gateway::BODY_TOO_LARGE) } else { Ok(whole) }
}

/// Reads what a client sends before its answer can reach it, and keeps nothing of it. A client that asks first gets its answer at
/// once, and never sends the body.
pub async fn discard_body(headers: &HeaderMap, body: impl HttpBody) {
    if headers.contains_key(EXPECT) {
        return;
    }
    let mut body = pin!(body);
    let mut length = 0;
    while length <= MAX_DISCARDED_BYTES
        && let Some(Ok(frame)) = body.frame().await
    {
        length += frame.data_ref().map_or(0, Buf::remaining);
    }
}

/// What the headers of a request say of its space: the value of `X-Sim-Space`, else the credentials in `X-Auth-Token` and
/// `Authorization`, of which the first counts first. They are not verified here.
#[derive(Clone, Copy)]
pub struct ShownCredentials<'a> {
    pub space_name: Option<&'a [u8]>,
    pub token: Option<&'a [u8]>,
    pub authorization: Option<&'a [u8]>,
}

impl<'a> ShownCredentials<'a> {
    pub fn of(headers: &'a HeaderMap) -> Self {
        let mut shown = Self { space_name: None, token: None, authorization: None };
        // To compare all names once takes less than to look up each of these.
        for (name, value) in headers {
            if *name == X_AUTH_TOKEN {
                shown.token.get_or_insert(value.as_bytes());
            } else if *name == AUTHORIZATION {
                shown.authorization.get_or_insert(value.as_bytes());
            } else if *name == X_SIM_SPACE {
                shown.space_name.get_or_insert(value.as_bytes());
            }
        }
        shown
    }

    /// The space for which the token or the access key was made. A broken credential, such as a token in quotes, is refused in the
    /// space of the one inside, where a test looks for it.
    pub fn space(self) -> Option<SpaceId> {
        let by_key = || match self.access_key() {
            Some(ak) => SpaceId::from_access_key(ak),
            None => SpaceId::within(self.authorization?),
        };
        self.token.and_then(SpaceId::within).or_else(by_key)
    }

    /// Returns true if the token or the access key is listed among these.
    pub fn is_listed(self, accounts: &Accounts) -> bool {
        let token = self.token.and_then(|token| str::from_utf8(token).ok());
        token.is_some_and(|token| accounts.caller_by_token(&Secret::new(token)).is_some())
            || self.access_key().is_some_and(|ak| accounts.access_key(ak).is_some())
    }

    fn access_key(self) -> Option<&'a str> {
        signature::access_key(self.authorization?)
    }
}
