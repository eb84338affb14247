//! The load: a few kept-alive TLS connections, each with one call under way.
//!
//! Blocking sockets and a reader for just the answers that these servers give, so that the client
//! takes little of the machine that it shares with the server.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// How long a server may take for its first answer, and for any later one.
const TIMEOUT: Duration = Duration::from_secs(20);

/// One kept-alive connection.
pub struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    buffer: Vec<u8>,
}

/// What a server answered.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

/// Trusts exactly this certificate and offers what the API server, a Go client, prefers.
pub fn trusting(certificate: CertificateDer<'static>) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let provider = rustls::crypto::CryptoProvider {
        cipher_suites: vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256],
        ..ring::default_provider()
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Puts the head of a POST before a body.
pub fn post(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /mutate-task?timeout=3s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kube-apiserver-admission\r\n\
         Accept: application/json, */*\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

impl Connection {
    /// Connects and shakes hands.
    pub fn open(address: SocketAddr, tls: &Arc<ClientConfig>) -> Result<Self> {
        let socket = TcpStream::connect_timeout(&address, TIMEOUT)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        socket.set_write_timeout(Some(TIMEOUT))?;
        let session = ClientConnection::new(tls.clone(), ServerName::try_from("localhost")?)?;
        let mut stream = StreamOwned::new(session, socket);
        stream.conn.complete_io(&mut stream.sock).context("the TLS handshake failed")?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends one request and reads its whole answer.
    pub fn call(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request)?;
        self.stream.flush()?;
        self.buffer.clear();
        let mut chunk = [0; 4096];
        let (status, body, end) = loop {
            let length = match self.stream.read(&mut chunk) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("no answer"),
            };
            self.buffer.extend_from_slice(&chunk[..length]);
            if let Some((status, body, length)) = head(&self.buffer)?
                && self.buffer.len() >= body + length
            {
                break (status, body, body + length);
            }
        };
        ensure!(self.buffer.len() == end, "the server sent more than one answer");
        Ok(Answer { status, body: &self.buffer[body..end] })
    }
}

/// Reads status, offset of the body and its length, once the head is complete.
fn head(bytes: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = bytes.windows(END.len()).position(|window| window == END) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..end])?;
    let status = text.split(' ').nth(1).context("the answer has no status")?.parse()?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("the answer has no Content-Length")?;
    Ok(Some((status, end + END.len(), length.1.trim().parse()?)))
}

/// Calls a server that may still be loading, until it no longer says 503; gives the status and body.
pub fn first_answer(
    address: SocketAddr,
    tls: &Arc<ClientConfig>,
    request: &[u8],
) -> Result<(u16, Vec<u8>)> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let mut connection = Connection::open(address, tls)?;
        let answer = connection.call(request)?;
        if answer.status != 503 || Instant::now() > deadline {
            return Ok((answer.status, answer.body.to_vec()));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Makes the given number of calls, spread over all connections; gives the latency of each.
///
/// # Errors
/// The first answer that is not 200 or lacks `must_hold`: a fast wrong answer is worth nothing.
pub fn load(
    connections: &mut [Connection],
    requests: &[Vec<u8>],
    calls: usize,
    must_hold: &[u8],
) -> Result<Vec<Duration>> {
    let each = calls / connections.len();
    let run = |connection: &mut Connection| -> Result<Vec<Duration>> {
        let mut latencies = Vec::with_capacity(each);
        for request in requests.iter().cycle().take(each) {
            let start = Instant::now();
            let answer = connection.call(request)?;
            latencies.push(start.elapsed());
            ensure!(answer.status == 200, "the server answered {}", answer.status);
            let holds = answer.body.windows(must_hold.len()).any(|window| window == must_hold);
            ensure!(holds, "an answer lacks what was asked for");
        }
        Ok(latencies)
    };
    thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> =
            connections.iter_mut().map(|connection| scope.spawn(move || run(connection))).collect();
        let mut latencies = Vec::with_capacity(calls);
        for thread in threads {
            match thread.join() {
                Ok(result) => latencies.extend(result?),
                Err(_) => bail!("a client thread panicked"),
            }
        }
        Ok(latencies)
    })
}
