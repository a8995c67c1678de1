//! `POST /_sim/reload`, SIGHUP and `--watch`: scenario files that are read again while the process serves.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::*;

/// A scenario in which this customer, and no other, can be authenticated by the token `token`.
fn scenario(name: &str, customer: &str) -> String {
    format!(
        "name: {name}\n{PARTNERS}customers: [{{ id: {customer}, partner: demo }}]\nexchanges: [{{ advance: 1s }}]\n"
    )
}

/// Starts a process that knows the scenarios in a directory.
#[track_caller]
fn serve(files: &TestDir, flags: &[&str]) -> Process {
    Process::start(&[&["--fixtures", files.as_str(), "--log-format", "json"], flags].concat())
}

async fn reload(client: &Client) -> (u16, Value) {
    client.post("/reload", &Value::Null).await
}

/// What a reload without mistakes answers.
fn reloaded(changed: &[&str], added: &[&str], removed: &[&str], unchanged: usize, restarted: &[&str]) -> (u16, Value) {
    let answer = json!({
        "changed": changed, "added": added, "removed": removed, "unchanged": unchanged, "restarted": restarted,
    });
    (200, answer)
}

/// The error code that an application of this customer gets. Empty if it is accepted.
async fn apply(client: &Client, token: &str, customer: &str) -> String {
    client.apply_as(token, &passport(customer)).await.code()
}

/// The customers of a space.
async fn customers(client: &Client, space: &str) -> Vec<String> {
    let world = client.get(&format!("/world?space={space}")).await;
    list(&world, "customers").iter().map(|customer| text(&customer["id"]).to_owned()).collect()
}

/// The customers that a new space of this scenario has. Empty if there is no such scenario.
async fn customers_of(client: &Client, scenario: &str) -> Vec<String> {
    match client.post("/spaces", &json!({ "scenario": scenario })).await {
        (201, space) => customers(client, text(&space["id"])).await,
        _ => Vec::new(),
    }
}

/// Waits until a new space of the scenario has this customer; with an empty one, until there is no such scenario.
async fn wait_for(client: &Client, scenario: &str, customer: &str) {
    in_time(async { while customers_of(client, scenario).await.concat() != customer {} }).await;
}

#[tokio::test]
async fn post_reload_takes_changed_added_and_removed_files() {
    let files = TestDir::new("reload/changed");
    for name in ["same", "other", "gone", "open"] {
        files.put(format!("{name}.yaml"), scenario(name, "before"));
    }
    let process = serve(&files, &[]);
    let client = process.client();
    assert_eq!(reload(&client).await, reloaded(&[], &[], &[], 4, &[]));

    files.put("other.yaml", scenario("other", "after"));
    files.put("new.yaml", scenario("new", "after"));
    files.remove("gone.yaml");
    files.remove("open.yaml");
    assert_eq!(customers_of(&client, "other").await, ["before"], "no reload was called yet");
    assert_eq!(reload(&client).await, reloaded(&["other"], &["new"], &["gone", "open"], 1, &[]));
    assert_eq!(customers_of(&client, "same").await, ["before"]);
    assert_eq!(customers_of(&client, "other").await, ["after"]);
    assert_eq!(customers_of(&client, "new").await, ["after"]);
    assert_eq!(client.post("/spaces", &json!({ "scenario": "gone" })).await.0, 404);
    let open = client.get("/scenarios/open").await;
    assert_eq!(
        open["yaml"],
        include_str!("../../../fixtures/scenarios/open.yaml"),
        "the built-in scenario is there again"
    );
    let other = client.get("/scenarios/other").await;
    assert_eq!(other["yaml"], scenario("other", "after"));
    let scenarios = client.get("/scenarios").await;
    let names: Vec<_> = list(&scenarios, "scenarios").iter().map(|row| text(&row["name"])).collect();
    assert_eq!(names.iter().filter(|name| ["same", "other", "gone", "new", "open"].contains(name)).count(), 4);

    fs::rename(files.join("other.yaml"), files.join("renamed.yaml")).expect("it is there");
    assert_eq!(reload(&client).await, reloaded(&[], &[], &[], 3, &[]), "it is the same scenario in another file");
    fs::remove_dir_all(files.path()).expect("it is there");
    assert_eq!(reload(&client).await, reloaded(&[], &[], &["new", "same", "other"], 0, &[]));
}

