//! The machine under simulated time.
