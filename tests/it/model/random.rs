//! Random steps.

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::steps::{
    ACCOUNTS, Application, CERTIFICATES, CUSTOMERS, Caller, Kind, NAMES, PARTNERS, PutCertificate, PutCustomer,
    PutWorld, STRANGERS, Scripted, Settings, Step, Then,
};

pub(super) fn settings() -> impl Strategy<Value = Settings> {
    let journal = select(&[(10_000, 64_000_000), (3, 64_000_000), (10_000, 12_000)][..]);
    let review_after = option::of(Just(60));
    (2..=3_u32, 1..=2_usize, any::<bool>(), review_after, weighted(0.3), journal).prop_map(
        |(attempts_per_customer, customers_per_certificate, is_automatic, review_after, adopts, journal)| Settings {
            attempts_per_customer,
            customers_per_certificate,
            is_automatic,
            review_after,
            adopts,
            journal,
        },
    )
}

fn caller() -> impl Strategy<Value = Caller> {
    prop_oneof![12 => Just(Caller::Demo), 4 => Just(Caller::Other), 1 => Just(Caller::Unknown)]
}

/// A customer, now and then the account of a partner.
fn account() -> impl Strategy<Value = &'static str> {
    prop_oneof![19 => select(&CUSTOMERS[..]), 1 => select(&ACCOUNTS[..])]
}

pub(super) fn application() -> impl Strategy<Value = Application> {
    let extension = || prop_oneof![9 => Just("jpg"), 3 => Just("PDF"), 1 => Just("tiff")];
    (
        caller(),
        account(),
        select(&CERTIFICATES[..]),
        select(&NAMES[..]),
        weighted(0.05),
        [extension(), extension()],
        weighted(0.95),
    )
        .prop_map(|(caller, customer, number, name, is_foreign, extensions, is_complete)| {
            let [.., own, _] = caller.identity();
            let platform = if is_foreign { "FOREIGN_IDP" } else { own };
            Application { kind: Kind::Individual, caller, customer, number, name, platform, extensions, is_complete }
        })
}

/// An application of an enterprise, or a change to one.
fn of_enterprise() -> impl Strategy<Value = Application> {
    let kind = prop_oneof![1 => Just(Kind::Enterprise), 3 => Just(Kind::Change)];
    // Most have nothing wrong in them: only few customers can be changed.
    let good = (select(&CUSTOMERS[..]), select(&CERTIFICATES[..]));
    let good = good.prop_map(|(customer, number)| Application::good(customer, number));
    (kind, prop_oneof![3 => good, 1 => application()])
        .prop_map(|(kind, application)| Application { kind, ..application })
}

fn scripted() -> impl Strategy<Value = Scripted> {
    // Codes that no rule gives, so that an answer tells whether it was scripted.
    let then = prop_oneof![
        (0..=1_u8).prop_map(Then::Accept),
        Just(Then::Refuse("CBC.99007261", 400)),
        Just(Then::Refuse("CBC.0999", 500)),
        Just(Then::Gateway("APIGW.0308", 429)),
    ];
    let customer = option::weighted(0.7, select(&CUSTOMERS[..]));
    let number = option::weighted(0.5, select(&CERTIFICATES[..]));
    let times = option::weighted(0.8, 1..=2_usize);
    (customer, number, option::of(select(&PARTNERS[..])), times, vec(then, 1..=2))
        .prop_map(|(customer, number, caller, times, then)| Scripted { customer, number, caller, times, then })
}

fn put_customer() -> impl Strategy<Value = PutCustomer> {
    let partner = prop_oneof![6 => Just(Some(Caller::Demo)), 2 => Just(Some(Caller::Other)), 1 => Just(None)];
    let real_name = select(&["unauthenticated", "under_review", "rejected", "authenticated"][..]);
    (partner, weighted(0.1), real_name, 0..=2_u32).prop_map(|(partner, partner_program, real_name, attempts)| {
        PutCustomer { partner, partner_program, real_name, attempts }
    })
}

fn put_certificate() -> impl Strategy<Value = PutCertificate> {
    let holders = [CUSTOMERS.as_slice(), &STRANGERS].concat();
    let holder = option::weighted(0.3, select(&NAMES[..]));
    (weighted(0.2), holder, weighted(0.2), subsequence(holders, 0..=2))
        .prop_map(|(blocked, holder, fails, used_by)| PutCertificate { blocked, holder, fails, used_by })
}

