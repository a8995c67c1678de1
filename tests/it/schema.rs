//! The JSON Schema of scenario files, and the files that editors check by it.

use std::fs;
use std::path::{Path, PathBuf};

use axum::http::Method;
use bss_sim::Simulator;
use serde_json::Value;

use crate::process::run;
use crate::service::Service;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

#[tokio::test]
async fn the_schema_is_the_same_wherever_it_is_had() {
    let (code, printed, _) = run(&["schema"]);
    assert_eq!(code, Some(0));
    let committed = fs::read_to_string(Path::new(FIXTURES).join("scenario.schema.json")).unwrap_or_default();
    let renew = "cargo run -- schema > fixtures/scenario.schema.json";
    assert!(committed == printed, "fixtures/scenario.schema.json is out of date; renew it: {renew}");
    let (status, served) = Service::builtin().control(Method::GET, "/schema/fixture.json", None).await;
    assert_eq!(status, 200);
    assert_eq!(served, serde_json::from_str::<Value>(&printed).expect("a schema is JSON"));
}

#[test]
fn every_fixture_names_its_schema_to_editors() {
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
fn a_schema_beside_fixtures_is_none_of_them() {
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
