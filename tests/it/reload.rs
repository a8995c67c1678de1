//! Scenario files that are read again while the simulator serves, because somebody asks for it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};

use crate::client::{Client, text};
use crate::process::{Simulator, binary};
use crate::service::DEMO;

/// A directory of scenario files for one test.
pub(crate) struct Files(PathBuf);

impl Files {
    /// A new one, without anything that a run before this one has left.
    pub(crate) fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reload").join(test);
        drop(fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path)));
        fs::create_dir_all(&path).expect("the build folder can be written to");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("the directory can be written to");
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("the file is there");
    }

    /// A simulator that knows them, with these flags besides.
    #[track_caller]
    pub(crate) fn serve(&self, flags: &[&str]) -> Simulator {
        let path = self.0.to_str().expect("the build folder's name is text");
        Simulator::start(&[&["--fixtures", path, "--log-format", "json"], flags].concat())
    }
}

/// A scenario in which this customer, and no other, can be authenticated by the token `token`.
pub(crate) fn scenario(name: &str, customer: &str) -> String {
    format!("name: {name}\n{DEMO}customers: [{{ id: {customer}, partner: demo }}]\n")
}

/// What a reload answers when all is well.
fn taken_up(changed: &[&str], added: &[&str], removed: &[&str], unchanged: usize, restarted: &[&str]) -> (u16, Value) {
    let told = json!({
        "changed": changed, "added": added, "removed": removed, "unchanged": unchanged, "restarted": restarted,
    });
    (200, told)
}

#[test]
fn what_has_changed_is_taken_up_and_known_at_once() {
    let files = Files::new("changed");
    for name in ["same", "other", "gone", "open"] {
        files.put(&format!("{name}.yaml"), scenario(name, "before"));
    }
    let simulator = files.serve(&[]);
    let client = Client::of(&simulator);
    assert_eq!(client.reload(), taken_up(&[], &[], &[], 4, &[]));

    files.put("other.yaml", scenario("other", "after"));
    files.put("new.yaml", scenario("new", "after"));
    files.remove("gone.yaml");
    files.remove("open.yaml");
    assert_eq!(client.customers_of("other"), ["before"], "nobody has asked for it yet");
    assert_eq!(client.reload(), taken_up(&["other"], &["new"], &["gone", "open"], 1, &[]));
    assert_eq!(client.customers_of("same"), ["before"]);
    assert_eq!(client.customers_of("other"), ["after"]);
    assert_eq!(client.customers_of("new"), ["after"]);
    assert!(client.space("gone").is_none());
    let (_, open) = client.control(Method::GET, "/scenarios/open", &Value::Null);
    assert_eq!(open["yaml"], include_str!("../../fixtures/scenarios/open.yaml"), "what it hid comes back");
    let (_, other) = client.control(Method::GET, "/scenarios/other", &Value::Null);
    assert_eq!(other["yaml"], scenario("other", "after"));
    let (_, list) = client.control(Method::GET, "/scenarios", &Value::Null);
    let names: Vec<_> = list["scenarios"].as_array().expect("a list").iter().map(|row| text(&row["name"])).collect();
    assert_eq!(names.iter().filter(|name| ["same", "other", "gone", "new", "open"].contains(name)).count(), 4);

    fs::rename(files.path("other.yaml"), files.path("renamed.yaml")).expect("it is there");
    assert_eq!(client.reload(), taken_up(&[], &[], &[], 3, &[]), "it is the same scenario in another file");
    fs::remove_dir_all(files.path("")).expect("it is there");
    assert_eq!(client.reload(), taken_up(&[], &[], &["new", "same", "other"], 0, &[]));
}

