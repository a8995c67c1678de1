//! Why a request got its answer: every check and rule with what it saw, the one line of it, and hints: what a client probably
//! did, where a mistake is typical. It is made when it is shown, from the recorded request, and has no personal data and no
//! secrets; hints repeat nothing of a client's values, and no answer has them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Write};

use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING};
use percent_encoding::percent_decode_str;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::extract::{NO_TOKEN, ShownCredentials, UNKNOWN_TOKEN, X_AUTH_TOKEN, X_SIM_SPACE};
use super::parameters::sent;
use super::signature::UNKNOWN_KEY;
use super::{iam, mask, signature};
use crate::domain::{
    Application, CheckReport, CheckResult, Contract, ENDPOINTS, Endpoint, Kind, ParameterError, Violation, checks,
};
use crate::simulator::{ApiError, JournalEntry, Outcome, RecordedRequest, SpaceId, Spaces};

/// Explains recorded requests.
#[derive(Clone, Copy, Debug)]
pub struct Explainer<'a> {
    pub spaces: &'a Spaces,
    /// The edition of the contract of the request's space.
    pub contract: Contract,
}

impl Explainer<'_> {
    /// Every check and rule that looked at the request, in order, with what it saw. That of the parameters saw all that is wrong
    /// with them, not only what decided.
    pub fn checks(self, entry: &JournalEntry) -> Vec<CheckReport> {
        let JournalEntry { outcome, request, caller, script, .. } = entry;
        let mut reports = outcome.explain(request, caller.as_deref(), application(entry).as_ref(), *script);
        let authenticated =
            |check: &&mut CheckReport| check.check == checks::AUTHENTICATED.id && check.result == CheckResult::Passed;
        if let Some(authenticated) = reports.iter_mut().find(authenticated)
            && request.header(X_AUTH_TOKEN.as_str()).is_none_or(|token| token.is_empty())
            && let Some(name) = signature::believed_hash(request)
        {
            let _ = write!(
                authenticated.saw,
                "; {name} is signed, and believed though it is not the hash of the body (assumed)"
            );
        }
        if let Some(failed) = reports.iter_mut().find(|check| check.result == CheckResult::Failed) {
            failed.saw = match outcome {
                Outcome::Refused(ApiError::Parameters(error)) => self.parameter_errors(error, request).join("; "),
                _ => self.with_hint(std::mem::take(&mut failed.saw), entry),
            };
        }
        reports
    }

    /// One line: what decided, what it saw, and a hint where a mistake is typical.
    pub fn why(self, entry: &JournalEntry) -> String {
        match &entry.outcome {
            Outcome::Refused(ApiError::Parameters(error)) => {
                self.parameter_errors(error, &entry.request).swap_remove(0)
            }
            outcome => {
                // It is read again only if there is something to say of it.
                let application = outcome.check().and_then(|_| application(entry));
                self.with_hint(outcome.why(application.as_ref(), entry.script), entry)
            }
        }
    }

    fn with_hint(self, text: String, JournalEntry { outcome, request, .. }: &JournalEntry) -> String {
        match hint_of_outcome(outcome, request, self.spaces) {
            Some(hint) => format!("{text} ({hint})"),
            None => text,
        }
    }

    /// What is wrong with the parameters, that which decided first.
    fn parameter_errors(self, decided: &ParameterError, request: &RecordedRequest) -> Vec<String> {
        let endpoint = Endpoint::at(request.method(), request.path());
        let errors = sent(request).map(|sent| match endpoint.and_then(|endpoint| endpoint.application) {
            Some(kind) => kind.errors(&sent, self.contract),
            None => sent.errors(),
        });
        let errors = errors.unwrap_or_default();
        // The edition of the contract may have changed since.
        let errors = if errors.first() == Some(decided) { errors } else { vec![decided.clone()] };
        let hints = hints_of_parameters(&errors, request);
        let texts = errors.iter().zip(hints).map(|(error, hint)| match hint {
            Some(hint) => format!("{error} ({hint})"),
            None => error.to_string(),
        });
        texts.collect()
    }
}

