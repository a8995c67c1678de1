//! Pictures that are real files: the first bytes tell their format, the last ones whether they are all there.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::Method;
use serde_json::{Value, json};

use crate::rules::items_refusal;
use crate::service::{Reply, Service, passport, with};

const FRONT: &str = "INVALID_FRONT_IDCARD";
const BACK: &str = "INVALID_BACK_IDCARD";
const IN_HAND: &str = "INVALID_IDCARD_FACE";
const FORMAT: &str = "PIC_FORMAT_ERR";
const SIZE: &str = "PIC_SIZE_ERR";

/// The largest picture that passes, in bytes: 10 MB, as the page says.
const LARGEST: u64 = 10_485_760;

pub(crate) const JPEG: &[u8] = include_bytes!("../../fixtures/pictures/download/front.jpg");
const PNG: &[u8] = include_bytes!("../../fixtures/pictures/download/back.png");
const GIF: &[u8] = include_bytes!("../../fixtures/pictures/download/in-hand.gif");
const BMP: &[u8] = include_bytes!("../../fixtures/pictures/download/profile.bmp");
const PDF: &[u8] = include_bytes!("../../fixtures/pictures/download/profile.pdf");
pub(crate) const TEXT: &[u8] = include_bytes!("../../fixtures/pictures/download/bad/text.jpg");

/// The accepted formats, by a picture of each.
const ACCEPTED: [(&str, &[u8]); 5] = [("jpg", JPEG), ("png", PNG), ("gif", GIF), ("bmp", BMP), ("pdf", PDF)];

/// How a file begins and how it ends.
type Ends<'a> = (&'a [u8], &'a [u8]);

/// A bucket of a test's own, in a directory of the build folder. Its folder `download` has one good picture: `ok`.
pub(crate) struct Bucket(PathBuf);

impl Bucket {
    /// A new one, without anything that a run before this one has left.
    pub(crate) fn new(test: &str) -> Self {
        let bucket = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join("buckets").join(test));
        drop(fs::remove_dir_all(&bucket.0).or_else(|_| fs::remove_file(&bucket.0)));
        bucket.put("ok", JPEG);
        bucket
    }

    /// The directory that a fixture names.
    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    /// The place of a picture.
    pub(crate) fn path(&self, picture: &str) -> PathBuf {
        self.0.join("download").join(picture)
    }

    /// Puts a picture into it, in a folder that need not be there.
    pub(crate) fn put(&self, picture: &str, content: &[u8]) {
        write(&self.path(picture), content);
    }

    /// Puts a picture into it of which only the beginning and the end take up room on the disk.
    fn put_sparse(&self, picture: &str, size: u64, (head, tail): Ends<'_>) {
        self.put(picture, head);
        let file = File::options().write(true).open(self.path(picture)).expect("it was just made");
        file.set_len(size).expect("the file system has sparse files");
        file.write_all_at(tail, size - tail.len() as u64).expect("it can be written to");
    }

    /// A service whose partner has this bucket. Every customer is the partner's.
    pub(crate) fn service(&self) -> Service {
        Service::from_yaml(&fixture(&json!({ "directory": self.0 })).to_string())
    }
}

/// Writes a file, in a folder that need not be there.
pub(crate) fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("the build folder can be written to");
    fs::write(path, content).expect("the build folder can be written to");
}

/// A world of one partner with this bucket. Every customer is the partner's.
pub(crate) fn fixture(bucket: &Value) -> Value {
    json!({
        "settings": { "unlisted_customers": "adopt" },
        "partners": [{
            "id": "demo-account", "name": "demo", "xaccount_type": "DEMO_IDP", "bucket": bucket,
            "credentials": { "tokens": ["token"] },
        }],
    })
}

/// Applies for somebody new with these pictures.
pub(crate) async fn apply(service: &Service, verified_type: i32, pictures: &[&str]) -> Reply {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let application = with(passport(&format!("c-{number}")), "verified_number", format!("E{number}"));
    let application = with(application, "verified_type", verified_type);
    service.apply(&with(application, "verified_file_url", json!(pictures))).await
}

/// Asserts which items a passport's front picture fails.
pub(crate) async fn assert_front(service: &Service, picture: &str, items: &[&str]) {
    assert_items(&apply(service, 3, &[picture, "ok"]).await, items, picture);
}

