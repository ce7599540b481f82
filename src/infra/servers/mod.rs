//! The shared servers, one file or folder each.
//!
//! A server is what the home's record keeps of it (`Server`): its ports and programs on one side, and on the other
//! how it is chosen, started, asked whether it answers, and reached, and what templates see of it. Everything that
//! harness does with servers is a loop over `Hostings`: setting up, drift, status, compose variables, readiness. A
//! further server is a file here, a row in [`list`], and what the configuration says of it: `project/model/service.rs`
//! and its type in `project/raw/infra.rs`. What an agent owns on a server is an entry of `agent/belongings`.
//!
//! ```text
//! server       what each of them states                (a trait)
//! hosted       the same for a server of any kind       (Hosting<T>, as an object)
//! list         which there are
//! postgres, s3, mail, browser
//! liveness     whether one works at all
//! process, directories, program, url, http             what they are built from
//! ```

pub(super) mod browser;
pub(super) mod directories;
pub(super) mod hosted;
pub(super) mod http;
pub(super) mod list;
pub(super) mod liveness;
pub(super) mod mail;
pub(super) mod postgres;
pub(super) mod process;
pub(super) mod program;
pub(super) mod s3;
pub(super) mod server;
pub(super) mod url;
