//! What a user will notice of the simulator's speed, beside the least that a server can do.
//!
//! `cargo bench --bench load` starts the simulator's binary, as a release has it, and a bare handler of the same request,
//! each as a process of its own, and asks them over 32 keep-alive connections: each request is the page's example, for
//! a customer and a certificate of its own, in the scenario `open`, so that it goes all the way and changes
//! the state. A simulator has been in use for a second before, and was reset. Every answer is compared. All subjects take part in each round; a ratio is to the bare handler in the same
//! round, and what is printed are medians over the rounds. `bare again` is the bare handler against itself: ratios that are
//! no further from 1 say nothing.
//!
//! | column | is |
//! |---|---|
//! | `CPU us` | microseconds of CPU time, of user and system, that the server used for a request: by `/proc/PID/stat` |
//! | `p50 us`, `p99 us` | how long a client waited for its answer |
//! | `RSS MB` | the server's memory at the end: each customer that was accepted is part of the state, so that it grows |
//! | `requests` | how many had been answered by then |
//!
//! `-- --flat` compares the simulator with itself instead: with many customers and certificates, with many spaces, with a
//! full journal. `-- soak` goes on for ten minutes while spaces come and go, and tells what is left over.
//! `-- state` tells how long 10,000 spaces and 100,000 customers take to be written and restored with `--state`, and how long requests wait meanwhile. `-- instructions` counts instructions for each request instead of time, which is what to go by on a
//! busy machine and in CI. The last line of each is JSON. `-- --help` tells the rest.

mod bare;
mod client;
mod instructions;
mod request;
mod rounds;
mod server;
mod soak;
mod source;
mod state;
mod subject;
mod table;

use std::time::Duration;

use clap::{Parser, ValueEnum};

use self::server::Cores;
use self::subject::{Files, Subject};

/// The argument by which this program is the bare handler.
const BARE: &str = "bare";

/// Measures the simulator's binary beside a bare handler.
#[derive(Debug, Parser)]
struct Options {
    /// What to measure.
    #[arg(default_value = "time")]
    what: What,

    /// Compare states that should make no difference: a large world, many spaces, a full journal.
    #[arg(long)]
    flat: bool,

    /// How many times each subject is measured; by default 7, and 2 for instructions.
    #[arg(long)]
    rounds: Option<usize>,

    /// How long each of them is measured in a round.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,

    /// How long the soak goes on.
    #[arg(long, default_value_t = 600)]
    soak_seconds: u64,

    /// Cargo says that this is a bench and no test.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Requests, CPU time, latency and memory.
    Time,
    /// Instructions for each request, counted by valgrind.
    Instructions,
    /// What is held in the long run.
    Soak,
    /// How long a large state takes to be written and restored, and what requests notice.
    State,
}

fn main() -> std::io::Result<()> {
    if std::env::args().nth(1).is_some_and(|argument| argument == BARE) {
        return bare::serve();
    }
    let options = Options::parse();
    if !options.bench {
        println!("Nothing is measured in a test: `cargo bench --bench load`.");
        return Ok(());
    }
    if matches!(options.what, What::Instructions) && !instructions::can_be_counted() {
        println!("valgrind is not installed: nothing is counted.");
        return Ok(());
    }
    let cores = Cores::divide();
    let files = Files::new()?;
    let subjects = if options.flat { Subject::flat(&files)? } else { Subject::all(&files) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (title, table) = match options.what {
        What::Time => {
            let rounds = options.rounds.unwrap_or(7);
            ("time", runtime.block_on(rounds::measure(&subjects, cores, rounds, options.seconds))?)
        }
        What::Soak => ("soak", runtime.block_on(soak::soak(cores, Duration::from_secs(options.soak_seconds)))?),
        What::State => ("state", runtime.block_on(state::measure(cores, &files, options.seconds))?),
        What::Instructions => {
            let rounds = options.rounds.unwrap_or(2);
            ("instructions", runtime.block_on(instructions::count(&subjects, cores, rounds, &files))?)
        }
    };
    table.print(title);
    Ok(())
}
