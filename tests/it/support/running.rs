//! A run of the program that is not waited for: watched, stopped, and looked at when it has ended.

use std::fs::File;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::world::{Output, World};

/// A run under way.
pub(crate) struct Running<'a> {
    world: &'a World,
    child: Child,
    name: String,
}

impl<'a> Running<'a> {
    /// Begins a run in the sandbox, with nobody at the keyboard.
    pub(crate) fn begin(world: &'a World, args: &[&str]) -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("run-{number}");
        let file = |kind: &str| File::create(world.folder().join(format!("{name}.{kind}")));
        let mut all = args.to_vec();
        all.push("--sandbox");
        let mut command = world.command(&all);
        let child = command
            .stdin(Stdio::null())
            .stdout(file("out").expect("a file"))
            .stderr(file("err").expect("a file"))
            .spawn()
            .expect("the program runs");
        Self { world, child, name }
    }

    /// Its process id.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the simulation has been asked for `call` since calls were last forgotten.
    #[track_caller]
    pub(crate) fn until(&mut self, call: &str) {
        self.until_so(call, |world| {
            world.mutating().iter().any(|made| made == call)
        });
    }

    /// Waits until so many calls that change something have been made since calls were last forgotten; false when it
    /// has ended, or `patience` is over, before that.
    pub(crate) fn makes(&mut self, changes: usize, patience: Duration) -> bool {
        let begun = std::time::Instant::now();
        while self.world.mutating().len() < changes {
            if self.child.try_wait().expect("a process").is_some() || begun.elapsed() > patience {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child.try_wait().expect("a process").is_none()
    }

    /// Waits until it has said `text`.
    #[track_caller]
    pub(crate) fn until_it_says(&mut self, text: &str) {
        let name = self.name.clone();
        self.until_so(text, |world| {
            let said = std::fs::read_to_string(world.folder().join(format!("{name}.err")));
            said.expect("a file").contains(text)
        });
    }

    /// Waits until it has printed `text` as a result.
    #[track_caller]
    pub(crate) fn until_it_prints(&mut self, text: &str) {
        let name = self.name.clone();
        self.until_so(text, |world| {
            let printed = std::fs::read_to_string(world.folder().join(format!("{name}.out")));
            printed.expect("a file").contains(text)
        });
    }

    #[track_caller]
    fn until_so(&mut self, what: &str, is_so: impl Fn(&World) -> bool) {
        while !is_so(self.world) {
            let ended = self.child.try_wait().expect("a process");
            assert!(ended.is_none(), "it ended before {what}: {:?}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends it a signal, such as `-KILL`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let kill = std::process::Command::new("kill")
            .args([signal, &pid])
            .status();
        assert!(kill.expect("kill runs").success());
    }

    /// Waits for its end.
    pub(crate) fn ends(mut self) -> Output {
        let code = self.child.wait().expect("a process").code().unwrap_or(-1);
        let (stdout, stderr) = self.said();
        Output {
            code,
            stdout,
            stderr,
        }
    }

    fn said(&self) -> (String, String) {
        let read = |kind: &str| {
            let path = self.world.folder().join(format!("{}.{kind}", self.name));
            std::fs::read_to_string(path).expect("a file")
        };
        (read("out"), read("err"))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // After its end there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
