//! `--watch`: a judgement of each state of the tree.
//!
//! A state is the name of the tree, and the bytes of the files that the plan and the environment come from: `harness.toml`
//! and its overlay in the tree and in the project's root. What git ignores, a file that is only touched and one that is
//! changed back begin nothing. The newest state wins: a round that is overtaken is dropped with all that it started, and
//! leaves no record.
//!
//! A command that writes to the tree overtakes its own round, and would begin the next one for ever. Who wrote a file the
//! kernel tells root alone, so it is concluded: paths that changed during two runs in succession, while nothing else did,
//! are the runs' own output. From then on a change of these alone overtakes no run and begins none.
//!
//! - Both runs have to come to their ends. A person who saves one file again and again overtakes run after run by the same
//!   path, so that rounds which were overtaken say nothing about it. After a few of these one runs to its end.
//! - A path that changes while no run is at work was written by another program. It begins a run, and no longer counts as
//!   output.
//! - A report that has another name in each run is never the same path twice. So a number of runs in succession that
//!   nothing but the run before began is enough, too.
//!
//! A person who saves just one file during both runs looks the same. That costs one verdict, never a wrong pass: the tree
//! changed during that run, so that it fails and names the file, and the next save begins another.

mod changes;
mod output;
mod rounds;

pub use rounds::watch;
