//! Vite and React behind the gateway, in Chromium: an edit is replaced in place through it, logins of agents keep apart, and a
//! parked one wakes.

use serde_json::{Value, json};

use super::{Pages, edit, packages, tree};
use crate::serve::server::Server;
use crate::support::TestHome;

#[test]
fn an_edit_is_replaced_in_place_through_the_gateway_with_and_without_tls() {
    let Some(packages) = packages::installed() else { return };
    let home = TestHome::new();
    let project = home.shop(&packages);
    project.harness(["launch", "--all", "2", "--worktree"]).run().succeeds();
    let (port, tls_port) = (home.ports().infra(7).to_string(), home.ports().infra(8).to_string());
    let plain = ["--gateway", "--gateway-port", &port];
    let secure = [&plain[..], &["--gateway-tls", "--gateway-tls-port", &tls_port]].concat();
    let name = |agent: u8, port: &str| format!("frontend.{agent}.shop.localhost:{port}");
    let urls = [1, 2].map(|agent| format!("http://{}/", name(agent, &port)));
    let mut heading = "Tableware";
    for (arguments, scheme, leads_to, edited) in
        [(&plain[..], ["http", "ws"], &port, "Porcelain"), (&secure[..], ["https", "wss"], &tls_port, "Stoneware")]
    {
        let server = Server::start_with(&home, arguments);
        // it wakes by the first request
        project.harness(["park", "1"]).run().succeeds();
        let pages = Pages::open(&home, &project, &urls, 1, edited);
        edit(&tree(&home, 2), "frontend/src/Heading.tsx", heading, edited);
        let shown = pages.shown();
        for (number, expected) in [(0, "Tableware"), (1, edited)] {
            let agent = u8::try_from(number + 1).unwrap();
            let page: &Value = &shown[number];
            assert_eq!((&page["heading"], &page["loads"]), (&json!(expected), &json!(1)), "{page}");
            assert_eq!(page["draft"], format!("draft-{number}"));
            assert_eq!(page["instance"], format!("agent-{agent} · agent_{agent} · agent-{agent}"));
            assert_eq!(page["cookies"], format!("login={number}"), "another agent's login is not seen");
            assert_eq!(page["url"], format!("{}://{}/", scheme[0], name(agent, leads_to)));
            // Vite's client would fall back to its own port
            assert_eq!(page["sockets"], json!([format!("{}://{}", scheme[1], name(agent, leads_to))]));
        }
        heading = edited;
        drop(server);
    }
}
