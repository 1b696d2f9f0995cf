//! Encryption of what is pushed (RFC 8291, `aes128gcm` of RFC 8188): the push service that carries it reads nothing.

use aes_gcm::aead::Aead;
use aes_gcm::{Aes128Gcm, KeyInit as _, Nonce};
use hmac::{Hmac, Mac};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::{PublicKey, SecretKey};
use sha2::Sha256;

/// Size of a record, as the header says it; what is pushed is one record.
const RECORD_BYTES: u32 = 4_096;
/// Bytes that are pushed at most: push services take 4,096 with everything around them.
pub const MOST_BYTES: usize = 3_000;

/// Keys of a browser's subscription.
pub struct Receiver {
    /// Its public key, uncompressed.
    pub public: PublicKey,
    /// Its shared secret.
    pub auth: [u8; 16],
}

/// Makes a receiver of its parts; none where they are no keys.
pub fn receiver(public: &[u8], auth: &[u8]) -> Option<Receiver> {
    Some(Receiver { public: PublicKey::from_sec1_bytes(public).ok()?, auth: auth.try_into().ok()? })
}

/// Encrypts with a key and a salt made for this message alone; none where the pieces don't fit.
pub fn encrypt(receiver: &Receiver, own: &SecretKey, salt: [u8; 16], text: &[u8]) -> Option<Vec<u8>> {
    let theirs = receiver.public.to_encoded_point(false);
    let ours = own.public_key().to_encoded_point(false);
    let shared = p256::ecdh::diffie_hellman(own.to_nonzero_scalar(), receiver.public.as_affine());
    let secret = keyed(&receiver.auth, &[shared.raw_secret_bytes()])?;
    let material = keyed(&secret, &[b"WebPush: info\0", theirs.as_bytes(), ours.as_bytes(), &[1]])?;
    let root = keyed(&salt, &[&material])?;
    let key = keyed(&root, &[b"Content-Encoding: aes128gcm\0", &[1]])?;
    let nonce = keyed(&root, &[b"Content-Encoding: nonce\0", &[1]])?;
    let key: [u8; 16] = key.get(..16)?.try_into().ok()?;
    let nonce: [u8; 12] = nonce.get(..12)?.try_into().ok()?;
    // The last record ends with a 2.
    let sealed = Aes128Gcm::new(&key.into()).encrypt(&Nonce::from(nonce), [text, &[2]].concat().as_slice()).ok()?;
    let id_bytes = u8::try_from(ours.len()).ok()?;
    Some([&salt[..], &RECORD_BYTES.to_be_bytes(), &[id_bytes], ours.as_bytes(), &sealed].concat())
}

fn keyed(key: &[u8], parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// RFC 8291, appendix A.
    #[test]
    fn the_standards_own_example() {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let public = bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let receiver = receiver(&public, &bytes("BTBZMqHH6r4Tts7J_aSIgg")).unwrap();
        let own = SecretKey::from_slice(&bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).unwrap();
        let salt: [u8; 16] = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let sealed = encrypt(&receiver, &own, salt, b"When I grow up, I want to be a watermelon").unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(sealed), expected);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(receiver(&[4; 65], &[0; 16]).is_none() && receiver(&[], &[0; 16]).is_none());
    }
}
