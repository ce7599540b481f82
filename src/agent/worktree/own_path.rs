//! Copies of things that hold their own absolute path. A virtual environment of Python, the shims of a
//! package manager and the cache of `CMake` name the directory that they were made in: copied as they are,
//! `pip install` in the tree would change the root's environment. In files of these kinds, and in symbolic
//! links, the root's path is replaced by the tree's.
//!
//! Only small text files of known kinds are read; a walk over names finds them.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Larger files are left alone: scripts and caches are smaller.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Replaces `root` by `tree` in what lies at `copy`; says how many files that concerned.
pub(super) fn move_paths(copy: &Path, root: &Path, tree: &Path) -> io::Result<usize> {
    Ok(Mover::of(root, tree).run(copy)?.len())
}

/// The files and links below `directory` in which [`move_paths`] would replace the path of that directory.
pub(super) fn naming(directory: &Path) -> io::Result<Vec<PathBuf>> {
    // replaced by nothing, every occurrence is a difference
    Mover { only_looks: true, ..Mover::of(directory, Path::new("")) }.run(directory)
}

/// Replaces `root` by `tree` in these files and links, as [`naming`] found them. One that is gone names nothing.
pub(super) fn move_paths_in(files: &[PathBuf], root: &Path, tree: &Path) -> io::Result<()> {
    let mut mover = Mover::of(root, tree);
    for file in files {
        let outcome = match file.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => mover.link(file),
            Ok(_) => mover.file(file),
            Err(error) => Err(error),
        };
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

struct Mover {
    /// The root as it is written, and without symbolic links.
    roots: Vec<PathBuf>,
    tree: PathBuf,
    /// Nothing is written.
    only_looks: bool,
    /// What named the root.
    found: Vec<PathBuf>,
}

/// What the files of a directory are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surroundings {
    Ordinary,
    /// The directory with `pyvenv.cfg`, or something in it.
    Environment,
    /// Scripts: `bin` of an environment, `.bin` of `node_modules`.
    Scripts,
    /// The directory with `CMakeCache.txt`, or something in it.
    CMake,
}

impl Mover {
    fn of(root: &Path, tree: &Path) -> Self {
        let mut roots = vec![root.to_owned()];
        roots.extend(root.canonicalize().ok().filter(|real| real != root));
        Self { roots, tree: tree.to_owned(), only_looks: false, found: Vec::new() }
    }

    fn run(mut self, copy: &Path) -> io::Result<Vec<PathBuf>> {
        let metadata = copy.symlink_metadata()?;
        if metadata.is_dir() {
            self.directory(copy, Surroundings::Ordinary)?;
        } else if metadata.is_symlink() {
            self.link(copy)?;
        }
        Ok(self.found)
    }

    fn directory(&mut self, directory: &Path, mut within: Surroundings) -> io::Result<()> {
        if directory.join("pyvenv.cfg").is_file() {
            within = Surroundings::Environment;
        } else if directory.join("CMakeCache.txt").is_file() {
            within = Surroundings::CMake;
        }
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let (kind, name, path) = (entry.file_type()?, entry.file_name(), entry.path());
            if kind.is_symlink() {
                self.link(&path)?;
            } else if kind.is_dir() {
                let scripts = name == ".bin" || (within == Surroundings::Environment && is_scripts(directory, &name));
                let inner = match within {
                    _ if scripts => Surroundings::Scripts,
                    Surroundings::Scripts => Surroundings::Ordinary,
                    same => same,
                };
                self.directory(&path, inner)?;
            } else if kind.is_file() && may_name_itself(&name.to_string_lossy(), within) {
                self.file(&path)?;
            }
        }
        Ok(())
    }

    fn link(&mut self, path: &Path) -> io::Result<()> {
        let target = fs::read_link(path)?;
        let below = self.roots.iter().find_map(|root| target.strip_prefix(root).ok());
        let Some(below) = below else { return Ok(()) };
        self.found.push(path.to_owned());
        if self.only_looks {
            return Ok(());
        }
        let target = self.tree.join(below);
        fs::remove_file(path)?;
        std::os::unix::fs::symlink(target, path)
    }

    fn file(&mut self, path: &Path) -> io::Result<()> {
        let metadata = path.metadata()?;
        if metadata.len() > LARGEST {
            return Ok(());
        }
        let before = fs::read(path)?;
        if memchr::memchr(0, &before).is_some() {
            return Ok(());
        }
        let tree = self.tree.as_os_str().as_bytes();
        let after =
            self.roots.iter().fold(before.clone(), |text, root| replaced(&text, root.as_os_str().as_bytes(), tree));
        if after == before {
            return Ok(());
        }
        self.found.push(path.to_owned());
        if self.only_looks {
            return Ok(());
        }
        // beside it and renamed: a hard link to the same file keeps its content
        let beside = path.with_file_name(format!("{}.moved", path.file_name().unwrap_or_default().to_string_lossy()));
        fs::write(&beside, after)?;
        fs::set_permissions(&beside, Permissions::from_mode(metadata.permissions().mode()))?;
        fs::rename(&beside, path)
    }
}

