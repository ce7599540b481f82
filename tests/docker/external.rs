//! Servers that were there before harness: real ones, in plain containers that the test starts itself and gives by URL.

use super::engine::send;
use super::machine::{Decoy, SERVICES, available, docker, image};
use crate::support::{
    LONG, PortBlock, TestHome, TestProject, block_on, get, keys, mail_to, post, psql, s3_client, wait_for, wait_until,
};

const PASSWORD: &str = "its-own-password";

/// The four, and what is in them already: a database, a bucket and a message that look like an agent's.
struct Servers {
    ports: PortBlock,
    containers: Vec<Decoy>,
}

impl Servers {
    fn start() -> Self {
        let ports = PortBlock::lease();
        let mut containers = Vec::new();
        let mut run = |service: &str, options: &[&str], command: &[&str]| {
            let (name, image) = (format!("external-{}-{service}", ports.infra(0)), image(service));
            let run = ["run", "-d", "--name", &name];
            let arguments: Vec<&str> = run
                .into_iter()
                .chain(options.iter().copied())
                .chain([image.as_str()])
                .chain(command.iter().copied())
                .collect();
            containers.push(Decoy::new("container", &name, &arguments));
        };
        let published = |number, inside: u16| format!("127.0.0.1:{}:{inside}", ports.infra(number));
        let password = format!("POSTGRES_PASSWORD={PASSWORD}");
        run("db", &["-p", &published(0, 5432), "-e", &password], &[]);
        let password = format!("MINIO_ROOT_PASSWORD={PASSWORD}");
        let keys = ["-p", &published(1, 9000), "-e", "MINIO_ROOT_USER=root-user", "-e", &password];
        run("minio", &keys, &["server", "/data"]);
        run(
            "mailpit",
            &[
                "-p",
                &published(2, 1025),
                "-p",
                &published(3, 8025),
                "-e",
                "MP_TAGS_USERNAME=1",
                "-e",
                "MP_SMTP_AUTH_ACCEPT_ANY=1",
                "-e",
                "MP_SMTP_AUTH_ALLOW_INSECURE=1",
            ],
            &[],
        );
        // it shares this machine's network, as a browser of this machine does
        let port = format!("PORT={}", ports.infra(4));
        let token = format!("TOKEN={PASSWORD}");
        run("headless-browser", &["--network", "host", "--shm-size", "512m", "-e", &port, "-e", &token], &[]);
        let servers = Self { ports, containers };
        wait_for("the external PostgreSQL", LONG, || psql(&servers.database("postgres"), "SELECT 1"));
        psql(&servers.database("postgres"), "CREATE DATABASE agent_7").unwrap();
        let s3 = s3_client(&servers.s3(), "root-user", PASSWORD);
        wait_until("the external MinIO", LONG, || block_on(s3.create_bucket().bucket("agent-7").send()).is_ok());
        servers
    }

    fn database(&self, name: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/{name}", self.ports.infra(0))
    }

    fn s3(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.infra(1))
    }

    fn databases(&self) -> Vec<String> {
        psql(&self.database("postgres"), "SELECT datname FROM pg_database WHERE datname ~ '^agent' ORDER BY 1").unwrap()
    }

    fn give_to(&self, project: &TestProject) {
        let s3 = self.s3().replace("http://", &format!("http://root-user:{PASSWORD}@"));
        let port = |number| self.ports.infra(number);
        for (service, url) in [
            ("postgres", self.database("")),
            ("s3", s3),
            ("mail", format!("smtp://127.0.0.1:{}?web=http://127.0.0.1:{}", port(2), port(3))),
            ("browser", format!("ws://127.0.0.1:{}?token={PASSWORD}", port(4))),
        ] {
            let table = format!("[infra.{service}]\n");
            project.replace("harness.toml", &table, &format!("{table}url = \"{url}\"\n"));
        }
    }
}

