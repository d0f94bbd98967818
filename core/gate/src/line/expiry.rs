use std::fmt;

/// When a key stops counting: the value of `expiry-time`, `YYYYMMDD[HHMM[SS]]` in the system's time zone, or with `Z` behind it
/// in UTC (sshd(8)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    civil: Civil,
    is_utc: bool,
}

/// A day of the calendar and a time of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Civil {
    pub year: i32,
    pub month: i32,
    pub day: i32,
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
}

impl Expiry {
    /// Reads it; `None` where it is no time.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.to_ascii_uppercase();
        let digits = upper.strip_suffix("UTC").or_else(|| upper.strip_suffix('Z'));
        let (digits, is_utc) = (digits.unwrap_or(&upper), digits.is_some());
        if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let part = |from: usize, length: usize| match digits.get(from..from + length) {
            Some(part) => part.parse::<i32>().ok(),
            None => Some(0),
        };
        let civil = Civil {
            year: part(0, 4)?,
            month: part(4, 2)?,
            day: part(6, 2)?,
            hour: part(8, 2)?,
            minute: part(10, 2)?,
            second: part(12, 2)?,
        };
        let days = match civil.month {
            2 if civil.year % 4 == 0 && (civil.year % 100 != 0 || civil.year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let is_time = (1..=days).contains(&civil.day) && civil.hour < 24 && civil.minute < 60 && civil.second < 60;
        (is_time && civil.year >= 1970).then_some(Self { civil, is_utc })
    }

    /// In seconds since 1970. `local` knows the system's time zone.
    pub fn seconds(&self, local: impl FnOnce(Civil) -> Option<i64>) -> Option<i64> {
        if self.is_utc { Some(utc(self.civil)) } else { local(self.civil) }
    }
}

/// Days are counted from a March on, so that a leap day is a year's last.
fn utc(civil: Civil) -> i64 {
    let Civil { year, month, day, hour, minute, second } = civil;
    let shifted = i64::from(if month > 2 { year } else { year - 1 });
    let since_march = i64::from((month + 9) % 12);
    let days =
        shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (153 * since_march + 2) / 5 + i64::from(day - 1)
            - 719_468;
    days * 86_400 + i64::from(hour * 3600 + minute * 60 + second)
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = self.civil;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")?;
        f.write_str(if self.is_utc { " UTC" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_sshd_reads_them() {
        for (text, seconds) in [
            ("19700101Z", 0),
            ("20000229Z", 951_782_400),
            ("20261126180735Z", 1_795_716_455),
            ("202611261807z", 1_795_716_420),
            ("21000301UTC", 4_107_542_400),
            ("19991231235959Z", 946_684_799),
        ] {
            let expiry = Expiry::parse(text).unwrap();
            assert_eq!(expiry.seconds(|_| None), Some(seconds), "{text}");
        }
        let local = Expiry::parse("20300102").unwrap();
        assert_eq!(local.seconds(|civil| Some(i64::from(civil.day))), Some(2));
        assert_eq!(local.to_string(), "2030-01-02 00:00:00");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2030",
            "20301301",
            "20300230",
            "20290229",
            "2030010124",
            "203001012460",
            "2030-1-1",
            "never",
            "99999999",
            "２030010",
        ] {
            assert_eq!(Expiry::parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_does_harm(text: String) {
            let _ = Expiry::parse(&text).map(|expiry| expiry.seconds(|_| None));
        }
    }
}
