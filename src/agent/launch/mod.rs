//! `launch`: a list of steps, each journalled, each of which first looks whether it is needed.
//!
//! A first launch, one that continues after an interruption, a repair, and one with nothing to do therefore take the
//! same path. A first launch that fails is undone by the code that tears an agent down; where that undo, or a
//! teardown, was interrupted, the next launch finishes it and goes on.
//!
//! A step is a file. It is given the [`scope::Scope`] and what else it needs, and returns what it made;
//! `run` alone knows their order.

mod admission;
mod bucket;
mod database;
mod files;
mod here;
mod many;
mod marks;
mod network;
mod ports;
mod post_clone;
mod prepare;
mod ready;
mod record;
mod run;
mod scope;
pub(super) mod spare_trees;
mod stores;
mod template;
mod tree;

pub use here::launch_here;
pub use many::launch;
pub(super) use post_clone::PostClone;
pub(super) use prepare::{Preparation, run as prepare};
pub use scope::LaunchOptions;
pub use spare_trees::entry as refill_trees_entry;
pub(super) use stores::{Plan as StorePlan, templates as store_templates};
pub(super) use template::TemplateInputs;
