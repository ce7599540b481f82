//! The words of a text.

/// What may be the name of a variable in a text.
pub fn words(text: &[u8]) -> impl Iterator<Item = &str> {
    let words = text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    words.filter(|word| !word.is_empty()).filter_map(|word| std::str::from_utf8(word).ok())
}
