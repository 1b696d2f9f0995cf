//! Access tokens: each file says header, claims, who signs and what is expected; the keys are the test's.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Utc;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderValue;
use serde_json::Value as Json;
use sha2::Sha256;

use super::{files, lines, prepared, require_health, require_problem};
use crate::support::{Actor, TestApp};

/// Places in a corpus file, with the values that are put there.
struct Places(Vec<(&'static str, String)>);

impl Places {
    fn of(actor: &Actor) -> Self {
        let token = actor.token.clone().unwrap();
        let mut parts = token.split('.').map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap_or_default());
        let mut next = || serde_json::from_slice::<Json>(&parts.next().unwrap()).unwrap();
        let (header, claims, now) = (next(), next(), Utc::now().timestamp());
        let text = |json: &Json| json.as_str().unwrap().to_owned();
        Self(vec![
            ("$KID", text(&header["kid"])),
            ("$SUB", text(&claims["sub"])),
            ("$SID", text(&claims["sid"])),
            ("\"$NOW\"", now.to_string()),
            ("\"$SOON\"", (now + 300).to_string()),
            ("\"$PAST\"", (now - 1).to_string()),
            ("\"$LATER\"", (now + 3_600).to_string()),
            ("$OTHER", BASE64_URL_SAFE_NO_PAD.encode(another_key().verifying_key().to_bytes())),
            ("$HUGE", "x".repeat(200_000)),
            ("$LONG", "x".repeat(2_000)),
        ])
    }

    fn filled(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

fn our_key(app: &TestApp) -> SigningKey {
    SigningKey::from_bytes(&app.core.keys.token)
}

fn another_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The line of a file that begins with a name.
fn line<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
}

/// The tokens of a file: one, or one for each way in which a public key may be taken for a secret.
fn tokens(app: &TestApp, places: &Places, text: &str) -> Vec<String> {
    let part = |name: &str| BASE64_URL_SAFE_NO_PAD.encode(places.filled(line(text, name)));
    let signed = format!("{}.{}", part("header"), part("claims"));
    let with = |signature: &[u8]| format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
    let ours = || our_key(app).sign(signed.as_bytes()).to_bytes();
    match line(text, "signed") {
        "ours" => vec![with(&ours())],
        "another key" => vec![with(&another_key().sign(signed.as_bytes()).to_bytes())],
        "nothing" => vec![with(&[])],
        "ours, cut" => vec![with(&ours()[..32])],
        "ours, end changed" => {
            let token = with(&ours());
            let (rest, last) = token.split_at(token.len() - 1);
            // Another letter with the same bits that count.
            let other = if last == "A" { "B" } else { "A" };
            ["B", "R", "h", "x", other]
                .iter()
                .filter(|letter| **letter != last)
                .map(|letter| format!("{rest}{letter}"))
                .collect()
        }
        "hmac with the public key" => {
            let public = our_key(app).verifying_key().to_bytes();
            let jwks = app.core.tokens.jwks().to_string();
            let secrets = [public.to_vec(), BASE64_URL_SAFE_NO_PAD.encode(public).into_bytes(), jwks.into_bytes()];
            let sign = |secret: &Vec<u8>| {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
                mac.update(signed.as_bytes());
                with(&mac.finalize().into_bytes())
            };
            secrets.iter().map(sign).collect()
        }
        other => panic!("nobody signs as {other:?}"),
    }
}

async fn ask(app: &TestApp, authorization: &str) -> String {
    let header = HeaderValue::from_bytes(authorization.as_bytes()).unwrap();
    let request = reqwest::Client::new().get(app.url("/v1/auth/me")).header("authorization", header);
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body: Json = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    if status >= 400 {
        require_problem(&body, authorization);
    }
    format!("{status} {}", body["code"].as_str().unwrap_or_default()).trim().to_owned()
}

#[tokio::test]
async fn tokens_are_ours_or_worth_nothing() {
    let (app, admin) = prepared().await;
    let places = Places::of(&admin);
    for (name, bytes) in files("jwt").into_iter().filter(|(name, _)| name != "raw.txt") {
        let text = String::from_utf8(bytes).unwrap();
        for token in tokens(&app, &places, &text) {
            assert_eq!(ask(&app, &format!("Bearer {token}")).await, line(&text, "expect"), "{name}");
        }
    }
    for line in lines("jwt", "raw.txt") {
        let told = ask(&app, &serde_json::from_str::<String>(&line).unwrap()).await;
        assert!(matches!(told.as_str(), "401 invalid_token" | "401 unauthenticated"), "{line}: {told}");
    }
    require_health(&app, &admin).await;
}
