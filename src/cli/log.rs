//! The log: events on stderr. Nothing else is ever written there, and no event holds personal data.

use std::io::{self, IsTerminal};

use clap::ValueEnum;

use tracing::level_filters::LevelFilter;

use super::batch::{self, Flush};

/// How log events look.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The least important events to log.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Off => Self::OFF,
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
        }
    }
}

/// Begins to log, until what is returned is dropped.
///
/// # Errors
/// When there can be no thread for it.
pub(super) fn start(format: LogFormat, level: LogLevel) -> io::Result<Flush> {
    let (lines, flush) = batch::start(io::stderr())?;
    let log = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from(level))
        .with_writer(move || lines.clone())
        .with_target(false);
    match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(flush)
}
