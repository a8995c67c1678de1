//! The rule `pictures-pass`: which items a picture fails, by its extension, by a listing, and by its bytes in a directory.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, TestDir, passport, with};

const FRONT: &str = "INVALID_FRONT_IDCARD";
const BACK: &str = "INVALID_BACK_IDCARD";
const IN_HAND: &str = "INVALID_IDCARD_FACE";
const FORMAT: &str = "PIC_FORMAT_ERR";
const SIZE: &str = "PIC_SIZE_ERR";

/// The largest picture that passes, in bytes: 10 MB, as the page says.
const LARGEST: u64 = 10_485_760;

pub(super) const JPEG: &[u8] = include_bytes!("../../../fixtures/pictures/download/front.jpg");

const PNG: &[u8] = include_bytes!("../../../fixtures/pictures/download/back.png");
const GIF: &[u8] = include_bytes!("../../../fixtures/pictures/download/in-hand.gif");
const BMP: &[u8] = include_bytes!("../../../fixtures/pictures/download/profile.bmp");
const PDF: &[u8] = include_bytes!("../../../fixtures/pictures/download/profile.pdf");

pub(super) const TEXT: &[u8] = include_bytes!("../../../fixtures/pictures/download/bad/text.jpg");

/// The accepted formats, by a picture of each.
const ACCEPTED: [(&str, &[u8]); 5] = [("jpg", JPEG), ("png", PNG), ("gif", GIF), ("bmp", BMP), ("pdf", PDF)];

/// How a file begins and how it ends.
type Ends<'a> = (&'a [u8], &'a [u8]);

/// A bucket of one test, in a directory of the build folder. Its folder `download` has one good picture: `ok`.
pub(super) struct Bucket(TestDir);

impl Bucket {
    pub(super) fn new(test: &str) -> Self {
        let bucket = Self(TestDir::new(&format!("buckets/{test}")));
        bucket.put("ok", JPEG);
        bucket
    }

    /// The directory that a fixture names.
    pub(super) fn root(&self) -> &Path {
        self.0.path()
    }

    /// The path of a picture.
    pub(super) fn path(&self, picture: &str) -> PathBuf {
        self.0.join("download").join(picture)
    }

    /// Puts a picture into the bucket, in a folder that need not exist.
    pub(super) fn put(&self, picture: &str, content: &[u8]) {
        self.0.put(self.path(picture), content);
    }

    /// Puts a file beside the folder `download`.
    pub(super) fn put_beside(&self, name: &str, content: &[u8]) {
        self.0.put(name, content);
    }

    /// Puts a picture into the bucket of which only the beginning and the end take up room on the disk.
    fn put_sparse(&self, picture: &str, size: u64, (head, tail): Ends<'_>) {
        self.put(picture, head);
        let file = File::options().write(true).open(self.path(picture)).expect("it was just made");
        file.set_len(size).expect("the file system has sparse files");
        file.write_all_at(tail, size - tail.len() as u64).expect("it can be written to");
    }

    /// A app whose partner has this bucket. Every customer is the partner's.
    pub(super) fn app(&self) -> TestApp {
        TestApp::from_text(&fixture(&json!({ "directory": self.root() })).to_string())
    }
}

/// A world of one partner with this bucket. Every customer is the partner's.
pub(super) fn fixture(bucket: &Value) -> Value {
    json!({
        "settings": { "unlisted_customers": "adopt" },
        "partners": [{
            "id": "demo-account", "name": "demo", "xaccount_type": "DEMO_IDP", "bucket": bucket,
            "credentials": { "tokens": ["token"] },
        }],
    })
}

/// Applies for a new customer with these pictures.
pub(super) async fn apply(app: &TestApp, verified_type: i32, pictures: &[&str]) -> Reply {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let application = with(passport(&format!("c-{number}")), "verified_number", format!("E{number}"));
    let application = with(application, "verified_type", verified_type);
    app.apply(&with(application, "verified_file_url", json!(pictures))).await
}

/// Asserts which items a passport's front picture fails.
pub(super) async fn assert_front(app: &TestApp, picture: &str, items: &[&str]) {
    apply(app, 3, &[picture, "ok"]).await.assert_items(items, picture);
}

