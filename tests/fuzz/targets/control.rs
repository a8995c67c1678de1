//! Any calls of the control API: each is answered in one of its ways, none breaks anything, and the world that is left
//! can be loaded again.
//!
//! An input that is drawn is a row of calls; any other is the body of one call of each kind.

#![no_main]

use std::sync::LazyLock;

use bss_sim_fuzz::{Answer, DRAWN, Draw, Service, application, journaled, word, written_again};
use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// Methods and paths; `{}` is a name, and what follows it the part of the schema that a body is drawn from.
const CALLS: &[(&str, &str, &str)] = &[
    ("GET", "", ""),
    ("GET", "/catalog", ""),
    ("GET", "/clock", ""),
    ("PUT", "/clock", "clock"),
    ("GET", "/customers", ""),
    ("GET", "/customers/{}", ""),
    ("PUT", "/customers/{}", "Customer"),
    ("DELETE", "/customers/{}", ""),
    ("POST", "/customers/{}/review", "review"),
    ("GET", "/partners", ""),
    ("GET", "/partners/{}", ""),
    ("PUT", "/partners/{}", "Partner"),
    ("DELETE", "/partners/{}", ""),
    ("GET", "/certificates", ""),
    ("GET", "/certificates/{}", ""),
    ("PUT", "/certificates/{}", "Certificate"),
    ("DELETE", "/certificates/{}", ""),
    ("POST", "/explain", "explain"),
    ("GET", "/journal", ""),
    ("DELETE", "/journal", ""),
    ("GET", "/journal/stream", ""),
    ("GET", "/journal/{}", ""),
    ("POST", "/reset", ""),
    ("GET", "/scenarios", ""),
    ("GET", "/scenarios/{}", ""),
    ("GET", "/schema/fixture.json", ""),
    ("GET", "/scripted", ""),
    ("POST", "/scripted", "Scripted"),
    ("DELETE", "/scripted", ""),
    ("GET", "/spaces", ""),
    ("POST", "/spaces", "space"),
    ("GET", "/spaces/{}", ""),
    ("DELETE", "/spaces/{}", ""),
    ("POST", "/verify", "verify"),
    ("GET", "/world", ""),
    ("PUT", "/world", "world"),
];

/// The most calls of an input.
const MOST_CALLS: usize = 12;

static SCHEMA: LazyLock<Value> = LazyLock::new(Service::schema);

const WORLD: &str = "
partners:
  - { name: demo, id: demo-account, xaccount_type: DEMO_IDP, credentials: { tokens: [token] } }
customers:
  - { id: c-1, partner: demo }
  - { id: c-2, partner: demo, real_name: under_review }
certificates: [{ number: E1, used_by: [c-2] }]
";

/// A body for a call that wants one of this kind.
fn body(draw: &mut Draw<'_>, kind: &str) -> Value {
    match kind {
        "" => Value::Null,
        "clock" => match draw.below(5) {
            0 => json!({ "advance": word(draw) }),
            1 => json!({ "freeze": draw.one_in(2) }),
            2 => json!({ "set": word(draw) }),
            3 => json!({ "reset": true }),
            _ => json!({ word(draw): word(draw) }),
        },
        "review" => json!({ "decision": *draw.choose(&["approve", "reject", "", "maybe"]), "opinion": word(draw) }),
        "explain" => json!({ "as": word(draw), "request": application(&word(draw)) }),
        "verify" => json!({ "match": { *draw.choose(&["path", "name", "status", "rule", "x"]): word(draw) },
                            "count": { *draw.choose(&["exactly", "at_least", "at_most"]): draw.below(3) } }),
        "space" => match draw.below(2) {
            0 => json!({ "scenario": *draw.choose(&["default", "open", "nothing"]) }),
            _ => json!({ "fixture": draw.document(&SCHEMA, &SCHEMA) }),
        },
        "world" => draw.document(&SCHEMA, &SCHEMA),
        part => {
            let part = &SCHEMA["$defs"][part];
            assert!(part.is_object(), "the schema has no such part");
            draw.document(&SCHEMA, part)
        }
    }
}

fn target(draw: &mut Draw<'_>, path: &str) -> String {
    let name = word(draw);
    let path = path.replace("{}", &utf8_percent_encode(&name, NON_ALPHANUMERIC).to_string());
    let query = match draw.below(6) {
        0..=3 => String::new(),
        4 => format!("?space={}", utf8_percent_encode(&word(draw), NON_ALPHANUMERIC)),
        _ => format!("?{}={}", draw.choose(&["since", "limit", "customer_id", "error_code", "x"]), draw.below(20)),
    };
    format!("/_sim{path}{query}")
}

/// Asserts that a control call is answered in one of its ways.
fn check(answer: &Answer, call: &str) {
    assert!(matches!(answer.status, 200 | 201 | 204 | 400 | 404 | 405 | 409 | 413 | 415 | 422), "{call}: {answer:?}");
    if answer.status >= 400 && answer.status != 405 && !call.contains("/verify") {
        assert!(answer.json()["error"].as_str().is_some_and(|error| !error.is_empty()), "{call}: {answer:?}");
    }
}

fuzz_target!(|input: &[u8]| {
    let service = Service::new(WORLD);
    match input.split_first() {
        Some((&DRAWN, choices)) => {
            let mut draw = Draw::new(choices);
            for _ in 0..MOST_CALLS {
                if !draw.is_left() {
                    break;
                }
                let (method, path, kind) = *draw.choose(CALLS);
                let target = target(&mut draw, path);
                let body = body(&mut draw, kind);
                let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
                let answer = service.control(method, &target, &body);
                check(&answer, &format!("{method} {target} {}", String::from_utf8_lossy(&body)));
                if draw.one_in(3)
                    && let Some(answer) = service.post("token", application("c-1").to_string().as_bytes())
                {
                    let _ = journaled(&service, &answer);
                }
            }
        }
        _ => {
            for (method, path, _) in CALLS.iter().filter(|(.., kind)| !kind.is_empty()) {
                let target = format!("/_sim{}", path.replace("{}", "c-1"));
                check(&service.control(method, &target, input), &format!("{method} {target}"));
            }
        }
    }
    written_again(&service, "/_sim/world");
});
