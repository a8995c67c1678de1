//! Many steps in many threads at the same time: what is limited stays limited, and everything agrees with everything
//! else, during it and afterwards.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::agreement::assert_complete;
use super::drive::{app, held, journal, put_back};
use super::places::{LATER, arrive, fill};
use super::random::{rush, settings};
use super::steps::{Application, CUSTOMERS, Caller, PutWorld, Scripted, Settings, Step, Then};
use super::together::{THREADS, Taken};
use super::watched::{assert_within_limits, at_once_watched, pairs};
use super::{cases, runtime};
use crate::support::{TestApp, list};

/// The codes that refuse an application that counts as an attempt.
const COUNTED: [&str; 5] = ["CBC.99007193", "CBC.99007189", "CBC.99007004", "CBC.99007202", "CBC.99007188"];

/// How often the script refuses the applications of one customer.
const REFUSALS: usize = 20;
const REFUSAL: &str = "CBC.99007261";

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 50, ..cases(6) })]

    #[test]
    fn steps_in_threads_stay_within_the_limits(
        settings in settings(),
        // At least as many as there are certificates, or a customer could not try them all.
        attempts_per_customer in prop_oneof![Just(3_u32), Just(100)],
        rushes in vec(rush(THREADS), 40..120),
    ) {
        let settings = Settings { attempts_per_customer, ..settings };
        let app = app(settings, &world());
        let mut taken = at_once_watched(&app, settings, &rushes);
        runtime().block_on(async {
            assert_counted(&app, settings, &taken).await;
            // Others come when the crowd has gone, and take what it left.
            arrive(&app, settings).await;
        });
        taken.extend(fill(&app, settings, &LATER, at_once_watched));
        runtime().block_on(async {
            let replies: Vec<_> = taken.into_iter().filter_map(|taken| taken.reply).collect();
            assert_complete(&journal(&app).await, &replies);
            put_back(&app).await;
        });
    }
}

/// All customers are listed, and the first applications of one are refused by a script.
fn world() -> PutWorld {
    let then = vec![Then::Refuse(REFUSAL, 400)];
    let caller = Some(Caller::Demo);
    let refused = Scripted { customer: Some("c-4"), number: None, caller, times: Some(REFUSALS), then };
    PutWorld { scripted: vec![refused], ..PutWorld::of(&CUSTOMERS) }
}

/// Asserts that the customers have used exactly the attempts that were answered, and hold what they were accepted with.
async fn assert_counted(app: &TestApp, settings: Settings, taken: &[Taken]) {
    let world = app.get("/world").await;
    assert_within_limits(&world, settings);
    let (mut answered, mut accepted) = (BTreeMap::<_, u64>::new(), BTreeSet::new());
    let (mut refusals, mut could_be_refused) = (0, 0);
    for Taken { step, answer, .. } in taken {
        let Step::Apply(Application { caller, customer, number, is_complete, .. }) = step else { continue };
        let code = &answer.body["error_code"];
        could_be_refused += usize::from(*caller == Caller::Demo && *customer == "c-4" && *is_complete);
        refusals += usize::from(code == REFUSAL);
        if code.is_null() {
            accepted.insert((*number, *customer));
        }
        if code.is_null() || COUNTED.iter().any(|counted| code == counted) {
            *answered.entry(*customer).or_default() += 1;
        }
    }
    assert_eq!(refusals, could_be_refused.min(REFUSALS), "refusals by the script");
    let used = list(&world, "customers").iter().filter_map(|it| Some((it["id"].as_str()?, it["attempts"].as_u64()?)));
    assert_eq!(used.filter(|(_, attempts)| *attempts > 0).collect::<BTreeMap<_, _>>(), answered, "attempts");
    for (number, holders) in pairs(&held(&world)) {
        let is_new = holders.iter().find(|holder| !accepted.contains(&(number, **holder)));
        assert_eq!(is_new, None, "no application with {number} was accepted");
    }
}
