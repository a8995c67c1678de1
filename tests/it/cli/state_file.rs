//! The file of `serve --state`: who may use it, what is refused, and what a kill or a full disk leaves behind.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use axum::http::Request;
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::state::serve;
use crate::support::*;

/// Waits until something is there.
#[track_caller]
fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "it does not come");
        thread::yield_now();
    }
}

/// The inode of a file: another one if it was replaced.
fn inode(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|metadata| metadata.ino())
}

fn read_state(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("the file is there")).expect("it is whole")
}

/// The IDs of the customers that have changed in the default space.
fn changed_customers(state: &Value) -> BTreeSet<String> {
    let customers = state["spaces"][0]["customers"].as_array();
    customers.into_iter().flatten().map(|changed| text(&changed["customer"]["id"]).to_owned()).collect()
}

#[tokio::test]
async fn file_is_private_and_written_without_a_stop() {
    let files = TestDir::new("state/private");
    let (file, link) = (files.join("real.state"), files.join("link.state"));
    symlink("real.state", &link).expect("the file system has links");
    let process = serve(&link, &[]);
    let first = wait_for(|| inode(&file));
    process.client().apply_as("demo-token", &builtin_passport("customer-new")).await.assert(200, UNDER_REVIEW);
    wait_for(|| inode(&file).filter(|now| *now != first));
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink(), "the link stays one");
    assert_eq!(changed_customers(&read_state(&file)), BTreeSet::from(["customer-new".to_owned()]));
    let state = read_state(&file);
    assert_eq!((&state["format"], &state["version"]), (&json!("bss-sim state"), &json!(1)));
}

#[tokio::test]
async fn second_process_exits_3() {
    let files = TestDir::new("state/second");
    let file = files.join("kept.state");
    let path = file.to_str().expect("text");
    let process = serve(&file, &[]);
    let link = files.join("link.state");
    symlink(&file, &link).expect("the file system has links");
    for path in [path, link.to_str().expect("text")] {
        let (code, printed, stderr) = run(&["--listen", "127.0.0.1:0", "--state", path]);
        assert_eq!((code, printed.as_str()), (Some(3), ""), "{stderr}");
        assert!(stderr.contains("another process has this state"), "{stderr}");
    }
    assert_eq!(process.end("TERM").0, Some(0));
    serve(&file, &[]);
}

#[test]
fn other_files_beside_a_state_are_left_as_they_are() {
    let files = TestDir::new("state/beside");
    let file = files.join("kept.state");
    let own = files.join("kept.state.new");
    fs::write(&own, "a user's own").expect("it can be written");
    drop(serve(&file, &[]).end("TERM"));
    assert_eq!(fs::read_to_string(&own).expect("it is still there"), "a user's own");
}

/// Adds a copy of the default space with another ID.
fn add_space(state: &mut Value, id: &str) {
    let space = with(state["spaces"][0].clone(), "id", id);
    state["spaces"].as_array_mut().expect("a list").push(space);
}

