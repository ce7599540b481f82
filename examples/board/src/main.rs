//! A message board, one program with a few roles:
//!
//! ```text
//! board migrate            bring the schema up to date
//! board seed               put the demonstration data in
//! board set NAME VALUE     change a setting that lives in the database
//! board api                the API: messages, uploads, invitations
//! board web                the page, rendered from the API
//! board worker             looks at uploads and tells the API what they are
//! ```
//!
//! Everything it needs to know comes from environment variables; see README.md.

mod api;
mod database;
mod http;
mod log;
mod mail;
mod migrate;
mod objects;
mod settings;
mod web;
mod worker;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "usage: board migrate|seed|set NAME VALUE|api|web|worker";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("board: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["migrate"] => migrate::migrate().await,
        ["seed"] => migrate::seed().await,
        ["set", name, value] => database::set(name, value).await,
        ["api"] => api::serve().await,
        ["web"] => web::serve().await,
        ["worker"] => worker::work().await,
        _ => bail!("{USAGE}"),
    }
}
