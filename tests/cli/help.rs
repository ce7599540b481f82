//! `harness <verb> --help`, for every verb and every verb of a verb.

use super::{harness, said};

fn verbs(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let mut path = path.to_vec();
        path.push(verb.get_name().to_owned());
        found.push(path.clone());
        verbs(verb, &path, found);
    }
}

#[test]
fn help_of_every_verb() {
    let mut found = vec![Vec::new()];
    verbs(&harness::cli::parser(), &[], &mut found);
    assert!(found.len() > 20, "{found:?}");
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        for path in found {
            let name = if path.is_empty() { "harness".to_owned() } else { path.join("-") };
            let text = said(harness().args(&path).arg("--help"));
            insta::assert_snapshot!(format!("help-{name}"), text);
        }
    });
}

#[test]
fn every_verb_says_what_it_is_for() {
    let mut found = Vec::new();
    verbs(&harness::cli::parser(), &[], &mut found);
    let parser = harness::cli::parser();
    for path in found {
        let verb = path.iter().fold(&parser, |command, name| command.find_subcommand(name).unwrap());
        assert!(verb.get_about().is_some(), "`{}` says nothing", path.join(" "));
        for argument in verb.get_arguments() {
            assert!(argument.get_help().is_some(), "`{}` of `{}` says nothing", argument.get_id(), path.join(" "));
        }
    }
}
