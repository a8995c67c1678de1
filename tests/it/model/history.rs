//! A few steps in a few threads at the same time: there is an order of the steps in which
//! the model answers the same, and in which nothing comes before what had been answered when it was asked.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::drive::{app, customers, holders, take};
use super::random::{any_step, rush_with_calls, settings};
use super::steps::{PutWorld, Settings, Step};
use super::together::{THREADS, Taken, at_once};
use super::world::{Model, State};
use super::{cases, runtime};

/// How often each case is tried: the threads meet in another way each time.
const ROUNDS: usize = 6;

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..cases(16) })]

    #[test]
    fn steps_in_threads_are_linearizable(
        settings in settings(),
        before in vec(any_step(), 0..8),
        rushes in vec(rush_with_calls(THREADS), 1..=8),
    ) {
        for _ in 0..ROUNDS {
            meet(settings, &before, &rushes);
        }
    }
}

fn meet(settings: Settings, before: &[Step], rushes: &[Vec<Step>]) {
    let world = PutWorld::of(&["c-1", "c-2", "c-3"]);
    let (app, mut model) = (app(settings, &world), Model::new(settings, &world));
    runtime().block_on(async {
        for step in before {
            assert_eq!(take(&app, settings, step).await.0, model.take(step), "{step:?}");
        }
    });
    let taken = at_once(&app, settings, rushes);
    let threads: Vec<_> = taken.chunks(rushes.len()).collect();
    let end = runtime().block_on(async { (customers(&app).await, holders(&app).await) });
    let mut order = Order { threads: &threads, end: &end, known: HashSet::new() };
    let is_explained = order.exists(&model, &[0; THREADS]);
    assert!(is_explained, "no order explains these answers: {threads:#?}\nand after them {end:#?}");
}

/// The search for an order.
struct Order<'a> {
    threads: &'a [&'a [Taken]],
    /// The customers and the holders at the end.
    end: &'a (Value, Value),
    /// From where it is known that there is none.
    known: HashSet<(Vec<usize>, State, u64, u64)>,
}

impl Order<'_> {
    /// True when the steps that are left after the first ones of each thread can follow in some order.
    fn exists(&mut self, model: &Model, done: &[usize]) -> bool {
        let next: Vec<_> = self.threads.iter().zip(done).map(|(taken, done)| taken.get(*done)).collect();
        if next.iter().all(Option::is_none) {
            return (model.customers(), model.holders()) == *self.end;
        }
        if !self.known.insert((done.to_vec(), model.state.clone(), model.now, model.began)) {
            return false;
        }
        let first_answered = next.iter().flatten().map(|taken| taken.answered).min();
        next.iter().enumerate().any(|(thread, taken)| {
            let Some(taken) = taken.filter(|taken| Some(taken.request) < first_answered) else { return false };
            let (mut model, mut done) = (model.clone(), done.to_vec());
            done[thread] += 1;
            let answer = model.take(&taken.step);
            // The rule is read from the journal, which a reset may have taken away.
            (answer.status, &answer.body) == (taken.answer.status, &taken.answer.body) && self.exists(&model, &done)
        })
    }
}