#[tokio::test]
async fn post_reload_with_mistakes_is_422_and_keeps_what_was_loaded() {
    let files = TestDir::new("reload/wrong");
    for name in ["good", "bad", "first", "second", "latin"] {
        files.put(format!("{name}.yaml"), scenario(name, "before"));
    }
    let mut process = serve(&files, &[]);
    let (client, mut log) = (process.client(), process.log());
    files.put("good.yaml", scenario("good", "after"));
    files.put("bad.yaml", "name: bad\ncustomers:\n  - id: 5\n  - { id: c-1, partner: nobdy }\n");
    files.put("second.yaml", scenario("first", "after"));
    files.put("latin.yaml", b"name: \xff\n");

    let file = |name: &str| files.join(name).display().to_string();
    let twice = format!("names its scenario `first`, as {} does: rename one of them", file("first.yaml"));
    let detail = json!([
        { "file": file("second.yaml"), "message": twice },
        {
            "file": file("bad.yaml"), "line": 3, "column": 9, "key": "customers[0].id",
            "message": "expected text, found the number 5", "hint": "put it in quotes: \"5\"",
        },
        {
            "file": file("bad.yaml"), "line": 4, "column": 25, "key": "customers[1].partner",
            "message": "there is no partner named `nobdy`", "hint": "there are no partners",
        },
        {
            "file": file("latin.yaml"), "line": 1, "column": 7, "key": "",
            "message": "the text is not UTF-8 from here on", "hint": "save the file as UTF-8",
        },
    ]);
    let (status, answer) = reload(&client).await;
    assert_eq!((status, &answer["error"]), (422, &json!("invalid")));
    assert_eq!(answer["detail"], detail);
    assert_eq!((&answer["changed"], &answer["unchanged"]), (&json!(["good"]), &json!(4)));
    for (name, customer) in
        [("good", "after"), ("bad", "before"), ("first", "before"), ("second", "before"), ("latin", "before")]
    {
        assert_eq!(customers_of(&client, name).await, [customer], "{name}");
    }
    for problem in detail.as_array().into_iter().flatten() {
        let event = log.event();
        assert_eq!((&event["level"], &event["file"]), (&json!("WARN"), &problem["file"]));
        assert_eq!(event["message"], format!("not loaded: {}", text(&problem["message"])));
        for field in ["line", "column", "key", "hint"] {
            assert_eq!(event.get(field), problem.get(field), "{event}");
        }
    }
    assert_eq!(log.event()["changed"], "good");

    files.put("bad.yaml", scenario("bad", "after"));
    files.put("second.yaml", scenario("second", "after"));
    files.put("latin.yaml", scenario("latin", "before"));
    assert_eq!(reload(&client).await, reloaded(&["bad", "second"], &[], &[], 3, &[]));
}

#[tokio::test]
async fn post_reload_of_an_unreadable_directory_is_422_and_removes_nothing() {
    let files = TestDir::new("reload/unseen");
    files.put("served.yaml", scenario("served", "before"));
    let process = serve(&files, &[]);
    let client = process.client();
    let link = files.path();
    fs::remove_dir_all(link).expect("it is there");
    symlink(link, link).expect("the file system has links");
    let (status, answer) = reload(&client).await;
    assert_eq!((status, &answer["detail"][0]["file"], &answer["unchanged"]), (422, &json!(link), &json!(1)));
    assert!(text(&answer["detail"][0]["message"]).starts_with("cannot be read: "), "{answer}");
    assert_eq!(customers_of(&client, "served").await, ["before"]);
}

#[tokio::test]
async fn post_reload_with_a_repeated_name_keeps_the_first_file() {
    let files = TestDir::new("reload/names");
    files.put("b.yaml", scenario("name", "before"));
    let process = serve(&files, &[]);
    let client = process.client();
    files.put("a.yaml", scenario("name", "after"));
    let (status, answer) = reload(&client).await;
    assert_eq!((status, &answer["detail"][0]["file"]), (422, &json!(files.join("a.yaml"))));
    assert_eq!(customers_of(&client, "name").await, ["before"]);
    // Also when it is wrong at present.
    files.put("b.yaml", "nmae: name");
    assert_eq!(reload(&client).await.1["detail"].as_array().map(Vec::len), Some(2));
    assert_eq!(customers_of(&client, "name").await, ["before"]);
    files.remove("b.yaml");
    assert_eq!(reload(&client).await, reloaded(&["name"], &[], &[], 0, &[]));
    assert_eq!(customers_of(&client, "name").await, ["after"]);
}

