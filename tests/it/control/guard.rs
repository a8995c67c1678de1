//! Who may call the control API: no page of another site in a browser, and with a control token only who shows it.

use axum::http::{HeaderValue, Request};
use serde_json::{Value, json};

use crate::support::*;

const EVIL: (&str, &str) = ("origin", "http://evil.example");

/// Asserts that a call is refused as forbidden, for this reason.
#[track_caller]
fn assert_forbidden(reply: &Reply, reason: &str) {
    let body = reply.json();
    assert_eq!((reply.status, &body["error"], keys(&body).len()), (403, &json!("forbidden"), 2), "{reply:?}");
    assert!(text(&body["detail"]).contains(reason), "{reply:?}");
    assert_eq!(reply.header("access-control-allow-origin"), None, "{reply:?}");
    reply.id();
}

/// Asserts whether calls with these headers are allowed.
async fn assert_allowed(client: &Client, is_allowed: bool, headers: &[(&str, &str)], reason: &str) {
    let reply = client.call("GET", "/_sim/clock", headers, "").await;
    if is_allowed {
        assert_eq!(reply.status, 200, "{headers:?}: {reply:?}");
    } else {
        assert_forbidden(&reply, reason);
    }
}

const LOCAL_HOSTS: [&str; 26] = [
    "127.0.0.1",
    "127.0.0.1:8080",
    "127.0.0.1.",
    "0.0.0.0:8080",
    // A pod, as the kubelet calls it, and a machine in the network.
    "10.42.0.7:8080",
    "192.168.1.20",
    "[::1]",
    "[::1]:8080",
    "[fd00::a:7]:80",
    "[::ffff:127.0.0.1]",
    "localhost",
    "localhost:8080",
    "LocalHost.",
    "localhost:",
    // Services of compose, and containers.
    "bss",
    "bss-sim:8080",
    "my_project-bss-1:8080",
    "host.docker.internal:8080",
    "gateway.docker.internal",
    "bss.localhost",
    "printer.LOCAL.:80",
    // Services of Kubernetes.
    "bss.team.svc:8080",
    "bss.team.svc.cluster.local",
    "bss.test",
    "a.b.c.internal",
    "xn--bcher-kva.local",
];

const OTHER_HOSTS: [&str; 29] = [
    "evil.example",
    "evil.example:8080",
    "EVIL.example.",
    "bss.example.com",
    // As some public name services resolve it.
    "127.0.0.1.nip.io",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "bss.localhost.com",
    "evil.xlocal",
    "evil.locals",
    "evil.svc.com",
    "256.1.1.1",
    "127.1",
    "",
    " ",
    ".",
    ".local",
    "a..local",
    "::1",
    "[::1",
    "[127.0.0.1]",
    "[evil.local]",
    "[::1]x",
    "localhost:x",
    "localhost:+80",
    "localhost:99999",
    "evil.example@localhost",
    "evil.example/.local",
    "localhost, evil.example",
];

#[tokio::test]
async fn control_calls_need_a_local_host() {
    let app = TestApp::builtin();
    for host in LOCAL_HOSTS {
        assert_allowed(&app, true, &[("host", host)], "").await;
    }
    for host in OTHER_HOSTS {
        assert_allowed(&app, false, &[("host", host)], "--control-host").await;
    }
    // Nothing but a test and HTTP/1.0 leave it out.
    assert_allowed(&app, true, &[], "").await;
}

#[tokio::test]
async fn control_calls_with_two_hosts_or_one_that_is_no_text_are_403() {
    let app = TestApp::builtin();
    assert_allowed(&app, false, &[("host", "localhost"), ("host", "localhost")], "`localhost, localhost` is").await;
    let mut request = Request::get("/_sim/clock").body("").expect("a request");
    request.headers_mut().insert("host", HeaderValue::from_bytes(b"b\xFFs").expect("a value"));
    assert_forbidden(&app.send(request).await, "`b\u{fffd}s` is unknown");
}

