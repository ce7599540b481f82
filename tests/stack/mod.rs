//! Real servers, real databases, real processes.

mod postgres_clone;
