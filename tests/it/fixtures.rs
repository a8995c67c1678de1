//! Scenario files: every mistake is told at its place, all of them at once, and the built-in files have none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use axum::http::Method;
use bss_sim::{Builder, Error, LoadError, Problem, Scenario, Simulator};
use serde_json::json;

use crate::service::{Service, refused};

const PARTNER: &str = "partners: [{ id: p-1, name: demo, xaccount_type: DEMO_IDP }]\n";

#[track_caller]
fn refuse(text: &str) -> LoadError {
    match refused(text) {
        Error::Fixture(error) => error,
        error => panic!("{error}"),
    }
}

/// Everything that is wrong with a file, after asserting that each problem names the file and shows the line.
#[track_caller]
fn problems(text: &str) -> Vec<Problem> {
    let error = refuse(text);
    assert!(error.unreadable.is_empty(), "{error}");
    for problem in &error.problems {
        let line = text.lines().nth(problem.line - 1).unwrap_or_default();
        assert_eq!((problem.file.as_str(), problem.source.as_str()), ("fixture", line), "{error}");
    }
    error.problems
}

/// Where a problem is: `line:column key`.
fn place(problem: &Problem) -> String {
    format!("{}:{} {}", problem.line, problem.column, problem.key)
}

fn places(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(place).collect()
}

