//! A project on disk, and agent 3 of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::*;
use crate::project::{AgentId, FILE, Project};
use crate::report::ConfigCheck;
use crate::system::Secret;

/// A project in a directory of its own.
pub(super) struct Fixture {
    directory: tempfile::TempDir,
    pub(super) project: Project,
}

impl Fixture {
    /// `[project]` and `[ports]` are given.
    pub(super) fn new(text: &str) -> Self {
        Self::with(text, &[])
    }

    pub(super) fn with(text: &str, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let text = format!("project.name = \"board\"\nports = {{ api = 8000, web = 3000 }}\n{text}");
        for (path, text) in files.iter().copied().chain([(FILE, text.as_str())]) {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let project = Project::load(directory.path(), &|_| None).unwrap();
        Self { directory, project }
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn context(&self) -> TemplateValues {
        let agent = AgentId::try_from(3).unwrap();
        let mut servers = servers(Some(agent));
        servers.insert("mail", None);
        TemplateValues {
            servers,
            ..TemplateValues::of(&self.project, agent, self.path().to_owned(), "/home-of-harness".into())
        }
    }

    /// What template steps see.
    pub(super) fn shared(&self) -> TemplateValues {
        shared(&self.project)
    }

    /// `harness config check`.
    pub(super) fn check(&self) -> ConfigCheck {
        check(self.path(), &caller, |project| Samples {
            agent: self.context(),
            shared: shared(project),
            missing: Vec::new(),
        })
        .unwrap()
    }

    pub(super) fn environment(&self) -> Result<Environment> {
        Renderer::new(&self.project).environment(&self.context(), &caller)
    }

    /// The environment's failure, with the directory left out.
    pub(super) fn failure(&self) -> String {
        self.told(&self.environment().unwrap_err())
    }

    /// An error as a user sees it, with the directory left out.
    pub(super) fn told(&self, error: &RenderError) -> String {
        use crate::report::Diagnostic;
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{error}{hint}").replace(&format!("{}/", self.path().display()), "")
    }
}

/// What template steps of a project see.
pub(super) fn shared(project: &Project) -> TemplateValues {
    let shared = TemplateValues::shared(project, project.root.clone(), "/home-of-harness".into());
    TemplateValues { servers: servers(None), ..shared }
}

/// What servers state, to one agent or to all.
pub(super) fn servers(agent: Option<AgentId>) -> BTreeMap<&'static str, Option<ServerValues>> {
    let name = agent.map_or_else(|| "building".to_owned(), AgentId::database);
    let database = ServerValues::from([
        ("host", "127.0.0.1".into()),
        ("port", 15432.into()),
        ("name", name.clone().into()),
        ("user", name.into()),
        ("password", Secret::new("hunter2").into()),
        ("url", Secret::new("postgres://agent_3:hunter2@127.0.0.1:15432/agent_3").into()),
    ]);
    let mut s3 = ServerValues::from([("endpoint", "http://127.0.0.1:19000".into()), ("region", "us-east-1".into())]);
    let mut mail = ServerValues::from([("smtp_host", "127.0.0.1".into()), ("smtp_port", 11025.into())]);
    if let Some(agent) = agent {
        s3.extend([("bucket", agent.bucket().into()), ("access_key", "key".into())]);
        s3.insert("secret_key", Secret::new("secret").into());
        mail.extend([("user", agent.bucket().into()), ("password", "any".into())]);
    }
    BTreeMap::from([("database", Some(database)), ("s3", Some(s3)), ("mail", Some(mail)), ("browser", None)])
}

/// The caller's environment: full of things that must not leak.
pub(super) fn caller(name: &str) -> Option<String> {
    let value = match name {
        "PATH" => "/usr/bin:/bin",
        "HOME" => "/home/dev",
        "LC_ALL" => "C.UTF-8",
        "PORT" => "1",
        "PGHOST" | "DATABASE_URL" => "elsewhere",
        "GITHUB_TOKEN" => "token",
        _ => return None,
    };
    Some(value.to_owned())
}
