//! The library starts its long-lived processes from the program that it is part of. In tests that call it without the
//! `harness` binary that is the test binary, which therefore begins as harness does: it becomes one of those processes
//! where it is asked to, before the test runner looks at the arguments.

use std::ffi::OsString;
use std::process::ExitCode;

use harness::{infra, supervisor};

extern "C" fn become_what_is_asked() {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let code = supervisor::entry(&arguments).or_else(|| infra::docker::autoheal::entry(&arguments));
    if let Some(code) = code {
        std::process::exit(i32::from(code != ExitCode::SUCCESS));
    }
}

// called by the C library before `main`
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = become_what_is_asked;
