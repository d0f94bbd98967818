//! The system's time zone, which std does not know.

use nix::libc;

/// Seconds since 1970 of a day and a time of the system's time zone: year, month from 1, day from 1, hour, minute, second. `None`
/// for what cannot be told in them.
#[must_use]
pub fn local_seconds([year, month, day, hour, minute, second]: [i32; 6]) -> Option<i64> {
    // SAFETY: a tm is numbers and a pointer that mktime does not read; all of them may be zero.
    let mut time: libc::tm = unsafe { std::mem::zeroed() };
    time.tm_year = year.checked_sub(1900)?;
    time.tm_mon = month.checked_sub(1)?;
    (time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec) = (day, hour, minute, second);
    // Whether summer time counts is for the zone to say.
    time.tm_isdst = -1;
    // SAFETY: it is our own, and whole. glibc takes its lock while it reads the zone.
    let seconds = unsafe { libc::mktime(&raw mut time) };
    (seconds != -1).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_hours() {
        let noon = local_seconds([2030, 1, 15, 12, 0, 0]).unwrap();
        let later = local_seconds([2030, 1, 15, 13, 0, 1]).unwrap();
        assert_eq!(later - noon, 3601);
        // No zone is further from UTC than 14 hours.
        assert!((noon - 1_894_708_800).abs() <= 14 * 3600);
    }
}