#[test]
fn what_is_wrong_is_told_and_what_was_known_stays() {
    let files = Files::new("wrong");
    for name in ["good", "bad", "first", "second", "latin"] {
        files.put(&format!("{name}.yaml"), scenario(name, "before"));
    }
    let mut simulator = files.serve(&[]);
    let (client, mut log) = (Client::of(&simulator), simulator.log());
    files.put("good.yaml", scenario("good", "after"));
    files.put("bad.yaml", "name: bad\ncustomers:\n  - id: 5\n  - { id: c-1, partner: nobdy }\n");
    files.put("second.yaml", scenario("first", "after"));
    files.put("latin.yaml", b"name: \xff\n");

    let file = |name: &str| files.path(name).display().to_string();
    let twice = format!("names its scenario `first`, as {} does: rename one of them", file("first.yaml"));
    let detail = json!([
        { "file": file("latin.yaml"), "message": "cannot be read: stream did not contain valid UTF-8" },
        { "file": file("second.yaml"), "message": twice },
        {
            "file": file("bad.yaml"), "line": 3, "column": 9, "key": "customers[0].id",
            "message": "expected text, found the number 5", "hint": "put it in quotes: \"5\"",
        },
        {
            "file": file("bad.yaml"), "line": 4, "column": 25, "key": "customers[1].partner",
            "message": "there is no partner named `nobdy`", "hint": "the file has no partner",
        },
    ]);
    let (status, told) = client.reload();
    assert_eq!((status, &told["error"]), (422, &json!("invalid")));
    assert_eq!(told["detail"], detail);
    assert_eq!((&told["changed"], &told["unchanged"]), (&json!(["good"]), &json!(4)));
    for (name, customer) in
        [("good", "after"), ("bad", "before"), ("first", "before"), ("second", "before"), ("latin", "before")]
    {
        assert_eq!(client.customers_of(name), [customer], "{name}");
    }
    for problem in detail.as_array().expect("a list") {
        let event = log.line();
        assert_eq!((&event["level"], &event["file"]), (&json!("WARN"), &problem["file"]));
        assert_eq!(event["message"], format!("not taken up: {}", text(&problem["message"])));
        for field in ["line", "column", "key", "hint"] {
            assert_eq!(event.get(field), problem.get(field), "{event}");
        }
    }
    assert_eq!(log.line()["changed"], "good");

    files.put("bad.yaml", scenario("bad", "after"));
    files.put("second.yaml", scenario("second", "after"));
    files.put("latin.yaml", scenario("latin", "before"));
    assert_eq!(client.reload(), taken_up(&["bad", "second"], &[], &[], 3, &[]));
}

#[test]
fn where_nothing_can_be_seen_nothing_is_gone() {
    let files = Files::new("unseen");
    files.put("served.yaml", scenario("served", "before"));
    let simulator = files.serve(&[]);
    let client = Client::of(&simulator);
    let link = files.0.clone();
    fs::remove_dir_all(&link).expect("it is there");
    symlink(&link, &link).expect("the file system has links");
    let (status, told) = client.reload();
    assert_eq!((status, &told["detail"][0]["file"], &told["unchanged"]), (422, &json!(link), &json!(1)));
    assert!(text(&told["detail"][0]["message"]).starts_with("cannot be read: "), "{told}");
    assert_eq!(client.customers_of("served"), ["before"]);
}

#[test]
fn a_name_is_left_to_whoever_had_it() {
    let files = Files::new("names");
    files.put("b.yaml", scenario("name", "before"));
    let simulator = files.serve(&[]);
    let client = Client::of(&simulator);
    files.put("a.yaml", scenario("name", "after"));
    let (status, told) = client.reload();
    assert_eq!((status, &told["detail"][0]["file"]), (422, &json!(files.path("a.yaml"))));
    assert_eq!(client.customers_of("name"), ["before"]);
    // Also when it is wrong at present.
    files.put("b.yaml", "nmae: name");
    assert_eq!(client.reload().1["detail"].as_array().map(Vec::len), Some(2));
    assert_eq!(client.customers_of("name"), ["before"]);
    files.remove("b.yaml");
    assert_eq!(client.reload(), taken_up(&["name"], &[], &[], 0, &[]));
    assert_eq!(client.customers_of("name"), ["after"]);
}

