//! Reads dotenv files.
//!
//! Written here because the kept crate (`dotenvy`) takes `$NAME` from the environment of the process
//! that reads the file, and ends names at `_`: the caller's own PORT would leak into every agent, which
//! is what a clean environment is there to prevent. The rules are those that dotenv, docker compose and
//! `sh` share:
//!
//! - `NAME=value`, with `export` before it if so wished; `#` begins a comment at a line's beginning or
//!   after white space.
//! - `'…'` is literal and may run over lines. In `"…"`, which may too, `\n`, `\r`, `\t`, `\\`, `\"`, `\$`
//!   and `` \` `` are escapes; without quotes a backslash makes the next character literal.
//! - Outside `'…'`, `$NAME` and `${NAME}` are replaced, `${NAME:-default}` and `${NAME-default}` too;
//!   earlier entries of the file come first, then what the caller offers, then nothing.

use std::iter::Peekable;
use std::str::Chars;

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DotenvError {
    /// Its number, from 1.
    pub line: usize,
    message: String,
}

/// The variables of a dotenv file in order; a later entry of the same name overrides an earlier one.
/// `lookup` gives values for `$NAME` that the file itself does not define.
pub fn parse(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>, DotenvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser { rest: text.chars().peekable(), line: 1, entries: Vec::new(), lookup };
    while parser.rest.peek().is_some() {
        parser.entry()?;
    }
    Ok(parser.entries)
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    entries: Vec<(String, String)>,
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.next();
        self.line += usize::from(character == Some('\n'));
        character
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(character) = self.rest.next_if(|character| wanted(*character)) {
            self.line += usize::from(character == '\n');
            taken.push(character);
        }
        taken
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, DotenvError> {
        Err(DotenvError { line: self.line, message: message.into() })
    }

    fn entry(&mut self) -> Result<(), DotenvError> {
        self.take_while(char::is_whitespace);
        match self.rest.peek() {
            None => return Ok(()),
            Some('#') => {
                self.take_while(|character| character != '\n');
                return Ok(());
            }
            Some(_) => {}
        }
        let mut name = self.take_while(is_name);
        let blank = !self.take_while(is_blank).is_empty();
        if name == "export" && blank && self.rest.peek() != Some(&'=') {
            name = self.take_while(is_name);
            self.take_while(is_blank);
        }
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            return self.error("expected the name of a variable");
        }
        if self.rest.next_if_eq(&'=').is_none() {
            return self.error(format!("expected `=` after `{name}`"));
        }
        self.take_while(is_blank);
        let value = self.value()?;
        self.entries.push((name, value));
        Ok(())
    }

    /// One or more pieces without white space between them, then a comment or the line's end.
    fn value(&mut self) -> Result<String, DotenvError> {
        let mut value = String::new();
        let mut after_blank = true;
        while let Some(&character) = self.rest.peek() {
            match character {
                '\n' => break,
                '\r' => {
                    self.next();
                    if !matches!(self.rest.peek(), None | Some('\n')) {
                        value.push('\r');
                    }
                }
                '#' if after_blank => {
                    self.take_while(|character| character != '\n');
                    break;
                }
                ' ' | '\t' => {
                    let blank = self.take_while(is_blank);
                    after_blank = true;
                    // inside an unquoted value white space counts, at its end it does not
                    if !matches!(self.rest.peek(), None | Some('\n' | '\r' | '#')) {
                        value.push_str(&blank);
                    }
                    continue;
                }
                '\'' => self.single(&mut value)?,
                '"' => self.double(&mut value)?,
                '$' => self.reference(&mut value)?,
                '\\' => {
                    self.next();
                    value.extend(self.next());
                }
                _ => value.extend(self.next()),
            }
            after_blank = false;
        }
        Ok(value)
    }

    fn single(&mut self, value: &mut String) -> Result<(), DotenvError> {
        let opened = self.line;
        self.next();
        value.push_str(&self.take_while(|character| character != '\''));
        if self.next().is_none() {
            return Err(DotenvError { line: opened, message: "a `'` is not closed".to_owned() });
        }
        Ok(())
    }

    fn double(&mut self, value: &mut String) -> Result<(), DotenvError> {
        let opened = self.line;
        self.next();
        loop {
            match self.rest.peek() {
                None => return Err(DotenvError { line: opened, message: "a `\"` is not closed".to_owned() }),
                Some('"') => {
                    self.next();
                    return Ok(());
                }
                Some('$') => self.reference(value)?,
                Some('\\') => {
                    self.next();
                    match self.next() {
                        Some('n') => value.push('\n'),
                        Some('r') => value.push('\r'),
                        Some('t') => value.push('\t'),
                        Some(literal @ ('\\' | '"' | '$' | '`')) => value.push(literal),
                        other => {
                            value.push('\\');
                            value.extend(other);
                        }
                    }
                }
                Some(_) => value.extend(self.next()),
            }
        }
    }

    /// `$NAME`, `${NAME}`, `${NAME:-default}`; a lone `$` is itself.
    fn reference(&mut self, value: &mut String) -> Result<(), DotenvError> {
        self.next();
        if self.rest.next_if_eq(&'{').is_none() {
            let name = self.take_while(is_name);
            if name.is_empty() {
                value.push('$');
            } else {
                value.push_str(&self.lookup(&name).unwrap_or_default());
            }
            return Ok(());
        }
        let opened = self.line;
        let inside = self.take_while(|character| character != '}');
        if self.next().is_none() {
            return Err(DotenvError { line: opened, message: "a `${` is not closed".to_owned() });
        }
        let end = inside.find(|character| !is_name(character)).unwrap_or(inside.len());
        let (name, rest) = inside.split_at(end);
        let found = self.lookup(name);
        let replaced = match rest.strip_prefix(":-") {
            Some(default) => found.filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned()),
            None => match rest.strip_prefix('-') {
                Some(default) => found.unwrap_or_else(|| default.to_owned()),
                None if rest.is_empty() && !name.is_empty() => found.unwrap_or_default(),
                None => return self.error(format!("`${{{inside}}}` is not understood")),
            },
        };
        value.push_str(&replaced);
        Ok(())
    }

    fn lookup(&self, name: &str) -> Option<String> {
        let own = self.entries.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        own.or_else(|| (self.lookup)(name))
    }
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn is_blank(character: char) -> bool {
    character == ' ' || character == '\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> String {
        let entries = parse(line, &|name| (name == "OUTER").then(|| "outer".to_owned())).unwrap();
        entries.last().unwrap().1.clone()
    }

    #[test]
    fn values_are_read_as_dotenv_and_the_shell_read_them() {
        for (line, expected) in [
            ("A=1", "1"),
            ("export A=1", "1"),
            ("A = 1  ", "1"),
            ("A=", ""),
            ("A= # nothing", ""),
            ("A=a#b # c", "a#b"),
            ("A=two words # c", "two words"),
            ("A='x $OUTER \\n #'", "x $OUTER \\n #"),
            ("A=\"x\\n\\$OUTER \\\"q\\\" \\\\\"", "x\n$OUTER \"q\" \\"),
            ("A=\"line 1\nline 2\"", "line 1\nline 2"),
            ("A='it'\\''s'", "it's"),
            ("A=$OUTER/x", "outer/x"),
            ("A=\"${OUTER}_x\"", "outer_x"),
            ("A=${NONE:-fallback}", "fallback"),
            ("A=$NONE", ""),
            ("A=5$", "5$"),
            ("A_B=1\nA=$A_B", "1"),
            ("OUTER=inner\nA=$OUTER", "inner"),
            ("A=1\r\nB=2\r\n", "2"),
            ("\u{feff}A=1", "1"),
        ] {
            assert_eq!(value(line), expected, "{line:?}");
        }
    }

    #[test]
    fn broken_lines_are_named_by_number() {
        for (text, line) in [("A=1\nB\n", 2), ("# c\n\n1A=2", 3), ("A=1\nB='x\ny", 2), ("A=${B!}", 1), ("A=\"", 1)] {
            assert_eq!(parse(text, &|_| None).unwrap_err().line, line, "{text:?}");
        }
    }
}
