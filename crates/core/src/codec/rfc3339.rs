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

    proptest! {
        #[test]
        fn agrees_with_httpdate(seconds in 0..253_402_300_799_u64) {
            // httpdate implements the calendar; its output is rearranged.
            let http = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
            let month = months.iter().position(|m| *m == &http[8..11]).unwrap() + 1;
            let text = format!("{}-{month:02}-{}T{}Z", &http[12..16], &http[5..7], &http[17..25]);
            prop_assert_eq!(Timestamp::from_rfc3339(&text), Some(Timestamp::from_unix_seconds(seconds)), "{}", text);
            let written = Timestamp::from_unix_seconds(seconds).to_rfc3339();
            prop_assert_eq!(written, text.replace('Z', ".000Z"));
        }
    }
}
