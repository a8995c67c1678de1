//! Attachments: the pictures of an application, named by their place in the partner's bucket.

use std::borrow::Cow;
use std::fmt;

/// Which picture of the certificate an attachment is; its place in the list decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentKind {
    /// The front side, or the profile page.
    Front,
    /// The back side.
    Back,
    /// The customer holding the certificate.
    InHand,
}

impl AttachmentKind {
    /// The word used in explanations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Back => "back",
            Self::InHand => "in hand",
        }
    }
}

/// The path of a picture below the bucket's `download` directory.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Attachment<'a>(Cow<'a, str>);

impl<'a> Attachment<'a> {
    /// Takes a relative path: not empty, no scheme, no leading `/`, no `.` or `..` segment, no
    /// backslash, no control character. All of these are assumed; the page gives examples only.
    ///
    /// # Errors
    /// What is wrong with the path.
    pub fn parse(path: impl Into<Cow<'a, str>>) -> Result<Self, &'static str> {
        let path = path.into();
        if path.is_empty() {
            Err("must not be empty")
        } else if path.starts_with('/') || has_scheme(&path) {
            Err("must be relative to the download directory")
        } else if has_dots(&path) {
            Err("must not have a . or .. segment")
        } else if !is_printable(&path) {
            Err("must not have a backslash or a control character")
        } else {
            Ok(Self(path))
        }
    }

    /// The same with a text of its own.
    #[must_use]
    pub fn into_owned(self) -> Attachment<'static> {
        Attachment(self.0.into_owned().into())
    }

    /// The path as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot of the file name; empty when there is none.
    #[must_use]
    pub fn extension(&self) -> &str {
        match self.0.bytes().rposition(|byte| byte == b'.' || byte == b'/') {
            Some(place) if self.0.as_bytes()[place] == b'.' => &self.0[place + 1..],
            _ => "",
        }
    }
}

impl fmt::Debug for Attachment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// True when the path begins with a URI scheme, by the grammar of RFC 3986.
fn has_scheme(path: &str) -> bool {
    let is_in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    // Most paths have no colon at all.
    path.as_bytes().contains(&b':')
        && path.split_once(':').is_some_and(|(scheme, _)| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(is_in_scheme)
        })
}

/// True when a segment is `.` or `..`. Most paths have no segment that begins with a dot.
fn has_dots(path: &str) -> bool {
    let begins_with_dot = path.starts_with('.') || path.contains("/.");
    begins_with_dot && path.split('/').any(|segment| matches!(segment, "." | ".."))
}

/// False when there is a backslash or a control character. Beyond ASCII these have to be looked for by character.
fn is_printable(path: &str) -> bool {
    let is_wrong = |byte: &u8| matches!(byte, 0..b' ' | 0x7F | b'\\');
    // Looking at them all goes over many bytes at a time, which stopping at the first does not.
    let has_wrong = path.as_bytes().iter().fold(false, |found, byte| found | is_wrong(byte));
    !has_wrong && (path.is_ascii() || !path.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::Attachment;

    #[test]
    fn only_relative_paths_are_attachments() {
        for path in [
            "a.jpg",
            "test/正面 1.jpg",
            "a//b.jpg",
            "..a/b...jpg",
            "download/a.jpg",
            "12:30.jpg",
            "a/b:c.jpg",
            "%2e%2e/a.jpg",
        ] {
            assert!(Attachment::parse(path).is_ok(), "{path}");
        }
        for path in [
            "",
            "/a.jpg",
            "https://b/a.jpg",
            "C:a.jpg",
            "../a.jpg",
            "a/./b.jpg",
            "a/..",
            "a\\b.jpg",
            "a\n.jpg",
            "a\u{7f}",
        ] {
            assert!(Attachment::parse(path).is_err(), "{path}");
        }
    }
}
