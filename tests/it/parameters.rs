//! The parameters of the request: what each of them may be, one table for each.

use serde_json::{Value, json};

use crate::service::{Reply, Service, passport, with, without};

const ACCEPTED: &str = r#"{"is_review":1}"#;

/// Takes any customer, so that nothing but a parameter can be wrong.
const ANYBODY: &str = "settings: { unlisted_customers: adopt }\n";

/// Asserts that the parameters pass, or that they alone are what is wrong.
#[track_caller]
fn assert_passes(reply: &Reply, passes: bool, why: &str) {
    let expected = if passes { (200, None) } else { (400, Some("parameters")) };
    assert_eq!((reply.status.as_u16(), reply.check()), expected, "{why}: {reply:?}");
    if passes {
        reply.assert(200, ACCEPTED);
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
async fn a_mandatory_text_is_there_and_is_text() {
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
    let service = Service::with(ANYBODY);
    for field in ["customer_id", "name", "verified_number", "xaccount_type"] {
        assert_passes(&service.apply(&without(passport("c-1"), field)).await, false, field);
        for (json, why) in table {
            assert_passes(&service.post(raw(field, json)).await, false, &format!("{field}: {why}"));
        }
    }
    assert_passes(&service.apply(&passport("c-1")).await, true, "nothing of that was more than a parameter error");
}

#[tokio::test]
async fn the_length_of_a_text_counts_characters() {
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
                let platform = if field == "xaccount_type" { &value } else { "DEMO_IDP" };
                let demo = json!({ "id": "demo-account", "name": "demo", "xaccount_type": platform,
                                   "credentials": { "tokens": ["token"] } });
                let service = Service::from_yaml(&format!("{ANYBODY}partners: [{demo}]"));
                let reply = service.apply(&with(passport("c-1"), field, value)).await;
                assert_passes(&reply, length <= limit, &format!("{field}, {length} characters: {why}"));
            }
        }
    }
}

#[tokio::test]
async fn an_integer_is_written_as_an_integer_of_32_bits() {
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
    let service = Service::with(ANYBODY);
    for field in ["identify_type", "verified_type", "change_type"] {
        for (json, why) in table {
            assert_passes(&service.post(raw(field, json)).await, false, &format!("{field} {json}: {why}"));
        }
    }
}

#[tokio::test]
async fn only_the_individual_certificate_identifies() {
    let service = Service::with(ANYBODY);
    assert_passes(&service.apply(&without(passport("c-1"), "identify_type")).await, false, "it is mandatory");
    for other in [-1, 1, 2, 3, 4, i32::MAX, i32::MIN] {
        assert_passes(&service.apply(&with(passport("c-1"), "identify_type", other)).await, false, "not in the page");
    }
    assert_passes(&service.apply(&with(passport("c-1"), "identify_type", 0)).await, true, "the page's one value");
}

#[tokio::test]
async fn a_change_is_the_first_authentication_or_is_not_named() {
    for other in [i32::MIN, -2, 0, 1, i32::MAX] {
        let reply = Service::with(ANYBODY).apply(&with(passport("c-1"), "change_type", other)).await;
        assert_passes(&reply, false, "the page's range has -1 alone");
    }
    assert_passes(&Service::with(ANYBODY).apply(&with(passport("c-1"), "change_type", -1)).await, true, "-1");
    assert_passes(&Service::with(ANYBODY).apply(&without(passport("c-1"), "change_type")).await, true, "optional");
}

#[tokio::test]
async fn a_certificate_type_has_its_editions_and_its_number_of_pictures() {
    // The number, how many pictures it needs, and whether the edition of 2026 still has it.
    let known = [(0, 3, false), (3, 2, true), (5, 3, true), (6, 3, true), (7, 2, false), (9, 3, true), (10, 3, true)];
    for edition in ["2023-03", "2026-01"] {
        let settings = format!("settings: {{ unlisted_customers: adopt, contract: \"{edition}\" }}\n");
        for number in -1..=12 {
            let needed = known.iter().find(|(known, _, later)| *known == number && (edition == "2023-03" || *later));
            for count in 0..=5 {
                let application = with(passport("c-1"), "verified_type", number);
                let reply =
                    Service::with(&settings).apply(&with(application, "verified_file_url", pictures(count))).await;
                let passes = needed.is_some_and(|(_, needed, _)| *needed == count);
                assert_passes(&reply, passes, &format!("{edition}: type {number} with {count} pictures"));
            }
        }
    }
    let reply = Service::with(ANYBODY).apply(&without(passport("c-1"), "verified_type")).await;
    assert_passes(&reply, false, "mandatory when identify_type is 0");
}

