//! The packages of `examples/shop`, installed once for all tests and all runs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

/// `node_modules` as `npm ci` makes it of the lock file; `None`, and said, where npm or a Chromium is missing or the
/// registry does not answer. With `HARNESS_TEST_SHOP=required` that is a failure.
pub(crate) fn installed() -> Option<PathBuf> {
    match install() {
        Ok(packages) => Some(packages),
        Err(why) if std::env::var("HARNESS_TEST_SHOP").as_deref() == Ok("required") => panic!("{why}"),
        Err(why) => {
            eprintln!("SKIPPED: {why}");
            None
        }
    }
}

fn install() -> Result<PathBuf, String> {
    for (program, package) in [("npm", "npm"), ("node", "nodejs"), ("chromium", "chromium")] {
        which::which(program).map_err(|_| format!("the shop needs {package}"))?;
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
    let lock_file = fs::read(example.join("package-lock.json")).expect("the example has a lock file");
    let digest = harness::system::hexadecimal(&Sha256::digest(&lock_file)[..6]);
    let directory = cache().join(format!("shop-{digest}"));
    fs::create_dir_all(&directory).expect("make a directory");
    let lock = File::create(directory.join("lock")).expect("make a lock file");
    flock(&lock, FlockOperation::LockExclusive).expect("lock the directory");
    let complete = directory.join("complete");
    if !complete.exists() {
        for file in [".npmrc", "package.json", "package-lock.json"] {
            fs::copy(example.join(file), directory.join(file)).expect("copy a file");
        }
        for package in ["common", "backend", "frontend", "e2e"] {
            fs::create_dir_all(directory.join(package)).expect("make a directory");
            let description = Path::new(package).join("package.json");
            fs::copy(example.join(&description), directory.join(&description)).expect("copy a file");
        }
        let output = Command::new("npm").args(["ci", "--prefer-offline"]).current_dir(&directory).output();
        let output = output.expect("run npm");
        if !output.status.success() {
            return Err(format!("npm ci: {}", String::from_utf8_lossy(&output.stderr)));
        }
        File::create(complete).expect("make a file");
    }
    Ok(directory.join("node_modules"))
}

/// The examiner of pages, axe-core, fetched once for all runs; `None`, and said, where npm is missing or does not get it.
pub(crate) fn axe() -> Option<PathBuf> {
    let directory = cache().join("axe-core-4.14.1");
    let script = directory.join("node_modules/axe-core/axe.min.js");
    fs::create_dir_all(&directory).expect("make a directory");
    let lock = File::create(directory.join("lock")).expect("make a lock file");
    flock(&lock, FlockOperation::LockExclusive).expect("lock the directory");
    if !script.exists() {
        let install = ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "axe-core@4.14.1"];
        let output = Command::new("npm").args(install).arg("--prefix").arg(&directory).output();
        match output {
            Ok(output) if output.status.success() => {}
            Ok(output) => eprintln!("SKIPPED: axe-core: {}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => eprintln!("SKIPPED: axe-core: npm: {error}"),
        }
    }
    script.exists().then_some(script)
}

/// Kept between runs of the tests.
fn cache() -> PathBuf {
    let directory = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    directory.unwrap_or_else(home).join("harness-tests")
}
