//! `harness work --handed`: a job in a container, from the launch to the verdict. The worker outside does the rest.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::interval;

use super::error::WorkError;
use super::handover::{self, BEAT, Handback, Handover, Mouth, ROOT, Word};
use super::job::Job;
use super::kept::{Ending, Files, Kept, Phase};
use super::line::{Ear, Line, Said};
use super::repository::{Repository, head};
use super::run::STACK;
use super::settings::Settings;
use super::stack;
use super::stop::{Brake, Stop};
use crate::agent::{self, Context};
use crate::project::EngineChoice;
use crate::report::{Failure, JobExecution};
use crate::system;

/// Reads a job and does it; what becomes of it stands in the folder of results.
///
/// # Errors
/// There is no job, or it cannot be begun.
pub async fn handed_over(context: &Context) -> Result<(), Failure> {
    let handover = read()?;
    let mouth = Mouth::default();
    mouth.say(Word::Begun);
    let (line, ear) = Line::open(handover.claimed.job.id, Arc::new(|_| {}));
    let (done, result) = oneshot::channel();
    let (context, own) = (context.clone(), line.clone());
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let outcome = match runtime {
            Ok(runtime) => runtime.block_on(run(&context, handover, own)),
            Err(error) => Err(system::Error::call("start the asynchronous runtime")(error).into()),
        };
        let _ = done.send(outcome);
    };
    let thread = std::thread::Builder::new().name("job".to_owned()).stack_size(STACK).spawn(work);
    thread.map_err(system::Error::call("start a thread"))?;
    let outcome = tell(&mouth, ear, result).await;
    drop(line);
    outcome
}

fn read() -> Result<Handover, WorkError> {
    let no = |reason: String| WorkError::NotHanded { reason };
    let mut text = String::new();
    std::io::stdin().lock().read_line(&mut text).map_err(|error| no(error.to_string()))?;
    if text.trim().is_empty() {
        return Err(no("nothing was said on stdin".to_owned()));
    }
    // a newer worker may say what this one does not know
    let version = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|value| value["version"].as_u64());
    if version != Some(u64::from(handover::VERSION)) {
        let version = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        return Err(no(format!(
            "the worker speaks version {version}, and this image's harness {} version {}",
            env!("CARGO_PKG_VERSION"),
            handover::VERSION
        )));
    }
    // the error may repeat what it was
    serde_json::from_str(&text).map_err(|_| no("what was said on stdin is no job".to_owned()))
}

/// Says on stdout what the job says, until it is over.
async fn tell(mouth: &Mouth, mut ear: Ear, mut result: oneshot::Receiver<Result<(), Failure>>) -> Result<(), Failure> {
    let mut beat = interval(BEAT);
    let say = |said: Said| match said {
        Said::Line(line) => mouth.say(Word::Line(line)),
        Said::Flush(done) => drop(done.send(())),
    };
    loop {
        tokio::select! {
            biased;
            Some(said) = ear.said.recv() => say(said),
            Ok(()) = ear.facts.changed() => {
                mouth.say(Word::Facts(Box::new(ear.facts.borrow_and_update().clone())));
            }
            _ = beat.tick() => mouth.say(Word::Beat),
            outcome = &mut result => {
                while let Ok(said) = ear.said.try_recv() {
                    say(said);
                }
                let gone = || WorkError::NotHanded { reason: "its thread has ended".to_owned() };
                return outcome.unwrap_or_else(|_| Err(gone().into()));
            }
        }
    }
}

async fn run(context: &Context, handover: Handover, line: Line) -> Result<(), Failure> {
    let root = PathBuf::from(ROOT);
    let (checkout, out) = (root.join("checkout"), root.join("out"));
    system::create_private_dir(&out, 0o755)?;
    let base = (handover.claimed.project.settings.base.as_str(), handover.base.as_str());
    let (bundle, shallow) = (root.join("in").join(handover::REPOSITORY), root.join("in").join(handover::SHALLOW));
    let shallow = Some(shallow.as_path()).filter(|path| path.is_file());
    Repository::unpack(&checkout, &bundle, shallow, base, &handover.identity)
        .await
        .map_err(|error| not_handed(&error))?;

    let brake = Arc::new(Brake::default());
    let interruption = brake.interruption.clone();
    let mut job = job(context, handover, &root, &checkout, line, brake)?;
    let is_over = interruption.scope(async {
        set_up(&mut job).await;
        job.until(|phase| matches!(phase, Phase::Deliver | Phase::End { .. } | Phase::Tidy)).await
    });
    if !is_over.await {
        return Err(WorkError::NotHanded { reason: "it was interrupted".to_owned() }.into());
    }
    leave(&job, &checkout, &out).await
}

fn job(
    context: &Context,
    handover: Handover,
    root: &Path,
    checkout: &Path,
    line: Line,
    brake: Arc<Brake>,
) -> Result<Job, Failure> {
    let mut environment = context.environment.clone();
    environment.extend(handover.variables);
    let settings = Arc::new(Settings::inside(environment, handover.reach));
    let mut kept = Kept::new("the worker outside".to_owned(), handover.claimed);
    let project = &mut kept.claimed.project.settings;
    (project.path, project.execution) = (checkout.to_owned(), JobExecution::Local);
    (kept.start, kept.base, kept.branch) = (Some(handover.start), Some(handover.base), Some(handover.branch));
    let files = Files::of(&root.join("state"), kept.id());
    Ok(Job::new(&settings, context, files, kept, line, brake)?)
}

/// The shared servers run here too: an engine that is in reach is another's, or the application's own.
async fn set_up(job: &mut Job) {
    match agent::setup(&job.context, Some(EngineChoice::Native), false).await {
        Ok(_) => {}
        // a signal; the next step finds out what it means
        Err(failure) if failure.kind() == crate::report::Kind::Interrupted => {}
        Err(failure) => match stack::unlaunched(&failure.document(), failure.kind()) {
            Stop::Failed(reason, again) => job.ends(Ending::Failed { again }, &reason),
            Stop::NoRoom(reason) => job.ends(Ending::Returned, &reason),
            Stop::Lost | Stop::Leave => {}
        },
    }
}

/// Leaves commits and result to the worker.
async fn leave(job: &Job, checkout: &Path, out: &Path) -> Result<(), Failure> {
    let start = job.kept.start.clone().unwrap_or_default();
    let mut commit = None;
    if let Some(stack) = job.stack().filter(|stack| stack::is_there(&job.context, stack)) {
        let head = head(&stack.tree).await.map_err(|error| not_handed(&error))?;
        if head != start {
            let repository = Repository::new(checkout.to_owned(), None);
            let bundle = out.join(handover::WORK);
            let written = repository.bundle_work(&bundle, handover::RESULT_REF, &start, &head).await;
            written.map_err(|error| not_handed(&error))?;
        }
        commit = Some(head);
    }
    let outcome = Handback {
        version: handover::VERSION,
        phase: job.kept.phase,
        round: job.kept.round,
        ended: job.kept.ended.clone(),
        outcome: job.kept.outcome.clone(),
        commit,
    };
    let text = serde_json::to_vec(&outcome).unwrap_or_default();
    Ok(system::write_atomic(&out.join(handover::RESULT), &text, 0o644)?)
}

fn not_handed(error: &system::GitError) -> Failure {
    WorkError::NotHanded { reason: system::with_causes(error) }.into()
}
