//! The dashboard: pages for people, made on the server from the documents of `api`.
//!
//! Every action is a form, answered by a redirect (303) to a page. A script asks for the page again when an event
//! arrives and replaces the parts marked `data-live`; without it the page is read as it is.
//!
//! ```text
//! shell       what is around every page
//! parts       badges, buttons, jobs: what several pages have
//! actions     the forms, and where they lead
//! people      refusals as pages, among them the one that says how to sign in
//! assets/     a style and a script for all pages, and for that of a session; one picture
//! ```

mod actions;
mod agent;
mod assets;
mod fields;
mod machine;
mod overview;
mod parts;
mod people;
mod routes;
mod session;
mod shell;
mod tasks;
mod teardown;
mod ticket;

pub(super) use people::for_people;
pub(super) use routes::routes;
