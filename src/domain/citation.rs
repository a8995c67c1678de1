//! Where a simulated behaviour comes from: the vendor's page, or a choice of ours.

/// How well founded a behaviour is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The API's page says so.
    Documented,
    /// The page is silent or contradicts itself; we chose.
    Assumed,
}

impl Basis {
    /// The word used in explanations, tables and the README.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Assumed => "assumed",
        }
    }
}

/// A basis together with the page's words or with our reason.
#[derive(Clone, Copy, Debug)]
pub struct Citation {
    /// Documented or assumed.
    pub basis: Basis,
    /// The page's words when documented, our reason when assumed.
    pub source: &'static str,
}

impl Citation {
    /// A behaviour that the page describes, with the page's words.
    #[must_use]
    pub const fn documented(source: &'static str) -> Self {
        Self { basis: Basis::Documented, source }
    }

    /// A behaviour that we chose, with the reason.
    #[must_use]
    pub const fn assumed(source: &'static str) -> Self {
        Self { basis: Basis::Assumed, source }
    }
}
