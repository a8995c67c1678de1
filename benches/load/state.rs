//! A large state: 10,000 spaces of a scenario with 100,000 customers, and 100,000 customers more that have applied. How long it
//! takes to be written and to be restored, and what requests notice, beside the same without `--state`.

use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Load;
use crate::server::{Cores, Server};
use crate::source::{Caller, Source};
use crate::subject::{Files, make_spaces, simulator};
use crate::table::{Table, median};

const SPACES: usize = 10_000;
const CUSTOMERS: u64 = 100_000;

/// How many connections there are, each with one request under way.
const CONNECTIONS: usize = 8;

const COLUMNS: [(&str, usize); 9] = [
    ("start ms", 0),
    ("write ms", 0),
    ("writes", 0),
    ("file MB", 1),
    ("p50 us", 0),
    ("p99 us", 0),
    ("longest ms", 1),
    ("RSS MB", 0),
    ("restore ms", 0),
];

/// Measures a simulator without a state file, and one with it, for ten times so long as other subjects.
pub(crate) async fn measure(cores: Cores, files: &Files, seconds: f64) -> Result<Table> {
    let world = files.world(CUSTOMERS)?;
    let state = files.path().join("large.state");
    let mut table = Table::new(&COLUMNS);
    for is_kept in [false, true] {
        let mut flags = vec!["--fixtures", &*world, "--log-level", "off"];
        let path = state.to_string_lossy();
        if is_kept {
            flags.extend(["--state", &*path]);
        }
        let program = simulator(&flags);
        let start = || {
            let began = Instant::now();
            Ok::<_, std::io::Error>((Server::start(cores, &program, &[])?, milliseconds(began.elapsed())))
        };
        let (server, start_ms) = start()?;
        make_spaces(&server, &format!("world-{CUSTOMERS}"), SPACES).await?;
        let load = Load::on(server.address, Source::accepted(Caller::Tokens(vec!["demo-token".to_owned()])));
        load.run(CONNECTIONS, Duration::MAX, CUSTOMERS).await?;
        let watch = Watch::start(state.clone());
        let seen = load.run(CONNECTIONS, Duration::from_secs_f64(10.0 * seconds), u64::MAX).await?;
        let writes = watch.end();
        let longest = seen.latencies.last().map(|nanoseconds| f64::from(*nanoseconds) / 1e6);
        let resident = server.resident_mb();
        server.end()?;
        let restored = if is_kept { Some(start()?.1) } else { None };
        let megabytes = fs::metadata(&state).ok().and_then(|file| u32::try_from(file.len() / 1024).ok());
        let count = u32::try_from(writes.len()).ok().map(f64::from);
        table.push(
            if is_kept { "with --state" } else { "without" },
            vec![
                Some(start_ms),
                median(writes.into_iter().map(Some)),
                count,
                megabytes.map(|kilobytes| f64::from(kilobytes) / 1024.0),
                seen.percentile(50),
                seen.percentile(99),
                longest,
                resident,
                restored,
            ],
        );
    }
    Ok(table)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A thread that looks how long each write takes, from the outside.
struct Watch {
    is_over: Arc<AtomicBool>,
    thread: thread::JoinHandle<Vec<f64>>,
}

impl Watch {
    fn start(state: PathBuf) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let new = PathBuf::from(format!("{}.new", state.display()));
            let (mut writes, mut began) = (Vec::new(), None);
            while !over.load(Ordering::Relaxed) {
                match (Path::exists(&new), began) {
                    (true, None) => began = Some(Instant::now()),
                    (false, Some(since)) => {
                        writes.push(milliseconds(Instant::elapsed(&since)));
                        began = None;
                    }
                    _ => {}
                }
                thread::sleep(Duration::from_millis(1));
            }
            writes
        });
        Self { is_over, thread }
    }

    /// Returns how long each write took, in milliseconds.
    fn end(self) -> Vec<f64> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("looking does not panic")
    }
}