fn is_scripts(directory: &Path, name: &OsStr) -> bool {
    (name == "bin" || name == "Scripts") && directory.join("pyvenv.cfg").is_file()
}

fn may_name_itself(name: &str, within: Surroundings) -> bool {
    let extension = Path::new(name).extension().and_then(OsStr::to_str).unwrap_or_default();
    match within {
        Surroundings::Scripts => true,
        Surroundings::Environment => {
            matches!(extension, "pth" | "cfg" | "egg-link")
                || name == "direct_url.json"
                || name.starts_with("__editable__")
        }
        Surroundings::CMake => {
            matches!(extension, "txt" | "cmake" | "make" | "ninja")
                || name.starts_with("Makefile")
                || name == "compile_commands.json"
        }
        Surroundings::Ordinary => false,
    }
}

/// Replaces a path where it is one: `/work/app` is not in `/work/app2`, nor in `/srv/work/app`.
fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-+@".contains(byte) || *byte >= 0x80;
    let mut result = Vec::with_capacity(text.len());
    let mut done = 0;
    for at in memchr::memmem::find_iter(text, from) {
        let end = at + from.len();
        let begins = at == 0 || !is_name(&text[at - 1]);
        let ends = text.get(end).is_none_or(|next| !is_name(next));
        if at >= done && begins && ends {
            result.extend_from_slice(&text[done..at]);
            result.extend_from_slice(to);
            done = end;
        }
    }
    result.extend_from_slice(&text[done..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_path_is_replaced() {
        let of = |text: &str| String::from_utf8(replaced(text.as_bytes(), b"/work/app", b"/trees/3")).unwrap();
        assert_eq!(of("#!/work/app/.venv/bin/python\n"), "#!/trees/3/.venv/bin/python\n");
        assert_eq!(of("A='/work/app'; B=file:///work/app/x"), "A='/trees/3'; B=file:///trees/3/x");
        for other in ["/work/app2/x", "/work/app-old", "/srv/work/app/x", "/work/app.old"] {
            assert_eq!(of(other), other);
        }
    }

    #[test]
    fn only_files_of_known_kinds_are_changed() {
        let directory = tempfile::tempdir().unwrap();
        let copy = directory.path().join("copy");
        let text = "path /work/app/x\n";
        let files = [
            ("venv/pyvenv.cfg", true),
            ("venv/bin/pip", true),
            ("venv/bin/activate", true),
            ("venv/lib/site-packages/app.pth", true),
            ("venv/lib/site-packages/app.py", false),
            ("venv/bin/deep/data", false),
            ("node_modules/.bin/tsc", true),
            ("node_modules/typescript/bin/tsc", false),
            ("build/CMakeCache.txt", true),
            ("build/sub/cmake_install.cmake", true),
            ("build/sub/main.c", false),
            ("notes.txt", false),
        ];
        for (path, _) in files {
            let path = copy.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::set_permissions(copy.join("venv/bin/pip"), Permissions::from_mode(0o755)).unwrap();
        fs::write(copy.join("venv/bin/binary"), b"\x7fELF\0 /work/app/x").unwrap();
        std::os::unix::fs::symlink("/work/app/lib", copy.join("venv/lib64")).unwrap();
        std::os::unix::fs::symlink("/usr/bin/python3", copy.join("venv/bin/python")).unwrap();
        let moved = move_paths(&copy, Path::new("/work/app"), Path::new("/trees/3")).unwrap();
        for (path, changed) in files {
            let expected = if changed { "path /trees/3/x\n" } else { text };
            assert_eq!(fs::read_to_string(copy.join(path)).unwrap(), expected, "{path}");
        }
        assert_eq!(moved, 1 + files.iter().filter(|(_, changed)| *changed).count());
        assert_eq!(fs::read_link(copy.join("venv/lib64")).unwrap(), Path::new("/trees/3/lib"));
        assert_eq!(fs::read_link(copy.join("venv/bin/python")).unwrap(), Path::new("/usr/bin/python3"));
        assert_eq!(copy.join("venv/bin/pip").metadata().unwrap().permissions().mode() & 0o777, 0o755);
    }
}
