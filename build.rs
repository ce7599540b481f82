//! How the binary is linked.
//!
//! On Linux with the GNU linker it is not position-independent. Addresses that are known at link time need no relocation
//! at start, so the program's tables stay clean pages of the file. All harness processes share these pages; relocated
//! ones would be private memory of each guardian and supervisor.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
