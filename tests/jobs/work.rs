//! `harness work`: tickets become pull requests, by programs that are small scripts.

use serde_json::json;

use super::scene::{SECRET, Scene};
use crate::support::TestHome;

#[test]
fn a_ticket_becomes_a_pull_request_and_its_text_is_data() {
    let home = TestHome::new();
    let scene = Scene::new(&home, "true");
    scene.github.fails(1);
    let marker = home.directory().join("injected");
    // what it says, where it works, and how it is asked
    scene.program(
        "cp \"$1\" $here/prompt; pwd > $here/pwd; env > $here/env\n\
         echo 42 > answer; printf 'seen \\033[31mred\\033[0m\\n'\n\
         $harness complete \"The answer was $(git show HEAD:answer), and must be 42.\"\nsleep 600\n",
    );
    let title = format!("Fix `$(touch {})` {{{{ 7*7 }}}} red", marker.display());
    let ticket =
        scene.ticket(&title, &format!("; touch {} #\n{{% raw %}} \u{1b}]0;title\u{7}\u{1b}[31mend", marker.display()));
    let (job, said) = scene.work();
    assert_eq!((&job["outcome"], &job["ticket"]), (&json!("succeeded"), &json!(ticket)), "{job:#}\n{said}");
    assert!(!marker.exists() && !said.contains('\u{1b}'), "{said}");

    let pulls = scene.github.pulls();
    assert_eq!(pulls.len(), 1);
    let (head, base) = (format!("harness/ticket-{ticket}"), "main");
    assert_eq!((&pulls[0]["head"], &pulls[0]["base"]), (&json!(head), &json!(base)));
    let (title, body) = (pulls[0]["title"].as_str().unwrap(), pulls[0]["body"].as_str().unwrap());
    assert!(title.starts_with("Fix `$(touch") && title.contains("{{ 7*7 }}") && !title.contains('\u{1b}'), "{title}");
    assert!(body.starts_with("The answer was 41, and must be 42.") && !body.contains('\u{1b}'), "{body}");
    assert!(body.contains("passed after 1 round"), "{body}");
    assert_eq!(scene.remote(&["show", &format!("{head}:answer")]), "42\n");
    assert_eq!(scene.remote(&["rev-parse", &head]).trim(), job["commit"].as_str().unwrap());
    assert!(scene.remote(&["log", "-1", "--format=%B", &head]).contains(&format!("Ticket {ticket}, round 1.")));

    let prompt = std::fs::read_to_string(home.directory().join("prompt")).unwrap();
    assert!(
        prompt.contains("{{ 7*7 }} red") && prompt.contains("{% raw %} end") && !prompt.contains('\u{1b}'),
        "{prompt}"
    );
    let environment = std::fs::read_to_string(home.directory().join("env")).unwrap();
    assert!(environment.contains(SECRET) && environment.contains("AGENT_ID="), "{environment}");
    assert!(!environment.contains("GITHUB_TOKEN"), "the worker's own keys are not the program's");
    let tree = std::fs::read_to_string(home.directory().join("pwd")).unwrap();
    assert!(tree.trim().ends_with("/trees/1"), "{tree}");

    let shown = scene.ok(&["ticket", "show", &ticket.to_string()]);
    assert_eq!((&shown["state"], &shown["pull_request"]), (&json!("in_review"), &job["pull_request"]));
    let job_of = &shown["job"];
    assert_eq!(
        (&job_of["session"], &job_of["round"], &job_of["verify"]["status"], &job_of["worker"]),
        (&json!(format!("job-{}-1", job["job"])), &json!(1), &json!("pass"), &json!("one"))
    );
    let log = scene.log(&job);
    assert!(
        log.contains("| seen red\n") && log.contains("verify: pass") && log.contains("pull request https://"),
        "{log}"
    );
    scene.is_tidy(&[]);

    // wanted again: the work goes on where it was pushed, under the same pull request
    scene.program("cat answer > $here/before; echo more > more; git add more; commit more\n");
    scene.ok(&["ticket", "move", &ticket.to_string(), "in_progress"]);
    let (job, said) = scene.work();
    assert_eq!(job["outcome"], "succeeded", "{job:#}\n{said}");
    assert_eq!(std::fs::read_to_string(home.directory().join("before")).unwrap(), "42\n");
    assert_eq!((scene.remote(&["show", &format!("{head}:more")]).as_str(), scene.github.pulls().len()), ("more\n", 1));
    scene.is_tidy(&[]);
    assert_eq!(scene.worker(&["--once"]).run().succeeds().json()["jobs"], json!([]), "there is nothing to do");
}

