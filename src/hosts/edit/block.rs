//! A block of lines between two marks, in formats whose comments begin with `#`.

use std::ops::Range;

const BEGIN: &str = "# >>> harness connect";
const END: &str = "# <<< harness connect";

/// Where the block is: whole lines, the end of the last one included.
pub(super) fn find(text: &str) -> Option<Range<usize>> {
    let mut begin = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        match line.trim() {
            BEGIN => begin = Some(offset),
            END => return begin.map(|begin| begin..offset + line.len()),
            _ => {}
        }
        offset += line.len();
    }
    None
}

/// The block with these lines, which end with a newline.
fn block(lines: &str, indent: &str) -> String {
    let marked = format!("{BEGIN}\n{lines}{END}\n");
    let indented = marked.lines().map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") });
    indented.fold(String::new(), |text, line| text + &line + "\n")
}

/// Puts a block at `offset`, which is the beginning of a line or the end of the text; one that is there is replaced.
pub(super) fn put(text: &str, offset: usize, lines: &str, indent: &str) -> String {
    if let Some(found) = find(text) {
        let was = &text[found.clone()];
        let indent: String = was.chars().take_while(|c| *c == ' ').collect();
        let mut new = block(lines, &indent);
        if !was.ends_with('\n') {
            new.pop();
        }
        return format!("{}{new}{}", &text[..found.start], &text[found.end..]);
    }
    let mut new = block(lines, indent);
    if offset == text.len() && !text.is_empty() && !text.ends_with('\n') {
        // the last line stays without an end when the block is taken out again
        new = format!("\n{}", new.trim_end_matches('\n'));
    }
    format!("{}{new}{}", &text[..offset], &text[offset..])
}

/// The text without the block.
pub(super) fn take(text: &str) -> String {
    let Some(found) = find(text) else { return text.to_owned() };
    let before = &text[..found.start];
    let before = if text[found.clone()].ends_with('\n') { before } else { before.strip_suffix('\n').unwrap_or(before) };
    format!("{before}{}", &text[found.end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_taken_out_as_it_was_put_in() {
        for text in ["", "a = 1\n", "a = 1", "\n\na\n\n"] {
            for offset in [0, text.len()] {
                let with = put(text, offset, "b = 2\n", "  ");
                assert!(with.contains("  b = 2\n"), "{with:?}");
                assert_eq!(take(&with), text);
                assert_eq!(put(&with, 0, "b = 2\n", ""), with, "once is enough");
                assert_eq!(take(&put(&with, 0, "c = 3\n", "")), text, "a newer block takes its place");
            }
        }
    }
}
