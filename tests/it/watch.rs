//! Scenario files that are taken up by themselves when they change, in whatever way they do.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Instant;

use crate::client::{Client, PATIENCE};
use crate::process::{Simulator, binary};
use crate::reload::{Files, scenario};

/// Asks until a new space of the scenario `served` has this customer.
#[track_caller]
fn wait_for(client: &Client, customer: &str) {
    let since = Instant::now();
    while client.customers_of("served") != [customer] {
        assert!(since.elapsed() < PATIENCE, "{customer} does not come");
    }
}

/// Files with the scenario `served`, and a simulator that watches them and has said nothing yet.
fn watched(test: &str) -> (Files, Simulator) {
    let files = Files::new(test);
    files.put("served.yaml", scenario("served", "before"));
    let simulator = files.serve(&["--watch"]);
    (files, simulator)
}

#[test]
fn files_are_taken_up_when_they_are_written_renamed_made_and_removed() {
    let (files, simulator) = watched("watched");
    let client = Client::of(&simulator);
    files.put("served.yaml", scenario("served", "written"));
    wait_for(&client, "written");
    files.put(".served.yaml.swp", scenario("served", "renamed"));
    fs::rename(files.path(".served.yaml.swp"), files.path("served.yaml")).expect("it is there");
    wait_for(&client, "renamed");
    files.put("other.yaml", scenario("other", "c-1"));
    let since = Instant::now();
    while client.space("other").is_none() {
        assert!(since.elapsed() < PATIENCE, "a new file is not found");
    }
    files.remove("other.yaml");
    while client.space("other").is_some() {
        assert!(since.elapsed() < PATIENCE, "a file that is gone is still known");
    }
}

#[test]
fn a_directory_may_be_deleted_and_made_again() {
    let (files, simulator) = watched("replaced");
    let client = Client::of(&simulator);
    for turn in ["once", "twice"] {
        fs::remove_dir_all(files.path("")).expect("it is there");
        let since = Instant::now();
        while client.space("served").is_some() {
            assert!(since.elapsed() < PATIENCE, "it is not noticed");
        }
        fs::create_dir(files.path("")).expect("it is not there");
        files.put("served.yaml", scenario("served", turn));
        wait_for(&client, turn);
        // At once, nobody sees that it was away.
        let others = Files::new("replacing");
        others.put("served.yaml", scenario("served", "at once"));
        fs::remove_dir_all(files.path("")).expect("it is there");
        fs::rename(others.path(""), files.path("")).expect("it is not there");
        wait_for(&client, "at once");
    }
}

#[test]
fn a_link_may_lead_elsewhere() {
    // As Kubernetes gives a ConfigMap: the files are links, through one that is replaced.
    let files = Files::new("linked");
    for turn in ["before", "after"] {
        fs::create_dir(files.path(&format!("..{turn}"))).expect("it is new");
        files.put(&format!("..{turn}/served.yaml"), scenario("served", turn));
    }
    symlink("..before", files.path("..data")).expect("the file system has links");
    symlink("..data/served.yaml", files.path("served.yaml")).expect("the file system has links");
    let simulator = files.serve(&["--watch"]);
    let client = Client::of(&simulator);
    assert_eq!(client.customers_of("served"), ["before"]);
    symlink("..after", files.path("..data_tmp")).expect("the file system has links");
    fs::rename(files.path("..data_tmp"), files.path("..data")).expect("it is there");
    wait_for(&client, "after");
}

#[test]
fn what_is_wrong_is_logged_and_what_was_known_stays() {
    let (files, mut simulator) = watched("watched-wrong");
    let (client, mut log) = (Client::of(&simulator), simulator.log());
    files.put("served.yaml", "name: served\ncustmers: []\n");
    let event = log.until("not taken up: ");
    assert_eq!(
        (&event["line"], &event["column"], &event["key"]),
        (&2.into(), &1.into(), &"custmers".into()),
        "{event}"
    );
    assert_eq!(event["hint"], "did you mean `customers`?");
    assert_eq!(client.customers_of("served"), ["before"]);
    files.put("served.yaml", scenario("served", "after"));
    assert_eq!(log.until("scenario files were read again")["changed"], "served");
    assert_eq!(client.customers_of("served"), ["after"]);
}

#[test]
fn a_file_that_is_being_written_is_not_read() {
    let (files, simulator) = watched("half-written");
    let client = Client::of(&simulator);
    let mut file = File::create(files.path("served.yaml")).expect("the directory can be written to");
    // Each comment is in the middle of a line when it is seen, and longer than before.
    file.write_all(b"name: served\ncustomers: [{ id: after }, #").expect("it can be written to");
    let since = Instant::now();
    while since.elapsed().as_millis() < 1000 {
        file.write_all(b"-").expect("it can be written to");
        assert_eq!(client.customers_of("served"), ["before"]);
    }
    file.write_all(b"\n]\n").expect("it can be written to");
    drop(file);
    wait_for(&client, "after");
    let (_, _, log) = simulator.end("TERM");
    assert!(!log.contains("not taken up"), "{log}");
}

#[test]
fn what_changes_while_it_is_read_is_read_again() {
    let (files, simulator) = watched("read-twice");
    let client = Client::of(&simulator);
    let pipe = files.path(".pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo can be started").success());
    fs::rename(pipe, files.path("served.yaml")).expect("it is there");
    // Waits until it is read.
    let mut pipe = File::options().write(true).open(files.path("served.yaml")).expect("it is there");
    files.put(".after.yaml", scenario("served", "after"));
    fs::rename(files.path(".after.yaml"), files.path("served.yaml")).expect("it is there");
    pipe.write_all(b"name: [").expect("it is read");
    drop(pipe);
    wait_for(&client, "after");
    let (_, _, log) = simulator.end("TERM");
    assert!(!log.contains("not taken up"), "{log}");
}

#[test]
fn the_default_space_follows_by_itself_as_the_environment_asks() {
    let files = Files::new("environment");
    files.put("served.yaml", scenario("served", "before"));
    let mut command = binary();
    command.args(["--listen", "127.0.0.1:0"]).env("BSS_SIM_WATCH", "true");
    let simulator = Simulator::spawn(command.env("BSS_SIM_FIXTURES", files.path("served.yaml")));
    let client = Client::of(&simulator);
    assert_eq!(client.apply("token", "before"), "");
    files.put("served.yaml", scenario("served", "after"));
    let since = Instant::now();
    while client.customers("default") != ["after"] {
        assert!(since.elapsed() < PATIENCE, "the default space does not follow");
    }
    assert_eq!(client.apply("token", "after"), "");
    assert!(simulator.end("TERM").0.success(), "a watch ends with its simulator");
}
