//! Phoenix and Ecto.

use super::facts::{BackingService, Check, Facts, PORT, Probe, Program, Role, Step};
use super::tree::{Tree, join, parent};

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let manifests = tree.named("mix.exs");
    let Some(mix) = manifests.iter().find(|path| tree.text(path).is_some_and(|text| text.contains("{:phoenix,")))
    else {
        return facts;
    };
    // the programs of an umbrella are started at its root
    let mix =
        manifests.iter().find(|root| tree.text(root).is_some_and(|text| text.contains("apps_path"))).unwrap_or(mix);
    let directory = parent(mix);
    facts.see("Phoenix", *mix);
    facts.required.insert("mix", format!("{mix} asks for it"));
    let mut step = Step::new(
        "deps",
        directory,
        "mix local.hex --force --if-missing && mix local.rebar --force --if-missing && mix deps.get && mix compile",
        *mix,
    );
    let lock = join(directory, "mix.lock");
    step.inputs = vec![if tree.has(&lock) { lock } else { (*mix).to_owned() }];
    step.outputs = vec![join(directory, "deps")];
    facts.prepare.push(step);
    facts.pass_env.extend(["MIX_HOME", "HEX_HOME"]);
    let config = join(directory, "config/dev.exs");
    let text = tree.text(&config).unwrap_or_default();
    let runtime = tree.text(&join(directory, "config/runtime.exs")).unwrap_or_default();
    let mut program = Program::new(directory, Role::Page, "mix phx.server", config.clone()).listening(4000, Probe::Tcp);
    program.environment = vec![("PORT".to_owned(), PORT.to_owned())];
    let before_production = runtime.split("config_env() == :prod").next().unwrap_or_default();
    if !text.contains("PORT") && !before_production.contains("\"PORT\"") {
        facts.unknown.push(format!(
            "{config}: the port is written out; read it as `String.to_integer(System.get_env(\"PORT\") || \"4000\")`"
        ));
        program.port_is_fixed = true;
    }
    facts.programs.push(program);
    let all: String = manifests.iter().filter_map(|path| tree.text(path)).collect();
    if all.contains("{:postgrex") {
        facts.need(BackingService::Postgres, format!("{mix}: postgrex"));
        facts.creates_databases = Some(format!("{mix}: Ecto's tests make a database of their own"));
        if !text.contains("DATABASE_URL") && !text.contains("PGHOST") && !before_production.contains("DATABASE_URL") {
            facts.unknown.push(format!(
                "{config}: the repository's address is written out; read it as `url: System.get_env(\"DATABASE_URL\")`"
            ));
        }
    }
    let migrations: Vec<String> = tree
        .under(directory)
        .filter(|path| path.contains("priv/") && path.contains("/migrations/"))
        .map(|path| parent(path).to_owned())
        .collect();
    if let Some(folder) = migrations.first() {
        let mut step = Step::new("migrate", directory, "mix ecto.migrate", folder.clone());
        step.inputs = vec![format!("{folder}/**")];
        step.incremental = true;
        facts.migrations.push(step);
    }
    facts.checks.push(Check::new(
        "check",
        "compile",
        directory,
        "mix compile --warnings-as-errors".to_owned(),
        (*mix).to_owned(),
    ));
    facts.checks.push(Check::new("test", "test", directory, "mix test".to_owned(), (*mix).to_owned()));
    facts
}
