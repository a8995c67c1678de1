//! The servers that are measured: each is a process of its own, pinned to a core of its own where that can be done.

use std::fs;
use std::io::{BufRead, BufReader, Error, Result};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// How many of the clock ticks in `/proc` make a second: Linux shows it to programs as 100 everywhere.
const TICKS_PER_SECOND: f64 = 100.0;

/// Which program serves.
#[derive(Clone, Debug)]
pub(crate) enum Program {
    /// The bare handler.
    Bare,
    /// The simulator with these flags.
    Simulator(Vec<String>),
}

/// Where processes run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    is_pinned: bool,
}

impl Cores {
    /// Moves this process to core 1, so that the servers can have core 0 for themselves.
    pub(crate) fn divide() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let this = std::process::id().to_string();
        let mut taskset = Command::new("taskset");
        let pinned = taskset.args(["-a", "-c", "-p", "1", &this]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let is_pinned = cores > 1 && pinned.is_ok_and(|status| status.success());
        if is_pinned {
            println!("Servers on core 0, load on core 1.");
        } else {
            println!("Not pinned, for there is no `taskset` or but one core: expect more noise.");
        }
        Self { is_pinned }
    }

    /// A command that runs this program, under these words of another one.
    fn command(self, program: &Program, under: &[String]) -> Result<Command> {
        let (path, arguments) = match program {
            Program::Bare => (std::env::current_exe()?.into_os_string(), vec![crate::BARE.to_owned()]),
            Program::Simulator(flags) => {
                let serve = ["serve", "--listen", "127.0.0.1:0"].map(str::to_owned);
                (env!("CARGO_BIN_EXE_bss-sim").into(), [&serve, flags.as_slice()].concat())
            }
        };
        let pin: &[&str] = if self.is_pinned { &["taskset", "-c", "0"] } else { &[] };
        let mut words = pin.iter().map(Into::into).chain(under.iter().map(Into::into)).chain([path]);
        let mut command = Command::new(words.next().expect("the path is there"));
        command.args(words).args(arguments);
        Ok(command)
    }
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a program, and waits until it is ready. Its log goes to `/dev/null`.
    pub(crate) fn start(cores: Cores, program: &Program, under: &[String]) -> Result<Self> {
        let mut command = cores.command(program, under)?;
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BSS_SIM_")) {
            command.env_remove(name);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is a pipe")).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let address = ready["url"].as_str().and_then(|url| url.strip_prefix("http://")?.parse().ok());
        match address {
            Some(address) => Ok(Self { child, address }),
            None => {
                child.kill()?;
                child.wait()?;
                Err(Error::other(format!("{program:?} did not become ready: {line:?}")))
            }
        }
    }

    /// The CPU time that it has used, in seconds; absent where there is no `/proc`.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // What follows the name, which may have any character, begins with the third field; these are 14 and 15.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u32>().ok();
        Some(f64::from(ticks()? + ticks()?) / TICKS_PER_SECOND)
    }

    /// The memory that it holds, in MB; absent where there is no `/proc`.
    pub(crate) fn resident_mb(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(f64::from(line.trim().strip_suffix(" kB")?.parse::<u32>().ok()?) / 1024.0)
    }

    /// How many files it has open; absent where there is no `/proc`.
    pub(crate) fn open_files(&self) -> Option<f64> {
        self.count("fd")
    }

    /// How many threads it has; absent where there is no `/proc`.
    pub(crate) fn threads(&self) -> Option<f64> {
        self.count("task")
    }

    fn count(&self, what: &str) -> Option<f64> {
        let count = fs::read_dir(format!("/proc/{}/{what}", self.child.id())).ok()?.count();
        u32::try_from(count).ok().map(f64::from)
    }

    /// Tells it to end, and waits until it has: what runs it can then say what it saw.
    pub(crate) fn end(mut self) -> Result<()> {
        Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
