//! The event sink: spinners with elapsed time on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error::harmless;
use super::style::{self, BAD, CAUTION, DIM, GOOD, SUBJECT};
use super::verbosity::Verbosity;
use crate::report::{Event, Events, Sink, TaskEnd, TaskId};

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

fn line(subject: &str, mark: &str, text: &str) -> String {
    format!("{mark} {SUBJECT}{subject}{SUBJECT:#} {text}")
}

/// Tasks that took less than this leave no line: a person saw no wait.
const SHORT: Duration = Duration::from_millis(30);

/// Plain lines.
struct Lines {
    verbosity: Verbosity,
    tasks: Mutex<HashMap<TaskId, Running>>,
}

/// How often a command that runs long shows its last line where nothing can be redrawn.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

struct Running {
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
                tasks.insert(task, Running { subject, what, detail: None, said: Instant::now() });
                Some(line)
            }
            Event::Progressed { task, detail } => tasks.get_mut(&task).and_then(|task| {
                let news = task.detail.as_ref() != Some(&detail);
                let line = format!("{}: {}: {detail}", task.subject, task.what);
                task.detail = Some(detail);
                task.said = Instant::now();
                news.then_some(line)
            }),
            Event::Advanced { .. } => None,
            Event::Output { task, line } => tasks.get_mut(&task).and_then(|task| {
                let line = harmless(&line);
                let is_quiet = task.said.elapsed() < SIGN_OF_LIFE || line.trim().is_empty();
                if self.verbosity < Verbosity::Verbose && is_quiet {
                    return None;
                }
                task.said = Instant::now();
                Some(format!("{}: | {line}", task.subject))
            }),
            Event::Finished { task, end, elapsed } => tasks.remove(&task).map(|task| {
                let end = match end {
                    TaskEnd::Done => "done in",
                    TaskEnd::Failed => "failed after",
                    TaskEnd::Cancelled => "cancelled after",
                };
                format!("{}: {} {end} {}", task.subject, task.what, style::duration(elapsed))
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
    tasks: Mutex<HashMap<TaskId, (ProgressBar, Running)>>,
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
                tasks.insert(task, (bar, Running { subject, what, detail: None, said: Instant::now() }));
            }
            Event::Progressed { task, detail } => {
                if let Some((bar, task)) = tasks.get_mut(&task) {
                    bar.set_message(format!("{}: {detail}", task.what));
                    task.detail = Some(detail);
                }
            }
            Event::Advanced { task, done, total } => {
                if let Some((bar, task)) = tasks.get(&task) {
                    let of = total.map_or_else(String::new, |total| format!(" of {}", style::size(total)));
                    bar.set_message(format!("{}: {}{of}", task.what, style::size(done)));
                }
            }
            Event::Output { task, line } => {
                if let Some((bar, task)) = tasks.get(&task) {
                    let line = harmless(&line);
                    if self.verbosity >= Verbosity::Verbose {
                        self.say(&format!("{DIM}{} | {line}{DIM:#}", task.subject));
                    } else if !line.trim().is_empty() {
                        bar.set_message(format!("{}: {line}", task.detail.as_ref().unwrap_or(&task.what)));
                    }
                }
            }
            Event::Finished { task, end, elapsed } => {
                if let Some((bar, task)) = tasks.remove(&task) {
                    bar.finish_and_clear();
                    self.bars.remove(&bar);
                    if end != TaskEnd::Done || elapsed >= SHORT || self.verbosity >= Verbosity::Verbose {
                        let mark = match end {
                            TaskEnd::Done => format!("{GOOD}✓{GOOD:#}"),
                            TaskEnd::Failed => format!("{BAD}✗{BAD:#}"),
                            TaskEnd::Cancelled => format!("{CAUTION}-{CAUTION:#}"),
                        };
                        let said = if end == TaskEnd::Cancelled { "cancelled after " } else { "" };
                        let time = format!("{said}{}", style::duration(elapsed));
                        self.say(&finished_line(&task, &mark, &time));
                    }
                }
            }
            Event::Note { subject, text } => self.say(&self::line(&subject, " ", &text)),
            Event::Warning { subject, text } => {
                self.say(&self::line(&subject, &format!("{CAUTION}!{CAUTION:#}"), &text));
            }
        }
    }
}

fn finished_line(task: &Running, mark: &str, time: &str) -> String {
    self::line(&task.subject, mark, &format!("{} {DIM}{time}{DIM:#}", task.what))
}
