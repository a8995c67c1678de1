//! A command that `bss-sim exec` runs, and that waits meanwhile.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::process::{binary, finished};
use crate::service::INDIVIDUAL;

/// A command that says where its simulator is, and ends when its stdin does.
pub(crate) const WAITING: &str = r#"echo "$BSS_SIM_URL"; read -r _"#;

/// A command that waits beside its simulator, which the test asks meanwhile.
pub(crate) struct Waiting {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Waiting {
    #[track_caller]
    pub(crate) fn start(arguments: &[&str], script: &str) -> Self {
        let mut command = binary();
        command.arg("exec").args(arguments).args(["--", "sh", "-c", script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be started");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut url = String::new();
        stdout.read_line(&mut url).expect("the command prints text");
        Self { child, stdout, url: url.trim().to_owned() }
    }

    /// Asks the simulator; the status of the answer, and its body.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(body.to_owned()).expect("a request");
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.run(request).expect("the simulator answers");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("a text"))
    }

    pub(crate) fn apply(&self, token: &str, application: &Value) -> u16 {
        let headers = [("content-type", "application/json"), ("x-auth-token", token)];
        self.ask("POST", INDIVIDUAL, &headers, &application.to_string()).0
    }

    /// A space from this scenario: its ID and its partner's token.
    #[track_caller]
    pub(crate) fn space(&self, scenario: &str) -> (String, String) {
        let (status, space) = self.ask("POST", "/_sim/spaces", &[], &json!({ "scenario": scenario }).to_string());
        assert_eq!(status, 201, "{space}");
        let space: Value = serde_json::from_str(&space).expect("JSON");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        (text(&space["id"]), text(&space["partners"][0]["token"]))
    }

    /// The next line that the command prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the command prints text");
        line
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().expect("kill can be started").success());
    }

    /// Lets the command end: the exit code, what else it printed, and the report.
    pub(crate) fn end(mut self) -> (Option<i32>, String, String) {
        drop(self.child.stdin.take());
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).expect("the command prints text");
        let (code, _, stderr) = finished(self.child.wait_with_output().expect("it ends"));
        (code, printed, stderr)
    }
}
