//! Templates: the database, migrated and seeded, that agents' databases are cloned from.
//!
//! A template's name is the digest of all that it was made from ([`TemplatePlan::links`]): the same
//! inputs never build twice, other inputs never reuse. It is built under another name and renamed when
//! it is complete, in the transaction that also marks it: the final name *is* the completeness marker.
//!
//! Each template has a role of its own name. Steps log in as that role, and it owns every object in the
//! template. One role for all templates, behind `SET role`, would not do: `current_user` shows it, and two
//! builds would have to agree on a password. The database itself belongs to the home's *builders*. The role is a
//! member of them while it builds, so that migrations may do what an owner may (`ALTER DATABASE … SET`, objects
//! in schema public). The role does not own the database itself, because REASSIGN OWNED also moves databases:
//! another clone would give away the one that is being built.
//! Complete, the database is the admin's, and the role has neither login nor password nor membership.
//!
//! A step with `admin = true` logs in as the administrator. What it made is given to the template's role object by object
//! (see `admin_step`), but for what only a superuser may own.
//!
//! Each name has an advisory lock. Building and dropping take it exclusively; a command that clones holds it
//! shared ([`Template`] does, until dropped).
//!
//! After an `incremental` step the state is kept as a database of its own. If files were only appended
//! since, that step is run again on a copy of it.

mod admin_step;
mod build;
mod chain;
mod changes;
mod discard;
mod ensure;
mod incremental;
mod inventory;
mod outside;
mod prune;
mod publish;

pub use chain::{Link, TemplatePlan};
pub(super) use ensure::find_with;
pub use ensure::{Template, ensure, find};
pub use inventory::{Existing, ExistingStep, check_removable, collect, list, remove};
pub use prune::{Leftover, sweep, unfinished};
