//! The READMEs, CONTRIBUTING.md and the files of `docs` are true: their commands run, their answers are those shown, their links
//! lead somewhere.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bss_sim::Scenario;
use serde_json::{Value, json};

use crate::support::{
    INDIVIDUAL, JSON, Process, Reply, TestApp, TestDir, binary, builtin_passport, keys, list, now, passport, run, text,
    with,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A Markdown file.
struct Document {
    /// Its path below the root of the project.
    path: PathBuf,
    text: String,
}

/// A part of a document between two fences.
struct Block<'a> {
    language: &'a str,
    text: &'a str,
}

impl Document {
    #[track_caller]
    fn read(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let text = fs::read_to_string(Path::new(ROOT).join(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text }
    }

    fn all() -> Vec<Self> {
        let folder = fs::read_dir(Path::new(ROOT).join("docs")).expect("the folder docs exists");
        let docs = folder.map(|entry| Path::new("docs").join(entry.expect("the folder can be read").file_name()));
        // A picture is no document.
        let docs = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
        let others = ["README.md", "CONTRIBUTING.md", "packages/python/README.md", "packages/npm/bss-sim/README.md"]
            .map(PathBuf::from);
        let mut paths: Vec<_> = others.into_iter().chain(docs).collect();
        paths.sort();
        paths.into_iter().map(Self::read).collect()
    }

    fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        self.text.split("```").skip(1).step_by(2).map(|block| {
            let (language, text) = block.split_once('\n').expect("a block begins with its language");
            Block { language, text: text.trim_end() }
        })
    }

    /// The block that begins so.
    #[track_caller]
    fn block(&self, start: &str) -> &str {
        let block = self.blocks().find(|block| block.text.starts_with(start));
        block.unwrap_or_else(|| panic!("{} has no block that begins with {start:?}", self.path.display())).text
    }

    /// The table between the marks of this name.
    #[track_caller]
    fn table(&self, name: &str) -> &str {
        let (_, table) = self.text.split_once(&format!("<!-- {name} -->\n")).expect("the table has a start");
        table.split_once(&format!("<!-- /{name} -->")).expect("the table has an end").0
    }

    /// The flags with which it starts the simulator that its other commands call.
    fn flags(&self) -> Vec<&str> {
        let start = self.blocks().find_map(|block| block.text.strip_prefix("cargo run --release -- "));
        start.map_or(vec![], |flags| flags.split(' ').collect())
    }

    /// What stands between backticks, outside of blocks.
    fn code(&self) -> Vec<&str> {
        self.text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2)).collect()
    }

    /// The targets of its links.
    fn links(&self) -> impl Iterator<Item = &str> {
        self.text.split("](").skip(1).map(|rest| rest.split(')').next().expect("split has a first part"))
    }

    /// The anchors of its headings, as Git hosts make them.
    fn anchors(&self) -> Vec<String> {
        let headings = self.text.lines().filter(|line| line.starts_with('#'));
        let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-');
        headings
            .map(|line| line.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect::<String>())
            .map(|heading| heading.replace(' ', "-"))
            .collect()
    }
}

#[test]
fn tables_of_outcomes_are_the_catalog() {
    let (_, catalog, _) = run(&["catalog"]);
    let (_, all, _) = run(&["catalog", "--all"]);
    let outcomes = Document::read("docs/outcomes.md");
    assert_eq!(outcomes.table("catalog"), catalog);
    assert_eq!(format!("{catalog}\n{}", outcomes.table("other codes")), all);
}

#[test]
fn table_of_the_readme_is_the_catalog_in_short() {
    let (_, catalog, _) = run(&["catalog"]);
    assert_eq!(Document::read("README.md").table("catalog"), columns(&catalog, ["outcome", "scenario", "basis"]));
}

