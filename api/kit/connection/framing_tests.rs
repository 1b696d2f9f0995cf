use super::*;

/// Fed whole and byte by byte, the framing ends in the same place.
fn both(input: &[u8]) -> Framing {
    let (mut whole, mut bytewise) = (Framing::new(), Framing::new());
    let taken = whole.take(input);
    let taken_bytewise: usize = input.iter().map(|byte| bytewise.take(&[*byte])).sum();
    assert_eq!((taken, whole.place, whole.heads), (taken_bytewise, bytewise.place, bytewise.heads));
    assert_eq!(whole.line_length, bytewise.line_length);
    whole
}

const GET: &[u8] = b"GET /a-path-that-is-longer-than-what-a-kept-line-may-hold-so-it-is-cut-off HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn whole_requests_leave_it_between_requests() {
    let post = b"POST / HTTP/1.1\r\nhost: x\r\nCONTENT-length:  5 \r\n\r\nGET /";
    let chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\nA \r\n0123456789\r\n0\r\nX: y\r\n\r\n";
    let bare_line_feeds = b"\r\nGET / HTTP/1.1\nhost: x\n\n";
    for request in [GET, post, chunked, bare_line_feeds] {
        assert!(both(request).is_between_requests(), "{}", String::from_utf8_lossy(request));
        let framing = both(&[request, request, GET].concat());
        assert!(framing.is_between_requests() && framing.heads() == 3);
    }
}

#[test]
fn half_requests_are_seen() {
    assert!(both(b"G").is_in_head());
    assert!(both(b"GET / HTTP/1.1\r\n").is_in_head());
    assert!(both(&[GET, b"GET / HT"].concat()).is_in_head());
    let body = both(b"POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhell");
    assert!(!body.is_in_head() && !body.is_between_requests());
    let chunked = both(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n");
    assert!(!chunked.is_in_head() && !chunked.is_between_requests());
    assert!(!both(b"\r\n\r\n").is_in_head());
}

#[test]
fn chunks_that_cannot_be_are_cut_off_at_the_byte() {
    let head = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
    for (body, good) in [("zz\r\n", 0), ("5\nhello", 1), ("5\r\nhelloX", 8), ("fffffffffffffffff", 16), ("\r\n", 0)] {
        let input = [head, body.as_bytes()].concat();
        assert!(both(&input).is_broken(), "{body:?}");
        assert_eq!(Framing::new().take(&input), head.len() + good, "{body:?}");
    }
}

#[test]
fn what_follows_an_upgrade_is_no_request() {
    assert!(!both(&[b"GET / HTTP/1.1\r\nupgrade: websocket\r\n\r\n", GET].concat()).is_between_requests());
    assert!(!both(&[b"CONNECT a:1 HTTP/1.1\r\n\r\n", GET].concat()).is_between_requests());
}
