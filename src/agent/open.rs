//! `open`: an agent's page in the user's browser.

use std::process::Stdio;

use super::{Context, Error, UrlKind, urls};
use crate::project::AgentId;
use crate::report::{Failure, Opened};
use crate::system;

/// Ports that a person most likely wants to open, best first; else the first by name.
const PAGES: [&str; 4] = ["frontend", "web", "app", "ui"];

/// Opens the URL of the port called `name`, or the agent's page, with `$BROWSER` or `xdg-open`. Where there
/// is no browser (a server without a screen) nothing is started and the document says so.
///
/// # Errors
/// There is no such agent, port or gateway, the agent has no page, or the browser cannot be started.
pub fn open(context: &Context, agent: AgentId, name: Option<&str>, kind: UrlKind) -> Result<Opened, Failure> {
    let urls = urls::urls(context, agent, name, kind)?.urls;
    let page = PAGES.iter().find_map(|page| urls.get(*page)).or_else(|| urls.values().next());
    let url = page.ok_or(Error::Without { agent, what: "page" })?.clone();
    let opened_with = browse(context, &url)?;
    Ok(Opened { schema: "harness/open/1".to_owned(), agent: Some(agent.get()), url, opened_with })
}

/// Opens a URL; the program that was started with it, `None` where there is no browser.
///
/// # Errors
/// The browser cannot be started.
pub fn browse(context: &Context, url: &str) -> Result<Option<String>, Failure> {
    let program = browser(context);
    if let Some(program) = &program {
        std::process::Command::new(program)
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(system::Error::call(format!("run `{program}`")))?;
    }
    Ok(program)
}

/// `$BROWSER`, else `xdg-open` where there is a screen.
fn browser(context: &Context) -> Option<String> {
    let set = |name: &str| context.variable(name).filter(|value| !value.is_empty());
    let wanted = set("BROWSER").or_else(|| {
        let screen = set("DISPLAY").or_else(|| set("WAYLAND_DISPLAY"));
        screen.map(|_| "xdg-open".to_owned())
    })?;
    which::which(&wanted).ok().map(|path| path.display().to_string())
}
