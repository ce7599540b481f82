//! `harness verify`.

mod arguments;
mod check;
mod key;
mod list;
mod print;
mod run;
mod sign;
mod status;
mod watch;

pub(super) use arguments::Arguments;
pub(super) use run::{misused, quick, run};
