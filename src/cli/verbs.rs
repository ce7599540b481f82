//! `verbs!`: the table of verbs.
//!
//! A line has the arguments, the function, the name, and `as` the type of the document; then further documents that the
//! verb prints, by name. A name without a type is a document that only a failure has.

macro_rules! verbs {
    ($(
        $verb:ident($arguments:ty) = $run:path, $name:literal $(as $document:ty)?
        $(, $part:literal $(as $part_document:ty)?)*;
    )*) => {
        /// A verb with its arguments.
        #[derive(Debug, clap::Subcommand)]
        enum Verb {
            $($verb($arguments),)*
        }

        impl Verb {
            fn name(&self) -> &'static str {
                match self {
                    $(Self::$verb(_) => $name,)*
                }
            }

            fn run(&self, invocation: &invocation::Invocation) -> Result<std::process::ExitCode, crate::report::Failure> {
                match self {
                    $(Self::$verb(arguments) => $run(arguments, invocation),)*
                }
            }

            /// Every document by name, with its type.
            #[cfg(test)]
            fn documents() -> Vec<(&'static str, Option<schemas::Document>)> {
                vec![$(
                    ($name, verbs!(@document $($document)?)),
                    $( ($part, verbs!(@document $($part_document)?)), )*
                )*]
            }
        }
    };
    (@document) => { None };
    (@document $document:ty) => { Some(schemas::of::<$document>()) };
}

#[cfg(test)]
mod tests {
    use crate::cli::parser;

    /// The command of an example: up to two spaces, a redirection or a pipe.
    fn words(line: &str) -> Vec<String> {
        let line = line.trim_start();
        let end = ["  ", " > ", " <", " | "].iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len());
        shell_words::split(&line[..end]).unwrap()
    }

    #[test]
    fn every_verb_has_examples_that_are_command_lines() {
        for verb in parser().get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> = help.lines().filter(|line| line.starts_with("  harness ")).collect();
            assert!(help.starts_with("Examples:") && !examples.is_empty(), "`{}` shows no examples", verb.get_name());
            for line in examples {
                let matches =
                    parser().try_get_matches_from(words(line)).unwrap_or_else(|error| panic!("{line}\n{error}"));
                assert_eq!(matches.subcommand_name(), Some(verb.get_name()), "{line}");
            }
        }
    }
}