/// What a request applied for, if the rules decided on it. The journal keeps the request and the facts; the application is
/// read from the request again.
fn application(JournalEntry { outcome, request, .. }: &JournalEntry) -> Option<Application<'_>> {
    let facts = outcome.facts()?;
    let kind = Endpoint::at(request.method(), request.path())?.application?;
    kind.parse(&sent(request).ok()?, facts.contract).ok()
}

/// A check, and the hint where a request failed it.
type CheckHint = (&'static str, fn(&RecordedRequest, &Outcome, &Spaces) -> Option<String>);

const HINTS: [CheckHint; 4] = [
    (checks::SPACE.id, |request, _, spaces| {
        other_space(request, spaces).or_else(|| Some(missing_space(request, spaces)))
    }),
    (checks::PATH_KNOWN.id, |request, _, _| hint_of_path(request.path())),
    (checks::AUTHENTICATED.id, |request, outcome, spaces| {
        is_unknown(outcome).then(|| other_space(request, spaces).or_else(|| hint_of_credential(request)))?
    }),
    (checks::IDENTITY.id, |request, _, spaces| hint_of_login(request, spaces)),
];

/// What stands around a token by mistake, with what is said of it.
const AROUND_TOKENS: [(&str, &str, &str); 7] = [
    ("bearer ", "", "begins with `Bearer `: it takes the token alone"),
    ("\"", "\"", QUOTED),
    ("'", "'", QUOTED),
    ("$", "", UNFILLED),
    ("{{", "}}", UNFILLED),
    ("<", ">", UNFILLED),
    ("%", "%", UNFILLED),
];
const QUOTED: &str = "has quotes around the token: it takes the token alone";
const UNFILLED: &str = "has a placeholder, which was not replaced by the token";

/// Headers in which clients send a token by mistake.
const MISTAKEN_FOR_TOKENS: [&str; 5] = ["X-Subject-Token", "X-Access-Token", "X-Token", "Auth-Token", "Token"];

/// Schemes of `Authorization` that other services take. Only these are shown.
const FOREIGN_SCHEMES: [&str; 9] =
    ["ACS3-HMAC-SHA256", "AWS", "AWS4-HMAC-SHA256", "Basic", "Bearer", "Digest", "OBS", "TC3-HMAC-SHA256", CURL_SCHEME];

/// What `curl --aws-sigv4 sdk:…` sends, which is close to the scheme of the SDKs in name only.
const CURL_SCHEME: &str = "SDK4-HMAC-SHA256";

/// The first bytes of a body in gzip.
const GZIP: &[u8] = b"\x1F\x8B";

/// Returns a hint for the check that refused a request.
fn hint_of_outcome(outcome: &Outcome, request: &RecordedRequest, spaces: &Spaces) -> Option<String> {
    let failed = outcome.check()?;
    let (_, hint) = HINTS.iter().find(|(check, _)| *check == failed)?;
    hint(request, outcome, spaces)
}

/// Returns a hint, or none, for each of the errors of a request.
fn hints_of_parameters(errors: &[ParameterError], request: &RecordedRequest) -> Vec<Option<String>> {
    let sent = if errors.iter().any(|error| error.violation == Violation::Missing) {
        misspelt_keys(request)
    } else {
        Vec::new()
    };
    let hint = |error: &ParameterError| match (error.parameter, &error.violation) {
        (Some(parameter), Violation::Missing) => {
            let (_, key) = sent.iter().find(|(meant, _)| *meant == parameter.name)?;
            Some(format!("`{key}` was sent, `{}` is meant", parameter.name))
        }
        (None, Violation::NotJson) if request.body().is_empty() => {
            Some("the body is empty: an object without fields is `{}`".to_owned())
        }
        (None, Violation::NotUtf8 | Violation::NotJson | Violation::NotObject) => hint_of_encoding(request),
        _ => None,
    };
    errors.iter().map(hint).collect()
}

fn hint_of_path(path: &str) -> Option<String> {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let joined = format!("/{}", segments.join("/"));
    let wanted = ENDPOINTS.iter().map(|endpoint| endpoint.path).find(|known| known.eq_ignore_ascii_case(&joined))?;
    let mistakes = [
        (path.starts_with("//"), "a slash too many: the client's endpoint ends with one"),
        (joined != path, "a slash too many"),
        (joined != wanted, "letters in upper case"),
    ];
    let (_, mistake) = mistakes.iter().find(|(is_made, _)| *is_made)?;
    Some(format!("{wanted} with {mistake}"))
}

/// Returns true if a request was refused because its credential is missing or not known.
fn is_unknown(outcome: &Outcome) -> bool {
    let Outcome::Refused(ApiError::Gateway { detail: Some(detail), .. }) = outcome else { return false };
    [UNKNOWN_TOKEN, NO_TOKEN].contains(&&*detail.text) || detail.text.starts_with(UNKNOWN_KEY)
}

/// Returns the headers that show credentials, as far as they were sent.
fn credential_headers(request: &RecordedRequest) -> [Option<String>; 2] {
    [X_AUTH_TOKEN, AUTHORIZATION].map(|name| request.header(name.as_str()))
}

fn credentials(headers: &[Option<String>; 2]) -> ShownCredentials<'_> {
    let [token, authorization] = headers.each_ref().map(|value| value.as_deref().map(str::as_bytes));
    ShownCredentials { space_name: None, token, authorization }
}

