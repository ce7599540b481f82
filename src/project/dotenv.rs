//! Reads dotenv files.
//!
//! Written here because the crate for it (`dotenvy`) takes `$NAME` from the environment of the process
//! that reads the file, and ends names at `_`: the caller's own PORT would leak into every agent, which
//! is what a clean environment is there to prevent.
//!
//! The rules are those on which dotenv (npm), python-dotenv and compose-go agree; the tests of
//! `tests/stack/dotenv.rs` run the first two. Where they differ, most of them are followed:
//!
//! | | dotenv | python-dotenv | compose-go | here |
//! |---|---|---|---|---|
//! | `NAME=value`, `export NAME=value`, `.` and `-` in names | yes | yes | yes | yes |
//! | `NAME: value` | yes | no | yes | yes |
//! | a line with a name alone | no value | no value | the caller's | no value |
//! | without quotes: quotes, backslashes and apostrophes are literal | yes | yes | yes | yes |
//! | ` # comment` after a value | yes | yes | yes | yes |
//! | `A=a#b`, `A=#fff` | a comment | the value | the value | the value |
//! | `A= # comment` | empty | the value | the value | empty |
//! | `'…'` over lines, no `$` in it | yes | but `${NAME}` | yes | yes |
//! | `\'` in `'…'` | both | a quote | a quote | a quote |
//! | `\n`, `\r` in `"…"` | yes | yes | yes | yes |
//! | `\t`, `\"`, `\\` in `"…"` | no | yes | yes | yes |
//! | `${NAME}`, `${NAME:-default}` | no | yes | yes | yes |
//! | `$NAME` | no | no | yes | where `NAME` is known |
//! | text behind a closing quote | literal | an error | an error | an error |
//!
//! A value that begins with a quote may be put together from pieces without white space between them, as
//! in a shell (`'it'\''s'`): that is how a rendered env file holds a value that no one quote can.

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DotenvError {
    /// Its number, from 1.
    pub line: usize,
    message: String,
}

/// The variables of a dotenv file in order; a later entry of the same name overrides an earlier one.
/// `lookup` gives values for `${NAME}` that the file itself does not define.
pub fn parse(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>, DotenvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser { rest: text, text, entries: Vec::new(), lookup };
    while !parser.rest.is_empty() {
        parser.entry()?;
    }
    Ok(parser.entries)
}