#[test]
fn only_the_default_space_begins_again_and_only_when_its_scenario_has_changed() {
    let files = Files::new("default");
    files.put("served.yaml", scenario("served", "before"));
    files.put("other.yaml", scenario("other", "before"));
    let simulator = files.serve(&["--scenario", "served"]);
    let client = Client::of(&simulator);
    let space = client.space("served").expect("it is known");
    let (id, token) = (text(&space["id"]), text(&space["partners"][0]["token"]));
    client.control(Method::PUT, "/clock", &json!({ "set": "2030-01-01T00:00:00Z" }));
    client.control(Method::PUT, "/clock", &json!({ "freeze": true }));
    let now = || client.control(Method::GET, "/clock", &Value::Null).1["now"].clone();
    let frozen = now();
    assert_eq!(["token", token].map(|token| client.apply(token, "before")), ["", ""]);

    let under_review = ["CBC.99000027", "CBC.99000027"];
    files.put("served.yaml", scenario("served", "before"));
    files.put("other.yaml", scenario("other", "after"));
    assert_eq!(client.reload(), taken_up(&["other"], &[], &[], 1, &[]));
    assert_eq!(["token", token].map(|token| client.apply(token, "before")), under_review);
    files.put("served.yaml", "customers: 5");
    assert_eq!((client.reload().0, client.apply("token", "before").as_str()), (422, "CBC.99000027"));

    files.put("served.yaml", scenario("served", "after"));
    assert_eq!(client.reload(), taken_up(&["served"], &[], &[], 1, &["default"]));
    assert_eq!(["before", "after"].map(|customer| client.apply("token", customer)), ["CBC.99000035", ""]);
    assert_eq!(now(), frozen, "it keeps its clock");
    assert_eq!(client.apply(token, "before"), "CBC.99000027", "a test that runs is not disturbed");
    client.control(Method::POST, &format!("/reset?space={id}"), &Value::Null);
    assert_eq!(client.customers(id), ["before"]);

    let (_, world) = client.control(Method::GET, "/world", &Value::Null);
    assert_eq!(client.control(Method::PUT, "/world", &world).0, 200);
    files.put("served.yaml", scenario("served", "later"));
    assert_eq!(client.reload(), taken_up(&["served"], &[], &[], 1, &[]), "nobody's scenario, though of its name");
    assert_eq!(
        (client.customers("default"), client.customers_of("served")),
        (vec!["after".into()], vec!["later".into()])
    );
}

#[test]
fn a_served_scenario_may_be_gone_for_a_while() {
    let files = Files::new("gone");
    files.put("served.yaml", scenario("served", "before"));
    let path = files.path("served.yaml");
    let path = path.to_str().expect("the build folder's name is text");
    let mut simulator = Simulator::start(&["--fixtures", path, "--log-format", "json"]);
    let (client, mut log) = (Client::of(&simulator), simulator.log());
    assert_eq!(client.apply("token", "before"), "");
    files.remove("served.yaml");
    assert_eq!(client.reload(), taken_up(&[], &[], &["served"], 0, &[]));
    assert_eq!(client.apply("token", "before"), "CBC.99000027");
    log.until("no file has the served scenario any more");
    files.put("served.yaml", scenario("served", "before"));
    assert_eq!(client.reload(), taken_up(&[], &["served"], &[], 0, &[]));
    assert_eq!(client.apply("token", "before"), "CBC.99000027");
    files.remove("served.yaml");
    assert_eq!(client.reload().0, 200);
    files.put("served.yaml", scenario("served", "after"));
    assert_eq!(client.reload(), taken_up(&[], &["served"], &[], 0, &["default"]));
    assert_eq!(client.customers("default"), ["after"]);
}

#[test]
fn a_file_may_take_the_place_of_a_built_in_scenario_that_is_served() {
    let files = Files::new("hides");
    files.put("other.yaml", scenario("other", "before"));
    let simulator = files.serve(&[]);
    let client = Client::of(&simulator);
    files.put("default.yaml", scenario("default", "mine"));
    assert_eq!(client.reload(), taken_up(&[], &["default"], &[], 1, &["default"]));
    assert_eq!(client.customers("default"), ["mine"]);
    files.remove("default.yaml");
    assert_eq!(client.reload(), taken_up(&[], &[], &["default"], 1, &[]));
    assert_eq!(client.customers("default"), ["mine"], "what is served stays");
    assert!(client.customers_of("default").contains(&"customer-new".to_owned()));
}

