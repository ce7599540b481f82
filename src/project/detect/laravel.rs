//! Laravel.

use super::facts::{Check, Facts, PORT, Probe, Program, Role, Step};
use super::tree::{Tree, join, parent};

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let Some(artisan) = tree.named("artisan").into_iter().find(|path| tree.has(&join(parent(path), "composer.json")))
    else {
        return facts;
    };
    let directory = parent(artisan);
    let manifest = join(directory, "composer.json");
    facts.see("Laravel", format!("{manifest}: require"));
    for program in ["php", "composer"] {
        facts.required.insert(program, format!("{manifest} asks for it"));
    }
    let mut step = Step::new("composer", directory, "composer install --no-interaction", manifest.clone());
    let lock = join(directory, "composer.lock");
    step.inputs = vec![if tree.has(&lock) { lock } else { manifest.clone() }];
    step.outputs = vec![join(directory, "vendor")];
    facts.prepare.push(step);
    if tree.has(&join(directory, ".env.example")) {
        let example = tree.text(&join(directory, ".env.example")).unwrap_or_default();
        let sqlite = example.lines().any(|line| line.trim() == "DB_CONNECTION=sqlite");
        let file = if sqlite { "; touch database/database.sqlite" } else { "" };
        let run = format!("test -e .env || {{ cp .env.example .env && php artisan key:generate; }}{file}");
        facts.layered.insert(join(directory, ".env.example"));
        facts.prepare.push(Step::new("env", directory, run, join(directory, ".env.example")));
        facts
            .assumed
            .push("Laravel keeps its APP_KEY in .env, which is made of .env.example where there is none".to_owned());
    }
    let health = tree.text(&join(directory, "bootstrap/app.php")).is_some_and(|text| text.contains("health: '/up'"));
    let probe = Probe::Http(if health { "/up" } else { "/" }.to_owned());
    let command = format!("php artisan serve --host 127.0.0.1 --port {PORT}");
    facts.programs.push(Program::new(directory, Role::Page, command, artisan).listening(8000, probe));
    let migrations = join(directory, "database/migrations");
    if tree.has_directory(&migrations) {
        let mut step = Step::new("migrate", directory, "php artisan migrate --force", migrations.clone());
        step.inputs = vec![format!("{migrations}/**")];
        step.incremental = true;
        facts.migrations.push(step);
    }
    if tree.has_directory(&join(directory, "database/seeders")) {
        let seeders = join(directory, "database/seeders");
        let mut step = Step::new("seed", directory, "php artisan db:seed --force", seeders.clone());
        step.inputs = vec![format!("{seeders}/**")];
        facts.seeds.push(step);
    }
    let composer = tree.text(&manifest).unwrap_or_default();
    if composer.contains("laravel/pint") {
        facts.checks.push(Check::new(
            "check",
            "lint",
            directory,
            "vendor/bin/pint --test".to_owned(),
            format!("{manifest}: laravel/pint"),
        ));
    }
    if tree.has_directory(&join(directory, "tests")) {
        facts.checks.push(Check::new(
            "test",
            "test",
            directory,
            "php artisan test".to_owned(),
            join(directory, "tests"),
        ));
    }
    facts
}
