//! `enable` and `disable`: the units and the choice of agents, written and taken away.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::chosen::{self, Chosen};
use super::error::BootError;
use super::place::Place;
use super::unit::{self, MARK, Surroundings};
use crate::agent::{Context, identity};
use crate::project::AgentId;
use crate::report::{ConnectOutcome, ConnectedFile, Enable, Failure};
use crate::system;

/// How to enable.
#[derive(Debug, Clone, Default)]
pub struct EnableOptions {
    /// Write nothing.
    pub print: bool,
    /// Write the units there, and tell systemd nothing.
    pub directory: Option<PathBuf>,
    /// Without a unit of `harness serve`.
    pub without_serve: bool,
}

/// A unit: its file, and its text when it is to be there.
struct Wanted {
    path: PathBuf,
    text: Option<String>,
}

/// Lets servers, `agents` (all of the home when none is named) and `harness serve` come back after a reboot.
///
/// # Errors
/// An agent that does not exist, a unit that is somebody else's, a file that cannot be written.
pub async fn enable(context: &Context, agents: &[AgentId], options: &EnableOptions) -> Result<Enable, Failure> {
    for agent in agents {
        chosen::existing(context, *agent)?;
    }
    let place = Place::of(context, options.directory.as_deref())?;
    let program = std::env::current_exe().map_err(system::Error::call("find harness itself"))?;
    let path = context.variable("PATH");
    let around = Surroundings {
        scope: place.scope,
        target: place.target(),
        program: &program,
        home: context.home.path(),
        path: path.as_deref(),
    };
    let serve = (!options.without_serve).then(|| unit::serve(&around));
    let wanted = wanted(&place, Some(unit::stacks(&around)), serve);
    let choice = Chosen::with(Chosen::read(&context.home)?, agents);
    let mut report = Enable {
        schema: "harness/enable/1".to_owned(),
        scope: place.scope,
        agents: numbers(&choice),
        units: change(&place, &wanted, options)?,
        active: false,
    };
    if options.print {
        return Ok(report);
    }
    choice.write(&context.home)?;
    if options.directory.is_none() {
        report.active = start(context, &place, &wanted).await;
    }
    Ok(report)
}

/// Takes `agents` out of what comes back; without any, takes the units away. What runs goes on running.
///
/// # Errors
/// As for [`enable`].
pub async fn disable(context: &Context, agents: &[AgentId], options: &EnableOptions) -> Result<Enable, Failure> {
    let place = Place::of(context, options.directory.as_deref())?;
    let mut report = Enable {
        schema: "harness/disable/1".to_owned(),
        scope: place.scope,
        agents: Some(Vec::new()),
        units: Vec::new(),
        active: false,
    };
    if !agents.is_empty() {
        for agent in agents {
            chosen::existing(context, *agent)?;
        }
        let choice = Chosen::without(Chosen::read(&context.home)?, agents, identity::agents(context)?);
        report.agents = numbers(&choice);
        choice.write(&context.home)?;
        return Ok(report);
    }
    let wanted = wanted(&place, None, None);
    report.units = change(&place, &wanted, options)?;
    Chosen::forget(&context.home)?;
    // the units' commands are not called: a stop would stop the stacks
    if options.directory.is_none() && !report.units.is_empty() && place.is_served() {
        tell(context, &place, &["daemon-reload"]).await;
    }
    Ok(report)
}

fn wanted(place: &Place, stacks: Option<String>, serve: Option<String>) -> [Wanted; 2] {
    let unit = |suffix: &str, text| {
        let name = format!("{}{suffix}.service", place.stem);
        Wanted { path: place.directory.join(name), text }
    };
    [unit("", stacks), unit("-serve", serve)]
}

fn numbers(choice: &Chosen) -> Option<Vec<u8>> {
    choice.agents.as_ref().map(|agents| agents.iter().map(|agent| agent.get()).collect())
}

/// Writes and removes; with `print`, says what would be. All are looked at before the first is changed.
fn change(place: &Place, wanted: &[Wanted], options: &EnableOptions) -> Result<Vec<ConnectedFile>, Failure> {
    let mut files = Vec::new();
    for unit in wanted {
        let found = system::read_optional(&unit.path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        if found.as_ref().is_some_and(|found| !found.starts_with(MARK)) {
            return Err(BootError::ForeignUnit(unit.path.clone()).into());
        }
        let outcome = match (&found, &unit.text) {
            (None, None) => continue,
            (None, Some(_)) => ConnectOutcome::Written,
            (Some(found), Some(text)) if found == text => ConnectOutcome::Unchanged,
            (Some(_), Some(_)) => ConnectOutcome::Updated,
            (Some(_), None) => ConnectOutcome::Removed,
        };
        let path = unit.path.display().to_string();
        files.push(ConnectedFile { path, outcome, text: unit.text.clone().filter(|_| options.print) });
    }
    if options.print {
        return Ok(files);
    }
    for unit in wanted {
        match &unit.text {
            Some(text) => {
                std::fs::create_dir_all(&place.directory).map_err(system::Error::file("create", &place.directory))?;
                system::write_atomic(&unit.path, text.as_bytes(), 0o644)?;
            }
            None => {
                system::remove_if_exists(&unit.path)?;
            }
        }
        if options.directory.is_none() {
            link(place, unit)?;
        }
    }
    Ok(files)
}

/// What `systemctl enable` does: it needs no systemd that runs, and a user's is not reachable from every shell.
fn link(place: &Place, unit: &Wanted) -> Result<(), Failure> {
    let wants = place.directory.join(format!("{}.wants", place.target()));
    let link = wants.join(unit.path.file_name().unwrap_or_default());
    if unit.text.is_none() {
        system::remove_if_exists(&link)?;
    } else if std::fs::read_link(&link).ok().as_deref() != Some(Path::new(&unit.path)) {
        std::fs::create_dir_all(&wants).map_err(system::Error::file("create", &wants))?;
        system::remove_if_exists(&link)?;
        symlink(&unit.path, &link).map_err(system::Error::file("link", &link))?;
    }
    Ok(())
}

/// Lets systemd know the units and start them; what is up already does not notice. Says whether it does so.
async fn start(context: &Context, place: &Place, wanted: &[Wanted]) -> bool {
    let user = &place.user;
    if !place.starts_at_boot() {
        let text = format!("units of `{user}` start at login, not at boot: run `sudo loginctl enable-linger {user}`");
        context.events.warning("enable", text);
    }
    if !place.is_served() {
        let text = "systemd does not run here: another init, or a container's start, calls `harness enable --up`";
        context.events.warning("enable", text);
        return false;
    }
    let names = wanted.iter().filter(|unit| unit.text.is_some()).filter_map(|unit| unit.path.file_name()?.to_str());
    let arguments: Vec<&str> = ["start", "--no-block"].into_iter().chain(names).collect();
    tell(context, place, &["daemon-reload"]).await && tell(context, place, &arguments).await
}

async fn tell(context: &Context, place: &Place, arguments: &[&str]) -> bool {
    let told = place.systemctl(arguments).await;
    if let Err(error) = &told {
        context.events.warning("enable", format!("`systemctl {}` fails: {error}", arguments.join(" ")));
    }
    told.is_ok()
}
