//! The preset of a large application.

use std::path::Path;

use super::super::*;
use super::fixture::{caller, servers, shared};
use crate::project::{AgentId, FILE, Project};

fn in_repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn lightdash_runs_as_its_engineers_run_it() {
    // in a directory without `.env.agent-harness` or overlay of a developer
    let tree = tempfile::tempdir().unwrap();
    std::fs::copy(in_repository("templates/presets/lightdash/harness.toml"), tree.path().join(FILE)).unwrap();
    let project = Project::load(tree.path(), &|_| None).unwrap();
    let agent = AgentId::try_from(2).unwrap();
    let context = TemplateValues {
        servers: servers(Some(agent)),
        ..TemplateValues::of(&project, agent, tree.path().to_owned(), "/h".into())
    };
    let renderer = Renderer::new(&project);
    let environment = renderer.environment(&context, &caller).unwrap();
    for (name, value) in [
        ("PORT", "8020"),
        ("FE_PORT", "3020"),
        ("SCHEDULER_PORT", "8021"),
        ("DEBUG_PORT", "9220"),
        ("PGDATABASE", "agent_2"),
        ("S3_BUCKET", "agent-2"),
        ("EMAIL_SMTP_USER", "agent-2"),
        ("SCHEDULER_ENABLED", "false"),
        ("INTERNAL_LIGHTDASH_HOST", "http://localhost:3020"),
        ("HEADLESS_BROWSER_PORT", ""),
        ("SENTRY_DSN", ""),
        ("AGENT_ID", "2"),
    ] {
        assert_eq!(environment.get(name), Some(value), "{name}");
    }
    let spec = renderer.stack_spec(&context, "0123456789ab", &environment, &[]).unwrap();
    let enabled: Vec<_> =
        spec.processes.iter().filter(|(_, process)| !process.disabled).map(|(name, _)| name).collect();
    assert_eq!(enabled, ["api", "common", "frontend", "warehouses"]);
    assert_eq!(spec.processes["api"].command[3], "--inspect=127.0.0.1:9220");
    assert_eq!(spec.processes["frontend"].ports, [3020]);
    assert_eq!(spec.processes["scheduler"].ports, [8021]);
    assert_eq!(project.launch.timeout, std::time::Duration::from_mins(2));
    let stages: Vec<_> = project.verify.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(stages, ["typecheck", "lint", "test-unit", "test-full", "smoke", "e2e"]);

    let shared = TemplateValues { home: "/h".into(), ..shared(&project) };
    let shared = renderer.template_environment(&shared, &caller).unwrap();
    assert_eq!(shared.get("LIGHTDASH_SECRET"), environment.get("LIGHTDASH_SECRET"));
    for environment in [&environment, &shared] {
        let path = environment.get("PATH").unwrap();
        assert!(path.starts_with("/h/tools/dbt-1.7.0/commands:"), "dbt for the seed and for the API: {path}");
    }
    assert_eq!((shared.get("PORT"), shared.get("DBT_DEMO_DIR")), (None, None));
}
