//! The binary as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Client, PATIENCE};

/// The binary, without any setting of the environment.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bss-sim"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BSS_SIM_")) {
        command.env_remove(name);
    }
    command
}

/// Runs the binary to its end. Returns its exit code, stdout and stderr.
pub(crate) fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    finished(binary().args(arguments).output().expect("the binary can be started"))
}

/// Runs the binary to its end, with this on stdin.
pub(crate) fn run_on(stdin: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut child = spawn(binary().args(arguments).stdin(Stdio::piped()));
    let mut pipe = child.stdin.take().expect("stdin is a pipe");
    // It need not read what it cannot use.
    let _ = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    finished(child.wait_with_output().expect("it ends"))
}

/// The exit code, stdout and stderr of a process.
pub(crate) fn finished(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the binary prints text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary can be started")
}

#[track_caller]
fn send_signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    assert!(sent.expect("kill can be started").success(), "the signal {signal} was not sent");
}

/// The binary as it serves on a free port, until this is dropped.
pub(crate) struct Process {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    /// The ready line.
    pub(crate) ready: Value,
}

impl Process {
    /// Starts it with these flags, and waits for its ready line.
    #[track_caller]
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(binary().args(["--listen", "127.0.0.1:0"]).args(arguments))
    }

    /// Starts it with HTTPS by certificates of its own, and these flags.
    #[track_caller]
    pub(crate) fn start_tls(arguments: &[&str]) -> Self {
        Self::start(&[&["--tls", "self-signed"], arguments].concat())
    }

    /// Starts it by this command.
    #[track_caller]
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = spawn(command.stdin(Stdio::null()));
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("stdout is text");
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no ready line, but {line:?}"));
        Self { child, stdout: Some(stdout), ready }
    }

    /// Starts it by this command, which makes it listen at this address and says what becomes of its output. Waits until it
    /// listens.
    #[track_caller]
    pub(crate) fn spawn_at(address: &str, command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).spawn().expect("the binary can be started");
        let process = Self { child, stdout: None, ready: json!({ "url": format!("http://{address}") }) };
        let since = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(since.elapsed() < PATIENCE, "nothing listens at {address}");
            thread::yield_now();
        }
        process
    }

    /// Its URL.
    pub(crate) fn url(&self) -> &str {
        self.ready["url"].as_str().expect("the ready line has the URL")
    }

    /// The host and the port of its URL.
    pub(crate) fn address(&self) -> &str {
        self.url().split_once("://").expect("a URL has a scheme").1
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        Client::of_url(self.url())
    }

    /// The process's ID.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its log, to be read while it runs.
    pub(crate) fn log(&mut self) -> Log {
        Log(BufReader::new(self.child.stderr.take().expect("the log is taken once")))
    }

    /// Sends it a signal.
    #[track_caller]
    pub(crate) fn signal(&self, signal: &str) {
        send_signal(&self.child, signal);
    }

    /// Sends it a signal, and waits for its end. Returns its exit code, what it printed besides the ready line, and its log.
    #[track_caller]
    pub(crate) fn end(mut self, signal: &str) -> (Option<i32>, String, String) {
        self.signal(signal);
        let since = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("the process can be waited for") {
                Some(status) => break status,
                None => assert!(since.elapsed() < PATIENCE, "it does not end"),
            }
            thread::sleep(Duration::from_millis(1));
        };
        let (mut printed, mut log) = (String::new(), String::new());
        let (stdout, stderr) = (self.stdout.take(), self.child.stderr.take());
        stdout.map(|mut stdout| stdout.read_to_string(&mut printed).expect("stdout is text"));
        stderr.map(|mut stderr| stderr.read_to_string(&mut log).expect("the log is text"));
        (status.code(), printed, log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A log of JSON lines.
pub(crate) struct Log(BufReader<ChildStderr>);

impl Log {
    /// Waits for the next event.
    #[track_caller]
    pub(crate) fn event(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("the log is text");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no event, but {line:?}"))
    }

    /// Waits for the next event whose message begins so.
    #[track_caller]
    pub(crate) fn event_of(&mut self, message: &str) -> Value {
        loop {
            let event = self.event();
            if event["message"].as_str().is_some_and(|text| text.starts_with(message)) {
                return event;
            }
        }
    }
}

/// `bss-sim exec` with a command that waits, while the test calls its simulator.
pub(crate) struct Exec {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The URL of the simulator.
    pub(crate) url: String,
}

impl Exec {
    /// A command that prints where its simulator is, and ends when its stdin does. `read` then fails with 1.
    pub(crate) const WAIT: &str = r#"echo "$BSS_SIM_URL"; read -r _"#;

    /// Starts a shell with this script, which prints the URL of the simulator first.
    #[track_caller]
    pub(crate) fn start(arguments: &[&str], script: &str) -> Self {
        let mut command = binary();
        command.arg("exec").args(arguments).args(["--", "sh", "-c", script]);
        let mut child = spawn(command.stdin(Stdio::piped()));
        let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut exec = Self { child, stdout, url: String::new() };
        let url = exec.line();
        url.trim().clone_into(&mut exec.url);
        exec
    }

    /// A client of the simulator.
    pub(crate) fn client(&self) -> Client {
        Client::of_url(&self.url)
    }

    /// Waits for the next line that the command prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the command prints text");
        line
    }

    /// Sends a signal to `bss-sim`.
    #[track_caller]
    pub(crate) fn signal(&self, signal: &str) {
        send_signal(&self.child, signal);
    }

    /// Lets the command end. Returns the exit code, what else the command printed, and the report.
    pub(crate) fn end(mut self) -> (Option<i32>, String, String) {
        drop(self.child.stdin.take());
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).expect("the command prints text");
        let (code, _, report) = finished(self.child.wait_with_output().expect("it ends"));
        (code, printed, report)
    }
}
