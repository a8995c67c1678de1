//! A directory as a partner's bucket: what is below its folder `download` and nothing else, by whatever name or link.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use axum::http::Method;
use serde_json::{Value, json};

use crate::pictures::{Bucket, JPEG, TEXT, apply, assert_front, assert_invalid, fixture, saw, write};
use crate::process::binary;
use crate::service::{Service, passport, refused, with};

const ACCEPTED: &[&str] = &[];
const INVALID: &[&str] = &["INVALID_FRONT_IDCARD"];

/// Asserts that a picture is invalid in the front place and in the other.
async fn assert_invalid_everywhere(service: &Service, picture: &str) {
    let reply = apply(service, 3, &[picture, picture]).await;
    assert_eq!(reply.json()["fail_check_items"], json!(["INVALID_FRONT_IDCARD", "INVALID_IDCARD_FACE"]), "{picture}");
}

fn link(target: impl AsRef<Path>, link: &Path) {
    symlink(target, link).expect("the file system has links");
}

#[tokio::test]
async fn a_folder_is_no_picture() {
    let bucket = Bucket::new("folders");
    let service = bucket.service();
    bucket.put("folder.jpg/picture.jpg", JPEG);
    fs::create_dir(bucket.path("empty")).expect("it is new");
    link("folder.jpg", &bucket.path("link.jpg"));
    for name in ["folder.jpg", "empty", "link.jpg"] {
        assert_invalid(&service, name, "a folder").await;
    }
    assert_front(&service, "folder.jpg/picture.jpg", ACCEPTED).await;
}

#[tokio::test]
async fn a_link_that_stays_inside_is_followed() {
    let bucket = Bucket::new("links-inside");
    let service = bucket.service();
    bucket.put("folder/picture", JPEG);
    link("picture", &bucket.path("folder/beside"));
    link("folder/picture", &bucket.path("below"));
    link("../ok", &bucket.path("folder/above"));
    link(bucket.path("ok").canonicalize().expect("it is there"), &bucket.path("absolute"));
    link("folder", &bucket.path("other folder"));
    link("other folder/above", &bucket.path("twice"));
    for name in ["folder/beside", "below", "folder/above", "absolute", "other folder/picture", "twice"] {
        assert_front(&service, name, ACCEPTED).await;
    }
    // The directory itself may be one: that is the choice of who wrote the fixture.
    let linked = bucket.root().with_file_name("links-inside-by-link");
    drop(fs::remove_file(&linked));
    link(bucket.root(), &linked);
    let service = Service::from_yaml(&fixture(&json!({ "directory": linked })).to_string());
    assert_front(&service, "below", ACCEPTED).await;
}

#[tokio::test]
async fn a_link_that_leads_out_is_not_followed() {
    let bucket = Bucket::new("links-outside");
    let service = bucket.service();
    // Whoever read them would see a good picture, or fail the format.
    for (name, content) in [("picture", JPEG), ("text", TEXT)] {
        let outside = bucket.root().join("outside").join(name);
        write(&outside, content);
        // Their folder's name begins like the one that may be read.
        write(&bucket.root().join("download-of-others").join(name), content);
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
            assert_invalid(&service, path, "a link that leads out of the bucket").await;
        }
    }
    // So is a folder outside, which is not told to be one.
    assert_invalid(&service, "text/folder", "a link that leads out of the bucket").await;
    link("/dev/zero", &bucket.path("zero"));
    assert_invalid(&service, "zero", "a link that leads out of the bucket").await;
}

#[tokio::test]
async fn a_download_folder_that_is_a_link_leads_out() {
    let bucket = Bucket::new("download-link");
    let service = bucket.service();
    bucket.put("text", TEXT);
    assert_front(&service, "ok", ACCEPTED).await;
    fs::rename(bucket.path(""), bucket.root().join("elsewhere")).expect("it is there");
    link("elsewhere", &bucket.root().join("download"));
    for name in ["ok", "text"] {
        assert_invalid_everywhere(&service, name).await;
    }
}

