//! From a project's templates to one agent's values: its environment, its env file, its process config,
//! and whatever further files the project wants.
//!
//! Every `{{ … }}` is evaluated here and nowhere else, strictly: an undefined name is an error that says
//! which key of which file uses it and what was probably meant. Only `{{ … }}` and `{% … %}` are ours:
//! `${NAME}`, `$(…)` and the like belong to the target and pass through untouched.
//!
//! The environment of an agent is built up in layers, each seeing those before it:
//!
//! 1. the clean base: a fixed list of the caller's variables, and `pass_env`;
//! 2. the files of `env_file`, read from the agent's tree by `project::dotenv`;
//! 3. `[env]`, in file order;
//! 4. `AGENT_ID`.
//!
//! Layers 2 to 4 are what `.env.agent.<id>` holds. Nothing here reads or changes the environment of
//! the running process; the caller passes a lookup.

mod argv;
mod built_in;
mod check;
mod engine;
mod environment;
mod error;
mod files;
mod git;
mod guide;
mod layers;
mod network;
mod quote;
mod renderer;
mod stack;
mod steps;
mod template_values;
#[cfg(test)]
mod tests;

pub use built_in::built_in_templates;
pub use check::{Samples, check};
pub use environment::{Environment, base_environment};
pub use error::{RenderError, Result};
pub use files::is_written_for;
pub use git::{
    exclude_lines, excluded_paths, forget_tree, forget_trees, keep_out_of_git, mend_trees, readmit_to_git, tree_section,
};
pub use guide::{is_guide, remove_guide};
pub use renderer::Renderer;
pub use template_values::{ServerValues, TemplateValue, TemplateValues};
