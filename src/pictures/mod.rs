//! Inspects the pictures of an application: by name, in a listing, in a directory or in an S3 bucket. This is the only code
//! that reads a partner's files.

use std::time::Duration;

use futures_util::future::try_join_all;

use crate::domain::{
    Bucket, BucketContents, Flaw, Format, Inspection, MAX_PICTURE_BYTES, Picture, PictureFormat, PicturePath,
    RealBucket,
};

mod directory;
#[cfg(feature = "s3")]
mod s3;

/// How long reading a bucket may take. An application is answered within two seconds, even if its bucket hangs.
const BUCKET_TIMEOUT: Duration = Duration::from_millis(1900);

/// How many bytes of the beginning and of the end of a file are read. The marks of a PDF may be anywhere in them.
const PROBE_BYTES: u64 = 1024;

/// Why a bucket cannot be read.
#[derive(Debug)]
struct Unreachable(String);

/// Reads buckets. All spaces share one, with its open connections.
#[derive(Debug, Default)]
pub struct Buckets {
    #[cfg(feature = "s3")]
    s3: s3::Client,
}

impl Buckets {
    /// Inspects the pictures of an application. Real files are read concurrently.
    pub async fn inspect(&self, bucket: &Bucket, paths: &[PicturePath<'_>]) -> Inspection {
        match &bucket.contents {
            BucketContents::AnyName => Inspection::ByName,
            BucketContents::Listed(listing) => Inspection::Read(
                paths
                    .iter()
                    .map(|path| match listing.get(path.as_str()) {
                        Some(listed) => listed.clone(),
                        None => Picture { size: 0, flaw: Some(Flaw::Missing), ..Picture::from_path(path) },
                    })
                    .collect(),
            ),
            // The future is large and rarely needed: boxing it keeps all others small.
            BucketContents::Real(bucket) => match Box::pin(self.read(bucket, paths)).await {
                Ok(pictures) => Inspection::Read(pictures.into()),
                Err(Unreachable(cause)) => Inspection::Unreachable(cause.into()),
            },
        }
    }

    async fn read(&self, bucket: &RealBucket, paths: &[PicturePath<'_>]) -> Result<Vec<Picture>, Unreachable> {
        let pictures = try_join_all(paths.iter().map(|path| async {
            match bucket {
                RealBucket::Directory(root) => directory::inspect(root, path).await,
                #[cfg(feature = "s3")]
                RealBucket::S3(bucket) => self.s3.inspect(bucket, path).await,
                #[cfg(not(feature = "s3"))]
                RealBucket::S3(_) => Err(Unreachable("this build has no support for S3".to_owned())),
            }
        }));
        tokio::time::timeout(BUCKET_TIMEOUT, pictures)
            .await
            .unwrap_or_else(|_| Err(Unreachable(format!("no answer within {} ms", BUCKET_TIMEOUT.as_millis()))))
    }
}

/// Inspects a file by its size and the [`PROBE_BYTES`] at its beginning and at its end. `tail` may be empty if the file is
/// larger than a picture may be.
fn inspect_content(size: u64, head: &[u8], tail: &[u8]) -> Picture {
    if size == 0 {
        return Picture::unusable(Flaw::Empty);
    }
    let format = detect_format(head);
    let flaw = match format {
        Format::Accepted(format) if size <= MAX_PICTURE_BYTES && !is_complete(format, size, head, tail) => {
            Some(Flaw::Truncated)
        }
        _ => None,
    };
    Picture { format, size, flaw, shows: None }
}

fn detect_format(head: &[u8]) -> Format {
    let extension = infer::get(head).map_or("", |kind| kind.extension());
    // For these two formats infer looks at two or three letters, with which a text can begin, too.
    let is_detected = match extension {
        // The size of the second header is one that exists.
        "bmp" => bitmap_number(head, 14).is_some_and(|size| [12, 16, 40, 52, 56, 64, 108, 124].contains(&size)),
        "gif" => matches!(head, [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..]),
        _ => true,
    };
    Format::from_name(if is_detected { extension } else { "" })
}

/// Returns true if the end of the file is there. Bytes after it, which some programs add, are accepted (assumed).
fn is_complete(format: PictureFormat, size: u64, head: &[u8], tail: &[u8]) -> bool {
    match format {
        PictureFormat::Jpeg => contains(tail, b"\xFF\xD9"),
        PictureFormat::Png => contains(tail, b"IEND\xAE\x42\x60\x82"),
        PictureFormat::Gif => tail.iter().rev().find(|byte| **byte != 0) == Some(&b';'),
        PictureFormat::Pdf => contains(tail, b"%%EOF"),
        PictureFormat::Bmp => {
            let (file_size, pixel_offset) = (bitmap_number(head, 2), bitmap_number(head, 10));
            file_size.is_some_and(|file_size| size >= file_size.into())
                && pixel_offset.is_some_and(|pixel_offset| size > pixel_offset.into())
        }
    }
}

/// Returns the number at an offset of a bitmap's headers.
fn bitmap_number(head: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*head.get(offset..)?.first_chunk()?))
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}
