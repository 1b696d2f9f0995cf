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

/// What to send instead of an answer that isn't the application's: all of those carry a request id.
/// `None` for ordinary output; then this costs one comparison.
pub(super) fn instead_of(output: &[u8], problem_body: fn(u16, &str) -> String) -> Option<Vec<u8>> {
    let class = output.strip_prefix(b"HTTP/1.1 ")?.first()?;
    if !matches!(class, b'4' | b'5') {
        return None;
    }
    let end = output.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(output.get(..end)?).to_ascii_lowercase();
    if head.contains("\r\nx-request-id:") {
        return None;
    }
    let status = head.get(9..12)?.parse().ok()?;
    // The only thing too large before the application sees a request is its head.
    let status = if status == 413 { 431 } else { status };
    Some(whole(status, problem_body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(status: u16, _: &str) -> String {
        format!("{{\"status\":{status}}}")
    }

    #[test]
    fn only_answers_without_a_request_id_are_replaced() {
        assert_eq!(instead_of(b"HTTP/1.1 200 OK\r\n\r\n", body), None);
        assert_eq!(instead_of(b"HTTP/1.1 404 Not Found\r\nX-Request-Id: a\r\n\r\n", body), None);
        assert_eq!(instead_of(b"chunk of a body HTTP/1.1 400", body), None);
        let replaced =
            String::from_utf8(instead_of(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", body).unwrap())
                .unwrap();
        assert!(replaced.starts_with("HTTP/1.1 400 ") && replaced.ends_with("\r\n\r\n{\"status\":400}"));
        assert!(replaced.contains("content-length: 14\r\n"));
        let large = instead_of(b"HTTP/1.1 413 Payload Too Large\r\n\r\n", body).unwrap();
        assert!(large.starts_with(b"HTTP/1.1 431 "));
    }
}
