//! `harness psql`.

use std::process::ExitCode;

use clap::Args;

use super::session::{Session, block_on};
use crate::agent;
use crate::report::{Failure, QueryResult};
use crate::terminal::Table;

/// Ask an agent's own database, as its own role.
///
/// With a query, the result is printed; without one, the real psql is started.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The agent, then a query: `3 'select 1'`, or inside a work tree `'select 1'`.
    #[arg(value_name = "[ID] [QUERY]", num_args = 0..=2)]
    words: Vec<String>,
    /// Arguments for psql.
    #[arg(last = true, value_name = "PSQL-ARGS")]
    psql: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, session: &Session) -> Result<ExitCode, Failure> {
    let context = session.context()?;
    let (named, rest) = agent::split_id(&arguments.words);
    let id = agent::resolve(&context, named)?;
    match rest.first() {
        Some(query) if arguments.psql.is_empty() => {
            let result = block_on(agent::query(&context, id, query))?;
            session.output.document(&result, text);
            Ok(ExitCode::SUCCESS)
        }
        query => {
            let mut command = vec!["psql".to_owned()];
            command.extend(query.iter().flat_map(|query| ["-c".to_owned(), (*query).clone()]));
            command.extend(arguments.psql.iter().cloned());
            let code = block_on(agent::exec(&context, id, Some("db"), &command))?;
            Ok(ExitCode::from(code))
        }
    }
}

fn text(result: &QueryResult) -> String {
    if result.columns.is_empty() {
        return format!("{} rows affected\n", result.affected);
    }
    let titles: Vec<&str> = result.columns.iter().map(String::as_str).collect();
    let mut table = Table::verbatim(&titles);
    for row in &result.rows {
        table.row(row.iter().map(|value| value.clone().unwrap_or_default()));
    }
    let count = result.rows.len();
    format!("{}({count} row{})\n", table.render(), if count == 1 { "" } else { "s" })
}
