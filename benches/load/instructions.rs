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

const COLUMNS: [(&str, usize); 5] =
    [("per request", 0), ("ratio", 3), ("spread %", 2), ("main thread", 0), ("ratio main", 3)];

/// True when there is something to count with.
pub(crate) fn can_be_counted() -> bool {
    let valgrind = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    valgrind.is_ok_and(|status| status.success())
}

/// Counts the instructions of the subjects, so many times: the medians and how far the counts are apart.
pub(crate) async fn count(subjects: &[Subject], cores: Cores, rounds: usize, files: &Files) -> Result<Table> {
    let mut medians: Vec<[Option<f64>; 2]> = Vec::new();
    let mut table = Table::new(&COLUMNS);
    for subject in subjects {
        let mut counts = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            let mut totals = [[0.0; 2]; 2];
            for (total, requests) in totals.iter_mut().zip(REQUESTS) {
                *total = totals_of(subject, cores, requests, files).await?;
            }
            let per_request =
                |which: usize| (totals[1][which] - totals[0][which]) / f64::from(REQUESTS[1] - REQUESTS[0]);
            counts.push([per_request(0), per_request(1)]);
        }
        let middles = [0, 1].map(|which| median(counts.iter().map(|count: &[f64; 2]| Some(count[which]))));
        let [least, most] = [f64::min, f64::max].map(|pick| counts.iter().map(|count| count[0]).reduce(pick));
        let spread = least.zip(most).map(|(least, most)| (most - least) / least * 100.0);
        medians.push(middles);
        let ratio = |which: usize| {
            middles[which].zip(medians[subject.reference][which]).map(|(middle, reference)| middle / reference)
        };
        table.push(subject.name, vec![middles[0], ratio(0), spread, middles[1], ratio(1)]);
    }
    Ok(table)
}

/// All that a server executes from its start to its end, when it is asked so many times, and what its main thread does: on
/// one core that is the one that answers, while others write the log and the state.
async fn totals_of(subject: &Subject, cores: Cores, requests: u32, files: &Files) -> Result<[f64; 2]> {
    let folder = files.path().join("callgrind");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir(&folder)?;
    let option = format!("--callgrind-out-file={}", folder.join("out").display());
    let valgrind = ["valgrind", "--tool=callgrind", "--separate-threads=yes", &option].map(str::to_owned);
    let (server, load) = subject.start(cores, &valgrind, requests as usize).await?;
    load.run(1, Duration::MAX, requests.into()).await?;
    server.end()?;
    let mut totals = [0.0; 2];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let profile = fs::read_to_string(&path)?;
        let total = profile.lines().rev().find_map(|line| line.strip_prefix("totals: ")?.trim().parse::<f64>().ok());
        let is_main = path.to_string_lossy().ends_with("-01");
        totals[0] += total.unwrap_or_default();
        totals[1] += total.filter(|_| is_main).unwrap_or_default();
    }
    if totals[1] > 0.0 {
        Ok(totals)
    } else {
        Err(Error::other(format!("callgrind counted nothing for {:?}", subject.name)))
    }
}
