//! `harness __s3` and `harness __mail`: arguments to options, one runtime, an exit code.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use super::{Error, Result, log, mail, s3};
use crate::report::Diagnostic;
use crate::system::{self, Secret};

/// Runs an embedded server when `arguments` (without the program's name) ask for one, until SIGTERM or
/// SIGINT; `None` when they ask for something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let (command, rest) = arguments.split_first()?;
    let outcome = match command.to_str()? {
        "__s3" => Arguments::parse("harness __s3", rest).and_then(|arguments| run_s3(&arguments)),
        "__mail" => Arguments::parse("harness __mail", rest).and_then(|arguments| run_mail(&arguments)),
        _ => return None,
    };
    Some(match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    })
}

fn run_s3(arguments: &Arguments) -> Result<()> {
    arguments.known(&["--listen", "--data", "--credentials"])?;
    let options = s3::S3Options {
        listen: arguments.addresses("--listen")?,
        data_dir: arguments.path("--data")?,
        access_key: variable("HARNESS_S3_ACCESS_KEY")?,
        secret_key: Secret::new(variable("HARNESS_S3_SECRET_KEY")?),
        credentials: arguments.get("--credentials").map(PathBuf::from),
    };
    runtime()?.block_on(s3::serve(options))
}

fn run_mail(arguments: &Arguments) -> Result<()> {
    arguments.known(&["--smtp", "--http", "--data", "--max-messages", "--max-size", "--idle-seconds"])?;
    let options = mail::MailOptions {
        smtp: arguments.addresses("--smtp")?,
        http: arguments.addresses("--http")?,
        data_dir: arguments.path("--data")?,
        max_messages: arguments.number("--max-messages", mail::MAX_MESSAGES)?,
        max_size: arguments.number("--max-size", mail::MAX_SIZE)?,
        idle: std::time::Duration::from_secs(arguments.number("--idle-seconds", mail::IDLE_SECONDS)?),
    };
    runtime()?.block_on(mail::serve(options))
}

/// One thread for everything but file contents, which go through a few blocking threads.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .thread_keep_alive(std::time::Duration::from_secs(2))
        .build()
        .map_err(|source| system::Error::call("start the runtime")(source).into())
}

fn variable(name: &'static str) -> Result<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or(Error::Variable(name))
}

/// `--name value` pairs. Not clap's: these commands are started by harness alone, and must start fast.
#[derive(Debug)]
struct Arguments {
    command: &'static str,
    pairs: Vec<(String, OsString)>,
}

impl Arguments {
    fn parse(command: &'static str, arguments: &[OsString]) -> Result<Self> {
        let wrong = |argument: &OsString, problem| Error::Argument {
            command,
            argument: argument.to_string_lossy().into_owned(),
            problem,
        };
        let mut pairs = Vec::new();
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { return Err(wrong(&pair[0], "lacks a value")) };
            let known = name.to_str().filter(|name| name.starts_with("--"));
            pairs.push((known.ok_or_else(|| wrong(name, "is not an option"))?.to_owned(), value.clone()));
        }
        Ok(Self { command, pairs })
    }

    fn wrong(&self, argument: &str, problem: &'static str) -> Error {
        Error::Argument { command: self.command, argument: argument.to_owned(), problem }
    }

    fn known(&self, names: &[&str]) -> Result<()> {
        match self.pairs.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            Some((name, _)) => Err(self.wrong(name, "is not an option")),
            None => Ok(()),
        }
    }

    fn get(&self, name: &str) -> Option<&OsString> {
        self.pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        self.get(name).map(PathBuf::from).ok_or_else(|| self.wrong(name, "is required"))
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T> {
        let Some(value) = self.get(name) else { return Ok(default) };
        value.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| self.wrong(name, "is not a number"))
    }

    /// Every `--name address` that was given; at least one.
    fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>> {
        let mut addresses = Vec::new();
        for (_, value) in self.pairs.iter().filter(|(known, _)| known == name) {
            let address = value.to_str().and_then(|text| text.parse().ok());
            addresses.push(address.ok_or_else(|| self.wrong(name, "is not an address with a port"))?);
        }
        if addresses.is_empty() { Err(self.wrong(name, "is required")) } else { Ok(addresses) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Arguments> {
        let words: Vec<OsString> = text.split_whitespace().map(OsString::from).collect();
        Arguments::parse("harness __s3", &words)
    }

    #[test]
    fn an_address_may_be_given_several_times() {
        let arguments = parse("--listen 127.0.0.1:1 --listen [::1]:1 --data /d").unwrap();
        assert_eq!(arguments.addresses("--listen").unwrap().len(), 2);
        assert_eq!(arguments.path("--data").unwrap(), PathBuf::from("/d"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(parse("--data").unwrap_err().to_string(), "`--data` of `harness __s3`: lacks a value");
        assert_eq!(parse("data /d").unwrap_err().to_string(), "`data` of `harness __s3`: is not an option");
        let arguments = parse("--listen nowhere --sercet x").unwrap();
        let text = arguments.known(&["--listen"]).unwrap_err().to_string();
        assert_eq!(text, "`--sercet` of `harness __s3`: is not an option");
        let text = arguments.addresses("--listen").unwrap_err().to_string();
        assert_eq!(text, "`--listen` of `harness __s3`: is not an address with a port");
        assert!(arguments.path("--data").unwrap_err().to_string().contains("is required"));
    }

    #[test]
    fn other_commands_are_not_ours() {
        assert!(entry(&[]).is_none());
        assert!(entry(&[OsString::from("launch"), OsString::from("3")]).is_none());
    }
}