#[tokio::test]
async fn the_pictures_are_a_list_of_texts() {
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
    let service = Service::with(ANYBODY);
    assert_passes(&service.apply(&without(passport("c-1"), "verified_file_url")).await, false, "it is mandatory");
    for (json, why) in table {
        assert_passes(&service.post(raw("verified_file_url", json)).await, false, why);
    }
}

#[tokio::test]
async fn a_picture_is_named_by_its_path_in_the_bucket() {
    let table = [
        ("front.jpg", true, "the least"),
        ("shimingrenzheng/zhengmian001.jpg", true, "as in the page's example"),
        ("a/b/c/d.jpg", true, "folders in folders"),
        ("证件/正面 1.jpg", true, "any script, and blanks"),
        (".hidden/front.jpg", true, "a segment that only begins with a dot"),
        ("..a/b../c...d.jpg", true, "a segment that is more than dots"),
        ("a/b:c.jpg", true, "a colon behind a slash ends no scheme"),
        ("http://host/front.jpg", false, "a scheme"),
        ("HTTPS://host/front.jpg", false, "a scheme has no case"),
        ("obs://bucket/front.jpg", false, "any scheme"),
        ("file:front.jpg", false, "a scheme without an authority"),
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
    ];
    for (path, passes, why) in table {
        for urls in [json!([path, "hand.jpg"]), json!(["front.jpg", path])] {
            let reply = Service::with(ANYBODY).apply(&with(passport("c-1"), "verified_file_url", urls)).await;
            assert_passes(&reply, passes, &format!("{path:?}: {why}"));
        }
    }
}

#[tokio::test]
async fn a_parameter_may_not_be_given_twice() {
    let application = passport("c-1");
    let fields: Vec<_> = application.as_object().unwrap().iter().collect();
    assert_eq!(fields.len(), 8, "all parameters of the page");
    let (service, good) = (Service::with(ANYBODY), application.to_string());
    for (name, value) in fields {
        let (first, last) = (name.split_at(1).0.as_bytes()[0], &name[1..]);
        for again in
            [format!(r#""{name}":{value}"#), format!(r#""{name}":null"#), format!(r#""\u00{first:x}{last}":0"#)]
        {
            for body in [good.replacen('{', &format!("{{{again},"), 1), good.replacen('}', &format!(",{again}}}"), 1)] {
                assert_passes(&service.post(body).await, false, &again);
            }
        }
    }
}

#[tokio::test]
async fn is_review_can_be_the_text_of_the_pages_example() {
    for (review, body) in [("manual", r#"{"is_review":"1"}"#), ("automatic", r#"{"is_review":"0"}"#)] {
        let wire = "wire: { is_review: string }";
        let settings = format!("settings: {{ unlisted_customers: adopt, review: {review}, {wire} }}\n");
        Service::with(&settings).apply(&passport("c-1")).await.assert(200, body);
    }
}

#[tokio::test]
async fn a_parameter_error_can_name_its_field() {
    let service = Service::with("settings: { wire: { parameter_errors: named } }\n");
    let names = ["customer_id", "identify_type", "verified_file_url", "name", "verified_number", "xaccount_type"];
    for name in names.into_iter().chain(["verified_type"]) {
        let body = format!(r#"{{"error_code":"CBC.0100","error_msg":"{name}: must not be null"}}"#);
        service.apply(&without(passport("c-1"), name)).await.assert(400, &body);
        service.apply(&with(passport("c-1"), name, Value::Null)).await.assert(400, &body);
    }
}

#[tokio::test]
async fn the_parameter_error_of_another_platform_can_name_its_field_too() {
    let service = Service::with("settings: { wire: { parameter_errors: named } }\n");
    let reply = service.apply(&with(passport("c-1"), "xaccount_type", "OTHER_IDP")).await;
    assert_eq!((reply.status.as_u16(), reply.check()), (400, Some("platform-of-partner")));
    assert!(reply.body.starts_with(r#"{"error_code":"CBC.0100","error_msg":"xaccount_type: "#), "{}", reply.body);
}

#[tokio::test]
async fn json_may_be_written_in_any_of_its_ways() {
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
        let reply = Service::with(ANYBODY).post(body).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, ACCEPTED), "{why}");
    }
}
