//! Why a request got its answer: every check and rule with what it saw, and the one line of it. It is made when it is shown,
//! from the recorded request, and has no personal data and no secrets.

use std::fmt::Write;

use super::extract::X_AUTH_TOKEN;
use super::parameters::sent;
use super::{hint, signature};
use crate::domain::{Application, CheckReport, CheckResult, Contract, Endpoint, ParameterError, checks};
use crate::simulator::{ApiError, JournalEntry, Outcome, RecordedRequest, Spaces};

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
        match hint::of_outcome(outcome, request, self.spaces) {
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
        let hints = hint::of_parameters(&errors, request);
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