/// Asserts that the front picture is refused without being read, for this reason.
pub(super) async fn assert_invalid(app: &TestApp, picture: &str, reason: &str) {
    let reply = apply(app, 3, &[picture, "ok"]).await;
    reply.assert_items(&[FRONT], picture);
    let saw = reply.saw("pictures-pass");
    assert!(saw.contains(&format!(": {reason}: INVALID_FRONT_IDCARD")), "{picture}: {saw}");
}

/// A partner whose bucket holds these objects, and its customer.
fn bucket(objects: &str) -> TestApp {
    TestApp::from_text(&format!(
        "
partners:
  - id: demo-account
    name: demo
    xaccount_type: DEMO_IDP
    credentials: {{ tokens: [token] }}
    bucket: {{ objects: [{objects}] }}
customers: [{{ id: c-1, partner: demo }}]"
    ))
}

#[tokio::test]
async fn picture_without_a_listing_is_judged_by_its_extension() {
    let table = [
        ("jpg jpeg bmp png gif pdf JPG Jpeg bMP PNG GIF PDF", true, "the formats of the page, in any case"),
        ("tiff webp heic jp jpgg jpg.exe txt", false, "any other"),
    ];
    for (extensions, passes, why) in table {
        for extension in extensions.split(' ') {
            let pictures = json!([format!("a.b/front.{extension}"), "hand.jpg"]);
            let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
            let reply = app.apply(&with(passport("c-1"), "verified_file_url", pictures)).await;
            reply.assert_items(if passes { &[] } else { &["PIC_FORMAT_ERR"] }, &format!("{extension}: {why}"));
        }
    }
    for name in ["front", "front.", "pictures.jpg/front", "jpg"] {
        let app = TestApp::with("customers: [{ id: c-1, partner: demo }]");
        let reply = app.apply(&with(passport("c-1"), "verified_file_url", json!([name, "hand.jpg"]))).await;
        reply.assert_items(&["PIC_FORMAT_ERR"], &format!("{name} has no extension"));
    }
}

