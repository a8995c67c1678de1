//! The web console: who is led to it, and how its files are served. `tests/console` runs it in a browser.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::*;

/// What a browser sends when a user opens an address of this machine.
const DOCUMENT: &[(&str, &str)] =
    &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8"), ("sec-fetch-dest", "document")];

/// The same for another machine by plain HTTP.
const REMOTE_DOCUMENT: &[(&str, &str)] =
    &[("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")];

/// Other clients, and what browsers ask for besides pages to show.
const OTHERS: [&[(&str, &str)]; 6] = [
    &[],
    &[("accept", "*/*")],
    &[("accept", "application/json, text/html")],
    &[("sec-fetch-dest", "empty"), ("accept", "application/xhtml+xml")],
    &[("sec-fetch-dest", "iframe"), ("accept", "application/xhtml+xml")],
    &[("sec-fetch-site", "none"), ("accept", "application/xhtml+xml")],
];

const ENTRANCES: [&str; 3] = ["/", "/_sim", "/_sim/"];

/// Asserts that a reply leads to the console.
#[track_caller]
fn assert_led(reply: &Reply) {
    assert_eq!((reply.status, reply.header("location")), (303, Some("/_sim/ui/")), "{reply:?}");
}

async fn numbers(client: &Client) -> usize {
    list(&client.get("/journal").await, "entries").len()
}

#[tokio::test]
async fn a_browser_is_led_to_the_console_and_leaves_no_entry() {
    let app = TestApp::builtin();
    for path in ENTRANCES {
        for headers in [DOCUMENT, REMOTE_DOCUMENT] {
            assert_led(&app.call("GET", path, headers, "").await);
        }
    }
    assert_led(&app.call("GET", "/_sim/ui", &[], "").await);
    assert_eq!(numbers(&app).await, 0);
}

#[tokio::test]
async fn other_clients_are_answered_as_without_a_console() {
    let app = TestApp::builtin();
    for headers in OTHERS {
        app.call("GET", "/", headers, "").await.assert_gateway(
            404,
            "APIGW.0101",
            "The API does not exist or has not been published in the environment.",
        );
        for path in ["/_sim", "/_sim/"] {
            let reply = app.call("GET", path, headers, "").await;
            assert_eq!((reply.status, &reply.json()["name"]), (200, &"bss-sim".into()), "{headers:?}: {reply:?}");
        }
    }
    assert_eq!(numbers(&app).await, OTHERS.len(), "the gateway's answers are recorded");
    for (method, path) in [("POST", "/"), ("HEAD", "/"), ("GET", "/v2"), ("GET", INDIVIDUAL)] {
        assert_eq!(app.call(method, path, DOCUMENT, "").await.status, 404, "{method} {path}");
    }
}

#[tokio::test]
async fn the_console_has_every_file_of_its_folder_with_headers_that_confine_it() {
    let app = TestApp::builtin();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/control/ui");
    let mut bytes = 0;
    for file in fs::read_dir(folder).expect("a folder") {
        let path = file.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let content = fs::read_to_string(&path).expect("a file of text");
        bytes += content.len();
        assert!(!content.contains("://"), "{name} leads to another place");
        let (served, media_type) = match name {
            "index.html" => ("", "text/html; charset=utf-8"),
            "console.css" => (name, "text/css; charset=utf-8"),
            _ => (name, "text/javascript; charset=utf-8"),
        };
        let reply = app.call("GET", &format!("/_sim/ui/{served}"), &[], "").await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(media_type)), "{name}");
        assert_eq!(reply.body, content, "{name}");
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-cache"),
        ] {
            assert_eq!(reply.header(header), Some(value), "{name}");
        }
        let policy = reply.header("content-security-policy").expect("a policy");
        let directives: Vec<_> = policy.split("; ").collect();
        for directive in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"] {
            assert!(directives.contains(&directive), "{name}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("set-cookie"), None);
    }
    assert!((1..60 * 1024).contains(&bytes), "{bytes} bytes");
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_304() {
    let app = TestApp::builtin();
    let path = "/_sim/ui/console.css";
    let tag = app.call("GET", path, &[], "").await.header("etag").expect("a tag").to_owned();
    for (known, status) in [
        (tag.clone(), 304),
        (format!("W/{tag}"), 304),
        (format!("\"other\", {tag}"), 304),
        ("\"other\"".to_owned(), 200),
    ] {
        let reply = app.call("GET", path, &[("if-none-match", &known)], "").await;
        assert_eq!((reply.status, reply.body.is_empty()), (status, status == 304), "{known}");
        assert_eq!(reply.header("etag"), Some(tag.as_str()));
    }
}

