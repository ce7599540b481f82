//! `harness serve key`.

use std::process::ExitCode;

use clap::Subcommand;
use hyper::Method;
use serde_json::json;

use super::invocation::{Invocation, block_on};
use crate::report::{Failure, WorkerKey, WorkerKeys};
use crate::serve;
use crate::system::text::percent_encode;

#[derive(Debug, Subcommand)]
pub(super) enum KeyVerb {
    /// Make a key; it is printed once, and an earlier one of this worker holds no more.
    Add {
        /// The worker's name.
        #[arg(long, value_name = "NAME")]
        worker: String,
    },
    /// List the workers that have a key.
    List,
    /// Remove the key of a worker.
    Remove {
        /// The worker's name.
        #[arg(long, value_name = "NAME")]
        worker: String,
    },
}

impl KeyVerb {
    /// The name of the document.
    pub(super) fn document(&self) -> &'static str {
        if matches!(self, Self::Add { .. }) { "serve-key" } else { "serve-keys" }
    }
}

pub(super) fn run(verb: &KeyVerb, invocation: &Invocation) -> Result<ExitCode, Failure> {
    const PATH: &str = "/api/worker-keys";
    let home = invocation.context()?.home;
    let keys: WorkerKeys = match verb {
        KeyVerb::Add { worker } => {
            let body = json!({ "worker": worker });
            let key: WorkerKey = block_on(serve::ask(&home, Method::POST, PATH, Some(&body)))?;
            invocation.output.document(&key, |key| format!("{}\n", key.key.as_deref().unwrap_or_default()));
            return Ok(ExitCode::SUCCESS);
        }
        KeyVerb::List => block_on(serve::ask(&home, Method::GET, PATH, None))?,
        KeyVerb::Remove { worker } => {
            block_on(serve::ask(&home, Method::DELETE, &format!("{PATH}/{}", percent_encode(worker)), None))?
        }
    };
    invocation.output.document(&keys, |keys| {
        keys.keys.iter().fold(String::new(), |text, key| text + &key.worker + "  " + &key.created_at + "\n")
    });
    Ok(ExitCode::SUCCESS)
}
