//! Faults: what can go wrong on the way to the client instead of an answer.

/// A fault of the connection, or of a part of it where it has many exchanges at a time. Only a script can cause one; the
/// choice of faults is ours (assumed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is reset: TCP's RST.
    Reset,
    /// The connection is closed before an answer.
    Close,
    /// An answer with status 200 and nothing in it.
    Empty,
    /// An answer whose body is cut short against its `Content-Length`.
    Malformed,
    /// No answer, for as long as the client waits.
    Hang,
}

impl Fault {
    /// The word used in fixtures and explanations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Close => "close",
            Self::Empty => "empty",
            Self::Malformed => "malformed",
            Self::Hang => "hang",
        }
    }

    /// What the outcome is called.
    #[must_use]
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::Reset => "fault reset",
            Self::Close => "fault close",
            Self::Empty => "fault empty",
            Self::Malformed => "fault malformed",
            Self::Hang => "fault hang",
        }
    }
}