#[tokio::test]
async fn post_reload_restarts_the_default_space_if_its_scenario_changed() {
    let files = TestDir::new("reload/default");
    files.put("served.yaml", scenario("served", "before"));
    files.put("other.yaml", scenario("other", "before"));
    let process = serve(&files, &["--scenario", "served"]);
    let client = process.client();
    let space = client.create_space(&json!({ "scenario": "served" })).await;
    let (id, token) = (text(&space["id"]), text(&space["partners"][0]["token"]));
    client.assert_control("PUT", "/clock", json!({ "set": "2030-01-01T00:00:00Z" }), 200).await;
    client.assert_control("PUT", "/clock", json!({ "freeze": true }), 200).await;
    let now = async || client.get("/clock").await["now"].clone();
    let frozen = now().await;
    let both = async || [apply(&client, "token", "before").await, apply(&client, token, "before").await];
    assert_eq!(both().await, ["", ""]);

    let under_review = ["CBC.99000027", "CBC.99000027"];
    files.put("served.yaml", scenario("served", "before"));
    files.put("other.yaml", scenario("other", "after"));
    assert_eq!(reload(&client).await, reloaded(&["other"], &[], &[], 1, &[]));
    assert_eq!(both().await, under_review);
    files.put("served.yaml", "customers: 5");
    assert_eq!(reload(&client).await.0, 422);
    assert_eq!(both().await, under_review);

    files.put("served.yaml", scenario("served", "after"));
    assert_eq!(reload(&client).await, reloaded(&["served"], &[], &[], 1, &["default"]));
    assert_eq!(apply(&client, "token", "before").await, "CBC.99000035");
    assert_eq!(apply(&client, "token", "after").await, "");
    assert_eq!(now().await, frozen, "it keeps its clock");
    assert_eq!(apply(&client, token, "before").await, "CBC.99000027", "a test that runs is not disturbed");
    client.assert_control("POST", &format!("/reset?space={id}"), Value::Null, 200).await;
    assert_eq!(customers(&client, id).await, ["before"]);

    let world = client.get("/world").await;
    client.assert_control("PUT", "/world", world, 200).await;
    files.put("served.yaml", scenario("served", "later"));
    assert_eq!(
        reload(&client).await,
        reloaded(&["served"], &[], &[], 1, &[]),
        "the world that was put is not the scenario"
    );
    assert_eq!(customers(&client, "default").await, ["after"]);
    assert_eq!(customers_of(&client, "served").await, ["later"]);
}

#[tokio::test]
async fn post_reload_without_the_served_file_keeps_the_space() {
    let files = TestDir::new("reload/gone");
    let path = files.put("served.yaml", scenario("served", "before"));
    let mut process = Process::start(&["--fixtures", &path, "--log-format", "json"]);
    let (client, mut log) = (process.client(), process.log());
    assert_eq!(apply(&client, "token", "before").await, "");
    files.remove("served.yaml");
    assert_eq!(reload(&client).await, reloaded(&[], &[], &["served"], 0, &[]));
    assert_eq!(apply(&client, "token", "before").await, "CBC.99000027");
    log.event_of("no file has the served scenario any more");
    files.put("served.yaml", scenario("served", "before"));
    assert_eq!(reload(&client).await, reloaded(&[], &["served"], &[], 0, &[]));
    assert_eq!(apply(&client, "token", "before").await, "CBC.99000027");
    files.remove("served.yaml");
    assert_eq!(reload(&client).await.0, 200);
    files.put("served.yaml", scenario("served", "after"));
    assert_eq!(reload(&client).await, reloaded(&[], &["served"], &[], 0, &["default"]));
    assert_eq!(customers(&client, "default").await, ["after"]);
}

#[tokio::test]
async fn post_reload_with_a_file_that_hides_the_served_scenario_restarts_the_space() {
    let files = TestDir::new("reload/hides");
    files.put("other.yaml", scenario("other", "before"));
    let process = serve(&files, &[]);
    let client = process.client();
    files.put("default.yaml", scenario("default", "mine"));
    assert_eq!(reload(&client).await, reloaded(&[], &["default"], &[], 1, &["default"]));
    assert_eq!(customers(&client, "default").await, ["mine"]);
    files.remove("default.yaml");
    assert_eq!(reload(&client).await, reloaded(&[], &[], &["default"], 1, &[]));
    assert_eq!(customers(&client, "default").await, ["mine"], "what is served stays");
    assert!(customers_of(&client, "default").await.contains(&"customer-new".to_owned()));
}

