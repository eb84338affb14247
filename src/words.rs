//! Closed sets of words: those of logs, labels, settings and answers.

use std::fmt;

use thiserror::Error;

/// A word that is none of a set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{word}` is {}", Choice(.known))]
pub struct UnknownWord {
    /// What was given.
    pub word: String,
    /// What there is.
    pub known: &'static [&'static str],
}

/// `neither A nor B`, or `none of A, B and C`.
struct Choice<'w>(&'w [&'w str]);

impl fmt::Display for Choice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [one, other] => write!(f, "neither `{one}` nor `{other}`"),
            [all @ .., last] => write!(f, "none of `{}` and `{last}`", all.join("`, `")),
            [] => f.write_str("nothing that there is"),
        }
    }
}

/// Declares an enum whose variants are words: each stands beside its word, in the order of its
/// number, so that no list can miss one and none can be in another order.
macro_rules! words {
    (
        $(#[$about:meta])*
        $visible:vis enum $name:ident {
            $($(#[$about_one:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visible enum $name {
            $($(#[$about_one])* $variant,)+
        }

        impl $name {
            /// All of them, in the order of their numbers.
            $visible const ALL: [$name; [$($word),+].len()] = [$($name::$variant),+];

            /// Its word.
            $visible const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(text: &str) -> Result<$name, $crate::words::UnknownWord> {
                const KNOWN: &[&str] = &[$($word),+];
                let found = $name::ALL.into_iter().find(|word| word.as_str() == text);
                let unknown =
                    || $crate::words::UnknownWord { word: text.to_owned(), known: KNOWN };
                found.ok_or_else(unknown)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    words! {
        /// What it is about.
        enum Colour {
            /// As blood is.
            Red = "red",
            /// As the sky is.
            SkyBlue = "sky_blue",
        }
    }

    words! {
        /// Another one.
        enum Size {
            /// 1
            One = "one",
            /// 2
            Two = "two",
            /// 3
            Three = "three",
        }
    }

    #[test]
    fn numbers_are_places_and_each_has_its_word() {
        for (place, colour) in Colour::ALL.into_iter().enumerate() {
            assert_eq!(colour as usize, place);
        }
        assert_eq!(Colour::ALL.map(Colour::as_str), ["red", "sky_blue"]);
        assert_eq!(Colour::SkyBlue.to_string(), "sky_blue");
        assert_eq!(Size::ALL.map(Size::as_str), ["one", "two", "three"]);
    }

    #[test]
    fn a_word_is_read_and_another_one_is_told_what_there_is() {
        assert_eq!("sky_blue".parse(), Ok(Colour::SkyBlue));
        let unknown = "Red".parse::<Colour>().unwrap_err().to_string();
        assert_eq!(unknown, "`Red` is neither `red` nor `sky_blue`");
        let unknown = "".parse::<Size>().unwrap_err().to_string();
        assert_eq!(unknown, "`` is none of `one`, `two` and `three`");
    }
}
