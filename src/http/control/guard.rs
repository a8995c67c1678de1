//! Who may call the control API. A web page that a developer visits can send requests to the developer's machine and
//! network, so that being reachable by trusted people only does not suffice.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::{ControlError, FORBIDDEN, Result, UNAUTHORIZED};
use super::{CONSOLE_PATH, METRICS_PATH};
use crate::domain::short;
use crate::http::app::{App, ControlSettings};
use crate::http::extract::discard_body;
use crate::http::host::Authority;

/// Browsers say in this header which site a request comes from, and no page can change it. Only requests to `localhost`
/// and by HTTPS have it.
const SITE: &str = "sec-fetch-site";

/// The sites that may call: the simulator's own pages, and the user, who typed an address.
const OWN_SITES: [&str; 2] = ["same-origin", "none"];

/// Refuses calls of clients that may not control the simulator.
pub async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    // Prometheus may know the simulator by any name.
    let is_known = if request.uri().path() == METRICS_PATH { Ok(()) } else { check_site(&app.control, &request) };
    match is_known.and_then(|()| check_token(&app.control, request.headers())) {
        Ok(()) => next.run(request).await,
        Err(error) => refuse(error, request).await.into_response(),
    }
}

/// Reads what the client still sends, so that it gets the answer.
pub async fn refuse(error: ControlError, request: Request) -> ControlError {
    let (parts, body) = request.into_parts();
    discard_body(&parts.headers, body).await;
    error
}

/// Refuses the same clients, but asks for no token.
pub async fn guard_files(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match check_site(&app.control, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => refuse(error, request).await.into_response(),
    }
}

/// Refuses what other sites send, or may have sent.
fn check_site(settings: &ControlSettings, request: &Request) -> Result<()> {
    check_host(settings, request.headers())?;
    check_origin(request.method(), request.uri().path(), request.headers())
}

/// Refuses a name that is not known to be the simulator's. A site may let its own name lead here (DNS rebinding), and
/// its page then counts as the simulator's. It knows no control token, so that with one any name will do.
fn check_host(settings: &ControlSettings, headers: &HeaderMap) -> Result<()> {
    let is_known = || authority(headers).is_some_and(|authority| authority.is_known(&settings.hosts));
    // Every browser sends a host.
    if settings.token.is_some() || !headers.contains_key(HOST) || is_known() {
        return Ok(());
    }
    let hosts: Vec<_> = headers.get_all(HOST).iter().map(text).collect();
    let advice =
        "if it is a name of the simulator, start it with `--control-host` and this name, or with a control token";
    Err(ControlError::new(FORBIDDEN, format!("the host `{}` is unknown: {advice}", short(&hosts.join(", ")))))
}

/// Refuses what a page of another site sends.
fn check_origin(method: &Method, path: &str, headers: &HeaderMap) -> Result<()> {
    if is_navigation(method, path, headers) {
        return Ok(());
    }
    let own = authority(headers);
    let is_own_origin = |origin: &str| own.as_ref().is_some_and(|own| own.is_origin(origin));
    let (name, is_own): (_, &dyn Fn(&str) -> bool) =
        if headers.contains_key(SITE) { (SITE, &|site| OWN_SITES.contains(&site)) } else { ("origin", &is_own_origin) };
    let Some(foreign) = headers.get_all(name).iter().find(|value| !value.to_str().is_ok_and(is_own)) else {
        return Ok(());
    };
    let foreign = text(foreign);
    let detail = format!("pages of other sites may not call the control API: `{name}: {}`", short(&foreign));
    Err(ControlError::new(FORBIDDEN, detail))
}

/// Returns true if a browser goes to a page. Links on other sites may lead there, and those sites cannot read it.
fn is_navigation(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let is_page = matches!(path, "/_sim" | "/_sim/" | "/_sim/ui") || path.starts_with(CONSOLE_PATH);
    is_page && method == Method::GET && headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
}

/// Refuses calls that do not show the token, if there is one.
fn check_token(settings: &ControlSettings, headers: &HeaderMap) -> Result<()> {
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().split_at_checked("Bearer ".len()));
    let shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Bearer ")).map(|(_, token)| token);
    match &settings.token {
        Some(token) if !shown.is_some_and(|shown| token.matches(shown)) => {
            Err(ControlError::new(UNAUTHORIZED, "send `Authorization: Bearer` with the control token"))
        }
        _ => Ok(()),
    }
}

/// Returns where a request goes to. `None` if that is not clear.
fn authority(headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().filter(|_| hosts.next().is_none())?;
    Authority::parse(host.to_str().ok()?)
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
