//! Many steps in many threads at the same time: what is limited stays limited, and everything agrees with everything
//! else, during it and afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::agreement::{assert_agrees_with_itself, assert_complete};
use super::drive::{explain, get, held, journal, list, put_back, service, take};
use super::random::{application, everyday_step, settings};
use super::steps::{
    Application, CERTIFICATES, CUSTOMERS, Caller, PutCustomer, PutWorld, Scripted, Settings, Step, Then,
};
use super::{cases, runtime};
use crate::service::{Reply, Service};

/// They come when the crowd has gone, and take what it left.
const LATER: [&str; 6] = ["l-1", "l-2", "l-3", "l-4", "l-5", "l-6"];

/// The codes that refuse an application that counts as an attempt.
const COUNTED: [&str; 5] = ["CBC.99007193", "CBC.99007189", "CBC.99007004", "CBC.99007202", "CBC.99007188"];

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 50, ..cases(10) })]

    #[test]
    fn a_crowd_is_let_through_exactly_as_far_as_the_limits_allow(
        settings in settings(),
        // At least as many as there are certificates, or somebody could not try them all.
        attempts_per_customer in prop_oneof![Just(3_u32), Just(30)],
        threads in vec(vec(everyday_step(), 30..90), 4),
        questions in vec(application(), 4),
    ) {
        let settings = Settings { attempts_per_customer, ..settings };
        let service = service(settings, &world());
        let mut replies = gather(&service, settings, &threads, &questions);
        runtime().block_on(assert_counted(&service, settings, &replies));
        replies.extend(fill(&service, settings, &questions));
        runtime().block_on(async {
            let replies: Vec<_> = replies.into_iter().map(|(_, reply)| reply).collect();
            assert_complete(&journal(&service).await, &replies);
            put_back(&service).await;
        });
    }
}

/// All customers are listed, and the first applications of one are refused by a script.
fn world() -> PutWorld {
    let then = vec![Then::Refuse("CBC.99007261", 400)];
    let refused = Scripted { customer: Some("c-4"), number: None, caller: Some(Caller::Demo), times: Some(3), then };
    PutWorld { scripted: vec![refused], ..PutWorld::of(&CUSTOMERS) }
}

/// Lets the threads take their steps at the same time, and looks at the service meanwhile. What was replied to which.
fn gather(
    service: &Service,
    settings: Settings,
    threads: &[Vec<Step>],
    questions: &[Application],
) -> Vec<(Step, Reply)> {
    let at_work = AtomicUsize::new(threads.len());
    let work = |steps: &[Step]| {
        let _leaving = Leaving(&at_work);
        let runtime = runtime();
        let take = |step: &Step| Some((step.clone(), runtime.block_on(take(service, settings, step)).1?));
        steps.iter().filter_map(take).collect::<Vec<_>>()
    };
    let watch = || {
        let (runtime, mut seen) = (runtime(), 0);
        while at_work.load(Ordering::SeqCst) > 0 {
            runtime.block_on(look(service, settings, questions, &mut seen));
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = threads.iter().map(|steps| scope.spawn(|| work(steps))).collect();
        scope.spawn(watch);
        workers.into_iter().flat_map(|worker| worker.join().expect("no step panics")).collect()
    })
}

/// Somebody at work, who leaves also when it panics.
struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Asserts what holds at any moment: of the world, of what would be answered, and of what was since the last look.
async fn look(service: &Service, settings: Settings, questions: &[Application], seen: &mut u64) {
    assert_within_limits(&get(service, "/world").await, settings);
    for application in questions {
        assert_agrees_with_itself(&explain(service, application).await);
    }
    let journal = get(service, &format!("/journal?since={seen}&limit=50")).await;
    list(&journal, "entries").iter().for_each(assert_agrees_with_itself);
    *seen = journal["next"].as_u64().expect("a number");
}

/// Asserts that nobody has more than its share in this world, and that those who are accepted hold one certificate
/// each, and nobody else does.
fn assert_within_limits(world: &Value, settings: Settings) {
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
    assert_eq!(holders, accepted, "who holds a certificate, and who is accepted: {world:#}");
}

/// The certificates with their holders.
fn pairs(held: &Value) -> Vec<(&str, Vec<&str>)> {
    fn ids(holders: &Value) -> Vec<&str> {
        holders.as_array().expect("a list").iter().map(|holder| holder.as_str().expect("an ID")).collect()
    }
    held.as_object().expect("an object").iter().map(|(number, holders)| (number.as_str(), ids(holders))).collect()
}

/// Asserts that the customers have used exactly the attempts that were answered, and hold what they were accepted with.
async fn assert_counted(service: &Service, settings: Settings, replies: &[(Step, Reply)]) {
    let world = get(service, "/world").await;
    assert_within_limits(&world, settings);
    let (mut answered, mut accepted) = (BTreeMap::<_, u64>::new(), BTreeSet::new());
    for (step, reply) in replies {
        let Step::Apply(Application { customer, number, .. }) = step else { continue };
        let code = &reply.json()["error_code"];
        if code.is_null() {
            accepted.insert((*number, *customer));
        }
        if code.is_null() || COUNTED.iter().any(|counted| code == counted) {
            *answered.entry(*customer).or_default() += 1;
        }
    }
    let used = list(&world, "customers").iter().filter_map(|it| Some((it["id"].as_str()?, it["attempts"].as_u64()?)));
    assert_eq!(used.filter(|(_, attempts)| *attempts > 0).collect::<BTreeMap<_, _>>(), answered, "attempts");
    for (number, holders) in pairs(&held(&world)) {
        let is_new = holders.iter().find(|holder| !accepted.contains(&(number, **holder)));
        assert_eq!(is_new, None, "nobody accepted it with {number}");
    }
}

/// Lets enough others apply for every certificate at the same time, and asserts that exactly as many are accepted as
/// the certificates had places left.
fn fill(service: &Service, settings: Settings, questions: &[Application]) -> Vec<(Step, Reply)> {
    let taken = || {
        let world = runtime().block_on(get(service, "/world"));
        pairs(&held(&world)).iter().map(|(_, holders)| holders.len()).sum::<usize>()
    };
    let places = CERTIFICATES.len() * settings.customers_per_certificate;
    let free = places - taken();
    let put = |customer| Step::PutCustomer(customer, PutCustomer::NEW);
    for step in LATER.map(put) {
        assert_eq!(runtime().block_on(take(service, settings, &step)).0.status, 201);
    }
    // Each thread begins with another certificate.
    let apply = |number| LATER.map(|customer| Step::Apply(Application::good(customer, number))).to_vec();
    let replies = gather(service, settings, &CERTIFICATES.map(apply), questions);
    let accepted = replies.iter().filter(|(_, reply)| reply.status == 200).count();
    assert_eq!((accepted, taken()), (free, places), "accepted of {free} places that were left, and all that are taken");
    replies
}
