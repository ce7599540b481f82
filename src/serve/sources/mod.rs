//! Where tickets come from, besides people and the API.

pub(super) mod github;
