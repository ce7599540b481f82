//! Real servers, real databases, real processes.

mod board;
mod database_verbs;
mod infra;
mod launch;
mod mail_api;
mod mail_smtp;
mod network_verbs;
mod postgres_clone;
mod postgres_figures;
mod postgres_snapshot;
mod postgres_template;
mod s3_access;
mod s3_multipart;
mod s3_objects;
mod s3_purge;
mod s3_server;
mod teardown;
mod trouble;
mod verbs;
mod verify_bench;
mod verify_cli;
mod verify_faults;
mod verify_hook;
mod verify_run;
mod verify_tools;
mod verify_tree;
