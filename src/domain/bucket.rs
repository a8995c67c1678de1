//! The partner's bucket, and the pictures in it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::domain::application::Application;
use crate::domain::catalog::CheckItem;
use crate::domain::credentials::Secret;

/// The largest picture that passes, in bytes: the page says 10 MB, read as 10 × 1024 × 1024 (assumed).
pub const MAX_PICTURE_BYTES: u64 = 10 * 1024 * 1024;

/// The size of a listed picture without a size, in bytes.
pub const TYPICAL_PICTURE_BYTES: u64 = 100 * 1024;

/// A picture format that the page accepts, with its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum PictureFormat {
    #[strum(to_string = "jpg", serialize = "jpeg")]
    Jpeg,
    Bmp,
    Png,
    Gif,
    Pdf,
}

/// The text on a front picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shows {
    /// The holder's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// The certificate number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<Box<str>>,
}

impl Shows {
    /// Returns true if a front side does not show what was entered.
    fn differs(&self, kind: PictureKind, application: &Application<'_>) -> bool {
        let differs = |shown: &Option<Box<str>>, entered: &str| shown.as_deref().is_some_and(|shown| shown != entered);
        let entered = match (kind, &application.legal_person) {
            (PictureKind::Front, _) => (&application.name, &application.certificate_number),
            (PictureKind::LegalPersonFront, Some(person)) => (&person.name, &person.id_number),
            _ => return false,
        };
        differs(&self.name, entered.0.as_str()) || differs(&self.number, entered.1.as_str())
    }
}

/// Why a picture is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Flaw {
    /// No object has this name.
    Missing,
    /// The name is the name of a folder.
    #[strum(to_string = "a folder")]
    Folder,
    /// The name is a link to something outside the bucket.
    #[strum(to_string = "a link that leads out of the bucket")]
    Outside,
    /// The file has no bytes.
    Empty,
    /// The end of the file is missing.
    Truncated,
    /// The file cannot be read, or the picture is blurred.
    Unreadable,
}

/// The format of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// A format that the page accepts.
    Accepted(PictureFormat),
    /// Another format, by its name. The name is empty if the content has no known format.
    Other(Box<str>),
    /// The picture could not be read.
    Unknown,
}

impl Format {
    /// Returns the format with this name or extension.
    pub fn from_name(name: &str) -> Self {
        name.parse().map_or_else(|_| Self::Other(name.to_ascii_lowercase().into()), Self::Accepted)
    }

    /// Returns the name of the format, if it is known.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Accepted(format) => Some(format.into()),
            Self::Other(name) => Some(name),
            Self::Unknown => None,
        }
    }
}

/// One picture as it was inspected.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The format.
    pub format: Format,
    /// The size in bytes.
    pub size: u64,
    /// Why the picture is not usable. `None` if it is.
    pub flaw: Option<Flaw>,
    /// The text on the picture. `None` means that it is not compared.
    pub shows: Option<Arc<Shows>>,
}

impl Picture {
    /// Returns a usable picture whose format is given by its extension.
    pub fn from_path(picture_path: &PicturePath<'_>) -> Self {
        Self {
            format: Format::from_name(picture_path.extension()),
            size: TYPICAL_PICTURE_BYTES,
            flaw: None,
            shows: None,
        }
    }

    /// Returns a picture without content.
    pub fn unusable(flaw: Flaw) -> Self {
        Self { format: Format::Unknown, size: 0, flaw: Some(flaw), shows: None }
    }

    /// Returns the check item that this picture fails, if any: the first of format, size, legibility and content.
    pub fn failed_item(&self, kind: PictureKind, application: &Application<'_>) -> Option<CheckItem> {
        if matches!(self.format, Format::Other(_)) {
            Some(CheckItem::PictureFormat)
        } else if self.size > MAX_PICTURE_BYTES {
            Some(CheckItem::PictureSize)
        } else if self.flaw.is_some() {
            Some(match kind {
                PictureKind::Front | PictureKind::LegalPersonFront => CheckItem::FrontInvalid,
                PictureKind::Back | PictureKind::LegalPersonBack => CheckItem::BackInvalid,
                PictureKind::InHand => CheckItem::InHandInvalid,
            })
        } else if self.shows.as_ref().is_some_and(|shows| shows.differs(kind, application)) {
            Some(CheckItem::InformationDiffers)
        } else {
            None
        }
    }
}

/// As in explanations: `png of 1024 bytes, truncated`.
impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(flaw) = self.flaw.filter(|_| self.size == 0) {
            return flaw.fmt(f);
        }
        let format = self.format.as_str().filter(|name| !name.is_empty()).unwrap_or("no known format");
        write!(f, "{format} of {} bytes", self.size)?;
        self.flaw.map_or(Ok(()), |flaw| write!(f, ", {flaw}"))
    }
}

/// The contents of a bucket below its `download` directory.
#[derive(Clone, Debug, Default)]
pub enum BucketContents {
    /// Every name exists; only its extension counts.
    #[default]
    AnyName,
    /// Only the listed names exist.
    Listed(HashMap<Box<str>, Picture>),
    /// Real files.
    Real(RealBucket),
}

