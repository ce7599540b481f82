//! A command inside a shared server's container, as an agent.

use std::io::{IsTerminal, Read, Write};

use tokio::sync::mpsc;

use super::{Context, Error, Record};
use crate::infra::{Infra, docker};
use crate::report::Failure;

/// Runs it; for `db`, the agent's login is in its environment. Returns its exit code.
pub(super) async fn exec(
    context: &Context,
    infra: &Infra,
    record: &Record,
    service: &str,
    command: &[String],
) -> Result<u8, Failure> {
    let known = infra.service_names();
    if !known.iter().any(|name| name == service) {
        return Err(Error::UnknownService { name: service.to_owned(), known }.into());
    }
    let mut environment = Vec::new();
    if let (Some(server), Some(password), "db") = (&infra.postgres, &record.database_password, service) {
        let mut login = server.agent_login(record.agent, password);
        // beside the server, its port is the usual one
        login.port = 5432;
        environment = login.environment();
    }
    let request = docker::ExecRequest {
        service,
        command,
        environment,
        input: (!std::io::stdin().is_terminal()).then(standard_input),
    };
    let code = docker::exec(&context.home, &infra.record, request, |is_error, bytes| {
        // whoever reads it may have gone away, which is not the command's failure
        let _ = if is_error { std::io::stderr().write_all(bytes) } else { std::io::stdout().write_all(bytes) };
    })
    .await?;
    let _ = std::io::stdout().flush();
    Ok(u8::try_from(code).unwrap_or(125))
}

/// What harness itself is given to read, from a thread that nobody waits for.
fn standard_input() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut chunk = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = std::io::stdin().read(&mut chunk) {
            if sender.blocking_send(chunk[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}
