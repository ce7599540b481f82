//! Running a file of SQL, as `psql -v ON_ERROR_STOP=1` would: statement by statement, each committed by
//! itself unless the file says BEGIN, with the data of COPY, so that the output of `pg_dump` runs.

use std::path::Path;
use std::pin::pin;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::Client;

use crate::system::{Deadline, Error as SystemError, read_optional};

use super::connection::Connection;
use super::error::cause;
use super::statements::{StatementKind, statements};
use super::{Error, Result, Step};

/// How much of a statement a message shows.
const SHOWN_LINES: usize = 12;
/// A piece of COPY data.
const CHUNK: usize = 1 << 20;

/// Runs every statement of the file; the first that fails ends it.
pub(super) async fn run(step: &Step<'_>, file: &Path) -> Result<()> {
    let text = read(step, file)?;
    let connection = Connection::open(step.login).await?;
    let deadline = Deadline::after("the statements of the file", step.timeout);
    for statement in statements(&text) {
        let client = connection.client();
        let running = connection.while_answering(async {
            match statement.kind {
                StatementKind::Sql(sql) => client.batch_execute(sql).await,
                StatementKind::Copy { sql, data } => copy(client, sql, data).await,
                StatementKind::Meta(_) => Ok(()),
            }
        });
        if let StatementKind::Meta(command) = statement.kind
            && !is_harmless(command)
        {
            let place = format!("{}:{}", file.display(), statement.line);
            return Err(Error::Step {
                step: step.name.to_owned(),
                ending: format!("`{command}` at `{place}` is a psql command"),
                output: vec![format!(
                    "run the file with psql: run = \"psql -v ON_ERROR_STOP=1 -f {}\"",
                    file.display()
                )],
            });
        }
        match deadline.run(running).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Err(frozen)) => return Err(frozen),
            Ok(Ok(Err(error))) => {
                let line = statement.line;
                return Err(failed(step, file, line, &statement.kind, error));
            }
            Err(_) => {
                return Err(Error::Step {
                    step: step.name.to_owned(),
                    ending: step.timed_out(),
                    output: excerpt(&statement.kind),
                });
            }
        }
    }
    Ok(())
}

fn read(step: &Step<'_>, file: &Path) -> Result<String> {
    let path = step.tree.join(file);
    let unreadable = |source| Error::ScriptFile { step: step.name.to_owned(), source };
    let missing = || SystemError::file("read", &path)(std::io::ErrorKind::NotFound.into());
    let bytes = read_optional(&path).and_then(|bytes| bytes.ok_or_else(missing)).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let invalid = std::io::Error::new(std::io::ErrorKind::InvalidData, error.utf8_error());
        unreadable(SystemError::file("read as UTF-8", &path)(invalid))
    })
}

async fn copy(client: &Client, sql: &str, data: &str) -> std::result::Result<(), tokio_postgres::Error> {
    let mut sink = pin!(client.copy_in::<str, Bytes>(sql).await?);
    for chunk in data.as_bytes().chunks(CHUNK) {
        sink.send(Bytes::copy_from_slice(chunk)).await?;
    }
    sink.finish().await.map(|_| ())
}

/// What dumps contain and a driver need not know.
fn is_harmless(command: &str) -> bool {
    ["\\restrict", "\\unrestrict", "\\echo", "\\pset", "\\timing", "\\encoding", "\\."]
        .contains(&command.split_ascii_whitespace().next().unwrap_or_default())
}

fn failed(
    step: &Step<'_>,
    file: &Path,
    line: usize,
    statement: &StatementKind<'_>,
    error: tokio_postgres::Error,
) -> Error {
    let mut output = excerpt(statement);
    if let Some(said) = error.as_db_error() {
        output.push(format!("{}: {}", said.severity(), said.message()));
        output.extend(said.detail().map(|detail| format!("DETAIL: {detail}")));
        output.extend(said.hint().map(|hint| format!("HINT: {hint}")));
        output.extend(said.where_().map(|place| format!("CONTEXT: {place}")));
    }
    Error::Script { step: step.name.to_owned(), file: file.display().to_string(), line, output, source: cause(error) }
}

fn excerpt(statement: &StatementKind<'_>) -> Vec<String> {
    let (StatementKind::Sql(text) | StatementKind::Copy { sql: text, .. } | StatementKind::Meta(text)) = statement;
    let mut lines: Vec<String> = text.lines().take(SHOWN_LINES).map(|line| line.chars().take(200).collect()).collect();
    if text.lines().nth(SHOWN_LINES).is_some() {
        lines.push("…".into());
    }
    lines
}