#[tokio::test]
async fn a_link_to_nothing_is_invalid() {
    let bucket = Bucket::new("links-broken");
    let service = bucket.service();
    link("nothing", &bucket.path("dangling"));
    link("myself", &bucket.path("myself"));
    link("pong", &bucket.path("ping"));
    link("ping", &bucket.path("pong"));
    assert_invalid(&service, "dangling", "missing").await;
    for name in ["myself", "ping", "ping/picture"] {
        assert_front(&service, name, INVALID).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_invalid_and_holds_up_nobody() {
    let bucket = Bucket::new("unreadable");
    let service = bucket.service();
    let pipe = bucket.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo can be started");
    assert!(made.success());
    let reply = apply(&service, 3, &["pipe", "ok"]).await;
    // Whoever opened it would wait for somebody to write, until the bucket counts as one that cannot be reached. Here
    // is somebody, so that a thread that waits can end, and the test with it.
    drop(File::options().read(true).write(true).open(&pipe).expect("it is there"));
    fs::remove_file(pipe).expect("it is there");
    assert_eq!(reply.json()["fail_check_items"], json!(INVALID), "{reply:?}");
    bucket.put("secret", JPEG);
    assert_front(&service, "secret", ACCEPTED).await;
    fs::set_permissions(bucket.path("secret"), Permissions::from_mode(0o000)).expect("it is this test's own");
    // Root reads it all the same.
    if fs::read(bucket.path("secret")).is_err() {
        assert_invalid(&service, "secret", "unreadable").await;
    }
}

#[tokio::test]
async fn a_bucket_without_a_download_folder_has_no_pictures() {
    let bucket = Bucket::new("no-download");
    fs::rename(bucket.path(""), bucket.root().join("Download")).expect("it is there");
    let service = bucket.service();
    write(&bucket.root().join("beside"), JPEG);
    for name in ["ok", "beside", "Download/ok"] {
        assert_invalid_everywhere(&service, name).await;
    }
    // A file of that name is none either.
    write(&bucket.root().join("download"), JPEG);
    assert_invalid_everywhere(&service, "ok").await;
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_a_bucket_that_cannot_be_reached_until_it_is() {
    let bucket = Bucket::new("late");
    fs::remove_dir_all(bucket.root()).expect("it is there");
    let service = bucket.service();
    let application = with(passport("c-late"), "verified_file_url", json!(["ok", "ok"]));
    // More often than a customer may apply: it is not the customer's fault.
    for file_instead in [false, false, true, true] {
        if file_instead {
            write(bucket.root(), JPEG);
        }
        let reply = service.apply(&application).await;
        assert_eq!((reply.check(), &reply.json()["error_code"]), (Some("partner-ready"), &json!("CBC.99005030")));
        let saw = saw(&service, &reply, "partner-ready").await;
        let cause = if file_instead { "Not a directory" } else { "No such file or directory" };
        for part in [bucket.root().to_str().expect("its name is text"), cause] {
            assert!(saw.contains(part), "{part}: {saw}");
        }
    }
    fs::remove_file(bucket.root()).expect("it is there");
    bucket.put("ok", JPEG);
    service.apply(&application).await.assert(200, r#"{"is_review":1}"#);
}

#[tokio::test]
async fn a_bucket_that_may_not_be_read_is_not_looked_at() {
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
        let service = Service::from_yaml(&world.to_string());
        let reply = apply(&service, 3, &["ok", "ok"]).await;
        assert_eq!((reply.check(), reply.status.as_u16()), (Some("partner-ready"), 400), "{bucket} {partner}");
        let saw = saw(&service, &reply, "partner-ready").await;
        // That it is not there is known only to who has looked.
        assert_eq!(saw.contains("nowhere-at-all"), is_looked_at, "{bucket} {partner}: {saw}");
    }
}

#[test]
fn a_path_is_relative_to_the_file_that_names_it() {
    let bucket = Bucket::new("relative");
    let fixtures = bucket.root().join("fixtures");
    for (name, directory) in
        [("a.yaml", ".."), ("below/b.yaml", "../.."), ("c.yaml", "../../relative/"), ("../d.yaml", ".")]
    {
        let mut world = fixture(&json!({ "directory": directory }));
        let request = with(passport("c-1"), "verified_file_url", json!(["ok", "ok"]));
        world["exchanges"] = json!([{ "request": request, "expect": { "status": 200, "body": { "is_review": 1 } } }]);
        let file = fixtures.join(name);
        write(&file, world.to_string().as_bytes());
        let (folder, own) = (file.parent().expect("it is in a folder"), file.file_name().expect("it has a name"));
        // By its whole path from somewhere else, and by its name from where it is.
        for (from, path) in [(Path::new("/"), file.as_os_str()), (folder, own)] {
            let output = binary().current_dir(from).arg("check").arg(path).output().expect("the binary can be started");
            assert!(output.status.success(), "{directory} from {}: {output:?}", from.display());
        }
    }
}

#[tokio::test]
async fn a_control_call_names_a_whole_path() {
    let bucket = Bucket::new("control");
    let service = Service::with("");
    for directory in ["relative", "./relative", "../relative", "", "~/pictures"] {
        let world = fixture(&json!({ "directory": directory }));
        let mut partner = world["partners"][0].clone();
        partner["credentials"] = json!({});
        let table = [
            (Method::POST, "/spaces", json!({ "fixture": world })),
            (Method::PUT, "/world", world),
            (Method::PUT, "/partners/demo", partner),
        ];
        for (method, path, body) in table {
            let (status, told) = service.control(method, path, Some(&body)).await;
            assert_eq!(status, 422, "{path} {directory:?}: {told}");
            let problem = &told["detail"][0];
            let is_placed = problem["key"].as_str().is_some_and(|key| key.ends_with("bucket.directory"));
            assert!(
                is_placed && problem["hint"].as_str().is_some_and(|hint| hint.contains("absolute")),
                "{path}: {told}"
            );
        }
    }
    let world = fixture(&json!({ "directory": bucket.root() }));
    let (status, told) = service.control(Method::PUT, "/world", Some(&world)).await;
    assert_eq!(status, 200, "{told}");
    assert_front(&service, "ok", ACCEPTED).await;
}

#[test]
fn a_bucket_is_in_one_place() {
    let s3 = json!({ "endpoint": "http://127.0.0.1:9000", "bucket": "b", "region": "r", "access_key": "a", "secret_key": "s" });
    let places = [("objects", json!([{ "path": "a.jpg" }])), ("directory", json!("/tmp")), ("s3", s3)];
    for (first, second) in [(0, 1), (0, 2), (1, 2)] {
        let bucket: Value = [first, second].map(|place| places[place].clone()).into_iter().collect();
        let text = serde_json::to_string_pretty(&fixture(&bucket)).expect("a world is JSON");
        let error = refused(&text).to_string();
        for place in [first, second] {
            assert!(error.contains(&format!("`{}`", places[place].0)), "{error}");
        }
    }
}

#[tokio::test]
async fn a_world_with_real_buckets_that_is_read_and_put_back_is_the_same() {
    let bucket = Bucket::new("world");
    let s3 = |addressing: &str| {
        json!({ "s3": { "endpoint": "http://127.0.0.1:9", "bucket": "b", "region": "r", "access_key": "a",
            "secret_key": "s", "addressing": addressing } })
    };
    for bucket in [json!({ "directory": bucket.root() }), s3("path"), s3("virtual")] {
        let world = fixture(&bucket);
        if !cfg!(feature = "s3") && !bucket["s3"].is_null() {
            let error = refused(&world.to_string()).to_string();
            assert!(error.contains("--features s3"), "{error}");
            continue;
        }
        let service = Service::from_yaml(&world.to_string());
        let (_, read) = service.control(Method::GET, "/world", None).await;
        for (key, value) in bucket.as_object().expect("an object") {
            assert_eq!(&read["partners"][0]["bucket"][key], value);
        }
        for _ in 0..2 {
            let (status, told) = service.control(Method::PUT, "/world", Some(&read)).await;
            assert_eq!(status, 200, "{told}");
            assert_eq!(service.control(Method::GET, "/world", None).await.1, read);
        }
        if bucket["s3"].is_null() {
            assert_front(&service, "ok", ACCEPTED).await;
            assert_front(&service, "missing", INVALID).await;
        }
    }
}

#[tokio::test]
async fn the_catalog_has_requests_for_a_directory_as_it_is() {
    let bucket = Bucket::new("catalog");
    let service = bucket.service();
    // What the catalog's requests name comes to be there, one after the other: `in-hand.jpg` beside `front.jpg`.
    let table = [("ok", "CBC.99007004"), ("in-hand.jpg", "INVALID_FRONT_IDCARD"), ("front.jpg", "is_review 1")];
    for (picture, outcome) in table {
        bucket.put(picture, JPEG);
        let (status, catalog) = service.control(Method::GET, "/catalog", None).await;
        let rows = catalog["outcomes"].as_array().expect("a list");
        assert_eq!((status, rows.len()), (200, 24));
        for row in rows.iter().filter(|row| !row["ways"]["request"].is_null()) {
            let (_, told) = service.control(Method::POST, "/explain", Some(&row["ways"]["request"])).await;
            assert_eq!(told["response"]["status"], row["status"], "{row}: {told}");
        }
        assert!(rows.iter().any(|row| row["outcome"] == outcome && !row["ways"]["request"].is_null()), "{outcome}");
    }
}
