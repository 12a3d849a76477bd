//! Addresses are taken out of the log, whoever put them there: servers name them in their refusals.

use std::io::{self, Write};
use std::sync::LazyLock;

use regex::bytes::Regex;

static ADDRESS: LazyLock<Regex> = LazyLock::new(compiled);

/// A log with addresses is worse than no log: a wrong expression fails every test that logs.
#[allow(clippy::panic)]
fn compiled() -> Regex {
    Regex::new(r#"(?-u)[^\s<>"'(),;:=\[\]{}]+@[A-Za-z0-9\x80-\xff.-]+"#)
        .unwrap_or_else(|error| panic!("an expression of the code's own is wrong: {error}"))
}

/// Standard error, without addresses.
pub(super) fn stderr() -> Scrubbed<io::Stderr> {
    Scrubbed(io::stderr())
}

/// A stream without addresses. The log writes a line at once.
pub(super) struct Scrubbed<W>(W);

impl<W: Write> Write for Scrubbed<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(&ADDRESS.replace_all(line, &b"<address>"[..]))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_out_and_nothing_else() -> io::Result<()> {
        let mut out = Scrubbed(Vec::new());
        out.write_all(
            b"error=550 5.1.1 <ana.b+c@college.example>: no such user, see postmaster@x.example. 3 emails at 09:15\n",
        )?;
        out.write_all(b"error=\"to=bob@college.example\" wait=1\n")?;
        let said = String::from_utf8_lossy(&out.0).into_owned();
        assert_eq!(
            said,
            "error=550 5.1.1 <<address>>: no such user, see <address> 3 emails at 09:15\nerror=\"to=<address>\" wait=1\n"
        );
        Ok(())
    }
}
