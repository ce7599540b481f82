//! `harness trust`.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::report::{Failure, Trust};
use crate::serve::{self, TrustAction};

/// Have this machine trust the certificates of the gateway.
///
/// `harness serve --gateway --gateway-tls` signs them with an authority of its own, which can sign names of
/// loopback and no others. It is added to the system's list (root) and to those of Chromium and Firefox (`certutil`);
/// what may not be changed is named with the command that changes it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness trust                  add the authority wherever that is possible
  harness trust --print          print what would be run, and where the certificate is
  harness trust --remove         take it out again")]
pub(super) struct Arguments {
    /// Take the authority out of the lists.
    #[arg(long)]
    remove: bool,
    /// Change nothing.
    #[arg(long, conflicts_with = "remove")]
    print: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context_to_make()?;
    let action = match (arguments.remove, arguments.print) {
        (true, _) => TrustAction::Remove,
        (_, true) => TrustAction::Print,
        _ => TrustAction::Add,
    };
    let trust = block_on(serve::trust(&context.home, &context.environment, action))?;
    invocation.output.document(&trust, |trust| text(trust, action));
    let done = action == TrustAction::Print || trust.is_complete();
    Ok(if done { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn text(trust: &Trust, action: TrustAction) -> String {
    let mut text = format!("certificate: {}\n", trust.certificate);
    let done = if action == TrustAction::Remove { "removed from" } else { "trusted by" };
    for list in &trust.lists {
        if list.done {
            let _ = writeln!(text, "{done} the {} list `{}`", list.kind, list.path);
            continue;
        }
        let why = list.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        let _ = writeln!(text, "for the {} list `{}`{why}; run", list.kind, list.path);
        for command in &list.commands {
            let _ = writeln!(text, "  {command}");
        }
    }
    if trust.lists.is_empty() {
        text.push_str("no list of certificates was found; add that file to yours by hand\n");
    }
    text
}
