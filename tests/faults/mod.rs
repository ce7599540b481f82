//! docs/faults.md: each row is a test whose name begins with the row's id. Those of processes (P) drive the
//! supervisor itself, those of databases (D) the library on real servers, those of the lifecycle (L) the
//! command line.

mod app;
#[allow(dead_code)] // a toolbox: not every tool is in use at every moment
mod stack;

mod d15_ownership;
mod d17_silent_servers;
mod d18_full_disk;
mod d19_shared_roles;
mod d1_killed_builds;
mod d20_passwords;
mod d21_external;
mod d23_infra_record;
mod d24_spares;
mod d25_stores;
mod d2_d4_builds;
mod d3_sessions;
mod d6_isolation;
mod d7_leftover_references;
mod d8_servers;
mod l12_work;
mod l13_trees;
mod l16_projects;
mod l19_everything;
mod l20_converge;
mod l9_records;
mod lifecycle;
mod p01_trees;
mod p05_deaths;
mod p05_dying;
mod p07_strangers;
mod p08_commands;
mod p12_dependencies;
mod p15_ports;
mod p17_output;
mod p20_surroundings;
mod p24_versions;
mod p26_unfinished_starts;
mod p27_frozen;
mod p27_supervisors;
mod p28_readiness;
mod p29_input;
mod p30_escaped;
mod p32_watches;
mod p33_many;
mod p34_mapped;
mod p35_nested;

pub(crate) use stack::trio_of;
