//! The soak: full speed for a long time, while spaces come and go, and what the simulator holds meanwhile. Most clients make
//! a space, apply for some hundred customers in it and delete it, over and over, each time on a connection of their own;
//! the others are refused in the default space. What is asked for is not measured here but what is left over.

use std::io::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Connection;
use crate::request::HOST;
use crate::server::{Cores, Server};
use crate::source::{Caller, Source};
use crate::subject;
use crate::table::Table;

/// How many clients there are: those with spaces of their own, and those in the default one.
const CLIENTS: [usize; 2] = [24, 8];

/// How many applications are made in a space, and how many requests in the default one on a connection.
const REQUESTS: u64 = 300;

/// How many rows the table has.
const ROWS: u32 = 20;

const COLUMNS: [(&str, usize); 5] = [("requests", 0), ("spaces made", 0), ("RSS MB", 2), ("files", 0), ("threads", 0)];

/// How much was done.
#[derive(Debug, Default)]
struct Done {
    requests: AtomicU32,
    spaces: AtomicU32,
}

/// Soaks the simulator for so long: a row now and then, and one when everybody has gone.
pub(crate) async fn soak(cores: Cores, time: Duration) -> Result<Table> {
    let server = Server::start(cores, &subject::simulator(&["--scenario", "open", "--log-level", "off"]), &[])?;
    let done = Arc::<Done>::default();
    let until = Instant::now() + time;
    let mut table = Table::new(&COLUMNS);
    let mut row = |name: String| {
        let count = |counter: &AtomicU32| Some(f64::from(counter.load(Ordering::Relaxed)));
        let row = vec![
            count(&done.requests),
            count(&done.spaces),
            server.resident_mb(),
            server.open_files(),
            server.threads(),
        ];
        table.push(&name, row);
    };
    row("before".to_owned());
    let [in_spaces, in_default] = CLIENTS;
    let address = server.address;
    let clients: Vec<_> = (0..in_spaces + in_default)
        .map(|number| {
            let done = Arc::clone(&done);
            tokio::spawn(async move {
                while Instant::now() < until {
                    let mut connection = Connection::open(address).await?;
                    if number < in_spaces {
                        visit(&mut connection, &done).await?;
                    } else {
                        ask(&mut connection, &Source::incomplete(token("demo-token")), &done).await?;
                    }
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for number in 1..=ROWS {
        tokio::time::sleep(time / ROWS).await;
        row(format!("after {} s", (time * number / ROWS).as_secs()));
    }
    for client in clients {
        client.await.expect("a client does not panic")?;
    }
    let left = spaces(&mut Connection::open(address).await?).await?;
    row(format!("at the end, {left} spaces"));
    Ok(table)
}

fn token(token: &str) -> Caller {
    Caller::Tokens(vec![token.to_owned()])
}

/// Makes a space, applies in it, and deletes it.
async fn visit(connection: &mut Connection, done: &Done) -> Result<()> {
    let space = control(connection, "POST", "/_sim/spaces", r#"{"scenario":"open"}"#).await?;
    let partner = space["partners"][0]["token"].as_str();
    let (Some(id), Some(partner)) = (space["id"].as_str(), partner) else {
        return Err(Error::other(format!("no space was made: {space}")));
    };
    ask(connection, &Source::accepted(token(partner)), done).await?;
    control(connection, "DELETE", &format!("/_sim/spaces/{id}"), "").await?;
    done.spaces.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Asks, and compares each answer.
async fn ask(connection: &mut Connection, source: &Source, done: &Done) -> Result<()> {
    let mut request = source.first();
    let [begin, finish] = source.answer;
    for number in 0..REQUESTS {
        source.write(number, &mut request);
        let answer = connection.exchange(&request).await?;
        if !(answer.starts_with(begin) && answer.ends_with(finish)) {
            return Err(Error::other(format!("an unexpected answer: {answer}")));
        }
        done.requests.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// How many spaces there are.
async fn spaces(connection: &mut Connection) -> Result<usize> {
    let index = control(connection, "GET", "/_sim/spaces", "").await?;
    Ok(index["spaces"].as_array().map_or(0, Vec::len))
}

/// A control call: its body.
async fn control(connection: &mut Connection, method: &str, path: &str, body: &str) -> Result<Value> {
    let length = body.len();
    let request = format!("{method} {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: {length}\r\n\r\n{body}");
    let answer = connection.exchange(request.as_bytes()).await?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    if answer.starts_with("HTTP/1.1 2") {
        Ok(serde_json::from_str(body).unwrap_or_default())
    } else {
        Err(Error::other(format!("{method} {path} got {answer}")))
    }
}
