//! The first test of docs/clients.md, as a project of its own has it.

use bss_sim::{Expectation, Simulator};
use serde_json::json;

/// The code under test. If the service fails, it sends the request once more.
fn authenticate(customer: &str, url: &str, token: &str, xaccount_type: &str) -> Result<String, ureq::Error> {
    let application = json!({
        "customer_id": customer, "name": "Wang Xiaoming", "verified_number": "E12345678",
        "identify_type": 0, "verified_type": 3, "verified_file_url": ["passport.jpg", "in-hand.jpg"],
        "xaccount_type": xaccount_type,
    });
    let send = || {
        let request = ureq::post(format!("{url}/v2/customers/realname-auths/individual")).header("X-Auth-Token", token);
        request.content_type("application/json").send(application.to_string())
    };
    let answer = match send() {
        Err(ureq::Error::StatusCode(500..)) => send(),
        answer => answer,
    };
    answer?.body_mut().read_to_string()
}

#[test]
fn a_request_that_failed_is_sent_again() {
    let sim = Simulator::start();
    sim.script(json!({ "times": 1, "then": { "error_code": "CBC.0999" } })).unwrap();

    let partner = sim.credentials();
    let answer = authenticate("customer-new", sim.url(), &partner.token, &partner.xaccount_type);
    assert_eq!(answer.unwrap(), r#"{"is_review":1}"#);
    sim.verify(&Expectation::exactly(2).customer_id("customer-new")).unwrap();
}
