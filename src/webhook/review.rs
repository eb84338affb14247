//! AdmissionReview `admission.k8s.io/v1`: bytes → request, answer → bytes.
//!
//! This is the only place where something that went wrong becomes text on the wire. Only the fields
//! that are needed are read, and the Task's spec is never built into a tree.

mod answer;
mod plain_json;
mod spawner_review;
mod uid;
mod user;
mod warning;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use self::answer::{allow, allow_with_warning, audited, decided};
pub(super) use self::answer::{unchecked, warned};
pub(super) use self::spawner_review::SpawnerReview;
pub(super) use self::warning::shorten_middle;
use crate::engine::kelos::{Excess, GROUP, Session, Shape, Str, Task};
use crate::engine::variables::User;

/// A request for admission of a Task or Session, as far as it matters here.
#[derive(Debug)]
pub struct Request<'a> {
    /// What the answer must repeat.
    pub uid: Str<'a>,
    /// What it was sent to be: that it is so is another matter.
    shape: Shape,
    resource: Resource<'a>,
    sub_resource: Str<'a>,
    operation: Str<'a>,
    /// The namespace that the object is to be made in.
    pub namespace: Str<'a>,
    /// Read only where somebody asks for it.
    user_info: Option<&'a RawValue>,
    object: Option<Task<'a>>,
}

/// A request as it is read, with an object of one of the shapes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound = "'de: 'a, O: Deserialize<'de>")]
struct ReadRequest<'a, O> {
    #[serde(borrow)]
    uid: Str<'a>,
    #[serde(borrow, default)]
    resource: Resource<'a>,
    #[serde(borrow, default)]
    sub_resource: Str<'a>,
    #[serde(borrow, default)]
    operation: Str<'a>,
    #[serde(borrow, default)]
    namespace: Str<'a>,
    #[serde(borrow, default)]
    user_info: Option<&'a RawValue>,
    #[serde(default = "Option::default")]
    object: Option<O>,
}

impl<'a, O: Into<Task<'a>>> ReadRequest<'a, O> {
    fn sent_as(self, shape: Shape) -> Request<'a> {
        let ReadRequest { uid, resource, sub_resource, operation, namespace, user_info, object } =
            self;
        let object = object.map(Into::into);
        Request { uid, shape, resource, sub_resource, operation, namespace, user_info, object }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    group: Str<'a>,
    #[serde(borrow, default)]
    resource: Str<'a>,
}

#[derive(Deserialize)]
#[serde(bound = "'de: 'a, R: Deserialize<'de>")]
struct Review<'a, R> {
    #[serde(borrow, default)]
    kind: Str<'a>,
    request: R,
}

self_cell::self_cell!(
    /// The body of an AdmissionReview with the request that was read from it: read once, wherever it
    /// is taken from then on.
    pub struct ParsedReview {
        owner: Bytes,
        #[covariant]
        dependent: Request,
    }

    impl {Debug}
);

impl ParsedReview {
    /// Reads the body of an AdmissionReview of something of this shape.
    ///
    /// # Errors
    ///
    /// As [`Request::parse`].
    pub fn parse(shape: Shape, body: Bytes) -> Result<ParsedReview, Unreadable> {
        ParsedReview::try_new(body, |body| Request::parse(shape, body))
    }

    /// The request.
    pub fn request(&self) -> &Request<'_> {
        self.borrow_dependent()
    }

    /// How many bytes the body has.
    pub fn len(&self) -> usize {
        self.borrow_owner().len()
    }

    /// Whether there is no body; then there is no request either.
    pub fn is_empty(&self) -> bool {
        self.borrow_owner().is_empty()
    }
}

/// Why a body is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It has a uid, so it can be answered: the object is allowed as it is.
    Answerable {
        /// The uid.
        uid: String,
        /// What is wrong, without anything of the body.
        message: String,
    },
    /// It has no uid, so no answer would be taken.
    NoUid {
        /// What is wrong, without anything of the body.
        message: String,
    },
}

