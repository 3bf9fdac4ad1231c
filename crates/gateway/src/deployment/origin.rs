//! A page's origin as a browser writes it (RFC 6454 §6.2).

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use attention_core::codec::ip;
use attention_core::codec::text::hex;
use attention_core::url::{BaseUrl, BaseUrlError};

/// Reads an exact origin. A spelling that differs from the browser's would never match. The error states the problem
/// and the next step.
pub(crate) fn read(text: &str) -> Result<String, &'static str> {
    if text.contains('*') {
        return Err("`*` is not a wildcard here; name each origin");
    }
    if text.eq_ignore_ascii_case("null") {
        return Err("`null` is the origin of every file and every sandboxed page, so anyone could use it");
    }
    if !text.is_ascii() {
        return Err("it contains a non-ASCII letter; write the name as browsers send it: xn--…");
    }
    let base = BaseUrl::parse(text).map_err(|error| match error {
        BaseUrlError::NotAbsolute => "it has no scheme; write https:// before it",
        BaseUrlError::UnsupportedScheme => "its scheme is not https",
        BaseUrlError::Insecure => "it is plain http, which is allowed only for pages on this machine; write https",
        BaseUrlError::UserInfo => "it has a user name or a password; remove them",
        BaseUrlError::InvalidHost => "its host or port is not valid",
        BaseUrlError::QueryOrFragment | BaseUrlError::Path(_) => {
            "it has more than scheme, host and port; remove the rest"
        }
        _ => "it cannot be read",
    })?;
    if base.origin() != base.as_str() || text.ends_with('/') {
        return Err("it has a path or a trailing slash; remove that");
    }
    if base.as_str() != text {
        return Err("browsers write it in lower case and without a default port");
    }
    let address = text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(address, _)| address);
    match address.map(|address| (address, ip::v6(address))) {
        Some((address, Some(parsed))) if shortest(parsed) == address => Ok(text.to_owned()),
        Some(_) => Err("browsers write an IPv6 address in its shortest form, such as [2001:db8::1]"),
        None => Ok(text.to_owned()),
    }
}

/// In the notation of the URL standard: no leading zeros, and `::` for the first of the longest runs of zeros.
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
    fn origins_as_browsers_write_them_are_accepted() {
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
    fn the_problem_is_named() {
        for (origin, said) in [
            ("*", "`*`"),
            ("https://*.app.example", "`*`"),
            ("null", "`null`"),
            ("app.example", "no scheme"),
            ("https://app.example/", "trailing slash"),
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
        // The reference is the standard library's formatter, which treats `::ffff:` specially.
        #[test]
        fn addresses_are_written_by_the_standard(
            pieces in prop::array::uniform8(prop_oneof![2 => Just(0_u16), 1 => any::<u16>()]),
        ) {
            let address = Ipv6Addr::from(pieces);
            prop_assume!(address.to_ipv4_mapped().is_none());
            prop_assert_eq!(shortest(pieces), address.to_string());
        }
    }
}
