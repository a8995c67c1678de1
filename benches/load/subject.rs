//! What is measured: a server in some state, and what it is asked.

use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Connection, Load};
use crate::request::{self, HOST};
use crate::server::{Cores, Program, Server};
use crate::source::{Caller, Source};

/// What a server is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    /// Applications that are accepted, by a token.
    Accepted,
    /// Applications that are accepted, signed.
    Signed,
    /// Requests that lack a mandatory parameter.
    Incomplete,
    /// Applications that are accepted, in some of many spaces in turn, by the spaces' own tokens.
    InSpaces { all: usize, asked: usize },
}

/// A server in some state, and what it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// What it is called.
    pub(crate) name: &'static str,
    /// The place, in the list, of the subject that it is compared with.
    pub(crate) reference: usize,
    program: Program,
    asked: Asked,
    /// How many requests were answered before anything is measured.
    before: u64,
    /// The file of its state, which is not there at the start.
    state: Option<PathBuf>,
}

impl Subject {
    /// What a user will notice: the simulator beside the bare handler, asked the same.
    pub(crate) fn all(files: &Files) -> Vec<Self> {
        let quiet = || simulator(&["--scenario", "open", "--log-level", "off"]);
        let logging = simulator(&["--scenario", "open"]);
        let state = files.path().join("state");
        let keeping = simulator(&["--scenario", "open", "--log-level", "off", "--state", &state.to_string_lossy()]);
        let subject =
            |name, reference, program, asked| Self { name, reference, program, asked, before: 0, state: None };
        let with_state = Self { state: Some(state), ..subject("accepted, with --state", 2, keeping, Asked::Accepted) };
        vec![
            subject("bare", 0, Program::Bare, Asked::Accepted),
            subject("bare again (the noise)", 0, Program::Bare, Asked::Accepted),
            subject("accepted", 0, quiet(), Asked::Accepted),
            with_state,
            subject("accepted, logged to /dev/null", 0, logging, Asked::Accepted),
            subject("accepted, signed", 0, quiet(), Asked::Signed),
            subject("bare, parameter error", 6, Program::Bare, Asked::Incomplete),
            subject("parameter error", 6, quiet(), Asked::Incomplete),
        ]
    }

    /// What should make no difference: each state beside a small one.
    pub(crate) fn flat(files: &Files) -> Result<Vec<Self>> {
        let world =
            |customers| files.world(customers).map(|path| simulator(&["--fixtures", &path, "--log-level", "off"]));
        let open = |flags: &[&str]| simulator(&[&["--scenario", "open", "--log-level", "off"], flags].concat());
        let subject =
            |name, reference, program, asked, before| Self { name, reference, program, asked, before, state: None };
        let unbounded = ["--journal-entries", "100000000", "--journal-bytes", "100GiB"];
        Ok(vec![
            subject("1 customer and certificate", 0, world(1)?, Asked::Accepted, 0),
            subject("100,000 of each", 0, world(100_000)?, Asked::Accepted, 0),
            subject("1 space", 2, open(&[]), Asked::InSpaces { all: 1, asked: 1 }, 0),
            subject("1 of 10,000 spaces", 2, open(&[]), Asked::InSpaces { all: 10_000, asked: 1 }, 0),
            subject("1,000 spaces in turn", 2, open(&[]), Asked::InSpaces { all: 1_000, asked: 1_000 }, 0),
            subject("journal that grows", 5, open(&unbounded), Asked::Accepted, 20_000),
            subject("journal that is full", 5, open(&[]), Asked::Accepted, 20_000),
        ])
    }

