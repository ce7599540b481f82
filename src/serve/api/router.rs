//! The table as a router.

use std::sync::{Arc, OnceLock};

use axum::http::Method;
use axum::{Json, Router};
use serde_json::Value;

use super::openapi::document;
use super::route::Route;
use super::table::table;
use crate::serve::site::Shared;

/// The rows, and the one that describes them all.
fn rows() -> Vec<Route> {
    let described = Arc::new(OnceLock::<Value>::new());
    let tell = Arc::clone(&described);
    let own = async move || Json(tell.get().cloned());
    let mut rows = table();
    rows.push(Route::new(&Method::GET, "/api/openapi.json", "This document.", own).answers::<Value>(200));
    let _ = described.set(document(&rows));
    rows
}

/// Every row's handler.
pub(in crate::serve) fn routes() -> Router<Shared> {
    rows().into_iter().fold(Router::new(), |router, row| router.route(row.path, row.handler))
}

#[test]
fn the_committed_schema_of_the_api_is_that_of_the_table() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/openapi.json");
    let current = serde_json::to_string_pretty(&document(&rows())).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, current).unwrap();
    } else {
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == current, "schema/openapi.json is stale; run `UPDATE_SCHEMA=1 cargo test --lib schema`");
    }
}
