//! Bytes that came in and weren't handed to the HTTP layer yet: one request at a time.
//!
//! The HTTP layer reads ahead. A request behind another one then decides how that one is answered (a `HEAD`
//! takes its body away), bytes behind a `Connection: close` are answered, and a body that breaks after its
//! answer gets a second one. So here it is seen where a request ends, and what follows waits until that one
//! is answered whole. Lines end with CR LF and nothing else: where others see another end, a request hides.

use bytes::{Buf, BytesMut};

use super::chunks::ChunkScanner;
use super::head::{BodyLength, Head};

/// The largest head, in bytes. The HTTP layer's own bound is larger.
const MAX_HEAD: usize = 64 * 1024;

/// A head that no HTTP layer takes: it stands for one that was refused here, so that its answer goes out in order.
const REFUSED: &[u8] = b"\0\r\n\r\n";

#[derive(Debug)]
enum Phase {
    /// A head is awaited.
    Head,
    /// So many bytes of a request are known to be its own.
    Passing { left: u64, chunks_follow: bool },
    /// Within a body of chunks.
    Chunks(ChunkScanner),
    /// All of a request was handed out; its answer is awaited.
    Answering,
    /// Nothing more is taken from this connection.
    Over,
}

/// Bytes to hand out, or the reason why there are none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Out {
    /// These bytes.
    Bytes(BytesMut),
    /// Nothing until more comes in, or the answer went out.
    Wait,
    /// Nothing ever.
    End,
}

/// The bytes of a connection between the socket and the HTTP layer.
#[derive(Debug)]
pub(super) struct Intake {
    held: BytesMut,
    /// How much of `held` was searched for the end of a head.
    searched: usize,
    phase: Phase,
    /// The status for the head that was refused here.
    refusal: Option<u16>,
}

impl Intake {
    pub(super) fn new() -> Self {
        Self { held: BytesMut::new(), searched: 0, phase: Phase::Head, refusal: None }
    }

    /// Takes what came in.
    pub(super) fn take_in(&mut self, bytes: &[u8]) {
        match self.phase {
            // Lingering: it was announced that nothing more is read.
            Phase::Over => {}
            _ => self.held.extend_from_slice(bytes),
        }
    }

