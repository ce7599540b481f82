//! `harness serve`.

use std::fmt::Write;
use std::net::IpAddr;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::invocation::{Invocation, block_on};
use super::serve_key::{self, KeyVerb};
use crate::report::{Failure, Kind, ServeStatus};
use crate::serve::{self, GatewayOptions, Options};

/// Serve the API, the events and the dashboard of this machine.
///
/// It runs until SIGTERM or Ctrl-C, or with `--detach` in the background. Whoever has the token may do what your shell
/// may; `harness open --dashboard` lets your browser in.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  harness serve                              at http://127.0.0.1:3333
  harness serve --port 3333 --port 3334      at two ports
  harness serve --gateway                    and http://web.3.board.localhost for port `web` of agent 3 of `board`
  harness serve --detach                     in the background; `harness logs --serve` prints its log
  harness serve status
  harness serve stop
  harness serve key add --worker build-1     print the key for a worker of that name"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The port, by default 3333; may be repeated.
    #[arg(long, value_name = "PORT")]
    port: Vec<u16>,
    /// The address, by default 127.0.0.1; what is not loopback can be reached from other machines, without encryption.
    #[arg(long, value_name = "ADDRESS")]
    address: Option<IpAddr>,
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
    /// Start it in the background, where it outlives this terminal and is started again when it crashes.
    #[arg(long)]
    detach: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say whether it runs, where, and in which version.
    Status,
    /// Stop the one that was detached; agents stay as they are.
    Stop,
    /// Keys of workers on this server, while it runs.
    Key {
        #[command(subcommand)]
        verb: KeyVerb,
    },
}

impl Arguments {
    /// The name of the document.
    pub(super) fn document(&self) -> &'static str {
        match &self.verb {
            Some(Verb::Key { verb }) => verb.document(),
            _ => "serve",
        }
    }

    fn options(&self) -> Options {
        let gateway = GatewayOptions {
            on: self.gateway,
            port: self.gateway_port,
            tls: self.gateway_tls,
            tls_port: self.gateway_tls_port,
        };
        Options { address: self.address, ports: self.port.clone(), gateway }
    }
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let output = invocation.output;
    match &arguments.verb {
        Some(Verb::Key { verb }) => return serve_key::run(verb, invocation),
        Some(Verb::Status) => {
            let status = block_on(serve::status(&invocation.context()?.home))?;
            output.document(&status, text);
            return Ok(ExitCode::from(if status.running { 0 } else { Kind::CheckFailed.exit_code() }));
        }
        Some(Verb::Stop) => {
            let status = block_on(serve::stop(&invocation.context()?.home))?;
            output.document(&status, |_| "stopped\n".to_owned());
            return Ok(ExitCode::SUCCESS);
        }
        None => {}
    }
    let context = invocation.context_to_make()?;
    let options = arguments.options();
    if arguments.detach {
        let status = block_on(serve::detach(&context.home, &context.environment, &options))?;
        output.document(&status, text);
        return Ok(ExitCode::SUCCESS);
    }
    let listening = |url: &str, gateway: Option<&str>| {
        output.tell(&format!("serving at {url}; `harness open --dashboard` opens it"));
        if let Some(gateway) = gateway {
            output.tell(&format!("gateway at {gateway}, which lists what there is"));
        }
    };
    block_on(serve::run(context.home, context.environment, &options, listening))?;
    Ok(ExitCode::SUCCESS)
}

fn text(status: &ServeStatus) -> String {
    let own = env!("CARGO_PKG_VERSION");
    let mut text = match (status.running, status.detached) {
        (false, false) if status.pid.is_none() => {
            return "not running; `harness serve --detach` starts it\n".to_owned();
        }
        (true, true) => "running detached".to_owned(),
        (true, false) => "running in the foreground".to_owned(),
        (false, _) => "not answering".to_owned(),
    };
    if let Some(url) = &status.url {
        let _ = write!(text, " at {url}");
    }
    if let Some(pid) = status.pid {
        let _ = write!(text, ", process {pid}");
    }
    if let Some(state) = status.state.filter(|_| !status.running) {
        let _ = write!(text, ": {state}");
    }
    if let Some(reason) = &status.reason {
        let _ = write!(text, " ({reason})");
    }
    if status.restarts > 0 {
        let _ = write!(text, ", started again {} times", status.restarts);
    }
    text.push('\n');
    if let Some(version) = status.version.as_deref().filter(|version| *version != own) {
        let _ = writeln!(
            text,
            "it is version {version}, this program is {own}: `harness serve stop`, then `harness serve --detach` \
             replaces it"
        );
    }
    text
}
