//! A server on loopback that says exactly what a test has it say.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a client asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The path, such as `/a/images.gz`.
    pub path: String,
    /// The first byte that is wanted, where there is a `Range: bytes=N-`.
    pub from: Option<usize>,
}

/// What it gets: a head, a body, and then the end of the connection.
pub struct Reply {
    status: &'static str,
    headers: Vec<String>,
    body: Vec<u8>,
    /// How long the connection stays open after the body.
    stay: Duration,
}

impl Reply {
    /// A status with no bytes of a file.
    pub fn status(status: &'static str) -> Self {
        Reply {
            status,
            headers: vec!["Content-Length: 0".to_owned()],
            body: Vec::new(),
            stay: Duration::ZERO,
        }
    }

    /// The end of the connection before a word is said.
    pub fn nothing() -> Self {
        Reply::status("")
    }

    /// All of a file.
    pub fn whole(body: &[u8]) -> Self {
        Reply {
            status: "200 OK",
            headers: vec![format!("Content-Length: {}", body.len())],
            body: body.to_vec(),
            stay: Duration::ZERO,
        }
    }

    /// The bytes of a file from `from` on, as a good server answers a `Range`.
    pub fn rest(body: &[u8], from: usize) -> Self {
        let (size, last) = (body.len(), body.len() - 1);
        let mut reply = Reply::whole(&body[from..]);
        reply.status = "206 Partial Content";
        let range = format!("Content-Range: bytes {from}-{last}/{size}");
        reply.headers.push(range);
        reply
    }

    /// What a good server answers: the whole file, or what is missing of it.
    pub fn good(body: &[u8], request: &Request) -> Self {
        match request.from {
            Some(from) => Reply::rest(body, from),
            None => Reply::whole(body),
        }
    }

    /// The same, but the connection ends after `count` bytes of the body.
    pub fn cut_after(mut self, count: usize) -> Self {
        self.body.truncate(count);
        self
    }

    /// The same, but the connection stays open for a while after what is sent.
    pub fn then_wait(mut self, stay: Duration) -> Self {
        self.stay = stay;
        self
    }

    /// The same without a word about its length.
    pub fn without_length(mut self) -> Self {
        self.headers
            .retain(|header| !header.starts_with("Content-Length"));
        self
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        if self.status.is_empty() {
            return Ok(());
        }
        let headers: String = self
            .headers
            .iter()
            .map(|header| format!("{header}\r\n"))
            .collect();
        let head = format!(
            "HTTP/1.1 {}\r\n{headers}Connection: close\r\n\r\n",
            self.status
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&self.body)?;
        stream.flush()?;
        thread::sleep(self.stay);
        Ok(())
    }
}

/// A server that ends with the test.
pub struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request by `answer`, which is told how many came before it.
    pub fn start(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                thread::spawn(move || serve(stream, &*answer, &seen));
            }
        });
        Server { address, requests }
    }

    /// The address of a folder on this server.
    pub fn url(&self, folder: &str) -> String {
        format!("{}/{folder}", self.address)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests
            .lock()
            .expect("no panic in the server")
            .clone()
    }
}

fn serve(
    mut stream: TcpStream,
    answer: &impl Fn(usize, &Request) -> Reply,
    seen: &Mutex<Vec<Request>>,
) {
    let Some(request) = read_request(&stream) else {
        return;
    };
    let before = {
        let mut seen = seen.lock().expect("no panic in another thread");
        seen.push(request.clone());
        seen.len() - 1
    };
    // A client that has gone is what some tests are about.
    let _ = answer(before, &request).send(&mut stream);
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.strip_prefix("GET ")?.split(' ').next()?.to_owned();
    let mut from = None;
    loop {
        let line = lines.next()?.ok()?.to_ascii_lowercase();
        if line.is_empty() {
            return Some(Request { path, from });
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = Some(range.strip_suffix('-')?.parse().ok()?);
        }
    }
}
