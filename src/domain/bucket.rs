//! The partner's bucket and what is seen of a picture in it.

use std::collections::HashMap;
use std::sync::Arc;

use super::application::Application;
use super::attachment::{Attachment, AttachmentKind};
use super::catalog::CheckItem;

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
    #[must_use]
    pub fn as_str(self) -> &'static str {
        FORMATS.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// The format with this name or extension, in any case.
    #[must_use]
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

/// Why nothing can be seen of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// No object has this name.
    Missing,
    /// The object has no bytes.
    Empty,
    /// It cannot be read, or is blurred.
    Unreadable,
}

/// What was seen of one picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its format; absent: none that is accepted.
    pub format: Option<PictureFormat>,
    /// Its size in bytes.
    pub size: u64,
    /// Why it cannot be seen.
    pub flaw: Option<Flaw>,
    /// What it shows.
    pub shows: Option<Arc<Shows>>,
}

impl Picture {
    /// A flawless picture, judged by its name alone.
    fn named(attachment: &Attachment) -> Self {
        let format = attachment.extension().and_then(|extension| PictureFormat::parse(&extension));
        Self { format, size: TYPICAL_PICTURE_BYTES, flaw: None, shows: None }
    }

    /// The one check item that this picture fails, if any: the first of format, size, legibility, content.
    #[must_use]
    pub fn failed_item(&self, kind: AttachmentKind, application: &Application) -> Option<CheckItem> {
        if self.format.is_none() {
            Some(CheckItem::PictureFormat)
        } else if self.size > MAX_PICTURE_BYTES {
            Some(CheckItem::PictureSize)
        } else if self.flaw.is_some() {
            Some(match kind {
                AttachmentKind::Front => CheckItem::FrontInvalid,
                AttachmentKind::Back => CheckItem::BackInvalid,
                AttachmentKind::InHand => CheckItem::InHandInvalid,
            })
        } else if kind == AttachmentKind::Front && self.shows.as_ref().is_some_and(|shows| shows.differs(application)) {
            Some(CheckItem::InformationDiffers)
        } else {
            None
        }
    }
}

impl Shows {
    fn differs(&self, application: &Application) -> bool {
        let differs = |shown: &Option<Box<str>>, entered: &str| shown.as_deref().is_some_and(|shown| shown != entered);
        differs(&self.name, application.name.as_str()) || differs(&self.number, application.certificate_number.as_str())
    }
}

/// What a partner's bucket holds below its `download` directory.
#[derive(Clone, Debug, Default)]
pub enum Contents {
    /// Every name exists; only its extension counts.
    #[default]
    AnyName,
    /// A listing: other names do not exist.
    Listed(HashMap<Box<str>, Picture>),
}

/// A partner's bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Huawei Cloud may read it.
    pub authorized: bool,
    /// What lies in it.
    pub contents: Contents,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { authorized: true, contents: Contents::AnyName }
    }
}

impl Bucket {
    /// What is seen of one picture.
    #[must_use]
    pub fn look_at(&self, attachment: &Attachment) -> Picture {
        match &self.contents {
            Contents::AnyName => Picture::named(attachment),
            Contents::Listed(listing) => listing.get(attachment.as_str()).cloned().unwrap_or_else(|| Picture {
                flaw: Some(Flaw::Missing),
                size: 0,
                ..Picture::named(attachment)
            }),
        }
    }
}
