//! JavaScript and TypeScript: packages and their managers, servers, checks, databases.

pub(super) mod builds;
pub(super) mod checks;
pub(super) mod database;
pub(super) mod downloads;
pub(super) mod frameworks;
pub(super) mod install;
pub(super) mod manager;
pub(super) mod nx;
pub(super) mod packages;
pub(super) mod prisma;
pub(super) mod scripts;
pub(super) mod seed_needs;
pub(super) mod seeds;
pub(super) mod servers;
pub(super) mod source;
