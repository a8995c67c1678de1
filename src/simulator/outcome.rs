//! Outcomes: what was decided on a request, with enough to explain it later.

use strum::VariantArray;

use crate::domain::{
    self, Answer, Application, Case, Check, CheckItem, CheckReport, CheckResult, Condition, Customer, CustomerId,
    CustomerType, Decision, Endpoint, ErrorCode, Facts, Fault, GatewayError, INDIVIDUAL, Inspection, ParameterError,
    RealNameStatus, Refusal, Review, Ruling, Scriptable, Step, catalog, checks, gateway, short,
};
use crate::simulator::journal::RecordedRequest;
use crate::simulator::script::ScriptUse;

/// A label of outcomes that have no name in a table.
const RAW: &str = "raw";
const ANSWERED: &str = "answered";
const UNIDENTIFIED: &str = "not identified";

/// What was decided on a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The rules decided on an individual application.
    Submission(Submission),
    /// A scripted answer was given.
    Scripted(ScriptedOutcome),
    /// The conditions of another endpoint decided.
    Ruled(Ruled),
    /// IAM identified the caller.
    Iam(IamAnswer),
    /// The request was refused before the rules.
    Refused(ApiError),
}

/// What the conditions of an endpoint decided, and its answer if all of them hold.
#[derive(Clone, Debug)]
pub struct Ruled {
    pub ruling: Ruling,
    /// JSON text. Empty if the answer has no body.
    pub body: String,
    /// Why it was answered so, if all conditions hold.
    pub why: String,
    pub change: Option<Change>,
}

impl Ruled {
    /// A ruling that changes nothing.
    pub const fn new(ruling: Ruling, body: String, why: String) -> Self {
        Self { ruling, body, why, change: None }
    }
}

/// Why a request was refused.
#[derive(Clone, Debug)]
pub enum ApiError {
    Gateway {
        check: &'static Check,
        error: &'static GatewayError,
        /// What is known of this case beyond the error's text.
        detail: Option<Detail>,
    },
    /// The credentials are those of this customer, not of a partner.
    CustomerCredentials(CustomerId),
    /// A parameter or the body is not as the page says.
    Parameters(ParameterError),
    /// IAM refused: its answer, with what its check saw.
    Iam(IamAnswer, String),
    /// The simulator panicked.
    Internal,
}

/// An answer of IAM. It has statuses and bodies of its own.
#[derive(Clone, Debug)]
pub struct IamAnswer {
    pub check: &'static Check,
    pub status: u16,
    /// JSON text.
    pub body: String,
}

/// What is known of a request that the gateway refused.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The text that follows the error's own text on the wire.
    pub text: String,
    /// The same without what may be a secret or personal data: the journal shows it.
    pub masked: String,
    /// What was compared.
    pub saw: String,
}

impl From<String> for Detail {
    /// `text` has nothing that the client sent.
    fn from(text: String) -> Self {
        Self { masked: text.clone(), saw: text.clone(), text }
    }
}

/// What became of an application, and why.
#[derive(Clone, Debug)]
pub struct Submission {
    pub facts: Facts,
    pub decision: Decision,
    pub change: Option<Change>,
}

/// A scripted answer, and what it changed.
#[derive(Clone, Debug)]
pub struct ScriptedOutcome {
    pub step: Step,
    pub change: Option<Change>,
    /// JSON text: the body of an error that has more than its code and its text.
    pub body: Option<String>,
}

impl From<Step> for ScriptedOutcome {
    /// A scripted answer that changes nothing.
    fn from(step: Step) -> Self {
        Self { step, change: None, body: None }
    }
}

/// What a request changed of a customer: each value before and after.
#[derive(Clone, Debug)]
pub struct Change {
    pub customer: CustomerId,
    /// Whether the customer was created. It was nothing before.
    pub is_new: bool,
    pub real_name: [RealNameStatus; 2],
    pub attempts: [u32; 2],
    pub customer_type: [Option<CustomerType>; 2],
}