/// Asserts which items the pictures of an application fail: none, when it is accepted.
#[track_caller]
fn assert_items(reply: &Reply, items: &[&str], what: &str) {
    let expected = if items.is_empty() { r#"{"is_review":1}"#.to_owned() } else { items_refusal(items) };
    assert_eq!(reply.body, expected, "{what}");
}

/// What a check saw of the request that got this answer.
pub(crate) async fn saw(service: &Service, reply: &Reply, check: &str) -> String {
    let (_, entry) = service.control(Method::GET, &format!("/journal/{}", reply.id()), None).await;
    let checks = entry["checks"].as_array().expect("an entry has its checks");
    let found = checks.iter().find(|each| each["check"] == check).expect("the check is one of them");
    found["saw"].as_str().expect("what a check saw is text").to_owned()
}

/// Asserts that the front picture is refused without a look at it, and that this is the reason.
pub(crate) async fn assert_invalid(service: &Service, picture: &str, reason: &str) {
    assert_front(service, picture, &[FRONT]).await;
    let reply = apply(service, 3, &[picture, "ok"]).await;
    let saw = saw(service, &reply, "pictures-pass").await;
    assert!(saw.contains(&format!(": {reason}: INVALID_FRONT_IDCARD")), "{picture}: {saw}");
}

#[tokio::test]
async fn the_first_bytes_decide_and_not_the_name() {
    let bucket = Bucket::new("formats");
    let service = bucket.service();
    for (format, content) in ACCEPTED {
        for (place, extension) in ["jpg", "JPEG", "bmp", "png", "gif", "pdf", "txt", "heic"].iter().enumerate() {
            let name = format!("{place}/{format} as.{extension}");
            bucket.put(&name, content);
            assert_front(&service, &name, &[]).await;
        }
        bucket.put(format, content);
        assert_front(&service, format, &[]).await;
    }
}

#[tokio::test]
async fn what_is_no_accepted_format_fails_the_format() {
    let bucket = Bucket::new("other-formats");
    let service = bucket.service();
    let table: [(&str, &[u8]); 14] = [
        ("text.jpg", TEXT),
        ("wide text.png", "护照 is no picture".as_bytes()),
        ("page.pdf", b"<!DOCTYPE html><html></html>"),
        ("drawing.png", b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
        ("intel.jpg", b"II*\0\x08\0\0\0\0\0\0\0\0\0"),
        ("motorola.jpg", b"MM\0*\0\0\0\x08\0\0\0\0\0\0"),
        ("web.jpg", b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0"),
        ("phone.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        ("archive.jpg", b"PK\x03\x04\x14\0\0\0\0\0"),
        ("one byte.jpg", b"\xFF"),
        ("gift.gif", b"GIFT card for you;"),
        ("car.bmp", b"BMW is a car, and no picture"),
        ("zeros.jpg", &[0; 4096]),
        // Its first bytes are not there; what follows them does not make it one.
        ("beheaded.jpg", &JPEG[20..]),
    ];
    for (name, content) in table {
        bucket.put(name, content);
        assert_front(&service, name, &[FORMAT]).await;
    }
}

#[tokio::test]
async fn a_picture_without_its_end_is_invalid() {
    let bucket = Bucket::new("truncated");
    let service = bucket.service();
    for (format, content) in ACCEPTED {
        // A PDF ends in a line's end, which nobody needs.
        for length in [content.len() / 4, content.len() / 2, content.len() - 2] {
            let name = format!("{length}.{format}");
            bucket.put(&name, &content[..length]);
            assert_front(&service, &name, &[FRONT]).await;
        }
    }
    // So is one that has lost its end beyond what is looked at of a file.
    bucket.put("long.jpg", &[&JPEG[..JPEG.len() - 2], &[0; 5000]].concat());
    bucket.put("empty.jpg", b"");
    for name in ["long.jpg", "empty.jpg"] {
        assert_front(&service, name, &[FRONT]).await;
    }
}

#[tokio::test]
async fn what_comes_after_the_end_or_before_a_pdf_does_no_harm() {
    let bucket = Bucket::new("trailing");
    let service = bucket.service();
    let long = [b"%PDF-1.4\n", &[b' '; 5000][..], b"%%EOF"].concat();
    let table: [(&str, &[&[u8]]); 8] = [
        ("zeros.jpg", &[JPEG, &[0; 512]]),
        ("camera.jpg", &[JPEG, b"made by a camera"]),
        ("camera.png", &[PNG, b"made by a printer"]),
        ("zeros.gif", &[GIF, &[0; 512]]),
        ("zeros.bmp", &[BMP, &[0; 512]]),
        ("lines.pdf", &[PDF, b"\r\n\r\n"]),
        ("printer.pdf", &[b"\x1B%-12345X@PJL\r\n", PDF]),
        ("long.pdf", &[&long]),
    ];
    for (name, parts) in table {
        bucket.put(name, &parts.concat());
        assert_front(&service, name, &[]).await;
    }
}

#[tokio::test]
async fn a_picture_has_at_most_ten_megabytes_and_a_larger_one_is_not_read() {
    let bucket = Bucket::new("sizes");
    let service = bucket.service();
    let (head, end) = (&JPEG[..JPEG.len() - 2], &JPEG[JPEG.len() - 2..]);
    let (whole, cut, text): (Ends<'_>, Ends<'_>, Ends<'_>) = ((head, end), (head, b""), (TEXT, b""));
    let table: [(&str, u64, Ends<'_>, &[&str]); 7] = [
        ("largest.jpg", LARGEST, whole, &[]),
        ("cut.jpg", LARGEST, cut, &[FRONT]),
        ("one more.jpg", LARGEST + 1, whole, &[SIZE]),
        // Of a picture that is too large, nobody cares for the end.
        ("large and cut.jpg", LARGEST + 1, cut, &[SIZE]),
        // Nobody could read as much before the bucket counts as one that cannot be reached.
        ("huge.jpg", 20 << 30, whole, &[SIZE]),
        ("large.txt", LARGEST + 1, text, &[FORMAT]),
        ("huge.txt", 20 << 30, text, &[FORMAT]),
    ];
    for (name, size, ends, items) in table {
        bucket.put_sparse(name, size, ends);
        let reply = apply(&service, 3, &[name, "ok"]).await;
        // Whoever copies the build folder does not want it.
        fs::remove_file(bucket.path(name)).expect("it was just made");
        assert_items(&reply, items, name);
        let saw = saw(&service, &reply, "pictures-pass").await;
        assert_eq!(saw.contains("truncated"), items == [FRONT], "{name}: {saw}");
    }
}

#[tokio::test]
async fn the_place_of_a_picture_decides_which_item_it_fails() {
    let bucket = Bucket::new("places");
    let service = bucket.service();
    let (three, two): (&[&str], &[&str]) = (&[FRONT, BACK, IN_HAND], &[FRONT, IN_HAND]);
    let table = [(0, three), (3, two), (5, three), (6, three), (7, two), (9, three), (10, three)];
    for (verified_type, places) in table {
        for (place, item) in places.iter().enumerate() {
            let mut pictures = vec!["ok"; places.len()];
            pictures[place] = "missing";
            let what = format!("type {verified_type}, picture {place}");
            assert_items(&apply(&service, verified_type, &pictures).await, &[*item], &what);
        }
        assert_items(&apply(&service, verified_type, &vec!["ok"; places.len()]).await, &[], "one for all");
    }
}

#[tokio::test]
async fn items_are_in_the_pages_order_and_each_is_there_once() {
    let bucket = Bucket::new("order");
    let service = bucket.service();
    bucket.put("text", TEXT);
    bucket.put("cut", &PNG[..PNG.len() - 2]);
    bucket.put("empty", b"");
    bucket.put_sparse("large", LARGEST + 1, (GIF, b""));
    let table: [([&str; 3], &[&str]); 6] = [
        (["cut", "empty", "missing"], &[FRONT, BACK, IN_HAND]),
        (["cut", "large", "text"], &[FORMAT, SIZE, FRONT]),
        (["text", "text", "text"], &[FORMAT]),
        (["large", "ok", "large"], &[SIZE]),
        (["ok", "text", "large"], &[FORMAT, SIZE]),
        (["large", "missing", "empty"], &[SIZE, BACK, IN_HAND]),
    ];
    for (pictures, items) in table {
        assert_items(&apply(&service, 5, &pictures).await, items, &pictures.join(", "));
    }
    fs::remove_file(bucket.path("large")).expect("it was just made");
}

#[tokio::test]
async fn a_picture_is_looked_at_anew_each_time() {
    let bucket = Bucket::new("changing");
    let service = bucket.service();
    assert_front(&service, "late", &[FRONT]).await;
    bucket.put("late", TEXT);
    assert_front(&service, "late", &[FORMAT]).await;
    bucket.put("late", &JPEG[..JPEG.len() - 2]);
    assert_front(&service, "late", &[FRONT]).await;
    let mut file = File::options().append(true).open(bucket.path("late")).expect("it was just made");
    file.write_all(&JPEG[JPEG.len() - 2..]).expect("it can be written to");
    assert_front(&service, "late", &[]).await;
    fs::remove_file(bucket.path("late")).expect("it was just made");
    assert_front(&service, "late", &[FRONT]).await;
}

#[tokio::test]
async fn names_are_taken_as_they_are() {
    let bucket = Bucket::new("names");
    let service = bucket.service();
    let good = [
        "护照/正面 1.jpg",
        " two  blanks .jpg",
        "100%.png",
        "a%20b.jpg",
        "%2e%2e/inside.jpg",
        "..hidden/...jpg",
        "what?.jpg",
        "a+b&c=d#e.jpg",
        "~",
        "-rf",
        "$HOME",
        "*",
        "download/twice.jpg",
        "\u{1F600}.jpg",
    ];
    for name in good {
        bucket.put(name, JPEG);
        assert_front(&service, name, &[]).await;
    }
    // What would be found if names were decoded, tidied up or unfolded.
    for name in ["a/b.jpg", "a b.jpg", "one.jpg"] {
        bucket.put(name, JPEG);
    }
    write(&bucket.root().join("secret.jpg"), JPEG);
    let (long, deep) = ("a".repeat(300), "a/".repeat(3000) + "b.jpg");
    let wide = "\u{62a4}".repeat(300) + ".jpg";
    let missing = [
        "a//b.jpg",
        "a/b.jpg/",
        "a/b.jpg/c.jpg",
        "a%2fb.jpg",
        "a%20b.jpg ",
        "A/B.JPG",
        "on?.jpg",
        "%2e%2e/secret.jpg",
        "..%2fsecret.jpg",
        "secret.jpg",
        "download/one.jpg",
        "names/download/one.jpg",
        &long,
        &wide,
        &deep,
    ];
    for name in missing {
        assert_invalid(&service, name, "missing").await;
    }
    apply(&service, 3, &["../secret.jpg", "ok"]).await.assert_parameter_error();
}
