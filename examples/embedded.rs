//! The simulator on a port, for a client that is called as in production: with a URL and credentials.
//!
//! Run it with `cargo run --example embedded`. In a project of your own, each of the three functions is a `#[test]`.

use std::sync::LazyLock;
use std::thread;

use bss_sim::{Credentials, Expectation, Simulator};
use serde_json::{Value, json};

/// One simulator serves all tests of a binary. It listens on a free port of the loopback interface.
static SIM: LazyLock<Simulator> = LazyLock::new(Simulator::start);

fn main() {
    // The tests run at the same time and use the same customer. Each takes a space, so they do not see each other.
    thread::scope(|scope| {
        for test in [an_application_is_reviewed, a_second_application_is_refused, a_failure_is_repeated] {
            scope.spawn(test);
        }
    });
    println!("three tests passed at {}", SIM.url());
}

fn an_application_is_reviewed() {
    // A space is a world of its own: customers, certificates, scripted answers, journal and clock.
    let space = SIM.new_space();
    let client = Client::new(SIM.url(), space.credentials());

    // By default an accepted application goes to a manual review.
    assert_eq!(client.submit("customer-new"), (200, json!({ "is_review": 1 })));

    // The review is decided by the test. After a rejection the customer may apply again.
    space.reject("customer-new", "the picture is blurred").unwrap();
    assert_eq!(client.submit("customer-new"), (200, json!({ "is_review": 1 })));
    space.approve("customer-new").unwrap();
}

fn a_second_application_is_refused() {
    let space = SIM.new_space();
    let client = Client::new(SIM.url(), space.credentials());
    client.submit("customer-new");
    let (status, body) = client.submit("customer-new");
    assert_eq!((status, &body["error_code"]), (400, &json!("CBC.99000027")));

    // The journal holds each request with its answer, and says which check or rule refused it.
    let refused = space.journal().pop().expect("two requests were sent");
    assert_eq!(refused.rule(), Some("not-authenticated-yet"));
}

fn a_failure_is_repeated() {
    let space = SIM.new_space();
    let client = Client::new(SIM.url(), space.credentials());

    // This is checked when the space is dropped. The test fails if it does not hold then.
    space.expect(Expectation::exactly(1).customer_id("customer-new").status(200));

    // The next request gets this answer, whatever the rules say.
    space.script(json!({ "times": 1, "then": { "error_code": "CBC.0999" } })).unwrap();
    assert_eq!(client.submit("customer-new").0, 200);

    // This is checked at once.
    space.verify(&Expectation::exactly(1).error_code("CBC.0999")).unwrap();
}

/// The client under test. It knows nothing of the simulator.
struct Client {
    url: String,
    partner: Credentials,
}

impl Client {
    fn new(url: &str, partner: Credentials) -> Self {
        Self { url: format!("{url}/v2/customers/realname-auths/individual"), partner }
    }

    /// Submits an application, and repeats it once if the service has failed.
    fn submit(&self, customer: &str) -> (u16, Value) {
        match self.send(customer) {
            (500, _) => self.send(customer),
            answer => answer,
        }
    }

    fn send(&self, customer: &str) -> (u16, Value) {
        let application = json!({
            "customer_id": customer,
            "identify_type": 0,
            "verified_type": 3,
            "verified_file_url": ["passport.jpg", "in-hand.jpg"],
            "name": "Wang Xiaoming",
            "verified_number": "E12345678",
            "xaccount_type": self.partner.xaccount_type,
        });
        let request = ureq::post(&self.url).config().http_status_as_error(false).build();
        let request = request.header("X-Auth-Token", &self.partner.token).content_type("application/json");
        let mut answer = request.send(application.to_string()).expect("the service answers");
        let body = answer.body_mut().read_to_string().expect("the body is text");
        (answer.status().as_u16(), serde_json::from_str(&body).expect("the body is JSON"))
    }
}
