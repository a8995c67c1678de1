//! What holds at any moment, looked at while threads take their steps.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

use super::agreement::assert_agrees_with_itself;
use super::drive::{explain, held};
use super::runtime;
use super::steps::{Application, CERTIFICATES, CUSTOMERS, Settings, Step};
use super::together::{Taken, at_once};
use crate::support::{TestApp, list};

/// Takes the steps, each of a rush in another thread, and looks on meanwhile.
pub(super) fn at_once_watched(app: &TestApp, settings: Settings, rushes: &[Vec<Step>]) -> Vec<Taken> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (runtime, mut seen) = (runtime(), 0);
            while !is_over.load(Ordering::SeqCst) {
                runtime.block_on(look(app, settings, &mut seen));
            }
        });
        let _over = Over(&is_over);
        at_once(app, settings, rushes)
    })
}

/// Ends the looking on, also when a step panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Asserts what holds at any moment: of the world, of what would be answered, and of what was since the last look.
async fn look(app: &TestApp, settings: Settings, seen: &mut u64) {
    // Mostly at the world: only while it is read can a change be seen by half.
    for _ in 0..5 {
        assert_within_limits(&app.get("/world").await, settings);
    }
    for number in CERTIFICATES {
        assert_agrees_with_itself(&explain(app, &Application::good(CUSTOMERS[0], number)).await);
    }
    let journal = app.get(&format!("/journal?since={seen}&limit=50")).await;
    list(&journal, "entries").iter().for_each(assert_agrees_with_itself);
    *seen = journal["next"].as_u64().expect("a number");
}

/// Asserts that no limit is exceeded in this world, and that exactly the customers that were accepted hold a certificate,
/// one each.
pub(super) fn assert_within_limits(world: &Value, settings: Settings) {
    let (held, mut holders) = (held(world), Vec::new());
    for (number, held_by) in pairs(&held) {
        assert!(held_by.len() <= settings.customers_per_certificate, "{number} is held by {held_by:?}: {world:#}");
        holders.extend(held_by);
    }
    holders.sort_unstable();
    let mut accepted = Vec::new();
    for customer in list(world, "customers") {
        let attempts = customer["attempts"].as_u64().expect("a number");
        assert!(attempts <= settings.attempts_per_customer.into(), "{customer:#}");
        if customer["real_name"] == "under_review" || customer["real_name"] == "authenticated" {
            accepted.push(customer["id"].as_str().expect("an ID"));
        }
    }
    assert_eq!(holders, accepted, "holders and accepted customers: {world:#}");
}

/// The certificates with their holders.
pub(super) fn pairs(held: &Value) -> Vec<(&str, Vec<&str>)> {
    fn ids(holders: &Value) -> Vec<&str> {
        holders.as_array().expect("a list").iter().map(|holder| holder.as_str().expect("an ID")).collect()
    }
    held.as_object().expect("an object").iter().map(|(number, holders)| (number.as_str(), ids(holders))).collect()
}
