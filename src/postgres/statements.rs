//! Splitting a SQL script the way `psql` does: statement by statement, with the line on which each begins,
//! the data of `COPY … FROM stdin`, and the lines of `psql`'s own commands, which dumps contain.
//!
//! A statement ends at a `;` outside quotes, comments, parentheses and the body of a SQL-standard
//! function (`BEGIN ATOMIC … END`). Nothing else of SQL is understood.
//!
//! # Why it is written here
//!
//! `psql` need not be installed where the application runs, and the native download has no place on `PATH`.
//! `sqlparser` 0.64 (77,147 lines, 5 further crates) parses statements, refuses PostgreSQL syntax that it does not
//! know, and reads no `COPY` data; `pg_query` contains the server's own parser, but needs a C compiler and libclang to
//! build, splits with the grammar of one major version, and knows nothing of `COPY` data and `psql` commands either.
//! `psql`'s own scanner (`psqlscan.l`) is the model: 210 lines of code here without tests and comments (November 2026).

/// A piece of a script.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// The line that it begins on, from 1.
    pub(super) line: usize,
    pub(super) kind: StatementKind<'a>,
}

/// What a piece is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StatementKind<'a> {
    /// SQL without its `;`.
    Sql(&'a str),
    /// A `COPY … FROM stdin`, and the lines up to `\.`.
    Copy {
        /// The statement.
        sql: &'a str,
        /// The data.
        data: &'a str,
    },
    /// A line that begins with a backslash.
    Meta(&'a str),
}

/// The pieces of a script, in order.
pub(super) fn statements(script: &str) -> Vec<Statement<'_>> {
    Scanner { text: script, position: 0, line: 1 }.collect()
}

