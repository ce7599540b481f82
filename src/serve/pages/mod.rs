//! The dashboard: pages for people, made on the server from the documents of `api`.
//!
//! Every action is a form, answered by a redirect (303) to a page. A script asks for the page again when an event
//! arrives and renews the parts marked `data-live`, node by node: elements that come and go among their like have ids. It also
//! sends the forms, asks first where `data-ask` has a question, and shows a refusal where the person is. Without it the page is
//! read as it is.
//!
//! ```text
//! shell       what is around every page
//! parts       badges, buttons, jobs: what several pages have
//! actions     the forms, and where they lead
//! verdict     the last run of verify, in a line and in full
//! people      refusals as pages, among them the one that says how to sign in
//! assets/     a style and a script for all pages, and for that of a session; one picture
//! ```

mod actions;
mod agent;
mod assets;
mod fields;
mod launch;
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
mod verdict;

pub(super) use people::for_people;
pub(super) use routes::routes;
