//! Why the shared servers could not be brought up, asked or taken down; [`docker`]: why the docker engine could not.

pub(in crate::infra) mod docker;
mod image_problem;
mod shared;

pub use image_problem::ImageProblem;
pub(in crate::infra) use shared::TakenPort;
pub use shared::{Error, Result};
