//! The binary as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a process may take to end after it was told to.
const END: Duration = Duration::from_secs(1);

/// The binary, without any setting of the environment.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bss-sim"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BSS_SIM_")) {
        command.env_remove(name);
    }
    command
}

/// Runs the binary to its end: its exit code, stdout and stderr.
pub(crate) fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    finished(binary().args(arguments).output().expect("the binary can be started"))
}

/// What a process left: its exit code, stdout and stderr.
pub(crate) fn finished(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the binary prints text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The same with something on stdin.
pub(crate) fn run_on(stdin: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = binary();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary can be started");
    let mut pipe = child.stdin.take().expect("stdin is a pipe");
    // It need not read what it cannot use.
    let _ = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    finished(child.wait_with_output().expect("it ends"))
}

/// A simulator that serves on a free port, until it is dropped.
pub(crate) struct Simulator {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The ready line.
    pub(crate) ready: Value,
}

impl Simulator {
    /// Starts one with these flags, and waits for its ready line.
    #[track_caller]
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(binary().args(["--listen", "127.0.0.1:0"]).args(arguments))
    }

    /// Starts one by this command.
    #[track_caller]
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("stdout is text");
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no ready line, but {line:?}"));
        Self { child, stdout, ready }
    }

    /// The process's ID.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens: host and port.
    pub(crate) fn authority(&self) -> &str {
        let url = self.ready["url"].as_str().expect("the ready line has the url");
        url.split_once("://").expect("a url has a scheme").1
    }

    /// Its log, to be read while it runs.
    pub(crate) fn log(&mut self) -> Log {
        Log(BufReader::new(self.child.stderr.take().expect("nobody has taken it yet")))
    }

    /// Sends it a signal.
    #[track_caller]
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill can be started");
        assert!(sent.success(), "the signal {signal} was not sent");
    }

    /// Sends it a signal, and waits for its end: the exit status, what else it printed, and its log.
    #[track_caller]
    pub(crate) fn end(mut self, signal: &str) -> (ExitStatus, String, String) {
        self.signal(signal);
        let told = Instant::now();
        let status = self.child.wait().expect("the process can be waited for");
        assert!(told.elapsed() < END, "it took {:?} to end", told.elapsed());
        let (mut printed, mut log) = (String::new(), String::new());
        self.stdout.read_to_string(&mut printed).expect("stdout is text");
        let mut stderr = self.child.stderr.take().expect("stderr is a pipe");
        stderr.read_to_string(&mut log).expect("the log is text");
        (status, printed, log)
    }
}

/// A log of JSON lines.
pub(crate) struct Log(BufReader<ChildStderr>);

impl Log {
    /// The next event, once there is one.
    #[track_caller]
    pub(crate) fn line(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("the log is text");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no event, but {line:?}"))
    }

    /// The next event whose message begins so, once there is one.
    #[track_caller]
    pub(crate) fn until(&mut self, message: &str) -> Value {
        loop {
            let event = self.line();
            if event["message"].as_str().is_some_and(|text| text.starts_with(message)) {
                return event;
            }
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
