//! The event sink: spinners with elapsed time on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error::harmless;
use super::style::{self, BAD, CAUTION, DIM, GOOD, SUBJECT};
use super::verbosity::Verbosity;
use crate::report::{Event, Events, Sink, TaskId};

/// Events as `verbosity` wants them; live when stderr is a terminal.
pub fn progress(verbosity: Verbosity, terminal: bool) -> Events {
    match (verbosity, terminal) {
        (Verbosity::Quiet, _) => Events::silent(),
        (_, true) => Events::to(Arc::new(Live {
            verbosity,
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            tasks: Mutex::default(),
        })),
        (_, false) => Events::to(Arc::new(Lines { verbosity, tasks: Mutex::default() })),
    }
}

fn told(subject: &str, mark: &str, text: &str) -> String {
    format!("{mark} {SUBJECT}{subject}{SUBJECT:#} {text}")
}

/// Tasks that took less than this leave no line: a person saw no wait.
const UNWORTHY: Duration = Duration::from_millis(30);

/// Plain lines.
struct Lines {
    verbosity: Verbosity,
    tasks: Mutex<HashMap<TaskId, Told>>,
}

/// How often a command that runs long shows its last line where nothing can be redrawn.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

struct Told {
    subject: String,
    what: String,
    detail: Option<String>,
    /// When a line about it was last written.
    said: Instant,
}

impl Sink for Lines {
    fn event(&self, event: Event) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match event {
            Event::Started { task, subject, what } => {
                let line = format!("{subject}: {what} ...");
                tasks.insert(task, Told { subject, what, detail: None, said: Instant::now() });
                Some(line)
            }
            Event::Progressed { task, detail } => tasks.get_mut(&task).and_then(|told| {
                let news = told.detail.as_ref() != Some(&detail);
                let line = format!("{}: {}: {detail}", told.subject, told.what);
                told.detail = Some(detail);
                told.said = Instant::now();
                news.then_some(line)
            }),
            Event::Advanced { .. } => None,
            Event::Output { task, line } => tasks.get_mut(&task).and_then(|told| {
                if self.verbosity < Verbosity::Verbose && told.said.elapsed() < SIGN_OF_LIFE {
                    return None;
                }
                told.said = Instant::now();
                Some(format!("{}: | {}", told.subject, harmless(&line)))
            }),
            Event::Finished { task, ok, elapsed } => tasks.remove(&task).map(|told| {
                let end = if ok { "done in" } else { "failed after" };
                format!("{}: {} {end} {}", told.subject, told.what, style::duration(elapsed))
            }),
            Event::Note { subject, text } => Some(format!("{subject}: {text}")),
            Event::Warning { subject, text } => Some(format!("{CAUTION}warning:{CAUTION:#} {subject}: {text}")),
        };
        if let Some(line) = line {
            let _ = writeln!(anstream::stderr(), "{line}");
        }
    }
}

/// Spinners.
struct Live {
    verbosity: Verbosity,
    bars: MultiProgress,
    tasks: Mutex<HashMap<TaskId, (ProgressBar, Told)>>,
}

impl Live {
    fn say(&self, line: &str) {
        // the bars are taken away for the moment of writing, so that colours pass through anstream
        self.bars.suspend(|| {
            let _ = writeln!(anstream::stderr(), "{line}");
        });
    }
}

impl Sink for Live {
    fn event(&self, event: Event) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { task, subject, what } => {
                let bar = self.bars.add(ProgressBar::new_spinner());
                let template = "{spinner:.cyan} {prefix:.cyan} {msg} {elapsed:.dim}";
                bar.set_style(ProgressStyle::with_template(template).expect("the template is constant"));
                bar.set_prefix(subject.clone());
                bar.set_message(what.clone());
                bar.enable_steady_tick(Duration::from_millis(100));
                tasks.insert(task, (bar, Told { subject, what, detail: None, said: Instant::now() }));
            }
            Event::Progressed { task, detail } => {
                if let Some((bar, told)) = tasks.get_mut(&task) {
                    bar.set_message(format!("{}: {detail}", told.what));
                    told.detail = Some(detail);
                }
            }
            Event::Advanced { task, done, total } => {
                if let Some((bar, told)) = tasks.get(&task) {
                    let of = total.map_or_else(String::new, |total| format!(" of {}", style::size(total)));
                    bar.set_message(format!("{}: {}{of}", told.what, style::size(done)));
                }
            }
            Event::Output { task, line } => {
                if let Some((bar, told)) = tasks.get(&task) {
                    if self.verbosity >= Verbosity::Verbose {
                        self.say(&format!("{DIM}{} | {}{DIM:#}", told.subject, harmless(&line)));
                    } else {
                        bar.set_message(format!("{}: {}", told.detail.as_ref().unwrap_or(&told.what), harmless(&line)));
                    }
                }
            }
            Event::Finished { task, ok, elapsed } => {
                if let Some((bar, told)) = tasks.remove(&task) {
                    bar.finish_and_clear();
                    self.bars.remove(&bar);
                    if !ok || elapsed >= UNWORTHY || self.verbosity >= Verbosity::Verbose {
                        let mark = if ok { format!("{GOOD}✓{GOOD:#}") } else { format!("{BAD}✗{BAD:#}") };
                        let time = style::duration(elapsed);
                        self.say(&told_line(&told, &mark, &time));
                    }
                }
            }
            Event::Note { subject, text } => self.say(&self::told(&subject, " ", &text)),
            Event::Warning { subject, text } => {
                self.say(&self::told(&subject, &format!("{CAUTION}!{CAUTION:#}"), &text));
            }
        }
    }
}

fn told_line(told: &Told, mark: &str, time: &str) -> String {
    self::told(&told.subject, mark, &format!("{} {DIM}{time}{DIM:#}", told.what))
}
