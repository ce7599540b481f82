//! The shared browser: an installed Chromium on the native engine, browserless in a container.

mod chromium;
mod server;

pub use server::{Browser, BrowserRecord};
