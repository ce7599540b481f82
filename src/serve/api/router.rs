//! The table as a router, behind the guard.

use std::sync::{Arc, OnceLock};

use axum::http::{Method, Uri};
use axum::{Json, Router, middleware};
use serde_json::Value;

use super::openapi::document;
use super::route::Route;
use super::table::table;
use crate::serve::guard::guard;
use crate::serve::refusal::{Refusal, Wrong};
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

/// Everything that is answered.
pub(in crate::serve) fn router(site: Shared) -> Router {
    let router = rows().into_iter().fold(Router::new(), |router, row| router.route(row.path, row.handler));
    router
        .fallback(async |uri: Uri| Refusal::from(Wrong::Path(uri.path().to_owned())))
        .method_not_allowed_fallback(async |_: Method, uri: Uri| Refusal::from(Wrong::Method(uri.path().to_owned())))
        .layer(middleware::from_fn_with_state(site.clone(), guard))
        .with_state(site)
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
