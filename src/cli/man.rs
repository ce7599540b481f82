//! `harness man`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::invocation::Invocation;
use crate::report::{Failure, ManPages};
use crate::system;

/// Write the man pages, one for each verb.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness man | man -l -         show the page of harness itself
  harness man ~/.local/share/man/man1")]
pub(super) struct Arguments {
    /// Directory to write to, such as `/usr/local/share/man/man1`; without it, the page of harness itself goes to stdout.
    #[arg(id = "man_directory", value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let mut parser = (invocation.parser)();
    // so that each verb has the options of every verb
    parser.build();
    let Some(directory) = &arguments.directory else {
        let page = render(parser);
        let text = String::from_utf8_lossy(&page).into_owned();
        let document = ManPages { schema: "harness/man/1".to_owned(), files: Vec::new(), page: Some(text.clone()) };
        invocation.output.document(&document, |_| text);
        return Ok(ExitCode::SUCCESS);
    };
    std::fs::create_dir_all(directory).map_err(system::Error::file("create", directory))?;
    let mut files = Vec::new();
    write(parser, "harness", directory, &mut files)?;
    files.sort_unstable();
    let document = ManPages { schema: "harness/man/1".to_owned(), files, page: None };
    invocation.output.document(&document, |document| document.files.join("\n") + "\n");
    Ok(ExitCode::SUCCESS)
}

/// A page for `command` and one for each of its verbs: `harness-db-restore.1`.
fn write(command: clap::Command, name: &str, directory: &Path, files: &mut Vec<String>) -> Result<(), Failure> {
    let verbs: Vec<clap::Command> =
        command.get_subcommands().filter(|verb| verb.get_name() != "help").cloned().collect();
    let path = directory.join(format!("{name}.1"));
    let command = command.display_name(name.to_owned()).bin_name(name.replace('-', " "));
    std::fs::write(&path, render(command)).map_err(system::Error::file("write", &path))?;
    files.push(path.display().to_string());
    for verb in verbs {
        let name = format!("{name}-{}", verb.get_name());
        write(verb, &name, directory, files)?;
    }
    Ok(())
}

fn render(command: clap::Command) -> Vec<u8> {
    let mut page = Vec::new();
    // a Vec takes everything
    let _ = clap_mangen::Man::new(command).source(format!("harness {}", env!("CARGO_PKG_VERSION"))).render(&mut page);
    page
}
