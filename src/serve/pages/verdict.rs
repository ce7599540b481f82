//! What the last run of verify of an agent says: in a line, and stage by stage.

use maud::{Markup, html};

use super::parts::{badge, duration, trouble};
use crate::report::Verify;
use crate::system::text::plain;

/// Its verdict, and where it failed the stage with the first diagnostic.
pub(super) fn line(verify: &Verify, agent: u8) -> Markup {
    let failed = verify.stages.iter().find(|stage| stage.status.is_bad());
    let first = failed.and_then(|stage| stage.first_error.as_deref()?.lines().find(|line| !line.trim().is_empty()));
    html! {
        a href={ "/agents/" (agent) "#verify-title" } { (badge(verify.status.as_str())) }
        @if let Some(failed) = failed { " " span.quiet { (failed.name) } }
        @if let Some(first) = first { " " code { (plain(first)) } }
    }
}

/// Stage by stage.
pub(super) fn stages(verify: &Verify) -> Markup {
    html! {
        div.line {
            (badge(verify.status.as_str()))
            span { @if verify.full { "in full, " } (duration(verify.total_duration_ms)) }
            @if let Some(reason) = verify.reason { span.quiet { (reason) } }
        }
        @if let Some(error) = &verify.error { (trouble(error)) }
        @for warning in &verify.warnings { p.note { (warning) } }
        ul.jobs {
            @for stage in &verify.stages {
                li {
                    div.line { (badge(stage.status.as_str())) strong { (stage.name) } @if stage.duration_ms > 0 { span.quiet { (duration(stage.duration_ms)) } } }
                    @if let Some(first) = &stage.first_error { pre tabindex="0" { @for line in first.lines() { (plain(line)) "\n" } } }
                    @for command in stage.commands.iter().filter(|command| command.status.is_bad()) {
                        p.quiet { (command.name) ": " (command.status) @if let Some(log) = &command.log { ", log " code { (log) } } }
                    }
                }
            }
        }
    }
}
