//! Bytes of an application as text that cannot harm a terminal: one reader of escape sequences (ECMA-48), two ways
//! to show what is left.

/// A line as it may be shown: invalid UTF-8 replaced, control characters in caret notation, escape
/// sequences left out, except that with `colour` those that set colours stay.
pub fn printable(bytes: &[u8], colour: bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars();
    let mut coloured = false;
    while let Some(letter) = rest.next() {
        match letter {
            '\u{1b}' => {
                if let Some(sequence) = skip_escape(&mut rest).filter(|_| colour) {
                    shown.push_str("\u{1b}[");
                    shown.push_str(&sequence);
                    shown.push('m');
                    coloured = true;
                }
            }
            '\t' => shown.push('\t'),
            '\u{7f}' => shown.push_str("^?"),
            letter if (letter as u32) < 32 => {
                shown.push('^');
                shown.extend(char::from_u32(letter as u32 + 64));
            }
            letter if letter.is_control() || turns_text_around(letter) => shown.push(char::REPLACEMENT_CHARACTER),
            letter => shown.push(letter),
        }
    }
    if coloured {
        shown.push_str("\u{1b}[0m");
    }
    shown
}

/// The text as a person would have read it on a terminal: escape sequences and control characters left out, tabs
/// kept, and of a line that overwrites itself (`\r`) the last state.
pub fn plain(line: &str) -> String {
    let line = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\u{1b}' => {
                skip_escape(&mut rest);
            }
            '\t' => plain.push('\t'),
            letter if letter.is_control() || turns_text_around(letter) => {}
            letter => plain.push(letter),
        }
    }
    plain
}

/// Whether a character changes the direction of the text after it.
fn turns_text_around(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Passes over an escape sequence (ECMA-48); returns the parameters of one that sets colours.
fn skip_escape(rest: &mut std::str::Chars<'_>) -> Option<String> {
    let mut ahead = rest.clone();
    match ahead.next()? {
        '[' => {
            let mut parameters = String::new();
            for letter in ahead.by_ref() {
                match letter {
                    '0'..='?' | ' '..='/' => parameters.push(letter),
                    '@'..='~' => {
                        *rest = ahead;
                        let plain = parameters.chars().all(|letter| letter.is_ascii_digit() || ";:".contains(letter));
                        return (letter == 'm' && plain).then_some(parameters);
                    }
                    _ => break,
                }
            }
            *rest = ahead;
        }
        // operating-system commands and other strings: up to BEL or ST
        ']' | 'P' | 'X' | '^' | '_' => {
            let mut previous = ' ';
            for letter in ahead.by_ref() {
                if letter == '\u{7}' || (previous == '\u{1b}' && letter == '\\') {
                    break;
                }
                previous = letter;
            }
            *rest = ahead;
        }
        ' '..='/' => {
            ahead.next();
            *rest = ahead;
        }
        _ => *rest = ahead,
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        for (bytes, plain) in [
            (b"plain \xc3\xa9 text".as_slice(), "plain é text"),
            (b"\x1b[31mred\x1b[0m", "red"),
            (b"\x1b[2J\x1b[1;1Hgone", "gone"),
            (b"\x1b]0;title\x07after", "after"),
            (b"\x1b]8;;http://x\x1b\\link", "link"),
            (b"a\rb\x08c\x00d", "a^Mb^Hc^@d"),
            (b"bad \xff\xfe utf", "bad \u{fffd}\u{fffd} utf"),
            (b"\x1b(Bcharset\x1bM", "charset"),
            (b"cut \x1b[31", "cut "),
            (b"cut \x1b", "cut "),
            ("\u{9b}31m \u{202e}txt".as_bytes(), "\u{fffd}31m \u{fffd}txt"),
        ] {
            assert_eq!(printable(bytes, false), plain);
        }
        assert_eq!(printable(b"\x1b[31mred\x1b[2K", true), "\u{1b}[31mred\u{1b}[0m");
    }

    #[test]
    fn plain_text_has_no_escapes() {
        assert_eq!(
            plain("\u{1b}[31merror\u{1b}[0m: \u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\ a\tb\u{8}"),
            "error: link a\tb"
        );
        assert_eq!(plain("10%\r50%\r100%\r"), "100%");
        assert_eq!(plain("\u{9b}31m \u{202e}txt"), "31m txt");
    }
}
