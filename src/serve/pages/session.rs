//! `/agents/{id}/sessions/{name}`: one session, which fills its page.

use axum::extract::Path;
use axum::response::Html;
use maud::{DOCTYPE, html};

use crate::serve::api::route::Agent;

pub(super) async fn show(Agent(id): Agent, Path((_, name)): Path<(String, String)>) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (name) }
                link rel="icon" href="/assets/harness.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/session.css";
                script type="module" src="/assets/session.js" {}
            }
            body {
                header {
                    h1 { (name) " of " a href={ "/agents/" (id) } { "agent " (id) } }
                    p role="status" {}
                }
                main.terminal data-session=(format!("/ws/sessions/{id}/{name}")) data-name=(name) {
                    .rows.scrollback {}
                    .screen-area {
                        .rows.screen {}
                        .cursor hidden {}
                        textarea aria-label="Keys for the session" autocapitalize="off" autocomplete="off" spellcheck="false" {}
                    }
                }
            }
        }
    };
    Html(page.into_string())
}
