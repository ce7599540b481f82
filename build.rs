//! How the binary is linked.
//!
//! Not position-independent, on Linux with the GNU linker: an address that is known when linking needs no
//! relocation at the start, so that the tables of the whole program stay clean pages of its file, shared by all
//! harness processes, instead of becoming private memory of each guardian and supervisor.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