struct Scanner<'a> {
    text: &'a str,
    position: usize,
    line: usize,
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Statement<'a>;

    fn next(&mut self) -> Option<Statement<'a>> {
        self.skip_blank();
        let (start, line) = (self.position, self.line);
        let rest = &self.text[start..];
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with('\\') {
            let command = self.take_line().trim_end();
            return Some(Statement { line, kind: StatementKind::Meta(command) });
        }
        self.skip_statement();
        let sql = self.text[start..self.position].trim_end();
        self.advance(usize::from(self.peek() == Some(b';')));
        let kind = if copies_from_stdin(sql) {
            self.take_line();
            StatementKind::Copy { sql, data: self.copy_data() }
        } else {
            StatementKind::Sql(sql)
        };
        Some(Statement { line, kind })
    }
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    /// Goes on by `count` bytes, counting lines.
    fn advance(&mut self, count: usize) {
        let end = (self.position + count).min(self.text.len());
        for byte in &self.text.as_bytes()[self.position..end] {
            self.line += usize::from(*byte == b'\n');
        }
        self.position = end;
    }

    /// Goes behind the next `end`, or to the end of the script.
    fn advance_past(&mut self, end: &str) {
        let rest = &self.text[self.position..];
        self.advance(rest.find(end).map_or(rest.len(), |found| found + end.len()));
    }

    /// The rest of this line; goes behind it.
    fn take_line(&mut self) -> &'a str {
        let rest = &self.text[self.position..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        self.advance(line.len() + 1);
        line
    }

    /// Over white space, comments and empty statements.
    fn skip_blank(&mut self) {
        loop {
            match self.peek() {
                Some(byte) if byte.is_ascii_whitespace() || byte == b';' => self.advance(1),
                // a byte order mark
                Some(0xEF) if self.text[self.position..].starts_with('\u{feff}') => self.advance(3),
                _ if self.skip_comment() => {}
                _ => return,
            }
        }
    }

    fn skip_comment(&mut self) -> bool {
        let rest = &self.text[self.position..];
        if rest.starts_with("--") {
            self.take_line();
            return true;
        }
        if !rest.starts_with("/*") {
            return false;
        }
        // they nest
        let mut depth = 0;
        while self.position < self.text.len() {
            let rest = &self.text.as_bytes()[self.position..];
            if rest.starts_with(b"/*") {
                depth += 1;
                self.advance(2);
            } else if rest.starts_with(b"*/") {
                depth -= 1;
                self.advance(2);
                if depth == 0 {
                    break;
                }
            } else {
                self.advance(1);
            }
        }
        true
    }

    /// To the `;` that ends the statement, or to the end of the script.
    fn skip_statement(&mut self) {
        let (mut parentheses, mut blocks) = (0_usize, 0_usize);
        let mut words: Vec<&str> = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b';' if parentheses == 0 && blocks == 0 => return,
                b'(' => {
                    parentheses += 1;
                    self.advance(1);
                }
                b')' => {
                    parentheses = parentheses.saturating_sub(1);
                    self.advance(1);
                }
                b'\'' => {
                    // in E'…' a backslash escapes
                    let escapes = words.last().is_some_and(|word| word.eq_ignore_ascii_case("e"))
                        && self.text[..self.position].ends_with(['e', 'E']);
                    self.skip_quoted(b'\'', escapes);
                }
                b'"' => self.skip_quoted(b'"', false),
                b'$' => self.skip_dollar_quoted(),
                b'-' | b'/' => {
                    if !self.skip_comment() {
                        self.advance(1);
                    }
                }
                byte if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                    let word = self.take_word();
                    if words.len() < 4 || word.eq_ignore_ascii_case("e") {
                        words.push(word);
                    }
                    blocks = block_depth(&words, word, blocks);
                }
                _ => self.advance(1),
            }
        }
    }

    fn take_word(&mut self) -> &'a str {
        let rest = &self.text[self.position..];
        let part = |character: char| character.is_alphanumeric() || character == '_' || character == '$';
        let word = &rest[..rest.find(|character| !part(character)).unwrap_or(rest.len())];
        self.advance(word.len().max(1));
        word
    }

    fn skip_quoted(&mut self, quote: u8, escapes: bool) {
        self.advance(1);
        while let Some(byte) = self.peek() {
            if escapes && byte == b'\\' {
                self.advance(2);
            } else {
                self.advance(1);
                // a doubled quote opens the next part of the same text, which is just as well
                if byte == quote {
                    return;
                }
            }
        }
    }

    /// `$$ … $$`, `$body$ … $body$`; a lone `$` or `$1` is one character.
    fn skip_dollar_quoted(&mut self) {
        let rest = &self.text[self.position..];
        let tag = rest[1..].find('$').map(|end| &rest[..end + 2]).filter(|tag| {
            let name = &tag[1..tag.len() - 1];
            !name.starts_with(|first: char| first.is_ascii_digit())
                && name.chars().all(|one| one.is_alphanumeric() || one == '_')
        });
        match tag {
            Some(tag) => {
                self.advance(tag.len());
                self.advance_past(tag);
            }
            None => self.advance(1),
        }
    }

    /// The lines up to `\.`.
    fn copy_data(&mut self) -> &'a str {
        let start = self.position;
        loop {
            let end = self.position;
            if end >= self.text.len() {
                return &self.text[start..];
            }
            if self.take_line().trim_end_matches('\r') == "\\." {
                return &self.text[start..end];
            }
        }
    }
}

/// As `psql` counts: only in CREATE [OR REPLACE] FUNCTION and PROCEDURE, BEGIN and CASE go in, END goes out.
fn block_depth(first: &[&str], word: &str, depth: usize) -> usize {
    let is = |index: usize, name: &str| first.get(index).is_some_and(|word: &&str| word.eq_ignore_ascii_case(name));
    let at = if is(1, "or") && is(2, "replace") { 3 } else { 1 };
    if !is(0, "create") || !(is(at, "function") || is(at, "procedure")) {
        return 0;
    }
    match word.to_ascii_lowercase().as_str() {
        "begin" => depth + 1,
        // CASE counts only inside a body
        "case" if depth > 0 => depth + 1,
        "end" => depth.saturating_sub(1),
        _ => depth,
    }
}

fn copies_from_stdin(sql: &str) -> bool {
    let mut words = sql.split_ascii_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("copy"))
        && words.clone().zip(words.skip(1)).any(|(from, stdin)| {
            from.eq_ignore_ascii_case("from") && stdin.trim_end_matches(';').eq_ignore_ascii_case("stdin")
        })
}

#[cfg(test)]
mod tests;
