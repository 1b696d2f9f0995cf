//! Cursors, tokens, plates, documents.

use std::sync::OnceLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use ed25519_dalek::{Signer, SigningKey};
use kit::cursor::{open, seal};
use lianfang::platform::access::tokens::Tokens;
use lianfang::platform::privacy::keys::Key;
use lianfang::rooms::checkpoints::{PlateKind, check_plate, guess_plate_kind};
use lianfang::rooms::registers::person::DocumentType;
use lianfang::rooms::registers::{check_document, normalize_name, normalize_phone};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{mutate, seeds};

/// A cursor opens what it was made for, and no edited one anything.
pub fn cursor(bytes: &[u8], generator: &mut StdRng) {
    let key: [u8; 32] = generator.random();
    let text = String::from_utf8_lossy(bytes);
    assert!(open(&key, "places", &text).is_err(), "one that was made up opens");
    let mut cut = generator.random_range(0..=text.len());
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    let (binding, position) = text.split_at(cut);
    let genuine = seal(&key, binding, position);
    assert_eq!(open(&key, binding, &genuine).ok().as_deref(), Some(position));
    assert!(open(&key, &format!("{binding}x"), &genuine).is_err(), "it opens another list");
    let edited = mutate::bytes(generator, &[genuine.clone().into_bytes()]);
    let edited = String::from_utf8_lossy(&edited);
    assert!(edited == genuine || open(&key, binding, &edited).is_err(), "edited, it opens: {edited}");
}

const SEED: [u8; 32] = [7; 32];

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_580_600_000, 0).unwrap()
}

/// Signing takes milliseconds in a build that isn't optimised: what can be made once is.
fn our_tokens() -> &'static Tokens {
    static TOKENS: OnceLock<Tokens> = OnceLock::new();
    TOKENS.get_or_init(|| Tokens::new(&Key::new(SEED)).unwrap())
}

fn genuine_token() -> &'static str {
    static GENUINE: OnceLock<String> = OnceLock::new();
    GENUINE.get_or_init(|| our_tokens().issue(Uuid::from_u128(1), Uuid::from_u128(2), now()).unwrap())
}

/// Header and claims of the corpus' tokens, each a line, with what stands for something filled in.
pub fn tokens() -> Vec<Vec<u8>> {
    let kid = our_tokens().jwks()["keys"][0]["kid"].as_str().unwrap().to_owned();
    let now = now().timestamp();
    let places = [
        ("$KID", kid),
        ("$SUB", Uuid::from_u128(1).to_string()),
        ("$SID", Uuid::from_u128(2).to_string()),
        ("\"$NOW\"", now.to_string()),
        ("\"$SOON\"", (now + 300).to_string()),
        ("\"$PAST\"", (now - 1).to_string()),
        ("\"$LATER\"", (now + 3_600).to_string()),
    ];
    let filled = |text: String| places.iter().fold(text, |text, (name, value)| text.replace(name, value));
    let part = |text: &str, name: &str| text.lines().find_map(|line| Some(line.strip_prefix(name)?.to_owned()));
    let files = seeds::corpus(&["jwt"]).into_iter().map(|bytes| String::from_utf8(bytes).unwrap());
    let pairs = files.filter_map(|text| Some(format!("{}\n{}", part(&text, "header: ")?, part(&text, "claims: ")?)));
    pairs.map(|pair| filled(pair).into_bytes()).collect()
}

/// Signed by us or not, a token is taken only where header and claims are those that we write; edited it is worth
/// nothing.
pub fn jwt(bytes: &[u8], generator: &mut StdRng) {
    let (ours, now) = (our_tokens(), now());
    assert!(ours.verify(&String::from_utf8_lossy(bytes), now).is_err(), "raw");
    let cut = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (header, claims) = (&bytes[..cut], bytes.get(cut + 1..).unwrap_or_default());
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(header), encode(claims));
    let with = |key: [u8; 32]| {
        format!("{signed}.{}", encode(&SigningKey::from_bytes(&key).sign(signed.as_bytes()).to_bytes()))
    };
    if generator.random_ratio(1, 10) {
        assert!(ours.verify(&with([8; 32]), now).is_err(), "signed by another");
    }
    let token = with(SEED);
    if let Ok(taken) = ours.verify(&token, now) {
        let header: Json = serde_json::from_slice(header).unwrap();
        let claims: Json = serde_json::from_slice(claims).unwrap();
        let kid = &ours.jwks()["keys"][0]["kid"];
        assert!(header["alg"] == "EdDSA" && header["typ"] == "at+jwt" && &header["kid"] == kid, "{header}");
        assert!(claims["iss"] == "lianfang" && claims["aud"] == "lianfang-api", "{claims}");
        assert!(claims["exp"].as_i64().unwrap() > now.timestamp(), "{claims}");
        assert!(claims["iat"].as_i64().unwrap() <= now.timestamp() + 60, "{claims}");
        assert_eq!(claims["sub"].as_str().map(|id| id.parse::<Uuid>().unwrap()), Some(taken.sub), "{claims}");
        assert_eq!(claims["sid"].as_str().map(|id| id.parse::<Uuid>().unwrap()), Some(taken.sid), "{claims}");
    }
    assert!(ours.verify(genuine_token(), now).is_ok());
    for token in [token.as_str(), genuine_token()] {
        let edited = mutate::bytes(generator, &[token.as_bytes().to_vec()]);
        let edited = String::from_utf8_lossy(&edited);
        assert!(edited == token || ours.verify(&edited, now).is_err(), "edited: {edited}");
    }
}

/// Checks that a plate as it is kept is a plate of that kind, and that keeping it again changes nothing.
pub fn plate(bytes: &[u8], _: &mut StdRng) {
    let number = String::from_utf8_lossy(bytes);
    let guessed = guess_plate_kind(&number);
    for kind in PlateKind::ALL.iter().copied() {
        if let Ok(kept) = check_plate(kind, &number) {
            assert_eq!(check_plate(kind, &kept).as_deref(), Ok(kept.as_str()), "{kind}");
            assert_eq!(guess_plate_kind(&kept), guessed, "{kind}");
            assert!(kept.chars().count() <= 20 && !kept.chars().any(char::is_control), "{kind}: {kept:?}");
        }
    }
}

/// Checks that a document, a phone or a name as it is kept is kept as itself.
pub fn document(bytes: &[u8], _: &mut StdRng) {
    let number = String::from_utf8_lossy(bytes);
    let today = NaiveDate::from_ymd_opt(2020, 2, 2).unwrap();
    for kind in DocumentType::ALL.iter().copied() {
        let known = |area: &str| area == "511802";
        if let Ok(kept) = check_document(kind, &number, today, known) {
            let again = check_document(kind, &kept.normalized, today, known);
            assert!(again.as_ref() == Ok(&kept), "{kind}: {:?} is kept as another", kept.normalized);
            assert!(!kept.normalized.is_empty() && kept.normalized.chars().count() <= 40, "{kind}");
            assert!(kept.birth_on.is_none_or(|day| day <= today), "{kind}: {:?}", kept.birth_on);
        }
    }
    if let Some(phone) = normalize_phone(&number) {
        assert_eq!(normalize_phone(&phone).as_deref(), Some(phone.as_str()));
    }
    let name = normalize_name(&number);
    assert_eq!(normalize_name(&name), name);
}
