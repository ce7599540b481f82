//! What is around every page.

use axum::response::Html;
use maud::{DOCTYPE, Markup, html};

/// A page of the dashboard, whose part of the navigation has the path `place`.
pub(super) fn page(title: &str, place: &str, main: &Markup) -> Html<String> {
    let links = [("/", "Agents"), ("/tasks", "Tasks"), ("/machine", "Machine")];
    let navigation = html! {
        nav aria-label="Pages" {
            ul {
                @for (path, name) in links {
                    li { a href=(path) aria-current=[(path == place).then_some("page")] { (name) } }
                }
            }
        }
        p id="live" role="status" {}
    };
    document(title, &navigation, main)
}

/// A page for somebody who was not let in.
pub(super) fn bare(title: &str, main: &Markup) -> Html<String> {
    document(title, &html! {}, main)
}

fn document(title: &str, head: &Markup, main: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · harness" }
                link rel="icon" href="/assets/harness.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/harness.css";
                script type="module" src="/assets/harness.js" {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.brand href="/" { img src="/assets/harness.svg" alt="" width="24" height="24"; "harness" }
                    (head)
                }
                main id="main" { (main) }
                div id="notice" role="alert" hidden {}
            }
        }
    };
    Html(page.into_string())
}
