//! `POST /v2/customers/realname-auths/individual`: the body and its parameters, one table for each.

use axum::http::Request;
use serde_json::{Value, json};

use crate::support::{INDIVIDUAL, Reply, TestApp, UNDER_REVIEW, passport, with, without};

/// Adopts every customer, so that only a parameter can be wrong.
const ADOPTING: &str = "settings: { unlisted_customers: adopt }\n";

/// Asserts that the parameters pass, or that they alone are what is wrong.
#[track_caller]
fn assert_passes(reply: &Reply, passes: bool, why: &str) {
    let expected = if passes { (200, None) } else { (400, Some("parameters")) };
    assert_eq!((reply.status, reply.rule()), expected, "{why}: {reply:?}");
    if passes {
        reply.assert(200, UNDER_REVIEW);
    } else {
        reply.assert_parameter_error();
    }
}

/// A passport's application with this JSON text in place of a field's value.
fn raw(field: &str, json: &str) -> String {
    with(passport("c-1"), field, "PLACE").to_string().replace(r#""PLACE""#, json)
}

fn pictures(count: usize) -> Vec<String> {
    (1..=count).map(|place| format!("picture-{place}.jpg")).collect()
}

#[tokio::test]
async fn post_individual_with_content_type_other_than_json_is_cbc_0100() {
    let table: [(Option<&[u8]>, bool, &str); 14] = [
        (Some(b"application/json"), true, "as in the page's example"),
        (Some(b"application/json;charset=UTF-8"), true, "as official clients send it"),
        (Some(b"application/json; charset=utf-8"), true, "a space may follow the semicolon"),
        (Some(b"APPLICATION/JSON"), true, "media types have no case"),
        (Some(b"Application/Json; Charset=\"utf-8\""), true, "nor do their parameters"),
        (None, false, "nothing says that it is JSON"),
        (Some(b""), false, "nothing says that it is JSON"),
        (Some(b"text/plain"), false, "another type"),
        (Some(b"application/x-www-form-urlencoded"), false, "what curl sends by itself"),
        (Some(b"application/vnd.x+json"), false, "JSON-based, but another type"),
        (Some(b"application/jsonp"), false, "only begins like it"),
        (Some(b"text/json"), false, "another type"),
        (Some(b"json"), false, "no media type"),
        (Some(b"application/json\xff"), false, "not even text"),
    ];
    for (content_type, accepted, why) in table {
        let request = Request::post(INDIVIDUAL).header("x-auth-token", "token");
        let request = content_type.iter().fold(request, |request, value| request.header("content-type", *value));
        let reply = TestApp::with(ADOPTING).send(request.body(passport("c-1").to_string()).expect("a request")).await;
        assert_eq!(reply.status == 200, accepted, "{content_type:?}: {why}: {reply:?}");
        if !accepted {
            reply.assert_parameter_error();
        }
    }
}

#[tokio::test]
async fn post_individual_with_body_that_is_no_json_object_is_cbc_0100() {
    let good = passport("c-1").to_string();
    let inside = |text: &str| good.replacen('{', &format!("{{{text},"), 1);
    let mut not_utf8 = inside(r#""extra":"?""#).into_bytes();
    let place = not_utf8.iter().position(|byte| *byte == b'?').unwrap();
    not_utf8[place] = 0xff;
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let levels = 100_000;
    let table: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "empty"),
        (b" \r\n\t".to_vec(), "blank"),
        ("\u{feff}".into(), "a byte order mark and nothing else"),
        (format!("\u{feff}\u{feff}{good}").into(), "two byte order marks"),
        (b"{".to_vec(), "cut off"),
        (good[..good.len() - 1].into(), "its last brace missing"),
        (format!("{good}}}").into(), "a brace too many"),
        (format!("{good}{good}").into(), "two objects"),
        (format!("{good} x").into(), "something follows"),
        (good.replacen('}', ",}", 1).into(), "a comma before the end"),
        (good.replace('"', "'").into(), "single quotes"),
        (inside("/* why */").into(), "a comment"),
        (inside(r#""extra":NaN"#).into(), "no number of JSON"),
        (inside(r#""extra":01"#).into(), "a leading zero"),
        (inside("\"extra\":\"\n\"").into(), "a bare line feed in a string"),
        (inside(r#""extra":"\ud800""#).into(), "half a surrogate pair is no text"),
        (inside("extra:1").into(), "a bare key"),
        (not_utf8, "not UTF-8, in a field that is ignored"),
        (utf16, "UTF-16"),
        (format!("[{good}]").into(), "an array"),
        (json!(good).to_string().into(), "a string"),
        (b"0".to_vec(), "a number"),
        (b"null".to_vec(), "null"),
        (b"true".to_vec(), "a boolean"),
        (b"{}".to_vec(), "an object without fields"),
        (inside(&format!(r#""extra":{}{}"#, "[".repeat(levels), "]".repeat(levels))).into(), "arrays without measure"),
        ("[".repeat(levels).into(), "arrays that never end"),
        (r#"{"a":"#.repeat(levels).into(), "objects that never end"),
        (good.replace(r#""DEMO_IDP""#, &"[".repeat(levels)).into(), "arrays without measure in a parameter"),
    ];
    let app = TestApp::with(ADOPTING);
    for (body, why) in table {
        let reply = app.post_body(body).await;
        assert_passes(&reply, false, why);
    }
    app.post_body(good).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn post_individual_with_any_well_formed_json_is_accepted() {
    let good = passport("c-1").to_string();
    let inside = |text: &str| good.replacen('{', &format!("{{{text},"), 1);
    let table = [
        (format!("\u{feff}{good}"), "a byte order mark is tolerated"),
        (format!("\r\n\t {good} \r\n\t"), "blanks around it"),
        (format!("{:#}", passport("c-1")), "blanks inside it"),
        (good.replace(r#""name""#, r#""n\u0061me""#), "an escape in a key"),
        (good.replace("Wang", r"\uD83D\ude00"), "a surrogate pair in a value"),
        (inside(r#""extra":{"name":[1.5e300,null,"x"]}"#), "an unknown field is ignored, whatever it holds"),
        (inside(r#""Name":"x","customerId":"y","":0"#), "names that only resemble a parameter's are unknown"),
        (inside(&format!(r#""extra":{}{}"#, "[".repeat(120), "]".repeat(120))), "nesting within reason"),
    ];
    for (body, why) in table {
        let reply = TestApp::with(ADOPTING).post_body(body).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, UNDER_REVIEW), "{why}");
    }
}

#[tokio::test]
async fn post_individual_with_mandatory_text_that_is_missing_empty_or_no_text_is_cbc_0100() {
    let table = [
        ("null", "nothing"),
        (r#""""#, "empty"),
        ("0", "a number"),
        ("1.5", "a fraction"),
        ("true", "a boolean"),
        ("[]", "a list"),
        (r#"["a"]"#, "a list of one"),
        ("{}", "an object"),
    ];
    let app = TestApp::with(ADOPTING);
    for field in ["customer_id", "name", "verified_number", "xaccount_type"] {
        assert_passes(&app.apply(&without(passport("c-1"), field)).await, false, field);
        for (json, why) in table {
            assert_passes(&app.post_body(raw(field, json)).await, false, &format!("{field}: {why}"));
        }
    }
    assert_passes(&app.apply(&passport("c-1")).await, true, "nothing of that was more than a parameter error");
}

#[tokio::test]
async fn post_individual_with_text_longer_than_its_limit_in_characters_is_cbc_0100() {
    let characters = [
        ('a', "one byte"),
        ('é', "two bytes"),
        ('实', "three bytes"),
        ('😀', "four bytes, and two units of UTF-16"),
        ('\u{301}', "a mark that combines with what precedes it"),
        (' ', "a blank is a character too"),
    ];
    for (field, limit) in [("customer_id", 64), ("name", 255), ("verified_number", 32), ("xaccount_type", 64)] {
        for (character, why) in characters {
            for length in [1, limit - 1, limit, limit + 1, 4 * limit] {
                let value = character.to_string().repeat(length);
                let platform = if field == "xaccount_type" && length <= limit { &value } else { "DEMO_IDP" };
                let demo = json!({ "id": "demo-account", "name": "demo", "xaccount_type": platform,
                                   "credentials": { "tokens": ["token"] } });
                let app = TestApp::from_text(&format!("{ADOPTING}partners: [{demo}]"));
                let reply = app.apply(&with(passport("c-1"), field, value)).await;
                assert_passes(&reply, length <= limit, &format!("{field}, {length} characters: {why}"));
            }
        }
    }
}

#[tokio::test]
async fn post_individual_with_integer_that_is_no_32_bit_integer_is_cbc_0100() {
    let table = [
        ("null", "nothing"),
        (r#""0""#, "text"),
        (r#""-1""#, "text"),
        (r#""3""#, "text"),
        (r#""""#, "empty text"),
        ("0.0", "a fraction, even if it is none"),
        ("3.0", "a fraction, even if it is none"),
        ("-1.0", "a fraction, even if it is none"),
        ("0e0", "an exponent, even if it changes nothing"),
        ("1e0", "an exponent, even if it changes nothing"),
        ("3e0", "an exponent, even if it changes nothing"),
        ("true", "a boolean"),
        ("false", "a boolean"),
        ("[]", "a list"),
        ("[0]", "a list of one"),
        ("[3]", "a list of one"),
        ("{}", "an object"),
        ("2147483648", "one more than fits"),
        ("-2147483649", "one less than fits"),
        ("4294967296", "0, if the upper bits were cut off"),
        ("4294967299", "3, if the upper bits were cut off"),
        ("4294967295", "-1, if the upper bits were cut off"),
        ("18446744073709551616", "more than 64 bits"),
        ("-18446744073709551619", "more than 64 bits"),
        ("1e400", "more than any number of the machine"),
    ];
    let app = TestApp::with(ADOPTING);
    for field in ["identify_type", "verified_type", "change_type"] {
        for (json, why) in table {
            assert_passes(&app.post_body(raw(field, json)).await, false, &format!("{field} {json}: {why}"));
        }
    }
}

#[tokio::test]
async fn post_individual_with_identify_type_other_than_0_is_cbc_0100() {
    let app = TestApp::with(ADOPTING);
    assert_passes(&app.apply(&without(passport("c-1"), "identify_type")).await, false, "it is mandatory");
    for other in [-1, 1, 2, 3, 4, i32::MAX, i32::MIN] {
        assert_passes(&app.apply(&with(passport("c-1"), "identify_type", other)).await, false, "not in the page");
    }
    assert_passes(&app.apply(&with(passport("c-1"), "identify_type", 0)).await, true, "the page's one value");
}

#[tokio::test]
async fn post_individual_with_change_type_other_than_minus_1_is_cbc_0100() {
    for other in [i32::MIN, -2, 0, 1, i32::MAX] {
        let reply = TestApp::with(ADOPTING).apply(&with(passport("c-1"), "change_type", other)).await;
        assert_passes(&reply, false, "the page's range has -1 alone");
    }
    assert_passes(&TestApp::with(ADOPTING).apply(&with(passport("c-1"), "change_type", -1)).await, true, "-1");
    assert_passes(&TestApp::with(ADOPTING).apply(&without(passport("c-1"), "change_type")).await, true, "optional");
}

#[tokio::test]
async fn post_individual_with_another_number_of_pictures_than_the_type_needs_is_cbc_0100() {
    // The number, how many pictures it needs, and whether the edition of 2026 still has it.
    let known = [(0, 3, false), (3, 2, true), (5, 3, true), (6, 3, true), (7, 2, false), (9, 3, true), (10, 3, true)];
    for edition in ["2023-03", "2026-01"] {
        let settings = format!("settings: {{ unlisted_customers: adopt, contract: \"{edition}\" }}\n");
        for number in -1..=12 {
            let needed = known.iter().find(|(known, _, later)| *known == number && (edition == "2023-03" || *later));
            for count in 0..=5 {
                let application = with(passport("c-1"), "verified_type", number);
                let reply =
                    TestApp::with(&settings).apply(&with(application, "verified_file_url", pictures(count))).await;
                let passes = needed.is_some_and(|(_, needed, _)| *needed == count);
                assert_passes(&reply, passes, &format!("{edition}: type {number} with {count} pictures"));
            }
        }
    }
    let reply = TestApp::with(ADOPTING).apply(&without(passport("c-1"), "verified_type")).await;
    assert_passes(&reply, false, "mandatory when identify_type is 0");
}

#[tokio::test]
async fn post_individual_with_verified_file_url_that_is_no_list_of_texts_is_cbc_0100() {
    let table = [
        ("null", "nothing"),
        (r#""front.jpg""#, "a text"),
        (r#""front.jpg,hand.jpg""#, "texts in a text"),
        (r#"{"0":"front.jpg","1":"hand.jpg"}"#, "an object"),
        ("2", "a number"),
        ("true", "a boolean"),
        (r#"["front.jpg",null]"#, "an entry is nothing"),
        (r#"["front.jpg",""]"#, "an entry is empty"),
        (r#"["","hand.jpg"]"#, "an entry is empty"),
        (r#"["front.jpg",1]"#, "an entry is a number"),
        (r#"["front.jpg",true]"#, "an entry is a boolean"),
        (r#"["front.jpg",["hand.jpg"]]"#, "an entry is a list"),
        (r#"["front.jpg",{}]"#, "an entry is an object"),
        (r#"[["front.jpg","hand.jpg"]]"#, "a list in a list"),
    ];
    let app = TestApp::with(ADOPTING);
    assert_passes(&app.apply(&without(passport("c-1"), "verified_file_url")).await, false, "it is mandatory");
    for (json, why) in table {
        assert_passes(&app.post_body(raw("verified_file_url", json)).await, false, why);
    }
}

#[tokio::test]
async fn post_individual_with_verified_file_url_that_is_no_relative_path_is_cbc_0100() {
    let table = [
        ("front.jpg", true, "the least"),
        ("shimingrenzheng/zhengmian001.jpg", true, "as in the page's example"),
        ("a/b/c/d.jpg", true, "folders in folders"),
        ("证件/正面 1.jpg", true, "any script, and blanks"),
        (".hidden/front.jpg", true, "a segment that only begins with a dot"),
        ("..a/b../c...d.jpg", true, "a segment that is more than dots"),
        ("a/b:c.jpg", true, "a colon behind a slash ends no scheme"),
        ("12:30.jpg", true, "no scheme begins with a digit"),
        ("a//b.jpg", true, "two slashes inside"),
        ("download/front.jpg", true, "the name of the download directory, once more"),
        ("%2e%2e/front.jpg", true, "nothing is decoded"),
        ("http://host/front.jpg", false, "a scheme"),
        ("HTTPS://host/front.jpg", false, "a scheme has no case"),
        ("obs://bucket/front.jpg", false, "any scheme"),
        ("file:front.jpg", false, "a scheme without an authority"),
        ("C:front.jpg", false, "a scheme of one letter"),
        ("/front.jpg", false, "a leading slash"),
        ("//host/front.jpg", false, "two leading slashes"),
        (".", false, "a dot segment alone"),
        ("..", false, "a dot segment alone"),
        ("./front.jpg", false, "a dot segment at the beginning"),
        ("../front.jpg", false, "a dot segment at the beginning"),
        ("a/./front.jpg", false, "a dot segment inside"),
        ("a/../front.jpg", false, "a dot segment inside"),
        ("a/.", false, "a dot segment at the end"),
        ("a/..", false, "a dot segment at the end"),
        ("a\\front.jpg", false, "a backslash"),
        ("..\\front.jpg", false, "a backslash"),
        ("a\0.jpg", false, "a control character: NUL"),
        ("a\n.jpg", false, "a control character: line feed"),
        ("a\t.jpg", false, "a control character: tab"),
        ("a\u{7f}.jpg", false, "a control character: delete"),
        ("a\u{85}.jpg", false, "a control character beyond ASCII"),
        ("a\u{9f}", false, "the last control character"),
    ];
    for (path, passes, why) in table {
        for urls in [json!([path, "hand.jpg"]), json!(["front.jpg", path])] {
            let reply = TestApp::with(ADOPTING).apply(&with(passport("c-1"), "verified_file_url", urls)).await;
            assert_passes(&reply, passes, &format!("{path:?}: {why}"));
        }
    }
}

#[tokio::test]
async fn post_individual_with_repeated_parameter_is_cbc_0100() {
    let application = passport("c-1");
    let fields: Vec<_> = application.as_object().unwrap().iter().collect();
    assert_eq!(fields.len(), 8, "all parameters of the page");
    let (app, good) = (TestApp::with(ADOPTING), application.to_string());
    for (name, value) in fields {
        let (first, last) = (name.split_at(1).0.as_bytes()[0], &name[1..]);
        for again in
            [format!(r#""{name}":{value}"#), format!(r#""{name}":null"#), format!(r#""\u00{first:x}{last}":0"#)]
        {
            for body in [good.replacen('{', &format!("{{{again},"), 1), good.replacen('}', &format!(",{again}}}"), 1)] {
                assert_passes(&app.post_body(body).await, false, &again);
            }
        }
    }
}

#[tokio::test]
async fn wire_is_review_string_answers_a_text() {
    for (review, body) in [("manual", r#"{"is_review":"1"}"#), ("automatic", r#"{"is_review":"0"}"#)] {
        let wire = "wire: { is_review: string }";
        let settings = format!("settings: {{ unlisted_customers: adopt, review: {review}, {wire} }}\n");
        TestApp::with(&settings).apply(&passport("c-1")).await.assert(200, body);
    }
}

#[tokio::test]
async fn wire_parameter_errors_named_answers_the_field() {
    let app = TestApp::with("settings: { wire: { parameter_errors: named } }\n");
    let names = ["customer_id", "identify_type", "verified_file_url", "name", "verified_number", "xaccount_type"];
    for name in names.into_iter().chain(["verified_type"]) {
        let body = format!(r#"{{"error_code":"CBC.0100","error_msg":"{name}: must not be null"}}"#);
        app.apply(&without(passport("c-1"), name)).await.assert(400, &body);
        app.apply(&with(passport("c-1"), name, Value::Null)).await.assert(400, &body);
    }
}

#[tokio::test]
async fn wire_parameter_errors_named_answers_the_field_of_another_platform() {
    let app = TestApp::with("settings: { wire: { parameter_errors: named } }\n");
    let reply = app.apply(&with(passport("c-1"), "xaccount_type", "OTHER_IDP")).await;
    assert_eq!((reply.status, reply.rule()), (400, Some("platform-of-partner")));
    assert!(reply.body.starts_with(r#"{"error_code":"CBC.0100","error_msg":"xaccount_type: "#), "{}", reply.body);
}
