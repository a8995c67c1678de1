//! Buckets: what is seen of the pictures in them. The only place that reads a partner's files, or asks a server for them.

mod content;
mod directory;
#[cfg(feature = "s3")]
mod s3;

use std::time::Duration;

use futures_util::future::try_join_all;

use crate::domain::attachment::Attachment;
use crate::domain::bucket::{Bucket, Contents, Flaw, Picture, RealBucket, Sight};

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
    pub async fn look_at(&self, bucket: &Bucket, attachments: &[Attachment<'_>]) -> Sight {
        match &bucket.contents {
            Contents::AnyName => Sight::ByName,
            Contents::Listed(listing) => {
                let missing =
                    |path: &Attachment<'_>| Picture { size: 0, flaw: Some(Flaw::Missing), ..Picture::named(path) };
                let listed =
                    |path: &Attachment<'_>| listing.get(path.as_str()).cloned().unwrap_or_else(|| missing(path));
                Sight::Seen(attachments.iter().map(listed).collect())
            }
            // These are rare and large: boxed, they cost the others nothing.
            Contents::Real(bucket) => match Box::pin(self.read(bucket, attachments)).await {
                Ok(pictures) => Sight::Seen(pictures.into()),
                Err(Unreachable(cause)) => Sight::Unreachable(cause.into()),
            },
        }
    }

    async fn read(&self, bucket: &RealBucket, attachments: &[Attachment<'_>]) -> Result<Vec<Picture>, Unreachable> {
        let read = try_join_all(attachments.iter().map(|attachment| async {
            match bucket {
                RealBucket::Directory(root) => directory::picture(root, attachment).await,
                #[cfg(feature = "s3")]
                RealBucket::S3(bucket) => self.s3.picture(bucket, attachment).await,
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