/// These columns of a Markdown table.
fn columns<const N: usize>(table: &str, headings: [&str; N]) -> String {
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
    let places = headings.map(|heading| rows[0].iter().position(|cell| *cell == heading).expect("the table has it"));
    let line = |row: &Vec<&str>| {
        let cells = places.map(|place| if row[place].starts_with("--") { "---" } else { row[place] });
        format!("| {} |\n", cells.join(" | "))
    };
    rows.iter().map(line).collect()
}

#[tokio::test]
async fn outcomes_name_every_built_in_scenario() {
    let outcomes = Document::read("docs/outcomes.md").text;
    for scenario in list(&TestApp::builtin().get("/scenarios").await, "scenarios") {
        let name = text(&scenario["name"]);
        assert!(outcomes.contains(&format!("`{name}`")), "docs/outcomes.md does not name the scenario {name}");
    }
}

#[test]
fn example_of_a_scenario_passes_check() {
    let scenario = Document::read("docs/scenarios.md");
    let path = TestDir::new("docs-scenario").put("docs.yaml", scenario.block("name: flaky"));
    let (code, stdout, stderr) = run(&["check", &path]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
}

#[test]
fn example_of_buckets_is_accepted() {
    let document = Document::read("docs/scenarios.md");
    let scenario = Scenario::text(document.block("name: four-buckets"));
    let built = bss_sim::Simulator::builder().scenario(scenario).build();
    assert_eq!(built.is_ok(), cfg!(feature = "s3"), "{built:?}");
}

/// The first test of each language, with the documents that have its file as a whole.
const FIRST_TESTS: [(&str, &[&str]); 4] = [
    ("packages/python/tests/example/test_first.py", &["docs/clients.md", "packages/python/README.md"]),
    ("tests/clients/node/first.test.js", &["docs/clients.md", "packages/npm/bss-sim/README.md"]),
    ("tests/clients/go/first_test.go", &["docs/clients.md"]),
    ("tests/clients/java/sdk/src/test/java/org/example/clients/FirstTest.java", &["docs/clients.md"]),
];

#[test]
fn first_tests_are_whole_files() {
    for (file, documents) in FIRST_TESTS {
        let tested = Document::read(file).text;
        let start = tested.lines().next().expect("a test has lines");
        for document in documents {
            assert_eq!(Document::read(*document).block(start), tested.trim_end(), "{document} has another {file}");
        }
    }
    let python = Document::read(FIRST_TESTS[0].0).text;
    assert!(python.contains(Document::read("README.md").block("def test_")), "the README shows another test");
}

#[test]
fn versions_of_the_guide_are_those_that_are_tested() {
    let guide = Document::read("docs/clients.md");
    let lines = |pom: &str| pom.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let tested = lines(&Document::read("tests/clients/java/sdk/pom.xml").text);
    // Before the dependencies are the name and the version of the reader's own project.
    let (_, dependencies) = guide.block("<project").split_once("<dependencies>").expect("the project has dependencies");
    let dependencies = lines(dependencies);
    let versions: Vec<_> = dependencies.split("<artifactId>").skip(1).collect();
    assert_eq!(versions.len(), 5, "{versions:?}");
    for artifact in versions {
        let (versioned, _) = artifact.split_once("</version>").expect("each artifact has its version");
        assert!(tested.contains(versioned), "the tested project does not have {versioned}");
    }
    let (_, module) = guide.block("go mod init").split_once("go get ").expect("the commands get the SDK");
    let module = module.lines().next().expect("the command has an end").replace('@', " ");
    assert!(Document::read("tests/clients/go/go.mod").text.contains(&module), "go.mod does not have {module}");
}

#[test]
fn default_yaml_has_every_setting() {
    let (_, schema, _) = run(&["schema"]);
    let schema: Value = serde_json::from_str(&schema).expect("a schema is JSON");
    let explained = include_str!("../../fixtures/default.yaml");
    for name in ["Settings", "Wire"] {
        for key in keys(&schema["$defs"][name]["properties"]) {
            assert!(explained.contains(&format!(" {key}:")), "fixtures/default.yaml does not have the setting {key}");
        }
    }
}

#[test]
fn readme_has_at_most_200_lines() {
    let lines = Document::read("README.md").text.lines().count();
    assert!(lines <= 200, "{lines} lines: what only some readers need belongs in docs");
}

#[test]
fn links_lead_to_files_and_headings() {
    for document in Document::all() {
        for link in document.links().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = document.path.parent().expect("a file is in a folder");
            let target = if path.is_empty() { document.path.clone() } else { folder.join(path) };
            assert!(Path::new(ROOT).join(&target).exists(), "{} links to {link}", document.path.display());
            let known = anchor.is_empty() || Document::read(target).anchors().iter().any(|known| known == anchor);
            assert!(known, "{} links to {link}: there is no such heading", document.path.display());
        }
    }
}

