//! What a file's own bytes say about it: its format, by how it begins, and whether it is all there, by how it ends.

use crate::domain::bucket::{Flaw, Format, MAX_PICTURE_BYTES, Picture, PictureFormat};

/// How many bytes of the beginning and of the end are looked at. A PDF may begin and end anywhere in so many.
pub(super) const PROBE: u64 = 1024;

/// What is seen of a file of this size, in bytes, that begins and ends with these. Nobody looks at the end of one that
/// is too large.
pub(super) fn picture(size: u64, head: &[u8], tail: &[u8]) -> Picture {
    if size == 0 {
        return Picture::unseen(Flaw::Empty);
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
        Some(kind) => Format::named(kind.extension()),
        None if contains(head, b"%PDF-") => Format::Accepted(PictureFormat::Pdf),
        None => Format::named(""),
    }
}

/// Whether the end is there. What comes after it does no harm: some cameras and printers add more (assumed).
fn is_complete(format: PictureFormat, size: u64, head: &[u8], tail: &[u8]) -> bool {
    match format {
        PictureFormat::Jpeg => contains(tail, b"\xFF\xD9"),
        PictureFormat::Png => contains(tail, b"IEND\xAE\x42\x60\x82"),
        PictureFormat::Gif => tail.iter().rev().find(|byte| **byte != 0) == Some(&b';'),
        PictureFormat::Pdf => contains(tail, b"%%EOF"),
        PictureFormat::Bmp => {
            // Its size, and where its pixels begin.
            let number = |at| Some(u32::from_le_bytes(*head.get(at..)?.first_chunk()?));
            number(2).zip(number(10)).is_some_and(|(whole, pixels)| size >= whole.into() && size > pixels.into())
        }
    }
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}
