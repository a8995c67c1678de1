//! Excerpts: how much of a client's text is repeated in answers, explanations, log events and counters. The journal alone
//! keeps requests whole.

use std::borrow::Cow;

/// The most bytes of a client's text that are repeated.
const MAX_BYTES: usize = 2 * 1024;

/// Returns a text, or its beginning and its length: `abc… (3000 bytes)`.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_BYTES {
        return text.into();
    }
    let end = (0..=MAX_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}… ({} bytes)", &text[..end], text.len()).into()
}

/// The most characters of a path, or of the name of a key, a header or a parameter, that are shown.
const MAX_NAME_CHARS: usize = 64;

/// Returns a name, or its beginning: `abc…`.
pub fn short(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MAX_NAME_CHARS) {
        None => name.into(),
        Some((end, _)) => format!("{}…", &name[..end]).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let longest = "x".repeat(MAX_BYTES);
        assert_eq!(excerpt(&longest), longest);
        assert_eq!(excerpt(&format!("{longest}y")), format!("{longest}… (2049 bytes)"));
        let wide = "字".repeat(1000);
        assert_eq!(excerpt(&wide), format!("{}… (3000 bytes)", "字".repeat(682)));
    }

    #[test]
    fn a_long_name_is_cut_after_64_characters() {
        let longest = "字".repeat(64);
        assert_eq!(short(&longest), longest);
        assert_eq!(short(&format!("{longest}x")), format!("{longest}…"));
    }

    #[test]
    fn a_short_text_is_not_copied() {
        assert!(matches!(excerpt("short"), Cow::Borrowed("short")));
    }
}