struct Parser<'a> {
    text: &'a str,
    /// What is not read yet: the end of `text`.
    rest: &'a str,
    entries: Vec<(String, String)>,
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Parser<'a> {
    fn error<T>(&self, at: &str, message: impl Into<String>) -> Result<T, DotenvError> {
        let before = &self.text[..self.text.len() - at.len()];
        Err(DotenvError { line: before.matches('\n').count() + 1, message: message.into() })
    }

    /// Takes the longest beginning of `wanted` characters.
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !wanted(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn take_line(&mut self) -> &'a str {
        let line = self.take(|character| character != '\n');
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn entry(&mut self) -> Result<(), DotenvError> {
        self.take(char::is_whitespace);
        if self.rest.is_empty() {
            return Ok(());
        }
        if self.rest.starts_with('#') {
            self.take_line();
            return Ok(());
        }
        let begin = self.rest;
        let mut name = self.take(is_name);
        let blank = !self.take(is_blank).is_empty();
        if name == "export" && blank && !self.rest.starts_with('=') {
            name = self.take(is_name);
            self.take(is_blank);
        }
        if name.is_empty() {
            return self.error(begin, "expected the name of a variable");
        }
        if self.rest.is_empty() || self.rest.starts_with(['\n', '\r', '#']) {
            // a name alone gives no value
            self.take_line();
            return Ok(());
        }
        let value = self.rest.strip_prefix('=').or_else(|| self.rest.strip_prefix(": "));
        let Some(value) = value else { return self.error(begin, format!("expected `=` after `{name}`")) };
        self.rest = value;
        let blank = !self.take(is_blank).is_empty();
        let value = match self.rest.chars().next() {
            Some('\'' | '"') => self.pieces()?,
            Some('#') if blank => {
                self.take_line();
                String::new()
            }
            _ => self.unquoted()?,
        };
        self.entries.push((name.to_owned(), value));
        Ok(())
    }

    /// To the end of the line or to a comment, as it stands; only references are replaced.
    fn unquoted(&mut self) -> Result<String, DotenvError> {
        let line = self.take_line();
        let comment = line.match_indices('#').find(|(at, _)| line[..*at].ends_with(is_blank));
        let literal = line[..comment.map_or(line.len(), |(at, _)| at)].trim_end();
        self.replaced(literal)
    }

    /// Quoted pieces and what stands between them without white space, then a comment or the line's end.
    fn pieces(&mut self) -> Result<String, DotenvError> {
        let mut value = String::new();
        while let Some(character) = self.rest.chars().next() {
            match character {
                '\n' | '\r' | ' ' | '\t' => break,
                '\'' => value.push_str(&self.single()?),
                '"' => value.push_str(&self.double()?),
                '\\' => {
                    let mut characters = self.rest[1..].chars();
                    value.extend(characters.next());
                    self.rest = characters.as_str();
                }
                _ => {
                    let plain = self.take(|character| !" \t\r\n'\"\\".contains(character));
                    value.push_str(&self.replaced(plain)?);
                }
            }
        }
        let behind = self.rest;
        let blank = !self.take(is_blank).is_empty();
        let line = self.take_line();
        if line.is_empty() || (blank && line.starts_with('#')) {
            return Ok(value);
        }
        self.error(behind, "there is text behind the closing quote")
    }

    fn single(&mut self) -> Result<String, DotenvError> {
        let opened = self.rest;
        let inside = &opened[1..];
        let mut quotes = inside.match_indices('\'').map(|(at, _)| at).peekable();
        let mut end = None;
        while let Some(at) = quotes.next() {
            let escaped = inside[..at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
            // the last quote of the file closes even behind a backslash: 'C:\directory\'
            if !escaped || quotes.peek().is_none() {
                end = Some(at);
                break;
            }
        }
        let Some(end) = end else { return self.error(opened, "a `'` is not closed") };
        self.rest = &inside[end + 1..];
        Ok(inside[..end].replace("\\'", "'"))
    }

    fn double(&mut self) -> Result<String, DotenvError> {
        let opened = self.rest;
        let mut value = String::new();
        self.rest = &opened[1..];
        loop {
            value.push_str(self.take(|character| !"\"\\$".contains(character)));
            let mut characters = self.rest.chars();
            match characters.next() {
                None => return self.error(opened, "a `\"` is not closed"),
                Some('"') => {
                    self.rest = characters.as_str();
                    return Ok(value);
                }
                Some('$') => match self.reference(self.rest) {
                    Ok((replaced, behind)) => {
                        value.push_str(&replaced);
                        self.rest = behind;
                    }
                    Err(message) => return self.error(opened, message),
                },
                Some(_) => {
                    match characters.next() {
                        Some('n') => value.push('\n'),
                        Some('r') => value.push('\r'),
                        Some('t') => value.push('\t'),
                        Some(literal @ ('\\' | '"' | '$' | '`')) => value.push(literal),
                        other => {
                            value.push('\\');
                            value.extend(other);
                        }
                    }
                    self.rest = characters.as_str();
                }
            }
        }
    }

    /// A text that was read, without quotes, its references replaced.
    fn replaced(&mut self, text: &'a str) -> Result<String, DotenvError> {
        let (mut value, mut rest) = (String::new(), text);
        while let Some(at) = rest.find('$') {
            value.push_str(&rest[..at]);
            match self.reference(&rest[at..]) {
                Ok((replaced, behind)) => {
                    value.push_str(&replaced);
                    rest = behind;
                }
                Err(message) => return self.error(self.rest, message),
            }
        }
        Ok(value + rest)
    }

    /// `$NAME` where the name is known, `${NAME}`, `${NAME:-default}`; any other `$` is itself. Returns the
    /// value and what follows.
    fn reference<'t>(&self, text: &'t str) -> Result<(String, &'t str), String> {
        let behind = &text[1..];
        let Some(braced) = behind.strip_prefix('{') else {
            let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
            let (name, rest) = behind.split_at(behind.find(|character| !plain(character)).unwrap_or(behind.len()));
            let known = if name.starts_with(|first: char| first.is_ascii_digit()) { None } else { self.lookup(name) };
            return Ok((known.unwrap_or_else(|| format!("${name}")), rest));
        };
        let Some((inside, rest)) = braced.split_once('}') else { return Err("a `${` is not closed".to_owned()) };
        // `-` may be in a name, but here it begins a default
        let end = inside.find(|character| !is_name(character) || character == '-').unwrap_or(inside.len());
        let (name, operator) = inside.split_at(end);
        let found = self.lookup(name);
        let value = match (operator.strip_prefix(":-"), operator.strip_prefix('-')) {
            (Some(default), _) => found.filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned()),
            (None, Some(default)) => found.unwrap_or_else(|| default.to_owned()),
            (None, None) if operator.is_empty() && !name.is_empty() => found.unwrap_or_default(),
            _ => return Err(format!("`${{{inside}}}` is not supported")),
        };
        Ok((value, rest))
    }

    fn lookup(&self, name: &str) -> Option<String> {
        let own = self.entries.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        own.or_else(|| (self.lookup)(name)).filter(|_| !name.is_empty())
    }
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_.-".contains(character)
}

fn is_blank(character: char) -> bool {
    character == ' ' || character == '\t'
}

#[cfg(test)]
mod tests;
