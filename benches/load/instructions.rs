//! Instructions: how many a server executes in user space for a request, counted by valgrind. Unlike time, this number
//! hardly moves from one run to the next or from one machine to another, so that a change of it is a change of the code.
//! What a server does at its start and its end does not count: it is the same in a short run and in a long one.

use std::fs;
use std::io::{Error, Result};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::server::Cores;
use crate::subject::{Files, Subject};
use crate::table::{Table, median};

/// How many requests a short run and a long one make, over one connection.
const REQUESTS: [u32; 2] = [500, 2500];

const COLUMNS: [(&str, usize); 3] = [("per request", 0), ("ratio", 3), ("spread %", 2)];

/// True when there is something to count with.
pub(crate) fn can_be_counted() -> bool {
    let valgrind = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    valgrind.is_ok_and(|status| status.success())
}

/// Counts the instructions of the subjects, so many times: the medians and how far the counts are apart.
pub(crate) async fn count(subjects: &[Subject], cores: Cores, rounds: usize, files: &Files) -> Result<Table> {
    let mut medians: Vec<Option<f64>> = Vec::new();
    let mut table = Table::new(&COLUMNS);
    for subject in subjects {
        let mut counts = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            let mut totals = [0.0; 2];
            for (total, requests) in totals.iter_mut().zip(REQUESTS) {
                *total = total_of(subject, cores, requests, files).await?;
            }
            counts.push((totals[1] - totals[0]) / f64::from(REQUESTS[1] - REQUESTS[0]));
        }
        let middle = median(counts.iter().copied().map(Some));
        let [least, most] = [f64::min, f64::max].map(|pick| counts.iter().copied().reduce(pick));
        let spread = least.zip(most).map(|(least, most)| (most - least) / least * 100.0);
        medians.push(middle);
        let ratio = middle.zip(medians[subject.reference]).map(|(middle, reference)| middle / reference);
        table.push(subject.name, vec![middle, ratio, spread]);
    }
    Ok(table)
}

/// All that a server executes from its start to its end, when it is asked so many times.
async fn total_of(subject: &Subject, cores: Cores, requests: u32, files: &Files) -> Result<f64> {
    let out = files.path().join("callgrind.out");
    let option = format!("--callgrind-out-file={}", out.display());
    let valgrind = ["valgrind", "--tool=callgrind", &option].map(str::to_owned);
    let (server, load) = subject.start(cores, &valgrind, requests as usize).await?;
    load.run(1, Duration::MAX, requests.into()).await?;
    server.end()?;
    let profile = fs::read_to_string(&out)?;
    let total = profile.lines().rev().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.ok_or_else(|| Error::other(format!("callgrind counted nothing for {:?}", subject.name)))
}
