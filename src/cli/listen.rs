//! Where servers listen: addresses as people write them, and what is in the way of one.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::str::FromStr;

use tokio::net::TcpListener;

use super::CommandError;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The addresses that `localhost` means: clients try one or the other first.
const LOCALHOST: [IpAddr; 2] = [LOOPBACK, IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// The state of a socket that listens, in the tables of the kernel.
const LISTENING: &str = "0A";

/// The value of a flag: `127.0.0.1:8080`, `8080` and `:8080` on the loopback interface, or `localhost:8080`.
#[derive(Clone, Debug)]
pub(super) struct ListenAddress(Vec<SocketAddr>);

impl FromStr for ListenAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse() {
            return Ok(Self(vec![address]));
        }
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        let hosts = match host {
            "" => &LOCALHOST[..1],
            _ if host.eq_ignore_ascii_case("localhost") => &LOCALHOST,
            _ => &[],
        };
        match port.parse() {
            Ok(port) if !hosts.is_empty() => Ok(Self(hosts.iter().map(|host| SocketAddr::new(*host, port)).collect())),
            _ => Err("write it like `127.0.0.1:8080`, `0.0.0.0:8080`, `[::1]:8080`, `localhost:8080` or `8080`"),
        }
    }
}

impl ListenAddress {
    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().copied()
    }

    pub(super) fn first(&self) -> SocketAddr {
        self.0[0]
    }

    /// Listens on every address, with the same port. The flag is named if that fails.
    pub(super) async fn bind(&self, flag: &'static str) -> Result<Vec<TcpListener>, CommandError> {
        let mut listeners: Vec<TcpListener> = Vec::new();
        for mut address in self.addresses() {
            if let Some(first) = listeners.first() {
                address.set_port(first.local_addr()?.port());
            }
            match TcpListener::bind(address).await {
                Ok(listener) => listeners.push(listener),
                // A machine may be without IPv6.
                Err(error) if !listeners.is_empty() && error.kind() != ErrorKind::AddrInUse => {}
                Err(error) => return Err(CommandError::Bind(address, flag, error)),
            }
        }
        Ok(listeners)
    }
}

/// What to do about an address that cannot be listened on.
pub(super) fn advice(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => {
            let user = user(address.port()).map(|user| format!("; {user} has it")).unwrap_or_default();
            return format!("something listens there already: choose another port, or 0 for any free one{user}");
        }
        ErrorKind::AddrNotAvailable => "this machine has no such address: choose 127.0.0.1, or 0.0.0.0 for all it has",
        ErrorKind::PermissionDenied => "this port is for the system alone: choose one from 1024 on",
        _ => return error.to_string(),
    }
    .to_owned()
}

/// Returns the process that listens on a port. `None` if the system does not say.
fn user(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let sockets: Vec<_> = tables.iter().flat_map(|table| table.lines()).filter_map(|line| socket(line, port)).collect();
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().map(|process| process.path()).find(|process| has_one(process, &sockets)).and_then(|process| {
        let name = fs::read_to_string(process.join("comm")).ok()?;
        Some(format!("process {} ({})", process.file_name()?.to_string_lossy(), name.trim()))
    })
}

/// Returns the socket of a line, as the links to files name it, if it listens on this port.
fn socket(line: &str, port: u16) -> Option<String> {
    let mut columns = line.split_whitespace();
    let (local, state, inode) = (columns.nth(1)?, columns.nth(1)?, columns.nth(5)?);
    let is_it = state == LISTENING && local.ends_with(&format!(":{port:04X}"));
    is_it.then(|| format!("socket:[{inode}]"))
}

/// Returns true if a process has one of these sockets open.
fn has_one(process: &Path, sockets: &[String]) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
    let targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
    targets.into_iter().any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}
