//! The socket that connections arrive at.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use tokio::net::TcpSocket;

/// Connections that may wait to be accepted (the system's `somaxconn` may allow fewer). The standard library's 128
/// run over when a few thousand phones come back at once: a client whose handshake is dropped then believes that it
/// is connected, and is heard seconds later or never.
const BACKLOG: u32 = 4096;

/// Listens on an address such as `0.0.0.0:8080`; the first that can be had where a name has several.
pub fn listen(address: &str) -> io::Result<TcpListener> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in address.to_socket_addrs()? {
        match listen_on(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn hundreds_wait_to_be_accepted() {
        let listener = listen("localhost:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_secs(5)).unwrap();
        let _waiting: Vec<TcpStream> = (0..300).map(connect).collect();
        let accepted: Vec<TcpStream> =
            std::iter::from_fn(|| listener.accept().ok()).map(|(stream, _)| stream).collect();
        assert_eq!(accepted.len(), 300);
    }

    #[tokio::test]
    async fn what_is_taken_is_refused() {
        let first = listen("127.0.0.1:0").unwrap();
        let again = listen(&first.local_addr().unwrap().to_string());
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert!(listen("no address").is_err());
    }
}