#[tokio::test]
async fn control_calls_repeat_little_of_what_they_refuse() {
    let app = TestApp::builtin();
    for name in ["host", "origin", "sec-fetch-site"] {
        let reply = app.call("GET", "/_sim/clock", &[(name, &"e.".repeat(50_000))], "").await;
        assert_forbidden(&reply, ".…`");
        assert!(reply.body.len() < 300, "{name}: {}", reply.body.len());
    }
}

#[tokio::test]
async fn control_calls_by_sec_fetch_site_are_of_the_own_site_only() {
    let app = TestApp::builtin();
    for (site, is_allowed) in [
        ("same-origin", true),
        ("none", true),
        ("same-site", false),
        ("cross-site", false),
        ("unknown", false),
        ("Same-Origin", false),
        ("same-origin, none", false),
        ("", false),
    ] {
        for origin in [None, Some("http://localhost"), Some("http://evil.example"), Some("null")] {
            // The browser knows better than the names do: a proxy may have changed them.
            let origin = origin.map(|origin| ("origin", origin));
            let headers: Vec<_> = [("host", "localhost"), ("sec-fetch-site", site)].into_iter().chain(origin).collect();
            assert_allowed(&app, is_allowed, &headers, &format!("`sec-fetch-site: {site}`")).await;
        }
    }
    let twice = [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")];
    assert_allowed(&app, false, &twice, "`sec-fetch-site: cross-site`").await;
}

#[tokio::test]
async fn control_calls_by_origin_are_of_the_own_host_and_port_only() {
    let app = TestApp::builtin();
    for (host, own, other) in [
        (
            "bss",
            &["http://bss", "https://bss", "http://BSS.:80", "https://bss:443"][..],
            &[
                "http://bss:443",
                "https://bss:80",
                "http://bss:8080",
                "http://bs",
                "http://bss.evil.example",
                "ftp://bss",
            ][..],
        ),
        ("bss:80", &["http://bss", "http://bss:80"], &["https://bss", "http://bss:81"]),
        ("bss:443", &["https://bss", "http://bss:443"], &["http://bss"]),
        ("BSS:8080", &["http://bss:8080", "https://bss:8080"], &["http://bss", "http://localhost:8080"]),
        ("127.0.0.1:8080", &["http://127.0.0.1:8080"], &["http://localhost:8080", "http://127.0.0.1:3000"]),
        ("[::1]:8080", &["http://[::1]:8080", "http://[0:0::1]:8080"], &["http://[::2]:8080", "http://::1:8080"]),
        (
            "localhost",
            &[],
            &["null", "", "localhost", "http://", "http://localhost/", "http://a@localhost", "//localhost"],
        ),
        (
            "localhost",
            &[],
            &["chrome-extension://localhost", "file://localhost", "http://localhost http://evil.example"],
        ),
    ] {
        for (origins, is_allowed) in [(own, true), (other, false)] {
            for origin in origins {
                let headers = [("host", host), ("origin", *origin)];
                assert_allowed(&app, is_allowed, &headers, &format!("`origin: {origin}`")).await;
            }
        }
    }
    // It belongs to no host.
    assert_allowed(&app, false, &[("origin", "http://localhost")], "`origin: ").await;
    let twice = [("host", "localhost"), ("origin", "http://localhost"), EVIL];
    assert_allowed(&app, false, &twice, "`origin: http://evil.example`").await;
}

/// Everything that calls of another site could have changed.
async fn everything(app: &TestApp) -> Vec<Value> {
    let mut everything = Vec::new();
    for path in ["/world", "/journal", "/spaces", "/scripted", "/scenarios"] {
        everything.push(app.get(path).await);
    }
    // Reading all this is a use of the space.
    for space in everything[2]["spaces"].as_array_mut().expect("a list") {
        space["last_used"] = Value::Null;
    }
    everything
}

#[tokio::test]
async fn control_calls_of_another_site_change_nothing() {
    let app = TestApp::with("customers: [{ id: c-1, partner: demo }, { id: c-2, partner: demo }]");
    app.apply(&passport("c-1")).await;
    let space = app.create_space(&json!({})).await;
    app.script(&json!({ "then": { "error_code": "CBC.0999" } })).await;
    let before = everything(&app).await;
    let space = format!("/spaces/{}", text(&space["id"]));
    let calls = [
        ("POST", "/reset", ""),
        ("POST", "/reload", ""),
        ("POST", "/spaces", "{}"),
        ("POST", "/scripted", r#"{"then":{"fault":"close"}}"#),
        ("POST", "/customers/c-1/review", r#"{"decision":"approve"}"#),
        ("POST", "/unknown", ""),
        ("PUT", "/world", "{}"),
        ("PUT", "/customers/c-2", r#"{"partner":"other"}"#),
        ("PUT", "/clock", r#"{"advance":"1h"}"#),
        ("DELETE", "/journal", ""),
        ("DELETE", "/scripted", ""),
        ("DELETE", "/customers/c-2", ""),
        ("DELETE", &space, ""),
        ("OPTIONS", "/reset", ""),
        ("HEAD", "/world", ""),
        ("GET", "/world", ""),
    ];
    // What a page may send without asking first: a form's three types, and none.
    let types = [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data")];
    let pages = [
        &[EVIL][..],
        &[("origin", "null")],
        &[EVIL, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
        &[EVIL, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
        &[("origin", "http://localhost:3000"), ("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")],
        &[("host", "evil.example"), EVIL],
        &[("host", "evil.example"), EVIL, ("sec-fetch-site", "same-origin")],
    ];
    for (method, path, body) in calls {
        for page in pages {
            for content_type in types {
                let host = (page[0].0 != "host").then_some(("host", "localhost:8080"));
                let content_type = content_type.map(|content_type| ("content-type", content_type));
                let headers: Vec<_> = page.iter().copied().chain(host).chain(content_type).collect();
                let reply = app.call(method, &format!("/_sim{path}"), &headers, body).await;
                assert_eq!(reply.status, 403, "{method} {path} {headers:?}: {reply:?}");
            }
        }
    }
    assert_eq!(everything(&app).await, before);
}

#[tokio::test]
async fn control_pages_may_be_linked_from_other_sites() {
    let app = TestApp::builtin();
    let site = ("sec-fetch-site", "cross-site");
    let navigation = [("host", "localhost"), site, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    for (method, path, is_allowed) in [
        ("GET", "/_sim", true),
        ("GET", "/_sim?space=default", true),
        ("GET", "/_sim/", true),
        ("GET", "/_sim/ui/", true),
        ("GET", "/_sim/ui/journal/1", true),
        ("GET", "/_sim/ui", true),
        ("GET", "/_sim/uix", false),
        ("GET", "/_sim/journal", false),
        ("POST", "/_sim", false),
        ("POST", "/_sim/ui/", false),
        ("HEAD", "/_sim", false),
    ] {
        let reply = app.call(method, path, &navigation, "").await;
        assert_eq!(reply.status != 403, is_allowed, "{method} {path}: {reply:?}");
    }
    for mode in ["cors", "no-cors", "websocket", "", "Navigate"] {
        let headers = [("host", "localhost"), site, ("sec-fetch-mode", mode)];
        assert_forbidden(&app.call("GET", "/_sim", &headers, "").await, "cross-site");
    }
    let rebound = [("host", "evil.example"), site, ("sec-fetch-mode", "navigate")];
    assert_forbidden(&app.call("GET", "/_sim", &rebound, "").await, "evil.example");
}

/// What the guard would refuse twice.
const FOREIGN: [(&str, &str); 3] = [("host", "bss.example.com"), EVIL, ("sec-fetch-site", "cross-site")];

#[tokio::test]
async fn probes_metrics_and_the_simulated_api_take_any_host_and_origin() {
    let app = TestApp::builtin();
    for path in ["/_sim/livez", "/_sim/readyz", "/_sim/metrics"] {
        for method in ["GET", "HEAD"] {
            assert_eq!(app.call(method, path, &FOREIGN, "").await.status, 200, "{method} {path}");
        }
    }
    assert_eq!(app.call("GET", "/_sim/tls/ca.pem", &FOREIGN, "").await.status, 404, "there is no CA");
    let headers = [&FOREIGN[..], &[JSON, ("x-auth-token", "demo-token")]].concat();
    let accepted = app.call("POST", INDIVIDUAL, &headers, builtin_passport("customer-new").to_string()).await;
    accepted.assert(200, r#"{"is_review":1}"#);
    for path in ["/_sim/metrics/", "/_sim/Metrics", "//_sim/metrics", "/_sim/%6detrics"] {
        let reply = app.call("GET", path, &FOREIGN, "").await;
        assert!([403, 404].contains(&reply.status), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn serve_control_token_allows_any_host_but_no_other_site() {
    let process = Process::start(&["--control-token", "control-secret"]);
    let client = process.client();
    let token = ("authorization", "Bearer control-secret");
    for (headers, status) in [
        (&[token, ("host", "bss.example.com")][..], 200),
        (&[token, ("host", "bss.example.com"), ("origin", "https://bss.example.com")], 200),
        (&[token, ("host", "bss.example.com"), ("sec-fetch-site", "same-origin")], 200),
        (&[token, ("host", "bss.example.com"), EVIL], 403),
        (&[token, ("host", "localhost"), EVIL], 403),
        (&[token, ("host", "localhost"), ("sec-fetch-site", "cross-site")], 403),
        (&[("host", "bss.example.com")], 401),
        (&[("host", "localhost"), ("origin", "http://localhost")], 401),
    ] {
        let reply = client.call("POST", "/_sim/reset", headers, "").await;
        assert_eq!(reply.status, status, "{headers:?}: {reply:?}");
    }
    let metrics = async |headers: &[_]| client.call("GET", "/_sim/metrics", headers, "").await.status;
    assert_eq!(metrics(&FOREIGN).await, 401);
    assert_eq!(metrics(&[&FOREIGN[..], &[token]].concat()).await, 200);
    assert_eq!(client.call("GET", "/_sim/livez", &FOREIGN, "").await.status, 200);
}

#[tokio::test]
async fn serve_control_calls_over_http_1_0_need_no_host() {
    let process = Process::start(&[]);
    for (head, status) in [
        ("GET /_sim/clock HTTP/1.0\r\n", 200),
        ("GET /_sim/clock HTTP/1.0\r\nhost: bss.local\r\n", 200),
        ("GET /_sim/clock HTTP/1.0\r\nhost: evil.example\r\n", 403),
        ("GET /_sim/clock HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n", 403),
        ("GET /_sim/clock HTTP/1.1\r\nhost:\r\n", 403),
    ] {
        let mut connection = Connection::to(&process).await;
        connection.send(format!("{head}\r\n")).await;
        let reply = connection.reply().await;
        assert_eq!(reply.status, status, "{head}: {reply:?}");
    }
}

#[tokio::test]
async fn serve_control_calls_over_http2_are_judged_by_their_authority() {
    let process = Process::start_tls(&[]);
    let client = Client::http2(&process).await;
    for (authority, origin, status) in [
        ("localhost", None, 200),
        ("[::1]:8443", Some("https://[::1]:8443"), 200),
        ("bss.example.com", None, 403),
        ("bss.local", Some("https://bss.local:443"), 200),
        ("bss.local", Some("https://evil.example"), 403),
    ] {
        let request = Request::post(format!("https://{authority}/_sim/reset"));
        let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
        let reply = client.send(request.body("").expect("a request")).await;
        assert_eq!(reply.status, status, "{authority} {origin:?}: {reply:?}");
    }
}
