//! Hints: what a client probably did, where a mistake is typical. Only explanations have them, never an answer. They repeat
//! nothing of a client's values.

use std::borrow::Cow;
use std::fmt;

use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use strum::VariantArray;

use super::extract::{UNKNOWN_TOKEN, X_AUTH_TOKEN};
use super::{iam, mask};
use crate::domain::{ENDPOINTS, Parameter, ParameterError, Violation, checks};
use crate::simulator::{ApiError, Outcome, RecordedRequest, SpaceId, Spaces};

/// A check, and the hint where a request failed it.
type CheckHint = (&'static str, fn(&RecordedRequest, &Outcome, &Spaces) -> Option<String>);

const HINTS: [CheckHint; 4] = [
    (checks::SPACE.id, |_, _, _| Some("spaces end with the process: it may have been started again since".to_owned())),
    (checks::PATH_KNOWN.id, |request, _, _| path(request.path())),
    (checks::AUTHENTICATED.id, |request, outcome, _| unknown_token(request, outcome)),
    (checks::IDENTITY.id, |request, _, spaces| login(request, spaces)),
];

/// Schemes of `Authorization` that other services take. Only these are shown.
const FOREIGN_SCHEMES: [&str; 8] =
    ["ACS3-HMAC-SHA256", "AWS", "AWS4-HMAC-SHA256", "Basic", "Bearer", "Digest", "OBS", "TC3-HMAC-SHA256"];

/// The first bytes of a body in gzip.
const GZIP: &[u8] = b"\x1F\x8B";

/// Returns a hint for the check that refused a request.
pub fn of_outcome(outcome: &Outcome, request: &RecordedRequest, spaces: &Spaces) -> Option<String> {
    let failed = outcome.check()?;
    let (_, hint) = HINTS.iter().find(|(check, _)| *check == failed)?;
    hint(request, outcome, spaces)
}

/// Returns a hint, or none, for each of the errors of a request.
pub fn of_parameters(errors: &[ParameterError], request: &RecordedRequest) -> Vec<Option<String>> {
    let sent = if errors.iter().any(|error| error.violation == Violation::Missing) {
        misspelt_keys(request.json_body())
    } else {
        Vec::new()
    };
    let hint = |error: &ParameterError| match (error.parameter, &error.violation) {
        (Some(parameter), Violation::Missing) => {
            let (_, key) = sent.iter().find(|(meant, _)| *meant == parameter)?;
            Some(format!("`{key}` was sent, `{}` is meant", parameter.as_str()))
        }
        (None, Violation::NotUtf8 | Violation::NotJson | Violation::NotObject) => encoding(request),
        _ => None,
    };
    errors.iter().map(hint).collect()
}

fn path(path: &str) -> Option<String> {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let wanted = format!("/{}", segments.join("/"));
    let is_known = ENDPOINTS.iter().any(|endpoint| endpoint.path == wanted);
    let cause = if path.starts_with("//") { ": the client's endpoint ends with one" } else { "" };
    (is_known && wanted != path).then(|| format!("{wanted} with a slash too many{cause}"))
}

fn unknown_token(request: &RecordedRequest, outcome: &Outcome) -> Option<String> {
    let Outcome::Refused(ApiError::Gateway { detail: Some(detail), .. }) = outcome else { return None };
    (detail.text == UNKNOWN_TOKEN).then(|| credential(request))?
}

/// Returns a hint about what was taken for a token.
fn credential(request: &RecordedRequest) -> Option<String> {
    let token = request.header(X_AUTH_TOKEN.as_str()).filter(|token| !token.is_empty());
    if let Some(token) = token {
        if token.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")) {
            return Some("X-Auth-Token begins with `Bearer `: it takes the token alone".to_owned());
        }
        let is_issued = SpaceId::from_token(token.as_bytes()).is_some();
        return is_issued.then(|| {
            "a token of a simulator, but older than its last start, or of an account that is gone".to_owned()
        });
    }
    let authorization = request.header(AUTHORIZATION.as_str())?;
    let scheme = authorization.split(' ').next().unwrap_or_default();
    let known = FOREIGN_SCHEMES.iter().find(|known| known.eq_ignore_ascii_case(scheme))?;
    Some(format!(
        "Authorization has the scheme {known}: this API takes SDK-HMAC-SHA256 signatures, or a token in X-Auth-Token"
    ))
}

fn login(request: &RecordedRequest, spaces: &Spaces) -> Option<String> {
    if let Some(space) = iam::space_of_login(spaces, request.json_body()) {
        return Some(format!("it is a user of the space {space}: name the space in X-Sim-Space"));
    }
    let space = iam::space_of_user(request.json_body())?;
    spaces.find(space).is_none().then(|| format!("the user was made for the space {space}, which is gone"))
}

fn encoding(request: &RecordedRequest) -> Option<String> {
    let named = request.header(CONTENT_ENCODING.as_str()).filter(|coding| !coding.eq_ignore_ascii_case("identity"));
    match named {
        Some(coding) => {
            Some(format!("Content-Encoding is {}: the API takes bodies as they are", mask::coding(&coding)))
        }
        None if request.body().starts_with(GZIP) => {
            Some("it looks like gzip: the API takes bodies as they are".to_owned())
        }
        None => None,
    }
}

/// Returns the keys of a JSON object that are a parameter's name but for case and signs, such as `customerId`.
fn misspelt_keys(body: &[u8]) -> Vec<(Parameter, String)> {
    serde_json::Deserializer::from_slice(body).deserialize_map(MisspeltKeys).unwrap_or_default()
}

struct MisspeltKeys;

impl<'de> Visitor<'de> for MisspeltKeys {
    type Value = Vec<(Parameter, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut found: Self::Value = Vec::new();
        while let Some((key, IgnoredAny)) = fields.next_entry::<Cow<'de, str>, _>()? {
            let meant = Parameter::VARIANTS.iter().find(|parameter| is_meant(&key, parameter.as_str()));
            found.extend(
                meant
                    .filter(|meant| found.iter().all(|(known, _)| known != *meant))
                    .map(|meant| (*meant, key.into_owned())),
            );
        }
        Ok(found)
    }
}

/// Returns true if a key is another spelling of a name.
fn is_meant(key: &str, name: &str) -> bool {
    let letters = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let is_name = key.chars().all(|c| c.is_ascii_alphanumeric() || "_-. ".contains(c));
    is_name && key != name && key.len() <= 2 * name.len() && letters(key) == letters(name)
}
