//! The clock of a space: the machine's time, moved or stopped as somebody asked.

use std::sync::RwLock;

use jiff::{SignedDuration, Timestamp};

/// The machine's time. Clients sign by it, so that signatures are judged by it, however the clock of a space was moved.
#[expect(clippy::disallowed_methods, reason = "this is the one place that all clocks come from")]
pub fn machine_time() -> Timestamp {
    Timestamp::now()
}

/// A clock that can be moved and stopped.
#[derive(Debug, Default)]
pub struct Clock(RwLock<Setting>);

#[derive(Clone, Copy, Debug, Default)]
struct Setting {
    ahead: SignedDuration,
    frozen_at: Option<Timestamp>,
}

impl Setting {
    fn now(self) -> Timestamp {
        match self.frozen_at {
            Some(time) => time,
            // Nearly always, and on the path of every request.
            None if self.ahead.is_zero() => machine_time(),
            None => machine_time().saturating_add(self.ahead).unwrap_or(Timestamp::MAX),
        }
    }

    /// The same clock, running or frozen as it is, at another time.
    fn at(self, time: Timestamp) -> Self {
        Self { ahead: time.duration_since(machine_time()), frozen_at: self.frozen_at.map(|_| time) }
    }
}

impl Clock {
    /// Another clock that shows the same time.
    pub(super) fn like(&self) -> Self {
        Self(RwLock::new(self.setting()))
    }

    /// The time of this clock.
    pub fn now(&self) -> Timestamp {
        self.setting().now()
    }

    /// True while the clock stands still.
    pub fn is_frozen(&self) -> bool {
        self.setting().frozen_at.is_some()
    }

    /// Puts the clock forward; at the end of time it stays there.
    pub fn advance(&self, by: SignedDuration) {
        self.change(|setting| setting.at(setting.now().saturating_add(by).unwrap_or(Timestamp::MAX)));
    }

    /// Sets the clock.
    pub fn set(&self, time: Timestamp) {
        self.change(|setting| setting.at(time));
    }

    /// Stops the clock, or lets it go on from where it stands.
    pub fn freeze(&self, freeze: bool) {
        self.change(|setting| {
            let now = setting.now();
            Setting { frozen_at: freeze.then_some(now), ..setting.at(now) }
        });
    }

    /// Back to the machine's time.
    pub fn reset(&self) {
        self.change(|_| Setting::default());
    }

    fn setting(&self) -> Setting {
        *self.0.read().expect("nothing panics while it holds the clock")
    }

    fn change(&self, change: impl FnOnce(Setting) -> Setting) {
        let mut setting = self.0.write().expect("nothing panics while it holds the clock");
        *setting = change(*setting);
    }
}
