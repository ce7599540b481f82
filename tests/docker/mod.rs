//! The docker engine, on a real engine with real servers in containers.
//!
//! Without an engine that answers, or without the four images (`tests/images/build` makes them), every test here says
//! so and does nothing.

#![allow(clippy::print_stderr)] // that a test was skipped, and on what it ran, has to be seen

mod autoheal;
mod buckets;
mod d11_images;
mod engine;
mod external;
mod faults;
mod frozen;
mod jobs;
mod jobs_faults;
mod jobs_left;
mod machine;
mod moving;
mod relay;
mod stack;
mod stores;
mod terminal;
