//! Stores: servers beside PostgreSQL of which each agent gets a copy of its own. Which ones there are, what they are
//! called, and what is in them.

use std::collections::BTreeMap;

use super::facts::{BackingService, Facts, Program, Step};
use super::meanings::{self, Known};
use super::names::{plain_name, unique};
use super::tree::{Tree, base_name, extension_of};

/// A store of the file.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) name: String,
    pub(super) service: BackingService,
    /// What asks for it.
    pub(super) why: String,
    /// What is in each copy.
    pub(super) steps: Vec<Step>,
}

/// A server that harness knows as a store.
struct Kind {
    service: BackingService,
    /// What `use` calls it.
    word: &'static str,
    /// Its usual port.
    port: u16,
    /// The programs that serve it, and what they are called.
    programs: &'static [&'static str],
    title: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        service: BackingService::Redis,
        word: "redis",
        port: 6379,
        programs: &["redis-server", "valkey-server"],
        title: "Redis",
    },
    Kind {
        service: BackingService::Mysql,
        word: "mysql",
        port: 3306,
        programs: &["mysqld", "mariadbd"],
        title: "MySQL",
    },
    Kind { service: BackingService::Mariadb, word: "mariadb", port: 3306, programs: &["mariadbd"], title: "MariaDB" },
    Kind { service: BackingService::Mongodb, word: "mongodb", port: 27017, programs: &["mongod"], title: "MongoDB" },
];

fn kind(service: BackingService) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.service == service)
}

impl Store {
    pub(super) fn word(&self) -> &'static str {
        kind(self.service).map_or("redis", |kind| kind.word)
    }

    /// The port that the server has without harness.
    pub(super) fn port(&self) -> u16 {
        kind(self.service).map_or(0, |kind| kind.port)
    }
}

/// How much evidence says that the application uses a database, and not only that it could.
fn strength(facts: &Facts, service: BackingService) -> u8 {
    match facts.needs.get(&service) {
        None => 0,
        Some(_) if facts.chosen.contains(&service) => 4,
        Some(why) if is_of_manifest(why) => 1,
        Some(why) if why.contains(": services.") => 2,
        Some(_) => 3,
    }
}

/// Whether evidence is no more than a client in a list of packages.
pub(super) fn is_of_manifest(why: &str) -> bool {
    let Some((file, entry)) = why.split_once(": ") else { return false };
    let manifests = ["package.json", "go.mod", "Cargo.toml", "pyproject.toml", "Pipfile", "Gemfile", "setup.py"];
    let name = base_name(file);
    !entry.starts_with("scripts.")
        && (manifests.contains(&name) || extension_of(name) == "lock" || file.contains("requirements"))
}

/// Of databases that an application knows, leaves those that it uses.
pub(super) fn choose(facts: &mut Facts) {
    use BackingService::{Mariadb, Mongodb, Mysql, Postgres};
    if facts.needs.contains_key(&Mariadb) {
        facts.needs.remove(&Mysql);
        if facts.chosen.remove(&Mysql) {
            facts.chosen.insert(Mariadb);
        }
    }
    let mysql = if facts.needs.contains_key(&Mariadb) { Mariadb } else { Mysql };
    if facts.only_sqlite {
        for service in [mysql, Mongodb] {
            if strength(facts, service) < 3 {
                facts.needs.remove(&service);
            }
        }
    }
    let leave = |facts: &mut Facts, left: BackingService, by: &str| {
        if let Some(why) = facts.needs.remove(&left) {
            facts.assumed.push(format!("{why} is left out: the application uses {by}"));
        }
    };
    if facts.needs.contains_key(&Postgres) && facts.needs.contains_key(&mysql) {
        if strength(facts, mysql) > strength(facts, Postgres) {
            leave(facts, Postgres, "MySQL");
        } else {
            leave(facts, mysql, "PostgreSQL");
        }
    }
    let has_other = facts.needs.contains_key(&Postgres) || facts.needs.contains_key(&mysql);
    if has_other && strength(facts, Mongodb) == 1 {
        leave(facts, Mongodb, "another database");
    }
}

/// The stores, and the database among them that migrations and seeds are made for.
pub(super) fn stores(tree: &Tree, facts: &mut Facts, programs: &mut Vec<(String, Program)>) -> Vec<Store> {
    let mut stores: Vec<Store> = Vec::new();
    for kind in &KINDS {
        let Some(why) = facts.needs.get(&kind.service).cloned() else { continue };
        if !kind.programs.iter().any(|program| tree.has_program(program)) {
            facts.unknown.push(format!(
                "{why} asks for {}, but `{}` is not on PATH: install it, or give the address of a server in [env] in place of \
                 [stores]",
                kind.title, kind.programs[0]
            ));
        }
        let wanted = match kind.service {
            BackingService::Redis => "redis".to_owned(),
            BackingService::Mongodb => "mongo".to_owned(),
            _ => database_name(facts),
        };
        // a Procfile or a script may start the server that the store is
        programs.retain(|(name, program)| {
            *name != wanted || !kind.programs.iter().any(|one| program.command.contains(one))
        });
        let name = unique(&wanted, "_", |name| {
            programs.iter().any(|(known, _)| known == name) || stores.iter().any(|store| store.name == name)
        });
        stores.push(Store { name, service: kind.service, why, steps: Vec::new() });
    }
    stores
}