    /// Starts the server, under these words of another program, and brings it into its state. The load can make at
    /// least so many requests.
    pub(crate) async fn start(&self, cores: Cores, under: &[String], requests: usize) -> Result<(Server, Load)> {
        if let Some(state) = self.state.as_ref().filter(|state| state.exists()) {
            fs::remove_file(state)?;
        }
        let server = Server::start(cores, &self.program, under)?;
        let token = || Caller::Tokens(vec!["demo-token".to_owned()]);
        let source = match self.asked {
            Asked::Accepted => Source::accepted(token()),
            Asked::Signed => Source::accepted(Caller::Key(requests)),
            Asked::Incomplete => Source::incomplete(token()),
            Asked::InSpaces { all, asked } => {
                let mut tokens = make_spaces(&server, "open", all).await?;
                tokens.truncate(asked);
                Source::accepted(Caller::Tokens(tokens))
            }
        };
        let load = Load::on(server.address, source);
        if self.before > 0 {
            load.run(1, Duration::MAX, self.before).await?;
        }
        Ok((server, load))
    }

    /// Uses a simulator that begins without a history, and resets it.
    pub(crate) async fn use_and_reset(
        &self,
        server: &Server,
        load: &Load,
        connections: usize,
        time: Duration,
    ) -> Result<()> {
        if self.before > 0 || matches!((&self.program, self.asked), (Program::Bare, _) | (_, Asked::InSpaces { .. })) {
            return Ok(());
        }
        load.run(connections, time, u64::MAX).await?;
        let reset = format!("POST /_sim/reset HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 0\r\n\r\n");
        let mut connection = Connection::open(server.address).await?;
        let answer = connection.exchange(reset.as_bytes()).await?;
        if answer.starts_with("HTTP/1.1 20") {
            Ok(())
        } else {
            Err(Error::other(format!("the simulator was not reset: {answer}")))
        }
    }
}

/// The simulator with these flags.
pub(crate) fn simulator(flags: &[&str]) -> Program {
    Program::Simulator(flags.iter().map(|&flag| flag.to_owned()).collect())
}

/// Makes spaces: the tokens of their partners.
pub(crate) async fn make_spaces(server: &Server, scenario: &str, count: usize) -> Result<Vec<String>> {
    let mut connection = Connection::open(server.address).await?;
    let body = json!({ "scenario": scenario }).to_string();
    let request = format!("POST /_sim/spaces HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut tokens = Vec::with_capacity(count);
    for _ in 0..count {
        let answer = connection.exchange(request.as_bytes()).await?;
        let space = answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
        let token = space.and_then(|space| Some(space["partners"][0]["token"].as_str()?.to_owned()));
        tokens.push(token.ok_or_else(|| Error::other(format!("no space was made: {answer}")))?);
    }
    Ok(tokens)
}

/// A folder for scenario files, until it is dropped.
#[derive(Debug)]
pub(crate) struct Files(PathBuf);

impl Files {
    /// Makes the folder.
    pub(crate) fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("bss-sim-bench-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a scenario like `open` that lists so many customers and certificates: the path of its file.
    pub(crate) fn world(&self, count: u64) -> Result<String> {
        // The load applies for others, from number 0 on.
        let numbers = 900_000_000_000..900_000_000_000 + count;
        let customers: Vec<_> = numbers
            .clone()
            .map(|number| json!({ "id": request::customer(number), "partner": "demo-partner" }))
            .collect();
        let certificates: Vec<_> =
            numbers.map(|number| json!({ "number": format!("E{number}"), "holder": "Wang Xiaoming" })).collect();
        let scenario = json!({
            "name": format!("world-{count}"),
            "settings": { "unlisted_customers": "adopt" },
            "partners": [{
                "name": "demo-partner",
                "id": "5f8a1c0e9d3b47a2b6c4d1e0f2a39b71",
                "xaccount_type": "DEMO_IDP",
                "credentials": { "tokens": ["demo-token"] },
            }],
            "customers": customers,
            "certificates": certificates,
        });
        let path = self.0.join(format!("world-{count}.json"));
        fs::write(&path, scenario.to_string())?;
        Ok(path.to_string_lossy().into_owned())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What cannot be removed stays in a folder that the system cleans.
        let _ = fs::remove_dir_all(&self.0);
    }
}
