//! The control socket: bound and connected through `/proc/self/fd/<directory>/`, since the path of a
//! Unix socket may have 107 bytes and a home may lie deeper than that.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, fchmod, unlinkat};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};

use super::{Error, Result};
use crate::system;

const NAME: &str = "supervisor.sock";

/// Opens a stack's directory, to reach the socket in it.
pub(crate) fn open_directory(directory: &Path) -> Result<File, system::Error> {
    File::options()
        .read(true)
        .custom_flags(libc::O_DIRECTORY)
        .open(directory)
        .map_err(system::Error::file("open", directory))
}

/// Binds the socket again. The caller holds the stack's lock, so a socket that is there already is stale.
pub(crate) fn listen_in(directory: &Path) -> Result<OwnedFd, system::Error> {
    let opened = open_directory(directory)?;
    let failed =
        |action| move |error: rustix::io::Errno| system::Error::file(action, directory.join(NAME))(error.into());
    let _ = unlinkat(&opened, NAME, AtFlags::empty());
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
        .map_err(failed("make the socket"))?;
    // Linux gives the file the mode of the unbound socket: it is never visible with wider rights
    fchmod(&socket, Mode::from_raw_mode(0o600)).map_err(failed("protect the socket"))?;
    let address = address_in(&opened).map_err(system::Error::file("name the socket", directory))?;
    bind(&socket, &address).map_err(failed("bind"))?;
    listen(&socket, 128).map_err(failed("listen on"))?;
    Ok(socket)
}

/// Removes the socket; it does not matter whether there was one.
pub(crate) fn remove_from(directory: &Path) {
    if let Ok(opened) = open_directory(directory) {
        let _ = unlinkat(&opened, NAME, AtFlags::empty());
    }
}

/// Connects to the process that serves the socket; `None` when there is none.
pub(crate) fn connect_to(directory: &Path) -> Result<Option<UnixStream>> {
    let opened = match open_directory(directory) {
        Ok(opened) => opened,
        Err(system::Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let path = format!("/proc/self/fd/{}/{NAME}", opened.as_raw_fd());
    let stream = match UnixStream::connect(path) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        // root is refused nothing, an owner nothing of its own: a filter of system calls does this
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            return Err(Error::Blocked { directory: directory.to_owned() });
        }
        Err(error) => return Err(system::Error::file("connect to", directory.join(NAME))(error).into()),
    };
    let owner = opened.metadata().map_err(system::Error::file("look at", directory))?.uid();
    let uid = peer_uid(&stream).map_err(system::Error::file("identify the server of", directory.join(NAME)))?;
    if uid != owner && uid != 0 {
        return Err(Error::ForeignPeer { directory: directory.to_owned(), uid });
    }
    Ok(Some(stream))
}

/// The user at the other end. (Not by rustix, which fails where the other end is in another pid namespace: its pid is 0
/// there. One end in a sandbox is just that.)
pub(crate) fn peer_uid(stream: impl AsFd) -> io::Result<u32> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = libc::socklen_t::try_from(size_of::<libc::ucred>()).map_err(io::Error::other)?;
    // SAFETY: the kernel writes at most `length` bytes, the size of `peer`, and the descriptor is open.
    let status = unsafe {
        libc::getsockopt(
            stream.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    };
    if status == 0 { Ok(peer.uid) } else { Err(io::Error::last_os_error()) }
}

fn address_in(directory: &File) -> io::Result<SocketAddrUnix> {
    Ok(SocketAddrUnix::new(format!("/proc/self/fd/{}/{NAME}", directory.as_raw_fd()))?)
}