/// The database that the store makes has the store's name; one of the server's own is no name for it.
fn database_name(facts: &Facts) -> String {
    let name = facts.database_name.as_deref().map_or_else(String::new, |name| plain_name(name, "db").replace('-', "_"));
    let is_own = ["", "mysql", "sys", "information_schema", "performance_schema", "test"].contains(&name.as_str());
    match name.chars().next() {
        Some(first) if !is_own && !first.is_ascii_digit() => name,
        _ => "db".to_owned(),
    }
}

/// The store that is the application's database.
pub(super) fn database(stores: &mut [Store]) -> Option<&mut Store> {
    stores.iter_mut().find(|store| store.service != BackingService::Redis)
}

/// The names that templates call the stores by.
pub(super) fn names(stores: &[Store]) -> BTreeMap<BackingService, String> {
    stores.iter().map(|store| (store.service, store.name.clone())).collect()
}

/// Stores whose port no variable gives: their usual port leads to each agent's own.
pub(super) fn mapped(stores: &[Store], facts: &mut Facts) -> Vec<(u16, String)> {
    let known = Known { stores: names(stores), ..Known::default() };
    let templates: Vec<String> =
        facts.variables.iter().filter_map(|one| meanings::template(&one.name, one.value.as_deref(), &known)).collect();
    let mut map = Vec::new();
    for store in stores {
        let gives = |field: &str| templates.iter().any(|text| text.contains(&format!("stores.{}.{field}", store.name)));
        if !gives("port") && !gives("url") {
            facts.assumed.push(format!(
                "no variable gives the port of the store `{}` ({}): [network] leads {} to each agent's own",
                store.name,
                store.why,
                store.port()
            ));
            if matches!(store.service, BackingService::Mysql | BackingService::Mariadb) && !gives("host") {
                facts.unknown.push(format!(
                    "no variable gives the address of {}: where the source or a file of settings has it, give the user `root` \
                     without a password there, and the database `{}`",
                    store.why, store.name
                ));
            }
            map.push((store.port(), format!("stores.{}.port", store.name)));
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(entries: &[(BackingService, &str)]) -> Facts {
        let mut facts = Facts::default();
        for (service, why) in entries {
            facts.need(*service, *why);
        }
        facts
    }

    fn left(mut facts: Facts) -> Vec<BackingService> {
        choose(&mut facts);
        facts.needs.into_keys().collect()
    }

    #[test]
    fn of_databases_that_an_application_knows_the_one_that_it_uses_stays() {
        use BackingService::{Mariadb, Mongodb, Mysql, Postgres};
        let (pg, mysql) = ((Postgres, "package.json: dependencies.pg"), (Mysql, "package.json: dependencies.mysql2"));
        assert_eq!(left(needs(&[pg, mysql])), [Postgres]);
        assert_eq!(left(needs(&[pg, (Mysql, "compose.yml: services.db")])), [Mysql]);
        assert_eq!(left(needs(&[mysql, (Mariadb, "compose.yml: services.db")])), [Mariadb]);
        assert_eq!(left(needs(&[pg, (Mongodb, "package.json: dependencies.mongoose")])), [Postgres]);
        assert_eq!(left(needs(&[(Mongodb, "package.json: dependencies.mongoose")])), [Mongodb]);
        let mut chosen = needs(&[(Postgres, "compose.yml: services.db"), mysql]);
        chosen.chosen.insert(Mysql);
        assert_eq!(left(chosen), [Mysql]);
        let mut file = needs(&[mysql, (Mongodb, "compose.yml: services.m")]);
        file.only_sqlite = true;
        assert!(left(file).is_empty());
    }

    #[test]
    fn a_store_has_the_name_of_the_database_and_no_program_has_it() {
        let mut facts = needs(&[
            (BackingService::Mysql, "compose.yml: services.db"),
            (BackingService::Redis, "go.mod: redis/go-redis"),
        ]);
        facts.database_name = Some("my-shop".to_owned());
        let mut tree = Tree::default();
        tree.installed.insert("redis-server".to_owned());
        let worker = |command: &str| Program::new("", super::super::facts::Role::Worker, command, "Procfile");
        let mut programs =
            vec![("redis".to_owned(), worker("redis-server --port 6379")), ("my_shop".to_owned(), worker("./shop"))];
        let found = stores(&tree, &mut facts, &mut programs);
        let found: Vec<&str> = found.iter().map(|store| store.name.as_str()).collect();
        assert_eq!((found, programs.len()), (vec!["redis", "my_shop_2"], 1));
        assert_eq!(facts.unknown.len(), 1, "{:?}", facts.unknown);
        facts.database_name = Some("mysql".to_owned());
        assert_eq!(database_name(&facts), "db");
    }

    #[test]
    fn a_port_that_no_variable_gives_is_led_to_the_store() {
        let store =
            |service, name: &str| Store { name: name.to_owned(), service, why: String::new(), steps: Vec::new() };
        let all = [store(BackingService::Redis, "redis"), store(BackingService::Mongodb, "mongo")];
        let mut facts = Facts::default();
        facts.variables.push(super::super::facts::Example {
            name: "REDIS_URL".to_owned(),
            value: None,
            evidence: "src/a.ts".to_owned(),
        });
        assert_eq!(mapped(&all, &mut facts), [(27017, "stores.mongo.port".to_owned())]);
    }
}
