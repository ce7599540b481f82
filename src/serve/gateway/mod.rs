//! The gateway: one address in front of all stacks of the home, `http://<port>.<agent or tree>.<project>.localhost`.
//!
//! ```text
//! listen     where: 80 and 443 where they may be bound, else 8080 and 8443
//! authority  the certificate authority of the home; certificates: one for each name; trust: who believes them
//! server     a thread of its own; connections, their limit, their end
//! host       which name a request is for
//! table      which name belongs to which port; records keeps it as the agents' records are
//! answer     one request: refused, answered, or passed on
//! forward    passed on: what is taken off and put on, `Upgrade`
//! pool       connections to applications
//! down       what is known of an application that does not answer
//! refusal    why there is no answer of an application; reply and page say so
//! ```
//!
//! # Invariants
//!
//! - A name that is not the gateway's gets nothing: a page of another site that has its own name resolve to this machine
//!   is refused. Names of agents end in `.localhost`, which no other site can have.
//! - What the gateway lets through is what the ports let through as well: it needs no token, and asks for none. It adds
//!   names, by which cookies of one agent are apart from those of another.
//! - Bodies are streamed in both directions; what is held of one is what fits the buffers of two connections. There is no
//!   limit on how long an answer takes, only on how long a connection takes to be made.
//! - `Host` is passed on as the browser sent it: applications compare it with `Origin`, and make links of it.
//! - Lines of logs are shown to the owner's own programs alone: the kernel says who made the connection.
//!
//! It has a thread of its own, so that 200 MB for one agent delay no answer of the API.

mod answer;
mod authority;
mod certificates;
mod client;
mod down;
mod forward;
mod headers;
mod host;
mod listen;
mod page;
mod pool;
mod records;
mod refusal;
mod reply;
mod server;
mod settings;
mod site;
mod table;
mod trust;

pub(super) use server::start;
pub use settings::GatewayOptions;
pub(super) use settings::GatewaySettings;
pub use trust::{TrustAction, trust};
