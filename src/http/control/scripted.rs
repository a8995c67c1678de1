//! `/_sim/scripted`: answers fixed beforehand.

use std::sync::Arc;

use axum::Json;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{ControlError, Result};
use super::extract::{Body, InSpace, PathName, RequestBody, Status};
use crate::domain::ScriptedAnswer;
use crate::fixture::{Document, OneOrMany};
use crate::http::openapi::all_required;
use crate::simulator::ScriptedUses;

/// The scripted answers, in the order in which they are tried.
#[derive(Serialize, JsonSchema)]
pub struct ScriptedList {
    scripted: Vec<ScriptedUse>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(transform = all_required)]
struct ScriptedUse {
    /// Its place, which is given once: first 0 to those of the scenario.
    place: usize,
    /// How often it was given.
    used: usize,
    /// How often it will still be given; `null`: for ever.
    left: Option<usize>,
    scripted: Arc<ScriptedAnswer>,
}

pub async fn list(InSpace(space): InSpace) -> Json<ScriptedList> {
    let row = |ScriptedUses { place, used, answer, .. }| {
        let left = answer.times.map(|times| times.saturating_sub(used));
        ScriptedUse { place, used, left, scripted: answer }
    };
    Json(ScriptedList { scripted: space.state().script.uses().into_iter().map(row).collect() })
}

/// Scripted answers to be added.
pub struct NewScripted(Vec<ScriptedAnswer>);

impl RequestBody for NewScripted {
    type Spec = OneOrMany<ScriptedAnswer>;

    const EXAMPLES: &[&str] = &[
        r#"{"times":1,"then":{"error_code":"CBC.0999"}}"#,
        r#"[{"when":{"customer_id":"customer-new"},"then":[{"gateway":"APIGW.0308"},{"is_review":0}]}]"#,
    ];

    fn check_partners(document: &mut Document<'_>, OneOrMany(answers): &Self::Spec, partners: &[&str]) {
        for (index, answer) in answers.iter().enumerate() {
            // The body is one answer or a list. What is not at a path is not reported.
            for path in ["when.caller", &format!("[{index}].when.caller")] {
                answer.when.callers().for_each(|name| document.check_partner(path, name, partners));
            }
        }
    }

    fn convert(document: &mut Document<'_>, OneOrMany(answers): Self::Spec) -> Option<Self> {
        if answers.is_empty() {
            document.report("", "there is no scripted answer in the list", "leave the call out, or write at least one");
        }
        let is_list = document.has("[0]");
        for (index, answer) in answers.iter().enumerate() {
            let path = if is_list { format!("[{index}]") } else { String::new() };
            document.check_scripted(&path, answer);
        }
        Some(Self(answers))
    }
}

/// Where the added answers are.
#[derive(Serialize, JsonSchema)]
pub struct AddedScripted {
    /// The place of the first, from 0.
    place: usize,
    /// How many they are.
    added: usize,
}

pub async fn create(
    InSpace(space): InSpace,
    Body(NewScripted(answers)): Body<NewScripted>,
) -> Result<Status<201, AddedScripted>> {
    let added = answers.len();
    let place = space.state().add_scripted(answers)?;
    Ok(Status(AddedScripted { place, added }))
}

/// Takes one scripted answer away.
pub async fn delete(InSpace(space): InSpace, PathName(place): PathName) -> Result<NoContent> {
    let number: Option<usize> = place.parse().ok().filter(|number: &usize| number.to_string() == place);
    let is_removed = number.is_some_and(|number| space.state().script.remove(number));
    let missing = || ControlError::not_found(format!("there is no scripted answer at the place {place}"));
    if is_removed { Ok(NoContent) } else { Err(missing()) }
}

pub async fn clear(InSpace(space): InSpace) -> NoContent {
    space.state().script.clear();
    NoContent
}
