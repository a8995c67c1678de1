//! Random steps against a small model of the design, one after the other and in many threads. A failure prints the
//! fewest steps that were found to lead to it; `PROPTEST_CASES` says how many cases to try.

mod agreement;
mod calls;
mod crowd;
mod drive;
mod history;
mod places;
mod random;
mod steps;
mod together;
mod watched;
mod world;

use std::env;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::support::{Reply, TestApp, list, text};
use agreement::{assert_agrees_with_itself, assert_complete, predicted};
use drive::{app, customers, explain, holders, journal, take};
use random::{any_step, change_and_review, settings};
use steps::{Kind, PutWorld, Settings, Step};
use world::Model;

/// As many cases as this, unless the environment says otherwise. The steps of a failure are printed, and not in a file.
fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if env::var_os("PROPTEST_CASES").is_some() { default } else { ProptestConfig { cases, ..default } }
}

/// What a thread runs its steps on.
fn runtime() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime starts")
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn steps_in_sequence_agree_with_the_model(
        settings in settings(),
        steps in vec(prop_oneof![14 => any_step().prop_map(|step| vec![step]), 1 => change_and_review()], 1..50),
    ) {
        runtime().block_on(follow(settings, steps.concat()));
    }
}

/// Takes the steps in the app and in the model, and compares.
async fn follow(settings: Settings, steps: Vec<Step>) {
    let world = PutWorld::of(&["c-1", "c-2", "c-3"]);
    let (app, mut model) = (app(settings, &world), Model::new(settings, &world));
    let mut replies = Vec::new();
    for step in &steps {
        let explanation = match step {
            Step::Apply(application) if application.kind == Kind::Individual => Some(explain(&app, application).await),
            _ => None,
        };
        let (answer, reply) = take(&app, settings, step).await;
        assert_eq!(answer, model.take(step), "{step:?}");
        assert_eq!(customers(&app).await, model.customers(), "the customers after {step:?}");
        assert_eq!(holders(&app).await, model.holders(), "the holders after {step:?}");
        if matches!(step, Step::ClearJournal | Step::Reset | Step::PutBack | Step::PutWorld(_)) {
            replies.clear();
            assert_eq!(minutes_ahead(&app).await, model.now, "the clock after {step:?}");
        }
        if let Some(reply) = reply {
            assert_explained(&app, explanation, &reply).await;
            replies.push(reply);
        }
    }
    let journal = journal(&app).await;
    assert_complete(&journal, &replies);
    assert_newest(&journal, &replies);
}

/// How far the clock is ahead, without the moments that the steps take.
async fn minutes_ahead(app: &TestApp) -> u64 {
    let ahead = app.get("/clock").await["ahead_ms"].as_i64().expect("a number");
    u64::try_from((ahead + 30_000).div_euclid(60_000)).expect("no step puts the clock back")
}

/// Asserts that the explanation of an application is what the journal has of it.
async fn assert_explained(app: &TestApp, explanation: Option<Value>, reply: &Reply) {
    let Some(explanation) = explanation else { return };
    assert_agrees_with_itself(&explanation);
    let entry = app.get(&format!("/journal/{}", reply.id())).await;
    assert_eq!(predicted(&explanation), predicted(&entry), "explained before, and done");
}

/// Asserts that the journal has the last answers, in their order.
fn assert_newest(journal: &Value, replies: &[Reply]) {
    let entries = list(journal, "entries");
    let ids = entries.iter().map(|entry| text(&entry["request_id"]));
    let newest = replies[replies.len() - entries.len()..].iter().map(Reply::id);
    assert!(ids.eq(newest), "the journal keeps the newest: {journal:#}");
}
