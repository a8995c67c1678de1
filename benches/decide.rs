//! What the pieces of a request cost, in process: no socket, no other thread.
//!
//! `cargo bench --bench decide` prints the nanoseconds of each piece: the median of its samples, and the quartiles around
//! it. A sample is a batch that takes about a millisecond; what goes into a piece is made before the watch runs. The
//! difference of two lines that are alike but for one thing is what that thing costs: a signature is verified in
//! `signed` and not in `token`.

mod common;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use bss_sim::domain::account::Customer;
use bss_sim::domain::account::Partner;
use bss_sim::domain::application::Field;
use bss_sim::domain::application::{Application, RawApplication};
use bss_sim::domain::catalog::Review;
use bss_sim::domain::certificate::{Certificate, Verdict};
use bss_sim::domain::rules::{Case, Facts, RULES};
use bss_sim::domain::rules::{Decision, decide};
use bss_sim::domain::settings::Contract;
use bss_sim::fixture::Library;
use bss_sim::http::{App, router};
use bss_sim::simulator::{SpaceId, SpaceState};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use tower::Service;

use common::{HOST, INDIVIDUAL, Signer};

/// How many samples are taken of each piece.
const SAMPLES: usize = 201;

/// About how long a sample takes.
const SAMPLE: Duration = Duration::from_millis(1);

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("Nothing is measured in a test: `cargo bench --bench decide`.");
        return;
    }
    println!("{:<36}{:>10}{:>20}", "nanoseconds", "median", "quartiles");
    rules();
    applications();
    requests();
}

/// The rules alone: what they say of a case.
fn rules() {
    let (state, partner) = state();
    let application = application(0);
    let pictures = state.inspect(&partner, &application).now_or_never().expect("there is no real bucket");
    let accepted = Facts {
        customer: Some(Customer::new(Arc::clone(&partner.name)).into()),
        certificate: None,
        other_holders: 0,
        pictures,
        attempts_per_customer: 3,
        customers_per_certificate: 3,
        contract: Contract::default(),
        partner: Arc::clone(&partner),
    };
    let unready = Arc::new(Partner { photo_upload: false, ..(*partner).clone() });
    let first = Facts { partner: unready, ..accepted.clone() };
    let failing = Arc::new(Certificate { verdict: Verdict::Fail, ..Certificate::default() });
    let last = Facts { certificate: Some(failing), ..accepted.clone() };
    for (name, facts, expected) in [
        ("decide: accepted", accepted, None),
        ("decide: refused by the first rule", first, RULES.first()),
        ("decide: refused by the last rule", last, RULES.last()),
    ] {
        let case = Case { application: &application, facts: &facts };
        let by = match decide(&case, Review::Manual) {
            Decision::Refused { rule, .. } => Some(rule.id),
            Decision::Accepted(_) => None,
        };
        assert_eq!(by, expected.map(|rule| rule.id), "{name}");
        bench(name, |_| (), |()| decide(black_box(&case), Review::Manual));
    }
}

/// From the fields of a body to an answer, with the change of the state.
fn applications() {
    let texts: Vec<_> = (0..3).map(|place| format!("shimingrenzheng/picture00{place}.jpg")).collect();
    let draft = RawApplication {
        customer_id: Field::Value("068a6d00288536b6ba57d1ffae000000".into()),
        identify_type: Field::Value(0),
        verified_file_url: Field::Value(texts.iter().map(|text| text.as_str().into()).collect()),
        name: Field::Value("wangx_****_001".into()),
        verified_number: Field::Value("949826000000002922".into()),
        xaccount_type: Field::Value("DEMO_IDP".into()),
        verified_type: Field::Value(0),
        change_type: Field::Value(-1),
    };
    bench(
        "application: the example's fields",
        |_| draft.clone(),
        |draft| Application::parse(draft, Contract::default()),
    );

    let (state, partner) = state();
    let submit =
        |application: Application<'_>| state.submit(&partner, &application).now_or_never().expect("nothing waits");
    bench("submit: a new customer each time", application, submit);
    bench("submit: refused, under review", |_| application(0), submit);
}

