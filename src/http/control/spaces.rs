//! `/_sim/spaces`: isolated worlds for tests that run side by side. And the world, the clock and the reset of one.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::NoContent;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::{CONFLICT, ControlError, Result};
use super::extract::{Body, InSpace, PathName, RequestBody, Status, find_space};
use crate::domain::{DurationText, Label, MAX_LABEL_CHARS, Partner, TimestampText, User};
use crate::fixture::{Document, LoadedScenario, ScenarioSpec};
use crate::http::App;
use crate::http::openapi::{JSON, all_required};
use crate::simulator::{Clock, Reading, Space, SpaceId};

/// The name of a fixture that gives none.
const UNNAMED: &str = "fixture";

/// The spaces.
#[derive(Serialize, JsonSchema)]
pub struct SpaceList {
    spaces: Vec<SpaceSummary>,
}

#[derive(Serialize, JsonSchema)]
struct SpaceSummary {
    /// Its ID.
    id: String,
    /// What people call it, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// What it starts from.
    scenario: Arc<str>,
    /// When it was made.
    #[schemars(extend("format" = "date-time"))]
    created: String,
    /// When it was last called in.
    #[schemars(extend("format" = "date-time"))]
    last_used: String,
}

pub async fn list(State(app): State<Arc<App>>) -> Json<SpaceList> {
    let summary = |space: &Arc<Space>| SpaceSummary {
        id: space.id.to_string(),
        label: label(space),
        scenario: space.scenario(),
        created: format!("{:.3}", space.created_at),
        last_used: format!("{:.3}", space.last_used_at()),
    };
    Json(SpaceList { spaces: app.spaces.list().iter().map(summary).collect() })
}

fn label(space: &Space) -> Option<String> {
    space.label().map(|label| label.as_str().to_owned())
}

/// A space, with what a client needs in order to call in it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Space")]
pub struct SpaceBody {
    /// Its ID: a value of `X-Sim-Space`.
    id: String,
    /// What people call it, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// What it starts from.
    scenario: Arc<str>,
    /// Its partners.
    partners: Vec<PartnerAccess>,
    /// The partners' users, of each partner the one first that is of this space alone: its login needs no `X-Sim-Space`.
    users: Vec<UserAccess>,
}

/// What a user needs in order to ask IAM for a token.
#[derive(Serialize, JsonSchema)]
struct UserAccess {
    /// Its name.
    name: String,
    /// Its password.
    password: String,
    /// The name of its partner.
    domain: Arc<str>,
}

/// What a client of this partner needs.
#[derive(Serialize, JsonSchema)]
#[schemars(transform = all_required)]
struct PartnerAccess {
    /// Its name in the scenario.
    name: Arc<str>,
    /// The account (domain) ID.
    id: String,
    /// The platform ID.
    xaccount_type: String,
    /// The first token: a value of `X-Auth-Token`.
    token: Option<String>,
    /// The first access key's ID.
    ak: Option<String>,
    /// Its secret.
    sk: Option<String>,
}

impl From<&Space> for SpaceBody {
    fn from(space: &Space) -> Self {
        let partner = |partner: &Arc<Partner>| {
            let key = partner.credentials.access_keys.first();
            PartnerAccess {
                name: Arc::clone(&partner.name),
                id: partner.id.to_string(),
                xaccount_type: partner.xaccount_type.to_string(),
                token: partner.credentials.tokens.first().map(|token| token.expose().to_owned()),
                ak: key.map(|key| key.ak.to_string()),
                sk: key.map(|key| key.sk.expose().to_owned()),
            }
        };
        let accounts = space.state().accounts();
        let users = |partner: &Arc<Partner>| {
            let domain = Arc::clone(&partner.name);
            let login = move |User { name, password }: &User| UserAccess {
                name: name.to_string(),
                password: password.expose().to_owned(),
                domain: Arc::clone(&domain),
            };
            partner.credentials.users.iter().map(login).collect::<Vec<_>>()
        };
        Self {
            id: space.id.to_string(),
            label: label(space),
            scenario: space.scenario(),
            partners: accounts.partners.iter().map(partner).collect(),
            users: accounts.partners.iter().flat_map(users).collect(),
        }
    }
}

