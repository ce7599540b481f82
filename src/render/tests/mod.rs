//! Projects in, files and process configs out.

mod environment;
mod fixture;
mod git;
mod quoting;
mod stack;