#[tokio::test]
async fn what_the_console_does_not_have_is_the_control_apis_error() {
    let app = TestApp::builtin();
    for (method, path, status, error) in [
        ("GET", "/_sim/ui/none.js", 404, "not_found"),
        ("GET", "/_sim/ui/index.html", 404, "not_found"),
        ("GET", "/_sim/ui/../../Cargo.toml", 404, "not_found"),
        ("POST", "/_sim/ui/", 405, "unknown_method"),
    ] {
        let reply = app.call(method, path, &[], "").await;
        assert_eq!((reply.status, &reply.json()["error"]), (status, &error.into()), "{method} {path}");
    }
    let rebound = app.call("GET", "/_sim/ui/", &[("host", "evil.example")], "").await;
    assert_eq!((rebound.status, &rebound.json()["error"]), (403, &"forbidden".into()), "{rebound:?}");
}

#[tokio::test]
async fn files_need_no_control_token_but_what_they_ask_for_does() {
    let process = Process::start(&["--control-token", "t"]);
    let status = async |path: &str| process.client().call("GET", path, &[], "").await.status;
    assert_eq!((status("/_sim/ui/").await, status("/_sim/ui/console.js").await), (200, 200));
    assert_eq!((status("/_sim/journal").await, status("/_sim").await), (401, 401));
}

#[tokio::test]
async fn serve_no_console_has_none_and_leads_nowhere() {
    let flag = Process::start(&["--no-console"]);
    let variable = Process::spawn(binary().args(["--listen", "127.0.0.1:0"]).env("BSS_SIM_NO_CONSOLE", "true"));
    for process in [flag, variable] {
        assert_eq!(process.ready["console"], Value::Null);
        for (path, status) in [("/", 404), ("/_sim", 200), ("/_sim/", 200), ("/_sim/ui", 404), ("/_sim/ui/", 404)] {
            assert_eq!(process.client().call("GET", path, DOCUMENT, "").await.status, status, "{path}");
        }
        assert_eq!(numbers(&process.client()).await, 1);
    }
}

#[tokio::test]
async fn serve_control_listen_has_the_console_there_only() {
    let process = Process::start(&["--control-listen", "127.0.0.1:0"]);
    let control = Client::of_url(text(&process.ready["control_url"]));
    for path in ENTRANCES {
        let led = control.call("GET", path, DOCUMENT, "").await;
        assert_led(&led);
        led.id();
        assert_eq!(process.client().call("GET", path, DOCUMENT, "").await.status, 404, "{path}");
    }
    assert_eq!(control.call("GET", "/_sim/ui/", &[], "").await.status, 200);
    assert_eq!(process.client().call("GET", "/_sim/ui/", &[], "").await.status, 404);
    for path in ["/", "/v3/auth/domains"] {
        let elsewhere = control.call("GET", path, &[], "").await;
        assert_eq!((elsewhere.status, keys(&elsewhere.json())), (404, vec!["error", "detail"]), "{path}");
        elsewhere.id();
    }
    let console = format!("{}/_sim/ui/", text(&process.ready["control_url"]));
    assert_eq!(process.ready["console"], console.as_str());
}