/// What a new space starts from: one of `scenario` and `fixture`; without either, the scenario `default`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewSpace")]
pub struct NewSpaceSpec {
    /// The name of a scenario that is known.
    scenario: Option<String>,
    /// A scenario of its own.
    fixture: Option<ScenarioSpec>,
    /// What people call it: a test's name, for example.
    #[schemars(with = "Option<String>", length(max = MAX_LABEL_CHARS))]
    label: Option<Label>,
}

/// A new space.
pub struct NewSpace {
    start: Start,
    label: Option<Label>,
}

/// What a new space starts from.
enum Start {
    Scenario(String),
    Fixture(Box<LoadedScenario>),
}

impl RequestBody for NewSpace {
    type Spec = NewSpaceSpec;

    const IS_REQUIRED: bool = false;
    const EXAMPLES: &[&str] = &[r#"{"scenario":"default"}"#, r#"{"label":"test_retry"}"#];

    fn convert(document: &mut Document<'_>, spec: NewSpaceSpec) -> Option<Self> {
        let NewSpaceSpec { scenario, fixture, label } = spec;
        let start = match (scenario, fixture) {
            (Some(_), Some(_)) => return document.refuse("", "`scenario` and `fixture` exclude each other"),
            (None, Some(spec)) => {
                document.enter("fixture");
                Start::Fixture(Box::new(LoadedScenario::convert(document, spec)?))
            }
            (name, None) => Start::Scenario(name.unwrap_or_else(|| "default".to_owned())),
        };
        Some(Self { start, label })
    }
}

/// What can be changed of a space.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SpaceChange")]
pub struct SpaceChangeSpec {
    /// What people call it. Without this key, or if it is `null`, the space has no label any more.
    #[schemars(with = "Option<String>", length(max = MAX_LABEL_CHARS))]
    label: Option<Label>,
}

/// What a space is to be.
pub struct SpaceChange {
    label: Option<Label>,
}

impl RequestBody for SpaceChange {
    type Spec = SpaceChangeSpec;

    const EXAMPLES: &[&str] = &[r#"{"label":"test_retry"}"#];

    fn convert(_: &mut Document<'_>, SpaceChangeSpec { label }: SpaceChangeSpec) -> Option<Self> {
        Some(Self { label })
    }
}

pub async fn create(State(app): State<Arc<App>>, Body(new): Body<NewSpace>) -> Result<Status<201, SpaceBody>> {
    let scenario = match new.start {
        Start::Scenario(name) => app.library().scenario(&name)?,
        Start::Fixture(scenario) => scenario.into(),
    };
    let space = app.spaces.create(scenario.name.as_str().into(), new.label, &scenario.world);
    Ok(Status(SpaceBody::from(&*space)))
}

pub async fn get(State(app): State<Arc<App>>, PathName(id): PathName) -> Result<Json<SpaceBody>> {
    Ok(Json(SpaceBody::from(&*find_space(&app, &id)?)))
}

pub async fn put(
    State(app): State<Arc<App>>,
    PathName(id): PathName,
    Body(change): Body<SpaceChange>,
) -> Result<Json<SpaceBody>> {
    let space = find_space(&app, &id)?;
    space.set_label(change.label);
    Ok(Json(SpaceBody::from(&*space)))
}

pub async fn delete(State(app): State<Arc<App>>, PathName(id): PathName) -> Result<NoContent> {
    let space = find_space(&app, &id)?;
    if space.id == SpaceId::DEFAULT {
        return Err(ControlError::new(CONFLICT, "the default space stays: reset it instead"));
    }
    let is_removed = app.spaces.remove(space.id);
    is_removed.then_some(NoContent).ok_or_else(|| ControlError::not_found("the space has gone meanwhile"))
}

pub async fn get_world(InSpace(space): InSpace) -> Json<ScenarioSpec> {
    Json(ScenarioSpec::from_world(&space.scenario(), &space.state().snapshot()))
}

impl RequestBody for LoadedScenario {
    type Spec = ScenarioSpec;

