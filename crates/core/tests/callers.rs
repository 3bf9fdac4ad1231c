//! The functions of core that the Worker uses for callers' tokens.

use attention_core::credential::{AuthorizationError, Bearer, DigestError, TokenDigest};
use proptest::prelude::*;

proptest! {
    /// A token is found at the position of its digest and nowhere else.
    #[test]
    fn a_token_is_found_by_its_digest(count in 0..6_usize, asked in 0..8_usize) {
        let digest = |index: usize| TokenDigest::of(&format!("an-obviously-fake-token-{index}"));
        let stored: Vec<TokenDigest> = (0..count).map(digest).collect();
        prop_assert_eq!(digest(asked).find_in(stored), (asked < count).then_some(asked));
    }

    #[test]
    fn an_invalid_digest_is_reported_with_its_position(digits in "[0-9a-fA-F]{64}", at in 0..64_usize, spoilt in "[g-z:/@`G ]") {
        let digest = TokenDigest::from_hex(&digits).expect("64 digits");
        prop_assert_eq!(digest.to_hex(), digits.to_ascii_lowercase());
        let bytes = digest.as_bytes().map(|byte| format!("{byte:02x}"));
        prop_assert_eq!(bytes.concat(), digest.to_hex());
        let mut text = digits;
        text.replace_range(at..=at, &spoilt);
        prop_assert_eq!(TokenDigest::from_hex(&text).err(), Some(DigestError::NotHex { position: at }));
        text.push('0');
        prop_assert_eq!(TokenDigest::from_hex(&text).err(), Some(DigestError::Length { characters: 65 }));
    }
}

#[test]
fn a_malformed_header_is_a_bad_request_but_a_missing_one_is_not() {
    let refused = |header: Option<&str>| Bearer::parse(header).err().map(|error| (error, error.is_bad_request()));
    let long = format!("Bearer {}", "a".repeat(8193));
    assert_eq!(refused(None), Some((AuthorizationError::Missing, false)));
    assert_eq!(refused(Some("Basic ZmFrZTpmYWtl")), Some((AuthorizationError::UnsupportedScheme, false)));
    assert_eq!(refused(Some("Bearer")), Some((AuthorizationError::NoToken, false)));
    assert_eq!(refused(Some("Bearer fake, Bearer fake")), Some((AuthorizationError::Multiple, true)));
    assert_eq!(refused(Some(&long)), Some((AuthorizationError::TooLong, true)));
    assert_eq!(refused(Some("Bearer fake\u{e9}")), Some((AuthorizationError::Malformed, true)));
}
