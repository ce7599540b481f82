//! How a worker works: by options, by its environment, by a file of variables, in this order.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::containers::{Containers, DockerMode};
use super::environment::{key, variable, variable_or_empty, with_file};
use super::error::WorkError;
use super::images;
use crate::report::Failure;
use crate::system::{self, Home, Secret};

/// Jobs at a time, where nothing is said.
const JOBS: usize = 1;
/// How often it asks for a job, where nothing is said.
const POLL: Duration = Duration::from_secs(10);

/// Where a server is, and what opens it.
#[derive(Debug, Clone)]
pub struct Access {
    /// Its URL.
    pub url: String,
    /// A key of workers, or the token of the home.
    pub key: Secret,
}

/// What is asked for on the command line.
#[derive(Debug, Clone, Default)]
pub struct WorkOptions {
    /// The URL of the server; that of the home's own server where none is given.
    pub url: Option<String>,
    /// The key.
    pub key: Option<Secret>,
    /// Projects whose jobs it takes, by name or number.
    pub projects: Vec<String>,
    /// What it is called.
    pub name: Option<String>,
    /// Jobs at a time.
    pub jobs: Option<usize>,
    /// How often it asks for a job.
    pub poll: Option<Duration>,
    /// A file of variables.
    pub env_file: Option<PathBuf>,
    /// One job and the end.
    pub once: bool,
}

/// How a worker works.
pub(super) struct Settings {
    pub(super) access: Box<dyn Fn() -> Result<Access, Failure> + Send + Sync>,
    /// What it is called in the state of jobs: the URL, or that it is the home's own, whose port may change.
    pub(super) server: String,
    pub(super) projects: Vec<String>,
    pub(super) name: String,
    pub(super) jobs: usize,
    pub(super) poll: Duration,
    pub(super) once: bool,
    /// Its environment with what the file adds.
    pub(super) environment: BTreeMap<String, String>,
    /// Where checkouts are that are not where the project says.
    pub(super) root: Option<PathBuf>,
    pub(super) containers: Containers,
    /// Where it is remembered which images jobs succeeded in.
    pub(super) images: PathBuf,
    /// Before a command that looks at a stack of its jobs, where it is not this machine's.
    pub(super) reach: String,
    /// What the user should know.
    pub(super) warnings: Vec<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Settings {
    /// By options, environment and file. `own` finds the server of a home.
    ///
    /// # Errors
    /// One of them is wrong.
    pub(super) fn of(
        options: &WorkOptions,
        home: &Home,
        environment: &BTreeMap<String, String>,
        own: fn(&Home) -> Result<Access, Failure>,
    ) -> Result<Self, WorkError> {
        let environment = with_file(options.env_file.as_deref(), environment)?;
        let look = |name: &str| variable(&environment, name);
        let url = options.url.clone().or_else(|| look("API_URL"));
        let key = options.key.clone().or_else(|| key(&environment));
        let mut warnings = Vec::new();
        let containers = Containers::of(&|name| variable_or_empty(&environment, name))?;
        let server = url.as_deref().map_or("the server of this home", |url| url.trim_end_matches('/')).to_owned();
        let access: Box<dyn Fn() -> _ + Send + Sync> = if let Some(url) = url {
            if let Some(host) = unencrypted(&url)? {
                warnings.push(format!("the key goes to `{host}` without encryption"));
            }
            let key = key.ok_or_else(|| WorkError::NoKey { url: url.clone() })?;
            let access = Access { url, key };
            Box::new(move || Ok(access.clone()))
        } else {
            let home = home.clone();
            Box::new(move || {
                let found = own(&home)?;
                Ok(Access { key: key.clone().unwrap_or(found.key), url: found.url })
            })
        };
        let named = look("PROJECT_IDS").or_else(|| look("PROJECT_ID")).unwrap_or_default();
        let jobs = number("MAX_CONCURRENT_AGENTS", look("MAX_CONCURRENT_AGENTS"), 1..=99)?;
        let poll = number("POLL_INTERVAL_SEC", look("POLL_INTERVAL_SEC"), 1..=3600)?;
        let poll = poll.map(|seconds| Duration::from_secs(seconds as u64));
        let mut jobs = options.jobs.or(jobs).unwrap_or(JOBS);
        if containers.mode == DockerMode::Dood && jobs > 1 {
            // they would share names and ports on one engine
            warnings.push("`AGENT_DOCKER_MODE` is `dood`: one job at a time".to_owned());
            jobs = 1;
        }
        let state = look("COORDINATOR_STATE_DIR").map_or_else(|| home.path().join("work"), PathBuf::from);
        let words = named.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned);
        Ok(Self {
            access,
            server,
            projects: if options.projects.is_empty() { words.collect() } else { options.projects.clone() },
            name: name(options.name.clone().or_else(|| look("WORKER_NAME")))?,
            jobs,
            poll: options.poll.or(poll).unwrap_or(POLL),
            once: options.once,
            root: look("COORDINATOR_REPO_ROOT").map(PathBuf::from),
            containers,
            images: images::file(&state),
            reach: String::new(),
            warnings,
            environment,
        })
    }

    /// Of a job that a worker gave to this container: there is no server here.
    pub(super) fn inside(environment: BTreeMap<String, String>, reach: String) -> Self {
        Self {
            access: Box::new(|| Err(WorkError::NoJob.into())),
            server: String::new(),
            projects: Vec::new(),
            name: String::new(),
            jobs: JOBS,
            poll: POLL,
            once: true,
            root: None,
            containers: Containers::default(),
            images: PathBuf::new(),
            reach,
            warnings: Vec::new(),
            environment,
        }
    }

