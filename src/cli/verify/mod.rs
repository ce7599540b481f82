//! `harness verify`.

mod arguments;
mod list;
mod run;
mod status;

pub(super) use arguments::Arguments;
pub(super) use run::{misused, quick, run};
