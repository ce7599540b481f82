//! The output of a command that does not go to harness's own streams.

/// What a command printed, where it does not go to harness's own streams.
#[derive(Debug, Default)]
pub struct Captured {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}
