//! A set that mostly has no element or one, and then takes no memory besides its own; but may have very many.

use std::collections::HashSet;
use std::hash::Hash;

use foldhash::fast::RandomState;

/// A set.
#[derive(Clone, Debug)]
pub struct SmallSet<T>(Elements<T>);

#[derive(Clone, Debug)]
#[expect(clippy::box_collection, reason = "a set of its own size would make every small set larger")]
enum Elements<T> {
    One(T),
    Others(Option<Box<HashSet<T, RandomState>>>),
}

impl<T> Default for SmallSet<T> {
    fn default() -> Self {
        Self(Elements::Others(None))
    }
}

impl<T: Eq + Hash> SmallSet<T> {
    /// A set of one element.
    pub fn of(only: T) -> Self {
        Self(Elements::One(only))
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        match &self.0 {
            Elements::One(_) => 1,
            Elements::Others(set) => set.as_ref().map_or(0, |set| set.len()),
        }
    }

    /// True when it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True when this is one of its elements.
    pub fn contains(&self, element: &T) -> bool {
        match &self.0 {
            Elements::One(only) => only == element,
            Elements::Others(set) => set.as_ref().is_some_and(|set| set.contains(element)),
        }
    }

    /// Adds an element, if it is not there yet.
    pub fn insert(&mut self, element: T) {
        self.0 = match std::mem::replace(&mut self.0, Elements::Others(None)) {
            Elements::Others(None) => Elements::One(element),
            Elements::One(only) if only == element => Elements::One(only),
            Elements::One(only) => Elements::Others(Some(Box::new([only, element].into_iter().collect()))),
            Elements::Others(Some(mut set)) => {
                set.insert(element);
                Elements::Others(Some(set))
            }
        };
    }

    /// Removes an element, if it is there.
    pub fn remove(&mut self, element: &T) {
        match &mut self.0 {
            Elements::One(only) if only == element => *self = Self::default(),
            Elements::One(_) | Elements::Others(None) => {}
            Elements::Others(Some(set)) => {
                set.remove(element);
            }
        }
    }

    /// Its elements, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let (one, others) = match &self.0 {
            Elements::One(only) => (Some(only), None),
            Elements::Others(set) => (None, set.as_deref()),
        };
        one.into_iter().chain(others.into_iter().flatten())
    }

    /// Its elements that another one does not have.
    pub fn difference<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        self.iter().filter(|element| !other.contains(element))
    }
}

impl<T: Eq + Hash> FromIterator<T> for SmallSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        elements.into_iter().fold(Self::default(), |mut set, element| {
            set.insert(element);
            set
        })
    }
}