/// The folders whose files the documents for contributors name.
const FOLDERS: [&str; 8] = ["src/", "tests/", "fixtures/", "examples/", "benches/", "docs/", "packages/", ".ci/"];

#[test]
fn paths_and_items_named_to_contributors_exist() {
    for document in ["CONTRIBUTING.md", "docs/architecture.md"].map(Document::read) {
        for path in document.code().into_iter().filter(|code| FOLDERS.iter().any(|folder| code.starts_with(folder))) {
            assert!(Path::new(ROOT).join(path).exists(), "{} names {path}", document.path.display());
        }
        // "`ITEM` in `src/path`"
        let parts: Vec<_> = document.text.split('`').collect();
        for part in parts.windows(3).filter(|part| part[1] == " in " && part[2].starts_with("src/")) {
            let source = fs::read_to_string(Path::new(ROOT).join(part[2]));
            let source = source.unwrap_or_else(|error| panic!("{}: {}: {error}", document.path.display(), part[2]));
            assert!(source.contains(part[0]), "{}: {} does not have {}", document.path.display(), part[2], part[0]);
        }
    }
}

/// Signatures by a key that there is not, and by one that there is.
const OF_NO_KEY: (&str, &str) =
    ("authorization", "SDK-HMAC-SHA256 Access=NONE, SignedHeaders=x-sdk-date, Signature=00");
const FORGED: (&str, &str) =
    ("authorization", "SDK-HMAC-SHA256 Access=DEMOAK0001, SignedHeaders=x-sdk-date, Signature=00");

