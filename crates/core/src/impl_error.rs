//! The printed form of errors.

/// Implements `Display`, `Debug` and `Error` for a type that has a `message`.
///
/// `Debug` prints the message too: a program that returns the error from `main` or unwraps it prints its `Debug`, and
/// whoever runs the program should read the problem and the next step.
macro_rules! impl_error {
    ($error:ty) => {
        impl core::fmt::Display for $error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(AsRef::<str>::as_ref(&self.message()))
            }
        }

        impl core::fmt::Debug for $error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }

        impl core::error::Error for $error {}
    };
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};

    use crate::credential::lifecycle::listing::KeyList;
    use crate::credential::lifecycle::rotation::Unexpected;
    use crate::credential::{Bearer, TokenDigest};
    use crate::url::{BaseUrl, RequestError, RequestPath};
    use crate::{ApiKey, Method};

    #[test]
    fn main_prints_readable_errors() {
        fn printed<T, E: Debug + Display>(refused: Result<T, E>) -> String {
            let error = refused.err().expect("a refusal");
            assert_eq!(format!("{error:?}"), error.to_string());
            format!("{error:#?}")
        }
        for text in [
            printed(ApiKey::parse("Bearer obviously-fake")),
            printed(BaseUrl::parse("api.attention.tech/v2")),
            printed(RequestPath::parse("/a/../b")),
            printed(Method::parse("BREW").ok_or(RequestError::Method)),
            printed(TokenDigest::from_hex("abc")),
            printed(Bearer::parse(Some("Basic x"))),
            printed(KeyList::parse("{}".to_owned())),
            printed(Err::<(), _>(Unexpected { report: "Delivered" })),
        ] {
            // A sentence, and not the name of a variant with its fields.
            assert!(text.split(' ').count() > 5 && !text.contains(['{', '}']), "{text}");
        }
    }
}