    /// The checkout of a project on this machine.
    pub(super) fn checkout(&self, project: &str, path: &Path) -> PathBuf {
        if path.is_dir() {
            return path.to_owned();
        }
        let under = self.root.iter().flat_map(|root| [root.join(project), root.clone()]);
        under.into_iter().find(|path| path.is_dir()).unwrap_or_else(|| path.to_owned())
    }
}

/// The host that a key would be sent to in clear; none on this machine.
fn unencrypted(url: &str) -> Result<Option<String>, WorkError> {
    let wrong =
        || WorkError::Setting { name: "--url".to_owned(), value: url.to_owned(), expected: "an http or https URL" };
    let parsed = url::Url::parse(url).map_err(|_| wrong())?;
    let host = parsed.host_str().ok_or_else(wrong)?;
    match parsed.scheme() {
        "https" => Ok(None),
        "http" if system::is_loopback_name(host) || host == "127.0.0.1" || host == "[::1]" => Ok(None),
        "http" => Ok(Some(host.to_owned())),
        _ => Err(wrong()),
    }
}

fn number(
    name: &str,
    value: Option<String>,
    range: std::ops::RangeInclusive<usize>,
) -> Result<Option<usize>, WorkError> {
    let Some(value) = value else { return Ok(None) };
    let parsed = value.trim().parse().ok().filter(|number| range.contains(number));
    let wrong =
        || WorkError::Setting { name: name.to_owned(), value: value.clone(), expected: "a number of at least 1" };
    parsed.map(Some).ok_or_else(wrong)
}

/// The given name, or that of the machine.
fn name(given: Option<String>) -> Result<String, WorkError> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if let Some(name) = given {
        let is_number = name.chars().all(|letter| letter.is_ascii_digit());
        if name.len() > 64 || is_number || name.starts_with(['-', '.']) || !name.chars().all(plain) {
            let expected = "letters, digits, `-`, `_` and `.`, and no number";
            return Err(WorkError::Setting { name: "--name".to_owned(), value: name, expected });
        }
        return Ok(name);
    }
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let name: String = machine.chars().filter(|letter| plain(*letter)).take(56).collect();
    let name = name.trim_start_matches(['-', '.']).to_owned();
    let is_number = name.chars().all(|letter| letter.is_ascii_digit());
    Ok(if is_number { format!("worker{name}") } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], options: &WorkOptions) -> Result<Settings, WorkError> {
        let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let home = Home::look(Path::new("/nonexistent")).unwrap();
        Settings::of(options, &home, &pairs.collect(), |_| Err(WorkError::NoJob.into()))
    }

    #[test]
    fn the_variables_of_the_earlier_coordinator_are_understood() {
        let directory = tempfile::tempdir().unwrap();
        let env_file = Some(directory.path().join("work.env"));
        std::fs::write(env_file.as_ref().unwrap(), "MAX_CONCURRENT_AGENTS=2\nPOLL_INTERVAL_SEC=7\nA=b # c\n").unwrap();
        let options = WorkOptions { name: Some("one".to_owned()), env_file, ..WorkOptions::default() };
        let settings = of(
            &[
                ("TERARCHITECT_API_URL", "https://queue.example/base/"),
                ("TERARCHITECT_WORKER_API_KEY", "hw_key"),
                ("WORKER_API_KEY", "that of the model"),
                ("PROJECT_IDS", "shop, 3"),
                ("POLL_INTERVAL_SEC", "5"),
                ("AGENT_IMAGE", "x"),
                ("AGENT_DOCKER_MODE", "dood"),
            ],
            &options,
        )
        .unwrap();
        let access = (settings.access)().unwrap();
        assert_eq!((access.url.as_str(), access.key.expose()), ("https://queue.example/base/", "hw_key"));
        assert_eq!(settings.poll.as_secs(), 5, "the environment counts before the file");
        assert_eq!(
            (settings.jobs, settings.containers.image.as_deref()),
            (1, Some("x")),
            "one job at a time on one engine"
        );
        assert_eq!((settings.projects, settings.environment["A"].as_str()), (vec!["shop".into(), "3".into()], "b"));
        assert_eq!(settings.warnings.len(), 1, "{:?}", settings.warnings);
        let kept = super::super::environment::without_keys(settings.environment);
        assert!(kept.contains_key("WORKER_API_KEY") && !kept.contains_key("TERARCHITECT_WORKER_API_KEY"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let default = WorkOptions::default();
        let says = |variables: &[(&str, &str)], options: &WorkOptions| of(variables, options).unwrap_err().to_string();
        assert!(says(&[("API_URL", "ftp://x")], &default).contains("ftp://x"));
        assert!(says(&[("HARNESS_API_URL", "https://x")], &default).contains("no key for `https://x`"));
        assert!(says(&[("MAX_CONCURRENT_AGENTS", "many")], &default).contains("`many`"));
        let named = |name: &str| WorkOptions { name: Some(name.to_owned()), ..WorkOptions::default() };
        assert!(says(&[], &named("a b")).contains("`a b`"));
        let missing = WorkOptions { env_file: Some("/nonexistent/work.env".into()), ..WorkOptions::default() };
        assert!(says(&[], &missing).contains("/nonexistent/work.env"));
        let clear = of(&[("API_URL", "http://queue.example"), ("HARNESS_WORKER_KEY", "k")], &default).unwrap();
        assert!(clear.warnings[0].contains("without encryption"));
    }
}