#[tokio::test]
async fn post_reload_keeps_directories_relative_to_their_file() {
    let files = TestDir::new("reload/relative");
    let bucket = |directory: &str| {
        format!(
            "name: served\npartners:\n  - {{ id: p, name: p, xaccount_type: T, bucket: {{ directory: {directory} }} }}\n"
        )
    };
    files.put("served.yaml", bucket("pictures"));
    let process = serve(&files, &["--scenario", "served"]);
    let client = process.client();
    files.put("served.yaml", bucket("others"));
    assert_eq!(reload(&client).await.0, 200);
    let world = client.get("/world").await;
    assert_eq!(world["partners"][0]["bucket"]["directory"], json!(files.join("others")));
}

#[tokio::test]
async fn sighup_reloads() {
    let files = TestDir::new("reload/signal");
    files.put("served.yaml", scenario("served", "before"));
    let mut process = serve(&files, &["--scenario", "served"]);
    let (client, mut log) = (process.client(), process.log());
    files.put("served.yaml", scenario("served", "after"));
    process.signal("HUP");
    assert_eq!(log.event_of("scenario files were read again")["restarted"], "default");
    assert_eq!(customers(&client, "default").await, ["after"]);
}

#[tokio::test]
async fn post_reload_under_load_fails_no_request() {
    let files = TestDir::new("reload/concurrent");
    let text = |turn: &str| {
        let customer = |number| json!({ "id": format!("{turn}-{number}"), "partner": "demo" });
        format!("name: served\n{PARTNERS}customers: {}\n", (0..50).map(customer).collect::<Value>())
    };
    files.put("served.yaml", text("0"));
    let process = serve(&files, &["--scenario", "served", "--log-level", "warn"]);
    let client = process.client();
    let load = async |client: Client| {
        for _ in 0..100 {
            let code = apply(&client, "token", "0-0").await;
            assert!(["", "CBC.99000027", "CBC.99000035"].contains(&code.as_str()), "{code}");
            // A space has all customers of one turn.
            let customers = customers_of(&client, "served").await;
            let turn = customers[0].split('-').next().expect("a part");
            let whole: BTreeSet<_> = (0..50).map(|number| format!("{turn}-{number}")).collect();
            assert_eq!(BTreeSet::from_iter(customers), whole);
        }
    };
    let loads = [(); 3].map(|()| tokio::spawn(load(client.clone())));
    let mut turn = 0;
    while loads.iter().any(|load| !load.is_finished()) {
        turn += 1;
        files.put("served.yaml", text(&turn.to_string()));
        assert_eq!(reload(&client).await, reloaded(&["served"], &[], &[], 0, &["default"]));
    }
    for load in loads {
        load.await.expect("no request fails");
    }
    assert!(turn > 10);
}

#[tokio::test]
async fn post_reload_of_a_large_file_delays_no_request() {
    let files = TestDir::new("reload/large");
    files.put("served.yaml", scenario("served", "before"));
    // On one core the runtime has one worker: if the reading blocked it, no request would be answered meanwhile.
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(binary().get_program());
    command.args(["--listen", "127.0.0.1:0", "--fixtures", files.as_str(), "--scenario", "served"]);
    let process = Process::spawn(command.args(["--log-level", "warn"]));
    let client = process.client();
    let customers: Vec<_> = (0..100_000).map(|number| format!("  - {{ id: c-{number}, partner: demo }}\n")).collect();
    let customers = customers.concat();
    files.put("served.yaml", format!("name: served\n{PARTNERS}customers:\n{customers}"));
    let reloading = tokio::spawn({
        let client = client.clone();
        async move { reload(&client).await }
    });
    let mut answered = 0;
    while !reloading.is_finished() {
        apply(&client, "token", "before").await;
        answered += 1;
    }
    assert!(answered > 10, "only {answered} requests were answered meanwhile");
    assert_eq!(reloading.await.expect("it is answered").1["restarted"], json!(["default"]));
    assert_eq!(apply(&client, "token", "c-99999").await, "");
}

/// A directory with the scenario `served`, and a process that watches it.
fn watched(test: &str) -> (TestDir, Process) {
    let files = TestDir::new(&format!("reload/{test}"));
    files.put("served.yaml", scenario("served", "before"));
    let process = serve(&files, &["--watch"]);
    (files, process)
}

#[tokio::test]
async fn watch_takes_files_that_are_written_renamed_added_and_removed() {
    let (files, process) = watched("watched");
    let client = process.client();
    files.put("served.yaml", scenario("served", "written"));
    wait_for(&client, "served", "written").await;
    files.put(".served.yaml.swp", scenario("served", "renamed"));
    fs::rename(files.join(".served.yaml.swp"), files.join("served.yaml")).expect("it is there");
    wait_for(&client, "served", "renamed").await;
    files.put("other.yaml", scenario("other", "c-1"));
    wait_for(&client, "other", "c-1").await;
    files.remove("other.yaml");
    wait_for(&client, "other", "").await;
}

