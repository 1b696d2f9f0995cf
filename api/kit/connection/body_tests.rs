use super::*;
use futures_util::stream::{self, BoxStream};

const LIMITS: BodyLimits = BodyLimits {
    max_bytes: 10,
    idle_timeout: Duration::from_millis(200),
    grace: Duration::from_millis(300),
    minimum_bytes_per_s: 10,
};

/// Pieces of a body, each after a pause in milliseconds.
fn body(pieces: &'static [(u64, &'static str)]) -> BoxStream<'static, Result<Bytes, PayloadError>> {
    Box::pin(stream::iter(pieces).then(async |(pause_ms, piece)| {
        tokio::time::sleep(Duration::from_millis(*pause_ms)).await;
        match *piece {
            "cut" => Err(PayloadError::Incomplete(None)),
            piece => Ok(Bytes::from_static(piece.as_bytes())),
        }
    }))
}

#[tokio::test]
async fn bodies_are_read_within_their_bounds() {
    use BodyError::{Incomplete, TooLarge, TooSlow};
    type Case = (&'static [(u64, &'static str)], Option<u64>, Result<&'static str, BodyError>);
    let cases: [Case; 10] = [
        (&[], None, Ok("")),
        (&[(0, "one")], Some(3), Ok("one")),
        (&[(0, "one"), (50, "two"), (50, "four")], None, Ok("onetwofour")),
        (&[(0, "one")], Some(11), Err(TooLarge)),
        (&[(0, "one")], Some(u64::MAX), Err(TooLarge)),
        (&[(0, "onetwo"), (0, "three")], None, Err(TooLarge)),
        (&[(300, "one")], None, Err(TooSlow)),
        (&[(0, "one"), (300, "two")], None, Err(TooSlow)),
        // No pause is too long, but the pace is too slow once the grace is over.
        (&[(0, "a"), (150, "b"), (150, "c"), (150, "d"), (190, "e"), (190, "f"), (190, "g")], None, Err(TooSlow)),
        (&[(0, "one"), (0, "cut")], None, Err(Incomplete)),
    ];
    for (pieces, announced, expected) in cases {
        let read = read_body(&mut body(pieces), announced, LIMITS).await;
        assert_eq!(read.as_deref().map_err(|error| *error), expected.map(str::as_bytes), "{pieces:?}");
    }
}
