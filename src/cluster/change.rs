//! What a reflector sends.

/// What has become of the objects.
///
/// A list comes in pages, so that nobody has to hold it whole: `Listing`, any number of `Page`s,
/// `Listed`. A list that does not come to its end is begun anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// A list begins. What it does not show is still there until it ends.
    Listing,
    /// Some of the objects that are there.
    Page(Vec<T>),
    /// The pages since [`Change::Listing`] were all: what they did not show is gone.
    Listed,
    /// This one is new, or has changed.
    One(T),
    /// This one is gone.
    Gone {
        /// Its namespace; empty if its kind has none.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Nothing is new: all that came before this is what the API server has.
    Alive,
}

impl<T> Change<T> {
    /// The changes of a list, for whoever has all objects at hand.
    pub fn all(objects: Vec<T>) -> [Change<T>; 3] {
        [Change::Listing, Change::Page(objects), Change::Listed]
    }

    /// Whether the API server has shown with it that what is known is up to date.
    pub fn is_sign_of_life(&self) -> bool {
        !matches!(self, Change::Listing | Change::Page(_))
    }

    /// The same change of what `make` makes of each object.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Change<U> {
        let mut make = make;
        match self {
            Change::Listing => Change::Listing,
            Change::Page(objects) => Change::Page(objects.into_iter().map(make).collect()),
            Change::Listed => Change::Listed,
            Change::One(object) => Change::One(make(object)),
            Change::Gone { namespace, name } => Change::Gone { namespace, name },
            Change::Alive => Change::Alive,
        }
    }
}
