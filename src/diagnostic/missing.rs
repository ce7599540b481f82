//! Commands and scripts that are not there: what shells, task runners and package managers say of them.

/// What is missing, in words: ``command not found: `tsc` ``. `None` where a line says no such thing.
pub(super) fn missing(line: &str) -> Option<String> {
    let line = line.trim();
    if !(line.contains("ot found")
        || line.contains("issing script")
        || line.contains("No such file")
        || line.contains("ENOTCACHED")
        || line.contains("could not be found")
        || line.contains("could not determine executable")
        || line.contains("npx canceled")
        || line.contains("request to https://")
        || line.contains("no such command")
        || line.contains("ailed to spawn"))
    {
        return None;
    }
    if let Some(found) = pattern!(
        r#"(?x)^(?:
            (?:npm\ (?:error|ERR!)|ERR_PNPM_NO_SCRIPT\w*)\s+Missing\ script:\ "?(?<a>[^"]+)"?
          | error:\ Script\ not\ found\ "(?<b>[^"]+)"
          | Usage\ Error:\ Couldn't\ find\ a\ script\ named\ "(?<c>[^"]+)".*
        )$"#
    )
    .captures(line)
    {
        return named(&found).map(|name| format!("script not found: `{name}`"));
    }
    let found = pattern!(
        r#"(?x)^(?:
            (?:/(?:usr/)?bin/)?(?:ba|da|z|a)?sh(?::\ line\ \d+|:\ \d+)?:\ (?<a>[^:\ ]+):\ (?:command\ )?not\ found
          | zsh:\d+:\ command\ not\ found:\ (?<z>\S+)
          | (?:/usr/bin/)?env:\ [‘'](?<b>[^’']+)[’']:\ No\ such\ file\ or\ directory
          | ERR_PNPM_\w+\s+Command\ "(?<c>[^"]+)"\ not\ found
          | error\ Command\ "(?<d>[^"]+)"\ not\ found\.
          | npm\ (?:error|ERR!)\ 404\s+(?:The\ requested\ resource\ )?'(?<e>(?:@[\w.-]+/)?[\w.-]+)@.*'\ (?:is\ not\ in|could\ not\ be\ found).*
          | npm\ (?:error|ERR!)\ request\ to\ https?://[^/\ ]+/(?<f>\S+)\ failed:.*
          | npm\ (?:error|ERR!)\ npx\ canceled\ due\ to\ missing\ packages\ .*\["(?<g>(?:@[\w.-]+/)?[\w.-]+)@?.*
          | (?:bundler:\ command|Command)\ not\ found:\ (?<h>\S+)
          | error:\ (?:no\ such\ command|Failed\ to\ spawn):\ `(?<i>[^`]+)`.*
          | .*exec:\ "(?<j>[^"]+)":\ executable\ file\ not\ found\ in\ \$PATH
          | (?<k>npm)\ (?:error|ERR!)\ could\ not\ determine\ executable\ to\ run
        )$"#
    )
    .captures(line)?;
    match named(&found)? {
        "npm" => Some("command not found: the package has no program to run".to_owned()),
        name => Some(format!("command not found: `{name}`")),
    }
}

/// The one group that matched.
fn named<'a>(found: &regex::Captures<'a>) -> Option<&'a str> {
    found.iter().skip(1).flatten().next().map(|group| group.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        for (line, expected) in [
            ("sh: 1: tsc: not found", "command not found: `tsc`"),
            ("bash: line 1: tsc: command not found", "command not found: `tsc`"),
            ("/bin/sh: tsc: not found", "command not found: `tsc`"),
            ("zsh:1: command not found: tsc", "command not found: `tsc`"),
            (" ERR_PNPM_RECURSIVE_EXEC_FIRST_FAIL  Command \"tsc\" not found", "command not found: `tsc`"),
            (
                "npm error 404  The requested resource '@acme/tool@*' could not be found or you do not have permission to access it.",
                "command not found: `@acme/tool`",
            ),
            (
                "npm error npx canceled due to missing packages and no YES option: [\"tsc@2.0.4\"]",
                "command not found: `tsc`",
            ),
            ("npm error could not determine executable to run", "command not found: the package has no program to run"),
            ("error Command \"tsc\" not found.", "command not found: `tsc`"),
            ("bundler: command not found: rspec", "command not found: `rspec`"),
            ("error: no such command: `nextest`", "command not found: `nextest`"),
            ("error: Failed to spawn: `pytest`", "command not found: `pytest`"),
            ("exec: \"gcc\": executable file not found in $PATH", "command not found: `gcc`"),
            ("npm ERR! Missing script: \"lint\"", "script not found: `lint`"),
        ] {
            assert_eq!(missing(line).as_deref(), Some(expected), "{line}");
        }
        for line in ["user 7: not found", "GET /a answered 404 Not Found", "open a.txt: No such file or directory"] {
            assert_eq!(missing(line), None, "{line}");
        }
    }
}
