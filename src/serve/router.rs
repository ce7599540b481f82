//! Everything that is answered, behind the guard.

use axum::http::{Method, Uri};
use axum::{Router, middleware};

use super::guard::guard;
use super::refusal::{Refusal, Wrong};
use super::site::Shared;
use super::{api, metrics, pages};

pub(super) fn router(site: Shared) -> Router {
    api::routes()
        .merge(pages::routes())
        .fallback(async |uri: Uri| Refusal::from(Wrong::Path(uri.path().to_owned())))
        .method_not_allowed_fallback(async |_: Method, uri: Uri| Refusal::from(Wrong::Method(uri.path().to_owned())))
        .layer(middleware::from_fn_with_state(site.clone(), guard))
        // outside the guard, whose refusals people read too
        .layer(middleware::from_fn(pages::for_people))
        .layer(middleware::from_fn_with_state(site.clone(), metrics::count))
        .with_state(site)
}