#[test]
fn a_failed_verify_goes_back_to_the_program_and_no_key_is_in_what_is_said() {
    let home = TestHome::new();
    let scene = Scene::new(&home, "true");
    scene.program(
        "echo round $HARNESS_ROUND key $SECRET_KEY; cp \"$1\" $here/prompt-$HARNESS_ROUND\n\
         if [ $HARNESS_ROUND = 1 ]; then echo 40 > answer; exit 3; fi\n\
         git show HEAD:answer > $here/before; echo 42 > answer\n\
         printf 'with %s' \"$SECRET_KEY\" > completion-done.txt\n",
    );
    let ticket = scene.ticket("Mend it", "");
    let (job, said) = scene.work();
    assert_eq!(job["outcome"], "succeeded", "{job:#}\n{said}");
    let prompt = |round: u8| std::fs::read_to_string(home.directory().join(format!("prompt-{round}"))).unwrap();
    assert!(!prompt(1).contains("is not 42"));
    assert!(prompt(2).contains("is not 42") && prompt(2).contains("exited with status 3"), "{}", prompt(2));
    assert_eq!(std::fs::read_to_string(home.directory().join("before")).unwrap(), "40\n", "its work was committed");
    let head = format!("harness/ticket-{ticket}");
    assert_eq!(scene.remote(&["ls-tree", "--name-only", &head]).matches("completion").count(), 0);
    let log = scene.log(&job);
    assert!(
        log.contains("| round 2 key [redacted]") && log.contains("verify: fail: check: answer:1: is not 42"),
        "{log}"
    );
    let pull = scene.github.pulls()[0].clone();
    assert!(pull["body"].as_str().unwrap().starts_with("with [redacted]"), "{pull:#}");
    let shown = scene.ok(&["ticket", "show", &ticket.to_string()]);
    assert_eq!((&shown["job"]["round"], &shown["job"]["summary"]), (&json!(2), &json!("with [redacted]")));
    let database = std::fs::read(home.path().join("serve/harness.db")).unwrap();
    let holds = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
    assert!(!holds(said.as_bytes()) && !holds(&database) && !holds(log.as_bytes()));
    scene.is_tidy(&[]);

    // as often as the project says
    scene.ok(&["project", "set", "shop", "rounds=2"]);
    scene.program("echo $HARNESS_ROUND > answer\n");
    let ticket = scene.ticket("Never right", "");
    let (job, _) = scene.work();
    assert_eq!(job["outcome"], "failed", "{job:#}");
    assert_eq!(job["reason"], "verify fails after round 2: check: answer:1: is not 42");
    let shown = scene.ok(&["ticket", "show", &ticket.to_string()]);
    assert_eq!((&shown["state"], &shown["job"]["verify"]["status"]), (&json!("backlog"), &json!("fail")));
    assert_eq!(scene.remote(&["branch", "--list", &format!("harness/ticket-{ticket}")]), "", "nothing is pushed");
    // its work is not lost
    scene.is_tidy(&[&format!("harness/ticket-{ticket}")]);
}

