//! By what a push service knows the sender (RFC 8292): a token that the service's own key signs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use kit::problem::Problem;
use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use serde_json::json;

use crate::platform::privacy::keys::Key;

/// How long a token holds.
const HOLDS: TimeDelta = TimeDelta::hours(12);

fn secret(key: &Key) -> Result<SecretKey, Problem> {
    // Of all keys of 32 bytes one in four thousand million is none of this curve.
    SecretKey::from_slice(&**key)
        .map_err(|_| Problem::internal("the key file push-1 holds no key of its curve; remove it"))
}

/// The public key, as browsers want it when they subscribe.
pub fn public_key(key: &Key) -> Result<String, Problem> {
    Ok(URL_SAFE_NO_PAD.encode(secret(key)?.public_key().to_encoded_point(false).as_bytes()))
}

/// The header that authorises a push to a push service.
pub fn authorization(key: &Key, origin: &str, contact: Option<&str>, now: DateTime<Utc>) -> Result<String, Problem> {
    let mut claims = json!({"aud": origin, "exp": (now + HOLDS).timestamp()});
    if let Some(contact) = contact {
        kit::json::put(&mut claims, "sub", contact);
    }
    let encode = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", encode(json!({"typ": "JWT", "alg": "ES256"})), encode(claims));
    let signature: Signature = SigningKey::from(secret(key)?).sign(signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    Ok(format!("vapid t={token}, k={}", public_key(key)?))
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier;

    use super::*;

    #[test]
    fn a_push_service_can_check_the_token() {
        let key = Key::new([7; 32]);
        let now = DateTime::from_timestamp(1_580_600_000, 0).unwrap();
        let header = authorization(&key, "https://push.example", Some("mailto:a@b"), now).unwrap();
        let (token, public) = header.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        let public = VerifyingKey::from_sec1_bytes(&URL_SAFE_NO_PAD.decode(public).unwrap()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        assert!(public.verify(signed.as_bytes(), &signature).is_ok());
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims, json!({"aud": "https://push.example", "exp": 1_580_643_200, "sub": "mailto:a@b"}));
    }
}