/// What docs/troubleshooting.md quotes of the answers to these requests, or of what the journal says of them.
#[tokio::test]
async fn troubles_are_quoted_as_the_simulator_has_them() {
    let page = Document::read("docs/troubleshooting.md").text;
    let app = TestApp::builtin();
    let gone = app.create_space(&json!({})).await;
    assert_eq!(app.delete(&format!("/spaces/{}", text(&gone["id"]))).await, 204);
    let token = ("x-auth-token", "demo-token");
    let now = now();
    let (date, passed) = (("x-sdk-date", now.as_str()), ("x-sdk-date", "20260101T000000Z"));
    let new = builtin_passport("customer-new");
    let requests = [
        (INDIVIDUAL, vec![], new.clone(), vec!["x-auth-token not found"]),
        (INDIVIDUAL, vec![("x-auth-token", "nothing")], new.clone(), vec!["decrypt token fail"]),
        (INDIVIDUAL, vec![OF_NO_KEY, date], new.clone(), vec!["ak not exist"]),
        (INDIVIDUAL, vec![FORGED, date], new.clone(), vec!["verify aksk signature fail"]),
        (INDIVIDUAL, vec![FORGED, passed], new.clone(), vec!["signature expired"]),
        (
            INDIVIDUAL,
            vec![("x-auth-token", text(&gone["partners"][0]["token"]))],
            new.clone(),
            vec!["the simulator has no space"],
        ),
        (
            INDIVIDUAL,
            vec![("x-auth-token", "customer-token")],
            new.clone(),
            vec!["CBC.0151", "Access denied.", "caller-is-partner"],
        ),
        (
            "//v2/customers/realname-auths/individual",
            vec![token],
            new.clone(),
            vec![
                "The API does not exist or has not been published in the environment.",
                "APIGW.0101",
                "a slash too many",
            ],
        ),
        ("/v2/customers/realname-auths/result", vec![token], new.clone(), vec!["The API does not exist."]),
        (
            INDIVIDUAL,
            vec![token, JSON],
            with(new.clone(), "identify_type", "0"),
            vec!["CBC.0100", "identify_type: must be a 32-bit integer"],
        ),
        (INDIVIDUAL, vec![token], new.clone(), vec!["Parameter error.", "body: Content-Type must be application/json"]),
        (INDIVIDUAL, vec![token, JSON], passport("customer-new"), vec!["xaccount_type is another than the assigned"]),
        (INDIVIDUAL, vec![token, JSON], builtin_passport("mine"), vec!["CBC.99000035", "no customer with this ID"]),
        (
            INDIVIDUAL,
            vec![token, JSON],
            builtin_passport("customer-under-review"),
            vec!["CBC.99000027", "real-name status: under_review"],
        ),
    ];
    for (path, headers, body, quotes) in requests {
        assert_quoted(&page, &app, app.call("POST", path, &headers, body.to_string()).await, &quotes).await;
    }
    for _ in 0..5 {
        app.call("POST", INDIVIDUAL, &[FORGED, date], new.to_string()).await;
    }
    let locked = app.call("POST", INDIVIDUAL, &[FORGED, date], new.to_string()).await;
    assert_quoted(&page, &app, locked, &["AK access failed to reach the limit,forbidden."]).await;
    let partner = with(app.get("/partners/demo-partner").await, "bucket", json!({ "authorized": false }));
    app.assert_control("PUT", "/partners/demo-partner", partner, 200).await;
    let not_ready = app.apply_as(token.1, &new).await;
    let because = "partner authenticated: true, photo upload enabled: true, bucket authorized: false";
    assert_quoted(&page, &app, not_ready, &["CBC.99005030", because]).await;
}

async fn assert_quoted(page: &str, app: &TestApp, answer: Reply, quotes: &[&str]) {
    let journal = app.get("/journal?order=desc&limit=1&view=brief").await;
    let said = format!("{} {}", answer.body, journal["entries"][0]["outcome"]["why"]);
    for quote in quotes {
        assert!(said.contains(quote), "{said} does not have {quote}");
        assert!(page.contains(quote), "docs/troubleshooting.md does not have {quote}");
    }
}

#[test]
fn troubles_of_a_start_are_quoted_as_the_program_has_them() {
    let page = Document::read("docs/troubleshooting.md").text;
    let other = Process::start(&[]);
    let port_taken = "something listens there already: choose another port";
    let directory = TestDir::new("docs/state");
    let kept = directory.join("kept.state").display().to_string();
    let _keeps = Process::start(&["--state", &kept]);
    let broken = directory.put("broken.state", "{}");
    for (arguments, quote) in [
        (["--listen", other.address()], port_taken),
        (["--scenario", "none"], "there is no scenario"),
        (["--state", &kept], "another process has this state"),
        (["--state", &broken], "it is no state of bss-sim"),
    ] {
        let (_, _, said) = run(&arguments);
        assert!(said.contains(quote), "{said} does not have {quote}");
        assert!(page.contains(quote), "docs/troubleshooting.md does not have {quote}");
    }
}

/// What the package of each language says, by its tests.
const SAID_BY_PACKAGES: [&str; 8] = [
    "there is no program bss-sim",
    "set BSS_SIM_BIN to its path",
    "did not start: ",
    "no answer in 5 seconds",
    "is not bss-sim",
    "is no URL of a simulator",
    "set BSS_SIM_CONTROL_TOKEN to the token that it was started with",
    "scripted answers are left over:",
];

