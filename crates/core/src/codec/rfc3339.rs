//! RFC 3339 dates and times in UTC, read and written without `core::fmt`.

use alloc::string::String;

use crate::codec::text::{push_decimal, whole_number};
use crate::time::{Timestamp, days_since_epoch};

impl Timestamp {
    /// Reads RFC 3339 in UTC: `2027-01-31` (midnight) or `2027-01-31T08:30:00Z`. A fraction of a second is accepted and
    /// ignored. `None` for anything else, including dates that do not exist.
    ///
    /// ```
    /// use attention_core::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_rfc3339("2024-02-29T12:00:00Z"), Some(Timestamp::from_unix_seconds(1_709_208_000)));
    /// assert_eq!(Timestamp::from_rfc3339("2023-02-29"), None);
    /// ```
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't']).map_or((text, None), |(date, time)| (date, Some(time)));
        let [year, month, day] = numbers(date, '-', &[4, 2, 2])?;
        let days = days_since_epoch(year, month, day)?;
        let seconds = match time {
            None => 0,
            Some(time) => {
                let time = time.strip_suffix(['Z', 'z'])?;
                let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
                if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                let [hour, minute, second] = numbers(time, ':', &[2, 2, 2])?;
                if hour > 23 || minute > 59 || second > 60 {
                    return None;
                }
                hour * 3600 + minute * 60 + second
            }
        };
        Some(Self::from_unix_seconds(days * 86_400 + seconds))
    }

    /// Writes RFC 3339 with milliseconds: `2024-02-29T12:00:00.000Z`. Times after the year 9999, which RFC 3339 cannot
    /// express, are capped at its end.
    ///
    /// ```
    /// use attention_core::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_unix_millis(1_709_208_000_007).to_rfc3339(), "2024-02-29T12:00:00.007Z");
    /// ```
    pub fn to_rfc3339(self) -> String {
        let millis = self.as_unix_millis().min(253_402_300_799_999);
        let (days, in_day) = (millis / 86_400_000, millis % 86_400_000);
        // The 400-year cycle of the calendar, counted from 1 March of year 0, so that the leap day is the last day of
        // its year and the lengths of the months follow a linear formula.
        let day = days + 719_468;
        let (era, in_era) = (day / 146_097, day % 146_097);
        let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
        let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * in_year + 2) / 153;
        let day_of_month = in_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (seconds, fraction) = (in_day / 1000, in_day % 1000);
        let mut text = String::with_capacity(24);
        let parts = [
            (year, 4, '-'),
            (month, 2, '-'),
            (day_of_month, 2, 'T'),
            (seconds / 3600, 2, ':'),
            (seconds / 60 % 60, 2, ':'),
            (seconds % 60, 2, '.'),
            (fraction, 3, 'Z'),
        ];
        for (number, width, end) in parts {
            let mut least = 10;
            for _ in 1..width {
                if number < least {
                    text.push('0');
                }
                least *= 10;
            }
            push_decimal(&mut text, number);
            text.push(end);
        }
        text
    }
}

/// Reads digit groups of fixed widths between separators.
fn numbers(text: &str, separator: char, widths: &[usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut read = [0; 3];
    for (place, width) in read.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != *width {
            return None;
        }
        *place = whole_number(part)?;
    }
    parts.next().is_none().then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn invalid_dates_are_rejected() {
        for text in [
            "",
            "2027",
            "2027-1-1",
            "2027-13-01",
            "2027-00-01",
            "2027-01-00",
            "2027-04-31",
            "1900-02-29",
            "1969-12-31",
            "2027-01-01T",
            "2027-01-01T24:00:00Z",
            "2027-01-01T00:00:00",
            "2027-01-01T00:00:00+01:00",
            "2027-01-01T00:00:00.Z",
            "2027-01-01-01",
            "+027-01-01",
            "2027-01-01T00:00Z",
            " 2027-01-01",
        ] {
            assert_eq!(Timestamp::from_rfc3339(text), None, "{text}");
        }
    }

    /// The date and the time of day, by the calendar of httpdate, whose output is rearranged.
    fn reference(seconds: u64) -> (String, String) {
        let http = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = months.iter().position(|m| *m == &http[8..11]).unwrap() + 1;
        (format!("{}-{month:02}-{}", &http[12..16], &http[5..7]), http[17..25].to_owned())
    }

    proptest! {
        #[test]
        fn agrees_with_httpdate(seconds in 0..253_402_300_799_u64, millis in 0..1000_u64) {
            let (date, time) = reference(seconds);
            let text = format!("{date}T{time}Z");
            prop_assert_eq!(Timestamp::from_rfc3339(&text), Some(Timestamp::from_unix_seconds(seconds)), "{}", text);
            for millis in [millis, millis % 100, millis % 10] {
                let written = Timestamp::from_unix_millis(seconds * 1000 + millis).to_rfc3339();
                prop_assert_eq!(written, format!("{date}T{time}.{millis:03}Z"));
            }
        }

        /// Times of day at the ends of the clock, and past them. A leap second is the first second of the next minute.
        #[test]
        fn reads_the_ends_of_the_clock(
            hour in select(&[0, 1, 22, 23, 24, 25, 99]),
            minute in select(&[0, 1, 58, 59, 60, 61, 99]),
            second in select(&[0, 1, 58, 59, 60, 61, 99]),
        ) {
            let exists = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..61).contains(&second);
            let midnight = Timestamp::from_rfc3339("2026-02-03").unwrap();
            let expected = midnight.saturating_add(Duration::from_secs((hour * 60 + minute) * 60 + second));
            let text = format!("2026-02-03T{hour:02}:{minute:02}:{second:02}Z");
            prop_assert_eq!(Timestamp::from_rfc3339(&text), exists.then_some(expected), "{}", text);
        }
    }

    /// The days around the end of each February and of each year: leap days, or none.
    #[test]
    fn each_year_turns_like_that_of_httpdate() {
        let mut seconds = 0;
        for year in 1970..9999_u64 {
            let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            let days = 365 + u64::from(is_leap);
            for day in [0, 57, 58, 59, 60, days - 1] {
                let at = seconds + day * 86_400;
                let (date, _) = reference(at);
                assert_eq!(Timestamp::from_unix_seconds(at).to_rfc3339()[..10], date);
                assert_eq!(Timestamp::from_rfc3339(&date), Some(Timestamp::from_unix_seconds(at)), "{date}");
            }
            seconds += days * 86_400;
        }
    }
}
