//! `bss-sim import`: what a real service answered, as a scenario, and where it differs from bss-sim.

use std::fs::File;
use std::io::{IsTerminal, Read, Write, stderr, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::serve::ScenarioFlags;
use super::{CommandError, print, printable_lines};
use crate::import::{Import, Imported, compared_headers};

/// What `--help` adds.
pub(super) const HELP: &str = "\
CAPTURE is an HTTP archive (HAR 1.2), as browsers, proxies and GET /_sim/journal?format=har write it. It has the tokens and
the personal data of all that was captured: keep it where those belong. In what is printed, every name, number, token,
signature and host is replaced by an invented one. Read it once before you share it all the same.

The scenario goes to stdout. To stderr goes what differs, with the setting or the script that gives the same answer, and
what could not become an exchange. Exit code 3 says that the capture is broken; what came before that place is used.

Examples:
  # a scenario that answers as the real service did
  bss-sim import capture.har > captured.yaml
  bss-sim check captured.yaml
  # only compare: exit with 1 if an answer has another form, or if there is none
  bss-sim import --check capture.har
  # the same every night: what an earlier import found does not count, nor does a header
  bss-sim import --check capture.har --ignore-header Server --fixtures captured.yaml
  # what a running simulator was asked
  curl \"$BSS_SIM_URL/_sim/journal?format=har\" | bss-sim import - > asked.yaml";

/// Which capture to import, and how.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The capture; `-` reads stdin.
    #[arg(value_name = "CAPTURE")]
    capture: PathBuf,

    /// Only compare: print no scenario, and exit with 1 if an answer differs from that of bss-sim, or if there is none.
    #[arg(long)]
    check: bool,

    /// Headers that are not compared, since bss-sim sends them otherwise than the real service, and you know it.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = PossibleValuesParser::new(compared_headers()), ignore_case = true)]
    ignore_header: Vec<String>,

    /// Compare with the answers of this scenario: with its `settings.wire`, such as those that an earlier import proposed.
    #[command(flatten)]
    scenario: ScenarioFlags,
}

impl ImportArgs {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (_, scenario) = self.scenario.load()?;
        let mut import = runtime.block_on(Import::begin(&scenario.world.settings.wire, self.ignore_header));
        let read = if self.capture == Path::new("-") {
            import.read(stdin().lock())
        } else {
            let opened = File::open(&self.capture).and_then(|file| Ok((file.metadata()?.len(), file)));
            let (size, file) = opened.map_err(|error| CommandError::Capture(error.into()))?;
            let mut progress = Progress::new(size);
            let read = import.read(Watched { reader: file, progress: &mut progress });
            progress.clear();
            read
        };
        let (has_differences, has_calls) = (import.has_differences(), import.has_calls());
        let (scenario, report) = if self.check {
            (None, import.compared())
        } else {
            let Imported { scenario, report } = runtime.block_on(import.finish());
            (Some(scenario), report)
        };
        // If stderr cannot be written, the exit code is still the same.
        let _ = write!(stderr(), "{}", printable_lines(&report));
        if let Some(scenario) = scenario {
            print(&scenario?)?;
        }
        // A capture that is not whole is no proof of anything, whatever was found in it.
        read.map_err(CommandError::Capture)?;
        if self.check && has_differences {
            let message = "the service answers otherwise than bss-sim: use what is proposed, or correct the capture";
            return Err(CommandError::CheckFailed(message.to_owned()));
        }
        if self.check && !has_calls {
            let message = "nothing was compared: the capture has no call of a simulated endpoint with its answer; \
                           record calls of the service";
            return Err(CommandError::CheckFailed(message.to_owned()));
        }
        Ok(())
    }
}

/// A line on a terminal that says how much of a file has been read.
struct Progress {
    size: u64,
    read: u64,
    /// What was drawn last, in percent. `None` if nothing is drawn.
    drawn: Option<u64>,
}

/// How many characters the bar has.
const BAR: usize = 40;

impl Progress {
    fn new(size: u64) -> Self {
        Self { size, read: 0, drawn: (size > 0 && stderr().is_terminal()).then_some(0) }
    }

    fn add(&mut self, bytes: usize) {
        self.read += bytes as u64;
        let percent = (self.read * 100).checked_div(self.size).unwrap_or_default().min(100);
        if self.drawn.is_some_and(|drawn| drawn < percent) {
            self.drawn = Some(percent);
            let full = usize::try_from(percent).unwrap_or_default() * BAR / 100;
            let _ = write!(stderr(), "\r[{}{}] {percent:>3} %", "#".repeat(full), " ".repeat(BAR - full));
        }
    }

    fn clear(&self) {
        if self.drawn.is_some() {
            let _ = write!(stderr(), "\r{}\r", " ".repeat(BAR + 8));
        }
    }
}

/// A reader whose progress is drawn.
struct Watched<'a> {
    reader: File,
    progress: &'a mut Progress,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.progress.add(read);
        Ok(read)
    }
}
