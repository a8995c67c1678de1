//! A directory as a bucket: the real files below its `download` directory, and nothing else.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Unreachable;
use crate::domain::bucket::PicturePath;
use crate::domain::bucket::{Flaw, MAX_PICTURE_BYTES, Picture};
use crate::pictures;
use crate::pictures::PROBE;

/// What is seen of one picture. Files are read by threads of their own, so that a slow disk holds up nobody else.
pub(super) async fn picture(root: &Arc<Path>, picture_path: &PicturePath<'_>) -> Result<Picture, Unreachable> {
    let (root, picture_path) = (Arc::clone(root), picture_path.clone().into_owned());
    let looked = tokio::task::spawn_blocking(move || {
        let unreachable = |reason| Unreachable(format!("the directory {}: {reason}", root.display()));
        let download = canonical(&root).map_err(unreachable)?.join("download");
        Ok(look_at(&download, &picture_path))
    });
    looked.await.unwrap_or_else(|reason| Err(Unreachable(reason.to_string())))
}

fn canonical(root: &Path) -> io::Result<PathBuf> {
    let root = root.canonicalize()?;
    // This fails for what is no directory, and for one that may not be searched.
    fs::metadata(root.join("."))?;
    Ok(root)
}

fn look_at(download: &Path, picture_path: &PicturePath<'_>) -> Picture {
    // The keys of a bucket are no paths: `a//b` is not `a/b`, and nothing ends in a slash.
    if picture_path.as_str().split('/').any(str::is_empty) {
        return Picture::unusable(Flaw::Missing);
    }
    locate(download, picture_path).and_then(|path| read(&path)).unwrap_or_else(Picture::unusable)
}

/// The file that is meant, without any link on the way to it.
fn locate(download: &Path, picture_path: &PicturePath<'_>) -> Result<PathBuf, Flaw> {
    let path = download.join(picture_path.as_str()).canonicalize().map_err(|reason| match reason.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => Flaw::Missing,
        _ => Flaw::Unreadable,
    })?;
    if path.starts_with(download) { Ok(path) } else { Err(Flaw::Outside) }
}

/// Reads a file's two ends; of one that is too large, only the beginning.
fn read(path: &Path) -> Result<Picture, Flaw> {
    let metadata = fs::metadata(path).map_err(|_| Flaw::Unreadable)?;
    if metadata.is_dir() {
        return Err(Flaw::Folder);
    }
    // Opening a pipe would wait for somebody to write into it.
    if !metadata.is_file() {
        return Err(Flaw::Unreadable);
    }
    let ends = || -> io::Result<(Vec<u8>, Vec<u8>)> {
        let (mut file, mut head, mut tail) = (File::open(path)?, Vec::new(), Vec::new());
        (&mut file).take(PROBE).read_to_end(&mut head)?;
        if metadata.len() <= MAX_PICTURE_BYTES {
            file.seek(SeekFrom::Start(metadata.len().saturating_sub(PROBE)))?;
            file.take(PROBE).read_to_end(&mut tail)?;
        }
        Ok((head, tail))
    };
    let (head, tail) = ends().map_err(|_| Flaw::Unreadable)?;
    Ok(pictures::picture(metadata.len(), &head, &tail))
}
