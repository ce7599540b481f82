//! The integration tests: one binary, so that the dependency tree is linked once.