    const MEDIA_TYPES: &[&str] = &[JSON, "application/yaml"];
    const EXAMPLES: &[&str] =
        &[r#"{"partners":[{"id":"p-1","name":"demo","xaccount_type":"DEMO_IDP","credentials":{"tokens":["t"]}}]}"#];

    fn convert(document: &mut Document<'_>, spec: ScenarioSpec) -> Option<Self> {
        Some(Self::from_spec(document, spec, UNNAMED))
    }
}

pub async fn put_world(InSpace(space): InSpace, Body(scenario): Body<LoadedScenario>) -> Json<SpaceBody> {
    space.replace(scenario.name.into(), &scenario.world);
    Json(SpaceBody::from(&*space))
}

pub async fn reset(InSpace(space): InSpace) -> Json<SpaceBody> {
    space.reset();
    Json(SpaceBody::from(&*space))
}

/// The clock of a space.
#[derive(Serialize, JsonSchema)]
pub struct ClockBody {
    /// The time.
    #[schemars(extend("format" = "date-time"))]
    now: String,
    /// Whether it stands still.
    frozen: bool,
    /// The milliseconds that it is ahead of the machine's.
    ahead_ms: i64,
}

impl From<&Clock> for ClockBody {
    fn from(clock: &Clock) -> Self {
        let Reading { now, is_frozen, ahead } = clock.read();
        let ahead_ms = i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX);
        Self { now: format!("{now:.3}"), frozen: is_frozen, ahead_ms }
    }
}

pub async fn get_clock(InSpace(space): InSpace) -> Json<ClockBody> {
    Json(ClockBody::from(&space.state().clock))
}

/// What is done to a clock: one of these, but `freeze` may go with `set`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClockChange")]
pub struct ClockChangeSpec {
    /// It is put forward by this.
    advance: Option<DurationText>,
    /// True: it is stopped; false: it goes on.
    freeze: Option<bool>,
    /// It is set to this time.
    set: Option<TimestampText>,
    /// True: it is the machine's again.
    reset: Option<bool>,
}

/// What is done to a clock.
pub enum ClockChange {
    Advance(Duration),
    Freeze(bool),
    Set(Timestamp, Option<bool>),
    Reset,
}

impl RequestBody for ClockChange {
    type Spec = ClockChangeSpec;

    const EXAMPLES: &[&str] =
        &[r#"{"advance":"2h"}"#, r#"{"freeze":true}"#, r#"{"set":"2027-01-01","freeze":true}"#, r#"{"reset":true}"#];

    fn convert(document: &mut Document<'_>, spec: ClockChangeSpec) -> Option<Self> {
        let ClockChangeSpec { advance, freeze, set, reset } = spec;
        match (advance, set, freeze, reset.filter(|reset| *reset)) {
            (Some(duration), None, None, None) => Some(Self::Advance(duration.0)),
            (None, Some(time), freeze, None) => Some(Self::Set(time.0, freeze)),
            (None, None, Some(freeze), None) => Some(Self::Freeze(freeze)),
            (None, None, None, Some(_)) => Some(Self::Reset),
            _ => document.refuse("", "write one of `advance`, `freeze`, `set` (also with `freeze`) and `reset: true`"),
        }
    }
}

pub async fn put_clock(InSpace(space): InSpace, Body(change): Body<ClockChange>) -> Result<Json<ClockBody>> {
    let clock = &space.state().clock;
    match change {
        ClockChange::Advance(by) => clock.advance(by)?,
        ClockChange::Freeze(freeze) => clock.freeze(freeze),
        ClockChange::Set(time, freeze) => clock.set(time, freeze),
        ClockChange::Reset => clock.reset(),
    }
    Ok(Json(ClockBody::from(clock)))
}
