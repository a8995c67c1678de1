//! A directory as a partner's bucket: what is below its folder `download` and nothing else, by any name or link.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::pictures::{Bucket, JPEG, TEXT, apply, assert_front, assert_invalid, fixture};
use crate::support::{TestApp, UNDER_REVIEW, binary, build_error, passport, with};

const ACCEPTED: &[&str] = &[];
const INVALID: &[&str] = &["INVALID_FRONT_IDCARD"];

/// Asserts that a picture is invalid in the front place and in the other.
async fn assert_invalid_everywhere(app: &TestApp, picture: &str) {
    let reply = apply(app, 3, &[picture, picture]).await;
    assert_eq!(reply.json()["fail_check_items"], json!(["INVALID_FRONT_IDCARD", "INVALID_IDCARD_FACE"]), "{picture}");
}

fn link(target: impl AsRef<Path>, link: &Path) {
    symlink(target, link).expect("the file system has links");
}

#[tokio::test]
async fn folder_is_invalid() {
    let bucket = Bucket::new("folders");
    let app = bucket.app();
    bucket.put("folder.jpg/picture.jpg", JPEG);
    fs::create_dir(bucket.path("empty")).expect("it is new");
    link("folder.jpg", &bucket.path("link.jpg"));
    for name in ["folder.jpg", "empty", "link.jpg"] {
        assert_invalid(&app, name, "a folder").await;
    }
    assert_front(&app, "folder.jpg/picture.jpg", ACCEPTED).await;
}

#[tokio::test]
async fn link_inside_the_bucket_is_followed() {
    let bucket = Bucket::new("links-inside");
    let app = bucket.app();
    bucket.put("folder/picture", JPEG);
    link("picture", &bucket.path("folder/beside"));
    link("folder/picture", &bucket.path("below"));
    link("../ok", &bucket.path("folder/above"));
    link(bucket.path("ok").canonicalize().expect("it is there"), &bucket.path("absolute"));
    link("folder", &bucket.path("other folder"));
    link("other folder/above", &bucket.path("twice"));
    for name in ["folder/beside", "below", "folder/above", "absolute", "other folder/picture", "twice"] {
        assert_front(&app, name, ACCEPTED).await;
    }
    // The directory itself may be one: that is the choice of who wrote the fixture.
    let linked = bucket.root().with_file_name("links-inside-by-link");
    drop(fs::remove_file(&linked));
    link(bucket.root(), &linked);
    let app = TestApp::from_text(&fixture(&json!({ "directory": linked })).to_string());
    assert_front(&app, "below", ACCEPTED).await;
}

#[tokio::test]
async fn link_out_of_the_bucket_is_invalid() {
    let bucket = Bucket::new("links-outside");
    let app = bucket.app();
    // Read, the one is a good picture, and the other has no format.
    for (name, content) in [("picture", JPEG), ("text", TEXT)] {
        let outside = bucket.root().join("outside").join(name);
        bucket.put_beside(&format!("outside/{name}"), content);
        // Their folder's name begins like the one that may be read.
        bucket.put_beside(&format!("download-of-others/{name}"), content);
        let folder = bucket.path(name);
        fs::create_dir(&folder).expect("it is new");
        link(outside.canonicalize().expect("it is there"), &folder.join("absolute"));
        link(Path::new("../../outside").join(name), &folder.join("relative"));
        link(Path::new("../../download-of-others").join(name), &folder.join("beside"));
        link("../../outside", &folder.join("folder"));
        link("relative", &folder.join("twice"));
        link("../../download/../outside", &folder.join("out and in"));
        let inside = ["absolute", "relative", "beside", "twice"].map(|link| format!("{name}/{link}"));
        let below = ["folder", "out and in"].map(|link| format!("{name}/{link}/{name}"));
        for path in inside.iter().chain(&below) {
            assert_invalid(&app, path, "a link that leads out of the bucket").await;
        }
    }
    // So is a folder outside, which no setting names.
    assert_invalid(&app, "text/folder", "a link that leads out of the bucket").await;
    link("/dev/zero", &bucket.path("zero"));
    assert_invalid(&app, "zero", "a link that leads out of the bucket").await;
}

#[tokio::test]
async fn download_folder_that_is_a_link_has_no_pictures() {
    let bucket = Bucket::new("download-link");
    let app = bucket.app();
    bucket.put("text", TEXT);
    assert_front(&app, "ok", ACCEPTED).await;
    fs::rename(bucket.path(""), bucket.root().join("elsewhere")).expect("it is there");
    link("elsewhere", &bucket.root().join("download"));
    for name in ["ok", "text"] {
        assert_invalid_everywhere(&app, name).await;
    }
}

