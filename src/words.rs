//! Closed sets of words: those of logs, labels and answers.

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

    #[test]
    fn numbers_are_places_and_each_has_its_word() {
        for (place, colour) in Colour::ALL.into_iter().enumerate() {
            assert_eq!(colour as usize, place);
        }
        assert_eq!(Colour::ALL.map(Colour::as_str), ["red", "sky_blue"]);
        assert_eq!(Colour::SkyBlue.to_string(), "sky_blue");
    }
}
