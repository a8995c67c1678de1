//! `GET /_sim/openapi.json`, `GET /_sim/schema/fixture.json`, and what every control call has in common. The suite in
//! `tests/openapi` holds the document against a validator and against Schemathesis.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bss_sim::Simulator;
use serde_json::{Value, json};

use crate::support::{Process, TestApp, keys, list, run, text};

#[tokio::test]
async fn openapi_operations_are_all_routed() {
    let app = TestApp::builtin();
    let document = app.get("/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().expect("a mapping") {
        for (method, operation) in methods.as_object().expect("a mapping") {
            if operation["operationId"] == "followJournal" {
                continue;
            }
            let path = path.replace(['{', '}'], "");
            let reply = app.call(&method.to_uppercase(), &path, &[], "").await;
            let unknown = ["route", "APIGW.0101"].iter().any(|word| reply.body.contains(word));
            assert!(!unknown || reply.status != 404, "{method} {path}: {reply:?}");
            assert!(operation["responses"][reply.status.to_string()].is_object(), "{method} {path}: {reply:?}");
            operations += 1;
        }
    }
    assert!(operations > 40, "only {operations} operations are described");
}

#[tokio::test]
async fn openapi_operations_have_an_id_a_summary_and_a_success() {
    let document = TestApp::builtin().get("/openapi.json").await;
    let paths = document["paths"].as_object().expect("a mapping");
    let mut names = BTreeSet::new();
    for (path, operation) in paths.iter().flat_map(|(path, methods)| {
        methods.as_object().expect("a mapping").values().map(move |operation| (path, operation))
    }) {
        let name = text(&operation["operationId"]);
        assert!(!name.is_empty() && names.insert(name), "{path}: {name:?} is no name of its own");
        assert!(!text(&operation["summary"]).is_empty(), "{name} has no summary");
        assert!(keys(&operation["responses"]).iter().any(|status| status.starts_with('2')), "{name} has no success");
    }
}

#[tokio::test]
async fn get_index_links_are_described() {
    let app = TestApp::builtin();
    let document = app.get("/openapi.json").await;
    let index = app.get("").await;
    let links = list(&index, "links");
    assert!(links.iter().any(|link| link == "/_sim/openapi.json"), "{links:?}");
    assert!(!links.iter().any(|link| link == "/_sim/tls/ca.pem"), "there is no CA: {links:?}");
    for link in links {
        assert!(document["paths"][text(link)]["get"].is_object(), "{link} is not described");
    }
}

#[tokio::test]
async fn get_index_lists_every_call_with_a_line() {
    let app = TestApp::builtin();
    let document = app.get("/openapi.json").await;
    let index = app.get("").await;
    assert_eq!((&index["control"], &index["version"]), (&json!(1), &json!(env!("CARGO_PKG_VERSION"))), "{index}");
    let path_is_control = |(path, _): &(&String, &Value)| path.starts_with("/_sim");
    let described = document["paths"].as_object().expect("a mapping").iter().filter(path_is_control);
    let described = described.flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("a mapping").iter().filter(|(method, _)| *method != "head");
        methods.map(move |(method, operation)| (method.to_uppercase(), path.as_str(), text(&operation["summary"])))
    });
    let calls = list(&index, "calls").iter();
    let listed = calls.map(|call| (text(&call["method"]).to_owned(), text(&call["path"]), text(&call["summary"])));
    let described: BTreeSet<_> = described.filter(|(_, path, _)| *path != "/_sim/tls/ca.pem").collect();
    assert_eq!(listed.collect::<BTreeSet<_>>(), described);
    let with_slash = app.get("/").await;
    assert_eq!((&with_slash["calls"], &with_slash["name"]), (&index["calls"], &json!("bss-sim")));
}

