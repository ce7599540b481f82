//! `launch`: a list of steps, each journalled, each of which first looks whether it is needed.
//!
//! Launching anew, going on after a cut, repairing and finding nothing to do are therefore one path. A
//! first launch that fails is undone by the same code that tears an agent down.

mod attempt;
mod bucket;
mod database;
mod files;
mod many;
mod ports;
mod post_clone;
mod prepare;
mod ready;
mod template;
mod tree;

pub use many::{LaunchOptions, launch};
pub(super) use post_clone::PostClone;
pub(super) use prepare::{Preparation, run as prepare};
pub(super) use template::TemplateInputs;