#[tokio::test]
async fn watch_takes_a_directory_that_is_replaced() {
    let (files, process) = watched("replaced");
    let client = process.client();
    for turn in ["once", "twice"] {
        fs::remove_dir_all(files.path()).expect("it is there");
        wait_for(&client, "served", "").await;
        fs::create_dir(files.path()).expect("it is not there");
        files.put("served.yaml", scenario("served", turn));
        wait_for(&client, "served", turn).await;
        // Replaced between two polls, it was never away.
        let others = TestDir::new(&format!("reload/replacing-{turn}"));
        others.put("served.yaml", scenario("served", "at once"));
        fs::remove_dir_all(files.path()).expect("it is there");
        fs::rename(others.path(), files.path()).expect("it is not there");
        wait_for(&client, "served", "at once").await;
    }
}

#[tokio::test]
async fn watch_takes_a_link_that_leads_elsewhere() {
    // As Kubernetes gives a ConfigMap: the files are links, through one that is replaced.
    let files = TestDir::new("reload/linked");
    for turn in ["before", "after"] {
        files.put(format!("..{turn}/served.yaml"), scenario("served", turn));
    }
    symlink("..before", files.join("..data")).expect("the file system has links");
    symlink("..data/served.yaml", files.join("served.yaml")).expect("the file system has links");
    let process = serve(&files, &["--watch"]);
    let client = process.client();
    assert_eq!(customers_of(&client, "served").await, ["before"]);
    symlink("..after", files.join("..data_tmp")).expect("the file system has links");
    fs::rename(files.join("..data_tmp"), files.join("..data")).expect("it is there");
    wait_for(&client, "served", "after").await;
}

#[tokio::test]
async fn watch_logs_mistakes_and_keeps_what_was_loaded() {
    let (files, mut process) = watched("watched-wrong");
    let (client, mut log) = (process.client(), process.log());
    files.put("served.yaml", "name: served\ncustmers: []\n");
    let event = log.event_of("not loaded: ");
    assert_eq!(
        (&event["line"], &event["column"], &event["key"]),
        (&2.into(), &1.into(), &"custmers".into()),
        "{event}"
    );
    assert_eq!(event["hint"], "did you mean `customers`?");
    assert_eq!(customers_of(&client, "served").await, ["before"]);
    files.put("served.yaml", scenario("served", "after"));
    assert_eq!(log.event_of("scenario files were read again")["changed"], "served");
    assert_eq!(customers_of(&client, "served").await, ["after"]);
}

#[tokio::test]
async fn watch_logs_a_file_that_is_put_right_again() {
    let (files, mut process) = watched("watched-right");
    let mut log = process.log();
    let message = "loaded again";
    for mistake in ["name: served\ncustmers: []\n", "name: \u{7}"] {
        files.put("served.yaml", mistake);
        log.event_of("not loaded: ");
        // As it was before.
        files.put("served.yaml", scenario("served", "before"));
        assert_eq!(log.event_of(message)["file"], json!(files.join("served.yaml")));
    }
    files.put("served.yaml", "name: [");
    log.event_of("not loaded: ");
    files.put("served.yaml", scenario("served", "after"));
    assert_eq!(log.event_of(message)["file"], json!(files.join("served.yaml")));
    assert_eq!(log.event()["changed"], "served");
    files.put("other.yaml", "name: [");
    log.event_of("not loaded: ");
    files.remove("other.yaml");
    files.put("third.yaml", scenario("third", "c-1"));
    // A file that has gone is not loaded.
    assert_eq!(log.event()["added"], "third");
}

#[tokio::test]
async fn watch_by_variable_restarts_the_default_space() {
    let files = TestDir::new("reload/environment");
    files.put("served.yaml", scenario("served", "before"));
    let mut command = binary();
    command.args(["--listen", "127.0.0.1:0"]).env("BSS_SIM_WATCH", "true");
    let process = Process::spawn(command.env("BSS_SIM_FIXTURES", files.join("served.yaml")));
    let client = process.client();
    assert_eq!(apply(&client, "token", "before").await, "");
    files.put("served.yaml", scenario("served", "after"));
    in_time(async { while customers(&client, "default").await != ["after"] {} }).await;
    assert_eq!(apply(&client, "token", "after").await, "");
    assert_eq!(process.end("TERM").0, Some(0), "a watch ends with its process");
}
