//! What spawners are called where those of Tasks and those of Sessions share one room: a namespace has one share for both.

use std::borrow::Cow;

use crate::engine::kelos::Shape;

/// What a spawner is called there. No name of an object has a slash: the API server takes none, and
/// files with one are refused.
pub(super) fn seat_name(makes: Shape, name: &str) -> Cow<'_, str> {
    match makes {
        Shape::Task => name.into(),
        Shape::Session => [makes.spawner_plural(), "/", name].concat().into(),
    }
}

/// What is made by the spawner that is called so, and its name.
pub(super) fn of_seat(seat_name: &str) -> (Shape, &str) {
    match seat_name.split_once('/') {
        Some((_, name)) => (Shape::Session, name),
        None => (Shape::Task, seat_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_so_is_found_again() {
        for makes in Shape::ALL {
            assert_eq!(of_seat(&seat_name(makes, "worker.v2")), (makes, "worker.v2"));
        }
    }
}
