//! Any body of an application: the answer is a documented one, the journal explains it, a second time
//! and a dry run agree with it, and the world that is left can be loaded again.

#![no_main]

use bss_sim_fuzz::{DRAWN, Draw, Service, application, explained, journaled, word, written_again};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const WORLD: &str = "
settings: { customers_per_certificate: 1, unlisted_customers: adopt }
partners:
  - { name: demo, id: demo-account, xaccount_type: DEMO_IDP, credentials: { tokens: [token] } }
  - { name: other, id: other-account, xaccount_type: OTHER_IDP, credentials: { tokens: [other-token] } }
customers:
  - { id: c-1, partner: demo }
  - { id: c-2, partner: other }
  - { id: c-own, partner: demo, partner_program: true }
  - { id: c-done, partner: demo, real_name: authenticated }
certificates:
  - { number: E1, blocked: true }
  - { number: E2, holder: Another Name }
  - { number: E3, verdict: fail }
  - { number: E4, used_by: [c-2] }
";

/// An application in which some fields are others, or are not there.
fn drawn(draw: &mut Draw<'_>) -> Vec<u8> {
    let mut body = application(&word(draw));
    let fields = body.as_object_mut().expect("it is an object");
    for name in fields.keys().cloned().collect::<Vec<_>>() {
        let value = match draw.below(8) {
            0..=4 => continue,
            5 => Value::from(word(draw)),
            6 => Value::from(draw.below(12)),
            _ => (0..draw.below(6)).map(|_| word(draw)).collect(),
        };
        fields.insert(name, value);
    }
    serde_json::to_vec(&body).expect("an object is JSON")
}

fuzz_target!(|input: &[u8]| {
    let body = match input.split_first() {
        Some((&DRAWN, choices)) => drawn(&mut Draw::new(choices)),
        _ => input.to_vec(),
    };
    let service = Service::new(WORLD);
    let request: Option<Value> = serde_json::from_slice(&body).ok().filter(Value::is_object);
    // JSON that is written again has each field once.
    let same = request.filter(|request| serde_json::to_vec(request).is_ok_and(|written| written == body));
    let foretold = same.map(|request| {
        let question = json!({ "as": "token", "request": request }).to_string();
        let answer = service.control("POST", "/_sim/explain", question.as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
        let foretold = answer.json();
        explained(&foretold);
        foretold
    });
    let answer = service.post("token", &body).expect("nothing is scripted");
    let entry = journaled(&service, &answer);
    if let Some(foretold) = foretold {
        for part in ["outcome", "changes"] {
            assert_eq!(foretold[part], entry[part], "{foretold}\n{entry}");
        }
    }
    let again = service.post("token", &body).expect("nothing is scripted");
    let again = journaled(&service, &again);
    assert!(
        entry["outcome"]["decided_by"] != "accepted" || again["outcome"]["decided_by"] == "rule",
        "accepted twice: {again}"
    );
    written_again(&service, "/_sim/world");
});