    /// Whether no more is taken in for now.
    pub(super) fn is_full(&self) -> bool {
        self.held.len() >= MAX_HEAD
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether a head is awaited, its first bytes perhaps there.
    pub(super) fn awaits_head(&self) -> bool {
        matches!(self.phase, Phase::Head)
    }

    /// Whether a request was handed out and isn't answered yet.
    pub(super) fn awaits_answer(&self) -> bool {
        matches!(self.phase, Phase::Answering)
    }

    /// Whether the HTTP layer has a head, and not yet all of its body.
    pub(super) fn is_within_body(&self) -> bool {
        matches!(self.phase, Phase::Passing { .. } | Phase::Chunks(_))
    }

    /// The answer went out: the next request may come.
    pub(super) fn next_request(&mut self) {
        if self.awaits_answer() {
            self.phase = Phase::Head;
        }
    }

    /// Takes nothing more from this connection, and forgets what is held. Whether anything was lost by it.
    pub(super) fn end(&mut self) -> bool {
        let lost = self.is_within_body() || !self.held.is_empty() || self.refusal.is_some();
        self.phase = Phase::Over;
        self.held = BytesMut::new();
        lost
    }

    /// The status for the answer that the HTTP layer gave itself.
    pub(super) fn take_refusal(&mut self) -> Option<u16> {
        self.refusal.take()
    }

    /// Takes the next bytes to hand out, at most `room` of them.
    pub(super) fn hand_out(&mut self, room: usize) -> Out {
        if self.awaits_head() {
            self.find_head();
        }
        let bytes = match &mut self.phase {
            Phase::Over if self.held.is_empty() => return Out::End,
            Phase::Over => self.held.split_to(room.min(self.held.len())),
            Phase::Head | Phase::Answering => return Out::Wait,
            Phase::Passing { left, chunks_follow } => {
                let count = room.min(self.held.len()).min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= count as u64;
                if *left == 0 {
                    self.phase = if *chunks_follow { Phase::Chunks(ChunkScanner::default()) } else { Phase::Answering };
                }
                self.held.split_to(count)
            }
            Phase::Chunks(scanner) => {
                let seen = scanner.scan(self.held.get(..room.min(self.held.len())).unwrap_or_default());
                let bytes = self.held.split_to(seen.bytes);
                if seen.ended {
                    self.phase = Phase::Answering;
                } else if seen.broken {
                    // The application is told that the body broke off.
                    self.end();
                    self.refusal = Some(400);
                }
                bytes
            }
        };
        if self.held.is_empty() {
            // An idle connection holds no memory.
            self.held = BytesMut::new();
        }
        match (bytes.is_empty(), &self.phase) {
            (false, _) => Out::Bytes(bytes),
            (true, Phase::Over) => Out::End,
            (true, _) => Out::Wait,
        }
    }

    fn find_head(&mut self) {
        // Empty lines before a request are passed over (RFC 9112, 2.2).
        while self.held.starts_with(b"\r\n") {
            self.held.advance(2);
            self.searched = 0;
        }
        let from = self.searched.saturating_sub(3);
        let new = self.held.get(from..).unwrap_or_default();
        let found = new.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(at) = found else {
            if Head::is_hopeless(new) || self.held.starts_with(b"\n") {
                self.refuse(400);
            } else if self.is_full() {
                self.refuse(431);
            }
            self.searched = self.held.len();
            return;
        };
        let length = from + at + 4;
        self.searched = 0;
        match self.held.get_mut(..length).and_then(Head::read) {
            Some(BodyLength::Chunks) => self.phase = Phase::Passing { left: length as u64, chunks_follow: true },
            Some(BodyLength::Bytes(body)) => {
                self.phase = Phase::Passing { left: body.saturating_add(length as u64), chunks_follow: false };
            }
            None => self.refuse(400),
        }
    }

    fn refuse(&mut self, status: u16) {
        self.end();
        self.held.extend_from_slice(REFUSED);
        self.refusal = Some(status);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(intake: &mut Intake) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Out::Bytes(part) = intake.hand_out(7) {
            bytes.extend_from_slice(&part);
        }
        bytes
    }

    #[test]
    fn one_request_at_a_time() {
        let requests: [&[u8]; 4] = [
            b"GET / HTTP/1.1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n0\r\nt: 1\r\n\r\n",
            b"GET /2 HTTP/1.1\r\n\r\n",
        ];
        for piece in [1, 5, 1000] {
            let mut intake = Intake::new();
            let (mut given, together) = (Vec::new(), requests.concat());
            let mut pieces = together.chunks(piece);
            while given.len() < requests.len() {
                let mut request = Vec::new();
                while !intake.awaits_answer() {
                    request.extend(all(&mut intake));
                    if !intake.awaits_answer() {
                        intake.take_in(pieces.next().unwrap());
                    }
                }
                given.push(request);
                intake.next_request();
            }
            assert_eq!(given, requests, "in pieces of {piece}");
            assert!(intake.is_empty() && intake.awaits_head());
        }
    }

    #[test]
    fn what_is_refused_ends_the_connection() {
        let long = [b"GET / HTTP/1.1\r\nx: ".to_vec(), vec![b'a'; MAX_HEAD]].concat();
        for (bytes, status) in [(&b"GET / HTTP/1.1\nhost: x\r\n\r\nGET /"[..], 400), (b"x\n", 400), (&long, 431)] {
            let mut intake = Intake::new();
            intake.take_in(bytes);
            assert_eq!(all(&mut intake), REFUSED);
            assert_eq!((intake.take_refusal(), intake.hand_out(9)), (Some(status), Out::End));
        }
    }

    #[test]
    fn a_broken_body_is_cut_off() {
        let mut intake = Intake::new();
        intake.take_in(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabGET / HTTP/1.1\r\n\r\n");
        assert!(all(&mut intake).ends_with(b"\r\n\r\n1\r\na"));
        assert_eq!(intake.hand_out(9), Out::End);
    }
}
