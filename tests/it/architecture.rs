//! The layers of `src`: what each may use, the size of the files, and no circles between folders.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder, the modules and words that it may not use, and why.
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
        "the simulator does not know HTTP and files",
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
        "a bucket is read here, and nothing is decided",
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
        "a fixture becomes a world, and does not know what serves it",
    ),
    (
        "http",
        &["crate::pictures", "crate::cli", "crate::embedded", "crate::import", "clap", "std::env"],
        "the caller of HTTP says what is served",
    ),
    ("http/bss.rs", &["crate::http::server"], "handlers do not know connections"),
    (
        "import",
        &["crate::pictures", "crate::cli", "crate::embedded", "clap", "std::env", "std::fs"],
        "a capture is read from anywhere, and is answered without a socket",
    ),
    ("http/iam.rs", &["crate::http::server"], "handlers do not know connections"),
    ("http/control", &["crate::http::server"], "handlers do not know connections"),
    (
        "http/server",
        &["crate::http::bss", "crate::http::iam", "crate::http::control"],
        "connections do not know what is asked on them",
    ),
    (
        "state_file",
        &["crate::pictures", "crate::http", "crate::cli", "crate::embedded", "axum", "tokio", "std::fs", "std::env"],
        "the command line says where the state is, and when it is written",
    ),
    ("cli", &["crate::embedded"], "the program does not use the library's public face"),
    (
        "embedded",
        &["crate::cli", "clap", "tracing", "std::env", "set_hook"],
        "a simulator in a test needs nothing of the program, and changes nothing that is global to the process",
    ),
];

#[test]
fn layers_use_only_what_is_below_them() {
    let sources = Sources::read();
    for (layer, forbidden, why) in LAYERS {
        let mut files = 0;
        for source in sources.0.values().filter(|source| source.path.starts_with(layer)) {
            files += 1;
            let uses = sources.uses(source);
            for word in *forbidden {
                let is_used = match word.strip_prefix("crate::") {
                    Some(module) => uses.iter().any(|used| format!("{used}::").starts_with(&format!("{module}::"))),
                    None => source.code.contains(word),
                };
                assert!(!is_used, "{} uses `{word}`: {why}", source.path.display());
            }
        }
        assert!(files > 0, "the layer {layer} was not found");
    }
}

#[test]
fn operating_systems_differ_in_one_folder() {
    for source in Sources::read().0.values().filter(|source| !source.path.starts_with("cli/system")) {
        for word in ["std::os::", "cfg(unix", "cfg(windows", "target_os", "signal::unix", "signal::windows"] {
            assert!(!source.code.contains(word), "{} has `{word}`: it belongs to cli/system", source.path.display());
        }
    }
}