/// Returns a hint if a credential is one of another space that exists.
fn other_space(request: &RecordedRequest, spaces: &Spaces) -> Option<String> {
    let headers = credential_headers(request);
    let credentials = credentials(&headers);
    let (named, made_for) = (request.header(X_SIM_SPACE.as_str()), credentials.space());
    let own = named.as_ref().map_or(Some(made_for.unwrap_or(SpaceId::DEFAULT)), |name| SpaceId::parse(name));
    let is_other = |id: &SpaceId| Some(*id) != own && spaces.find(*id).is_some();
    let listing = || spaces.find_by(|state| Some(state.space_id) != own && credentials.is_listed(&state.accounts()));
    let space = made_for.filter(is_other).or_else(listing)?;
    let leads_there = named.is_some() && space == made_for.unwrap_or(SpaceId::DEFAULT);
    let advice = if leads_there { "leave X-Sim-Space out" } else { "name the space in X-Sim-Space" };
    Some(format!("the credential is of the space {space}: {advice}"))
}

/// Returns a hint for a request whose space is not here.
fn missing_space(request: &RecordedRequest, spaces: &Spaces) -> String {
    let named = request.header(X_SIM_SPACE.as_str());
    let of_login = || iam::space_of_user(request.json_body());
    let made_for = || credentials(&credential_headers(request)).space().or_else(of_login);
    let id = named.map_or_else(made_for, |name| SpaceId::parse(&name));
    match id.filter(|id| spaces.is_elsewhere(*id)) {
        Some(id) => {
            let name = id.simulator.as_str();
            format!("what sent it here has to send all that is of {name} to the simulator of this name")
        }
        None => "spaces end with the process: it may have been started again since".to_owned(),
    }
}

/// Returns a hint about what was taken for a token, or was sent in the place of one.
fn hint_of_credential(request: &RecordedRequest) -> Option<String> {
    let token = request.header(X_AUTH_TOKEN.as_str()).filter(|token| !token.is_empty());
    if let Some(token) = token {
        let lower = token.to_ascii_lowercase();
        let is_around = |(before, after, _): &&(&str, &str, &str)| lower.starts_with(before) && lower.ends_with(after);
        if let Some((.., mistake)) = AROUND_TOKENS.iter().find(is_around) {
            return Some(format!("X-Auth-Token {mistake}"));
        }
        let is_issued = SpaceId::from_token(token.as_bytes()).is_some();
        return is_issued.then(|| {
            "a token of a simulator, but of a space or an account that is gone, or older than the last start".to_owned()
        });
    }
    let Some(authorization) = request.header(AUTHORIZATION.as_str()) else {
        let sent = MISTAKEN_FOR_TOKENS.iter().find(|name| request.header(name).is_some())?;
        return Some(format!("{sent} was sent: a token is sent in X-Auth-Token"));
    };
    let Some((scheme, _)) = authorization.split_once(' ') else {
        return Some("Authorization has no scheme: a token is sent in X-Auth-Token".to_owned());
    };
    let known = FOREIGN_SCHEMES.iter().find(|known| known.eq_ignore_ascii_case(scheme))?;
    let maker = if *known == CURL_SCHEME { ", which curl's --aws-sigv4 makes" } else { "" };
    Some(format!(
        "Authorization has the scheme {known}{maker}: this API takes SDK-HMAC-SHA256 signatures, or a token in X-Auth-Token"
    ))
}

