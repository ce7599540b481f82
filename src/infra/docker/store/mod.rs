//! A server of a store in a container: `harness __store-container`, a process of an agent's stack like every other server of a
//! store, that is one container.
//!
//! The process makes the container, passes its output on, and ends with its status; SIGTERM stops it in order and removes it. So
//! the supervisor knows all that it knows of other processes, and nothing else of harness has to know of containers. Only a
//! process that was killed leaves its container running: the next one of the same name removes it first, and whoever takes the
//! data away or copies it removes it before ([`remove`]); `teardown` and `gc` find it by its labels.
//!
//! The container publishes no port. The process listens on the agent's port on loopback, as soon as the server inside accepts
//! connections, and passes them on to the container's address. With a published port, the engine's proxy would accept connections
//! long before the server does; the port would be held by a process of the engine, which no stack owns, so that neither the
//! supervisor nor `verify` could tell whose it is; and it would stay open when the process was killed. It costs what that
//! proxy costs. An engine in a virtual machine or without root has no address for it: that is said, and no store runs there.
//!
//! Data is bound, not in a volume of the engine: it is copied, kept and brought back like that of any store, blocks shared where
//! the file system can. For harness to be able to do that, the container runs as the user of harness; where that is root, as
//! the user of the image.
//!
//! `docker run` as the process was the alternative: it needs the client, does not stop the container when it is killed
//! either, and publishes ports.

mod container;
mod entry;
mod kept;
mod request;
mod serve;

pub use entry::{COMMAND, entry};
pub use kept::{StoreContainer, found, prepare, remove};
