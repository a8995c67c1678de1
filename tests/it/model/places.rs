//! The same few places again and again, for more than there are: all are given, and none twice.

use proptest::prelude::*;

use super::drive::{app, held, take};
use super::random::settings;
use super::steps::{Application, CERTIFICATES, PutCustomer, PutWorld, Scripted, Settings, Step, Then};
use super::together::{AtOnce, THREADS, Taken, at_once};
use super::watched::{at_once_watched, pairs};
use super::{cases, runtime};
use crate::support::TestApp;

/// As many customers as there can be places. They are unlisted until `arrive`.
pub(super) const LATER: [&str; 6] = ["l-1", "l-2", "l-3", "l-4", "l-5", "l-6"];

/// How often each case begins anew.
const ROUNDS: usize = 12;

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20, ..cases(8) })]

    #[test]
    fn steps_in_threads_give_every_place_once(settings in settings()) {
        let settings = Settings { attempts_per_customer: 100, ..settings };
        let app = app(settings, &PutWorld::of(&[]));
        for round in 0..ROUNDS {
            use_up(&app, settings);
            runtime().block_on(arrive(&app, settings));
            let mut later = LATER;
            later.rotate_left(round % LATER.len());
            // A thread that watches takes processor time, so that the others run beside each other less.
            fill(&app, settings, &later, if round % 3 == 0 { at_once_watched } else { at_once });
            decide(&app, settings);
        }
    }
}

/// Puts these customers as they are before their first application.
pub(super) async fn arrive(app: &TestApp, settings: Settings) {
    for customer in LATER {
        let (answer, _) = take(app, settings, &Step::PutCustomer(customer, PutCustomer::NEW)).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    }
}

/// Lets all of them apply for every certificate, and asserts that exactly as many are accepted as the certificates had
/// places left.
pub(super) fn fill(app: &TestApp, settings: Settings, later: &[&'static str], at_once: AtOnce) -> Vec<Taken> {
    let held = || {
        let held = held(&runtime().block_on(app.get("/world")));
        pairs(&held).iter().map(|(_, holders)| holders.len()).sum::<usize>()
    };
    let places = CERTIFICATES.len() * settings.customers_per_certificate;
    let free = places - held();
    // First some customers at one certificate each time, and then the others at all certificates at the same time.
    let (first, others) = later.split_at(THREADS);
    let apply = |customer, number| Step::Apply(Application::good(customer, number));
    let mut rushes: Vec<Vec<_>> =
        CERTIFICATES.iter().map(|number| first.iter().map(|customer| apply(*customer, number)).collect()).collect();
    rushes.extend(others.iter().map(|customer| CERTIFICATES.map(|number| apply(*customer, number)).to_vec()));
    let taken = at_once(app, settings, &rushes);
    let accepted = taken.iter().filter(|taken| taken.answer.status == 200).count();
    assert_eq!((accepted, held()), (free, places), "accepted of {free} places that were left, and all that are held");
    taken
}

/// Lets a scripted answer be asked for more often than it is to be given, and asserts how often it was.
fn use_up(app: &TestApp, settings: Settings) {
    let (code, times) = ("CBC.99007261", 4);
    let then = vec![Then::Refuse(code, 400)];
    let scripted = Scripted { customer: Some(LATER[0]), number: None, caller: None, times: Some(times), then };
    let (answer, _) = runtime().block_on(take(app, settings, &Step::Script(scripted)));
    assert_eq!(answer.status, 201);
    let rush = vec![Step::Apply(Application::good(LATER[0], CERTIFICATES[0])); THREADS];
    let taken = at_once(app, settings, &[rush.clone(), rush.clone(), rush]);
    let given = taken.iter().filter(|taken| taken.answer.body["error_code"] == code).count();
    assert_eq!(given, times);
}

/// Lets several decide each review, and asserts that one of them does.
fn decide(app: &TestApp, settings: Settings) {
    let approvals: [bool; THREADS] = [true, false, false];
    let rush = |customer| approvals.map(|approves| Step::Review { customer, approves }).to_vec();
    let rushes = LATER.map(rush);
    let under_review = |taken: usize| if settings.is_automatic { 0 } else { taken };
    let held: usize = CERTIFICATES.len() * settings.customers_per_certificate;
    let taken = at_once(app, settings, &rushes);
    let decided = taken.iter().filter(|taken| taken.answer.status == 200).count();
    assert_eq!(decided, under_review(held), "each review is decided once");
}