impl<'a> Request<'a> {
    /// Reads the body of an AdmissionReview of something of this shape.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], with the uid wherever one can be found, even in broken JSON.
    pub fn parse(shape: Shape, body: &'a [u8]) -> Result<Request<'a>, Unreadable> {
        Ok(match shape {
            Shape::Task => {
                read(body, "a Task", |it: &ReadRequest<'a, Task<'a>>| &it.uid)?.sent_as(shape)
            }
            Shape::Session => {
                read(body, "a Session", |it: &ReadRequest<'a, Session<'a>>| &it.uid)?.sent_as(shape)
            }
        })
    }

    /// The Task or Session that is to be made: of any version of Kelos's group, and not a subresource of it.
    pub fn new_task(&self) -> Option<&Task<'a>> {
        let is_creation = &*self.operation == "CREATE"
            && &*self.resource.group == GROUP
            && &*self.resource.resource == self.shape.plural()
            && self.sub_resource.is_empty();
        self.object.as_ref().filter(|_| is_creation)
    }

    /// What is to be made, if it is not of the shape that it was sent to be.
    pub fn sent_elsewhere(&self) -> Option<Shape> {
        let is_of_kelos = &*self.operation == "CREATE" && &*self.resource.group == GROUP;
        let is = |shape: &Shape| *shape != self.shape && shape.plural() == &*self.resource.resource;
        Shape::ALL.into_iter().find(|shape| is_of_kelos && is(shape))
    }

    /// Who makes the request; nobody, if that can't be read.
    ///
    /// # Errors
    ///
    /// [`Excess`], if the user is in more groups than can be.
    pub fn user(&self) -> Result<Option<User>, Excess> {
        self.user_info.map_or(Ok(Some(User::default())), |info| user::read(info.get()))
    }

    /// How many bytes of JSON say who makes the request.
    pub fn user_bytes(&self) -> usize {
        self.user_info.map_or(0, |info| info.get().len())
    }

    /// The bytes that it takes beside the body that it was read from, or somewhat more.
    pub fn heap_bytes(&self) -> usize {
        let Resource { group, resource } = &self.resource;
        let texts =
            [&self.uid, group, resource, &self.sub_resource, &self.operation, &self.namespace];
        texts.map(Str::heap_bytes).iter().sum::<usize>()
            + self.object.as_ref().map_or(0, Task::heap_bytes)
    }
}

/// Reads the request of an AdmissionReview that is about `what`.
fn read<'a, R: Deserialize<'a>>(
    body: &'a [u8],
    what: &str,
    uid: impl FnOnce(&R) -> &str,
) -> Result<R, Unreadable> {
    // Checked once as a whole, which is faster than text by text.
    let message = match simdutf8::basic::from_utf8(body).map(read_json::<Review<'a, R>>) {
        Ok(Ok(Review { kind, request })) => match uid(&request).len() {
            0 => "the request has no uid".to_owned(),
            uid::TOO_MANY_BYTES.. => {
                "the uid of the request is longer than any that an API server makes".to_owned()
            }
            _ if kind.is_empty() || &*kind == "AdmissionReview" => return Ok(request),
            _ => "the body is no AdmissionReview: send `kind: AdmissionReview`".to_owned(),
        },
        Ok(Err(error)) => describe(&error, body, what),
        Err(_) => "the body is no JSON: it is not UTF-8".to_owned(),
    };
    Err(match uid::find(body) {
        Some(uid) => Unreadable::Answerable { uid, message },
        None => Unreadable::NoUid { message },
    })
}

/// Reads JSON: as an API server writes it, or else as serde_json does, which says what is wrong.
fn read_json<'a, T: Deserialize<'a>>(json: &'a str) -> serde_json::Result<T> {
    plain_json::read(json).map_or_else(|| serde_json::from_str(json), Ok)
}

/// What is wrong with a body, in words that hold nothing of it.
fn describe(error: &serde_json::Error, body: &[u8], what: &str) -> String {
    if body.iter().all(u8::is_ascii_whitespace) {
        return "the body is empty: send an AdmissionReview as JSON".to_owned();
    }
    let wrong = match error.classify() {
        serde_json::error::Category::Eof => "the JSON ends too early".to_owned(),
        serde_json::error::Category::Syntax => "the body is no JSON".to_owned(),
        _ => format!("the body is no AdmissionReview of {what} with the usual types"),
    };
    format!("{wrong} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_no_utf_8_is_answered_for_its_uid() {
        let mut body =
            br#"{"request": {"uid": "1", "object": {"spec": {"prompt": "a?b"}}}}"#.to_vec();
        assert!(Request::parse(Shape::Task, &body).is_ok());
        let at = body.iter().position(|b| *b == b'?').unwrap();
        body[at] = 0xff;
        let uid = match Request::parse(Shape::Task, &body) {
            Err(Unreadable::Answerable { uid, .. }) => uid,
            other => panic!("{other:?}"),
        };
        assert_eq!(uid, "1");
    }
}