#[test]
fn a_directory_stays_relative_to_its_file() {
    let files = Files::new("relative");
    let bucket = |directory: &str| {
        format!(
            "name: served\npartners:\n  - {{ id: p, name: p, xaccount_type: T, bucket: {{ directory: {directory} }} }}\n"
        )
    };
    files.put("served.yaml", bucket("pictures"));
    let simulator = files.serve(&["--scenario", "served"]);
    let client = Client::of(&simulator);
    files.put("served.yaml", bucket("others"));
    assert_eq!(client.reload().0, 200);
    let (_, world) = client.control(Method::GET, "/world", &Value::Null);
    assert_eq!(world["partners"][0]["bucket"]["directory"], json!(files.path("others")));
}

#[test]
fn a_signal_asks_for_it_too() {
    let files = Files::new("signal");
    files.put("served.yaml", scenario("served", "before"));
    let mut simulator = files.serve(&["--scenario", "served"]);
    let (client, mut log) = (Client::of(&simulator), simulator.log());
    files.put("served.yaml", scenario("served", "after"));
    simulator.signal("HUP");
    assert_eq!(log.until("scenario files were read again")["restarted"], "default");
    assert_eq!(client.customers("default"), ["after"]);
}

#[test]
fn no_request_fails_meanwhile_and_none_sees_half_of_a_scenario() {
    let files = Files::new("concurrent");
    let text = |turn: &str| {
        let customers: Vec<_> =
            (0..50).map(|number| json!({ "id": format!("{turn}-{number}"), "partner": "demo" })).collect();
        format!("name: served\n{DEMO}customers: {}\n", json!(customers))
    };
    files.put("served.yaml", text("0"));
    let simulator = files.serve(&["--scenario", "served", "--log-level", "warn"]);
    let ask = || {
        let client = Client::of(&simulator);
        for _ in 0..100 {
            let answer = client.apply("token", "0-0");
            assert!(["", "CBC.99000027", "CBC.99000035"].contains(&answer.as_str()), "{answer}");
            let customers = client.customers_of("served");
            let turn = customers[0].split('-').next().expect("a part");
            let whole: BTreeSet<_> = (0..50).map(|number| format!("{turn}-{number}")).collect();
            assert_eq!(BTreeSet::from_iter(customers), whole);
        }
    };
    thread::scope(|scope| {
        let asking = [(); 3].map(|()| scope.spawn(ask));
        let client = Client::of(&simulator);
        let turns = (1..).take_while(|_| asking.iter().any(|asking| !asking.is_finished()));
        let turns = turns.map(|turn: usize| {
            files.put("served.yaml", text(&turn.to_string()));
            assert_eq!(client.reload(), taken_up(&["served"], &[], &[], 0, &["default"]));
        });
        assert!(turns.count() > 10);
    });
}

#[test]
fn a_large_file_holds_up_nobody() {
    let files = Files::new("large");
    files.put("served.yaml", scenario("served", "before"));
    let path = files.path("").display().to_string();
    // On one core there is but one worker, which would have nobody to take its place.
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(binary().get_program()).args(["--listen", "127.0.0.1:0", "--fixtures", &path]);
    let simulator = Simulator::spawn(command.args(["--scenario", "served", "--log-level", "warn"]));
    let customers: Vec<_> = (0..100_000).map(|number| format!("  - {{ id: c-{number}, partner: demo }}\n")).collect();
    files.put("served.yaml", format!("name: served\n{DEMO}customers:\n{}", customers.concat()));
    let began = Instant::now();
    let (slowest, took) = thread::scope(|scope| {
        let reloading = scope.spawn(|| assert_eq!(Client::of(&simulator).reload().1["restarted"], json!(["default"])));
        let (client, mut slowest) = (Client::of(&simulator), Duration::ZERO);
        while !reloading.is_finished() {
            let request = Instant::now();
            client.apply("token", "before");
            slowest = slowest.max(request.elapsed());
        }
        (slowest, began.elapsed())
    });
    assert!(slowest < took / 4, "a request took {slowest:?} of {took:?}");
    assert_eq!(Client::of(&simulator).apply("token", "c-99999"), "");
}
