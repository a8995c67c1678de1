//! Buckets: what is seen of the pictures in them. The only place that reads a partner's files, or asks a server for them.

use std::time::Duration;

use futures_util::future::try_join_all;

use crate::domain::bucket::{
    Bucket, BucketContents, Flaw, Format, Inspection, MAX_PICTURE_BYTES, Picture, PictureFormat, PicturePath,
    RealBucket,
};

mod directory;
#[cfg(feature = "s3")]
mod s3;

/// How long a bucket may take. An application is answered within two seconds, whatever its bucket does.
const DEADLINE: Duration = Duration::from_millis(1900);

/// Looks into buckets. What it keeps open between two looks is shared by all spaces.
#[derive(Debug, Default)]
pub struct Buckets {
    #[cfg(feature = "s3")]
    s3: s3::Client,
}

impl Buckets {
    /// What is seen of an application's pictures. Real ones are looked at side by side.
    pub async fn inspect(&self, bucket: &Bucket, picture_paths: &[PicturePath<'_>]) -> Inspection {
        match &bucket.contents {
            BucketContents::AnyName => Inspection::ByName,
            BucketContents::Listed(listing) => {
                let missing =
                    |path: &PicturePath<'_>| Picture { size: 0, flaw: Some(Flaw::Missing), ..Picture::from_path(path) };
                let listed =
                    |path: &PicturePath<'_>| listing.get(path.as_str()).cloned().unwrap_or_else(|| missing(path));
                Inspection::Read(picture_paths.iter().map(listed).collect())
            }
            // These are rare and large: boxed, they cost the others nothing.
            BucketContents::Real(bucket) => match Box::pin(self.read(bucket, picture_paths)).await {
                Ok(pictures) => Inspection::Read(pictures.into()),
                Err(Unreachable(cause)) => Inspection::Unreachable(cause.into()),
            },
        }
    }

    async fn read(&self, bucket: &RealBucket, picture_paths: &[PicturePath<'_>]) -> Result<Vec<Picture>, Unreachable> {
        let read = try_join_all(picture_paths.iter().map(|picture_path| async {
            match bucket {
                RealBucket::Directory(root) => directory::picture(root, picture_path).await,
                #[cfg(feature = "s3")]
                RealBucket::S3(bucket) => self.s3.picture(bucket, picture_path).await,
                #[cfg(not(feature = "s3"))]
                RealBucket::S3(_) => Err(Unreachable("this build has no support for S3".to_owned())),
            }
        }));
        let in_time = tokio::time::timeout(DEADLINE, read).await;
        in_time.unwrap_or_else(|_| Err(Unreachable(format!("no answer within {} ms", DEADLINE.as_millis()))))
    }
}

/// Why a bucket cannot be read.
#[derive(Debug)]
struct Unreachable(String);

/// How many bytes of the beginning and of the end are looked at. A PDF may begin and end anywhere in so many.
pub(super) const PROBE: u64 = 1024;

/// What is seen of a file of this size, in bytes, that begins and ends with these. Nobody looks at the end of one that
/// is too large.
pub(super) fn picture(size: u64, head: &[u8], tail: &[u8]) -> Picture {
    if size == 0 {
        return Picture::unusable(Flaw::Empty);
    }
    let format = format(head);
    let flaw = match format {
        Format::Accepted(format) if size <= MAX_PICTURE_BYTES && !is_complete(format, size, head, tail) => {
            Some(Flaw::Truncated)
        }
        _ => None,
    };
    Picture { format, size, flaw, shows: None }
}

/// The format that the first bytes tell.
fn format(head: &[u8]) -> Format {
    match infer::get(head) {
        // Two and three letters alone are how many a text begins.
        Some(kind) if kind.extension() == "bmp" && !is_bitmap(head) => Format::from_name(""),
        Some(kind) if kind.extension() == "gif" && !matches!(head, [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..]) => {
            Format::from_name("")
        }
        Some(kind) => Format::from_name(kind.extension()),
        None => Format::from_name(""),
    }
}

/// Whether what follows the first bytes of a bitmap is one of the headers that there are, by its size.
fn is_bitmap(head: &[u8]) -> bool {
    number(head, 14).is_some_and(|size| [12, 16, 40, 52, 56, 64, 108, 124].contains(&size))
}

/// Whether the end is there. A little more after it does no harm, as some programs add (assumed).
fn is_complete(format: PictureFormat, size: u64, head: &[u8], tail: &[u8]) -> bool {
    match format {
        PictureFormat::Jpeg => contains(tail, b"\xFF\xD9"),
        PictureFormat::Png => contains(tail, b"IEND\xAE\x42\x60\x82"),
        PictureFormat::Gif => tail.iter().rev().find(|byte| **byte != 0) == Some(&b';'),
        PictureFormat::Pdf => contains(tail, b"%%EOF"),
        PictureFormat::Bmp => {
            // Its size, and where its pixels begin.
            number(head, 2)
                .zip(number(head, 10))
                .is_some_and(|(whole, pixels)| size >= whole.into() && size > pixels.into())
        }
    }
}

/// The number at a place of a bitmap's header.
fn number(head: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*head.get(at..)?.first_chunk()?))
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}
