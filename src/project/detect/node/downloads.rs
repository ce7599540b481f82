//! JavaScript: packages that fetch a program of their own while they are installed, from a host that a network
//! may not let through.

/// Packages that fetch a program when they are installed, and the variable that keeps them from it.
const FETCHING: [(&str, &str); 4] = [
    ("cypress", "CYPRESS_INSTALL_BINARY=0"),
    ("puppeteer", "PUPPETEER_SKIP_DOWNLOAD=true"),
    ("electron", "ELECTRON_SKIP_BINARY_DOWNLOAD=1"),
    ("@sentry/cli", "SENTRYCLI_SKIP_DOWNLOAD=1"),
];

/// The install, and once more without programs that could not be fetched: the application runs without them.
/// `depends_on` says whether a package of this name is installed.
pub(in crate::project::detect) fn with_fallback(install: &str, depends_on: impl Fn(&str) -> bool) -> String {
    let skips: Vec<&str> =
        FETCHING.iter().filter(|(package, _)| depends_on(package)).map(|(_, variable)| *variable).collect();
    if skips.is_empty() {
        return install.to_owned();
    }
    format!("{install} || {{ export {}; {install}; }}", skips.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_install_that_fetches_programs_is_tried_again_without_them() {
        let install = with_fallback("npm ci", |package| package == "cypress");
        assert_eq!(install, "npm ci || { export CYPRESS_INSTALL_BINARY=0; npm ci; }");
        assert_eq!(with_fallback("npm ci", |_| false), "npm ci");
    }
}
