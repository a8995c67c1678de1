//! Rounds: every subject is measured in each of them, one after the other, so that what else the machine does meets all
//! of them. Only ratios within a round mean anything elsewhere.

use std::io::Result;
use std::time::Duration;

use crate::server::Cores;
use crate::subject::Subject;
use crate::table::{Table, median};

/// How many connections there are, each with one request under way.
const CONNECTIONS: usize = 32;

/// How long a server is in use before what it has seen is forgotten again: one that runs for days asks the system for
/// memory but seldom.
const USE: Duration = Duration::from_secs(1);

/// How long a server is asked before it is measured.
const WARM_UP: Duration = Duration::from_millis(200);

/// More requests than any signed caller gets answered in a second. Should they run out, the measurement ends early.
const REQUESTS_PER_SECOND: usize = 60_000;

const COLUMNS: [(&str, usize); 10] = [
    ("req/s", 0),
    ("ratio", 3),
    ("CPU us", 1),
    ("ratio CPU", 3),
    ("p50 us", 0),
    ("ratio p50", 3),
    ("p99 us", 0),
    ("ratio p99", 3),
    ("RSS MB", 1),
    ("requests", 0),
];

/// What was measured of one subject in one round.
#[derive(Clone, Copy, Debug)]
struct Measured {
    requests_per_second: Option<f64>,
    cpu: Option<f64>,
    p50: Option<f64>,
    p99: Option<f64>,
    resident: Option<f64>,
    requests: Option<f64>,
}

/// Measures the subjects in so many rounds, and tells the medians over them.
pub(crate) async fn measure(subjects: &[Subject], cores: Cores, rounds: usize, seconds: f64) -> Result<Table> {
    let mut measured = vec![Vec::with_capacity(rounds); subjects.len()];
    for _ in 0..rounds {
        for (subject, measured) in subjects.iter().zip(&mut measured) {
            measured.push(measure_once(subject, cores, Duration::from_secs_f64(seconds)).await?);
        }
    }
    let mut table = Table::new(&COLUMNS);
    for (subject, rows) in subjects.iter().zip(&measured) {
        let reference = &measured[subject.reference];
        let middle = |column: fn(&Measured) -> Option<f64>| median(rows.iter().map(column));
        let ratio = |column: fn(&Measured) -> Option<f64>| {
            let ratio = |(row, reference)| Some(column(row)? / column(reference)?);
            median(rows.iter().zip(reference).map(ratio))
        };
        table.push(
            subject.name,
            vec![
                middle(|row| row.requests_per_second),
                ratio(|row| row.requests_per_second),
                middle(|row| row.cpu),
                ratio(|row| row.cpu),
                middle(|row| row.p50),
                ratio(|row| row.p50),
                middle(|row| row.p99),
                ratio(|row| row.p99),
                middle(|row| row.resident),
                middle(|row| row.requests),
            ],
        );
    }
    Ok(table)
}

/// Measures a server that is started for it, so that each begins with the same state.
async fn measure_once(subject: &Subject, cores: Cores, time: Duration) -> Result<Measured> {
    let signed = (USE + WARM_UP + time).mul_f64(1.1).as_millis() * REQUESTS_PER_SECOND as u128 / 1000;
    let (server, load) = subject.start(cores, &[], usize::try_from(signed).unwrap_or(usize::MAX)).await?;
    subject.use_and_reset(&server, &load, CONNECTIONS, USE).await?;
    let warm_up = load.run(CONNECTIONS, WARM_UP, u64::MAX).await?;
    let before = server.cpu_seconds();
    let seen = load.run(CONNECTIONS, time, u64::MAX).await?;
    let used = server.cpu_seconds().zip(before).map(|(after, before)| after - before);
    Ok(Measured {
        requests_per_second: Some(seen.requests() / seen.took.as_secs_f64()),
        cpu: used.map(|seconds| seconds * 1e6 / seen.requests()),
        p50: seen.percentile(50),
        p99: seen.percentile(99),
        resident: server.resident_mb(),
        requests: Some(warm_up.requests() + seen.requests()),
    })
}
