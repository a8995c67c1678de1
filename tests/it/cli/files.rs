//! Which files are read: regular ones up to a limit, each once, whatever else is in a directory.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::*;

/// Makes a named pipe that nothing writes to. Returns its path.
fn pipe(files: &TestDir, name: &str) -> String {
    let path = files.join(name);
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo can be started").success());
    path.into_os_string().into_string().expect("the build folder's name is text")
}

/// Makes a file of this length, which takes no room on the disk.
fn long_file(files: &TestDir, name: &str, bytes: u64) -> String {
    let path = files.put(name, "");
    File::options().write(true).open(&path).expect("it is there").set_len(bytes).expect("the file system has holes");
    path
}

fn scenario(name: &str) -> String {
    format!("name: {name}\n{PARTNERS}")
}

/// The names that `check` prints for a directory.
#[track_caller]
fn checked(files: &TestDir) -> Vec<String> {
    let (code, stdout, stderr) = run(&["check", files.as_str()]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let name = |line: &str| Some(line.strip_prefix("ok   ")?.split(':').next()?.to_owned());
    stdout.lines().filter_map(name).collect()
}

#[test]
fn file_that_is_not_regular_is_an_error() {
    let files = TestDir::new("special");
    let _listener = UnixListener::bind(files.join("socket.yaml")).expect("the file system has sockets");
    symlink("/dev/zero", files.join("device.yaml")).expect("the file system has links");
    let path = |name: &str| files.join(name).display().to_string();
    for path in [pipe(&files, "pipe.yaml"), path("socket.yaml"), path("device.yaml"), "/dev/null".to_owned()] {
        for arguments in [&["check", &path][..], &["--fixtures", &path], &["explain", "--fixtures", &path]] {
            let (code, _, stderr) = run(arguments);
            assert_eq!(code, Some(3), "{arguments:?}: {stderr}");
            assert!(stderr.starts_with(&format!("{path}: is no regular file\n")), "{arguments:?}: {stderr}");
        }
    }
}

#[test]
fn special_file_in_a_directory_is_an_error_only_with_the_ending_of_a_scenario() {
    let files = TestDir::new("special-inside");
    files.put("good.yaml", scenario("good"));
    for name in ["pipe", "pipe.txt", ".pipe.yaml"] {
        pipe(&files, name);
    }
    assert_eq!(checked(&files), ["good"]);
    for name in ["pipe.yaml", "pipe.yml", "pipe.JSON"] {
        let path = pipe(&files, name);
        let (code, _, stderr) = run(&["check", files.as_str()]);
        assert_eq!((code, stderr.contains(&format!("{path}: is no regular file\n"))), (Some(3), true), "{stderr}");
    }
}

#[test]
fn file_beyond_the_limit_is_an_error() {
    let files = TestDir::new("long");
    let long = long_file(&files, "long.yaml", 64 * 1024 * 1024 + 1);
    let (code, _, stderr) = run(&["check", &long]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.starts_with(&format!("{long}: is longer than 64 MiB, the most that is read\n")), "{stderr}");
}

#[test]
fn certificate_file_that_is_not_regular_or_too_long_is_an_error() {
    let files = TestDir::new("special-certificate");
    let (certificate, key, _) = certificate();
    let (certificate, key) = (files.put("cert.pem", certificate), files.put("key.pem", key));
    let long = long_file(&files, "long.pem", 1024 * 1024 + 1);
    let special = [pipe(&files, "pipe.pem"), "/dev/zero".to_owned()];
    let special = special.into_iter().map(|path| (path, "is no regular file"));
    for (path, reason) in special.chain([(long, "is longer than 1 MiB, the most that is read")]) {
        for (certificate, key) in [(&path, &key), (&certificate, &path)] {
            let (code, _, stderr) = run(&["--tls-cert", certificate, "--tls-key", key]);
            assert_eq!((code, stderr), (Some(3), format!("{path}: {reason}\n")));
        }
    }
}

#[tokio::test]
async fn reload_of_files_that_are_not_regular_keeps_what_was_loaded() {
    let (files, tls) = (TestDir::new("special-reload"), TestDir::new("special-renewed"));
    files.put("served.yaml", scenario("served"));
    let (certificate, key, ca) = certificate();
    let (certificate, key) = (tls.put("cert.pem", certificate), tls.put("key.pem", key));
    let flags = ["--fixtures", files.as_str(), "--scenario", "served", "--log-format", "json"];
    let mut process = Process::start(&[&flags[..], &["--tls-cert", &certificate, "--tls-key", &key]].concat());
    let mut log = process.log();
    files.remove("served.yaml");
    tls.remove("cert.pem");
    let (served, certificate) = (pipe(&files, "served.yaml"), pipe(&tls, "cert.pem"));
    process.signal("HUP");
    let event = log.event_of("the TLS certificate stays as it was");
    assert_eq!(event["error"], format!("{certificate}: is no regular file"));
    let event = log.event_of("not loaded");
    assert_eq!((&event["file"], &event["message"]), (&json!(served), &json!("not loaded: is no regular file")));

    TlsClient::trusting(&ca).connect(&process, NAME).await.expect("it is the same as before");
    let client = Client::http2(&process).await;
    let (status, answer) = client.post("/reload", &Value::Null).await;
    assert_eq!((status, &answer["unchanged"]), (422, &json!(1)));
    assert_eq!(answer["detail"], json!([{ "file": served, "message": "is no regular file" }]));
}

#[tokio::test]
async fn watch_does_not_wait_for_a_pipe() {
    let files = TestDir::new("special-watched");
    files.put("served.yaml", scenario("served"));
    let flags = ["--fixtures", files.as_str(), "--watch", "--log-format", "json"];
    let mut process = Process::start(&flags);
    let (client, mut log) = (process.client(), process.log());
    let path = pipe(&files, "pipe.yaml");
    assert_eq!(log.event_of("not loaded: is no regular file")["file"], path);
    files.remove("pipe.yaml");
    files.put("other.yaml", scenario("other"));
    assert_eq!(log.event_of("scenario files were read again")["added"], "other");
    assert_eq!(client.post("/spaces", &json!({ "scenario": "other" })).await.0, 201);
}

#[test]
fn links_in_circles_lead_nowhere() {
    let files = TestDir::new("circles");
    files.put("one.yaml", scenario("one"));
    files.put("below/two.yaml", scenario("two"));
    // Without a limit, every order of these names would be a directory of its own.
    for name in ["a", "b", "below/c", "below/d"] {
        let target = if name.contains('/') { ".." } else { "." };
        symlink(target, files.join(name)).expect("the file system has links");
    }
    symlink("below", files.join("again")).expect("the file system has links");
    symlink("itself", files.join("itself")).expect("the file system has links");
    assert_eq!(checked(&files), ["two", "one"]);
}

#[test]
fn link_to_a_directory_elsewhere_is_not_followed() {
    let (files, elsewhere) = (TestDir::new("inside"), TestDir::new("elsewhere"));
    files.put("one.yaml", scenario("one"));
    elsewhere.put("two.yaml", scenario("two"));
    elsewhere.put("three.yaml", scenario("three"));
    symlink(elsewhere.path(), files.join("directory")).expect("the file system has links");
    symlink(elsewhere.join("three.yaml"), files.join("link.yaml")).expect("the file system has links");
    assert_eq!(checked(&files), ["three", "one"], "a link to a file is followed");
    // A path that is named is followed wherever it leads.
    let (code, stdout, _) = run(&["check", files.join("directory").to_str().expect("it is text")]);
    assert_eq!((code, stdout.matches("ok   ").count()), (Some(0), 2), "{stdout}");
}

#[test]
fn file_that_is_given_twice_is_read_once() {
    let files = TestDir::new("twice");
    let base = files.put("base.yaml", scenario("base"));
    files.put("below/other.yaml", scenario("other"));
    symlink("below", files.join("link")).expect("the file system has links");
    let path = |name: &str| files.join(name).display().to_string();
    for paths in [
        [files.as_str(), &base],
        [&base, files.as_str()],
        [files.as_str(), &path("./below/../base.yaml")],
        [files.as_str(), &path("link/other.yaml")],
        [files.as_str(), files.as_str()],
    ] {
        let (code, stdout, stderr) = run(&["check", paths[0], paths[1]]);
        assert_eq!((code, stdout.matches("ok   ").count()), (Some(0), 2), "{paths:?}: {stdout}{stderr}");
    }
}

#[tokio::test]
async fn only_file_is_the_one_to_start_from_however_often_it_is_given() {
    let base = TestDir::new("only").put("base.yaml", scenario("base"));
    let process = Process::start(&["--fixtures", &base, &base]);
    assert_eq!(process.client().get("/world").await["name"], "base");
}

#[test]
fn file_that_is_not_utf8_is_a_mistake_at_its_place() {
    let files = TestDir::new("not-utf8");
    let latin = files.put("latin.yaml", b"name: x\npassword: REAL\xe4\n");
    let utf16 = files.put("utf16.yaml", b"\xff\xfen\0a\0m\0e\0:\0");
    for (path, place) in [(latin, "2:15"), (utf16, "1:1")] {
        let (code, _, stderr) = run(&["check", &path]);
        let expected = format!("{path}:{place}: the text is not UTF-8 from here on\n      | save the file as UTF-8\n");
        assert_eq!(code, Some(3), "{stderr}");
        assert!(stderr.starts_with(&expected) && !stderr.contains("REAL"), "{stderr}");
    }
}

#[test]
fn mounted_config_map_has_each_file_once() {
    // As Kubernetes mounts one: the files are in a hidden directory, behind a hidden link to it.
    let files = TestDir::new("config-map");
    for (path, name) in [("one.yaml", "one"), ("below/two.yaml", "two"), ("below/deep/three.yaml", "three")] {
        files.put(format!("..2026_01_01/{path}"), scenario(name));
    }
    symlink("..2026_01_01", files.join("..data")).expect("the file system has links");
    for name in ["one.yaml", "below"] {
        symlink(format!("..data/{name}"), files.join(name)).expect("the file system has links");
    }
    assert_eq!(checked(&files), ["three", "two", "one"]);
}
