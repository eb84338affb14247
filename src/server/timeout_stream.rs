//! A stream that a client can't hold up: every wait for the client has an end.
//!
//! hyper has one timer, which begins with the idle time before a request. Here the deadlines of a
//! request begin with its first byte. One timer serves a connection for its whole life, and a
//! request that comes and goes without a pause touches it not at all.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;
use super::connection_state::{ConnectionState, Phase};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Request,
    Head,
    Body,
    Room,
}

impl Wait {
    fn limit(self, limits: &Limits) -> Duration {
        match self {
            Wait::Request => limits.idle,
            Wait::Head => limits.head,
            Wait::Body => limits.body,
            Wait::Room => limits.answer,
        }
    }

    fn error(self) -> io::Error {
        let what = match self {
            Wait::Request => "no request for too long",
            Wait::Head => "the head of the request took too long",
            Wait::Body => "the body of the request took too long",
            Wait::Room => "the client took too long to read",
        };
        io::Error::new(io::ErrorKind::TimedOut, what)
    }
}

/// A stream whose reads and writes fail with `TimedOut` when the client takes too long.
pub(super) struct TimeoutStream<S> {
    stream: S,
    state: Arc<ConnectionState>,
    limits: Limits,
    /// Made at the first wait; it may be set to an earlier time than is waited for.
    timer: Option<Pin<Box<Sleep>>>,
    /// Which read is waited for, and since when.
    reading: Option<(Wait, Instant)>,
    /// Since when the client takes nothing.
    writing: Option<Instant>,
    /// Whether the last read gave bytes.
    gave: bool,
}

impl<S> TimeoutStream<S> {
    pub(super) fn new(stream: S, state: Arc<ConnectionState>, limits: Limits) -> TimeoutStream<S> {
        TimeoutStream {
            stream,
            state,
            limits,
            timer: None,
            reading: None,
            writing: None,
            gave: false,
        }
    }

    /// The stream itself, whose waits have no end.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    /// Makes sure that the task is woken at the deadline, or fails when it is over.
    fn wait(&mut self, wait: Wait, since: Instant, cx: &mut Context<'_>) -> io::Result<()> {
        let deadline = since + wait.limit(&self.limits);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        // A timer that goes off too early is set again then; most never go off.
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Err(wait.error());
            }
            timer.as_mut().reset(deadline);
        }
        Ok(())
    }

    /// Waits for what the client has to send next, if it has to.
    fn wait_to_read(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let wait = match self.state.phase() {
            Phase::Idle if self.state.has_begun() => Wait::Head,
            Phase::Idle => Wait::Request,
            Phase::Body => Wait::Body,
            Phase::Answering => return Ok(()),
        };
        let since = match self.reading {
            Some((waiting, since)) if waiting == wait => since,
            _ => Instant::now(),
        };
        self.reading = Some((wait, since));
        self.wait(wait, since, cx)
    }

    /// A write found no room.
    fn wait_to_write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let since = *self.writing.get_or_insert_with(Instant::now);
        self.wait(Wait::Room, since, cx)
    }

    fn paced_write<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_pending()
            && let Err(error) = self.wait_to_write(cx)
        {
            return Poll::Ready(Err(error));
        }
        written
    }

    /// All that was written is sent.
    fn flushed(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.writing = None;
        if !self.state.sent() {
            return Ok(());
        }
        // hyper reads until there is nothing more, unless it holds the beginning of the next
        // request already.
        self.state.set_begun(self.gave);
        self.reading = None;
        // It may sleep now without another read.
        let is_armed = self.timer.as_ref().is_some_and(|timer| !timer.is_elapsed());
        if self.gave || !is_armed { self.wait_to_read(cx) } else { Ok(()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        match &read {
            Poll::Pending => {
                this.gave = false;
                if let Err(error) = this.wait_to_read(cx) {
                    return Poll::Ready(Err(error));
                }
            }
            Poll::Ready(Ok(())) if buf.filled().len() > before => {
                this.gave = true;
                this.state.set_begun(this.state.phase() == Phase::Idle);
            }
            Poll::Ready(_) => (),
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.paced_write(written, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.paced_write(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_flush(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(this.flushed(cx)),
            flushed => this.paced_write(flushed, cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let closed = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.paced_write(closed, cx)
    }
}
