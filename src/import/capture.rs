//! Captures: HTTP archives (HAR 1.2), read entry by entry. Only one is in memory at a time, and of one that is not about a
//! simulated endpoint only the request.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// An entry, as it was found. What is not there is null.
#[derive(Debug, Default)]
pub(super) struct CapturedEntry {
    pub(super) request: Value,
    pub(super) response: Value,
}

/// Why a capture was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaptureError {
    #[error("the capture cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("this is no HTTP archive (HAR 1.2): {0}")]
    NotHar(&'static str),
    /// Everything before this place was read.
    #[error(
        "the capture is broken or cut off at line {line}, column {column}: only what is before this place counts; \
         record it again, or let the recorder finish writing"
    )]
    Broken { line: usize, column: usize },
}

/// Where a capture was compressed as a whole.
const GZIP: [u8; 2] = [0x1F, 0x8B];
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads a capture, and calls this with each entry.
pub(super) fn read(reader: impl Read, on_entry: &mut dyn FnMut(CapturedEntry)) -> Result<(), CaptureError> {
    let mut reader = BufReader::with_capacity(64 * 1024, reader);
    let beginning = reader.fill_buf()?;
    if beginning.starts_with(&GZIP) {
        return Err(CaptureError::NotHar("it is compressed: decompress it first, such as by `gunzip`"));
    }
    if beginning.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    let mut has_entries = false;
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let place = CapturePlace::Root { has_entries: &mut has_entries, on_entry };
    let read = place.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match read {
        Err(error) if error.is_io() => Err(CaptureError::Io(error.into())),
        Err(error) if error.is_data() || !has_entries && error.line() <= 1 && error.column() <= 1 => {
            Err(CaptureError::NotHar("it has no `log.entries`"))
        }
        Err(error) => Err(CaptureError::Broken { line: error.line(), column: error.column() }),
        Ok(()) if !has_entries => Err(CaptureError::NotHar("it has no `log.entries`")),
        Ok(()) => Ok(()),
    }
}

/// Where the reader is. Each place knows only the key that leads on.
enum CapturePlace<'a> {
    Root { has_entries: &'a mut bool, on_entry: &'a mut dyn FnMut(CapturedEntry) },
    Log { has_entries: &'a mut bool, on_entry: &'a mut dyn FnMut(CapturedEntry) },
    Entries { on_entry: &'a mut dyn FnMut(CapturedEntry) },
}

impl<'de> DeserializeSeed<'de> for CapturePlace<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Self::Entries { .. } => deserializer.deserialize_seq(self),
            Self::Root { .. } | Self::Log { .. } => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for CapturePlace<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an HTTP archive")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<String>()? {
            match (&mut self, name.as_str()) {
                (Self::Root { has_entries, on_entry }, "log") => {
                    fields.next_value_seed(CapturePlace::Log { has_entries, on_entry })?;
                }
                (Self::Log { has_entries, on_entry }, "entries") => {
                    **has_entries = true;
                    fields.next_value_seed(CapturePlace::Entries { on_entry })?;
                }
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self::Entries { on_entry } = self else { unreachable!("only entries are read as a list") };
        while let Some(entry) = elements.next_element_seed(EntrySeed)? {
            on_entry(entry);
        }
        Ok(())
    }
}

/// Reads an entry, whatever it is.
struct EntrySeed;

impl<'de> DeserializeSeed<'de> for EntrySeed {
    type Value = CapturedEntry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<CapturedEntry, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed {
    type Value = CapturedEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<CapturedEntry, A::Error> {
        let mut entry = CapturedEntry::default();
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "request" => entry.request = fields.next_value()?,
                "response" if super::call::is_of_known_path(&entry.request) => entry.response = fields.next_value()?,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(entry)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<CapturedEntry, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(CapturedEntry::default())
    }

    fn visit_unit<E>(self) -> Result<CapturedEntry, E> {
        Ok(CapturedEntry::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<CapturedEntry, E> {
        Ok(CapturedEntry::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<CapturedEntry, E> {
        Ok(CapturedEntry::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<CapturedEntry, E> {
        Ok(CapturedEntry::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<CapturedEntry, E> {
        Ok(CapturedEntry::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<CapturedEntry, E> {
        Ok(CapturedEntry::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(capture: &str) -> (Vec<String>, Option<String>) {
        let mut urls = Vec::new();
        let read = read(capture.as_bytes(), &mut |entry| {
            urls.push(entry.request["url"].as_str().unwrap_or("none").to_owned());
        });
        (urls, read.err().map(|error| error.to_string()))
    }

    #[test]
    fn what_comes_before_a_broken_place_is_read() {
        let whole = r#"{"log":{"version":"1.2","entries":[{"request":{"url":"a"}},null,7,[],"x",{"request":{"url":"b"}}],"pages":[]}}"#;
        assert_eq!(
            urls(whole),
            (vec!["a", "none", "none", "none", "none", "b"].into_iter().map(Into::into).collect(), None)
        );
        assert_eq!(urls(&format!("\u{feff}{whole}")).1, None);
        let (before, error) = urls(&whole[..70]);
        assert_eq!(before[..1], ["a"]);
        assert!(error.expect("it is cut off").starts_with("the capture is broken or cut off at line 1, column 70"));
        for other in ["", "[]", "{}", "7", "<html>", r#"{"log":{}}"#, r#"{"log":[]}"#] {
            let (none, error) = urls(other);
            assert!(none.is_empty());
            assert!(error.expect("it is none").starts_with("this is no HTTP archive"), "{other}");
        }
    }
}