#[test]
fn files_have_40_to_700_lines() {
    let wrong: Vec<_> = Sources::read()
        .0
        .into_values()
        .filter(
            |source| !matches!(source.path.file_stem(), Some(name) if name == "mod" || name == "main" || name == "lib"),
        )
        .filter(|source| !(40..=700).contains(&source.lines))
        .map(|source| format!("{}: {}", source.path.display(), source.lines))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_use_each_other_only_within_a_folder() {
    let sources = Sources::read();
    let uses: BTreeMap<_, _> =
        sources.0.iter().map(|(module, source)| (module.as_str(), sources.uses(source))).collect();
    let folder = |module| sources.0[module].path.parent();
    let mut circles = Vec::new();
    for (from, used) in &uses {
        for to in used.iter().filter(|to| folder(*from) != folder(to.as_str()) && reached(&uses, to).contains(from)) {
            circles.push(format!("{from} uses {to}, which uses {from} or what uses it"));
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Returns the modules that a module uses, and those that they use, and so on.
fn reached<'a>(uses: &'a BTreeMap<&str, BTreeSet<String>>, from: &'a str) -> BTreeSet<&'a str> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        open.extend(uses[module].iter().map(String::as_str).filter(|used| reached.insert(*used)));
    }
    reached
}

/// The sources by module, such as `http::server::io`. The name of the crate's root is empty.
struct Sources(BTreeMap<String, Source>);

struct Source {
    module: String,
    /// Below `src`.
    path: PathBuf,
    lines: usize,
    /// Without comments and without the module `tests`.
    code: String,
    /// The names that `use` brings into scope, with their paths.
    imports: Vec<(String, String)>,
}

impl Sources {
    fn read() -> Self {
        let (root, mut sources) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), BTreeMap::new());
        let mut open = vec![root.clone()];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source is text");
                let source = Source::new(path.strip_prefix(&root).expect("it is below the root"), &text);
                sources.insert(source.module.clone(), source);
            }
        }
        Self(sources)
    }

    /// Returns the modules whose items a file names. A name that is exported again counts for where it comes from.
    fn uses(&self, source: &Source) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut rest = source.code.as_str();
        while let Some(start) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
            let continues = rest[..start].ends_with("::");
            let mut paths = Vec::new();
            rest = read_tree(&rest[start..], "", &mut paths);
            let paths = paths.iter().filter(|(_, path)| !continues && path.contains("::"));
            found.extend(paths.filter_map(|(_, path)| self.resolve(&source.module, path, 0)));
        }
        found.remove(&source.module);
        found
    }

    /// Returns the module of an item that a path names in a module. `None` if it is none of the crate's.
    fn resolve(&self, module: &str, path: &str, depth: usize) -> Option<String> {
        let (mut at, mut first) = (module.to_owned(), true);
        for name in path.split("::") {
            let below = if at.is_empty() { name.to_owned() } else { format!("{at}::{name}") };
            match name {
                "crate" => at.clear(),
                "self" => {}
                "super" => at = at.rsplit_once("::").map_or(String::new(), |(parent, _)| parent.to_owned()),
                _ if self.0.contains_key(&below) => at = below,
                _ if first => return None,
                _ => {
                    let import =
                        self.0[&at].imports.iter().find(|(import, path)| import == name && depth < 9 && path != name);
                    return import.and_then(|(_, path)| self.resolve(&at, path, depth + 1)).or(Some(at));
                }
            }
            first = false;
        }
        Some(at)
    }
}

impl Source {
    fn new(path: &Path, text: &str) -> Self {
        let lines = text.lines().count();
        let name = path.with_extension("").to_str().expect("a file's name is text").replace('/', "::");
        let module = name.strip_suffix("::mod").unwrap_or(if name == "lib" { "" } else { &name }).to_owned();
        let text = text.split_once("#[cfg(test)]\nmod tests {").map_or(text, |(before, _)| before);
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect();
        let mut imports = Vec::new();
        for (start, _) in code.match_indices("use ").filter(|(start, _)| code[..*start].ends_with(['\n', ' '])) {
            read_tree(&code[start + 4..], "", &mut imports);
        }
        Self { module, path: path.to_owned(), lines, code, imports }
    }
}

/// Reads a path, or a tree of paths as in `use`: each with the name that it brings into scope. Returns what follows.
fn read_tree<'a>(text: &'a str, prefix: &str, found: &mut Vec<(String, String)>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = read_tree(rest, prefix, found).trim_start().trim_start_matches(',').trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if let Some(below) = rest
        .strip_prefix("::")
        .filter(|below| below.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '{' || c == '*'))
    {
        return read_tree(below, &format!("{prefix}{name}::"), found);
    }
    let path = format!("{prefix}{name}");
    let path = path.trim_end_matches("::self").trim_end_matches("::");
    let alias = rest
        .strip_prefix(" as ")
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().expect("a name"));
    let name = alias.unwrap_or(path.rsplit("::").next().expect("a name"));
    found.push((name.to_owned(), path.to_owned()));
    rest.strip_prefix('*').unwrap_or(rest)
}
