//! Python: packages, interpreters, and the frameworks that are known.

pub(super) mod alembic;
pub(super) mod checks;
pub(super) mod django;
pub(super) mod fastapi;
pub(super) mod flask;
pub(super) mod install;
pub(super) mod interpreter;
pub(super) mod projects;
pub(super) mod servers;
mod wheels;
