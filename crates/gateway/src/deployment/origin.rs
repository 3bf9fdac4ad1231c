//! The origin of a page, as a browser writes it (RFC 6454 §6.2).

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use attention_core::codec::ip;
use attention_core::codec::text::hex;
use attention_core::url::{BaseUrl, BaseUrlError};

/// Reads one, to the letter: what differs from what a browser sends would let nobody in. The error says what is wrong
/// and what to do.
pub(crate) fn read(text: &str) -> Result<String, &'static str> {
    if text.contains('*') {
        return Err("`*` is not a wildcard here; name each origin");
    }
    if text.eq_ignore_ascii_case("null") {
        return Err("`null` is the origin of any file and any sandboxed page, so of everybody's");
    }
    if !text.is_ascii() {
        return Err("it holds a letter that is not ASCII; write the name as browsers send it: xn--…");
    }
    let base = BaseUrl::parse(text).map_err(|error| match error {
        BaseUrlError::NotAbsolute => "it has no scheme; write https:// before it",
        BaseUrlError::UnsupportedScheme => "its scheme is not https",
        BaseUrlError::Insecure => "it is plain http, which only pages of this machine may use; write https",
        BaseUrlError::UserInfo => "it has a user name or a password; leave them out",
        BaseUrlError::InvalidHost => "its host or port is not valid",
        BaseUrlError::QueryOrFragment | BaseUrlError::Path(_) => {
            "it has more than scheme, host and port; leave that out"
        }
        _ => "it cannot be read",
    })?;
    if base.origin() != base.as_str() || text.ends_with('/') {
        return Err("it has a path, or a slash at its end; leave that out");
    }
    if base.as_str() != text {
        return Err("browsers write it in lower case and without a default port");
    }
    let address = text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(address, _)| address);
    match address.map(|address| (address, ip::v6(address))) {
        Some((address, Some(parsed))) if shortest(parsed) == address => Ok(text.to_owned()),
        Some(_) => Err("browsers write an address of IPv6 in its shortest form, such as [2001:db8::1]"),
        None => Ok(text.to_owned()),
    }
}

/// As the URL standard writes it: no leading zeros, and `::` for the first of the longest runs of zeros.
fn shortest(pieces: [u16; 8]) -> String {
    let run = |start: usize| pieces.iter().skip(start).take_while(|piece| **piece == 0).count();
    let longest = (0..pieces.len()).rev().max_by_key(|start| run(*start)).filter(|start| run(*start) > 1);
    let mut written = String::new();
    let mut index = 0;
    while let Some(piece) = pieces.get(index) {
        if longest == Some(index) {
            written.push_str("::");
            index += run(index);
            continue;
        }
        if !written.is_empty() && !written.ends_with(':') {
            written.push(':');
        }
        let digits = hex(&piece.to_be_bytes());
        let digits = digits.trim_start_matches('0');
        written.push_str(if digits.is_empty() { "0" } else { digits });
        index += 1;
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use core::net::Ipv6Addr;

    use super::*;

    #[test]
    fn what_a_browser_writes_is_one() {
        for origin in [
            "https://app.example",
            "https://app.example:8443",
            "https://xn--mnchen-3ya.example",
            "https://192.0.2.1",
            "https://[2001:db8::1]",
            "https://[2001:db8::1]:8443",
            "https://[::1]",
            "http://localhost:5173",
            "http://127.0.0.1",
            "http://[::1]:8080",
        ] {
            assert_eq!(read(origin).as_deref(), Ok(origin));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (origin, said) in [
            ("*", "`*`"),
            ("https://*.app.example", "`*`"),
            ("null", "`null`"),
            ("app.example", "no scheme"),
            ("https://app.example/", "slash at its end"),
            ("https://app.example/x", "path"),
            ("https://app.example?x", "more than"),
            ("https://app.example#x", "more than"),
            ("https://APP.example", "lower case"),
            ("HTTPS://app.example", "lower case"),
            ("https://app.example:443", "default port"),
            ("http://app.example", "plain http"),
            ("ftp://app.example", "scheme"),
            ("https://u:p@app.example", "user name"),
            ("https://m\u{fc}nchen.example", "xn--"),
            ("https://[2001:0db8::1]", "shortest form"),
            ("https://[2001:db8:0:0:0:0:0:1]", "shortest form"),
            ("https://[::ffff:192.0.2.1]", "shortest form"),
            ("https://127.1", "host or port"),
            ("https://app.example:99999", "host or port"),
            ("https://app example", "host or port"),
            ("https://<your-app>", "host or port"),
        ] {
            let fault = read(origin).unwrap_err();
            assert!(fault.contains(said), "{origin}: {fault}");
        }
    }

    proptest! {
        // The reference is the standard library's own writer, which keeps `::ffff:` apart.
        #[test]
        fn addresses_are_written_as_the_standard_has_it(
            pieces in prop::array::uniform8(prop_oneof![2 => Just(0_u16), 1 => any::<u16>()]),
        ) {
            let address = Ipv6Addr::from(pieces);
            prop_assume!(address.to_ipv4_mapped().is_none());
            prop_assert_eq!(shortest(pieces), address.to_string());
        }
    }
}
