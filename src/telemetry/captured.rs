//! What would be in the log, for tests.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::Dispatch;

use super::{LogFormat, subscriber};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `events` would log on this thread.
pub(crate) fn captured(format: LogFormat, directives: &str, events: impl FnOnce()) -> String {
    // While there is one subscriber alone, tracing asks that of the thread that comes to a line first, which may be a test
    // that captures nothing: then the line is switched off here, too.
    static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| {
        Dispatch::new(subscriber(LogFormat::Text, "trace", false, io::sink).unwrap())
    });
    LazyLock::force(&ANOTHER);
    let out = Captured::default();
    let writer = out.clone();
    let subscriber = subscriber(format, directives, false, move || writer.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, events);
    String::from_utf8(out.0.lock().unwrap().clone()).unwrap()
}