#[tokio::test]
async fn control_call_with_another_method_is_405_with_those_there_are() {
    let app = TestApp::builtin();
    let index = app.get("").await;
    let paths: BTreeSet<_> = list(&index, "calls").iter().map(|call| text(&call["path"])).collect();
    for path in paths.into_iter().chain(["/_sim/"]) {
        let calls = list(&index, "calls").iter().filter(|call| text(&call["path"]) == path.trim_end_matches('/'));
        let mut known: BTreeSet<_> = calls.map(|call| text(&call["method"])).collect();
        known.extend(known.contains("GET").then_some("HEAD"));
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            if known.contains(method) {
                continue;
            }
            let reply = app.call(method, &path.replace(['{', '}'], ""), &[], "").await;
            assert_eq!((reply.status, &reply.json()["error"]), (405, &json!("unknown_method")), "{method} {path}");
            let allowed: BTreeSet<_> = reply.header("allow").unwrap_or_default().split(',').collect();
            assert_eq!(allowed, known, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn get_customer_with_an_id_that_is_no_utf8_is_400() {
    let reply = TestApp::builtin().call("GET", "/_sim/customers/%FF", &[], "").await;
    assert_eq!((reply.status, &reply.json()["error"]), (400, &"malformed".into()), "{reply:?}");
}

/// Some control calls, with what they answer.
const CALLS: [(&str, &str, u16); 19] = [
    ("GET", "", 200),
    ("GET", "/catalog", 200),
    ("GET", "/scenarios", 200),
    ("GET", "/scenarios/default", 200),
    ("GET", "/scenarios/defualt", 404),
    ("GET", "/spaces", 200),
    ("POST", "/reset", 200),
    ("GET", "/world", 200),
    ("GET", "/customers", 200),
    ("GET", "/journal", 200),
    ("GET", "/clock", 200),
    ("GET", "/scripted", 200),
    ("GET", "/schema/fixture.json", 200),
    ("DELETE", "/journal", 204),
    ("GET", "/unknown", 404),
    ("GET", "/customers/c-1/unknown", 404),
    ("PATCH", "/customers/c-1", 405),
    ("POST", "/clock", 405),
    ("GET", "/verify", 405),
];

#[tokio::test]
async fn control_answers_have_request_ids_and_refusals_have_error_and_detail() {
    let app = TestApp::with("");
    let mut ids = BTreeSet::new();
    for (method, path, status) in CALLS.into_iter().chain([("HEAD", "/readyz", 200), ("POST", "/livez", 405)]) {
        let reply = app.call(method, &format!("/_sim{path}"), &[], "").await;
        assert_eq!(reply.status, status, "{path}: {reply:?}");
        assert!(ids.insert(reply.id().to_owned()), "{path}: {reply:?}");
        assert!(status < 400 || keys(&reply.json()) == ["error", "detail"], "{path}: {reply:?}");
    }
    assert!(app.space.journal().is_empty(), "control calls are not journalled");
}

#[tokio::test]
async fn control_calls_with_more_than_12_mib_are_413() {
    let app = TestApp::builtin();
    let body = " ".repeat(12 * 1024 * 1024 + 1);
    for (method, path) in [("POST", "/explain"), ("PUT", "/world"), ("PUT", "/customers/c-1")] {
        let reply = app.call(method, &format!("/_sim{path}"), &[], body.clone()).await;
        assert_eq!((reply.status, &reply.json()["error"]), (413, &"too_large".into()), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn serve_control_token_protects_all_calls_but_health() {
    let process = Process::start(&["--control-token", "control-secret"]);
    let client = process.client();
    for (method, path, status) in CALLS {
        let call = async |shown: &[_]| client.call(method, &format!("/_sim{path}"), shown, "").await;
        for wrong in [
            &[][..],
            &[("authorization", "Bearer control")],
            &[("authorization", "Bearer control-secret2")],
            &[("authorization", "control-secret")],
            &[("x-auth-token", "control-secret")],
        ] {
            let refused = call(wrong).await;
            assert_eq!((refused.status, refused.json()["error"].is_string()), (401, true), "{path}: {wrong:?}");
            refused.id();
        }
        assert_eq!(call(&[("authorization", "Bearer control-secret")]).await.status, status, "{path}");
    }
    for path in ["/_sim/livez", "/_sim/readyz"] {
        assert_eq!(client.call("GET", path, &[], "").await.status, 200, "{path}");
        assert_eq!(client.call("HEAD", path, &[], "").await.status, 200, "{path}");
    }
    client.post_as("demo-token", "{}").await.assert_parameter_error();
}

#[tokio::test]
async fn get_ca_without_tls_is_404() {
    let (status, error) = TestApp::builtin().control("GET", "/tls/ca.pem", &Value::Null).await;
    assert_eq!((status, &error["error"]), (404, &json!("not_found")));
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

#[tokio::test]
async fn schema_of_command_call_and_file_is_the_same() {
    let (code, printed, _) = run(&["schema"]);
    assert_eq!(code, Some(0));
    let committed = fs::read_to_string(Path::new(FIXTURES).join("scenario.schema.json")).unwrap_or_default();
    let renew = "cargo run -- schema > fixtures/scenario.schema.json";
    assert!(committed == printed, "fixtures/scenario.schema.json is out of date; renew it: {renew}");
    let served = TestApp::builtin().get("/schema/fixture.json").await;
    assert_eq!(served, serde_json::from_str::<Value>(&printed).expect("a schema is JSON"));
}

#[test]
fn fixtures_name_their_schema() {
    let mut files = 0;
    visit(Path::new(FIXTURES), &mut |file| {
        let text = fs::read_to_string(file).expect("a fixture is text");
        let first = text.lines().next().unwrap_or_default();
        let schema = first.strip_prefix("# yaml-language-server: $schema=").unwrap_or_else(|| {
            panic!("{} does not begin with its schema, but with {first:?}", file.display());
        });
        let schema = file.parent().expect("a file is in a folder").join(schema);
        let there = Path::new(FIXTURES).join("scenario.schema.json").canonicalize().expect("the schema is there");
        assert_eq!(schema.canonicalize().ok(), Some(there), "{} names another schema", file.display());
        files += 1;
    });
    assert!(files > 30, "only {files} fixtures were found");
}

#[test]
fn schema_beside_fixtures_is_no_fixture() {
    Simulator::builder().fixtures(FIXTURES).build().expect("all of the directory are fixtures, but for the schema");
}

/// Looks at all YAML files below a directory.
fn visit(directory: &Path, inspect: &mut dyn FnMut(&PathBuf)) {
    for entry in fs::read_dir(directory).expect("the fixtures are there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            visit(&path, inspect);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            inspect(&path);
        }
    }
}