const TESTS_OF_PACKAGES: [&[&str]; 4] = [
    &["packages/go/simulator_test.go", "packages/go/space_test.go"],
    &[
        "packages/java/src/test/java/org/example/bsssim/SimulatorTest.java",
        "packages/java/src/test/java/org/example/bsssim/BssSimExtensionTest.java",
    ],
    &["packages/npm/tests/simulator.test.js", "packages/npm/tests/runners.test.js"],
    &["packages/python/tests/test_simulator.py", "packages/python/tests/test_plugin.py"],
];

#[test]
fn troubles_are_told_alike_by_all_packages() {
    let page = Document::read("docs/troubleshooting.md").text;
    for words in SAID_BY_PACKAGES {
        assert!(page.contains(words), "docs/troubleshooting.md does not have {words}");
        for files in TESTS_OF_PACKAGES {
            let is_tested = files.iter().any(|file| Document::read(*file).text.contains(words));
            assert!(is_tested, "no test of {files:?} has {words}");
        }
    }
}

/// The languages of programs in these documents that are parts of a tested project, with the files.
const PROGRAMS: [(&str, &[&str]); 5] = [
    ("go", &["tests/clients/go/first_test.go"]),
    (
        "java",
        &[
            "tests/clients/java/sdk/src/test/java/org/example/clients/FirstTest.java",
            "tests/clients/java/sdk/src/test/java/org/example/clients/ContainerRecipe.java",
        ],
    ),
    ("js", &["tests/clients/node/first.test.js", "packages/npm/tests/suites/readme.spec.js"]),
    ("ts", &["packages/npm/tests/using.ts"]),
    ("rust", &["tests/it/first.rs"]),
];

#[test]
fn programs_are_parts_of_tested_projects() {
    let documents = Document::all();
    for (language, files) in PROGRAMS {
        let shown = documents.iter().flat_map(Document::blocks).filter(|block| block.language == language);
        let mut shown: Vec<_> = shown.map(|block| block.text).collect();
        for file in files {
            let program = Document::read(*file).text;
            let others = shown.len();
            shown.retain(|text| !program.contains(text));
            assert!(shown.len() < others, "no document shows a part of {file}");
        }
        assert_eq!(shown, Vec::<&str>::new(), "this is in no tested file");
    }
}

/// The words that a reader replaces, with what a reader might choose.
const CHOICES: [(&str, &str); 4] = [
    ("DIRECTORY", "fixtures/scenarios"),
    ("--tls-cert FILE --tls-key FILE", "--tls self-signed"),
    ("FILE", "fixtures/default.yaml"),
    ("NAME", "attempts-exhausted"),
];

/// The starts of commands that are not run here, each with a file and a text in it that show that it is run elsewhere, or
/// can be.
const ELSEWHERE: [(&str, &str, &str); 20] = [
    ("bss-sim import", "tests/it/cli/help.rs", "capture.har"),
    ("cargo build --all-features", ".ci/run", "cargo clippy --all-targets --all-features"),
    ("cargo test --locked --all-features", ".ci/run", "test_command='cargo test --locked --all-features'"),
    ("cargo test --all-features --", "Cargo.toml", "[[test]]\nname = \"it\""),
    ("cargo run --example embedded", ".ci/run", "--example"),
    ("cargo run -- check fixtures", ".ci/run", "check fixtures"),
    (
        "cargo run -- schema > fixtures/scenario.schema.json",
        "tests/it/control/openapi.rs",
        "cargo run -- schema > fixtures/scenario.schema.json",
    ),
    ("cargo run -- catalog", "docs/outcomes.md", "<!-- catalog -->"),
    ("cargo bench --bench load", "Cargo.toml", "[[bench]]\nname = \"load\""),
    ("cargo install --path .", "Cargo.toml", "[[bin]]\nname = \"bss-sim\""),
    ("cargo add --dev --path ../bss-sim", "docs/clients.md", "[dev-dependencies]\nbss-sim = { path = \"../bss-sim\""),
    ("cargo binstall ", "Cargo.toml", "[package.metadata.binstall]"),
    ("cargo insta accept", "Cargo.toml", "insta = "),
    ("cargo doc --open", ".ci/run", "cargo doc"),
    ("pip install --no-index", ".ci/dist", "--no-index --find-links dist bss-sim"),
    ("npm init -y", ".ci/dist", "/bss-sim-[0-9]*.tgz \"$dist\"/bss-sim-linux-x64-*.tgz"),
    ("go mod init", "tests/clients/go/go.mod", "replace example.org/bss-sim/go => "),
    (
        "mvn -f ../bss-sim/packages/java install",
        "tests/clients/java/pom.xml",
        "<module>../../../packages/java</module>",
    ),
    ("docker ", "Dockerfile", "ENTRYPOINT [\"/bss-sim\"]"),
    ("curl -k https://127.0.0.1:8080/_sim/tls/ca.pem", "tests/sdk/test_tls.py", "/_sim/tls/ca.pem"),
];

