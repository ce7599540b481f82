//! Why the shared servers could not be brought up, asked or taken down; [`docker`]: why the docker engine could not.

mod diagnosis;
pub(in crate::infra) mod docker;
mod image_problem;
mod shared;
mod taken_port;

pub use image_problem::ImageProblem;
pub use shared::{Error, Result};
pub(in crate::infra) use taken_port::TakenPort;
