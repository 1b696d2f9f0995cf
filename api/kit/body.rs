//! Reading bodies: bounded in size and in time.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use bytes::Bytes;

use super::catalogue::Code;
use super::connection::{BodyError, BodyLimits, read_body};
use super::problem::Problem;

/// The whole body, or the problem that ends the request: 413, 408, 400.
pub async fn read(request: &HttpRequest, payload: &mut Payload, limits: &BodyLimits) -> Result<Bytes, Problem> {
    read_body(request.headers(), payload, limits).await.map_err(|error| match error {
        BodyError::TooLarge => Code::BodyTooLarge.into(),
        BodyError::TooSlow => Code::RequestTimeout.into(),
        BodyError::Incomplete => Code::MalformedRequest.into(),
    })
}