#[tokio::test]
async fn pictures_of_a_listing_fail_items_in_the_order_of_the_page() {
    const WRONG: &str = "size: 11MiB, readable: false, shows: { name: Nobody }";
    let (format, size, differs) = ("PIC_FORMAT_ERR", "PIC_SIZE_ERR", "IDCARD_INFO_NOT_SAME");
    let (front, back, hand) = ("INVALID_FRONT_IDCARD", "INVALID_BACK_IDCARD", "INVALID_IDCARD_FACE");
    let tiff = format!("format: tiff, {WRONG}");
    // What is said of the front, the back and the picture in hand; `-`: it is not there.
    let table: [([&str; 3], &[&str], &str); 29] = [
        (["", "", ""], &[], "nothing is wrong"),
        (["format: PDF", "format: jpeg", "format: Gif"], &[], "formats have no case"),
        (["format: tiff", "", ""], &[format], "not a format of the page"),
        (["", "format: WEBP", ""], &[format], "whatever the extension says"),
        (["", "", "format: docx"], &[format], "any picture"),
        (["size: 10MiB", "size: 10485760", "size: 1"], &[], "10 MB are 10 × 1024 × 1024 bytes"),
        (["size: 10485761", "", ""], &[size], "one byte more"),
        (["", "size: 10485761", ""], &[size], "one byte more"),
        (["", "", "size: 11MiB"], &[size], "much more"),
        (["-", "", ""], &[front], "missing"),
        (["", "-", ""], &[back], "missing"),
        (["", "", "-"], &[hand], "missing"),
        (["size: 0", "", ""], &[front], "empty"),
        (["", "size: 0", ""], &[back], "empty"),
        (["", "", "size: 0"], &[hand], "empty"),
        (["readable: false", "", ""], &[front], "blurred"),
        (["", "readable: false", ""], &[back], "blurred"),
        (["", "", "readable: false"], &[hand], "blurred"),
        (["shows: { name: Wang Xiaoming, number: E12345678 }", "", ""], &[], "shows what was entered"),
        (["shows: { name: Nobody }", "", ""], &[differs], "shows another name"),
        (["shows: { number: E1 }", "", ""], &[differs], "shows another number"),
        (["", "shows: { name: Nobody }", "shows: { number: E1 }"], &[], "only the front is compared"),
        (["-", "-", "-"], &[front, back, hand], "each in its place"),
        ([&tiff, &tiff, &tiff], &[format], "an item stands there once, and a picture fails one"),
        ([WRONG, "", ""], &[size], "the first of a picture's items"),
        (["readable: false, shows: { name: Nobody }", "", ""], &[front], "the first of a picture's items"),
        (["-", "readable: false", "format: tiff"], &[format, front, back], "the page's order, not the pictures'"),
        (["shows: { name: Nobody }", "size: 11MiB", "-"], &[size, differs, hand], "the page's order"),
        (["", "-", "format: tiff"], &[format, back], "the page's order"),
    ];
    let permit = with(passport("c-1"), "verified_type", 5);
    let permit = with(permit, "verified_file_url", json!(["front.jpg", "back.jpg", "hand.jpg"]));
    for (pictures, items, why) in table {
        let objects = ["front", "back", "hand"].into_iter().zip(pictures).filter(|(_, more)| *more != "-");
        let objects: Vec<_> = objects.map(|(name, more)| format!("{{ path: {name}.jpg, {more} }}")).collect();
        bucket(&objects.join(", ")).apply(&permit).await.assert_items(items, &format!("{pictures:?}: {why}"));
    }
    let table: [(&str, [&str; 2], &[&str], &str); 5] = [
        ("{ path: front.jpg }", ["front.jpg", "hand.jpg"], &[hand], "the second of two pictures is the one in hand"),
        ("", ["front.jpg", "front.jpg"], &[front, hand], "one path in two places"),
        ("{ path: both.jpg }", ["both.jpg", "both.jpg"], &[], "one path in two places"),
        ("{ path: a.jpg }, { path: b.jpg/c.jpg }", ["a.jpg", "b.jpg"], &[hand], "a folder is no picture"),
        ("{ path: a.dat, format: png }, { path: B.jpg }", ["a.dat", "b.jpg"], &[hand], "a name has a case"),
    ];
    for (objects, urls, items, why) in table {
        let reply = bucket(objects).apply(&with(passport("c-1"), "verified_file_url", json!(urls))).await;
        reply.assert_items(items, why);
    }
}

#[tokio::test]
async fn picture_with_another_extension_passes_by_its_first_bytes() {
    let bucket = Bucket::new("formats");
    let app = bucket.app();
    for (format, content) in ACCEPTED {
        for (place, extension) in ["jpg", "JPEG", "bmp", "png", "gif", "pdf", "txt", "heic"].iter().enumerate() {
            let name = format!("{place}/{format} as.{extension}");
            bucket.put(&name, content);
            assert_front(&app, &name, &[]).await;
        }
        bucket.put(format, content);
        assert_front(&app, format, &[]).await;
    }
}

#[tokio::test]
async fn picture_of_another_format_is_pic_format_err() {
    let bucket = Bucket::new("other-formats");
    let app = bucket.app();
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
        assert_front(&app, name, &[FORMAT]).await;
    }
}

#[tokio::test]
async fn picture_without_its_end_is_invalid() {
    let bucket = Bucket::new("truncated");
    let app = bucket.app();
    for (format, content) in ACCEPTED {
        // A PDF is whole without the end of its last line.
        for length in [content.len() / 4, content.len() / 2, content.len() - 2] {
            let name = format!("{length}.{format}");
            bucket.put(&name, &content[..length]);
            assert_front(&app, &name, &[FRONT]).await;
        }
    }
    // So is one that has lost its end beyond what is looked at of a file.
    bucket.put("long.jpg", &[&JPEG[..JPEG.len() - 2], &[0; 5000]].concat());
    bucket.put("empty.jpg", b"");
    for name in ["long.jpg", "empty.jpg"] {
        assert_front(&app, name, &[FRONT]).await;
    }
}

#[tokio::test]
async fn picture_with_bytes_after_its_end_passes() {
    let bucket = Bucket::new("trailing");
    let app = bucket.app();
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
        assert_front(&app, name, &[]).await;
    }
}