impl Change {
    pub(super) fn between(id: &CustomerId, before: &Customer, after: &Customer) -> Self {
        Self {
            customer: id.clone(),
            is_new: false,
            real_name: [before.status, after.status],
            attempts: [before.attempts, after.attempts],
            customer_type: [before.customer_type(), after.customer_type()],
        }
    }

    pub(super) fn creation(id: &CustomerId, customer: &Customer) -> Self {
        Self { is_new: true, ..Self::between(id, customer, customer) }
    }
}

impl From<ApiError> for Outcome {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

impl From<ParameterError> for ApiError {
    fn from(error: ParameterError) -> Self {
        Self::Parameters(error)
    }
}

impl ApiError {
    /// The gateway's error for a failed check.
    pub const fn gateway(check: &'static Check, error: &'static GatewayError) -> Self {
        Self::Gateway { check, error, detail: None }
    }

    const fn check(&self) -> &'static str {
        match self {
            Self::Gateway { check, .. } | Self::Iam(IamAnswer { check, .. }, _) => check.id,
            Self::CustomerCredentials(_) => checks::CALLER_IS_PARTNER.id,
            Self::Parameters(_) => checks::PARAMETERS.id,
            Self::Internal => checks::NO_FAULT.id,
        }
    }

    const fn answer(&self) -> Option<Answer> {
        let code = match self {
            Self::Gateway { error, .. } => return Some(Answer::Gateway(error)),
            Self::Iam(..) => return None,
            Self::CustomerCredentials(_) => ErrorCode::AccessDenied,
            Self::Parameters(_) => ErrorCode::ParameterError,
            Self::Internal => ErrorCode::OtherErrors,
        };
        Some(Answer::Refuse(Refusal::of(code)))
    }

    fn saw(&self) -> String {
        match self {
            Self::Gateway { detail: Some(detail), .. } => detail.saw.clone(),
            Self::Gateway { error, .. } => error.message.to_owned(),
            Self::CustomerCredentials(id) => format!("the credentials of customer {id}"),
            Self::Parameters(error) => error.to_string(),
            Self::Iam(_, saw) => saw.clone(),
            Self::Internal => "a fault of the simulator: its log has the reason".to_owned(),
        }
    }
}

