//! `harness verify`.

mod arguments;
mod list;
mod print;
mod run;
mod status;
mod watch;

pub(super) use arguments::Arguments;
pub(super) use run::{misused, quick, run};
