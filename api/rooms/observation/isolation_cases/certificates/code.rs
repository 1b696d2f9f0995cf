//! The short code of a release certificate, checked without a network: `LF1.` and, in base64url, 18 bytes and
//! their Ed25519 signature. The bytes: format (1), key (2, the beginning of its thumbprint), district (3),
//! day of release (2, days since 2020-01-01), certificate (8, the beginning of the case's id), holder (2, the
//! beginning of SHA-256 over certificate and document number). One that was issued anew after a correction has
//! format 2 and, as a nineteenth byte, which edition it is; that the former one is withdrawn only the service tells. So a checkpoint compares the card it is shown
//! with the code: another's fits once in 65,536. More bytes would tell the number to whoever tries all that there
//! are; with two, of the 36 million of a county more than five hundred fit.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{Days, NaiveDate};
use ed25519_dalek::{Signature, Signer, SigningKey};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::platform::privacy::keys::Key;

const FORMAT: u8 = 1;
/// Format of a certificate that was issued anew.
const EDITION_FORMAT: u8 = 2;
const SIGNATURE_BYTES: usize = 64;
const PREFIX: &str = "LF1.";
/// So many bytes tell whether a shown document may be the holder's, and too few which one it is.
const HOLDER_BYTES: usize = 2;

/// Facts of a release that a code is made of.
pub struct Release<'a> {
    /// The case.
    pub case_id: Uuid,
    /// Its district.
    pub district_code: &'a str,
    /// The day of release.
    pub released_on: NaiveDate,
    /// The document that the holder shows; his name where he has none.
    pub shown: &'a str,
    /// The how many-th that was issued of this case.
    pub edition: u8,
}

/// Content of a code whose signature holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    /// The district, six digits.
    pub district_code: String,
    /// The day of release.
    pub released_on: NaiveDate,
    /// The beginning of the case's id.
    pub certificate: [u8; 8],
    /// The how many-th that was issued of this case.
    pub edition: u8,
}

/// Signs release certificates.
pub struct Certifier(SigningKey);

impl Certifier {
    /// Makes it from the seed of an Ed25519 key.
    pub fn new(seed: &Key) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    fn public(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.verifying_key().to_bytes())
    }

    /// The JWK thumbprint (RFC 7638) names the key.
    fn thumbprint(&self) -> [u8; 32] {
        Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.public())).into()
    }

    /// The name of the key.
    pub fn key_id(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.thumbprint())
    }

    /// The public key as a JWK set.
    pub fn jwks(&self) -> Json {
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.key_id(), "x": self.public()}]})
    }

    /// The code of a release.
    pub fn code(&self, release: &Release<'_>) -> String {
        let mut bytes = vec![if release.edition > 1 { EDITION_FORMAT } else { FORMAT }];
        bytes.extend(self.thumbprint().iter().take(2));
        let district: u32 = release.district_code.parse().unwrap_or_default();
        bytes.extend(district.to_be_bytes().iter().skip(1));
        let days = u16::try_from((release.released_on - epoch()).num_days()).unwrap_or_default();
        bytes.extend(days.to_be_bytes());
        bytes.extend(release.case_id.as_bytes().iter().take(8));
        bytes.extend(holder(release.case_id, release.shown).iter().take(HOLDER_BYTES));
        bytes.extend((release.edition > 1).then_some(release.edition));
        let signature = self.0.sign(&bytes).to_bytes();
        bytes.extend(signature);
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a code; none where this key didn't sign it.
    pub fn read(&self, code: &str) -> Option<Said> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(code.trim().strip_prefix(PREFIX)?).ok()?;
        let (said, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_BYTES)?)?;
        self.0.verify(said, &Signature::from_slice(signature).ok()?).ok()?;
        let (&format, rest) = said.split_first()?;
        let (district, rest) = rest.get(2..)?.split_first_chunk::<3>()?;
        let (days, rest) = rest.split_first_chunk::<2>()?;
        let (certificate, rest) = rest.split_first_chunk::<8>()?;
        let edition = match (format, rest.get(HOLDER_BYTES..)?) {
            (FORMAT, []) => 1,
            (EDITION_FORMAT, [edition]) => *edition,
            _ => return None,
        };
        let [high, middle, low] = *district;
        let released_on = epoch().checked_add_days(Days::new(u16::from_be_bytes(*days).into()))?;
        let district_code = format!("{:06}", u32::from_be_bytes([0, high, middle, low]));
        Some(Said { district_code, released_on, certificate: *certificate, edition })
    }
}

fn epoch() -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 1, 1).unwrap_or_default()
}

/// Hash by which a shown document is compared: SHA-256 of the first 8 bytes of the case's id and the document's number.
fn holder(case_id: Uuid, shown: &str) -> [u8; 32] {
    let certificate: Vec<u8> = case_id.as_bytes().iter().take(8).copied().collect();
    Sha256::new().chain_update(certificate).chain_update(shown.trim().to_uppercase()).finalize().into()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::Verifier;

    use super::*;

    #[test]
    fn a_code_is_checked_with_the_public_key_alone() {
        let signer = Certifier::new(&Key::new([7; 32]));
        let case_id = Uuid::from_u128(0x0198_c0de_0010_7000_8000_0000_0000_0001);
        let release = Release {
            case_id,
            district_code: "511802",
            released_on: "2020-02-06".parse().unwrap(),
            shown: "519999199003070021",
            edition: 1,
        };
        let code = signer.code(&release);
        assert!(code.len() < 120, "{}", code.len());
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(code.strip_prefix("LF1.").unwrap()).unwrap();
        let (said, signature) = bytes.split_at(18);
        let jwks = signer.jwks();
        let public: [u8; 32] =
            BASE64_URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap().try_into().unwrap();
        let key = ed25519_dalek::VerifyingKey::from_bytes(&public).unwrap();
        key.verify(said, &Signature::from_slice(signature).unwrap()).unwrap();
        assert_eq!(u32::from_be_bytes([0, said[3], said[4], said[5]]), 511_802);
        assert_eq!(u16::from_be_bytes([said[6], said[7]]), 36);
        let mut forged = said.to_vec();
        forged[7] += 1;
        assert!(key.verify(&forged, &Signature::from_slice(signature).unwrap()).is_err());
        assert_eq!(&said[16..18], &holder(case_id, " 519999199003070021 ")[..2]);
        assert_ne!(&said[16..18], &holder(case_id, "519999194803120012")[..2]);
        // Issued anew it is another code; both are read, and nobody else's.
        let again = signer.code(&Release { edition: 2, ..release });
        let first = signer.read(&code).unwrap();
        assert_eq!(
            (first.district_code.as_str(), first.released_on, first.edition),
            ("511802", "2020-02-06".parse().unwrap(), 1)
        );
        assert_eq!(signer.read(&format!(" {again} ")).unwrap(), Said { edition: 2, ..first });
        assert_eq!(Certifier::new(&Key::new([8; 32])).read(&code), None);
        for broken in ["", "LF1.", "LF1.AQ", "LF2.AQ", &code[..code.len() - 2], &code.replace("LF1.A", "LF1.B")] {
            assert_eq!(signer.read(broken), None, "{broken}");
        }
    }
}
