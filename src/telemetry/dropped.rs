//! Telling in the log itself that lines of it are missing.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use tracing_appender::non_blocking::ErrorCounter;

use super::LogLimiter;

/// Who writes the log; each time that it has caught up it tells how many lines were dropped meanwhile.
///
/// It is flushed when no line is left that waits, so that there is room for one that tells; and nobody but
/// the thread that writes is here, so that nobody waits.
pub(super) struct Telling<W> {
    out: W,
    count: Count,
    tell: fn(u64),
    told: u64,
    limiter: LogLimiter,
}

/// Where the number of dropped lines comes from, as soon as there is something that counts them.
#[derive(Clone, Default)]
pub(super) struct Count(Arc<OnceLock<ErrorCounter>>);

impl Count {
    /// Takes the number from here; the first one counts.
    pub(super) fn from(&self, counter: ErrorCounter) {
        let _ = self.0.set(counter);
    }

    fn get(&self) -> u64 {
        let lines = self.0.get().map_or(0, ErrorCounter::dropped_lines);
        u64::try_from(lines).unwrap_or(u64::MAX)
    }
}

impl<W> Telling<W> {
    /// Writes to `out`, and says through `tell` how many lines were dropped since it said so last.
    pub(super) fn over(out: W, tell: fn(u64)) -> (Telling<W>, Count) {
        let count = Count::default();
        (Telling { out, count: count.clone(), tell, told: 0, limiter: LogLimiter::new() }, count)
    }
}

impl<W: Write> Write for Telling<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.out.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        let dropped = self.count.get();
        // A flood that goes on need not be made longer.
        if dropped > self.told && self.limiter.is_due() {
            (self.tell)(dropped - self.told);
            self.told = dropped;
        }
        self.out.flush()
    }
}

/// Logs that lines are missing.
pub(super) fn log(lines: u64) {
    tracing::warn!(lines, "Lines of the log were dropped: they came faster than stderr took them");
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{self, Receiver};

    use tracing_appender::non_blocking::NonBlockingBuilder;

    use super::*;

    /// Takes its first line only when it is told to.
    struct Stuck(Option<Receiver<()>>);

    impl Write for Stuck {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            if let Some(go_on) = self.0.take() {
                let _ = go_on.recv();
            }
            Ok(line.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    static TOLD: Mutex<Vec<u64>> = Mutex::new(Vec::new());

    #[test]
    fn how_many_lines_were_dropped_is_told_once_when_the_writer_has_caught_up() {
        let (go_on, stuck) = mpsc::channel();
        let (telling, count) =
            Telling::over(Stuck(Some(stuck)), |lines| TOLD.lock().unwrap().push(lines));
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(4);
        let (mut writer, guard) = builder.finish(telling);
        let dropped = writer.error_counter();
        count.from(dropped.clone());
        for _ in 0..100 {
            writer.write_all(b"x\n").unwrap();
        }
        assert!(dropped.dropped_lines() >= 95, "{}", dropped.dropped_lines());
        assert!(TOLD.lock().unwrap().is_empty(), "it has not caught up");
        go_on.send(()).unwrap();
        // It ends when all is written and flushed.
        drop(guard);
        assert_eq!(*TOLD.lock().unwrap(), [dropped.dropped_lines() as u64]);
    }
}
