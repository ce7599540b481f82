//! Why the loopback map does not work here.

use std::io;

/// The map cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel, or the container's seccomp profile, does not let a filter ask.
    #[error("the loopback map of `[network]` does not work here: the seccomp filter is refused")]
    Refused(#[source] io::Error),
    /// Calls arrive, but this process may not look into its own children.
    #[error("the loopback map of `[network]` does not work here: a program's sockets cannot be taken over")]
    Denied(#[source] io::Error),
    /// A process can have one listener only, and this one has another's.
    #[error("this command runs under the loopback map of {}, and no second one can be laid over it", name(outer.as_deref()))]
    Nested {
        /// Whose it is, as its marker names it; unknown where another program installed a listener.
        outer: Option<String>,
    },
    /// It was tried, and the program did not arrive where it should.
    #[error("the loopback map of `[network]` does not work here: a connect of a trial was not mapped")]
    NotMapped,
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Refused(_) => {
                "it needs Linux 5.9 with seccomp, and in a container a seccomp profile that allows `seccomp`; \
                 or remove `[network] map`"
            }
            Self::Denied(_) => {
                "in a container add `--cap-add SYS_PTRACE` or a seccomp profile that allows `pidfd_getfd` and \
                 `process_vm_readv`; set `kernel.yama.ptrace_scope` to 0 or 1; or remove `[network] map`"
            }
            Self::Nested { .. } => "run it from a shell outside of `harness exec`, `harness shell` and that stack",
            Self::NotMapped => "it needs Linux 5.9 on x86-64 or aarch64; or remove `[network] map`",
        }
    }
}

/// A stack as people know it, of `<home>/agent-3 3000=5010`.
fn name(marker: Option<&str>) -> String {
    let stack = marker.and_then(|marker| marker.split(' ').next()?.rsplit('/').next());
    stack.map_or_else(|| "another program".to_owned(), |stack| stack.replacen("agent-", "agent ", 1))
}
