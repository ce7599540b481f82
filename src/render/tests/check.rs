//! `harness config check` and `show`.

use super::fixture::Fixture;

#[test]
fn everything_that_cannot_be_rendered_is_told_at_once() {
    let fixture = Fixture::with(
        r#"
[env]
A = "{{ ports.apii }}"
B = "{{ env.A }}{{ s3.bukket }}"
[database.template]
env = { C = "{{ project }}" }
[processes.api]
command = "node {{ ports.debugger }}"
[[verify.stages]]
name = "smoke"
commands = [{ name = "x", http_get = { port = "{{ ports.wep }}" } }]
[render]
files = [{ template = "absent.j2", target = "x" }]
"#,
        &[],
    );
    let document = fixture.check();
    assert!(!document.valid);
    let told: Vec<String> = document
        .problems
        .iter()
        .map(|problem| format!("{:?} {} {}", problem.line, problem.key, problem.hint.clone().unwrap_or_default()))
        .collect();
    assert_eq!(
        told,
        [
            "Some(5) env.A did you mean `ports.api`?",
            "Some(6) env.B did you mean `s3.bucket`?",
            "Some(13) verify.stages[0].commands[0].http_get.port did you mean `ports.web`?",
            "None  ",
            "Some(10) processes.api.command there are ports.api, ports.web",
        ]
    );
    assert!(document.problems[3].message.starts_with("cannot read `"), "{}", document.problems[3].message);
}

#[test]
fn a_good_project_is_valid_and_shown_without_secrets() {
    let fixture = Fixture::new(
        "[env]\nAPI_TOKEN = \"abc-secret\"\nURL = \"postgres://u:abc-secret@h/d\"\nKEPT = \"{{ s3.secret_key }}\"\n\
         [infra.s3]\nurl = \"http://admin:abc-secret@elsewhere:9000\"\n\
         [processes.api]\ncommand = \"x\"\nreadiness_probe.http_get.path = \"/health\"\n",
    );
    let document = fixture.check();
    assert_eq!((document.valid, document.problems), (true, Vec::new()));
    let shown = fixture.project.show();
    let text = serde_json::to_string(&shown).unwrap();
    assert!(!text.contains("abc-secret"), "{text}");
    assert_eq!(shown.env[2].value, "{{ s3.secret_key }}");
    assert_eq!(shown.infra.ports[0].source, "default");
    assert_eq!(shown.processes[0].ready.as_deref(), Some("http_get localhost:{{ ports[\"api\"] }}/health"));
}