#[test]
fn servers_given_by_url_are_used_apart_and_left_as_they_were() {
    if !available(&SERVICES) {
        return;
    }
    let servers = Servers::start();
    for engine in ["docker", "native"] {
        let home = TestHome::new();
        let project = home.project("shop").engine(engine).with_items().with_s3().with_mail().with_browser();
        let project = project.env("S3_BUCKET", "{{ s3.bucket }}").env("SMTP_USER", "{{ mail.user }}");
        let project = project.env("S3_KEY", "{{ s3.access_key }}").env("S3_SECRET", "{{ s3.secret_key }}");
        let project = project.env("BROWSER", "{{ browser.ws_url }}").application("api").write();
        servers.give_to(&project);
        let setup = project.harness(["setup", "--json"]).deadline(LONG).run().succeeds().json();
        let rows = setup["infra"]["services"].as_array().unwrap().clone();
        assert!(rows.len() == 4 && rows.iter().all(|row| row["state"] == "external"), "{rows:?}");
        project.harness(["launch", "1", "3"]).deadline(LONG).run().succeeds();

        // each has its own
        post(project.port("api", 1), "/items", "text/plain", b"only of one");
        assert_eq!(project.query(3, "SELECT name FROM items").unwrap(), ["seeded"]);
        let own = project.variables(1)["DATABASE_URL"].clone();
        let others = format!("{}/agent_3", own.strip_suffix("/agent_1").unwrap());
        assert!(psql(&others, "SELECT 1").unwrap_err().contains("permission denied"));
        let list = |bucket: &str| keys(&servers.s3(), "root-user", PASSWORD, bucket);
        for agent in [1, 3] {
            assert_eq!(project.variables(agent)["S3_BUCKET"], format!("agent-{agent}"));
            assert_eq!(list(&format!("agent-{agent}")).unwrap(), Vec::<String>::new());
        }
        let own = project.variables(1);
        let list_as_1 = |bucket: &str| keys(&servers.s3(), &own["S3_KEY"], &own["S3_SECRET"], bucket);
        assert_eq!(list_as_1("agent-1").unwrap(), Vec::<String>::new());
        assert_eq!(list_as_1("agent-3").unwrap_err(), "AccessDenied");
        assert_eq!(project.variables(3)["SMTP_USER"], "agent-3");
        // `agent-3` and any password, as SMTP writes them
        send(servers.ports.infra(2), "AGFnZW50LTMAcHc=", "reader@example.com");
        assert_eq!(mail_to(servers.ports.infra(3), "agent-3"), ["reader@example.com"]);
        assert_eq!(mail_to(servers.ports.infra(3), "agent-1"), Vec::<String>::new());
        let page = format!("{{\"url\":\"http://127.0.0.1:{}/items\"}}", project.port("api", 1));
        assert!(project.variables(1)["BROWSER"].contains(&format!(":{}", servers.ports.infra(4))));
        let render = format!("/content?token={PASSWORD}");
        wait_until("the page in the browser", LONG, || {
            post(servers.ports.infra(4), &render, "application/json", page.as_bytes()).body.contains("only of one")
        });

        // everything of the agents goes, and nothing else
        project.harness(["teardown", "--all", "--infra", "--volumes"]).run().succeeds();
        assert_eq!(servers.databases(), ["agent_7"]);
        assert_eq!(list("agent-1").unwrap_err(), "NoSuchBucket");
        assert_eq!(list_as_1("agent-1").unwrap_err(), "InvalidAccessKeyId");
        assert_eq!(list("agent-7").unwrap(), Vec::<String>::new());
        assert_eq!(mail_to(servers.ports.infra(3), "agent-3"), Vec::<String>::new());
        assert_eq!(get(servers.ports.infra(3), "/readyz").status, 200);
        for container in &servers.containers {
            assert_eq!(docker(["inspect", "--format", "{{.State.Status}}", container.name()]), "running");
        }
    }
}
