//! Serving: a simulator on a port, by a thread with a runtime of its own. Whoever tests has its own runtime, or none, and may
//! block it: the simulator answers all the same.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use tokio::runtime;

use crate::http::{App, Limits, Server, Stop, router};
use crate::simulator::Spaces;

/// A server that serves until this is dropped, and then has ended.
#[derive(Debug)]
pub(super) struct Serving {
    address: SocketAddr,
    spaces: Arc<Spaces>,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// Serves on a free port of the loopback interface. Whoever connects from now on is answered.
    pub(super) fn start(app: &Arc<App>) -> io::Result<Self> {
        let (sender, bound) = channel();
        let served = Arc::clone(app);
        let thread = thread::Builder::new().name("bss-sim".to_owned()).spawn(move || serve(&served, &sender))?;
        let (address, stop) = bound.recv().map_err(|_| io::Error::other("the server's thread ended early"))??;
        Ok(Self { address, spaces: Arc::clone(&app.spaces), stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.spaces.end();
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            // Had it panicked, its panic would have been told.
            let _ = thread.join();
        }
    }
}

/// Serves in this thread. Tells where and what stops it, or why it cannot.
fn serve(app: &Arc<App>, sender: &Sender<io::Result<(SocketAddr, Stop)>>) {
    // The other end waits for what is sent.
    let tell = |bound| drop(sender.send(bound));
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(Err(error)),
    };
    runtime.block_on(async {
        match bind() {
            Ok((server, address)) => {
                tell(Ok((address, server.stop_handle())));
                server.serve(router(app)).await;
            }
            Err(error) => tell(Err(error)),
        }
    });
    // Whoever still waits for a disk or a name server is not waited for.
    runtime.shutdown_background();
}

fn bind() -> io::Result<(Server, SocketAddr)> {
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), Limits::OF_A_TEST)?;
    let address = server.address()?;
    Ok((server, address))
}
