//! What the simulator meets when the machine around it fails: it goes on serving, and says what is wrong where it can.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::faults::{application, ask};
use crate::process::{Simulator, run};

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An address at which nobody listens.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").to_string()
}

/// Waits until somebody listens there.
#[track_caller]
fn wait_for(address: &str) {
    let since = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(since.elapsed() < PATIENCE, "nobody listens at {address}");
        std::thread::yield_now();
    }
}

/// The binary, run by a shell that closes or limits something first.
fn shell(before: &str, address: &str) -> Command {
    let mut command = Command::new("sh");
    let script = format!("{before} exec \"$0\" --listen {address}");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_bss-sim")]).stdin(Stdio::null());
    command
}

#[track_caller]
fn assert_answers(address: &str, times: usize) {
    for _ in 0..times {
        let answer = ask(address, &application("{}"));
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}

#[test]
fn it_serves_though_nothing_can_be_printed_or_logged() {
    for streams in [">&- 2>&-;", ">/dev/full 2>/dev/full;"] {
        let address = free_address();
        let mut command = shell(&format!("exec {streams}"), &address);
        let _running = Running(command.spawn().expect("a shell can be started"));
        wait_for(&address);
        assert_answers(&address, 50);
    }
}

/// A simulator whose log is not read, after 5,000 answers: 4096 lines may wait, and a pipe holds 64 KiB, which are fewer.
fn unread_log() -> Simulator {
    let simulator = Simulator::start(&["--log-format", "json"]);
    let mut stream = TcpStream::connect(simulator.authority()).expect("it listens");
    let request = "GET /unknown HTTP/1.1\r\nhost: a\r\n\r\n".repeat(100);
    for _ in 0..50 {
        stream.write_all(request.as_bytes()).expect("it reads");
        assert_eq!(count_answers(&mut stream, 100), 100);
    }
    simulator
}

#[test]
fn a_log_that_is_not_read_holds_up_no_answer_and_tells_how_many_lines_were_lost() {
    let mut simulator = unread_log();
    let mut log = simulator.log();
    let lost = std::iter::from_fn(|| Some(log.line())).find(|line| line["lines"].is_u64()).expect("it is told");
    assert!(lost["lines"].as_u64() > Some(50), "{lost}");
    assert_eq!(lost["level"], "WARN");
}

#[test]
fn a_log_that_is_not_read_holds_up_no_end_and_stdout_stays_as_it_is() {
    let (status, printed, _) = unread_log().end("TERM");
    assert_eq!((status.code(), printed.as_str()), (Some(0), ""));
}

/// Reads until so many answers have come.
#[track_caller]
fn count_answers(stream: &mut TcpStream, expected: usize) -> usize {
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket has a timeout");
    let (mut text, mut piece) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let read = stream.read(&mut piece).expect("it answers");
        text.extend_from_slice(&piece[..read]);
        let count = String::from_utf8_lossy(&text).matches(r#""request_id""#).count();
        if count >= expected || read == 0 {
            return count;
        }
    }
}

#[test]
fn a_fixture_that_cannot_be_read_is_named_and_nothing_is_served() {
    let directory = std::env::temp_dir().join(format!("bss-sim-adversity-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("a folder can be made");
    let path = directory.join("secret.yaml");
    fs::write(&path, "name: secret\n").expect("a file can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).expect("permissions can be changed");
    let dangling = directory.join("dangling.yaml");
    std::os::unix::fs::symlink(directory.join("nothing"), &dangling).expect("a link can be made");
    // Root may read everything.
    let unreadable = if File::open(&path).is_err() { vec![&path, &dangling] } else { vec![&dangling] };
    for path in unreadable {
        let path = path.to_str().expect("the path is text");
        let (code, printed, told) = run(&["--listen", "127.0.0.1:0", "--fixtures", path]);
        assert_eq!((code, printed.as_str()), (Some(3), ""), "{told}");
        assert!(told.contains(path), "{told}");
    }
    fs::remove_dir_all(&directory).expect("the folder can be removed");
}
