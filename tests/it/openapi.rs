//! `GET /_sim/openapi.json`: the document and the doors that it describes. The tests of `tests/openapi` hold it against a
//! validator, and against what Schemathesis makes of it.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::Value;

use crate::python::Suite;
use crate::service::Service;

async fn document(service: &Service) -> Value {
    let (status, document) = service.control(Method::GET, "/openapi.json", None).await;
    assert_eq!(status, 200);
    document
}

#[tokio::test]
async fn every_operation_is_answered_by_its_door() {
    let service = Service::builtin();
    let document = document(&service).await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().expect("a mapping") {
        for (method, operation) in methods.as_object().expect("a mapping") {
            if operation["operationId"] == "followJournal" {
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let path = path.replace(['{', '}'], "");
            let reply = service.call(method.clone(), &path, &[], "").await;
            let unknown = ["route", "APIGW.0101"].iter().any(|word| reply.body.contains(word));
            assert!(!unknown || reply.status != 404, "{method} {path}: {reply:?}");
            assert!(operation["responses"][reply.status.as_str()].is_object(), "{method} {path}: {reply:?}");
            operations += 1;
        }
    }
    assert!(operations > 40, "only {operations} operations are described");
}

#[tokio::test]
async fn every_operation_says_what_it_does() {
    let document = document(&Service::builtin()).await;
    let paths = document["paths"].as_object().expect("a mapping");
    let mut names = BTreeSet::new();
    for (path, operation) in paths.iter().flat_map(|(path, methods)| {
        methods.as_object().expect("a mapping").values().map(move |operation| (path, operation))
    }) {
        let name = operation["operationId"].as_str().unwrap_or_default();
        assert!(!name.is_empty() && names.insert(name), "{path}: {name:?} is no name of its own");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name} has no summary");
        let mut statuses = operation["responses"].as_object().expect("a mapping").keys();
        assert!(statuses.any(|status| status.starts_with('2')), "{name} never goes well");
    }
}

#[tokio::test]
async fn what_the_index_links_to_is_there() {
    let service = Service::builtin();
    let document = document(&service).await;
    let (_, index) = service.control(Method::GET, "", None).await;
    let links = index["links"].as_array().expect("a list");
    assert!(links.iter().any(|link| link == "/_sim/openapi.json"), "{links:?}");
    assert!(!links.iter().any(|link| link == "/_sim/tls/ca.pem"), "there is no CA: {links:?}");
    for link in links {
        assert!(document["paths"][link.as_str().expect("a path")]["get"].is_object(), "{link} is not described");
    }
}

#[tokio::test]
async fn a_name_that_is_no_text_is_told_in_json() {
    let reply = Service::builtin().call(Method::GET, "/_sim/customers/%FF", &[], "").await;
    assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (400, &"malformed".into()), "{reply:?}");
}

#[test]
fn the_doors_do_what_the_document_says() {
    Suite { name: "openapi", subject: "the document of OpenAPI", least_python: 11 }.run(&[]);
}
