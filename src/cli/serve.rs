//! `harness serve`.

use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use clap::Args;

use super::invocation::{self, Invocation, block_on};
use crate::report::Failure;
use crate::serve::{self, GatewayOptions, Options};

/// Serve the API, the events and the dashboard of this machine.
///
/// It runs until SIGTERM or Ctrl-C. Whoever has the token may do what your shell may; `harness open --dashboard` lets
/// your browser in.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness serve                              at http://127.0.0.1:3333
  harness serve --port 3333 --port 3334      at two ports
  harness serve --gateway                    and http://web.3.board.localhost for port `web` of agent 3 of `board`")]
pub(super) struct Arguments {
    /// The port; may be repeated.
    #[arg(long, value_name = "PORT", default_values_t = [3333])]
    port: Vec<u16>,
    /// The address; what is not loopback can be reached from other machines, without encryption.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Put one address in front of all stacks: `http://<port>.<agent>.<project>.localhost`.
    #[arg(long)]
    gateway: bool,
    /// The gateway's port; by default 80 where it may be bound, else 8080.
    #[arg(long, value_name = "PORT", requires = "gateway")]
    gateway_port: Option<u16>,
    /// Speak TLS at the gateway, with certificates that `harness trust` has this machine trust.
    #[arg(long, requires = "gateway")]
    gateway_tls: bool,
    /// The gateway's port of TLS; by default 443 where it may be bound, else 8443.
    #[arg(long, value_name = "PORT", requires = "gateway_tls")]
    gateway_tls_port: Option<u16>,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context_to_make()?;
    let gateway = GatewayOptions {
        on: arguments.gateway,
        port: arguments.gateway_port,
        tls: arguments.gateway_tls,
        tls_port: arguments.gateway_tls_port,
    };
    let options = Options { address: arguments.address, ports: arguments.port.clone(), gateway };
    let output = invocation.output;
    let listening = |url: &str, gateway: Option<&str>| {
        output.tell(&format!("serving at {url}; `harness open --dashboard` opens it"));
        if let Some(gateway) = gateway {
            output.tell(&format!("gateway at {gateway}, which lists what there is"));
        }
    };
    block_on(serve::run(context.home, invocation::environment(), &options, listening))?;
    Ok(ExitCode::SUCCESS)
}
