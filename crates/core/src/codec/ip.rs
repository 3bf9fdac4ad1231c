//! Whether a text is an IP address, read as `core::net` reads it (tested against
//! it), which brings its own parser, three times as large (`docs/size.md`).

use crate::codec::text::{find, hex_digit, split, split_once, whole_number};

/// The bytes of an IPv4 address in dotted decimal, without leading zeros.
pub(crate) fn v4(text: &str) -> Option<[u8; 4]> {
    let mut address = [0; 4];
    let mut parts = split(text, b'.');
    for byte in &mut address {
        let part = parts.next().filter(|part| part.len() == 1 || !part.starts_with('0'))?;
        *byte = u8::try_from(whole_number(part)?).ok()?;
    }
    parts.next().is_none().then_some(address)
}

/// Whether this is an IPv6 address (RFC 4291 §2.2): eight groups, or fewer with
/// one `::`, which stands for at least one.
pub(crate) fn is_v6(text: &str) -> bool {
    let is_valid = || {
        Some(match find(text, "::") {
            None => groups(text, true)? == 8,
            Some(at) => groups(text.get(..at)?, false)? + groups(text.get(at + 2..)?, true)? < 8,
        })
    };
    is_valid().unwrap_or_default()
}

/// How many groups these are; an IPv4 address at the end counts for two.
fn groups(text: &str, may_end_in_v4: bool) -> Option<usize> {
    let mut count = 0;
    let mut rest = Some(text).filter(|text| !text.is_empty());
    while let Some(text) = rest {
        let (group, more) = split_once(text, b':').map_or((text, None), |(group, more)| (group, Some(more)));
        rest = more;
        count += if (1..=4).contains(&group.len()) && group.bytes().all(|b| hex_digit(b).is_some()) {
            1
        } else if may_end_in_v4 && rest.is_none() && v4(group).is_some() {
            2
        } else {
            return None;
        };
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_ipv4_as_core_does(text in "([0-9]{1,3}\\.){3}[0-9]{1,3}|[0-9.]{0,16}|([0-9]{0,4}\\.?){0,5}") {
            prop_assert_eq!(v4(&text), text.parse::<Ipv4Addr>().ok().map(|address| address.octets()), "{}", text);
        }

        #[test]
        fn reads_ipv6_as_core_does(
            text in "([0-9a-fA-F]{1,4}:){0,8}(:?[0-9a-fA-F]{1,4}){0,8}(:?[0-9]{1,3}\\.[0-9]\\.[0-9]\\.[0-9]{1,3})?|[0-9a-g:.]{0,20}|(1:){0,8}:?(:1){0,8}(:1\\.2\\.3\\.4)?"
        ) {
            prop_assert_eq!(is_v6(&text), text.parse::<Ipv6Addr>().is_ok(), "{}", text);
        }

        #[test]
        fn knows_every_ipv6_address(address: [u16; 8]) {
            prop_assert!(is_v6(&Ipv6Addr::from(address).to_string()));
        }
    }
}
