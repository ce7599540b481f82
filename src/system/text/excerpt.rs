//! Parts of a text that fit a message.

/// At most `bytes` bytes of the beginning, cut between characters.
pub fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The first line that holds more than white space, without white space around it; empty where there is none.
pub fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// The last `count` lines that hold more than white space, in order.
pub fn last_lines(text: &str, count: usize) -> Vec<&str> {
    let mut lines: Vec<&str> =
        text.lines().rev().map(str::trim_end).filter(|line| !line.is_empty()).take(count).collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_content_do_not_count() {
        let text = "\n  \n one \ntwo\n\nthree  \n\n";
        assert_eq!(first_line(text), "one");
        assert_eq!(last_lines(text, 2), ["two", "three"]);
        assert_eq!(last_lines(text, 9), [" one", "two", "three"]);
        assert_eq!((first_line(" \n"), last_lines("", 3)), ("", vec![]));
        assert_eq!((cut("größe", 3), cut("abc", 9)), ("gr", "abc"));
    }
}
