//! Matchers: conditions on one text value, as scripts write them.

use regex_lite::Regex;

/// A condition on a value. Numbers are compared by their decimal text.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// The value is one of these.
    AnyOf(Vec<Box<str>>),
    /// The value begins with this.
    Prefix(Box<str>),
    /// The value ends with this.
    Suffix(Box<str>),
    /// This is somewhere in the value.
    Contains(Box<str>),
    /// The expression matches somewhere in the value.
    Regex(Regex),
    /// There is a value, or there is none.
    Present(bool),
}

impl Matcher {
    /// True when the condition holds. Of several values (a list) one has to satisfy it.
    #[must_use]
    pub fn matches<S: AsRef<str>>(&self, values: &[S]) -> bool {
        if let Self::Present(present) = self {
            return *present != values.is_empty();
        }
        values.iter().any(|value| self.accepts(value.as_ref()))
    }

    fn any_of<T: ToString>(options: impl IntoIterator<Item = T>) -> Self {
        Self::AnyOf(options.into_iter().map(|option| option.to_string().into()).collect())
    }

    fn accepts(&self, value: &str) -> bool {
        match self {
            Self::AnyOf(options) => options.iter().any(|option| **option == *value),
            Self::Prefix(prefix) => value.starts_with(&**prefix),
            Self::Suffix(suffix) => value.ends_with(&**suffix),
            Self::Contains(part) => value.contains(&**part),
            Self::Regex(regex) => regex.is_match(value),
            Self::Present(_) => true,
        }
    }
}

impl From<&str> for Matcher {
    fn from(value: &str) -> Self {
        Self::any_of([value])
    }
}

impl From<u16> for Matcher {
    fn from(value: u16) -> Self {
        Self::any_of([value])
    }
}

impl<T: ToString, const N: usize> From<[T; N]> for Matcher {
    fn from(options: [T; N]) -> Self {
        Self::any_of(options)
    }
}
