//! Running a file of SQL.

use std::path::Path;

use crate::system::read_optional;

use super::error::cause;
use super::session::Session;
use super::step::Step;
use super::{Error, Result};

/// Runs every statement of the file; the first that fails ends it.
pub(super) async fn run(step: &Step<'_>, file: &Path) -> Result<()> {
    let path = step.tree.join(file);
    let unreadable = |source| Error::ScriptFile { step: step.name.to_owned(), source };
    let bytes = read_optional(&path).and_then(|bytes| {
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        bytes.ok_or_else(|| crate::system::Error::file("read", &path)(missing()))
    });
    let text = String::from_utf8_lossy(&bytes.map_err(unreadable)?).into_owned();
    let session = Session::open(step.login).await?;
    let running = session.client().batch_execute(&text);
    match tokio::time::timeout(step.timeout, running).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Error::Script {
            step: step.name.to_owned(),
            file: file.display().to_string(),
            line: 1,
            output: Vec::new(),
            source: cause(error),
        }),
        Err(_) => Err(Error::Step {
            step: step.name.to_owned(),
            ending: format!("timed out after {} s", step.timeout.as_secs()),
            output: Vec::new(),
        }),
    }
}
