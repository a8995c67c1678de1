//! A directory as a bucket: the files below its `download` directory, and nothing else.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{PROBE_BYTES, Unreachable, inspect_content};
use crate::domain::{Flaw, MAX_PICTURE_BYTES, Picture, PicturePath};

/// Inspects one picture. Files are read on the threads for blocking work, so that a slow disk delays no other request.
pub(super) async fn inspect(root: &Arc<Path>, path: &PicturePath<'_>) -> Result<Picture, Unreachable> {
    let (root, path) = (Arc::clone(root), path.clone().into_owned());
    let inspected = tokio::task::spawn_blocking(move || {
        let unreachable = |reason| Unreachable(format!("the directory {}: {reason}", root.display()));
        let download = canonicalize(&root).map_err(unreachable)?.join("download");
        let picture = locate(&download, &path).and_then(|file| read(&file));
        Ok(picture.unwrap_or_else(Picture::unusable))
    });
    inspected.await.unwrap_or_else(|reason| Err(Unreachable(reason.to_string())))
}

fn canonicalize(root: &Path) -> io::Result<PathBuf> {
    let root = root.canonicalize()?;
    // Fails if the root is not a directory, or one that may not be searched.
    fs::metadata(root.join("."))?;
    Ok(root)
}

/// Returns the file of a picture after following all links, which must not lead out of `download`.
fn locate(download: &Path, path: &PicturePath<'_>) -> Result<PathBuf, Flaw> {
    // The keys of a bucket are not paths: `a//b` is not `a/b`, and no key ends in a slash.
    if path.as_str().split('/').any(str::is_empty) {
        return Err(Flaw::Missing);
    }
    let file = download.join(path.as_str()).canonicalize().map_err(|reason| match reason.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => Flaw::Missing,
        _ => Flaw::Unreadable,
    })?;
    if file.starts_with(download) { Ok(file) } else { Err(Flaw::Outside) }
}

/// Reads the beginning and the end of a file, and only the beginning if the file is too large.
fn read(file: &Path) -> Result<Picture, Flaw> {
    let metadata = fs::metadata(file).map_err(|_| Flaw::Unreadable)?;
    if metadata.is_dir() {
        return Err(Flaw::Folder);
    }
    // Opening a pipe would wait for a writer.
    if !metadata.is_file() {
        return Err(Flaw::Unreadable);
    }
    let ends = || -> io::Result<(Vec<u8>, Vec<u8>)> {
        let (mut file, mut head, mut tail) = (File::open(file)?, Vec::new(), Vec::new());
        (&mut file).take(PROBE_BYTES).read_to_end(&mut head)?;
        if metadata.len() <= MAX_PICTURE_BYTES {
            file.seek(SeekFrom::Start(metadata.len().saturating_sub(PROBE_BYTES)))?;
            file.take(PROBE_BYTES).read_to_end(&mut tail)?;
        }
        Ok((head, tail))
    };
    let (head, tail) = ends().map_err(|_| Flaw::Unreadable)?;
    Ok(inspect_content(metadata.len(), &head, &tail))
}