#[test]
fn what_cannot_be_read_exits_3_and_is_left_as_it_is() {
    let files = TestDir::new("state/broken");
    let file = files.join("kept.state");
    drop(serve(&file, &[]).end("TERM"));
    let whole = fs::read_to_string(&file).expect("it is there");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut state: Value = serde_json::from_str(&whole).expect("JSON");
        change(&mut state);
        state.to_string()
    };
    let partner = json!({ "customer": { "id": "c", "partner": "nobody" } });
    let cases = [
        (String::new(), "the file is empty"),
        ("\u{fffd}PNG".to_owned(), "it is no state of bss-sim"),
        (whole[..whole.len() / 2].to_owned(), "it is no state of bss-sim: EOF"),
        (whole[..whole.len() - 1].to_owned(), "it is no state of bss-sim: EOF"),
        (json!({ "name": "a scenario" }).to_string(), "it is no state of bss-sim: missing field `format`"),
        (changed(&|state| state["format"] = "tar".into()), "format: it is no state of bss-sim"),
        (changed(&|state| state["version"] = 2.into()), "version: it is 2, and this program reads 1 alone"),
        (changed(&|state| state["more"] = 1.into()), "unknown field `more`"),
        (changed(&|state| state["spaces"][0]["more"] = 1.into()), "unknown field `more`"),
        (changed(&|state| state["starts"][0]["world"]["more"] = 1.into()), "unknown field `more`"),
        (changed(&|state| state["spaces"][0]["start"] = 1.into()), "spaces[0].start: there is no start 1"),
        (changed(&|state| state["spaces"] = json!([])), "spaces: there have to be the default one"),
        (changed(&|state| add_space(state, "default")), "the space default is there twice"),
        (changed(&|state| state["spaces"][0]["id"] = "x".into()), "spaces[0].id: `x` is no ID"),
        (changed(&|state| state["spaces"][0]["label"] = " ".into()), "spaces[0].label: a label that is blank"),
        (changed(&|state| state["spaces"][0]["clock"] = json!({ "ahead": "soon" })), "spaces[0].clock.ahead: "),
        (changed(&|state| state["spaces"][0]["customers"] = json!([partner])), "c is of the partner `nobody`"),
        (
            changed(&|state| state["spaces"][0]["deleted_customers"] = json!([{ "id": "c" }, { "id": "c" }])),
            "the customer c is there twice",
        ),
        (
            changed(&|state| state["spaces"][0]["tokens"] = json!([{ "token": "t", "expires": "2030-01-01" }])),
            "a token belongs to a partner or to a customer",
        ),
        (
            changed(&|state| {
                let answer = json!({ "place": 0, "matched": 0, "used": 0 });
                state["spaces"][0]["script"] = json!({ "next_place": 1, "answers": [answer] });
            }),
            "spaces[0].script: the start has no answer 0",
        ),
        (
            changed(&|state| state["spaces"][0]["last_number"] = u64::MAX.into()),
            "spaces[0].last_number: it is more than",
        ),
        (
            changed(&|state| state["spaces"][0]["codes_drawn"] = (1_u64 << 60).into()),
            "spaces[0].codes_drawn: it is more",
        ),
        (
            changed(&|state| state["spaces"][0]["script"] = json!({ "next_place": u64::MAX, "answers": [] })),
            "spaces[0].script: it is more than",
        ),
        // No value of the file is shown, and nothing that controls a terminal.
        (changed(&|state| state["spaces"][0]["tokens"] = "SECRET".into()), "expected: a sequence at line 1"),
        (changed(&|state| state["spaces"][0]["label"] = json!(["SECRET"])), "than expected: "),
        (changed(&|state| state["spaces"][0]["id"] = "\u{1b}[31m".into()), "spaces[0].id: `\u{fffd}[31m` is no ID"),
        (
            changed(&|state| add_space(state, "0123456789abcdef")),
            "spaces[1].credentials: each of the 2 partners needs a token",
        ),
        (
            changed(&|state| state["starts"][0]["world"]["customers"][0]["partner"] = "nobody".into()),
            "starts[0].world.customers[0].partner: there is no partner named `nobody`",
        ),
    ];
    for (content, message) in cases {
        fs::write(&file, &content).expect("it can be written");
        let before = inode(&file);
        let (code, printed, stderr) = run(&["--listen", "127.0.0.1:0", "--state", file.to_str().expect("text")]);
        assert_eq!((code, printed.as_str()), (Some(3), ""), "{message}: {stderr}");
        assert!(stderr.contains(message) && stderr.contains("left as it is: move it away"), "{message}: {stderr}");
        assert!(!stderr.contains("SECRET") && !stderr.contains('\u{1b}'), "{stderr}");
        assert_eq!((fs::read_to_string(&file).expect("it is there"), inode(&file)), (content, before), "{message}");
    }
    fs::write(&file, &whole).expect("it can be written");
    serve(&file, &[]);
}

