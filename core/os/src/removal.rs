//! A program that can remove no name, and what it starts neither. Landlock cannot say that where a file may be replaced by another: a
//! rename over a name and the removal of it are one right there.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::errno::Errno;
use nix::libc;

/// What a system call's numbers are those of (linux/audit.h, linux/elf-em.h).
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: u32 = 0;

/// The calls that remove a name, and the one by which others could be made unseen.
#[cfg(target_arch = "x86_64")]
const REMOVING: [libc::c_long; 4] = [libc::SYS_unlinkat, libc::SYS_io_uring_setup, libc::SYS_unlink, libc::SYS_rmdir];
#[cfg(not(target_arch = "x86_64"))]
const REMOVING: [libc::c_long; 2] = [libc::SYS_unlinkat, libc::SYS_io_uring_setup];

/// From here on numbers are those of another set of calls (x32).
const OTHERS: u32 = 0x4000_0000;
/// Where the number and the architecture are in what a filter sees (seccomp(2)).
const NUMBER: u32 = 0;
const OF: u32 = 4;

/// Has `command` start without the calls that remove a name: they fail with EPERM. It must have no new privileges (seccomp(2)).
///
/// # Errors
/// The numbers of these calls are not known for this machine.
pub fn forbid(command: &mut Command) -> io::Result<()> {
    if ARCHITECTURE == 0 {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let filter = filter();
    let length = u16::try_from(filter.len()).map_err(io::Error::other)?;
    let set = move || -> io::Result<()> {
        let program = libc::sock_fprog { len: length, filter: filter.as_ptr().cast_mut() };
        // SAFETY: the kernel copies the filter, which is there until the call is over.
        let done = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
        Errno::result(done).map(drop).map_err(io::Error::from)
    };
    // SAFETY: between fork and exec it makes nothing but a system call: it takes no lock and no memory, and frees none.
    unsafe { command.pre_exec(set) };
    Ok(())
}

/// The filter: calls of other architectures and what removes fail, all else is as it is.
fn filter() -> Vec<libc::sock_filter> {
    let refuse = libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs();
    let load = |from| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, from);
    let end = |with| step(libc::BPF_RET | libc::BPF_K, 0, 0, with);
    let mut filter = vec![
        load(OF),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, 0, ARCHITECTURE),
        end(refuse),
        load(NUMBER),
        step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, OTHERS),
        end(refuse),
    ];
    for number in REMOVING {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        filter.extend([step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, number), end(refuse)]);
    }
    filter.push(end(libc::SECCOMP_RET_ALLOW));
    filter
}

fn step(code: u32, so_many_if: u8, else_so_many: u8, operand: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: so_many_if, jf: else_so_many, k: operand }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn nothing_is_removed_and_all_else_works() {
        let folder = tempfile::tempdir().unwrap();
        let shell = |line: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", line]).current_dir(folder.path());
            let no_more = || Ok(rustix::thread::set_no_new_privs(true)?);
            // SAFETY: it makes nothing but a system call.
            unsafe { command.pre_exec(no_more) };
            forbid(&mut command).unwrap();
            command.status().unwrap().success()
        };
        assert!(shell("echo x > a && echo y > b && mv b a && mkdir d && mv d e && cat a"));
        for line in ["rm a", "unlink a", "rmdir e", "rm -rf e"] {
            assert!(!shell(line), "{line}");
        }
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"y\n");
        assert!(folder.path().join("e").is_dir());
    }
}
