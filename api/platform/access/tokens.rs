//! Access tokens: JWT signed with EdDSA (RFC 9068 in shape), ten minutes, checked strictly.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kit::cache::{Cache, Kept};
use kit::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::platform::codes::INVALID_TOKEN;
use crate::platform::privacy::keys::Key;

/// How long an access token lives.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);
const ISSUER: &str = "lianfang";
const AUDIENCE: &str = "lianfang-api";
const TYPE: &str = "at+jwt";

/// Claims of a token; every claim is required.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    /// The account.
    pub sub: Uuid,
    /// The session.
    pub sid: Uuid,
    iat: i64,
    exp: i64,
}

/// Makes and checks tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    public: String,
    key_id: String,
    /// Checking a signature takes 50 µs, longer than the rest of a request: tokens seen once are
    /// kept by their hash until they end.
    verified: Cache<[u8; 32], Claims>,
}

impl Tokens {
    /// From the seed of an Ed25519 key.
    pub fn new(seed: &Key) -> Result<Self, Problem> {
        let signing = SigningKey::from_bytes(seed);
        let private = signing.to_pkcs8_der().map_err(Problem::internal)?;
        let public = BASE64_URL_SAFE_NO_PAD.encode(signing.verifying_key().to_bytes());
        // The JWK thumbprint (RFC 7638) names the key.
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}"#));
        let lifetime = Duration::from_secs(u64::try_from(LIFETIME.num_seconds()).unwrap_or(600));
        Ok(Self {
            encoding: EncodingKey::from_ed_der(private.as_bytes()),
            decoding: DecodingKey::from_ed_components(&public).map_err(Problem::internal)?,
            key_id: BASE64_URL_SAFE_NO_PAD.encode(thumbprint),
            public,
            verified: Cache::new(100_000, Kept::For(lifetime)),
        })
    }

    /// A new token of an account's session.
    pub fn issue(&self, user_id: Uuid, session_id: Uuid, now: DateTime<Utc>) -> Result<String, Problem> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.into());
        header.kid = Some(self.key_id.clone());
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: user_id,
            sid: session_id,
            iat: now.timestamp(),
            exp: (now + LIFETIME).timestamp(),
        };
        jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(Problem::internal)
    }

    /// The claims of a token that is ours, of this kind, and not over; otherwise 401 `invalid_token`.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Arc<Claims>, Problem> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let claims = match self.verified.get(&hash) {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(self.decode(token).ok_or(INVALID_TOKEN)?);
                self.verified.insert(hash, Arc::clone(&claims));
                claims
            }
        };
        // By the service's own clock and without leeway: both ends of the check are ours.
        let current = claims.exp > now.timestamp() && claims.iat <= now.timestamp() + 60;
        if current { Ok(claims) } else { Err(INVALID_TOKEN.into()) }
    }

    fn decode(&self, token: &str) -> Option<Claims> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TYPE) || header.kid.as_deref() != Some(&self.key_id) {
            return None;
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Time is judged by the caller, with the service's clock.
        validation.validate_exp = false;
        jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok().map(|data| data.claims)
    }

    /// The public keys, RFC 7517.
    pub fn jwks(&self) -> Json {
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.key_id, "x": self.public}]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(seed: u8) -> Tokens {
        Tokens::new(&Key::new([seed; 32])).unwrap()
    }

    #[test]
    fn only_our_own_living_tokens_pass() {
        let (ours, now) = (tokens(1), Utc::now());
        let token = ours.issue(Uuid::from_u128(1), Uuid::from_u128(2), now).unwrap();
        assert_eq!(ours.verify(&token, now).unwrap().sid, Uuid::from_u128(2));
        assert!(ours.verify(&token, now + TimeDelta::seconds(599)).is_ok());
        assert!(ours.verify(&token, now + TimeDelta::seconds(600)).is_err());
        assert!(ours.verify(&token, now - TimeDelta::minutes(5)).is_err());
        assert!(tokens(2).verify(&token, now).is_err());
        assert!(ours.verify(&format!("{token}x"), now).is_err());
    }

    #[test]
    fn other_algorithms_and_types_are_refused() {
        let (ours, now) = (tokens(1), Utc::now());
        let body = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": Uuid::from_u128(1), "sid": Uuid::from_u128(2), "iat": 0, "exp": i64::MAX / 2});
        let encode = |header: Json| {
            let part = |json: &Json| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
            format!("{}.{}.", part(&header), part(&body))
        };
        assert!(ours.verify(&encode(json!({"alg": "none", "typ": TYPE, "kid": ours.key_id})), now).is_err());
        assert!(ours.verify(&encode(json!({"alg": "EdDSA", "typ": TYPE, "kid": ours.key_id})), now).is_err());
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(ours.key_id.clone());
        let plain = jsonwebtoken::encode(&header, &body, &ours.encoding).unwrap();
        assert!(ours.verify(&plain, now).is_err(), "typ JWT is not an access token");
    }
}
