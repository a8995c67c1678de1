//! The partner's bucket and what is seen of a picture in it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::domain::application::Application;
use crate::domain::catalog::CheckItem;
use crate::domain::credentials::Secret;

/// The largest picture that passes, in bytes: the page says 10 MB, read as 10 × 1024 × 1024 (assumed).
pub const MAX_PICTURE_BYTES: u64 = 10 * 1024 * 1024;

/// The size of a picture whose listing gives none, in bytes.
pub const TYPICAL_PICTURE_BYTES: u64 = 100 * 1024;

/// The picture formats that the page accepts, with the extensions that stand for them.
pub const FORMATS: &[(&str, PictureFormat)] = &[
    ("jpg", PictureFormat::Jpeg),
    ("jpeg", PictureFormat::Jpeg),
    ("bmp", PictureFormat::Bmp),
    ("png", PictureFormat::Png),
    ("gif", PictureFormat::Gif),
    ("pdf", PictureFormat::Pdf),
];

/// An accepted format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum PictureFormat {
    Jpeg,
    Bmp,
    Png,
    Gif,
    Pdf,
}

impl PictureFormat {
    /// The name of the format.
    pub fn as_str(self) -> &'static str {
        FORMATS.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// The format with this name or extension, in any case.
    pub fn parse(extension: &str) -> Option<Self> {
        FORMATS.iter().find(|(name, _)| name.eq_ignore_ascii_case(extension)).map(|(_, format)| *format)
    }
}

/// What can be read on the front picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shows {
    /// The holder's name; absent: what was entered.
    pub name: Option<Box<str>>,
    /// The certificate number; absent: what was entered.
    pub number: Option<Box<str>>,
}

/// Why a picture is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing has this name.
    Missing,
    /// The name is a folder's.
    Folder,
    /// The name is a link that leads out of the bucket.
    Outside,
    /// It has no bytes.
    Empty,
    /// Its end is missing.
    Truncated,
    /// It cannot be read, or is blurred.
    Unreadable,
}

impl Flaw {
    /// The word used in explanations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Folder => "a folder",
            Self::Outside => "a link that leads out of the bucket",
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What is known of a picture's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// One that the page accepts.
    Accepted(PictureFormat),
    /// Another one, by its name.
    Other(Box<str>),
    /// There is nothing to tell it by.
    Unseen,
}

impl Format {
    /// The format with this name or extension.
    pub fn named(name: &str) -> Self {
        PictureFormat::parse(name).map_or_else(|| Self::Other(name.to_ascii_lowercase().into()), Self::Accepted)
    }

    /// Its name, where there is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Accepted(format) => Some(format.as_str()),
            Self::Other(name) => Some(name),
            Self::Unseen => None,
        }
    }
}

/// What was seen of one picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its format.
    pub format: Format,
    /// Its size in bytes.
    pub size: u64,
    /// Why it is no good.
    pub flaw: Option<Flaw>,
    /// What it shows.
    pub shows: Option<Arc<Shows>>,
}

impl Picture {
    /// A flawless picture, judged by its name alone.
    pub fn named(picture_path: &PicturePath<'_>) -> Self {
        Self { format: Format::named(picture_path.extension()), size: TYPICAL_PICTURE_BYTES, flaw: None, shows: None }
    }

    /// One of which nothing can be seen.
    pub fn unseen(flaw: Flaw) -> Self {
        Self { format: Format::Unseen, size: 0, flaw: Some(flaw), shows: None }
    }

    /// The one check item that this picture fails, if any: the first of format, size, legibility, content.
    pub fn failed_item(&self, kind: PictureKind, application: &Application<'_>) -> Option<CheckItem> {
        if matches!(self.format, Format::Other(_)) {
            Some(CheckItem::PictureFormat)
        } else if self.size > MAX_PICTURE_BYTES {
            Some(CheckItem::PictureSize)
        } else if self.flaw.is_some() {
            Some(match kind {
                PictureKind::Front => CheckItem::FrontInvalid,
                PictureKind::Back => CheckItem::BackInvalid,
                PictureKind::InHand => CheckItem::InHandInvalid,
            })
        } else if kind == PictureKind::Front && self.shows.as_ref().is_some_and(|shows| shows.differs(application)) {
            Some(CheckItem::InformationDiffers)
        } else {
            None
        }
    }
}

