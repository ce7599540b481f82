//! Projects in, files and process configs out.

mod check;
mod environment;
mod fixture;
mod git;
mod guide;
mod preset;
mod quoting;
mod stack;