#[tokio::test]
async fn picture_of_more_than_10_mib_is_pic_size_err_and_is_not_read() {
    let bucket = Bucket::new("sizes");
    let app = bucket.app();
    let (head, end) = (&JPEG[..JPEG.len() - 2], &JPEG[JPEG.len() - 2..]);
    let (whole, cut, text): (Ends<'_>, Ends<'_>, Ends<'_>) = ((head, end), (head, b""), (TEXT, b""));
    let table: [(&str, u64, Ends<'_>, &[&str]); 7] = [
        ("largest.jpg", LARGEST, whole, &[]),
        ("cut.jpg", LARGEST, cut, &[FRONT]),
        ("one more.jpg", LARGEST + 1, whole, &[SIZE]),
        // The end of a picture that is too large does not matter.
        ("large and cut.jpg", LARGEST + 1, cut, &[SIZE]),
        // To read it would take longer than the bucket's timeout.
        ("huge.jpg", 20 << 30, whole, &[SIZE]),
        ("large.txt", LARGEST + 1, text, &[FORMAT]),
        ("huge.txt", 20 << 30, text, &[FORMAT]),
    ];
    for (name, size, ends, items) in table {
        bucket.put_sparse(name, size, ends);
        let reply = apply(&app, 3, &[name, "ok"]).await;
        // It would be in the way of copies of the build folder.
        fs::remove_file(bucket.path(name)).expect("it was just made");
        reply.assert_items(items, name);
        let saw = reply.saw("pictures-pass");
        assert_eq!(saw.contains("truncated"), items == [FRONT], "{name}: {saw}");
    }
}

#[tokio::test]
async fn missing_picture_fails_the_item_of_its_place() {
    let bucket = Bucket::new("places");
    let app = bucket.app();
    let (three, two): (&[&str], &[&str]) = (&[FRONT, BACK, IN_HAND], &[FRONT, IN_HAND]);
    let table = [(0, three), (3, two), (5, three), (6, three), (7, two), (9, three), (10, three)];
    for (verified_type, places) in table {
        for (place, item) in places.iter().enumerate() {
            let mut pictures = vec!["ok"; places.len()];
            pictures[place] = "missing";
            let what = format!("type {verified_type}, picture {place}");
            apply(&app, verified_type, &pictures).await.assert_items(&[*item], &what);
        }
        apply(&app, verified_type, &vec!["ok"; places.len()]).await.assert_items(&[], "one for all");
    }
}

#[tokio::test]
async fn pictures_of_a_directory_fail_items_in_the_order_of_the_page() {
    let bucket = Bucket::new("order");
    let app = bucket.app();
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
        apply(&app, 5, &pictures).await.assert_items(items, &pictures.join(", "));
    }
    fs::remove_file(bucket.path("large")).expect("it was just made");
}

#[tokio::test]
async fn picture_that_changes_is_read_anew_each_time() {
    let bucket = Bucket::new("changing");
    let app = bucket.app();
    assert_front(&app, "late", &[FRONT]).await;
    bucket.put("late", TEXT);
    assert_front(&app, "late", &[FORMAT]).await;
    bucket.put("late", &JPEG[..JPEG.len() - 2]);
    assert_front(&app, "late", &[FRONT]).await;
    let mut file = File::options().append(true).open(bucket.path("late")).expect("it was just made");
    file.write_all(&JPEG[JPEG.len() - 2..]).expect("it can be written to");
    assert_front(&app, "late", &[]).await;
    fs::remove_file(bucket.path("late")).expect("it was just made");
    assert_front(&app, "late", &[FRONT]).await;
}

#[tokio::test]
async fn picture_names_are_not_decoded_or_normalized() {
    let bucket = Bucket::new("names");
    let app = bucket.app();
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
        assert_front(&app, name, &[]).await;
    }
    // What would be found if names were decoded, tidied up or unfolded.
    for name in ["a/b.jpg", "a b.jpg", "one.jpg"] {
        bucket.put(name, JPEG);
    }
    bucket.put_beside("secret.jpg", JPEG);
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
        assert_invalid(&app, name, "missing").await;
    }
    apply(&app, 3, &["../secret.jpg", "ok"]).await.assert_parameter_error();
}