#[tokio::test]
async fn dangling_link_is_invalid() {
    let bucket = Bucket::new("links-broken");
    let app = bucket.app();
    link("nothing", &bucket.path("dangling"));
    link("myself", &bucket.path("myself"));
    link("pong", &bucket.path("ping"));
    link("ping", &bucket.path("pong"));
    assert_invalid(&app, "dangling", "missing").await;
    for name in ["myself", "ping", "ping/picture"] {
        assert_front(&app, name, INVALID).await;
    }
}

#[tokio::test]
async fn pipe_or_unreadable_file_is_invalid() {
    let bucket = Bucket::new("unreadable");
    let app = bucket.app();
    let pipe = bucket.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo can be started");
    assert!(made.success());
    let reply = apply(&app, 3, &["pipe", "ok"]).await;
    // A read of it would wait for a writer until the bucket counts as one that cannot be reached. A writer comes now, so
    // that a thread that waits can end, and the test with it.
    drop(File::options().read(true).write(true).open(&pipe).expect("it is there"));
    fs::remove_file(pipe).expect("it is there");
    assert_eq!(reply.json()["fail_check_items"], json!(INVALID), "{reply:?}");
    bucket.put("secret", JPEG);
    assert_front(&app, "secret", ACCEPTED).await;
    fs::set_permissions(bucket.path("secret"), Permissions::from_mode(0o000)).expect("it is this test's own");
    // Root reads it all the same.
    if fs::read(bucket.path("secret")).is_err() {
        assert_invalid(&app, "secret", "unreadable").await;
    }
}

#[tokio::test]
async fn bucket_without_download_folder_has_no_pictures() {
    let bucket = Bucket::new("no-download");
    fs::rename(bucket.path(""), bucket.root().join("Download")).expect("it is there");
    let app = bucket.app();
    bucket.put_beside("beside", JPEG);
    for name in ["ok", "beside", "Download/ok"] {
        assert_invalid_everywhere(&app, name).await;
    }
    // A file of that name is none either.
    bucket.put_beside("download", JPEG);
    assert_invalid_everywhere(&app, "ok").await;
}

