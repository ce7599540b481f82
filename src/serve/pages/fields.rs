//! The fields of a form.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::extract::{Form, FromRequest, Request};
use axum::response::Redirect;

use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;

/// What a form sent.
pub(super) struct Fields(BTreeMap<String, String>);

impl FromRequest<Shared> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, site: &Shared) -> Result<Self, Refusal> {
        let form = Form::<BTreeMap<String, String>>::from_request(request, site).await;
        Ok(Self(form.map_err(|error| Wrong::Input(error.body_text()))?.0))
    }
}

impl Fields {
    /// A field as it was written; `None` where the form has no such field.
    pub(super) fn written(&self, name: &str) -> Option<String> {
        // browsers send line ends of two characters
        self.0.get(name).map(|text| text.replace("\r\n", "\n"))
    }

    /// A field that somebody filled in.
    pub(super) fn filled(&self, name: &str) -> Option<String> {
        self.written(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A field that must be filled in.
    pub(super) fn required(&self, name: &str) -> Result<String, Wrong> {
        self.filled(name).ok_or_else(|| Wrong::Input(format!("`{name}` is empty")))
    }

    /// A number that somebody filled in.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Wrong> {
        let number = |text: String| text.parse().map_err(|_| Wrong::Input(format!("`{text}` is no `{name}`")));
        self.filled(name).map(number).transpose()
    }

    /// To the page that the form was on.
    pub(super) fn back(&self, otherwise: &str) -> Redirect {
        let of_this_server = |path: &&String| {
            path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n', '\t'])
        };
        Redirect::to(self.0.get("back").filter(of_this_server).map_or(otherwise, String::as_str))
    }
}
