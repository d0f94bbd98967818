//! This program's code in memory.

use std::ffi::c_void;
use std::ptr::from_ref;

use rustix::mm::{Advice, madvise};
use rustix::param::page_size;

unsafe extern "C" {
    /// Where this program's file begins in memory, and where its code ends (the linker's own symbols, ld(1)).
    static __executable_start: u8;
    static etext: u8;
}

/// Lets go of the code that was used so far, as far as it is in this process's memory. What is needed again comes back by itself, from
/// the file or from what other processes have of it; what is not, as all that was for the start or for a login, no longer counts
/// as ours in a call that goes on for long.
pub fn let_go() {
    let page = page_size();
    // SAFETY: only their addresses are taken.
    let (start, end) = unsafe { (from_ref(&__executable_start) as usize, from_ref(&etext) as usize) };
    let (start, end) = (start.next_multiple_of(page), end / page * page);
    if start < end {
        // SAFETY: between the two lies nothing but what was mapped from this program's file and is never written to (what is filled
        // in at the start comes behind the code), so a page that was dropped is read as it was.
        let _ = unsafe { madvise(start as *mut c_void, end - start, Advice::LinuxDontNeed) };
    }
}

#[cfg(test)]
mod tests {
    /// What was used before is there again.
    #[test]
    fn code_comes_back() {
        let words = || format!("{:?} {}", [1, 2, 3], 4.5);
        let before = words();
        super::let_go();
        assert_eq!(words(), before);
    }
}
