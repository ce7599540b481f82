//! Maps that cannot be.

use std::path::Path;

use crate::support::{TestHome, python};

/// Runs a program where one system call is refused, as the seccomp profile of a container does it.
const WITHOUT: &str = r#"
import ctypes, os, struct, sys
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
code = [(0x20, 0, 0, 0), (0x15, 0, 1, int(sys.argv[1])), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
program = Program(4, b"".join(struct.pack("HBBI", *one) for one in code))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program)) == 0
os.execv(sys.argv[2], sys.argv[2:])
"#;

#[test]
fn a_container_that_refuses_the_map_is_named_before_anything_starts() {
    let home = TestHome::new();
    let project =
        home.project("shop").application("api").toml("[network]\nmap = { 3000 = \"{{ ports.api }}\" }\n").write();
    let table = [
        (libc::SYS_pidfd_getfd, "network.denied", "--cap-add SYS_PTRACE"),
        (libc::SYS_seccomp, "network.refused", "allows `seccomp`"),
    ];
    for (call, code, remedy) in table {
        let harness = env!("CARGO_BIN_EXE_harness");
        let words = ["-I", "-c", WITHOUT, &call.to_string(), harness, "launch", "1", "--json"].map(str::to_owned);
        let refused = project.harness(words).binary(Path::new(python())).run().exits_with(4).json();
        let error = &refused["agents"][0]["error"];
        assert_eq!(error["code"], code, "{refused}");
        assert!(error["hint"].as_str().unwrap().contains(remedy), "{refused}");
        assert!(!project.root().join(".env.agent.1").exists());
    }
}

#[test]
fn a_key_that_is_no_port_and_a_value_that_is_none_are_named_with_their_lines() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .port("web")
        .toml("[network]\nmap = { 0 = 1, 65536 = \"{{ ports.web }}\", 080 = 2, http = 3 }\n")
        .write();
    let check = project.harness(["config", "check"]).run().exits_with(3);
    for key in ["`0`", "`65536`", "`080`", "`http`"] {
        assert!(check.stdout.contains(&format!("{key} cannot be a key of `network.map`")), "{check}");
    }
    project.replace(
        "harness.toml",
        "{ 0 = 1, 65536 = \"{{ ports.web }}\", 080 = 2, http = 3 }",
        "{ 80 = \"{{ ports.wep }}\" }",
    );
    let check = project.harness(["config", "check"]).run().exits_with(3);
    assert!(check.stdout.contains("did you mean `ports.web`?"), "{check}");
}

#[test]
fn two_keys_that_lead_to_one_port_are_named() {
    let home = TestHome::new();
    let map = "[network]\nmap = { 3000 = \"{{ ports.web }}\", 80 = 5000, 8080 = \"{{ports.web}}\" }\n";
    let project = home.project("shop").port("web").toml(map).write();
    let check = project.harness(["config", "check", "--json"]).run().succeeds().json();
    let warnings = check["warnings"].to_string();
    assert!(warnings.contains("`3000` and `8080` lead to one port") && !warnings.contains("`80`"), "{check}");
}

#[test]
fn a_launch_from_within_another_agents_map_is_refused_with_its_name() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let outer = "0123/agent-4 3000=5010";
    let refused = project.harness(["launch", "3", "--json"]).env("HARNESS_LOOPBACK_MAP", outer).run().exits_with(5);
    assert_eq!(refused.json()["agents"][0]["error"]["code"], "network.nested");
    let launch = project.harness(["launch", "3"]).env("HARNESS_LOOPBACK_MAP", outer).run().exits_with(5);
    assert!(launch.stderr.contains("under the loopback map of agent 4"), "{launch}");
    assert!(launch.stderr.contains("run it from a shell outside"), "{launch}");
}
