//! Evidence that travels: a full pass, signed, and kept in git notes with its commit.
//!
//! ```text
//! sign        a recorded full pass becomes a statement      check      what the statement of a commit is worth
//! statement   in-toto, Statement v1                          envelope   DSSE: what is signed, and how it is read
//! key         the home's Ed25519 key, and public keys        notes      refs/notes/harness, one envelope a line
//! changes     test, CI and verify files that differ          weakened   tests that look weaker
//! touched     both without a signature
//! ```
//!
//! Who checks needs the repository, git and the public key: no home, no stack, no network, no `harness.toml`.
//!
//! Invariants: only a pass is signed, and only of a commit whose content is what was verified; nothing of a statement is
//! believed before its signature was checked; what tells which part was changed (the seals) is no ground to accept
//! anything. Weakened tests are listed and never judged.

mod changes;
mod check;
mod diff;
mod envelope;
mod error;
mod key;
mod kinds;
mod notes;
mod sign;
mod statement;
mod strict;
mod tools;
mod touched;
mod weakened;

pub use changes::Differences;
pub use check::check;
pub use key::public_key;
pub use sign::{may_be_signed, sign};
pub use touched::touched;
