//! The values that a field of an entry can have. A condition on another one would never hold: it is a mistake, most often of
//! spelling.

use axum::http::Method;

use super::expectation::Field;
use crate::domain::{ENDPOINTS, Matcher, checks, short};
use crate::fixture::{Document, suggest};
use crate::http::record::METHODS;
use crate::simulator::Outcome;

/// The statuses that HTTP has.
const STATUSES: std::ops::RangeInclusive<i64> = 100..=599;

/// Reports the literal values in the condition on a field that no entry can have. `path` is the place of the conditions.
pub fn check(document: &mut Document<'_>, path: &str, field: &Field, matcher: &Matcher) {
    match matcher {
        Matcher::AnyOf(values) => {
            for (message, hint) in values.iter().filter_map(|value| impossible(field, value)) {
                document.report(&format!("{path}.{field}"), message, hint);
            }
        }
        Matcher::Not(negated) => check(document, path, field, negated),
        _ => {}
    }
}

/// Returns what is wrong with a value, and a hint. `None` if the field can have it.
fn impossible(field: &Field, value: &str) -> Option<(String, String)> {
    let unknown = |what: &str, known: &[&str]| {
        let message = || format!("there is no {what} `{}`", short(value));
        (!known.contains(&value)).then(|| (message(), suggest(value, known)))
    };
    match field {
        Field::Outcome => unknown("outcome", &Outcome::names()),
        Field::ErrorCode => unknown("error code", &Outcome::error_codes()),
        Field::Rule => {
            let checks = checks::CHECKS.into_iter().chain([&checks::QUOTA, &checks::IDENTITY]).map(|check| check.id);
            let mut known: Vec<_> = checks.collect();
            for condition in ENDPOINTS.iter().flat_map(|endpoint| endpoint.conditions()) {
                if !known.contains(&condition.id) {
                    known.push(condition.id);
                }
            }
            unknown("check or rule", &known)
        }
        Field::Method => unknown("method", &METHODS.each_ref().map(Method::as_str)),
        Field::Path => match value.split_once('?') {
            Some((path, _)) => Some(("a path is without its query".to_owned(), format!("write `{}`", short(path)))),
            // The target of OPTIONS can be a star.
            None if value.starts_with('/') || value == "*" => None,
            None => unknown("path", &ENDPOINTS.map(|endpoint| endpoint.path)),
        },
        Field::Status => {
            let is_status = value.parse().is_ok_and(|status| STATUSES.contains(&status));
            let range = format!("write one from {} to {}", STATUSES.start(), STATUSES.end());
            (!is_status).then(|| (format!("there is no HTTP status {}", short(value)), range))
        }
        Field::Header(_) | Field::Parameter(_) | Field::Caller => None,
    }
}
