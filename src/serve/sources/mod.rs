//! Where tickets come from, besides people and the API.

mod call;
pub(super) mod github;
mod harmless;
mod note;
pub(super) mod plane;
mod take;
mod words;
