//! The parameters of a query, as found by any of several parsers.
//!
//! Every parser splits a query at `&`. Some also split at `;`, some restart at a second `?`, and some decode the query
//! before splitting. A parameter counts if any of them finds it.

use alloc::string::String;
use alloc::vec::Vec;

/// Names of parameters with which frameworks override the request's method, in lower case with other characters as `_`:
/// Rack, Rails, Laravel, Symfony, Express, `OData` and Google's APIs have them.
const METHODS: [&str; 8] = [
    "_method",
    "__method",
    "_http_method",
    "_httpmethod",
    "http_method_override",
    "x_http_method",
    "x_http_method_override",
    "x_method_override",
];

/// The first parameter of an encoded query that is not in `named`, as written.
pub(super) fn unnamed<'q>(query: &'q str, named: &[String]) -> Option<&'q str> {
    let is_named = |name: &[u8]| named.iter().any(|own| own.as_bytes() == name);
    // A name that cannot be decoded cannot be in the list either.
    let is_named_once_decoded = |name: &str| decoded(name).is_ok_and(|name| is_named(&name));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = name_of(pair);
        if !is_named_once_decoded(name) {
            return Some(name);
        }
        let separators: [&[char]; 3] = [&[';'], &['?'], &[';', '?']];
        let mut parts =
            separators.into_iter().flat_map(|at| pair.split(at)).filter(|part| !part.is_empty()).map(name_of);
        if let Some(part) = parts.find(|part| !is_named_once_decoded(part)) {
            return Some(part);
        }
        // A `&` in a value is text, as in `Q&A`, unless a name and a `=` follow it.
        let pair_decoded = decoded(pair).unwrap_or_else(|lossy| lossy);
        let mut hidden = pair_decoded.split(|byte| matches!(byte, b'&' | b';')).skip(1).filter_map(|part| {
            let end = part.iter().position(|byte| *byte == b'=')?;
            part.get(..end)
        });
        if hidden.any(|name| !is_named(name)) {
            return Some(pair);
        }
    }
    None
}

/// The first parameter with which some framework would override the request's method, as written.
pub(crate) fn method_override(query: &str) -> Option<&str> {
    // Each of the names has the letter, which an escape may stand for; few parameters have.
    let may_name_one = |byte: u8| byte == b'%' || byte.eq_ignore_ascii_case(&b'm');
    query.split('&').filter(|pair| pair.bytes().any(may_name_one)).find(|pair| {
        let decoded = decoded(pair).unwrap_or_else(|lossy| lossy);
        decoded.split(|byte| matches!(byte, b'&' | b';' | b'?')).any(|part| {
            let name = part.split(|byte| matches!(byte, b'=' | b'[' | 0)).next().unwrap_or_default();
            let sign = |byte: &u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'_' };
            let signs: Vec<u8> = name.trim_ascii().iter().map(sign).collect();
            METHODS.iter().any(|known| known.as_bytes() == signs)
        })
    })
}

fn name_of(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default()
}

/// A part of a query, decoded as servers do (WHATWG URL §5.1). In an error, invalid escapes and invalid UTF-8 are kept
/// unchanged.
fn decoded(text: &str) -> Result<Vec<u8>, Vec<u8>> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut is_good) = (0, true);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = text.get(at..at + 2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    at += 2;
                    byte
                } else {
                    is_good = false;
                    b'%'
                }
            }
            _ => byte,
        });
    }
    if is_good && core::str::from_utf8(&out).is_ok() { Ok(out) } else { Err(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_override_is_found_in_every_spelling() {
        for query in [
            "_method=PUT",
            "page=1&_METHOD=put",
            "%5Fmethod=PUT",
            "_method%3DPUT",
            "page=1;_method=PUT",
            "page=1?_method=PUT",
            "page=1%26_method=PUT",
            "_method[]=PUT",
            "_method%00x=PUT",
            "+_method=PUT",
            ".method=PUT",
            "$method=PUT",
            "_method",
            "$httpMethod=DELETE",
            "X-HTTP-Method-Override=PUT",
            "x_http_method=PUT",
            "X-Method-Override=PUT",
        ] {
            assert!(method_override(query).is_some(), "{query}");
        }
        for query in ["", "method=1", "payment_method=card", "filter[_method]=1", "a=_method", "page=1&size=2", "%zz=1"]
        {
            assert_eq!(method_override(query), None, "{query}");
        }
    }

    #[test]
    fn text_in_values_is_not_a_parameter() {
        let named = ["page".into(), "filter[title]".into()];
        for query in ["filter%5Btitle%5D=Q4+%26+more&page=1", "filter[title]=Q%26A", "page=a=b", "page", "&&page=1&"] {
            assert_eq!(unnamed(query, &named), None, "{query}");
        }
        for (query, found) in [
            ("page=1&si%7Ae=2", "si%7Ae"),
            ("page=1;size=2", "size"),
            ("page=1?size=2", "size"),
            ("?page=1", "?page"),
            ("page=1%26size%3D2", "page=1%26size%3D2"),
            ("page%00=1", "page%00"),
            ("=1", ""),
            ("%ff=1", "%ff"),
        ] {
            assert_eq!(unnamed(query, &named), Some(found), "{query}");
        }
    }
}