/// As in explanations: `png of 1024 bytes, truncated`.
impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.format.as_str(), self.flaw) {
            (_, Some(flaw @ (Flaw::Missing | Flaw::Folder | Flaw::Outside | Flaw::Empty))) => {
                f.write_str(flaw.as_str())
            }
            (None, flaw) => f.write_str(flaw.map_or("unseen", Flaw::as_str)),
            (Some(format), flaw) => {
                let format = if format.is_empty() { "no known format" } else { format };
                write!(f, "{format} of {} bytes", self.size)?;
                flaw.map_or(Ok(()), |flaw| write!(f, ", {}", flaw.as_str()))
            }
        }
    }
}

impl Shows {
    fn differs(&self, application: &Application<'_>) -> bool {
        let differs = |shown: &Option<Box<str>>, entered: &str| shown.as_deref().is_some_and(|shown| shown != entered);
        differs(&self.name, application.name.as_str()) || differs(&self.number, application.certificate_number.as_str())
    }
}

/// What a partner's bucket holds below its `download` directory.
#[derive(Clone, Debug, Default)]
pub enum BucketContents {
    /// Every name exists; only its extension counts.
    #[default]
    AnyName,
    /// A listing: other names do not exist.
    Listed(HashMap<Box<str>, Picture>),
    /// Whatever lies there at the moment.
    Real(RealBucket),
}

/// Where real pictures lie.
#[derive(Clone, Debug)]
pub enum RealBucket {
    /// In a directory, by its absolute path.
    Directory(Arc<Path>),
    /// In a bucket that speaks S3.
    S3(Arc<S3Bucket>),
}

/// Where a bucket that speaks S3 is, and what opens it.
#[derive(Clone, Debug)]
pub struct S3Bucket {
    /// The URL of the service, without the bucket.
    pub endpoint: Box<str>,
    /// The bucket's name.
    pub bucket: Box<str>,
    /// The region that requests are signed for.
    pub region: Box<str>,
    /// The access key ID.
    pub access_key: Box<str>,
    /// The secret access key.
    pub secret_key: Secret,
    /// Where a request names the bucket.
    pub addressing: Addressing,
}

/// Where a request to an S3 service names the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addressing {
    /// In the path, as `MinIO` and most local services want it.
    #[default]
    Path,
    /// In the host name, as OBS wants it.
    Virtual,
}

/// A partner's bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Huawei Cloud may read it.
    pub authorized: bool,
    /// What lies in it.
    pub contents: BucketContents,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { authorized: true, contents: BucketContents::AnyName }
    }
}

/// What was seen of an application's pictures.
#[derive(Clone, Debug)]
pub enum Inspection {
    /// They were not looked at: their names say all.
    ByName,
    /// Each of them, in the application's order.
    Seen(Box<[Picture]>),
    /// The bucket cannot be read, for this reason.
    Unreachable(Box<str>),
}

impl Inspection {
    /// Every picture with its kind and path. There is none where the bucket cannot be read.
    pub fn pictures<'s>(
        &'s self,
        application: &'s Application<'_>,
    ) -> impl Iterator<Item = (PictureKind, &'s PicturePath<'s>, Cow<'s, Picture>)> {
        let count = if matches!(self, Self::Unreachable(_)) { 0 } else { usize::MAX };
        application.pictures().take(count).enumerate().map(move |(place, (kind, path))| {
            let picture = match self {
                Self::Seen(pictures) => Cow::Borrowed(&pictures[place]),
                _ => Cow::Owned(Picture::named(path)),
            };
            (kind, path, picture)
        })
    }

    /// Why the bucket cannot be read, if it cannot.
    pub fn unreachable(&self) -> Option<&str> {
        match self {
            Self::Unreachable(cause) => Some(cause),
            _ => None,
        }
    }
}

/// Which picture of the certificate an attachment is; its place in the list decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// The front side, or the profile page.
    Front,
    /// The back side.
    Back,
    /// The customer holding the certificate.
    InHand,
}

impl PictureKind {
    /// The word used in explanations.
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
pub struct PicturePath<'a>(Cow<'a, str>);

impl<'a> PicturePath<'a> {
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
    pub fn into_owned(self) -> PicturePath<'static> {
        PicturePath(self.0.into_owned().into())
    }

    /// The path as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot of the file name; empty when there is none.
    pub fn extension(&self) -> &str {
        match self.0.bytes().rposition(|byte| byte == b'.' || byte == b'/') {
            Some(place) if self.0.as_bytes()[place] == b'.' => &self.0[place + 1..],
            _ => "",
        }
    }
}

impl fmt::Debug for PicturePath<'_> {
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
    use super::PicturePath;

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
            assert!(PicturePath::parse(path).is_ok(), "{path}");
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
            assert!(PicturePath::parse(path).is_err(), "{path}");
        }
    }
}
