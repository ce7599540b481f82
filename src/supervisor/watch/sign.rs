//! What a watcher says, and how it explains what it cannot watch.

use std::io;

/// What a watcher says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sign {
    /// From now on changes are noticed.
    Watching,
    /// Files have changed, and it is quiet again.
    Changed,
    /// Something for the log.
    Note(String),
    /// What is not watched, for `status`; `None` once everything is.
    Unwatched(Option<String>),
}

/// Why changes are missed, with the remedy where a limit is the reason.
pub(super) fn explain(error: &io::Error, what: &str) -> String {
    let remedy = match error.raw_os_error() {
        Some(libc::ENOSPC) => "; run `sysctl fs.inotify.max_user_watches=1048576`, or name more in `ignore`",
        Some(libc::EMFILE) => "; run `sysctl fs.inotify.max_user_instances=1024`",
        _ => "",
    };
    format!("cannot {what}, so changes are missed: {error}{remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_shown_with_the_remedy() {
        let said = |error: i32| explain(&io::Error::from_raw_os_error(error), "watch `src`");
        assert!(said(libc::ENOSPC).contains("max_user_watches") && said(libc::ENOSPC).contains("`src`"));
        assert!(said(libc::EMFILE).contains("max_user_instances"));
    }
}