impl Outcome {
    /// What kind of thing decided: `gateway`, `parameters`, `script`, `rule`, `accepted`.
    pub const fn decided_by(&self) -> &'static str {
        match self {
            Self::Refused(ApiError::Parameters(_)) => "parameters",
            Self::Ruled(Ruled { ruling: Ruling { refused_by: Some(_), .. }, .. })
            | Self::Submission(Submission { decision: Decision::Refused { .. }, .. }) => "rule",
            Self::Refused(_) => "gateway",
            Self::Scripted(_) => "script",
            Self::Submission(_) | Self::Ruled(_) | Self::Iam(_) => "accepted",
        }
    }

    /// Why it ended so, in one line: what decided, and what that saw. `application` is what the request applied for, if the
    /// rules decided on it.
    pub fn why(&self, application: Option<&Application<'_>>, script: Option<ScriptUse>) -> String {
        let Some(check) = self.check() else {
            return match self {
                Self::Iam(_) => "accepted: the caller is known",
                Self::Ruled(ruled) => return format!("accepted: {}", ruled.why),
                _ => "accepted: every rule holds",
            }
            .to_owned();
        };
        let saw = match (self, application) {
            (
                Self::Submission(Submission { facts, decision: Decision::Refused { rule, .. }, .. }),
                Some(application),
            ) => (rule.saw)(&Case { application, facts }),
            _ => self.saw_when_failed(script),
        };
        let saw = saw.lines().next().unwrap_or_default();
        // The text of a parameter begins with its name.
        if check == checks::PARAMETERS.id { saw.to_owned() } else { format!("{check}: {saw}") }
    }

    /// The ID of the check or rule that decided; `None` if nothing refused.
    pub const fn check(&self) -> Option<&'static str> {
        match self {
            Self::Refused(error) => Some(error.check()),
            Self::Scripted(_) => Some(checks::SCRIPT.id),
            Self::Submission(Submission { decision: Decision::Refused { rule, .. }, .. }) => Some(rule.id),
            Self::Ruled(Ruled { ruling: Ruling { refused_by: Some(condition), .. }, .. }) => Some(condition.id),
            Self::Submission(_) | Self::Ruled(_) | Self::Iam(_) => None,
        }
    }

    pub const fn facts(&self) -> Option<&Facts> {
        if let Self::Submission(submission) = self { Some(&submission.facts) } else { None }
    }

    pub const fn change(&self) -> Option<&Change> {
        match self {
            Self::Submission(Submission { change, .. })
            | Self::Scripted(ScriptedOutcome { change, .. })
            | Self::Ruled(Ruled { change, .. }) => change.as_ref(),
            _ => None,
        }
    }

    /// What happens to the connection instead of the answer.
    pub const fn fault(&self) -> Option<Fault> {
        if let Self::Scripted(scripted) = self { scripted.step.fault } else { None }
    }

    /// The answer of the API or its gateway. `None` where an endpoint has an answer of its own form, and for a fault without an
    /// answer.
    pub fn answer(&self) -> Option<Answer> {
        match self {
            Self::Submission(submission) => Some(submission.decision.answer()),
            Self::Scripted(scripted) => scripted.step.answer.clone(),
            Self::Ruled(ruled) => ruled.ruling.refusal(),
            Self::Iam(_) => None,
            Self::Refused(error) => error.answer(),
        }
    }

    pub const fn iam(&self) -> Option<&IamAnswer> {
        match self {
            Self::Iam(answer) | Self::Refused(ApiError::Iam(answer, _)) => Some(answer),
            _ => None,
        }
    }

    pub fn error_code(&self) -> Option<&'static str> {
        match self.answer() {
            Some(Answer::Refuse(refusal)) => Some(refusal.code.code()),
            Some(Answer::Other(error)) => Some(error.code),
            Some(Answer::Gateway(error)) => Some(error.code),
            Some(Answer::Accept(_) | Answer::Raw(_)) | None => None,
        }
    }

    /// Every `error_code` that an outcome can have.
    pub fn error_codes() -> Vec<&'static str> {
        catalog::codes().chain(gateway::codes()).collect()
    }

    /// Every name of an outcome: the labels, and the check items.
    pub fn names() -> Vec<&'static str> {
        let accepted = Review::ALL.iter().map(|review| review.as_str());
        let items = CheckItem::ALL.iter().map(|item| item.code());
        let faults = Fault::VARIANTS.iter().map(Into::into);
        accepted.chain(Self::error_codes()).chain(items).chain(faults).chain([RAW, ANSWERED, UNIDENTIFIED]).collect()
    }

    /// A label for the outcome as the client sees it: an `error_code`, `is_review 0`, `fault reset`, `raw`, or `answered` or
    /// `not identified` where there is none of these.
    pub fn label(&self) -> &'static str {
        self.fault().map(Into::into).or_else(|| self.answer_label()).unwrap_or(match self {
            Self::Refused(_) => UNIDENTIFIED,
            _ => ANSWERED,
        })
    }

    /// The label of the answer that was decided, also where a fault loses it.
    fn answer_label(&self) -> Option<&'static str> {
        self.answer().map(|answer| match answer {
            Answer::Refuse(refusal) => refusal.code.code(),
            Answer::Other(error) => error.code,
            Answer::Gateway(error) => error.code,
            Answer::Accept(review) => review.as_str(),
            Answer::Raw(_) => RAW,
        })
    }

    /// Returns how many bytes of memory the outcome has beyond its own size. What it shares with the state counts a little.
    pub(super) fn heap_bytes(&self) -> usize {
        const SHARED: usize = 256;
        let own = match self {
            Self::Submission(Submission { facts, .. }) => match &facts.pictures {
                Inspection::ByName => 0,
                Inspection::Read(pictures) => size_of_val(&**pictures),
                Inspection::Unreachable(cause) => cause.len(),
            },
            Self::Ruled(Ruled { ruling, body, why, .. }) => {
                let reports = &ruling.reports;
                body.len()
                    + why.len()
                    + size_of_val(&**reports)
                    + reports.iter().map(|report| report.saw.len()).sum::<usize>()
            }
            Self::Iam(answer) => answer.body.len(),
            Self::Refused(ApiError::Gateway { detail: Some(Detail { text, masked, saw }), .. }) => {
                text.len() + masked.len() + saw.len()
            }
            Self::Refused(ApiError::Iam(answer, saw)) => answer.body.len() + saw.len(),
            // The script that shares it may be cleared.
            Self::Scripted(ScriptedOutcome { step: Step { answer: Some(Answer::Raw(raw)), .. }, .. }) => raw.body.len(),
            Self::Scripted(_) | Self::Refused(_) => 0,
        };
        SHARED + own
    }

    /// Every check and rule that looks at the request, in order, with its result and what it saw. `application` is what the
    /// request applied for, if the rules decided on it.
    pub fn explain(
        &self,
        request: &RecordedRequest,
        caller: Option<&str>,
        application: Option<&Application<'_>>,
        script: Option<ScriptUse>,
    ) -> Vec<CheckReport> {
        let decided_by = self.check();
        let mut is_decided = false;
        let mut result = |id: &str| {
            let result = match (is_decided, decided_by == Some(id)) {
                (true, _) => CheckResult::NotReached,
                (false, true) => CheckResult::Failed,
                (false, false) => CheckResult::Passed,
            };
            is_decided |= result == CheckResult::Failed;
            result
        };
        let check_report = |check: &&Check| {
            let result = result(check.id);
            let saw = match result {
                CheckResult::Passed => saw_when_passed(check, request, caller, script),
                CheckResult::Failed => self.saw_when_failed(script),
                CheckResult::NotReached => String::new(),
            };
            CheckReport { check: check.id, result, saw, citation: check.citation }
        };
        let endpoint = Endpoint::at(request.method(), request.path()).unwrap_or(&INDIVIDUAL);
        let mut reports: Vec<_> = self.checks(endpoint, script).iter().map(check_report).collect();
        match (self, application) {
            (Self::Submission(Submission { facts, .. }), Some(application)) => {
                reports.extend(domain::explain(&Case { application, facts }));
            }
            (Self::Ruled(ruled), _) => reports.extend(ruled.ruling.reports.iter().cloned()),
            (Self::Iam(_) | Self::Refused(ApiError::Iam(..)), _) => {}
            _ => {
                let report = |condition: Condition| CheckReport {
                    check: condition.id,
                    result: result(condition.id),
                    saw: String::new(),
                    citation: condition.citation,
                };
                reports.extend(endpoint.conditions().into_iter().map(report));
            }
        }
        reports
    }

    /// The checks before the rules that look at a request of this kind.
    fn checks(&self, endpoint: &Endpoint, script: Option<ScriptUse>) -> Vec<&'static Check> {
        let before =
            |check: &Check| checks::CHECKS.iter().copied().take_while(|each| each.id != check.id).collect::<Vec<_>>();
        let script = script.map(|_| &checks::SCRIPT);
        match self {
            Self::Iam(answer) | Self::Refused(ApiError::Iam(answer, _)) => {
                before(&checks::AUTHENTICATED).into_iter().chain(script).chain([answer.check]).collect()
            }
            Self::Scripted(_) if endpoint.scriptable == Scriptable::Gateway => {
                before(&checks::AUTHENTICATED).into_iter().chain(script).collect()
            }
            Self::Ruled(_) => before(&checks::SCRIPT).into_iter().chain(script).collect(),
            Self::Refused(ApiError::Gateway { check, .. }) if check.id == checks::QUOTA.id => {
                let mut checks = before(&checks::NO_FAULT);
                checks.insert(before(&checks::CALLER_IS_PARTNER).len(), &checks::QUOTA);
                checks
            }
            Self::Refused(ApiError::Internal) => checks::CHECKS.to_vec(),
            _ => before(&checks::NO_FAULT),
        }
    }

    /// The fault, and what was decided where it loses that, such as `: is_review 1, then hang`.
    fn what_breaks(&self) -> String {
        match (self.answer_label(), self.fault()) {
            (Some(answer), Some(fault)) => format!(": {answer}, then {}", fault.as_str()),
            (None, Some(fault)) => format!(": {}", fault.as_str()),
            (_, None) => String::new(),
        }
    }

    fn saw_when_failed(&self, script: Option<ScriptUse>) -> String {
        match (self, script) {
            (Self::Refused(error), _) => error.saw(),
            (Self::Ruled(ruled), _) => ruled.ruling.saw().unwrap_or_default().to_owned(),
            (Self::Scripted(_), Some(ScriptUse { place, .. })) => {
                format!("scripted[{place}] matches{}", self.what_breaks())
            }
            _ => String::new(),
        }
    }
}

