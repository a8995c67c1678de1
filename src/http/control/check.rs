//! `POST /_sim/check`: what is wrong with the text of a scenario, and whether it does what it says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use schemars::{JsonSchema, json_schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::{ControlError, Result, TOO_LARGE};
use super::extract::read_call;
use super::off_workers;
use crate::domain::excerpt;
use crate::fixture::{LoadedScenario, Problem};
use crate::http::App;
use crate::http::openapi::{Describe, OperationWriter, all_required};
use crate::http::proof::{ProofLimits, Proven, ReplyDifference, prove};

/// The name of the text in what is said about it.
const TEXT: &str = "text";

/// How much is run. A script may hold answers back for long, and a bucket may be far away.
const LIMITS: ProofLimits = ProofLimits { exchanges: 1000, time: Duration::from_secs(10) };

/// The most differences of an answer that are told.
const MAX_DIFFERENCES: usize = 20;

/// The text of a scenario file, whatever the call says that it is.
pub struct FileText(Bytes);

impl FromRequest<Arc<App>> for FileText {
    type Rejection = ControlError;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self> {
        let (parts, body) = request.into_parts();
        read_call(&parts.headers, body).await.map(Self)
    }
}

impl Describe for FileText {
    fn describe(operation: &mut OperationWriter<'_>) {
        let schema = json_schema!({ "type": "string" });
        operation.request_body(&["text/plain"], false, &schema, &[]);
        operation.error(TOO_LARGE);
    }
}

/// What is wrong with a scenario file.
#[derive(Serialize, JsonSchema)]
pub struct CheckedFile {
    /// Every mistake, by line, but no more than 100. With one, the file is not taken.
    mistakes: Vec<Mistake>,
    /// What is probably not meant, by line.
    warnings: Vec<Mistake>,
    /// The exchanges, in order; none if there is a mistake.
    exchanges: Vec<CheckedExchange>,
}

/// Something that is wrong with a file, or probably so.
#[derive(Serialize, JsonSchema)]
#[schemars(inline, transform = all_required)]
struct Mistake {
    /// The line, from 1.
    line: usize,
    /// The column of the line, from 1.
    column: usize,
    /// What it is about, like `customers[0].partner`.
    path: String,
    /// What is wrong.
    message: String,
    /// What would be right.
    hint: Option<String>,
}

impl From<Problem> for Mistake {
    fn from(Problem { line, column, key, message, hint, .. }: Problem) -> Self {
        Self { line, column, path: key, message, hint }
    }
}

/// An exchange that was run.
#[derive(Serialize, JsonSchema)]
#[schemars(inline, transform = all_required)]
struct CheckedExchange {
    /// Its place among the exchanges, from 1.
    number: usize,
    /// Its line in the text, from 1.
    line: usize,
    /// Whether what was expected came, or the step could be taken.
    ok: bool,
    /// The answer that was expected, of a long body the beginning; `null` for a step that is no request.
    expected: Option<AnswerBody>,
    /// The answer that came; `null` if none did.
    got: Option<AnswerBody>,
    /// Where the answer is not the expected one, at up to 20 places.
    differs: Vec<ReplyDifference>,
    /// What decided, and what it saw; or why the step could not be taken. `null` for a step that was taken.
    why: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline, transform = all_required)]
struct AnswerBody {
    /// The HTTP status.
    status: u16,
    /// The body; `null`: any, where it is expected, and none that is JSON, where it came.
    body: Value,
}

pub async fn post(State(app): State<Arc<App>>, FileText(text): FileText) -> Json<CheckedFile> {
    let read = move || match std::str::from_utf8(&text) {
        Ok(text) => LoadedScenario::read_text(TEXT, text),
        Err(error) => Err(Problem::not_utf8(TEXT, &text[..error.valid_up_to()]).into()),
    };
    let scenario = off_workers(&app, read).await;
    Json(match scenario {
        Ok(scenario) => {
            let proven = prove(&scenario, LIMITS).await;
            let exchanges = (1..).zip(&proven).map(CheckedExchange::from).collect();
            let mut warnings: Vec<Mistake> = scenario.warnings.iter().cloned().map(Into::into).collect();
            if let Some(next) = scenario.exchanges.get(proven.len()) {
                warnings.push(not_run(proven.len(), next.line()));
                warnings.sort_by_key(|warning| warning.line);
            }
            CheckedFile { mistakes: Vec::new(), warnings, exchanges }
        }
        Err(error) => {
            let mistakes = error.problems.into_iter().map(Into::into).collect();
            CheckedFile { mistakes, warnings: Vec::new(), exchanges: Vec::new() }
        }
    })
}

/// The warning that exchanges from this one on were not run.
fn not_run(count: usize, line: usize) -> Mistake {
    let ProofLimits { exchanges, time } = LIMITS;
    Mistake {
        line,
        column: 1,
        path: format!("exchanges[{count}]"),
        message: format!("this exchange and those after it were not run: {exchanges} are, for {} s", time.as_secs()),
        hint: Some("`bss-sim check` has no such limit".to_owned()),
    }
}

/// Repeats what the text expects. If it is long, it is the beginning of its JSON.
fn repeated(body: &BTreeMap<String, Value>) -> Value {
    let body = json!(body);
    match excerpt(&body.to_string()) {
        Cow::Borrowed(_) => body,
        Cow::Owned(beginning) => beginning.into(),
    }
}

impl From<(usize, &Proven<'_>)> for CheckedExchange {
    fn from((number, proven): (usize, &Proven<'_>)) -> Self {
        Self {
            number,
            line: proven.line,
            ok: proven.is_ok(),
            expected: proven.expected.map(|expected| AnswerBody {
                status: expected.status,
                body: expected.body.as_ref().map(repeated).unwrap_or_default(),
            }),
            got: proven
                .reply
                .as_ref()
                .and_then(|reply| reply.as_ref().ok())
                .map(|reply| AnswerBody { status: reply.status, body: reply.body.clone() }),
            differs: proven.differences().into_iter().take(MAX_DIFFERENCES).collect(),
            why: proven.why(),
        }
    }
}
