//! IP addresses, read as `core::net` reads them and tested against it. The parser of `core::net` is three times as
//! large (`docs/size.md`).

use crate::codec::text::{find, hex_digit, split, split_once, whole_number};

/// The bytes of an IPv4 address in dotted decimal, without leading zeros.
pub fn v4(text: &str) -> Option<[u8; 4]> {
    let mut address = [0; 4];
    let mut parts = split(text, b'.');
    for byte in &mut address {
        let part = parts.next().filter(|part| part.len() == 1 || !part.starts_with('0'))?;
        *byte = u8::try_from(whole_number(part)?).ok()?;
    }
    parts.next().is_none().then_some(address)
}

/// The groups of an IPv6 address (RFC 4291 §2.2): eight, or fewer with one `::`, which replaces at least one.
pub fn v6(text: &str) -> Option<[u16; 8]> {
    let Some(at) = find(text, "::") else {
        let groups = Groups::read(text, true)?;
        return (groups.count == 8).then_some(groups.all);
    };
    let mut address = Groups::read(text.get(..at)?, false)?;
    let after = Groups::read(text.get(at + 2..)?, true)?;
    let zeros = 8_usize.checked_sub(address.count + after.count).filter(|zeros| *zeros > 0)?;
    address.count += zeros;
    for group in after.all.iter().take(after.count) {
        address.push(*group)?;
    }
    Some(address.all)
}

/// Up to eight groups of 16 bits.
#[derive(Default)]
struct Groups {
    all: [u16; 8],
    count: usize,
}

impl Groups {
    /// An IPv4 address at the end counts as two groups.
    fn read(text: &str, may_end_in_v4: bool) -> Option<Self> {
        let mut groups = Self::default();
        let mut rest = Some(text).filter(|text| !text.is_empty());
        while let Some(text) = rest {
            let (group, more) = split_once(text, b':').map_or((text, None), |(group, more)| (group, Some(more)));
            rest = more;
            if let Some(number) = hex_number(group) {
                groups.push(number)?;
            } else if may_end_in_v4 && rest.is_none() {
                let [a, b, c, d] = v4(group)?;
                groups.push(u16::from_be_bytes([a, b]))?;
                groups.push(u16::from_be_bytes([c, d]))?;
            } else {
                return None;
            }
        }
        Some(groups)
    }

    fn push(&mut self, group: u16) -> Option<()> {
        *self.all.get_mut(self.count)? = group;
        self.count += 1;
        Some(())
    }
}

/// Reads one to four hex digits.
fn hex_number(digits: &str) -> Option<u16> {
    if !(1..=4).contains(&digits.len()) {
        return None;
    }
    digits.bytes().try_fold(0, |number, digit| Some(number * 16 + u16::from(hex_digit(digit)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    proptest! {
        #[test]
        fn reads_ipv4_like_core(text in "([0-9]{1,3}\\.){3}[0-9]{1,3}|[0-9.]{0,16}|([0-9]{0,4}\\.?){0,5}") {
            prop_assert_eq!(v4(&text), text.parse::<Ipv4Addr>().ok().map(|address| address.octets()), "{}", text);
        }

        #[test]
        fn reads_ipv6_like_core(
            text in "([0-9a-fA-F]{1,4}:){0,8}(:?[0-9a-fA-F]{1,4}){0,8}(:?[0-9]{1,3}\\.[0-9]\\.[0-9]\\.[0-9]{1,3})?|[0-9a-g:.]{0,20}|(1:){0,8}:?(:1){0,8}(:1\\.2\\.3\\.4)?"
        ) {
            prop_assert_eq!(v6(&text), text.parse::<Ipv6Addr>().ok().map(|address| address.segments()), "{}", text);
        }

        /// An IPv4 address in any place of an IPv6 address, with or without a gap before it or behind it.
        #[test]
        fn reads_ipv4_inside_ipv6_like_core(
            before in vec("[1f]{1,4}", 0..7),
            after in vec("[1f]{1,4}", 0..7),
            gaps in select(&[("", ""), ("", ""), (":", ""), ("", ":")]),
        ) {
            let address = vec![[gaps.0, "1.2.3.4", gaps.1].concat()];
            let text = [before, address, after].concat().join(":");
            prop_assert_eq!(v6(&text), text.parse::<Ipv6Addr>().ok().map(|address| address.segments()), "{}", text);
        }

        #[test]
        fn reads_every_ipv6_address(address: [u16; 8]) {
            prop_assert_eq!(v6(&Ipv6Addr::from(address).to_string()), Some(address));
        }
    }
}
