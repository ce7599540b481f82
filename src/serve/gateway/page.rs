//! The gateway's own pages. They stand at names of applications, so that they load nothing: no file of theirs could be
//! told from one of the application's.

use hyper::StatusCode;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::refusal::Refused;
use crate::report::Diagnostic;
use crate::serve::marked::marked;
use crate::system::with_causes;

/// Seconds after which a page looks again.
const AGAIN: &str = "2";

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:2rem 1rem}\
h1{font-size:1.3rem}h2{font-size:1rem;margin-bottom:0}\
code,pre{font:0.875rem/1.5 ui-monospace,monospace}\
pre{overflow-x:auto;padding:1rem;border:1px solid GrayText;border-radius:.5rem}\
ul{padding-left:1.2rem}.quiet{color:GrayText}";

/// What there is: one group of addresses for each agent.
pub(super) fn overview(groups: &[(String, Vec<String>)]) -> Markup {
    let main = html! {
        h1 { "Applications behind this gateway" }
        (list(groups))
    };
    whole("harness", true, &main)
}

/// Why there is nothing else to see.
pub(super) fn refused(status: StatusCode, refused: &Refused) -> Markup {
    let details = refused.details();
    let main = html! {
        h1 { (marked(&sentence(refused))) }
        @if let Some(hint) = refused.hint() { p { (marked(&hint)) } }
        @match refused {
            Refused::Unknown { .. } if !details.is_empty() => {
                ul { @for url in &details { li { a href=(url) { (url) } } } }
            }
            Refused::Down(down) => {
                @if let Some(why) = &down.why { p { (why) } }
                @if !down.lines.is_empty() {
                    h2 { "Its last lines" }
                    pre { @for line in &down.lines { (line) "\n" } }
                }
            }
            Refused::Route { fault, .. } => { p { (with_causes(fault)) } }
            _ => {}
        }
        @if refused.passes() { p.quiet { "This page looks again every " (AGAIN) " s." } }
    };
    whole(status.canonical_reason().unwrap_or("harness"), refused.passes(), &main)
}

fn list(groups: &[(String, Vec<String>)]) -> Markup {
    html! {
        @if groups.is_empty() { p { "There is no agent yet: run " code { "harness launch 1" } " in a project." } }
        @for (title, urls) in groups {
            h2 { (title) }
            ul { @for url in urls { li { a href=(url) { (url) } } } }
        }
    }
}

fn sentence(refused: &Refused) -> String {
    let text = refused.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn whole(title: &str, again: bool, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if again { meta http-equiv="refresh" content=(AGAIN); }
                title { (title) " · harness" }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (main) } }
        }
    }
}