/// A new directory with these files and nothing else.
fn directory(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&directory));
    fs::create_dir_all(directory.join("nested")).unwrap();
    for (file, content) in files {
        fs::write(directory.join(file), content).unwrap();
    }
    directory
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_to_do() {
    // What stands in line 2, the place of its one mistake, and a part of what is said or advised.
    let table = [
        ("custmers: []", "2:1 custmers", "did you mean `customers`?"),
        ("settings: { reviewafter: 2h }", "2:13 settings.reviewafter", "`review_after`"),
        (r#"customers: [{ id: "实😀", prtner: demo }]"#, "2:25 customers[0].prtner", "`partner`"),
        ("customers: [{ id: 5 }]", "2:19 customers[0].id", r#""5""#),
        ("customers: [{ id: 007 }]", "2:19 customers[0].id", r#""007""#),
        ("customers: [{ id: 1e3 }]", "2:19 customers[0].id", r#""1e3""#),
        ("customers: [{ id: true }]", "2:19 customers[0].id", r#""true""#),
        ("certificates: [{ number: 949826 }]", "2:26 certificates[0].number", r#""949826""#),
        ("settings: { contract: 2023.03 }", "2:23 settings.contract", r#""2023.03""#),
        ("settings: { contract: 2023-04 }", "2:23 settings.contract", "`2023-03`"),
        ("settings: { review: automatc }", "2:21 settings.review", "`automatic`"),
        ("settings: { review: both }", "2:21 settings.review", "manual, automatic"),
        ("settings: { review_after: soon }", "2:27 settings.review_after", "`2h`"),
        ("settings: { attempts_per_customer: 4294967296 }", "2:36 settings.attempts_per_customer", "number"),
        ("settings: manual", "2:11 settings", "expected a mapping"),
        ("customers: {}", "2:12 customers", "expected a list"),
        ("customers: [c-1]", "2:13 customers[0]", "expected a mapping"),
        ("customers: [{ id: [c-1] }]", "2:19 customers[0].id", "expected text"),
        ("customers: [{ id: c, attempts: -1 }]", "2:32 customers[0].attempts", "number"),
        ("customers: [{ id: c, partner_program: 'true' }]", "2:39 customers[0].partner_program", "true or false"),
        ("customers: [{ id: c, real_name: rejectd }]", "2:33 customers[0].real_name", "`rejected`"),
        ("customers: [{ id: c, partner: p-1 }]", "2:31 customers[0].partner", "demo"),
        ("customers: [{ id: c, id: d }]", "2:22 customers[0].id", "twice"),
        ("customers: [{ id: p-1 }]", "2:19 customers[0].id", "twice"),
        ("partners: []", "2:1 partners", "twice"),
        ("customers: [{ partner: demo }]", "2:13 customers[0]", "`id:`"),
        ("certificates: [{ number: E1, used_by: c-1 }]", "2:39 certificates[0].used_by", "expected a list"),
        ("scripted: [{ then: { gateway: 308 } }]", "2:31 scripted[0].then.gateway", r#""308""#),
        ("scripted: [{ then: { gateway: APIGW.308 } }]", "2:31 scripted[0].then.gateway", "`APIGW.0308`"),
        ("scripted: [{ then: { is_review: 2 } }]", "2:20 scripted[0].then", "0 or 1"),
        ("scripted: [{ then: { is_review: '1' } }]", "2:33 scripted[0].then.is_review", "number"),
        ("scripted: [{ then: { is_review: 1, gateway: APIGW.0308 } }]", "2:20 scripted[0].then", "one of"),
        ("scripted: [{ then: CBC.0999 }]", "2:20 scripted[0].then", "expected one answer"),
        ("scripted: [{ when: {} }]", "2:12 scripted[0]", "`then:`"),
        ("scripted: [{ delay: 5, then: { is_review: 1 } }]", "2:21 scripted[0].delay", "`200ms`"),
        ("scripted: [{ probability: 2, then: { is_review: 1 } }]", "2:27 scripted[0].probability", "0 to 1"),
        ("scripted: [{ when: { nme: a }, then: { is_review: 1 } }]", "2:22 scripted[0].when.nme", "`name`"),
        ("scripted: [{ when: { name: 5 }, then: { is_review: 1 } }]", "2:28 scripted[0].when.name", r#""5""#),
        ("scripted: [{ then: {is_review: 1}, when: { caller: dem } }]", "2:52 scripted[0].when.caller", "`demo`"),
        (
            "scripted: [{ when: { name: { prefix: a, suffix: b } }, then: { is_review: 1 } }]",
            "2:28 scripted[0].when.name",
            "exactly one operator",
        ),
        (
            "scripted: [{ then: { error_code: CBC.0100, fail_check_items: [PIC_SIZE_ERR] } }]",
            "2:20 scripted[0].then",
            "CBC.99007004",
        ),
        ("exchanges: [{ request: {} }]", "2:13 exchanges[0]", "`expect`"),
        ("exchanges: [{ advance: 2 moons }]", "2:24 exchanges[0].advance", "`2h`"),
    ];
    for (line, at, said) in table {
        let problems = problems(&format!("{PARTNER}{line}\n"));
        assert_eq!(places(&problems), [at], "{line}: {problems:#?}");
        let all = format!("{}\n{}", problems[0].message, problems[0].hint.as_deref().unwrap_or_default());
        assert!(all.contains(said), "{line}: {problems:#?}");
    }
}

#[test]
fn a_list_does_not_stand_for_a_mapping() {
    let table = [
        ("- a\n", "1:1 "),
        ("settings: []\n", "1:11 settings"),
        ("partners: [[p-1, demo, X, authenticated, true, null, []]]\n", "1:12 partners[0]"),
        ("scripted: [{ when: [], then: { is_review: 1 } }]\n", "1:20 scripted[0].when"),
    ];
    for (text, at) in table {
        assert_eq!(places(&problems(text)), [at], "{text}");
    }
}

#[test]
fn what_must_be_unique_is_told_at_its_second_place() {
    let text = "
partners:
  - { id: p-1, name: demo, xaccount_type: A, credentials: { tokens: [t, t], access_keys: [{ ak: K, sk: s }] } }
  - { id: p-1, name: demo, xaccount_type: B, credentials: { tokens: [t], access_keys: [{ ak: K, sk: s }] } }
customers:
  - { id: c-1, credentials: { tokens: [t] } }
  - { id: c-1 }
certificates: [{ number: E1 }, { number: E1 }]
";
    let problems = problems(text);
    let expected = [
        "3:73 partners[0].credentials.tokens[1]",
        "4:11 partners[1].id",
        "4:22 partners[1].name",
        "4:70 partners[1].credentials.tokens[0]",
        "4:94 partners[1].credentials.access_keys[0].ak",
        "6:40 customers[0].credentials.tokens[0]",
        "7:11 customers[1].id",
        "8:42 certificates[1].number",
    ];
    assert_eq!(places(&problems), expected);
    for (problem, first) in problems.iter().zip([3, 3, 3, 3, 3, 3, 6, 8]) {
        assert_eq!(problem.hint, Some(format!("the first is in line {first}")), "{problem:?}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let text = "\
nmae: many mistakes
settings: { contract: 2023.03, review_after: soon }
partners:
  - { id: p-1, name: demo }
customers:
  - { id: 12345, partner: demo }
  - { id: c-2, partner: dmo, id: c-3 }
scripted:
  - { times: 0, then: [] }
  - { then: { error_code: CBC.999 } }
";
    let expected = r#"fixture:1:1: nmae: unknown key `nmae`
    1 | nmae: many mistakes
      | ^ did you mean `name`?
fixture:2:23: settings.contract: expected text, found the number 2023.03
    2 | settings: { contract: 2023.03, review_after: soon }
      |                       ^ put it in quotes: "2023.03"
fixture:2:46: settings.review_after: `soon` is no span of time
    2 | settings: { contract: 2023.03, review_after: soon }
      |                                              ^ write it like `200ms`, `2h` or `1h 30m`
fixture:4:5: partners[0]: the key `xaccount_type` is missing
    4 |   - { id: p-1, name: demo }
      |     ^ add `xaccount_type:`
fixture:6:11: customers[0].id: expected text, found the number 12345
    6 |   - { id: 12345, partner: demo }
      |           ^ put it in quotes: "12345"
fixture:7:25: customers[1].partner: there is no partner named `dmo`
    7 |   - { id: c-2, partner: dmo, id: c-3 }
      |                         ^ did you mean `demo`?
fixture:7:30: customers[1].id: the key `id` is given twice
    7 |   - { id: c-2, partner: dmo, id: c-3 }
      |                              ^ the first is in line 7
fixture:9:14: scripted[0].times: an answer that is never given
    9 |   - { times: 0, then: [] }
      |              ^ at least 1, or leave `times` out
fixture:9:23: scripted[0].then: a sequence without a step
    9 |   - { times: 0, then: [] }
      |                       ^ write at least one
fixture:10:27: scripted[1].then.error_code: unknown value `CBC.999`
   10 |   - { then: { error_code: CBC.999 } }
      |                           ^ did you mean `CBC.0999`?
10 problems in the fixtures"#;
    assert_eq!(refuse(text).to_string(), expected);
}

#[test]
fn a_mistake_does_not_hide_another_in_the_same_entry() {
    let more = "customers: [{ id: 5, partner: dmo }]\nscripted: [{ then: { error_code: CBC.9 } }]";
    let expected = ["2:19 customers[0].id", "2:31 customers[0].partner", "3:34 scripted[0].then.error_code"];
    assert_eq!(places(&problems(&format!("{PARTNER}{more}\n"))), expected);
}

#[test]
fn a_mistake_is_not_told_again_by_its_consequences() {
    // A file with one mistake, or two where a comma is, and their places.
    let table = [
        (
            "partners: [{ id: p-1, nmae: demo, xaccount_type: X }]\ncustomers: [{ id: c, partner: demo }]",
            "1:23 partners[0].nmae",
        ),
        (
            "partners: [{ id: p-1, name: 5, xaccount_type: X }]\ncustomers: [{ id: c, partner: '5' }]",
            "1:29 partners[0].name",
        ),
        (
            "partners: [{ id: p-1, nmae: 5, xaccount_type: X }]\ncustomers: [{ id: c, partner: '5' }]",
            "1:23 partners[0].nmae",
        ),
        ("partners: [{ id: p-1, xaccount_type: X }]\ncustomers: [{ id: c, partner: demo }]", "1:12 partners[0]"),
        ("partners: [demo]\ncustomers: [{ id: c, partner: demo }]", "1:12 partners[0]"),
        ("partners: demo\nscripted: [{ when: { caller: demo }, then: { is_review: 1 } }]", "1:11 partners"),
        ("partnrs: demo\ncustomers: [{ id: c, partner: demo }]", "1:1 partnrs"),
        (
            "partnrs: [{ id: p-1, nmae: demo, xaccount_type: X }]\ncustomers: [{ id: c, partner: demo }]",
            "1:1 partnrs, 1:22 partnrs[0].nmae",
        ),
        ("scripted: [{ thne: { eror_code: CBC.0999 } }]", "1:14 scripted[0].thne, 1:22 scripted[0].thne.eror_code"),
        (
            "scripted: [{ then: { error_code: CBC.0999, gatway: APIGW.0308 } }]",
            "1:20 scripted[0].then, 1:44 scripted[0].then.gatway",
        ),
        ("exchanges: [{ request: {}, expect: { status: '200' } }]", "1:46 exchanges[0].expect.status"),
        ("exchanges: [{ reqest: {}, expect: { status: 200 } }]", "1:15 exchanges[0].reqest"),
        ("customers: [{ id: c, idd: d }]", "1:22 customers[0].idd"),
    ];
    for (text, expected) in table {
        let problems = problems(text);
        assert_eq!(places(&problems).join(", "), expected, "{text}: {problems:#?}");
    }
}

#[tokio::test]
async fn null_counts_as_not_given() {
    let text = "
settings: { contract: null, review_after: null, wire: ~ }
partners: [{ id: p-1, name: demo, xaccount_type: X, real_name: null, photo_upload: null, bucket: null, credentials: null }]
customers:
scripted: [{ when: null, times: null, probability: null, then: { fault: hang, status: null } }]
";
    let without = "
partners: [{ id: p-1, name: demo, xaccount_type: X }]
scripted: [{ then: { fault: hang } }]
";
    let world = async |text| {
        let (_, mut world) = Service::from_yaml(text).control(Method::GET, "/world", None).await;
        // They are made anew for each simulator.
        world["partners"][0]["credentials"].take();
        world
    };
    assert_eq!(world(text).await, world(without).await);
    assert_eq!(places(&problems("customers: [{ id: null }]")), ["1:13 customers[0]"]);
}

#[test]
fn what_is_no_single_yaml_document_is_refused_at_its_place() {
    let several = format!("{PARTNER}---\n{PARTNER}");
    let deep = format!("name: {}", "[".repeat(100_000));
    let table = [
        ("", 1, "empty"),
        ("# nothing but a comment\n", 1, "empty"),
        ("hello\n", 1, "expected a mapping"),
        ("partners: [\n", 1, "unclosed"),
        ("name: 'a\n", 1, "unclosed"),
        ("name: *unknown\n", 1, "unknown anchor"),
        ("partners:\n\t- id: p-1\n", 2, "tab"),
        (&deep, 1, "recursion"),
        (&several, 2, "document"),
    ];
    for (text, line, said) in table {
        let problems = problems(text);
        let [problem] = &problems[..] else { panic!("one problem: {problems:#?}") };
        assert!(problem.line >= line && problem.message.contains(said), "{text:.80}: {}", problem.message);
        assert!(!problem.message.contains("from_str"), "speaks to the author of a file: {}", problem.message);
    }
}

#[test]
fn yaml_that_unfolds_without_measure_is_refused() {
    let unfold = |(inner, outer)| format!("{outer}: &{outer} [{}]\n", vec![format!("*{inner}"); 10].join(", "));
    let bomb: String = ('a'..'i').zip('b'..='i').map(unfold).collect();
    let lists = format!("a: &a [x, x, x, x, x, x, x, x, x, x]\n{bomb}");
    // One long text, a thousand times a thousand times.
    let thousand = |anchor| vec![anchor; 1_000].join(", ");
    let texts = format!("a: &a {}\nb: &b [{}]\nc: [{}]\n", "x".repeat(4_000), thousand("*a"), thousand("*b"));
    // Many keys where any may be, each compared with all others.
    let body = "exchanges:\n- request:\n    body:\n".to_owned();
    let keys = (0..200_000).fold(body, |keys, number| keys + &format!("      k{number}: 1\n"));
    // Without a limit, none of them would come to an end.
    for text in [&lists, &texts, &keys, &"a: 1\n".repeat(200_000)] {
        problems(text);
    }
}

#[tokio::test]
async fn json_is_read_like_yaml() {
    let json = r#"{ "partners": [{ "id": "p-1", "name": "demo", "xaccount_type": "DEMO_IDP", "credentials": {
        "tokens": ["token"], "access_keys": [{ "ak": "AK1", "sk": "secret" }] } }] }"#;
    let yaml = "partners:
  - { id: p-1, name: demo, xaccount_type: DEMO_IDP,
      credentials: { tokens: [token], access_keys: [{ ak: AK1, sk: secret }] } }";
    let world = async |text: &str| Service::from_yaml(text).control(Method::GET, "/world", None).await;
    assert_eq!(world(json).await, world(yaml).await);
    // As editors want it.
    let named = json.replacen('{', r#"{ "$schema": "scenario.schema.json","#, 1);
    assert_eq!(world(&named).await, world(yaml).await);
    let wrong =
        "{\n  \"partners\": [\n    { \"id\": 5, \"name\": \"d\", \"xaccount_type\": \"D\", \"bukcet\": {} }\n  ]\n}";
    assert_eq!(places(&problems(wrong)), ["3:13 partners[0].id", "3:51 partners[0].bukcet"]);
}

/// The names of the scenarios that a service knows.
async fn names(service: &Service) -> Vec<String> {
    let (_, list) = service.control(Method::GET, "/scenarios", None).await;
    let list = list["scenarios"].as_array().expect("a list");
    list.iter().map(|scenario| scenario["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn everything_that_is_wrong_with_several_paths_is_told() {
    let files: [(&str, &[u8]); 6] = [
        ("good.yaml", PARTNER.as_bytes()),
        ("bad.yml", b"nmae: a\n"),
        ("nested/worse.JSON", b"{\"nmae\": 1, \"custmers\": 2}"),
        ("latin.yaml", b"name: \xff\n"),
        ("twin.yaml", b"name: good"),
        ("ignored.txt", b"["),
    ];
    let (several, empty) = (directory("several", &files), directory("empty", &[]));
    let paths = [several.clone(), empty.clone(), several.join("missing.yaml")];
    let builder = paths.iter().fold(Simulator::builder(), Builder::fixtures);
    let Err(Error::Fixture(error)) = builder.build() else { panic!("the files have mistakes") };
    let unreadable: BTreeSet<_> = error.unreadable.iter().map(|(path, _)| path.clone()).collect();
    let expected = ["latin.yaml", "twin.yaml", "missing.yaml"].map(|name| several.join(name));
    assert_eq!(unreadable, expected.into_iter().chain([empty]).collect());
    let found: Vec<_> = error.problems.iter().map(|p| (p.file.rsplit('/').next().unwrap(), &*p.key)).collect();
    assert_eq!(found, [("bad.yml", "nmae"), ("worse.JSON", "nmae"), ("worse.JSON", "custmers")]);
}

#[tokio::test]
async fn files_are_known_by_name_and_hide_built_in_scenarios() {
    let before = names(&Service::builtin()).await;
    let files: [(&str, &[u8]); 3] =
        [("mine.yaml", PARTNER.as_bytes()), ("open.json", b"{}"), ("any.txt", b"name: any")];
    let added = directory("added", &files);
    let known = Service::built(Simulator::builder().fixtures(&added).fixtures(added.join("any.txt")));
    let names = names(&known).await;
    for name in ["mine", "open", "any"] {
        assert_eq!(names.iter().filter(|known| *known == name).count(), 1, "{name}: {names:?}");
    }
    assert_eq!(names.len(), before.len() + 2, "one takes the place of a built-in scenario");
    let error = Simulator::builder().scenario("opn").build().unwrap_err();
    assert!(error.to_string().contains("`open`"), "the name that was meant: {error}");
}

#[tokio::test]
async fn every_file_is_built_in_by_its_name() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let files = ["", "scenarios"].into_iter().flat_map(|name| fs::read_dir(fixtures.join(name)).unwrap());
    let files =
        files.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    let stems: BTreeSet<_> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names(&Service::builtin()).await.into_iter().collect::<BTreeSet<_>>(), stems);
    for name in &stems {
        Simulator::builder().scenario(Scenario::named(name)).build().unwrap();
    }
}

#[tokio::test]
async fn json_may_have_characters_and_escapes_that_yaml_does_not_take() {
    let name = "a\u{7f}b\u{85}c\u{2028}d\u{feff}e\u{ffff}f\u{1f600}";
    let file = json!({
        "partners": [{ "id": "p-1", "name": name, "xaccount_type": "DEMO_IDP", "credentials": { "tokens": ["t"] } }],
        "customers": [{ "id": "c-1", "partner": name }],
    });
    for text in [file.to_string(), file.to_string().replace('\u{1f600}', r"\ud83d\ude00")] {
        let service = Service::from_yaml(&text);
        let (_, world) = service.control(Method::GET, "/world", None).await;
        assert_eq!(world["partners"][0]["name"], name);
        // What was written is loaded again, by a call and from a file.
        assert_eq!(service.control(Method::PUT, "/world", Some(&world)).await.0, 200);
        let (_, again) = Service::from_yaml(&world.to_string()).control(Method::GET, "/world", None).await;
        assert_eq!(again, world);
        let question = json!({ "as": "t", "request": { "customer_id": name } });
        assert_eq!(service.control(Method::POST, "/explain", Some(&question)).await.0, 200);
    }
}

#[tokio::test]
async fn a_world_is_written_in_one_way() {
    let many = |kind: &str| (0..9).map(|number| format!("{kind}-{number}")).collect::<Vec<_>>();
    let keys: Vec<_> = many("ak").iter().map(|ak| json!({ "ak": ak, "sk": "s" })).collect();
    let users: Vec<_> = many("user").iter().map(|name| json!({ "name": name, "password": "p" })).collect();
    let credentials = json!({ "tokens": many("token"), "access_keys": keys, "users": users });
    let file = json!({ "customers": [{ "id": "c-1", "credentials": credentials }] }).to_string();
    let world = async || Service::from_yaml(&file).control(Method::GET, "/world", None).await.1;
    let first = world().await;
    assert_eq!(first["customers"][0]["credentials"]["access_keys"], json!(keys));
    assert_eq!(world().await.to_string(), first.to_string());
}
