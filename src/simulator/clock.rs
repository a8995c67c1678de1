//! The clock of a space: the machine's time, which the control API can move or freeze.

use std::sync::RwLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Returns the machine's time. Signatures are checked against it, because clients sign with it, not with the clock of a
/// space.
#[expect(clippy::disallowed_methods, reason = "this is the only source of time")]
pub fn machine_time() -> Timestamp {
    Timestamp::now()
}

/// The clock cannot be moved so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock cannot go beyond {}, the last time that there is", Timestamp::MAX)]
pub struct ClockLimit;

#[derive(Debug, Default)]
pub struct Clock(RwLock<Setting>);

#[derive(Clone, Copy, Debug, Default)]
struct Setting {
    ahead: SignedDuration,
    frozen_at: Option<Timestamp>,
}

impl Setting {
    /// Returns the time of the clock at a time of the machine.
    fn now(self, machine: Timestamp) -> Timestamp {
        match self.frozen_at {
            Some(time) => time,
            // Nearly always. The addition takes longer than to read the time.
            None if self.ahead.is_zero() => machine,
            None => machine.saturating_add(self.ahead).unwrap_or(Timestamp::MAX),
        }
    }

    /// Returns the setting for another time, still running or frozen.
    fn at(self, time: Timestamp, machine: Timestamp) -> Self {
        Self { ahead: time.duration_since(machine), frozen_at: self.frozen_at.map(|_| time) }
    }
}

/// What a clock shows.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub now: Timestamp,
    pub is_frozen: bool,
    /// How far it is ahead of the machine's clock.
    pub ahead: SignedDuration,
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        self.setting().now(machine_time())
    }

    pub fn read(&self) -> Reading {
        let (setting, machine) = (self.setting(), machine_time());
        let now = setting.now(machine);
        Reading { now, is_frozen: setting.frozen_at.is_some(), ahead: now.duration_since(machine) }
    }

    /// Returns how far it is ahead of the machine's clock while it runs.
    pub fn ahead(&self) -> SignedDuration {
        self.setting().ahead
    }

    /// Returns the time at which it stands still. `None` if it runs.
    pub fn frozen_at(&self) -> Option<Timestamp> {
        self.setting().frozen_at
    }

    /// Returns a clock that is so far ahead of the machine's, and stands still if there is a time at which it does.
    pub fn with(ahead: SignedDuration, frozen_at: Option<Timestamp>) -> Self {
        Self(RwLock::new(Setting { ahead, frozen_at }))
    }

    /// Moves the clock forward, unless it would be beyond the last time that there is.
    pub fn advance(&self, by: Duration) -> Result<(), ClockLimit> {
        let mut setting = self.0.write().expect("lock poisoned: clock");
        let machine = machine_time();
        *setting = setting.at(setting.now(machine).checked_add(by).map_err(|_| ClockLimit)?, machine);
        Ok(())
    }

    /// Sets the clock. Unless this also stops it or lets it run, it goes on or stands still as before.
    pub fn set(&self, time: Timestamp, freeze: Option<bool>) {
        self.change(|setting| {
            let freeze = freeze.unwrap_or(setting.frozen_at.is_some());
            Setting { frozen_at: freeze.then_some(time), ..setting.at(time, machine_time()) }
        });
    }

    /// Stops the clock, or lets it run on from its current time.
    pub fn freeze(&self, freeze: bool) {
        self.change(|setting| {
            let machine = machine_time();
            let now = setting.now(machine);
            Setting { frozen_at: freeze.then_some(now), ..setting.at(now, machine) }
        });
    }

    /// Goes back to the machine's time.
    pub fn reset(&self) {
        self.change(|_| Setting::default());
    }

    fn setting(&self) -> Setting {
        *self.0.read().expect("lock poisoned: clock")
    }

    fn change(&self, change: impl FnOnce(Setting) -> Setting) {
        let mut setting = self.0.write().expect("lock poisoned: clock");
        *setting = change(*setting);
    }
}

impl Clone for Clock {
    fn clone(&self) -> Self {
        Self(RwLock::new(self.setting()))
    }
}
