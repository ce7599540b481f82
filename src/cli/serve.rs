//! `harness serve`.

use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use clap::Args;

use super::invocation::{self, Invocation, block_on};
use crate::report::Failure;
use crate::serve::{self, Options};

/// Serve the API, the events and the dashboard of this machine.
///
/// It runs until SIGTERM or Ctrl-C. Whoever has the token may do what your shell may; `harness open --dashboard` lets
/// your browser in.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness serve                              at http://127.0.0.1:3333
  harness serve --port 3333 --port 3334      at two ports")]
pub(super) struct Arguments {
    /// The port; may be repeated.
    #[arg(long, value_name = "PORT", default_values_t = [3333])]
    port: Vec<u16>,
    /// The address; what is not loopback can be reached from other machines, without encryption.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context_to_make()?;
    let options = Options { address: arguments.address, ports: arguments.port.clone() };
    let output = invocation.output;
    let listening = |url: &str| output.tell(&format!("serving at {url}; `harness open --dashboard` opens it"));
    block_on(serve::run(context.home, invocation::environment(), &options, listening))?;
    Ok(ExitCode::SUCCESS)
}