fn saw_when_passed(
    check: &Check,
    request: &RecordedRequest,
    caller: Option<&str>,
    script: Option<ScriptUse>,
) -> String {
    let (method, path) = (short(request.method()), short(request.path()));
    match check.id {
        "head-size" => format!("a target of {} bytes", request.target().len()),
        "path-known" => path.into_owned(),
        "method-known" => format!("{method} {path}"),
        "body-size" => format!("{} bytes", request.body().len()),
        "authenticated" | "caller-is-partner" | "identity" => {
            caller.map_or(String::new(), |caller| format!("account {caller}"))
        }
        "parameters" => "a well-formed request".to_owned(),
        "script" => match script {
            Some(ScriptUse { place, delay }) => format!("scripted[{place}] delays the answer by {delay:?}"),
            None => "no scripted answer matches".to_owned(),
        },
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{CUSTOMER_ID, Customer, Partner, Violation, check_ownership};

    #[test]
    fn explain_shows_what_the_checks_saw_when_they_hold() {
        insta::assert_snapshot!(explain(&ApiError::Internal.into()), @r#"
        head-size Passed: "a target of 14 bytes"
        path-known Passed: "/v2/path"
        method-known Passed: "POST /v2/path"
        body-size Passed: "2 bytes"
        space-known Passed: ""
        authenticated Passed: "account demo"
        caller-is-partner Passed: "account demo"
        parameters Passed: "a well-formed request"
        script Passed: "no scripted answer matches"
        no-internal-fault Failed: "a fault of the simulator: its log has the reason"
        "#);
        let ruling = check_ownership(Some(&Customer::new("demo")), &Partner::new("demo", "DEMO_IDP"));
        let ruled = Ruled::new(ruling, String::new(), String::new());
        insta::assert_snapshot!(explain(&Outcome::Ruled(ruled)), @r#"
        head-size Passed: "a target of 14 bytes"
        path-known Passed: "/v2/path"
        method-known Passed: "POST /v2/path"
        body-size Passed: "2 bytes"
        space-known Passed: ""
        authenticated Passed: "account demo"
        caller-is-partner Passed: "account demo"
        parameters Passed: "a well-formed request"
        customer-has-partner Passed: "partner of the customer: demo"
        customer-of-caller Passed: "partner of the customer: demo, caller: demo"
        "#);
        insta::assert_snapshot!(explain(&Outcome::Iam(iam_answer())), @r#"
        head-size Passed: "a target of 14 bytes"
        path-known Passed: "/v2/path"
        method-known Passed: "POST /v2/path"
        body-size Passed: "2 bytes"
        space-known Passed: ""
        identity Passed: "account demo"
        "#);
    }

    #[test]
    fn explain_shows_what_the_deciding_check_saw() {
        let detail = |text: &str, saw: Option<&str>| {
            let detail = Detail::from(text.to_owned());
            Some(Detail { saw: saw.unwrap_or(text).to_owned(), ..detail })
        };
        let signature = detail("verify signature fail, canonicalRequest:GET", Some("the signature differs"));
        let outcomes: [Outcome; 12] = [
            ApiError::gateway(&checks::HEAD_SIZE, gateway::TARGET_TOO_LARGE).into(),
            refused(&checks::SPACE, detail("the simulator has no space 1", None)),
            ApiError::gateway(&checks::PATH_KNOWN, gateway::UNKNOWN_PATH).into(),
            ApiError::gateway(&checks::METHOD_KNOWN, gateway::UNKNOWN_METHOD).into(),
            ApiError::gateway(&checks::BODY_SIZE, gateway::BODY_TOO_LARGE).into(),
            refused(&checks::AUTHENTICATED, detail("decrypt token fail", None)),
            refused(&checks::AUTHENTICATED, signature),
            ApiError::CustomerCredentials(CustomerId::new("customer-1")).into(),
            ApiError::Parameters(CUSTOMER_ID.error(Violation::Missing)).into(),
            scripted(),
            Outcome::Ruled(Ruled::new(
                check_ownership(Some(&Customer::new("other")), &Partner::new("demo", "DEMO_IDP")),
                String::new(),
                String::new(),
            )),
            ApiError::Iam(iam_answer(), "no user of this name".to_owned()).into(),
        ];
        let decided = outcomes.map(|outcome| {
            let text = explain(&outcome);
            let (_, last) = text.rsplit_once('\n').unwrap_or(("", &text));
            assert!(last.starts_with(outcome.check().expect("a check decided")) && last.contains(" Failed:"), "{text}");
            last.to_owned()
        });
        insta::assert_snapshot!(decided.join("\n"), @r#"
        head-size Failed: "Request URI too large."
        space-known Failed: "the simulator has no space 1"
        path-known Failed: "The API does not exist or has not been published in the environment."
        method-known Failed: "The API does not exist."
        body-size Failed: "Request entity too large."
        authenticated Failed: "decrypt token fail"
        authenticated Failed: "the signature differs"
        caller-is-partner Failed: "the credentials of customer customer-1"
        parameters Failed: "customer_id: must not be null"
        script Failed: "scripted[2] matches"
        customer-of-caller Failed: "partner of the customer: other, caller: demo"
        identity Failed: "no user of this name"
        "#);
    }

    /// Explains an outcome as text, up to the check that decided.
    fn explain(outcome: &Outcome) -> String {
        let mut request = RecordedRequest::new("POST", "/v2/path?query", 0);
        request.set_body(b"{}");
        let script = matches!(outcome, Outcome::Scripted(_)).then_some(ScriptUse { place: 2, delay: Duration::ZERO });
        let reports = outcome.explain(&request, Some("demo"), None, script);
        let reached = reports.iter().filter(|report| report.result != CheckResult::NotReached);
        reached
            .map(|report| format!("{} {:?}: {:?}", report.check, report.result, report.saw))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn refused(check: &'static Check, detail: Option<Detail>) -> Outcome {
        ApiError::Gateway { check, error: gateway::NOT_AUTHENTICATED, detail }.into()
    }

    fn scripted() -> Outcome {
        let answer = Some(Answer::Accept(catalog::Review::Manual));
        Outcome::Scripted(Step { answer, fault: None }.into())
    }

    fn iam_answer() -> IamAnswer {
        IamAnswer { check: &checks::IDENTITY, status: 201, body: "{}".to_owned() }
    }
}
