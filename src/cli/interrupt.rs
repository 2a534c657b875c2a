//! Ctrl-C and SIGTERM: the first asks to stop, the second insists.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::CliError;

/// What a person or the system has asked for so far. Listens until dropped.
#[derive(Debug)]
pub(super) struct Interrupt {
    /// Cancelled by the first signal.
    pub(super) drain: CancellationToken,
    /// Cancelled by the second.
    pub(super) abort: CancellationToken,
    listener: JoinHandle<()>,
}

impl Interrupt {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system does not let it.
    pub(super) fn listen() -> std::io::Result<Self> {
        let (drain, abort) = (CancellationToken::new(), CancellationToken::new());
        let mut ctrl_c = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (first, second) = (drain.clone(), abort.clone());
        let listener = tokio::spawn(async move {
            either(&mut ctrl_c, &mut terminate).await;
            first.cancel();
            either(&mut ctrl_c, &mut terminate).await;
            second.cancel();
        });
        Ok(Self {
            drain,
            abort,
            listener,
        })
    }

    /// Does what changes nothing: an interruption or the deadline ends it at once.
    ///
    /// # Errors
    /// Interrupted, or out of time.
    pub(super) async fn within<T>(
        &self,
        deadline: Option<Instant>,
        work: impl Future<Output = T>,
    ) -> Result<T, CliError> {
        let over = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.drain.cancelled() => Err(CliError::interrupted()),
            value = work => Ok(value),
            () = over => Err(CliError::out_of_time()),
        }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::error::Exit;

    #[tokio::test(start_paused = true)]
    async fn work_ends_with_the_deadline_or_an_interruption() {
        let interrupt = Interrupt::listen().expect("signals");
        let deadline = Some(Instant::now() + Duration::from_secs(5));
        assert_eq!(interrupt.within(deadline, async { 1 }).await.ok(), Some(1));
        let late = interrupt
            .within(deadline, std::future::pending::<()>())
            .await;
        assert_eq!(late.err().map(|error| error.exit), Some(Exit::Failed));
        interrupt.drain.cancel();
        let stopped = interrupt.within(None, std::future::pending::<()>()).await;
        assert_eq!(
            stopped.err().map(|error| error.exit),
            Some(Exit::Interrupted)
        );
    }
}
