//! Answers that the HTTP layer gives itself, as problem+json.

use uuid::Uuid;

/// A whole answer, ready for the wire.
pub(super) fn whole(status: u16, problem_body: fn(u16, &str) -> String) -> Vec<u8> {
    let request_id = Uuid::now_v7().to_string();
    let body = problem_body(status, &request_id);
    let reason = match status {
        408 => "Request Timeout",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        status if status >= 500 => "Internal Server Error",
        _ => "Bad Request",
    };
    format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         connection: close\r\nx-content-type-options: nosniff\r\nx-request-id: {request_id}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Kind of an answer, as its beginning shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// `100 Continue` only: the answer is still to come.
    Interim,
    /// The application's, after which the connection is kept.
    Ordinary,
    /// The application's, after which the connection is closed.
    Closing,
    /// The HTTP layer's own, of this status: those of the application carry a request id.
    Foreign(u16),
}

const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Judges the beginning of an answer, as the HTTP layer writes it.
pub(super) fn judge(output: &[u8]) -> Output {
    let output = output.strip_prefix(INTERIM).unwrap_or(output);
    if output.is_empty() {
        return Output::Interim;
    }
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").map_or(output.len(), |end| end + 2);
    let head = output.get(..end).unwrap_or_default();
    let has = |line: &[u8]| head.windows(line.len()).any(|window| window == line);
    let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u16>().ok());
    match status {
        // The only thing too large before the application sees a request is its head.
        Some(413) if !has(b"\r\nx-request-id: ") => Output::Foreign(431),
        Some(status @ 400..) if !has(b"\r\nx-request-id: ") => Output::Foreign(status),
        _ if has(b"\r\nconnection: close\r\n") => Output::Closing,
        // An older client says so where it wants to go on.
        _ if head.starts_with(b"HTTP/1.0 ") && !has(b"\r\nconnection: keep-alive\r\n") => Output::Closing,
        _ => Output::Ordinary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_without_a_request_id_are_not_the_applications() {
        for (output, judged) in [
            (&b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n"[..], Output::Ordinary),
            (b"HTTP/1.1 404 Not Found\r\nx-request-id: a\r\n\r\n", Output::Ordinary),
            (b"HTTP/1.1 404 Not Found\r\nconnection: close\r\nx-request-id: a\r\n\r\n", Output::Closing),
            (b"HTTP/1.1 200 OK\r\n\r\n\r\nconnection: close\r\n", Output::Ordinary),
            (b"HTTP/1.0 200 OK\r\n\r\n", Output::Closing),
            (b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\n", Output::Ordinary),
            (b"HTTP/1.1 100 Continue\r\n\r\n", Output::Interim),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n", Output::Foreign(400)),
            (b"HTTP/1.0 400 Bad Request\r\ncontent-length: 0\r\n\r\n", Output::Foreign(400)),
            (b"HTTP/1.1 413 Payload Too Large\r\n\r\n", Output::Foreign(431)),
        ] {
            assert_eq!(judge(output), judged, "{}", String::from_utf8_lossy(output));
        }
    }
}
