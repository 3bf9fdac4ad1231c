//! HTTP dates (RFC 9110 §5.6.7), all three forms:
//!
//! ```text
//! Sun, 06 Nov 1994 08:49:37 GMT     IMF-fixdate
//! Sunday, 06-Nov-94 08:49:37 GMT    RFC 850
//! Sun Nov  6 08:49:37 1994          asctime
//! ```
//!
//! Tested against the `httpdate` crate, which reads the same forms but needs std for a clock that wasm cannot use
//! (`docs/size.md`).

use crate::Timestamp;
use crate::codec::text::whole_number;
use crate::time::days_since_epoch;

const WEEKDAYS: &str = "MonTueWedThuFriSatSun";
/// The rest of each weekday's name after its first three letters, as RFC 850 writes it.
const WEEKDAY_ENDS: [&str; 7] = ["day", "sday", "nesday", "rsday", "day", "urday", "day"];
const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";

/// The 1st of January 1970 was a Thursday.
const EPOCH_WEEKDAY: u64 = 3;

/// Reads a date. The weekday must be correct.
///
/// ```
/// use attention_core::{Timestamp, codec::http_date};
///
/// assert_eq!(http_date::parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Timestamp::from_unix_seconds(784_111_777)));
/// assert_eq!(http_date::parse("Mon, 06 Nov 1994 08:49:37 GMT"), None);
/// ```
pub fn parse(text: &str) -> Option<Timestamp> {
    let mut rest = Rest(text);
    let weekday = rest.one_of(WEEKDAYS)?;
    let (day, month, year, seconds);
    if rest.skip(" ").is_some() {
        month = rest.one_of(MONTHS)?;
        rest.skip(" ")?;
        day = if rest.skip(" ").is_some() { rest.digits(1) } else { rest.digits(2) }?;
        rest.skip(" ")?;
        seconds = rest.time()?;
        rest.skip(" ")?;
        year = rest.digits(4)?;
    } else {
        let is_rfc850 = rest.skip(WEEKDAY_ENDS.get(weekday)?).is_some();
        let separator = if is_rfc850 { "-" } else { " " };
        rest.skip(", ")?;
        day = rest.digits(2)?;
        rest.skip(separator)?;
        month = rest.one_of(MONTHS)?;
        rest.skip(separator)?;
        year = if is_rfc850 {
            // Two-digit years are read as 1970 to 2069.
            let short = rest.digits(2)?;
            short + if short < 70 { 2000 } else { 1900 }
        } else {
            rest.digits(4)?
        };
        rest.skip(" ")?;
        seconds = rest.time()?;
        rest.skip(" GMT")?;
    }
    let days = days_since_epoch(year, month as u64 + 1, day)?;
    let is_right = rest.0.is_empty() && (days + EPOCH_WEEKDAY) % 7 == weekday as u64;
    is_right.then(|| Timestamp::from_unix_seconds(days * 86_400 + seconds))
}

/// The part that has not been read yet.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn skip(&mut self, literal: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    /// Reads the next three letters and returns their index in `names`.
    fn one_of(&mut self, names: &str) -> Option<usize> {
        let (name, rest) = self.0.split_at_checked(3)?;
        self.0 = rest;
        names.as_bytes().chunks(3).position(|known| known == name.as_bytes())
    }

    fn digits(&mut self, count: usize) -> Option<u64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        whole_number(digits)
    }

    /// `08:49:37`, as seconds.
    fn time(&mut self) -> Option<u64> {
        let hour = self.digits(2)?;
        self.skip(":")?;
        let minute = self.digits(2)?;
        self.skip(":")?;
        let second = self.digits(2)?;
        (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;
    use std::time::{Duration, UNIX_EPOCH};

    /// The result of httpdate for a text.
    fn reference(text: &str) -> Option<Timestamp> {
        let seconds = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs();
        Some(Timestamp::from_unix_seconds(seconds))
    }

    const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

    fn in_all_forms(seconds: u64) -> [String; 3] {
        let imf = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
        let (weekday, day, month, year, time) = (&imf[..3], &imf[5..7], &imf[8..11], &imf[12..16], &imf[17..25]);
        let name = NAMES.iter().find(|name| name.starts_with(weekday)).unwrap();
        let padded = format!("{:>2}", day.trim_start_matches('0'));
        [
            format!("{name}, {day}-{month}-{} {time} GMT", &year[2..]),
            format!("{weekday} {month} {padded} {time} {year}"),
            imf,
        ]
    }

    proptest! {
        #[test]
        fn reads_dates_like_httpdate(seconds in 0..253_402_300_800_u64) {
            for text in in_all_forms(seconds) {
                prop_assert_eq!(parse(&text), reference(&text), "{}", text);
            }
            let [_, asctime, imf] = in_all_forms(seconds);
            prop_assert_eq!(parse(&imf), Some(Timestamp::from_unix_seconds(seconds)));
            prop_assert_eq!(parse(&asctime), Some(Timestamp::from_unix_seconds(seconds)));
        }

        #[test]
        fn reads_every_rfc850_date_of_its_century(seconds in 0..3_155_760_000_u64) {
            prop_assert_eq!(parse(&in_all_forms(seconds)[0]), Some(Timestamp::from_unix_seconds(seconds)));
        }

        /// Times of day at the ends of the clock, and past them.
        #[test]
        fn reads_the_ends_of_the_clock_like_httpdate(
            seconds in 0..253_402_300_800_u64,
            hour in select(&[0, 1, 22, 23, 24, 25, 99]),
            minute in select(&[0, 1, 58, 59, 60, 61, 99]),
            second in select(&[0, 1, 58, 59, 60, 61, 99]),
        ) {
            for text in in_all_forms(seconds) {
                let at = text.find(':').unwrap() - 2;
                let time = format!("{hour:02}:{minute:02}:{second:02}");
                let text = format!("{}{time}{}", &text[..at], &text[at + time.len()..]);
                prop_assert_eq!(parse(&text), reference(&text), "{}", text);
            }
        }

        /// HTTP dates with one or two bytes replaced.
        #[test]
        fn rejects_the_same_dates_as_httpdate(
            seconds in 0..253_402_300_800_u64,
            form in 0..3_usize,
            changes in proptest::collection::vec((0..40_usize, "[ -~\u{e9}]"), 1..3),
        ) {
            let mut text: Vec<String> = in_all_forms(seconds)[form].chars().map(String::from).collect();
            for (at, change) in changes {
                let length = text.len();
                text[at % length] = change;
            }
            let text = text.concat();
            // Between the date and the time of an RFC 850 date, httpdate accepts any character in place of the space.
            if text.split_once(", ").is_none_or(|(_, date)| date.as_bytes().get(9) == Some(&b' ')) {
                prop_assert_eq!(parse(text.trim()), reference(&text), "{}", text);
            }
        }

        #[test]
        fn agrees_with_httpdate_on_near_dates(
            text in "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(day|sday|nesday|rsday|urday)?,? (Jan|Feb|0[0-9]|[123][0-9]| [1-9])[ -](Feb|Mar|29|30|31|00)[ -]([0-9]{2}|19[67][0-9]|20[0-9]{2}) ?[0-2][0-9]:[0-6][0-9]:[0-6][0-9] (GMT|UTC|1999|2000)"
        ) {
            prop_assert_eq!(parse(&text), reference(&text), "{}", text);
        }
    }
}