#[test]
fn state_that_cannot_be_a_file_exits_3() {
    let files = TestDir::new("state/places");
    fs::create_dir(files.join("folder")).expect("it can be made");
    let pipe = files.join("piped.state.lock");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo can be started").success());
    for (place, message) in [
        (files.join("folder"), "cannot be read: "),
        (files.join("missing/kept.state"), "no file can be made here"),
        (files.join("piped.state"), "is no regular file"),
    ] {
        let (code, _, stderr) = run(&["--listen", "127.0.0.1:0", "--state", place.to_str().expect("text")]);
        assert_eq!(code, Some(3), "{}: {stderr}", place.display());
        assert!(stderr.contains(message), "{}: {stderr}", place.display());
    }
}

#[tokio::test]
async fn state_among_scenarios_is_refused_and_never_shown() {
    let files = TestDir::new("state/fixtures");
    let file = files.join("kept.json");
    let process = serve(&file, &[]);
    let space = process.client().create_space(&json!({})).await;
    assert_eq!(process.end("TERM").0, Some(0));
    let (directory, path) = (files.path().to_str().expect("text"), file.to_str().expect("text"));
    for (arguments, message) in [
        (vec!["check", path], "is a state of `bss-sim serve --state`, and no scenario"),
        (vec!["--listen", "127.0.0.1:0", "--fixtures", directory], "is a state of `bss-sim serve --state`"),
    ] {
        let (code, _, stderr) = run(&arguments);
        assert!(code == Some(3) && stderr.contains(message), "{arguments:?}: {stderr}");
        assert!(!stderr.contains(text(&space["users"][0]["password"])), "{stderr}");
    }
    fs::remove_file(&file).expect("it can be removed");
    files.put("scenario.yaml", "name: scenario\npartners: []");
    let (code, _, stderr) = run(&["--listen", "127.0.0.1:0", "--fixtures", directory, "--state", path]);
    assert!(code == Some(3) && stderr.contains("cannot be among the scenarios of --fixtures"), "{stderr}");
    assert!(!file.exists(), "nothing is made there");
}

#[tokio::test]
async fn use_of_a_space_by_calls_that_only_read_is_kept() {
    let file = TestDir::new("state/read").join("kept.state");
    let process = serve(&file, &[]);
    let space = process.client().create_space(&json!({})).await;
    let first = wait_for(|| {
        let spaces = file.exists().then(|| read_state(&file)["spaces"].clone());
        spaces?.get(1).map(|space| space["last_used"].clone())
    });
    let path = format!("/spaces/{}", text(&space["id"]));
    let used = async || {
        process.client().get(&path).await;
        process.client().get("/spaces").await["spaces"][1]["last_used"].clone()
    };
    let last = loop {
        let used = used().await;
        if used != first {
            break used;
        }
    };
    let (code, _, log) = process.end("TERM");
    assert_eq!(code, Some(0), "{log}");
    assert_ne!(last, first);
    assert!(read_state(&file)["spaces"][1]["last_used"].as_str() >= last.as_str(), "{last}");
}

#[tokio::test]
async fn what_cannot_be_written_is_logged_once_and_tried_again() {
    let files = TestDir::new("state/unwritable");
    let file = files.join("kept.state");
    let mut process = serve(&file, &[]);
    let (client, mut log) = (process.client(), process.log());
    wait_for(|| inode(&file));
    // A rename onto a directory fails. Each try changes the directory in which it makes its file.
    fs::remove_file(&file).expect("it is there");
    fs::create_dir(&file).expect("it can be made");
    client.apply_as("demo-token", &builtin_passport("customer-new")).await.assert(200, UNDER_REVIEW);
    let mut changes = BTreeSet::new();
    wait_for(|| {
        changes.extend(fs::metadata(files.path()).ok().map(|metadata| (metadata.mtime(), metadata.mtime_nsec())));
        (changes.len() > 6).then_some(())
    });
    client.apply_as("demo-token", &builtin_passport("customer-new")).await.assert_code(400, "CBC.99000027");
    fs::remove_dir(&file).expect("it is empty");
    wait_for(|| fs::metadata(&file).ok().filter(fs::Metadata::is_file));
    assert!(!files.join("kept.state.bss-sim-new").exists(), "what could not be renamed was removed");
    assert_eq!(changed_customers(&read_state(&file)), BTreeSet::from(["customer-new".to_owned()]));
    let events = std::iter::repeat_with(|| log.event());
    let is_again = |event: &Value| event["message"] == "the state can be written again";
    let warnings = events.take_while(|event| !is_again(event)).filter(|event| event["level"] == "WARN");
    let warnings: Vec<_> = warnings.map(|event| text(&event["message"]).to_owned()).collect();
    assert_eq!(warnings, ["the state cannot be written: the file stays as it was, and it is tried again"]);
    // What cannot be written at the end either is an error.
    fs::remove_file(&file).expect("it is there");
    fs::create_dir(&file).expect("it can be made");
    client.apply_as("demo-token", &json!({})).await.assert_parameter_error();
    assert_eq!(process.end("TERM").0, Some(5));
}

