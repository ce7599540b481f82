//! `harness psql`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on, interruptible};
use crate::agent;
use crate::report::{Failure, QueryResult, StatementResult};
use crate::system::text::count;
use crate::terminal::Table;

/// Query an agent's database as the agent's role.
///
/// With a query, prints the result; without one, starts psql.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness psql 3                                  start psql
  harness psql 3 'select count(*) from orders'    print a table; or --json, --csv
  harness psql 3 -- -f seed.sql                   pass arguments to psql
  harness psql 3 <dump.sql                        pass stdin to psql")]
pub(super) struct Arguments {
    /// The agent, then a query: `3 'select 1'`, or inside a work tree `'select 1'`.
    #[arg(value_name = "[ID] [QUERY]", num_args = 0..=2)]
    words: Vec<String>,
    /// Print the rows as comma-separated values with a header (RFC 4180), as `psql --csv` does.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Also for an agent of another project than the one here.
    #[arg(long)]
    force: bool,
    /// Arguments for psql.
    #[arg(last = true, value_name = "PSQL-ARGS")]
    psql: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (named, rest) = agent::split_id(&arguments.words);
    let id = agent::resolve(&context, named)?;
    match rest.first() {
        Some(query) if arguments.psql.is_empty() && !is_for_psql(query) => {
            let form = if arguments.csv { csv } else { text };
            // as psql does; a document is whole or an error
            let before = |results: &QueryResult| {
                if !invocation.output.json && !results.statements.is_empty() {
                    invocation.output.data(&form(results));
                }
            };
            let result = interruptible(agent::query(&context, id, query, arguments.force, before))?;
            invocation.output.document(&result, form);
            Ok(ExitCode::SUCCESS)
        }
        query => {
            let mut command = vec!["psql".to_owned()];
            command.extend(arguments.csv.then(|| "--csv".to_owned()));
            command.extend(query.iter().flat_map(|query| ["-c".to_owned(), (*query).clone()]));
            command.extend(arguments.psql.iter().cloned());
            let code = block_on(agent::exec(&context, id, Some("db"), &command, arguments.force, None))?;
            Ok(ExitCode::from(code))
        }
    }
}

/// Whether it needs psql itself: a backslash command, or COPY with data on stdin or stdout.
fn is_for_psql(query: &str) -> bool {
    let query = query.trim_start();
    query.starts_with('\\') || query.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("copy "))
}

/// The result of every statement, in order.
fn statements(result: &QueryResult) -> Vec<StatementResult> {
    if !result.statements.is_empty() {
        return result.statements.clone();
    }
    let (columns, rows, affected) = (result.columns.clone(), result.rows.clone(), result.affected);
    vec![StatementResult { columns, rows, affected }]
}

fn text(result: &QueryResult) -> String {
    statements(result).iter().map(table).collect::<Vec<_>>().join("\n")
}

fn table(result: &StatementResult) -> String {
    if result.columns.is_empty() {
        return format!("{} affected\n", count(result.affected, "row"));
    }
    let titles: Vec<&str> = result.columns.iter().map(String::as_str).collect();
    let mut table = Table::verbatim(&titles);
    let widths: Vec<usize> = titles.iter().enumerate().map(|(column, title)| width(title, column, result)).collect();
    for row in &result.rows {
        table.row(row.iter().zip(&widths).map(|(value, width)| cell(value.as_deref().unwrap_or_default(), *width)));
    }
    format!("{}({})\n", table.render(), count(result.rows.len(), "row"))
}

/// Characters of the longest line in a column.
fn width(title: &str, column: usize, result: &StatementResult) -> usize {
    let values = result.rows.iter().filter_map(|row| row.get(column)?.as_deref());
    let lines = values.flat_map(str::lines).chain([title]);
    lines.map(|line| line.chars().count()).max().unwrap_or_default()
}

/// A value of several lines: all but the last end with a `+` at the column's edge, as psql writes it.
fn cell(value: &str, width: usize) -> String {
    let mut lines: Vec<String> = value.split('\n').map(str::to_owned).collect();
    let last = lines.len() - 1;
    for line in &mut lines[..last] {
        let missing = width.saturating_sub(line.chars().count());
        *line = format!("{line}{}+", " ".repeat(missing));
    }
    lines.join("\n")
}

fn csv(result: &QueryResult) -> String {
    statements(result).iter().map(lines).collect()
}

/// As `psql --csv` writes it: NULL is an empty field, the empty string too.
fn lines(result: &StatementResult) -> String {
    let field = |value: &str| {
        if value.contains(['"', ',', '\r', '\n']) || value == r"\." {
            format!("\"{}\"", value.replace('"', "\"\""))
        } else {
            value.to_owned()
        }
    };
    let line = |fields: Vec<String>| fields.join(",") + "\n";
    if result.columns.is_empty() {
        return String::new();
    }
    let mut text = line(result.columns.iter().map(|name| field(name)).collect());
    for row in &result.rows {
        text.push_str(&line(row.iter().map(|value| field(value.as_deref().unwrap_or_default())).collect()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{QueryResult, csv, text};

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let result = QueryResult {
            schema: String::new(),
            agent: 3,
            columns: vec!["a".into(), "b,c".into()],
            rows: vec![vec![Some("say \"hi\"".into()), None], vec![Some("two\nlines".into()), Some("plain".into())]],
            affected: 2,
            statements: Vec::new(),
        };
        assert_eq!(text(&result), "a          b,c\nsay \"hi\"\ntwo     +  plain\nlines\n(2 rows)\n");
        assert_eq!(csv(&result), "a,\"b,c\"\n\"say \"\"hi\"\"\",\n\"two\nlines\",plain\n");
    }
}