#[test]
fn programs_that_do_nothing_never_end_or_give_a_key_away() {
    let home = TestHome::new();
    let scene = Scene::new(&home, "true");
    // it ends before anybody looks
    scene.program("exit 0\n");
    let ticket = scene.ticket("Nothing", "");
    let (job, _) = scene.work();
    assert_eq!(
        (&job["outcome"], &job["reason"]),
        (&json!("failed"), &json!("nothing was changed: `sh` exited with status 0"))
    );
    assert_eq!(scene.ok(&["ticket", "show", &ticket.to_string()])["state"], "backlog");
    scene.is_tidy(&[]);

    // the limit ends it, and what it did counts
    scene.ok(&["project", "set", "shop", "time_limit_s=3"]);
    scene.program("echo 42 > answer; echo $$ > $here/pid; while :; do sleep 1; done\n");
    scene.ticket("Never ends", "");
    let (job, said) = scene.work();
    assert_eq!(job["outcome"], "succeeded", "{job:#}\n{said}");
    assert!(scene.log(&job).contains("`sh` did not end within 3 s"));
    let pid = std::fs::read_to_string(home.directory().join("pid")).unwrap().trim().parse().unwrap();
    assert!(!crate::support::is_alive(pid));
    scene.is_tidy(&[]);

    // what it says that it costs is counted, and ends it
    scene.ok(&["project", "set", "shop", "cost_limit_usd=0.5"]);
    let step = r#"echo '{"type":"step_finish","part":{"type":"step-finish","cost":0.3}}'"#;
    scene.program(&format!("echo 40 > answer; {step}; {step}; while :; do sleep 1; done\n"));
    let ticket = scene.ticket("Costs too much", "");
    let (job, said) = scene.work();
    let reason = "`sh` was ended: $0.60 were spent, and `cost_limit_usd` is $0.50";
    assert_eq!((&job["outcome"], &job["reason"]), (&json!("failed"), &json!(reason)), "{job:#}\n{said}");
    let shown = scene.ok(&["ticket", "show", &ticket.to_string()]);
    assert_eq!((&shown["job"]["cost_usd"], &shown["job"]["round"]), (&json!(0.6), &json!(1)));
    // one that ends by itself is verified; there is no further round
    let result = r#"echo '{"type":"result","subtype":"success","total_cost_usd":0.75,"result":"x"}'"#;
    scene.program(&format!("echo 40 > answer; {result}\n"));
    scene.ticket("Costs too much too", "");
    let (job, said) = scene.work();
    let reason = job["reason"].as_str().unwrap();
    assert!(reason.starts_with("verify fails after round 1") && reason.contains("$0.75 were spent"), "{job:#}\n{said}");
    assert!(scene.log(&job).contains("| [success, $0.75]\n"), "{}", scene.log(&job));
    scene.ok(&["project", "set", "shop", "cost_limit_usd=null"]);

    scene.program("echo 42 > answer; echo \"key = $SECRET_KEY\" > settings\n");
    let ticket = scene.ticket("Gives a key away", "");
    let (job, _) = scene.work();
    let reason = "the work holds the value of `SECRET_KEY`: it is not pushed";
    assert_eq!((&job["outcome"], &job["reason"]), (&json!("failed"), &json!(reason)));
    assert_eq!(scene.remote(&["branch", "--list", &format!("harness/ticket-{ticket}")]), "");

    // a program that is not there, a template that is wrong
    scene.ok(&["project", "set", "shop", "program=[\"no-such-program\"]"]);
    scene.ticket("No program", "");
    let (job, _) = scene.work();
    assert!(job["reason"].as_str().unwrap().contains("no program `no-such-program`"), "{job:#}");
    scene.program("exit 0\n");
    scene.ok(&["project", "set", "shop", "prompt={{ nothing }}"]);
    scene.ticket("No prompt", "");
    let (job, _) = scene.work();
    assert!(job["reason"].as_str().unwrap().starts_with("the template of the prompt is wrong"), "{job:#}");
}

#[test]
fn a_program_that_weakens_what_judges_it_is_judged_by_the_checkouts_rules_or_found_out() {
    let home = TestHome::new();
    let scene = Scene::with(&home, "sh check.sh", |project| project.file("check.sh", "grep -qx 42 answer\n"));
    scene.ok(&["project", "set", "shop", "rounds=3"]);
    // its own `[verify]` counts for nothing: it fails twice, and mends it then
    scene.program(
        "if [ $HARNESS_ROUND -lt 3 ]; then sed -i 's/grep -qx 42 answer/true/; s/sh check.sh/true/' harness.toml\n\
         echo $HARNESS_ROUND > answer; exit; fi\n\
         git checkout -q main -- harness.toml; echo 42 > answer\n",
    );
    scene.ticket("Takes its checks away", "");
    let (job, said) = scene.work();
    let log = scene.log(&job);
    assert_eq!(job["outcome"], "succeeded", "{job:#}\n{said}\n{log}");
    assert_eq!(log.matches("verify: fail: check: answer:1: is not 42").count(), 2, "{log}");
    assert!(!log.contains("checks: modified verify harness.toml"), "in the end it is as it was: {log}");
    assert!(scene.github.pulls()[0]["body"].as_str().unwrap().contains("passed after 3 rounds"));
    scene.is_tidy(&[]);

    // a test is a file of the tree: that it was changed is what the reader learns
    scene.program("echo true > check.sh; echo 42 > answer; mkdir tests; echo 'assert 1' > tests/new.py\n");
    scene.ticket("Takes a test away", "");
    let (job, said) = scene.work();
    let log = scene.log(&job);
    assert_eq!(job["outcome"], "succeeded", "{job:#}\n{said}\n{log}");
    let lines = ["modified verify check.sh", "added test tests/new.py"];
    let body = scene.github.pulls()[1]["body"].as_str().unwrap().to_owned();
    for line in lines {
        assert!(log.contains(&format!("checks: {line}\n")) && body.contains(&format!("\n    {line}")), "{log}\n{body}");
    }
    scene.is_tidy(&[]);
}
