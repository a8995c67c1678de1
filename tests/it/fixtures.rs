//! Scenario files: every mistake is reported at its place, all of them at once.

use std::collections::BTreeSet;
use std::fs;

use bss_sim::{Builder, Error, LoadError, Problem, Simulator};
use serde_json::{Value, json};

use crate::support::{Process, TestApp, TestDir, build_error, list, text};

const PARTNER: &str = "partners: [{ id: p-1, name: demo, xaccount_type: DEMO_IDP }]\n";

#[track_caller]
fn refuse(text: &str) -> LoadError {
    match build_error(text) {
        Error::Fixture(error) => error,
        error => panic!("{error}"),
    }
}

/// Everything that is wrong with a file, after asserting that each problem names the file and shows the line, or parts of it
/// with `…` between them.
#[track_caller]
fn problems(text: &str) -> Vec<Problem> {
    let error = refuse(text);
    assert!(error.unreadable.is_empty(), "{error}");
    for problem in &error.problems {
        let line = text.lines().nth(problem.line - 1).unwrap_or_default();
        assert_eq!(problem.file, "fixture", "{error}");
        let after = |rest: &'static str, part: &str| rest.split_once(part).map(|(_, rest)| rest);
        let line: &'static str = line.to_owned().leak();
        assert!(problem.source.split('…').try_fold(line, after).is_some(), "{error}");
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

#[test]
fn mistake_is_reported_with_line_column_key_and_hint() {
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
        ("scripted: [{ then: { is_review: 2 } }]", "2:33 scripted[0].then.is_review", "0 or 1"),
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
        ("scripted: [{ when: { name: }, then: { is_review: 1 } }]", "2:26 scripted[0].when.name", "present: false"),
        ("scripted: [{ when: { name: null }, then: { is_review: 1 } }]", "2:28 scripted[0].when.name", "leave the key"),
        ("scripted: [{ when: { name: [] }, then: { is_review: 1 } }]", "2:28 scripted[0].when.name", "list the values"),
        (
            "scripted: [{ when: { name: {} }, then: { is_review: 1 } }]",
            "2:28 scripted[0].when.name",
            "exactly one operator",
        ),
        (
            "scripted: [{ when: { name: { prefix: '' } }, then: { is_review: 1 } }]",
            "2:28 scripted[0].when.name",
            "present: true",
        ),
        (
            "scripted: [{ when: { name: { not: { not: } } }, then: { is_review: 1 } }]",
            "2:35 scripted[0].when.name.not",
            "exactly one operator",
        ),
        (
            "scripted: [{ then: { error_code: CBC.0100, fail_check_items: [PIC_SIZE_ERR] } }]",
            "2:20 scripted[0].then",
            "CBC.99007004",
        ),
        ("exchanges: [{ request: {} }]", "2:13 exchanges[0]", "`expect`"),
        (
            "exchanges: [{ review: { customer: c, decision: approve, opinion: fine } }]",
            "2:66 exchanges[0].review.opinion",
            "rejection",
        ),
        ("exchanges: [{ advance: 2 moons }]", "2:24 exchanges[0].advance", "`2h`"),
    ];
    assert_mistakes(&table);
}

#[test]
fn value_out_of_its_range_is_reported_at_its_own_place() {
    let table = [
        ("scripted: [{ then: { raw: { status: 99 } } }]", "2:37 scripted[0].then.raw.status", "from 200 to 599"),
        ("scripted: [{ then: { raw: { status: -1 } } }]", "2:37 scripted[0].then.raw.status", "from 200 to 599"),
        (
            "scripted: [{ then: { raw: { status: 200, content_type: é } } }]",
            "2:56 scripted[0].then.raw.content_type",
            "`text/html`",
        ),
        ("scripted: [{ then: { raw: { status: 204, body: x } } }]", "2:27 scripted[0].then.raw", "leave `body` out"),
        ("scripted: [{ times: -1, then: { is_review: 1 } }]", "2:21 scripted[0].times", "at least 1"),
        (
            "exchanges: [{ request: {}, expect: { status: 5000 } }]",
            "2:46 exchanges[0].expect.status",
            "from 200 to 599",
        ),
        ("exchanges: [{ request: {}, expect: { status: 99 } }]", "2:46 exchanges[0].expect.status", "from 200 to 599"),
        ("name: ''", "2:7 name", "is empty"),
        ("name: ' '", "2:7 name", "is empty"),
        (
            "scripted: [{ when: { name: { regex: '(a{99}){99}' } }, then: { is_review: 1 } }]",
            "2:37 scripted[0].when.name.regex",
            "write a shorter one, with fewer repetitions",
        ),
        (
            "scripted: [{ when: { name: { regex: '(?=a)' } }, then: { is_review: 1 } }]",
            "2:37 scripted[0].when.name.regex",
            "look-around and \\p{…} are not",
        ),
    ];
    assert_mistakes(&table);
}

/// Asserts that a line after that of the partner has one mistake, its place, and a part of what is said or advised.
#[track_caller]
fn assert_mistakes(table: &[(&str, &str, &str)]) {
    for (line, at, said) in table {
        let problems = problems(&format!("{PARTNER}{line}\n"));
        assert_eq!(places(&problems), [*at], "{line}: {problems:#?}");
        let all = format!("{}\n{}", problems[0].message, problems[0].hint.as_deref().unwrap_or_default());
        assert!(all.contains(said), "{line}: {problems:#?}");
    }
}

#[test]
fn slip_of_the_pen_gets_the_hint_that_rights_it() {
    // A text with one mistake, its place, and all of its hint.
    let table = [
        ("settings: { seed: '5' }", "1:19 settings.seed", "write it without quotes: 5"),
        (
            "exchanges: [{ request: {}, expect: { status: \"200\" } }]",
            "1:46 exchanges[0].expect.status",
            "write it without quotes: 200",
        ),
        ("certificates: [{ number: E1, blocked: yes }]", "1:39 certificates[0].blocked", "write `true`"),
        ("certificates: [{ number: E1, blocked: Off }]", "1:39 certificates[0].blocked", "write `false`"),
        (
            "certificates: [{ number: E1, blocked: 'true' }]",
            "1:39 certificates[0].blocked",
            "write it without quotes: true",
        ),
        ("scripted: [{ probability: 50%, then: { is_review: 1 } }]", "1:27 scripted[0].probability", "write `0.5`"),
        (
            "settings: { wire: { messages: { CBC.0051: x } } }",
            "1:33 settings.wire.messages.CBC.0051",
            "did you mean `CBC.0150`?",
        ),
        (
            "settings: { wire: { messages: { CBC.0151: '' } } }",
            "1:43 settings.wire.messages.CBC.0151",
            "write what the service says, or leave it out",
        ),
        ("scripted: [{ then: { gateway: 413 } }]", "1:31 scripted[0].then.gateway", "of 413 there are: APIGW.0201"),
        ("scripted: [{ then: { gateway: '413' } }]", "1:31 scripted[0].then.gateway", "of 413 there are: APIGW.0201"),
        (
            "customers: [{ id: c, real_name: rejected, change: true }]",
            "1:51 customers[0].change",
            "it goes with `real_name` authenticated, or under_review as long as it is an individual",
        ),
        ("name:mine", "1:1 ", "a blank is missing after `name:`"),
        ("name:mine\npartners: []", "1:6 ", "a blank is missing after `name:`"),
        ("# a comment\nname:mine\n\npartners: []", "2:6 ", "a blank is missing after `name:`"),
        ("customers:\n  - id:c-1\n    attempts: 1", "2:8 ", "a blank is missing after `id:`"),
        ("customers: [{ id:c-1 }]", "1:15 customers[0].id:…", "a blank is missing after `id:`"),
        ("partners:\n\t- id: p-1", "2:2 ", "YAML is indented with spaces, not with tabs"),
        ("partners:\n  - id: p-1\n\tname: x", "3:1 ", "YAML is indented with spaces, not with tabs"),
        ("n\0a\0m\0e\0:\0", "1:2 ", "save the file as UTF-8"),
        ("settings:\n\treview: manual", "2:2 ", "YAML is indented with spaces, not with tabs"),
        ("name: a: b", "1:8 ", "a text with a colon and a blank in it needs quotes"),
        ("{ // mine\n  \"name\": \"x\" }", "1:3 // mine \"name\"", "a comment begins with `#`"),
        ("{ \"name\": \"x\", // mine\n  \"partners\": [] }", "1:16 // mine \"partners\"", "a comment begins with `#`"),
        ("{ \"name\": \"x\" // mine\n}", "1:15 ", "a comment begins with `#`"),
        ("// mine\n{ \"name\": \"x\" }", "1:1 ", "a comment begins with `#`"),
        ("{ \"settings\": { \"seed\": 5 // mine\n} }", "1:25 settings.seed", "a comment begins with `#`"),
        ("customers:\n  - { id: a }\n   - { id: b }", "3:4 ", "indent it like line 2"),
        ("customers:\n  - { id: a }\n\n - { id: b }", "4:2 ", "indent it like line 2"),
        ("customers:\n   - id: a\n     attempts: 1\n  - id: b", "4:3 ", "indent it like line 2"),
        ("bucket: { authorized: true }", "1:1 bucket", "it is a key of a partner"),
        ("partner: []", "1:1 partner", "did you mean `partners`?"),
        ("Partner: []", "1:1 Partner", "did you mean `partners`?"),
        ("customer: []", "1:1 customer", "did you mean `customers`?"),
        (
            "customers: [{ id: c, partners: demo }]\npartners: [{ id: p, name: demo, xaccount_type: X }]",
            "1:22 customers[0].partners",
            "did you mean `partner`?",
        ),
        (
            "scripted: [{ when: { customers: c }, then: { is_review: 1 } }]",
            "1:22 scripted[0].when.customers",
            "did you mean `customer`?",
        ),
        (
            "exchanges: [{ review: { customers: c, decision: approve } }]",
            "1:25 exchanges[0].review.customers",
            "did you mean `customer`?",
        ),
        (
            "partners: [{ id: p, name: d, xaccount_type: X, credentials: { access_key: [] } }]",
            "1:63 partners[0].credentials.access_key",
            "did you mean `access_keys`?",
        ),
        (
            "scripted: [{ error_cod: CBC.0999 }]",
            "1:14 scripted[0].error_cod",
            "did you mean `error_code`, a key of `then`?",
        ),
        ("customers: [{ id: c, xaccount_type: X }]", "1:22 customers[0].xaccount_type", "it is a key of a partner"),
    ];
    for (text, at, hint) in table {
        let problems = problems(&format!("{text}\n"));
        assert_eq!(places(&problems), [at], "{text}: {problems:#?}");
        assert_eq!(problems[0].hint.as_deref(), Some(hint), "{text}: {problems:#?}");
    }
}

#[test]
fn word_that_is_known_twice_is_listed_once() {
    let problems =
        problems(&format!("{PARTNER}exchanges: [{{ path: x, request: {{}}, expect: {{ status: 200 }} }}]\n"));
    let hint = problems[0].hint.as_deref().unwrap_or_default();
    assert_eq!(hint.matches("realname-auths/enterprise").count(), 1, "{hint}");
}

#[test]
fn no_secret_of_a_file_is_shown() {
    // The part of a partner behind its name, with 7001 or REAL in each secret, and the line as it is quoted with the first mistake.
    // A text that is no YAML is not quoted.
    let table = [
        ("bucket: { s3: { regoin: x, secret_key: REAL } }", "bucket: { s3: { regoin: …, secret_key: … } }"),
        ("bucket: { s3: { region: x, secret_ky: REAL } }", "bucket: { s3: { region: …, secret_ky: … } }"),
        ("bucket: { s3: 'https://a:REAL@host' }", "bucket: { s3: … }"),
        ("bucket: { secret_key: \"REAL\" }", "bucket: { secret_key: … }"),
        ("credentials: { tokens: [7001] }", "credentials: { tokens: […] }"),
        ("credentials: { tokens: 7001 }", "credentials: { tokens: … }"),
        ("credentials: { tokens: [REAL, REAL] }", "credentials: { tokens: […, …] }"),
        ("credentials: { tokens: { REAL: } }", "credentials: { tokens: { …: } }"),
        ("credentials: { access_keys: [{ ak: 5, sk: REAL }] }", "credentials: { access_keys: [{ ak: …, sk: … }] }"),
        ("credentials: { access_keys: [{ ak: a, sk: 7001 }] }", "credentials: { access_keys: [{ ak: …, sk: … }] }"),
        ("credentials: { access_keys: [{ ak: a, sk:REAL }] }", "credentials: { access_keys: [{ ak: …, sk:… }] }"),
        ("credentials: { access_keys: [REAL] }", "credentials: { access_keys: […] }"),
        ("credentials: { users: [{ nmae: a, password: REAL }] }", "credentials: { users: [{ nmae: …, password: … }] }"),
        ("credentials: REAL", "credentials: …"),
        ("credentals: { tokns: [7001] }", "credentals: { tokns: […] }"),
        ("tokens: [REAL]", "tokens: […]"),
        ("pwd: REAL", "pwd: …"),
        ("pwd: { key: [REAL] }", "pwd: { key: […] }"),
        ("credentials: { tokens: [a, @REAL] }", ""),
        ("credentials: { tokens: [a, *REAL] }", ""),
        ("credentials: { tokens: [a, !REAL] }", ""),
        ("credentials: { tokens: [a: REAL: x] }", ""),
        ("credentials: { tokens: ['REAL] }", ""),
    ];
    for (text, quoted) in table {
        let document = format!("partners: [{{ id: p, name: n, xaccount_type: X, {text} }}]\n");
        let problems = problems(&document);
        let line = if quoted.is_empty() { String::new() } else { document.trim_end().replace(text, quoted) };
        assert_eq!(problems[0].source, line, "{problems:#?}");
        let shown: Vec<_> = problems.iter().map(|problem| format!("{problem}{problem:?}")).collect();
        let shown = shown.concat();
        assert!(!shown.contains("REAL") && !shown.contains("7001"), "{shown}");
    }
    let lines = [
        "partners:\n- credentials:\n    tokens:\n    - 7001\n",
        "partners:\n- credentials:\n    tokens: |\n      REAL\n",
        "partners:\n- credentials:\n    tokens: \"a\n      REAL\"\n",
        "partners:\n- credentials:\n    tokens:\n      REAL\n      REAL\n",
        "partners:\n- credentials:\n    users:\n    - REAL:REAL\n",
        "partners:\n- credentials:\n    access_keys:\n    - sk:REAL\n      ak: x\n",
        "exchanges: [{ as: REAL, reqest: {}, expect: { status: 200 } }]",
        "exchanges: [{ as: 7001, request: {}, expect: { status: 200 } }]",
        "exchanges: [{ request: { password: REAL }, expct: { status: 200 } }]",
        "scripted: [{ when: { headers: { X-Auth-Token: REAL }, nme: x }, then: { is_review: 1 } }]",
        "scripted: [{ when: { headers: { X-Auth-Token: 7001 } }, then: { is_review: 1 } }]",
        "scripted: [{ when: { headers: { X-Auth-Token: { regex: 'REAL(' } } }, then: { is_review: 1 } }]",
        "partners: [{ id: p, name: n, xaccount_type: X, credentials: { tokens: [REAL] } }]\ncustomers: [{ id: c, partner: REAL }]",
        "partners: [{ id: p, name: n, xaccount_type: X, credentials: { tokens: [REAL] } }]\n\
         scripted: [{ when: { caller: REAL }, then: { is_review: 1 } }]",
        "partners: [{ nmae: n }] # REAL",
        "x: &a { secret_key: REAL, nme: y }\npartners: [{ id: p, name: n, xaccount_type: X, bucket: { s3: *a } }]",
    ];
    for text in lines {
        let error = refuse(text);
        let shown = format!("{error}{error:?}");
        assert!(!shown.contains("REAL") && !shown.contains("7001"), "{shown}");
    }
}

#[test]
fn keys_of_credentials_by_other_names_are_one_problem() {
    let table = [
        ("access_keys: [{ ak: a, SK: s }]", "sk"),
        ("access_keys: [{ ak: a, secret: s }]", "sk"),
        ("access_keys: [{ ak: a, secret_key: s }]", "sk"),
        ("access_keys: [{ access_key: a, sk: s }]", "ak"),
        ("token: [t]", "tokens"),
    ];
    for (text, meant) in table {
        let credentials = format!("credentials: {{ {text} }}");
        let problems = problems(&format!("partners: [{{ id: p, name: n, xaccount_type: X, {credentials} }}]\n"));
        let hints: Vec<_> = problems.iter().map(|problem| problem.hint.as_deref()).collect();
        assert_eq!(hints, [Some(&*format!("did you mean `{meant}`?"))], "{text}: {problems:#?}");
    }
}

#[tokio::test]
async fn span_of_time_is_read_in_every_form() {
    let table = [
        ("3d", "72h"),
        ("1w 2d", "216h"),
        ("P3D", "72h"),
        ("PT2H", "2h"),
        ("P1DT12H", "36h"),
        ("1d 1h 30m", "25h 30m"),
        ("1.5h", "1h 30m"),
        ("0s", "0s"),
    ];
    for (text, read) in table {
        let app = TestApp::from_text(&format!("settings: {{ review_after: {text} }}\n{PARTNER}"));
        assert_eq!(app.get("/world").await["settings"]["review_after"], read, "{text}");
    }
    for (text, message) in [
        ("1mo", "`1mo` is no span of time"),
        ("1y", "`1y` is no span of time"),
        ("-3d", "`-3d` is no span of time"),
        ("3", "`3` is no span of time"),
        ("9000000d", "`9000000d` is too long"),
    ] {
        let problems = problems(&format!("settings: {{ review_after: '{text}' }}\n{PARTNER}"));
        assert_eq!(problems[0].message, message);
    }
}

#[test]
fn misspelt_name_of_a_partner_is_one_mistake() {
    let text = "
partners: [{ id: p-1, nmae: demo, xaccount_type: X }]
customers: [{ id: a, partner: demo }, { id: b, partner: demo }, { id: c, partner: demo, real_nam: authenticated }]
settings: { review: manul, seed: x }
certificates: [{ numbr: 5 }, { number: 7 }]
scripted: [{ when: { caller: demo }, then: { error_code: CBC.1 } }]
";
    assert_eq!(problems(text).len(), 7);
}

#[test]
fn list_instead_of_a_mapping_is_reported() {
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
fn repeated_id_name_or_credential_is_reported_at_its_second_place() {
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
fn repeated_user_of_an_account_name_is_reported_at_its_second_place() {
    let users = |name: &str| format!("credentials: {{ users: [{{ name: {name}, password: s }}] }}");
    let (ann, ben) = (users("ann"), users("ben"));
    let text = format!(
        "
partners:
  - {{ id: p-1, name: demo, xaccount_type: A, credentials: {{ users: [{{ name: ann, password: s }}, {{ name: ann, password: t }}] }} }}
  - {{ id: p-2, name: other, xaccount_type: A, {ann} }}
customers:
  - {{ id: demo, {ann} }}
  - {{ id: other, {ben} }}
"
    );
    let expected = ["partners[0].credentials.users[1].name", "customers[0].credentials.users[0].name"];
    let problems = problems(&text);
    assert_eq!(problems.iter().map(|problem| &*problem.key).collect::<Vec<_>>(), expected);
    for problem in &problems {
        assert_eq!(problem.message, "the user is given twice");
        assert_eq!(problem.hint.as_deref(), Some("the first is in line 3"), "{problem:?}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_reported_at_once() {
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
    1 | nmae: …
      | ^ did you mean `name`?
fixture:2:23: settings.contract: expected text, found the number 2023.03
    2 | settings: { contract: 2023.03, review_after: soon }
      |                       ^ put it in quotes: "2023.03"
fixture:2:46: settings.review_after: `soon` is no span of time
    2 | settings: { contract: 2023.03, review_after: soon }
      |                                              ^ write it like `200ms`, `2h`, `1h 30m` or `3d`
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
fn two_mistakes_of_one_entry_are_both_reported() {
    let more = "customers: [{ id: 5, partner: dmo }]\nscripted: [{ then: { error_code: CBC.9 } }]";
    let expected = ["2:19 customers[0].id", "2:31 customers[0].partner", "3:34 scripted[0].then.error_code"];
    assert_eq!(places(&problems(&format!("{PARTNER}{more}\n"))), expected);
}

#[test]
fn consequences_of_a_mistake_are_not_reported() {
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
        (
            "partner: [{ id: p-1, name: demo, xaccount_type: X }]\n\
            customers: [{ id: a, partner: demo }, { id: b, partner: demo }, { id: c, partner: demo }]",
            "1:1 partner",
        ),
        ("partner:\ncustomers: [{ id: a, partner: demo }]", "1:1 partner"),
        (
            "resellers: [{ id: p-1, name: demo, xaccount_type: X }]\n\
            customers: [{ id: a, partner: demo }]\nscripted: [{ when: { caller: demo }, then: { is_review: 1 } }]",
            "1:1 resellers",
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
async fn null_is_read_as_missing() {
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
        let mut world = TestApp::from_text(text).get("/world").await;
        // Each simulator has its own.
        world["partners"][0]["credentials"].take();
        world
    };
    assert_eq!(world(text).await, world(without).await);
    assert_eq!(places(&problems("customers: [{ id: null }]")), ["1:13 customers[0]"]);
}

#[test]
fn text_that_is_no_single_yaml_document_is_reported() {
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
fn yaml_with_exponential_aliases_or_many_keys_is_refused() {
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

/// The last lines of an error.
fn ending(error: &LoadError, lines: usize) -> Vec<String> {
    let mut last: Vec<_> = error.to_string().lines().rev().take(lines).map(str::to_owned).collect();
    last.reverse();
    last
}

#[test]
fn a_hundred_mistakes_of_a_file_are_reported_and_no_more() {
    let unknown = |count| format!("{PARTNER}customers:\n{}", "  - { id: c, x: 1, partner: demo }\n".repeat(count));
    let number = |count| format!("certificates:\n{}", "  - { number: 5 }\n".repeat(count));
    let twice = |count| "a: 1\n".repeat(count);
    let reference = |count: usize| {
        let customer = |index| format!("  - {{ id: c-{index}, partner: p-{index} }}\n");
        format!("{PARTNER}customers:\n{}", (0..count).map(customer).collect::<String>())
    };
    for text in [number(100), reference(100)] {
        let error = refuse(&text);
        assert_eq!((error.problems.len(), error.with_more.len()), (100, 0));
        assert_eq!(ending(&error, 1), ["100 problems in the fixtures"]);
    }
    for text in [unknown(300), number(101), twice(5_000), reference(101), reference(20_000)] {
        let error = refuse(&text);
        assert_eq!((error.problems.len(), &error.with_more), (100, &vec!["fixture".to_owned()]));
        let expected =
            ["fixture: and more: only its first mistakes are shown", "more than 100 problems in the fixtures"];
        assert_eq!(ending(&error, 2), expected);
    }
}

#[test]
fn long_line_is_shown_around_its_mistake() {
    let frame = "    2 | ……".chars().count();
    for (before, after) in [(0, 0), (0, 500), (50, 500), (500, 0), (500, 50), (500, 500), (1_000_000, 1_000_000)] {
        let blanks = " ".repeat(before);
        let line = format!("customers: [{blanks}{{ id: c, 错: 实, name: {} }}]", "。".repeat(after));
        let text = format!("{PARTNER}{line}\n");
        let problems = problems(&text);
        let [problem] = &problems[..] else { panic!("{problems:#?}") };
        assert_eq!((problem.line, problem.column), (2, 22 + before), "it is where it is in the file");
        let shown = problem.to_string();
        let [_, source, caret] = shown.lines().collect::<Vec<_>>()[..] else { panic!("{shown}") };
        let column = caret.chars().position(|character| character == '^').expect("a caret");
        assert_eq!(source.chars().nth(column), Some('错'), "{shown}");
        assert!(source.chars().count() <= 200 + frame, "{shown}");
        assert_eq!(source.ends_with('…'), after > 150, "{shown}");
        assert_eq!(source.contains("| …"), before > 150, "{shown}");
    }
}

#[test]
fn long_names_are_cut_and_not_compared() {
    let long = "长".repeat(100_000);
    let other = "名".repeat(100_000);
    let digits = "7".repeat(100_000);
    let texts = [
        format!(
            "partners: [{{ id: p, name: {}, xaccount_type: X }}]\ncustomers: [{{ id: c, partner: {other} }}]\n",
            "长".repeat(256)
        ),
        format!("partners: [{{ id: p, name: {long}, xaccount_type: X }}]\n"),
        format!("partners: [{{ id: {long}, name: p, xaccount_type: X }}]\n"),
        format!("partners: [{{ id: p, name: p, xaccount_type: {long} }}]\n"),
        format!("{PARTNER}customers: [{{ id: {long} }}]\n"),
        format!("name: {long}\n"),
        format!("{PARTNER}customers: [{{ id: c, partner: \"{long}\\n{other}\" }}]\n"),
        format!("{PARTNER}customers: [{{ id: c, {long}: {other} }}]\n"),
        format!(
            "{PARTNER}exchanges: [{{ request: {{ {long}: {{ {other}: 1, {other}: 2 }} }}, expect: {{ status: 200 }} }}]"
        ),
        format!("{PARTNER}customers: [{{ id: c, real_name: {long} }}]\n"),
        format!("{PARTNER}settings: {{ review_after: \"{long}\\n{other}\" }}\n"),
        format!("{PARTNER}customers: [{{ id: 0.{digits} }}]\n"),
    ];
    for text in &texts {
        let problems = problems(text);
        let [Problem { key, message, hint, .. }] = &problems[..] else { panic!("{problems:#?}") };
        for shown in [key, message, hint.as_deref().unwrap_or_default()] {
            assert!(shown.chars().count() <= 250, "{shown}");
        }
        assert!(message.matches('`').count() % 2 == 0, "its quotes are closed: {message}");
    }
    let partner = |index| format!("  - {{ id: i-{index}, name: n-{index}, xaccount_type: X }}\n");
    let several = (0..5_000).map(partner).collect::<Vec<_>>().concat();
    let text = format!("partners:\n{several}customers: [{{ id: c, partner: unknown }}]\n");
    let hint = problems(&text)[0].hint.clone().expect("it has a hint");
    assert!(hint.starts_with("known here: n-0, n-1, ") && hint.ends_with(", …") && hint.len() < 1_000, "{hint}");
}

#[tokio::test]
async fn refusal_of_a_body_has_a_hundred_mistakes_and_says_that_there_are_more() {
    let app = TestApp::builtin();
    let customers = |count| json!({ "customers": vec![json!({ "x": 1 }); count] });
    for (count, listed, more) in [(50, 100, Value::Null), (51, 100, json!(true)), (20_000, 100, json!(true))] {
        let (status, answer) = app.put("/world", &customers(count)).await;
        assert_eq!((status, list(&answer, "detail").len(), &answer["more"]), (422, listed, &more), "{count}");
        assert!(answer.to_string().len() < 50_000);
    }
    let name = "n".repeat(1_000_000);
    let answer = app.assert_control("PUT", "/customers/c-1", json!({ "partner": name }), 422).await;
    assert!(text(&answer["detail"][0]["message"]).len() < 250, "{answer}");
    let answer = app.assert_control("POST", "/spaces", json!({ "scenario": name }), 404).await;
    assert!(text(&answer["detail"]).len() < 1_500, "{answer}");
}

#[tokio::test]
async fn refusal_of_a_long_line_of_mistakes_takes_little_memory() {
    let process = Process::start(&["--log-level", "off"]);
    let body = json!({ "customers": vec![json!({ "x": 1 }); 250_000] }).to_string();
    let reply = process.client().call("PUT", "/_sim/world", &[], body).await;
    assert_eq!(reply.status, 422);
    let status = fs::read_to_string(format!("/proc/{}/status", process.pid())).expect("Linux has it");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    // If each mistake kept the line, they would have 200 MB.
    assert!(peak.is_some_and(|peak: u64| peak < 150_000), "{peak:?} kB");
}

#[tokio::test]
async fn reload_says_which_files_have_more_mistakes() {
    let files = TestDir::new("many-mistakes");
    files.put("good.yaml", PARTNER);
    let process = Process::start(&["--fixtures", files.as_str()]);
    files.put("bad.yaml", format!("customers:\n{}", "  - { id: 5 }\n".repeat(150)));
    files.put("worse.yaml", "a: 1\n".repeat(150));
    files.put("few.yaml", "nmae: a\n");
    let (status, answer) = process.client().post("/reload", &Value::Null).await;
    assert_eq!((status, list(&answer, "detail").len()), (422, 201));
    assert_eq!(answer["more"], json!([files.join("bad.yaml"), files.join("worse.yaml")]));
}

#[tokio::test]
async fn json_is_read_like_yaml() {
    let json = r#"{ "partners": [{ "id": "p-1", "name": "demo", "xaccount_type": "DEMO_IDP", "credentials": {
        "tokens": ["token"], "access_keys": [{ "ak": "AK1", "sk": "secret" }], "users": [{ "name": "ann", "password": "p" }] } }] }"#;
    let yaml = "partners:
  - { id: p-1, name: demo, xaccount_type: DEMO_IDP,
      credentials: { tokens: [token], access_keys: [{ ak: AK1, sk: secret }], users: [{ name: ann, password: p }] } }";
    let world = async |text: &str| TestApp::from_text(text).get("/world").await;
    assert_eq!(world(json).await, world(yaml).await);
    // As editors want it.
    let named = json.replacen('{', r#"{ "$schema": "scenario.schema.json","#, 1);
    assert_eq!(world(&named).await, world(yaml).await);
    let wrong =
        "{\n  \"partners\": [\n    { \"id\": 5, \"name\": \"d\", \"xaccount_type\": \"D\", \"bukcet\": {} }\n  ]\n}";
    assert_eq!(places(&problems(wrong)), ["3:13 partners[0].id", "3:51 partners[0].bukcet"]);
}

#[test]
fn mistakes_and_unreadable_files_of_several_paths_are_reported() {
    let (several, empty) = (TestDir::new("several"), TestDir::new("empty"));
    let files: [(&str, &[u8]); 6] = [
        ("good.yaml", PARTNER.as_bytes()),
        ("bad.yml", b"nmae: a\n"),
        ("nested/worse.JSON", b"{\"nmae\": 1, \"custmers\": 2}"),
        ("latin.yaml", b"name: \xff\n"),
        ("twin.yaml", b"name: good"),
        ("ignored.txt", b"["),
    ];
    for (name, content) in files {
        several.put(name, content);
    }
    let paths = [several.path(), empty.path(), &several.join("missing.yaml")];
    let builder = paths.into_iter().fold(Simulator::builder(), Builder::fixtures);
    let Err(Error::Fixture(error)) = builder.build() else { panic!("the files have mistakes") };
    let unreadable: BTreeSet<_> = error.unreadable.iter().map(|(path, _)| path.clone()).collect();
    let expected = ["twin.yaml", "missing.yaml"].map(|name| several.join(name));
    assert_eq!(unreadable, expected.into_iter().chain([empty.path().to_owned()]).collect());
    let found: Vec<_> = error.problems.iter().map(|p| (p.file.rsplit('/').next().unwrap(), &*p.key)).collect();
    let expected = [("bad.yml", "nmae"), ("latin.yaml", ""), ("worse.JSON", "nmae"), ("worse.JSON", "custmers")];
    assert_eq!(found, expected);
}
