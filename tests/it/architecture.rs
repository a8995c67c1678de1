//! The arrows of the house point one way: a layer may know only what is below it.

use std::fs;
use std::path::Path;

/// A layer with the words that may not occur in it, and why.
const LAYERS: &[(&str, &[&str], &str)] = &[
    (
        "domain",
        &[
            "crate::pictures",
            "crate::simulator",
            "crate::fixture",
            "crate::http",
            "crate::cli",
            "crate::embedded",
            "axum",
            "tokio",
            "dashmap",
            "serde_json",
            "tracing",
            "std::fs",
            "std::env",
            "std::net",
            "Mutex",
            "Atomic",
            "async ",
            "Timestamp::now",
        ],
        "the domain is plain values and pure functions",
    ),
    (
        "simulator",
        &[
            "crate::fixture",
            "crate::http",
            "crate::cli",
            "crate::embedded",
            "axum",
            "serde",
            "std::fs",
            "std::env",
            "std::net",
            "hyper",
        ],
        "the simulator knows nothing of HTTP and nothing of files",
    ),
    (
        "pictures",
        &[
            "crate::simulator",
            "crate::fixture",
            "crate::http",
            "crate::cli",
            "crate::embedded",
            "axum",
            "dashmap",
            "std::env",
        ],
        "a bucket is looked into, and nothing is decided there",
    ),
    (
        "fixture",
        &[
            "crate::pictures",
            "crate::simulator",
            "crate::http",
            "crate::cli",
            "crate::embedded",
            "axum",
            "tokio",
            "dashmap",
            "std::env",
            "std::net",
        ],
        "a fixture becomes a world and knows nothing of who serves it",
    ),
    ("http", &["crate::pictures", "crate::cli", "crate::embedded", "clap", "std::env"], "HTTP is told what to serve"),
    ("cli", &["crate::embedded"], "the program is no user of the library's face"),
    (
        "embedded",
        &["crate::cli", "clap", "tracing", "std::env", "set_hook"],
        "what is inside a test takes nothing of the program, and changes nothing that is global to the process",
    ),
];

#[test]
fn arrows_point_one_way() {
    for (layer, forbidden, why) in LAYERS {
        let mut files = 0;
        visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(layer), &mut |path, text| {
            files += 1;
            for word in *forbidden {
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let found = code.into_iter().any(|line| line.contains(word));
                assert!(!found, "{} mentions `{word}`: {why}", path.display());
            }
        });
        assert!(files > 2, "the layer {layer} was not found");
    }
}

#[test]
fn no_room_has_outgrown_its_walls() {
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut |path, text| {
        let lines = text.lines().count();
        assert!(lines <= 600, "{} has {lines} lines: it holds more than one noun", path.display());
    });
}

fn visit(directory: &Path, look_at: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(directory).expect("the sources are there").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            visit(&entry, look_at);
        } else {
            look_at(&entry, &fs::read_to_string(&entry).expect("a source is text"));
        }
    }
}
