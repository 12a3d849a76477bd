//! Connections: one stream type for IMAP and SMTP, without Nagle's delay and with keepalive.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after a plain greeting; the connection is given up when the server does not offer it.
    StartTls,

    None,
}

/// A server to connect to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Host name or address; it must match the server's certificate.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Certificate authorities trusted besides the system's, PEM.
    pub ca_pem: Option<Vec<u8>>,
}

impl Endpoint {
    /// `host:port`, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// A connection, plain or encrypted.
#[derive(Debug)]
pub(crate) enum Wire {
    /// As it is.
    Plain(TcpStream),
    /// Under TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Opens a TCP connection within `limit`.
///
/// # Errors
/// The system's error, or `TimedOut`.
pub async fn connect(endpoint: &Endpoint, limit: Duration) -> io::Result<TcpStream> {
    let address = (endpoint.host.as_str(), endpoint.port);
    let stream = within(limit, TcpStream::connect(address)).await?;
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(20));
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

/// Encrypts a connection within `limit`; the certificate must be valid for the endpoint's host.
///
/// # Errors
/// The handshake's error, or `TimedOut`.
pub(crate) async fn encrypt(stream: TcpStream, endpoint: &Endpoint, limit: Duration) -> io::Result<Wire> {
    let name = ServerName::try_from(endpoint.host.clone()).map_err(io::Error::other)?;
    let config = tls_config(endpoint.ca_pem.as_deref())?;
    let tls = within(limit, TlsConnector::from(config).connect(name, stream)).await?;
    Ok(Wire::Tls(Box::new(tls)))
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs())))
    })
}

/// By the authorities added to those of the system: reading these takes longer than a handshake, and who shares a
/// configuration takes up earlier sessions again (RFC 8446, section 2.2).
static CONFIGS: Mutex<BTreeMap<Vec<u8>, Arc<rustls::ClientConfig>>> = Mutex::new(BTreeMap::new());

/// The system's authorities are read anew for the next connection.
pub(crate) fn forget_authorities() {
    CONFIGS.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// What is trusted: the system's authorities, and those of `ca_pem`.
pub(super) fn tls_config(ca_pem: Option<&[u8]>) -> io::Result<Arc<rustls::ClientConfig>> {
    let mut configs = CONFIGS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = ca_pem.unwrap_or_default();
    if let Some(config) = configs.get(key) {
        return Ok(Arc::clone(config));
    }
    let mut roots = rustls::RootCertStore::empty();
    // Single unreadable certificates of the system's store are passed over, as other programs do.
    let (of_system, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in CertificateDer::pem_slice_iter(key) {
        roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
    let config = Arc::new(config);
    // A system without any may be about to get some.
    if of_system > 0 {
        configs.insert(key.to_owned(), Arc::clone(&config));
    }
    Ok(config)
}

impl Wire {
    /// Acknowledges what comes next at once. Many servers write their replies one by one and send the second only once the first
    /// was acknowledged (RFC 896), which this end would otherwise put off for 40 ms (RFC 1122, section 4.2.3.2). It holds for a while alone.
    pub(crate) fn acknowledge_at_once(&self) {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        };
        // Where the system cannot, it is merely slower.
        #[cfg(target_os = "linux")]
        let _ = SockRef::from(stream).set_tcp_quickack(true);
        #[cfg(not(target_os = "linux"))]
        let _ = stream;
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// An error with its causes, which libraries keep apart.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_read_once_until_they_are_forgotten() -> io::Result<()> {
        if rustls_native_certs::load_native_certs().certs.is_empty() {
            // Where the system trusts nobody nothing is kept.
            assert!(!Arc::ptr_eq(&tls_config(None)?, &tls_config(None)?));
            return Ok(());
        }
        let first = tls_config(None)?;
        assert!(Arc::ptr_eq(&first, &tls_config(None)?));
        assert!(tls_config(Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).is_err());
        forget_authorities();
        assert!(!Arc::ptr_eq(&first, &tls_config(None)?));
        Ok(())
    }
}