/// Whole requests: what comes from the socket, up to what goes to it.
fn requests() {
    let scenario = Library::builtin().scenario("open").expect("it is built in");
    let router = router(&Arc::new(App::of(&scenario, Library::builtin())));
    let signer = Signer::now();
    let token = |body: String| post(("x-auth-token", "demo-token"), &signer, body);
    let by_key = |body: String| post(("authorization", &signer.authorization(&body)), &signer, body);
    let answer = |status: u16| {
        let mut router = router.clone();
        move |request| {
            let (answered, body) = call(&mut router, request);
            assert_eq!(answered, status, "{body:?}");
            body
        }
    };
    // Each has customers of its own.
    let (first, second) = (common::accepted, |number| common::accepted(number + 500_000_000_000));
    bench("request: token, accepted", |number| token(first(number)), answer(200));
    bench("request: signed, accepted", |number| by_key(second(number)), answer(200));
    bench("request: token, refused by a rule", |_| token(first(0)), answer(400));
    bench("request: signed, refused by a rule", |_| by_key(first(0)), answer(400));
    bench("request: token, parameter error", |_| token(common::incomplete()), answer(400));
    bench("request: wrong token", |_| post(("authorization", ""), &signer, first(0)), answer(401));
}

/// The scenario `open`, with its partner.
fn state() -> (Arc<SpaceState>, Arc<Partner>) {
    let library = Library::builtin();
    let scenario = library.scenario("open").expect("it is built in");
    let app = App::of(&scenario, library);
    let state = app.spaces.space(SpaceId::DEFAULT).expect("it is always there").state();
    let partner = Arc::clone(&state.accounts().partners[0]);
    (state, partner)
}

/// The page's application for the customer and the certificate of this number.
fn application(number: u64) -> Application<'static> {
    let paths = ["zhengmian001.jpg", "fanmian002.jpg", "chizheng003.jpg"];
    let draft = RawApplication {
        customer_id: Field::Value(common::customer(number).into()),
        identify_type: Field::Value(0),
        verified_file_url: Field::Value(paths.map(|path| format!("shimingrenzheng/{path}").into()).to_vec()),
        name: Field::Value("wangx_****_001".into()),
        verified_number: Field::Value(format!("949826{number:012}").into()),
        xaccount_type: Field::Value("DEMO_IDP".into()),
        verified_type: Field::Value(0),
        change_type: Field::Value(-1),
    };
    Application::parse(draft, Contract::default()).expect("it is well-formed")
}

fn post(credential: (&str, &str), signer: &Signer, body: String) -> Request<Body> {
    let request = Request::post(INDIVIDUAL).header("host", HOST).header("content-type", "application/json");
    let request = request.header("x-sdk-date", &signer.date).header(credential.0, credential.1);
    request.body(body.into()).expect("it is well-formed")
}

/// The status and the body of the router's answer.
fn call(router: &mut Router, request: Request<Body>) -> (u16, impl std::fmt::Debug + use<>) {
    let answered = Service::<Request<Body>>::call(router, request).now_or_never().expect("nothing waits");
    let response = answered.expect("the router never fails");
    let status = response.status().as_u16();
    let body = response.into_body().collect().now_or_never().expect("the body is in memory");
    (status, body.expect("the body is in memory").to_bytes())
}

/// Takes samples of a piece, and prints their median and quartiles. `prepare` makes what goes into the piece from a
/// number that never comes again; it is not timed, nor is the end of what comes out.
fn bench<I, O>(name: &str, mut prepare: impl FnMut(u64) -> I, mut piece: impl FnMut(I) -> O) {
    let mut numbers = 0..;
    let mut sample = |batch: usize| {
        let inputs: Vec<_> = numbers.by_ref().take(batch).map(&mut prepare).collect();
        let mut outputs = Vec::with_capacity(batch);
        let began = Instant::now();
        outputs.extend(inputs.into_iter().map(|input| black_box(piece(black_box(input)))));
        began.elapsed()
    };
    // The first batches find out how many make a sample, and warm up.
    let mut batch = 1;
    while sample(batch) < SAMPLE {
        batch *= 2;
    }
    let per_piece = |took: Duration| took.as_secs_f64() * 1e9 / u32::try_from(batch).map_or(f64::INFINITY, f64::from);
    let mut samples: Vec<_> = (0..SAMPLES).map(|_| per_piece(sample(batch))).collect();
    samples.sort_unstable_by(f64::total_cmp);
    let [low, median, high] = [1, 2, 3].map(|quarter| samples[SAMPLES * quarter / 4]);
    println!("{name:<36}{median:>10.0}{:>20}", format!("{low:.0} - {high:.0}"));
}
