//! docs/faults.md D22 and what else a template is made from: files besides the database, variables, the true reason
//! of a rebuild.

use std::fs;

use crate::support::TestHome;

#[test]
fn d22_files_that_a_step_writes_besides_the_database_are_named() {
    let home = TestHome::new();
    let steps = "[database.template]\nsteps = [\n\
        { name = \"schema\", sql = \"schema.sql\" },\n\
        { name = \"files\", run = \"mkdir -p uploads dist && echo x > uploads/a.png && echo x > dist/cached && echo x >> tracked\" },\n]\n";
    let project = home
        .project("shop")
        .with_database()
        .application("api")
        .toml(steps)
        .file("schema.sql", "CREATE TABLE items (id int);\n")
        .file("tracked", "")
        .file(".gitignore", "uploads\n")
        .write();
    let outcome = project.harness(["launch", "3"]).run().succeeds();
    let outcome = outcome.says("template step `files` wrote `uploads/a.png`: a template holds the database alone");
    // the decoys: a cache, a file that git tracks, and the step that wrote nothing
    assert!(!outcome.stderr.contains("cached") && !outcome.stderr.contains("`tracked`"), "{outcome}");
    assert!(!outcome.stderr.contains("step `schema` wrote"), "{outcome}");
}

#[test]
fn a_template_is_rebuilt_only_for_what_it_is_made_from_and_says_why() {
    let home = TestHome::new();
    let steps = "[database.template]\nsteps = [{ name = \"seed\", run = \"psql -q -c \\\"create table region as select '$REGION' as name\\\" '{{ database.url }}'\" }]\n";
    let project = home
        .project("shop")
        .with_database()
        .application("api")
        .env("REGION", "north")
        .env("COLOR", "red")
        .toml(steps)
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let template = |agent: &str| {
        let status = project.harness(["status", agent, "--json"]).run().succeeds().json();
        status["agents"][0]["template"].as_str().unwrap().to_owned()
    };
    let first = template("3");
    // a variable that no step is given by name or uses
    project.replace("harness.toml", "\"red\"", "\"blue\"");
    let outcome = project.harness(["launch", "4"]).run().succeeds();
    assert_eq!(template("4"), first);
    assert!(!outcome.stderr.contains("is rebuilt"), "{outcome}");
    // one that the command uses
    project.replace("harness.toml", "\"north\"", "\"south\"");
    project
        .harness(["launch", "5"])
        .run()
        .succeeds()
        .says("the template is rebuilt: variable `REGION` of the environment of step `seed` changed");
    assert_ne!(template("5"), first);
    let name = project.harness(["psql", "5", "--csv", "select name from region"]).run().succeeds().stdout;
    assert!(name.contains("south"), "{name}");
}

#[test]
fn a_bucket_begins_with_its_seed() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_s3()
        .application("api")
        .env("ENDPOINT", "{{ s3.endpoint }}/{{ s3.bucket }}")
        .env("KEYS", "{{ s3.access_key }}:{{ s3.secret_key }}")
        .toml("[bucket]\nseed = \"seed\"\n")
        .file("seed/images/a.txt", "an image\n")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let read = "curl -sS --aws-sigv4 aws:amz:us-east-1:s3 --user \"$KEYS\" -H x-amz-content-sha256:UNSIGNED-PAYLOAD \"$ENDPOINT/images/a.txt\"";
    let read = project.harness(["exec", "3", "--", "sh", "-c", read]).run().succeeds();
    assert_eq!(read.stdout, "an image\n");
    fs::rename(project.root().join("seed"), project.root().join("elsewhere")).unwrap();
    let failed = project.harness(["launch", "4", "--json"]).run().exits_with(3).json();
    assert_eq!(failed["agents"][0]["error"]["code"], "bucket.seed");
}

#[test]
fn an_edit_of_the_roots_file_that_a_tree_does_not_see_is_said() {
    let home = TestHome::new();
    let path = home.directory().join("trees/{{ id }}");
    let project = home
        .project("shop")
        .application("api")
        .env("COLOR", "red")
        .toml(&format!("[worktree]\npath = \"{}\"\n", path.display()))
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let drift = || project.harness(["status", "3", "--json"]).run().succeeds().json()["agents"][0]["drift"].to_string();
    assert_eq!(drift(), "[]");
    project.replace("harness.toml", "\"red\"", "\"blue\"");
    let said = drift();
    assert!(said.contains("differ in [env]") && said.contains("merge the root's commits"), "{said}");
}
