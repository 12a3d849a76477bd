//! What may take long, or for ever, kept away from the threads that serve everybody: files on a share whose server is gone, sums, texts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;

/// How long a place is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Does something with files on a thread of its own. None only where no thread could be had, or it panicked.
///
/// Not on the threads that Tokio keeps for this: the program's end would wait for one that hangs.
pub(super) async fn files<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, receive) = oneshot::channel();
    let thread = std::thread::Builder::new().name("files".to_owned());
    thread.spawn(move || send.send(work())).ok()?;
    receive.await.ok()
}

/// Computes something on this thread, which until then serves nobody else; another takes its place.
pub(super) fn compute<T>(work: impl FnOnce() -> T) -> T {
    let is_shared = Handle::try_current().is_ok_and(|h| h.runtime_flavor() == RuntimeFlavor::MultiThread);
    if is_shared { tokio::task::block_in_place(work) } else { work() }
}

/// Places that have been asked something and have not answered yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Places {
    /// Asks something about a place. None where it does not answer in time, or still owes an earlier answer: a share that hangs costs one
    /// thread, however often it is looked at.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        place: &Path,
        question: impl FnOnce(&Path) -> T + Send + 'static,
    ) -> Option<T> {
        self.ask_within(PATIENCE, place, question).await
    }

    async fn ask_within<T: Send + 'static>(
        &self,
        patience: Duration,
        place: &Path,
        question: impl FnOnce(&Path) -> T + Send + 'static,
    ) -> Option<T> {
        let (asked, own) = (Arc::clone(&self.0), place.to_owned());
        if !asked.lock().unwrap_or_else(PoisonError::into_inner).insert(own.clone()) {
            return None;
        }
        let owes = Owes { asked, own };
        let answer = files(move || question(&owes.own));
        tokio::time::timeout(patience, answer).await.ok().flatten()
    }
}

/// A place that owes an answer; none any more once this is dropped, whatever became of the question.
struct Owes {
    asked: Arc<Mutex<BTreeSet<PathBuf>>>,
    own: PathBuf,
}

impl Drop for Owes {
    fn drop(&mut self) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_that_hangs_is_asked_once() {
        let places = Places::default();
        let (open, opened) = std::sync::mpsc::channel::<()>();
        let place = Path::new("/share");
        let hangs = places.ask_within(Duration::from_millis(20), place, move |_| opened.recv().is_ok());
        assert_eq!(hangs.await, None, "it does not answer in time");
        assert_eq!(places.ask(place, |_| true).await, None, "and is not asked again meanwhile");
        assert_eq!(places.ask(Path::new("/other"), |_| 7).await, Some(7));
        open.send(()).unwrap();
        while !places.0.lock().unwrap().is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(places.ask(place, |_| true).await, Some(true));
    }
}