/// The place of real files.
#[derive(Clone, Debug)]
pub enum RealBucket {
    /// A directory, by its absolute path.
    Directory(Arc<Path>),
    /// An S3 bucket.
    S3(Arc<S3Bucket>),
}

/// A bucket that speaks S3: one of OBS, for example.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "S3")]
pub struct S3Bucket {
    /// The URL of the service, without the bucket.
    pub endpoint: Box<str>,
    /// The bucket's name.
    pub bucket: Box<str>,
    /// The region.
    pub region: Box<str>,
    /// The access key ID.
    pub access_key: Box<str>,
    /// The secret access key.
    #[schemars(with = "String")]
    pub secret_key: Secret,
    /// `virtual`: requests name the bucket in the host name, as OBS wants it; `path`: in the path. Default path.
    #[serde(default)]
    pub addressing: Addressing,
}

/// Where a request to an S3 service names the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
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
    /// Whether Huawei Cloud may read the bucket.
    pub authorized: bool,
    /// The contents.
    pub contents: BucketContents,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { authorized: true, contents: BucketContents::AnyName }
    }
}

/// The result of inspecting an application's pictures.
#[derive(Clone, Debug)]
pub enum Inspection {
    /// Only the extensions count.
    ByName,
    /// The pictures, in the application's order.
    Read(Box<[Picture]>),
    Unreachable(Box<str>),
}

impl Inspection {
    /// Returns every picture with its kind and path. There are none if the bucket cannot be read.
    pub fn pictures<'s>(
        &'s self,
        application: &'s Application<'_>,
    ) -> impl Iterator<Item = (PictureKind, &'s PicturePath<'s>, Cow<'s, Picture>)> {
        let named = application.pictures.iter().copied().zip(&application.picture_paths);
        named.enumerate().filter_map(move |(index, (kind, path))| {
            let picture = match self {
                Self::ByName => Cow::Owned(Picture::from_path(path)),
                Self::Read(pictures) => Cow::Borrowed(&pictures[index]),
                Self::Unreachable(_) => return None,
            };
            Some((kind, path, picture))
        })
    }

    /// Returns why the bucket cannot be read. `None` if it can.
    pub fn unreachable(&self) -> Option<&str> {
        if let Self::Unreachable(cause) = self { Some(cause) } else { None }
    }
}

/// Which side of the certificate a picture shows. Its position in the list decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum PictureKind {
    /// The front side, or the profile page.
    Front,
    Back,
    #[strum(to_string = "in hand")]
    InHand,
    /// The side of the legal person's ID card with the portrait.
    #[strum(to_string = "legal person's front")]
    LegalPersonFront,
    /// The side with the emblem.
    #[strum(to_string = "legal person's back")]
    LegalPersonBack,
}

/// The path of a picture below the bucket's `download` directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PicturePath<'a>(Cow<'a, str>);

impl<'a> PicturePath<'a> {
    /// Accepts a relative path: not empty, no scheme, no leading `/`, no `.` or `..` segment, no backslash, no control
    /// character. All of these are assumed: the page gives examples only. The error says what the path must be.
    pub fn parse(path: impl Into<Cow<'a, str>>) -> Result<Self, &'static str> {
        let path = path.into();
        if is_plain(&path) {
            return Ok(Self(path));
        }
        let is_forbidden = |character: char| character == '\\' || character.is_control();
        if path.is_empty() {
            Err("must not be empty")
        } else if path.starts_with('/') || has_scheme(&path) {
            Err("must be relative to the download directory")
        } else if path.as_bytes().split(|byte| *byte == b'/').any(|segment| matches!(segment, b"." | b"..")) {
            Err("must not have a . or .. segment")
        } else if path.contains(is_forbidden) {
            Err("must not have a backslash or a control character")
        } else {
            Ok(Self(path))
        }
    }

    pub fn into_owned(self) -> PicturePath<'static> {
        PicturePath(self.0.into_owned().into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what follows the last dot of the file name. Empty if there is none.
    pub fn extension(&self) -> &str {
        let end = self.0.rfind(['.', '/']).map_or("", |end| &self.0[end..]);
        end.strip_prefix('.').unwrap_or_default()
    }
}

/// Returns true for a usual path, about which nothing else has to be asked.
fn is_plain(path: &str) -> bool {
    let is_usual = |byte: u8| matches!(byte, b' '..=b'~') & !matches!(byte, b'\\' | b':');
    // The loop has no way out in the middle, so that the processor looks at many bytes at once.
    let all_usual = path.bytes().fold(true, |all, byte| all & is_usual(byte));
    all_usual && !path.is_empty() && !path.starts_with(['.', '/']) && !path.contains("/.")
}

/// Returns true if the path begins with a URI scheme, by the grammar of RFC 3986.
fn has_scheme(path: &str) -> bool {
    let is_in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    path.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(is_in_scheme)
    })
}
