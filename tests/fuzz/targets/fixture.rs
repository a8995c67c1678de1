//! The loader of fixtures: a text is a scenario, which can be written and loaded again, or has mistakes, each at a place
//! that there is.

#![no_main]

use std::sync::LazyLock;

use bss_sim::Error;
use bss_sim_fuzz::{DRAWN, Draw, Service, written_again};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static SCHEMA: LazyLock<Value> = LazyLock::new(Service::schema);

fuzz_target!(|input: &[u8]| {
    let text = match input.split_first() {
        Some((&DRAWN, choices)) => Draw::new(choices).document(&SCHEMA, &SCHEMA).to_string(),
        _ => match str::from_utf8(input) {
            Ok(text) => text.to_owned(),
            Err(_) => return,
        },
    };
    match Service::read(&text) {
        Ok(service) => written_again(&service, "/_sim/world"),
        Err(Error::Fixture(error)) => {
            let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count();
            assert!(!error.problems.is_empty() && error.unreadable.is_empty(), "{error}");
            for problem in &error.problems {
                assert!((1..=lines).contains(&problem.line) && problem.column > 0, "{problem:?} in {text:?}");
                assert!(!problem.message.is_empty());
            }
        }
        Err(error) => panic!("{error}"),
    }
});
