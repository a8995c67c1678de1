//! A world of your own: partners, customers, certificates and settings, with scripted answers and faults.
//!
//! Run it with `cargo run --example scenario`. A world can be written in code, as here, or in a YAML file:
//! `Simulator::builder().scenario(Scenario::file("tests/my-scenario.yaml"))`.

use std::time::Duration;

use bss_sim::{Certificate, Credentials, Customer, Partner, RealNameStatus, Scenario, Settings, Simulator, World};
use serde_json::{Value, json};

fn main() -> Result<(), bss_sim::Error> {
    let world = World::new()
        // One customer per certificate, and a review that is approved by itself after two hours.
        .settings(&Settings {
            customers_per_certificate: 1,
            review_after: Some(Duration::from_secs(2 * 60 * 60)),
            ..Settings::default()
        })
        .partner(&Partner::new("reseller", "RESELLER_IDP"))
        .customer("first", &Customer::new("reseller"))
        .customer("second", &Customer::new("reseller"))
        .customer("done", &Customer { status: RealNameStatus::Authenticated, ..Customer::new("reseller") })
        .certificate("E00000193", &Certificate { blocked: true, ..Certificate::default() });
    let sim = Simulator::builder().scenario(world).start()?;
    let partner = sim.credentials();

    // The rules decide from this world.
    assert_eq!(submit(&sim, &partner, "done", "E12345678"), Some((400, "CBC.99000027".to_owned())));
    assert_eq!(submit(&sim, &partner, "first", "E00000193"), Some((400, "CBC.99007193".to_owned())));
    assert_eq!(submit(&sim, &partner, "first", "E12345678"), Some((200, String::new())));
    assert_eq!(submit(&sim, &partner, "second", "E12345678"), Some((400, "CBC.99007189".to_owned())));

    // The clock is the space's own: the test does not wait for the two hours.
    sim.advance(Duration::from_secs(2 * 60 * 60));
    let first = sim.customer("first").expect("the world has this customer");
    assert_eq!(first.status, RealNameStatus::Authenticated);

    // Scripted answers come before the rules. A list is a sequence: a refusal, a connection that breaks, an acceptance.
    sim.script(json!({
        "when": { "customer_id": "second", "verified_number": { "prefix": "G" } },
        "times": 3,
        "then": [{ "error_code": "CBC.99007004", "fail_check_items": ["PIC_SIZE_ERR"] }, { "fault": "close" }, { "is_review": 0 }],
    }))?;
    assert_eq!(submit(&sim, &partner, "second", "G12345678"), Some((400, "CBC.99007004".to_owned())));
    assert_eq!(submit(&sim, &partner, "second", "G12345678"), None, "the connection is closed without an answer");
    assert_eq!(submit(&sim, &partner, "second", "G12345678"), Some((200, String::new())));

    // All mistakes of a scenario are reported at once, each with its place and with advice.
    let mistaken = Scenario::text("settings: { revue: manual }\ncustomers:\n  - { id: c-1, partner: reseler }\n");
    println!("{}", Simulator::builder().scenario(mistaken).build().unwrap_err());
    Ok(())
}

/// Submits an application, and returns its status and error code. `None` if no answer comes.
fn submit(sim: &Simulator, partner: &Credentials, customer: &str, number: &str) -> Option<(u16, String)> {
    let application = json!({
        "customer_id": customer,
        "identify_type": 0,
        "verified_type": 3,
        "verified_file_url": ["passport.jpg", "in-hand.jpg"],
        "name": "Wang Xiaoming",
        "verified_number": number,
        "xaccount_type": partner.xaccount_type,
    });
    let request = ureq::post(format!("{}/v2/customers/realname-auths/individual", sim.url()));
    let request = request.config().http_status_as_error(false).build();
    let request = request.header("X-Auth-Token", &partner.token).content_type("application/json");
    let mut answer = request.send(application.to_string()).ok()?;
    let body: Value = serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()?;
    Some((answer.status().as_u16(), body["error_code"].as_str().unwrap_or_default().to_owned()))
}
