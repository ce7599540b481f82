//! The integration tests: one binary, so that the dependency tree is linked once.

#[allow(dead_code, unused_imports)] // a toolbox: not every tool is in use at every moment
mod support;