fn put_world() -> impl Strategy<Value = PutWorld> {
    let listed = |names: &[&'static str]| subsequence(names.to_vec(), 0..=names.len()).prop_shuffle();
    (
        (listed(&CUSTOMERS), vec(put_customer(), CUSTOMERS.len())),
        (listed(&CERTIFICATES), vec(put_certificate(), CERTIFICATES.len())),
        vec(scripted(), 0..=1),
    )
        .prop_map(|((customers, put_customers), (certificates, put_certificates), scripted)| PutWorld {
            customers: customers.into_iter().zip(put_customers).collect(),
            certificates: certificates.into_iter().zip(put_certificates).collect(),
            scripted,
        })
}

fn review() -> impl Strategy<Value = Step> {
    (select(&CUSTOMERS[..]), any::<bool>()).prop_map(|(customer, approves)| Step::Review { customer, approves })
}

fn advance() -> impl Strategy<Value = Step> {
    select(&[1, 30, 59, 60][..]).prop_map(Step::Advance)
}

/// A step that is one step for everybody else, too. A script or a partner that is changed is not: an application asks
/// for either first, and then looks at the pictures before it is decided.
fn single_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        14 => application().prop_map(Step::Apply),
        10 => of_enterprise().prop_map(Step::Apply),
        8 => review(),
        1 => (caller(), account()).prop_map(|(caller, customer)| Step::Inquire(caller, customer)),
        1 => advance(),
        3 => (select(&CUSTOMERS[..]), put_customer()).prop_map(|(id, put)| Step::PutCustomer(id, put)),
        1 => account().prop_map(Step::DeleteCustomer),
        3 => (select(&CERTIFICATES[..]), put_certificate()).prop_map(|(number, put)| Step::PutCertificate(number, put)),
        1 => select(&CERTIFICATES[..]).prop_map(Step::DeleteCertificate),
        1 => Just(Step::Reset),
    ]
}

/// Steps for so many threads to take at the same time: one of each customer's everyday life, all about one customer or
/// one certificate.
pub(super) fn rush(threads: usize) -> impl Strategy<Value = Vec<Step>> {
    about_one(threads, |customer, number| everyday_step(customer, number).boxed())
}

/// The same, with changes by call among them.
pub(super) fn rush_with_calls(threads: usize) -> impl Strategy<Value = Vec<Step>> {
    about_one(threads, |customer, number| {
        prop_oneof![
            12 => everyday_step(customer, number),
            2 => put_customer().prop_map(move |put| Step::PutCustomer(customer, put)),
            1 => Just(Step::DeleteCustomer(customer)),
            2 => put_certificate().prop_map(move |put| Step::PutCertificate(number, put)),
            1 => Just(Step::DeleteCertificate(number)),
            1 => single_step(),
        ]
        .boxed()
    })
}

fn about_one(
    threads: usize,
    step: fn(&'static str, &'static str) -> BoxedStrategy<Step>,
) -> impl Strategy<Value = Vec<Step>> {
    (select(&CUSTOMERS[..]), select(&CERTIFICATES[..]))
        .prop_flat_map(move |(customer, number)| vec(step(customer, number), threads))
}

/// Most applications have nothing wrong in them: those are the ones that get in one another's way.
fn everyday_step(customer: &'static str, number: &'static str) -> impl Strategy<Value = Step> {
    let bad = Application { extensions: ["tiff", "jpg"], ..Application::good(customer, number) };
    prop_oneof![
        4 => Just(Step::Apply(Application::good(customer, number))),
        2 => select(&CUSTOMERS[..]).prop_map(move |customer| Step::Apply(Application::good(customer, number))),
        2 => select(&CERTIFICATES[..]).prop_map(move |number| Step::Apply(Application::good(customer, number))),
        2 => Just(Step::Apply(bad)),
        2 => application().prop_map(Step::Apply),
        3 => any::<bool>().prop_map(move |approves| Step::Review { customer, approves }),
        1 => Just(Step::Inquire(Caller::Demo, customer)),
        1 => advance(),
    ]
}

/// A change of a customer that can be changed, and its review: steps by chance come to that too seldom.
pub(super) fn change_and_review() -> impl Strategy<Value = Vec<Step>> {
    (select(&CUSTOMERS[..]), any::<bool>()).prop_map(|(customer, approves)| {
        let individual = PutCustomer { real_name: "authenticated", ..PutCustomer::NEW };
        let change = Application { kind: Kind::Change, ..Application::good(customer, CERTIFICATES[0]) };
        vec![
            Step::PutCustomer(customer, individual),
            Step::Apply(change),
            Step::Review { customer, approves },
            Step::Inquire(Caller::Demo, customer),
            Step::Apply(change),
        ]
    })
}

/// A step of any kind.
pub(super) fn any_step() -> impl Strategy<Value = Step> {
    let put_partner = (select(&PARTNERS[..]), weighted(0.7))
        .prop_map(|(partner, takes_photos)| Step::PutPartner { partner, takes_photos });
    prop_oneof![
        60 => single_step(),
        4 => scripted().prop_map(Step::Script),
        2 => Just(Step::ClearScript),
        3 => put_partner,
        1 => select(&PARTNERS[..]).prop_map(Step::DeletePartner),
        1 => Just(Step::ClearJournal),
        1 => put_world().prop_map(Step::PutWorld),
        2 => Just(Step::PutBack),
    ]
}
