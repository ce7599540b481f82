//! All areas, one after the other.

use super::{machine, servers, state, tools};
use crate::agent::Context;
use crate::report::{Doctor, Failure, Level};

/// Looks at everything.
///
/// # Errors
/// The home cannot be read.
pub async fn doctor(context: &Context) -> Result<Doctor, Failure> {
    let project = context.project();
    let mut findings = tools::examine().await;
    findings.extend(servers::examine(context, project.as_ref().ok()).await?);
    findings.extend(machine::examine(context, project.as_ref().ok()));
    findings.extend(state::examine(context, project.as_ref()).await?);
    let healthy = findings.iter().all(|finding| finding.level != Level::Error);
    Ok(Doctor { schema: "harness/doctor/1".to_owned(), healthy, findings })
}
