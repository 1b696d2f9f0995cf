//! Answers that no application code gives.

use std::time::SystemTime;

use actix_web::http::StatusCode;
use actix_web::http::header::HttpDate;
use uuid::Uuid;

use super::ProblemBody;

/// actix-http's own answers are some 100 bytes; what is longer isn't one of them.
const LONGEST_BARE: usize = 512;

/// A whole answer ready for the wire, after which the connection closes.
pub(super) fn whole(status: u16, problem_body: ProblemBody) -> Vec<u8> {
    let request_id = Uuid::new_v4().to_string();
    let body = problem_body(status, &request_id);
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("");
    let date = HttpDate::from(SystemTime::now());
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\n\
         Connection: close\r\nDate: {date}\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: {request_id}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Where in the output an answer of actix-http begins, and its status. Such an answer comes last
/// (reading ends with it) but may follow another in the same buffer; it is an error without a body and,
/// unlike all answers of the application, without a request id.
pub(super) fn find_bare(output: &[u8]) -> Option<(usize, u16)> {
    if !output.ends_with(b"\r\n\r\n") {
        return None;
    }
    let tail_start = output.len().saturating_sub(LONGEST_BARE);
    let tail = output.get(tail_start..)?;
    let start = tail.windows(7).rposition(|window| window == b"HTTP/1.")?;
    let head = str::from_utf8(tail.get(start..)?).ok()?.to_ascii_lowercase();
    let status = head.get(9..12)?.parse().ok().filter(|status| (400..600).contains(status))?;
    let is_bare = head.find("\r\n\r\n") == Some(head.len() - 4)
        && head.contains("\r\ncontent-length: 0\r\n")
        && !head.contains("\r\nx-request-id:");
    is_bare.then_some((tail_start + start, status))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\ndate: x\r\n\r\n";

    #[test]
    fn bare_answers_are_found_also_behind_others() {
        assert_eq!(find_bare(BARE), Some((0, 400)));
        let before = [b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n".as_slice(), &[b'x'; 9_000]].concat();
        assert_eq!(find_bare(&[&before, BARE].concat()), Some((before.len(), 400)));
        let refused = b"HTTP/1.0 431 Request Header Fields Too Large\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        assert_eq!(find_bare(refused), Some((0, 431)));
    }

    #[test]
    fn answers_of_the_application_are_left_alone() {
        for output in [
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nX-Request-Id: a\r\n\r\n".as_slice(),
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"HTTP/1.1 304 Not Modified\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n\r\n",
            b"",
        ] {
            assert_eq!(find_bare(output), None, "{}", String::from_utf8_lossy(output));
        }
    }

    #[test]
    fn a_whole_answer_has_its_length() {
        let answer = String::from_utf8(whole(431, |status, id| format!("{{\"{status}\":\"{id}\"}}"))).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
        assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())));
    }
}
