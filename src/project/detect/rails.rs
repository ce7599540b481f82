//! Ruby on Rails.

use super::facts::{BackingService, Check, Example, Facts, PORT, Probe, Program, Role, Step};
use super::tree::{Tree, join, parent};

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let is_rails = |path: &&str| {
        tree.text(path).is_some_and(|text| {
            text.lines().any(|line| {
                line.trim_start().starts_with("gem") && ["\"rails\"", "'rails'"].iter().any(|name| line.contains(name))
            })
        })
    };
    let Some(gemfile) = tree.named("Gemfile").into_iter().find(is_rails) else { return facts };
    let directory = parent(gemfile);
    let gems = tree.text(gemfile).unwrap_or_default();
    let has_gem = |name: &str| {
        gems.lines().any(|line| {
            let line = line.trim_start();
            line.starts_with("gem") && (line.contains(&format!("\"{name}\"")) || line.contains(&format!("'{name}'")))
        })
    };
    facts.see("Rails", format!("{gemfile}: rails"));
    facts.required.insert("ruby", format!("{gemfile} asks for it"));
    facts.required.insert("bundle", format!("{gemfile} asks for it"));
    let mut step = Step::new("bundle", directory, "bundle install", gemfile);
    let lock = join(directory, "Gemfile.lock");
    step.inputs = vec![if tree.has(&lock) { lock } else { gemfile.to_owned() }];
    facts.prepare.push(step);
    facts.pass_env.extend(["GEM_HOME", "GEM_PATH", "BUNDLE_PATH", "RBENV_VERSION"]);
    let routes = tree.text(&join(directory, "config/routes.rb")).unwrap_or_default();
    let health = routes.lines().any(|line| line.contains("rails/health#show") && !line.trim_start().starts_with('#'));
    let probe = if health { Probe::Http("/up".to_owned()) } else { Probe::Tcp };
    // a file of the process id that a crashed server left would keep the next one from starting
    let command = format!("bin/rails server --binding 127.0.0.1 --port {PORT} --pid tmp/pids/agent-{{{{ id }}}}.pid");
    facts
        .programs
        .push(Program::new(directory, Role::Page, command, format!("{gemfile}: rails")).listening(3000, probe));
    if has_gem("pg") {
        facts.need(BackingService::Postgres, format!("{gemfile}: pg"));
        facts.creates_databases = Some(format!("{gemfile}: Rails' tests make a database of their own"));
        let config = join(directory, "config/database.yml");
        if let Some(text) = tree.text(&config).filter(|text| !text.contains("ENV[") && !text.contains("ENV.fetch")) {
            let _ = text;
            facts
                .assumed
                .push(format!("Rails takes DATABASE_URL before what {config} says of the development database"));
        }
    }
    let others =
        [("mysql2", BackingService::Mysql), ("trilogy", BackingService::Mysql), ("mongoid", BackingService::Mongodb)];
    for (gem, service) in others.into_iter().filter(|(gem, _)| has_gem(gem)) {
        if !has_gem("pg") && !has_gem("sqlite3") {
            facts.need(service, format!("{gemfile}: {gem}"));
            // Rails takes DATABASE_URL before what its own settings say of the development database
            if service == BackingService::Mysql {
                facts.variables.push(Example {
                    name: "DATABASE_URL".to_owned(),
                    value: Some("mysql2://localhost/app".to_owned()),
                    evidence: format!("{gemfile}: {gem}"),
                });
            }
        }
    }
    // redis is asked for by the job queue and the cable
    if let Some(gem) = ["sidekiq", "redis", "resque"].into_iter().find(|gem| has_gem(gem)) {
        facts.need(BackingService::Redis, format!("{gemfile}: {gem}"));
    }
    let migrations = join(directory, "db/migrate");
    let schema =
        ["db/schema.rb", "db/structure.sql"].map(|name| join(directory, name)).into_iter().find(|path| tree.has(path));
    let mut step = match &schema {
        Some(schema) => Step::new("schema", directory, "bin/rails db:schema:load db:migrate", schema.clone()),
        None => Step::new("migrate", directory, "bin/rails db:migrate", migrations.clone()),
    };
    step.inputs = schema.into_iter().collect();
    if tree.has_directory(&migrations) {
        step.inputs.push(format!("{migrations}/**"));
    }
    if !step.inputs.is_empty() {
        facts.migrations.push(step);
    }
    let seeds = join(directory, "db/seeds.rb");
    let is_written =
        |text: &str| text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    if tree.text(&seeds).is_some_and(is_written) {
        let mut step = Step::new("seed", directory, "bin/rails db:seed", seeds.clone());
        step.inputs = vec![seeds];
        facts.seeds.push(step);
    }
    if tree.has(&join(directory, "bin/rubocop")) || has_gem("rubocop") {
        facts.checks.push(Check::new(
            "check",
            "lint",
            directory,
            "bundle exec rubocop".to_owned(),
            format!("{gemfile}: rubocop"),
        ));
    }
    if has_gem("rspec-rails") {
        facts.checks.push(Check::new(
            "test",
            "test",
            directory,
            "bundle exec rspec".to_owned(),
            format!("{gemfile}: rspec-rails"),
        ));
    } else if tree.has_directory(&join(directory, "test")) {
        facts.checks.push(Check::new("test", "test", directory, "bin/rails test".to_owned(), join(directory, "test")));
    }
    facts
}