fn hint_of_login(request: &RecordedRequest, spaces: &Spaces) -> Option<String> {
    if let Some(space) = iam::space_of_login(spaces, request.json_body()) {
        return Some(format!("it is a user of the space {space}: name the space in X-Sim-Space"));
    }
    let space = iam::space_of_user(request.json_body())?;
    let is_missing = spaces.find(space).is_none();
    is_missing.then(|| format!("the user was made for the space {space}: {}", spaces.why_missing(Some(space))))
}

fn hint_of_encoding(request: &RecordedRequest) -> Option<String> {
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

/// Returns the keys that were sent and are almost a parameter's name, such as `customerId`, each with the name.
fn misspelt_keys(request: &RecordedRequest) -> Vec<(&'static str, String)> {
    let Some(endpoint) = Endpoint::at(request.method(), request.path()) else { return Vec::new() };
    let mut found = MisspeltKeys { names: names(endpoint, ""), found: Vec::new() };
    if endpoint.method == "GET" {
        let (_, query) = request.target().split_once('?').unwrap_or_default();
        let keys = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
        keys.for_each(|key| found.add(percent_decode_str(key).decode_utf8_lossy()));
        return found.found;
    }
    let mut keys = found.read(request.json_body());
    for object in endpoint.parameters.iter().filter(|parameter| parameter.kind == Kind::Object) {
        let body: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(request.json_body()).unwrap_or_default();
        let names = names(endpoint, &format!("{}.", object.name));
        let fields = MisspeltKeys { names, found: Vec::new() };
        keys.extend(body.get(object.name).map(|object| fields.read(object.get().as_bytes())).unwrap_or_default());
    }
    keys
}

/// Returns the parameters whose names begin with this, each with the rest of its name.
fn names(endpoint: &'static Endpoint, prefix: &str) -> Vec<(&'static str, &'static str)> {
    let names = endpoint.parameters.iter().map(|parameter| parameter.name);
    names.filter_map(|name| Some((name, name.strip_prefix(prefix)?))).collect()
}

/// Finds the keys of an object that are almost one of the names.
struct MisspeltKeys {
    /// The names of parameters, each with what stands in the object.
    names: Vec<(&'static str, &'static str)>,
    found: Vec<(&'static str, String)>,
}

impl MisspeltKeys {
    fn read(self, json: &[u8]) -> Vec<(&'static str, String)> {
        serde_json::Deserializer::from_slice(json).deserialize_map(self).unwrap_or_default()
    }

    fn add(&mut self, key: Cow<'_, str>) {
        if self.names.iter().any(|(_, name)| *name == key) {
            return;
        }
        let meant = self.names.iter().find(|(_, name)| is_meant(&key, name)).map(|(meant, _)| *meant);
        let meant = meant.filter(|meant| self.found.iter().all(|(known, _)| known != meant));
        self.found.extend(meant.map(|meant| (meant, key.into_owned())));
    }
}

impl<'de> Visitor<'de> for MisspeltKeys {
    type Value = Vec<(&'static str, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<Self::Value, A::Error> {
        while let Some((key, IgnoredAny)) = fields.next_entry::<Cow<'de, str>, _>()? {
            self.add(key);
        }
        Ok(self.found)
    }
}

/// How like a name a key is, from 0 to 1, that is a slip of the pen: `legal_name` for the page's `legel_name`.
const SLIP: f64 = 0.88;

/// Returns true if a key is another spelling of a name, or has a letter wrong.
fn is_meant(key: &str, name: &str) -> bool {
    let letters = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let is_name = key.chars().all(|c| c.is_ascii_alphanumeric() || "_-. ".contains(c));
    let is_like = || strsim::normalized_damerau_levenshtein(&letters(key), &letters(name)) >= SLIP;
    is_name && key != name && key.len() <= 2 * name.len() && (letters(key) == letters(name) || is_like())
}
