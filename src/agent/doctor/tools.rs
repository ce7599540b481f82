//! Programs that harness calls or that its users will want.

use std::time::Duration;

use crate::report::{Area, Finding, Level};

/// A program that does not print its version in this time hangs.
const PATIENCE: Duration = Duration::from_secs(5);

struct Tool {
    names: &'static [&'static str],
    version: &'static [&'static str],
    missing: Level,
    why: &'static str,
    hint: &'static str,
}

const TOOLS: [Tool; 5] = [
    Tool {
        names: &["git"],
        version: &["--version"],
        missing: Level::Error,
        why: "work trees and verify need it",
        hint: "install the package `git`",
    },
    Tool {
        names: &["psql"],
        version: &["--version"],
        missing: Level::Warning,
        why: "`harness psql` without a query needs it",
        hint: "install the package `postgresql-client`",
    },
    Tool {
        names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"],
        version: &["--version"],
        missing: Level::Warning,
        why: "on the native engine agents have no browser",
        hint: "install the package `chromium`, then run `harness setup`",
    },
    Tool {
        names: &["docker"],
        version: &["version", "--format", "{{.Server.Version}}"],
        missing: Level::Ok,
        why: "only the docker engine needs it",
        hint: "",
    },
    Tool {
        names: &["cp"],
        version: &["--version"],
        missing: Level::Error,
        why: "work trees need it",
        hint: "install `coreutils`",
    },
];

pub(super) async fn examine() -> Vec<Finding> {
    let mut findings = Vec::new();
    for tool in &TOOLS {
        findings.push(one(tool).await);
    }
    findings
}

async fn one(tool: &Tool) -> Finding {
    let name = tool.names[0];
    let Some(path) = tool.names.iter().find_map(|name| which::which(name).ok()) else {
        let message = format!("{name} is not installed: {}", tool.why);
        return match tool.missing {
            Level::Ok => Finding::ok(Area::Tools, message),
            level => Finding::bad(Area::Tools, level, message, tool.hint),
        };
    };
    let mut command = tokio::process::Command::new(&path);
    command.args(tool.version).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let place = path.display();
    match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            let version = text.lines().next().unwrap_or_default().trim();
            let version = version.strip_prefix(name).unwrap_or(version).trim();
            Finding::ok(Area::Tools, format!("{name}: {version}, {place}"))
        }
        // the client is there, its daemon does not answer
        Ok(Ok(_)) if name == "docker" => {
            Finding::ok(Area::Tools, format!("docker: {place}, but no daemon answers; only the docker engine needs it"))
        }
        Ok(Ok(output)) => {
            let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Finding::bad(
                Area::Tools,
                Level::Warning,
                format!("{name}: {place} fails: {told}"),
                format!("install `{name}` again"),
            )
        }
        Ok(Err(error)) => Finding::bad(
            Area::Tools,
            Level::Warning,
            format!("{name}: {place} cannot be run: {error}"),
            format!("install `{name}` again"),
        ),
        Err(_) => Finding::bad(
            Area::Tools,
            Level::Warning,
            format!("{name}: {place} hangs"),
            format!("check why `{place}` does not answer"),
        ),
    }
}