#[tokio::test]
async fn missing_directory_is_cbc_99005030_until_it_exists() {
    let bucket = Bucket::new("late");
    fs::remove_dir_all(bucket.root()).expect("it is there");
    let app = bucket.app();
    let application = with(passport("c-late"), "verified_file_url", json!(["ok", "ok"]));
    // More often than a customer may apply: it is not the customer's fault.
    for file_instead in [false, false, true, true] {
        if file_instead {
            fs::write(bucket.root(), JPEG).expect("the build folder can be written to");
        }
        let reply = app.apply(&application).await;
        assert_eq!((reply.rule(), &reply.json()["error_code"]), (Some("partner-ready"), &json!("CBC.99005030")));
        let saw = reply.saw("partner-ready");
        let cause = if file_instead { "Not a directory" } else { "No such file or directory" };
        for part in [bucket.root().to_str().expect("its name is text"), cause] {
            assert!(saw.contains(part), "{part}: {saw}");
        }
    }
    fs::remove_file(bucket.root()).expect("it is there");
    bucket.put("ok", JPEG);
    app.apply(&application).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn bucket_without_authorization_is_not_read() {
    let nowhere = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nowhere-at-all");
    let table = [
        (json!({}), json!({}), true),
        (json!({ "authorized": false }), json!({}), false),
        (json!({}), json!({ "real_name": "unauthenticated" }), false),
        (json!({}), json!({ "photo_upload": false }), false),
    ];
    for (bucket, partner, is_looked_at) in table {
        let mut world = fixture(&with(bucket.clone(), "directory", nowhere.to_str()));
        for (field, value) in partner.as_object().expect("an object") {
            world["partners"][0][field] = value.clone();
        }
        let app = TestApp::from_text(&world.to_string());
        let reply = apply(&app, 3, &["ok", "ok"]).await;
        assert_eq!((reply.rule(), reply.status), (Some("partner-ready"), 400), "{bucket} {partner}");
        let saw = reply.saw("partner-ready");
        // That it is not there is known only to who has looked.
        assert_eq!(saw.contains("nowhere-at-all"), is_looked_at, "{bucket} {partner}: {saw}");
    }
}

#[test]
fn directory_of_a_file_is_relative_to_the_file() {
    let bucket = Bucket::new("relative");
    let fixtures = bucket.root().join("fixtures");
    for (name, directory) in
        [("a.yaml", ".."), ("below/b.yaml", "../.."), ("c.yaml", "../../relative/"), ("../d.yaml", ".")]
    {
        let mut world = fixture(&json!({ "directory": directory }));
        let request = with(passport("c-1"), "verified_file_url", json!(["ok", "ok"]));
        world["exchanges"] = json!([{ "request": request, "expect": { "status": 200, "body": { "is_review": 1 } } }]);
        let file = fixtures.join(name);
        bucket.put_beside(&format!("fixtures/{name}"), world.to_string().as_bytes());
        let (folder, own) = (file.parent().expect("it is in a folder"), file.file_name().expect("it has a name"));
        // By its whole path from somewhere else, and by its name from where it is.
        for (from, path) in [(Path::new("/"), file.as_os_str()), (folder, own)] {
            let output = binary().current_dir(from).arg("check").arg(path).output().expect("the binary can be started");
            assert!(output.status.success(), "{directory} from {}: {output:?}", from.display());
        }
    }
}

#[tokio::test]
async fn directory_of_a_control_call_must_be_absolute() {
    let bucket = Bucket::new("control");
    let app = TestApp::with("");
    for directory in ["relative", "./relative", "../relative", "", "~/pictures"] {
        let world = fixture(&json!({ "directory": directory }));
        let mut partner = world["partners"][0].clone();
        partner["credentials"] = json!({});
        let table = [
            ("POST", "/spaces", json!({ "fixture": world })),
            ("PUT", "/world", world),
            ("PUT", "/partners/demo", partner),
        ];
        for (method, path, body) in table {
            let (status, answer) = app.control(method, path, &body).await;
            assert_eq!(status, 422, "{path} {directory:?}: {answer}");
            let problem = &answer["detail"][0];
            let is_placed = problem["key"].as_str().is_some_and(|key| key.ends_with("bucket.directory"));
            assert!(
                is_placed && problem["hint"].as_str().is_some_and(|hint| hint.contains("absolute")),
                "{path}: {answer}"
            );
        }
    }
    let world = fixture(&json!({ "directory": bucket.root() }));
    app.assert_control("PUT", "/world", world, 200).await;
    assert_front(&app, "ok", ACCEPTED).await;
}

#[test]
fn bucket_in_two_places_is_refused() {
    let s3 = json!({ "endpoint": "http://127.0.0.1:9000", "bucket": "b", "region": "r", "access_key": "a", "secret_key": "s" });
    let places = [("objects", json!([{ "path": "a.jpg" }])), ("directory", json!("/tmp")), ("s3", s3)];
    for (first, second) in [(0, 1), (0, 2), (1, 2)] {
        let bucket: Value = [first, second].map(|place| places[place].clone()).into_iter().collect();
        let text = serde_json::to_string_pretty(&fixture(&bucket)).expect("a world is JSON");
        let error = build_error(&text).to_string();
        for place in [first, second] {
            assert!(error.contains(&format!("`{}`", places[place].0)), "{error}");
        }
    }
}

#[tokio::test]
async fn put_world_with_buckets_that_was_read_is_the_same() {
    let bucket = Bucket::new("world");
    let s3 = |addressing: &str| {
        json!({ "s3": { "endpoint": "http://127.0.0.1:9", "bucket": "b", "region": "r", "access_key": "a",
            "secret_key": "s", "addressing": addressing } })
    };
    for bucket in [json!({ "directory": bucket.root() }), s3("path"), s3("virtual")] {
        let world = fixture(&bucket);
        if !cfg!(feature = "s3") && !bucket["s3"].is_null() {
            let error = build_error(&world.to_string()).to_string();
            assert!(error.contains("--features s3"), "{error}");
            continue;
        }
        let app = TestApp::from_text(&world.to_string());
        let read = app.get("/world").await;
        for (key, value) in bucket.as_object().expect("an object") {
            assert_eq!(&read["partners"][0]["bucket"][key], value);
        }
        for _ in 0..2 {
            let (status, answer) = app.put("/world", &read).await;
            assert_eq!(status, 200, "{answer}");
            assert_eq!(app.get("/world").await, read);
        }
        if bucket["s3"].is_null() {
            assert_front(&app, "ok", ACCEPTED).await;
            assert_front(&app, "missing", INVALID).await;
        }
    }
}

#[tokio::test]
async fn get_catalog_has_requests_for_the_pictures_in_a_directory() {
    let bucket = Bucket::new("catalog");
    let app = bucket.app();
    // What the catalog's requests name comes to be there, one after the other: `in-hand.jpg` beside `front.jpg`.
    let table = [("ok", "CBC.99007004"), ("in-hand.jpg", "INVALID_FRONT_IDCARD"), ("front.jpg", "is_review 1")];
    for (picture, outcome) in table {
        bucket.put(picture, JPEG);
        let (status, catalog) = app.control("GET", "/catalog", &Value::Null).await;
        let rows = catalog["outcomes"].as_array().expect("a list");
        assert_eq!((status, rows.len()), (200, 24));
        for row in rows.iter().filter(|row| !row["ways"]["request"].is_null()) {
            let (_, answer) = app.post("/explain", &row["ways"]["request"]).await;
            assert_eq!(answer["response"]["status"], row["status"], "{row}: {answer}");
        }
        assert!(rows.iter().any(|row| row["outcome"] == outcome && !row["ways"]["request"].is_null()), "{outcome}");
    }
}
