//! The times in a token (RFC 7519 §2): seconds since 1970, as any JSON number.
//!
//! Stored in whole microseconds instead of a double. Code that parses doubles is larger than the rest of this module,
//! and at today's dates a double is not more precise in any way that matters.

use attention_core::Timestamp;

const MICROS: u64 = 1_000_000;

/// A point in time, capped at half a million years.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NumericDate {
    is_negative: bool,
    micros: u64,
    /// Whether there is a fraction beyond the microseconds.
    has_rest: bool,
}

impl NumericDate {
    /// The number in the raw text of a JSON value; `None` for other values.
    pub(super) fn of(value: &str) -> Option<Self> {
        let (is_negative, number) = value.strip_prefix('-').map_or((false, value), |number| (true, number));
        number.starts_with(|first: char| first.is_ascii_digit()).then_some(())?;
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // The number of digits that matter: those of the seconds and six more.
        let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
        let mut left = saturating_integer(exponent).saturating_add(length(whole)).saturating_add(6);
        let (mut micros, mut has_rest) = (0, false);
        for digit in whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0') {
            if left > 0 {
                micros = times_plus(micros, 10, digit.into());
            } else {
                has_rest |= digit != 0;
            }
            left = left.saturating_sub(1);
        }
        while left > 0 && micros != 0 && micros != u64::MAX {
            micros = times_plus(micros, 10, 0);
            left -= 1;
        }
        Some(Self { is_negative, micros, has_rest })
    }

    /// Whether it is later than this second, even if only by a fraction.
    pub(super) fn is_after(self, second: u64) -> bool {
        let (second, at) = (times_plus(second, MICROS, 0), self.micros);
        !self.is_negative && (at > second || (at == second && self.has_rest))
    }

    /// This many seconds later, in whole milliseconds: the first millisecond in which [`is_past`](Self::is_past) holds.
    pub(super) fn after(self, seconds: u64) -> Timestamp {
        let micros = if self.is_negative { 0 } else { self.micros.saturating_add(times_plus(seconds, MICROS, 0)) };
        Timestamp::from_unix_millis(micros.div_ceil(1_000))
    }

    /// Whether it plus the leeway has passed in this second. A fraction of a microsecond does not extend it.
    pub(super) fn is_past(self, leeway_seconds: u64, second: u64) -> bool {
        let leeway = times_plus(leeway_seconds, MICROS, 0);
        self.is_negative || self.micros.saturating_add(leeway) <= times_plus(second, MICROS, 0)
    }
}

/// `number * factor + more`, capped at the largest `u64`. The standard library detects the overflow with a 128-bit
/// multiplication, for which wasm has no instructions.
const fn times_plus(number: u64, factor: u64, more: u64) -> u64 {
    if number > (u64::MAX - more) / factor { u64::MAX } else { number * factor + more }
}

/// An exponent. One that does not fit is larger than any number of digits could compensate.
fn saturating_integer(text: &str) -> i64 {
    let (is_negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    // Longer texts occur only in tokens that are too long to be read.
    let size =
        digits.bytes().fold(
            0,
            |size: i64, digit| {
                if size > i64::from(i32::MAX) { size } else { size * 10 + i64::from(digit - b'0') }
            },
        );
    if is_negative { -size } else { size }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> NumericDate {
        NumericDate::of(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn every_spelling_of_a_number_has_the_same_value() {
        for text in ["1700000000", "1.7e9", "17E+8", "1700000000.000", "1.7000000000e9", "17000000000000e-4"] {
            let date = date(text);
            assert!(date.is_after(1_699_999_999) && !date.is_after(1_700_000_000), "{text}");
            assert!(date.is_past(0, 1_700_000_000) && !date.is_past(0, 1_699_999_999), "{text}");
            assert!(date.is_past(30, 1_700_000_030) && !date.is_past(30, 1_700_000_029), "{text}");
        }
    }

    #[test]
    fn times_beyond_the_range_are_capped() {
        for text in ["-1", "-0.5", "-1e999", "-0", "-0.0"] {
            assert!(date(text).is_past(300, 0) && !date(text).is_after(0), "{text}");
        }
        for text in ["1e999", "1e99999999999999999999", "18446744073709551616", "1e19", "184467440737095.6e9"] {
            assert!(!date(text).is_past(300, 1 << 40) && date(text).is_after(1 << 40), "{text}");
        }
        for text in ["0", "0e99999999999999999999", "0.0e-5", "0e999"] {
            assert!(date(text).is_past(0, 0) && !date(text).is_past(1, 0) && !date(text).is_after(0), "{text}");
        }
        // Later than the second, but not by enough to extend its validity.
        for text in ["1e-999", "1e-99999999999999999999", "0.0000009", "9e-7"] {
            assert!(date(text).is_past(0, 0) && date(text).is_after(0), "{text}");
        }
        assert!(!date("0.000001").is_past(0, 0));
    }

    #[test]
    fn only_numbers_are_times() {
        for text in ["\"1700000000\"", "null", "true", "[1700000000]", "{}", "", "-"] {
            assert_eq!(NumericDate::of(text), None, "{text}");
        }
    }

    /// Numbers in all spellings, many of them near second 1,700,000,000.
    fn numbers() -> impl Strategy<Value = String> {
        prop_oneof![
            "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?",
            "(1699999999|1700000000|1700000001)(\\.[09]{0,12}[0-9])?",
            "1\\.(699999999|700000000|700000001)[0-9]{0,9}[eE]\\+?9",
        ]
    }

    proptest! {
        // The reference is JavaScript's behaviour: doubles.
        #[test]
        fn agrees_with_doubles_and_is_never_more_lenient(text in numbers(), leeway in 0_u32..=300) {
            const SECOND: u32 = 1_700_000_000;
            let double: f64 = text.parse().unwrap();
            let date = date(&text);
            let (late, past) = (f64::from(SECOND + leeway), f64::from(SECOND - leeway));
            let is_early = date.is_after(u64::from(SECOND + leeway));
            let is_over = date.is_past(leeway.into(), SECOND.into());
            prop_assert!(is_early || double <= late, "{text}");
            prop_assert!(is_over || double > past, "{text}");
            if (double - late).abs() > 1e-6 {
                prop_assert_eq!(is_early, double > late, "{}", &text);
            }
            if (double - past).abs() > 2e-6 {
                prop_assert_eq!(is_over, double <= past, "{}", text);
            }
        }
    }
}