/// How many times a process is killed for each file, and how many files there are.
const KILLS: usize = 10;
const FILES: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn kill_at_any_moment_leaves_a_whole_state() {
    let files = TestDir::new("state/killed");
    let all =
        (0..FILES).map(|number| tokio::spawn(kill_again_and_again(files.join(format!("{number}.state")), number)));
    for one in all.collect::<Vec<_>>() {
        one.await.expect("each file survives");
    }
}

/// Kills a process under load, at a moment that differs each time, and looks whether what it had acknowledged is there.
async fn kill_again_and_again(file: std::path::PathBuf, number: usize) {
    let acknowledged = Arc::new(AtomicUsize::new(0));
    for kill in 0..KILLS {
        let process = serve(&file, &["--scenario", "open", "--log-level", "off"]);
        let kept = list(&process.client().get("/customers").await, "customers").len();
        assert_eq!(kept, acknowledged.load(Ordering::SeqCst), "the state is restored");
        let load = tokio::spawn(apply_until_the_end(process.address().to_owned(), Arc::clone(&acknowledged)));
        let beside = file.with_extension("state.bss-sim-new");
        let (seen, kill_beside) = (Arc::clone(&acknowledged), (number + kill) & 1 == 0);
        let path = file.clone();
        let (process, before) = tokio::task::spawn_blocking(move || {
            let counted = seen.load(Ordering::SeqCst) + 5;
            wait_for(|| (seen.load(Ordering::SeqCst) >= counted).then_some(()));
            let before = seen.load(Ordering::SeqCst);
            // The first write that ends may have begun before; the second has all of that.
            for _ in 0..2 {
                let now = inode(&path);
                wait_for(|| (inode(&path) != now).then_some(()));
            }
            if kill_beside {
                // In the middle of a write.
                wait_for(|| inode(&beside));
            }
            process.signal("KILL");
            (process, before)
        })
        .await
        .expect("the state is written");
        drop(process);
        load.await.expect("every answer is right until then");
        let changed = changed_customers(&read_state(&file));
        let first: BTreeSet<_> = (0..changed.len()).map(|next| format!("c-{next}")).collect();
        assert_eq!(changed, first, "what is there was so at one moment: they applied one after the other");
        assert!(changed.len() >= before, "kill {kill}: {} of {before}", changed.len());
        acknowledged.store(changed.len(), Ordering::SeqCst);
        let left: Vec<_> = fs::read_dir(file.parent().expect("it is in a folder")).expect("a folder").collect();
        assert!(left.len() <= 3 * FILES, "a kill leaves one file behind at the most");
    }
}

/// Applies for one customer after the other over one connection, as long as there is an answer.
async fn apply_until_the_end(address: String, acknowledged: Arc<AtomicUsize>) {
    let stream = TcpStream::connect(address).await.expect("the simulator listens");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
    tokio::spawn(connection);
    loop {
        let next = acknowledged.load(Ordering::SeqCst);
        let application = numbered(&format!("c-{next}"), &format!("E{next}")).to_string();
        let request = Request::post(INDIVIDUAL).header("host", "localhost").header("x-auth-token", "demo-token");
        let request = request.header("content-type", "application/json").body(application).expect("well-formed");
        let Ok(reply) = sender.send_request(request).await else { return };
        assert_eq!(reply.status(), 200, "c-{next}");
        if reply.into_body().collect().await.is_err() {
            return;
        }
        acknowledged.store(next + 1, Ordering::SeqCst);
    }
}