/// A folder for `$PATH` with the program and a test suite, and with the settings of curl.
fn programs() -> TestDir {
    let programs = TestDir::new("docs");
    symlink(env!("CARGO_BIN_EXE_bss-sim"), programs.join("bss-sim")).expect("the file system has links");
    let pytest = programs.put("pytest", "#!/bin/sh\nexec curl -s \"$BSS_SIM_URL/_sim/readyz\"\n");
    fs::set_permissions(&pytest, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    programs.put(".curlrc", "fail-with-body\n");
    programs
}

/// Runs a command of a document as a reader would, with this simulator at the address that the documents have. Returns stdout.
#[track_caller]
fn run_as_reader(command: &str, programs: &TestDir, process: &Process) -> String {
    let chosen = CHOICES.iter().fold(command.to_owned(), |command, (word, choice)| command.replace(word, choice));
    let chosen = chosen.replace("127.0.0.1:8080", process.address()).replace("cargo run --release --", "bss-sim");
    let mut words = chosen.split(' ').skip(1).peekable();
    let is_serve = words.peek().is_none_or(|word| word.starts_with("--") && *word != "--help");
    if chosen.starts_with("bss-sim") && is_serve {
        let other = Process::spawn(binary().args(words).args(["--listen", "127.0.0.1:0"]).current_dir(ROOT));
        return other.ready.to_string();
    }
    let chosen = if chosen == "bss-sim explain" { format!("echo '{{}}' | {chosen}") } else { chosen };
    let mut shell = Command::new("sh");
    shell.args(["-ec", &format!("PATH=\"{}:$PATH\"; {chosen}", programs.as_str())]);
    let output = shell.env("CURL_HOME", programs.path()).current_dir(ROOT).stdin(Stdio::null()).output();
    let output = output.expect("the system has a shell");
    assert!(output.status.success() && !output.stdout.is_empty(), "{command}: {output:?}");
    String::from_utf8(output.stdout).expect("commands print text")
}

#[test]
fn commands_run_and_answer_as_shown() {
    let programs = programs();
    for document in Document::all() {
        let process = Process::start(&document.flags());
        let run = |command: &str| {
            if let Some((_, file, text)) = ELSEWHERE.iter().find(|(start, ..)| command.starts_with(start)) {
                assert!(Document::read(*file).text.contains(text), "{command}: {file} does not have {text}");
                return None;
            }
            Some(run_as_reader(command, &programs, &process))
        };
        let mut answer = None;
        for block in document.blocks() {
            match block.language {
                "sh" => answer = run(block.text),
                // What follows a command is its output.
                "json" => {
                    let answer = answer.take().unwrap_or_default();
                    assert_eq!(answer.trim_end(), block.text, "{}", document.path.display());
                }
                _ => answer = None,
            }
        }
        let is_command =
            |code: &&str| ["bss-sim ", "cargo ", "docker ", "curl "].iter().any(|name| code.starts_with(name));
        for command in document.code().into_iter().filter(is_command) {
            run(command);
        }
    }
}
