//! Signatures by Standard Webhooks 1.0.0: over id, time and the very bytes of the body, with a secret that both know (`v1`)
//! or with a key of which everybody may know the public half (`v1a`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use kit::problem::Problem;
use sha2::Sha256;

use crate::platform::privacy::keys::Key;

/// Bytes of a secret.
pub const SECRET_BYTES: usize = 32;

/// A secret as it is told, once.
pub fn told(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// The public key of the service, by which `v1a` is checked.
pub fn public_key(seed: &Key) -> String {
    format!("whpk_{}", STANDARD.encode(SigningKey::from_bytes(seed).verifying_key().as_bytes()))
}

/// A signature with a secret.
pub fn by_secret(secret: &[u8], id: &str, timestamp: i64, body: &[u8]) -> Result<String, Problem> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Problem::internal)?;
    mac.update(&signed(id, timestamp, body));
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// A signature with the service's key.
pub fn by_key(seed: &Key, id: &str, timestamp: i64, body: &[u8]) -> String {
    let signature = SigningKey::from_bytes(seed).sign(&signed(id, timestamp, body));
    format!("v1a,{}", STANDARD.encode(signature.to_bytes()))
}

fn signed(id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    [format!("{id}.{timestamp}.").as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};

    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    /// The specification's own example.
    #[test]
    fn a_secret_signs_as_the_standard_says() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = by_secret(&secret, ID, AT, BODY).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(told(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_ne!(by_secret(&secret, ID, AT + 1, BODY).unwrap(), signature);
    }

    #[test]
    fn the_public_key_checks_what_the_service_signed() {
        let seed = Key::new([7; 32]);
        let public = public_key(&seed);
        let bytes: [u8; 32] = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap().try_into().unwrap();
        let signature = by_key(&seed, ID, AT, BODY);
        let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        let signature = Signature::from_slice(&signature).unwrap();
        let key = VerifyingKey::from_bytes(&bytes).unwrap();
        assert!(key.verify(&signed(ID, AT, BODY), &signature).is_ok());
        assert!(key.verify(&signed(ID, AT, b"{}"), &signature).is_err());
    }
}
