//! How things look: progress, tables, colour, errors. The only place that writes to stdout and stderr.
//!
//! Data goes to stdout, everything else to stderr. On a terminal progress is live and coloured;
//! elsewhere it is one plain line at the beginning and one at the end of each task, so that a log
//! file reads like a log. `NO_COLOR` and `--color` are honoured by `anstream`.

mod error;
mod output;
mod progress;
mod style;
mod table;
mod verbosity;
mod verdict;

pub use error::{harmless, render_failure};
pub use output::{LogFormat, Output};
pub use progress::progress;
pub use style::{duration, paint, paint_as, size};
pub use table::Table;
pub use verbosity::Verbosity;
pub use verdict::verdict;
