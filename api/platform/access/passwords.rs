//! Passwords: argon2id off the workers, a few at a time; one-time passwords; what is too weak.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use kit::catalogue::{Code, FaultCode};
use kit::problem::Problem;
use tokio::sync::Semaphore;

use crate::platform::codes::WEAK_PASSWORD;

/// The fewest characters of a password (NIST SP 800-63B asks for 8; people here sign in rarely).
pub const MIN_CHARACTERS: usize = 12;
/// Words that anybody here tries first, beside those of zxcvbn's lists of leaked passwords, names and words.
const LOCAL_WORDS: [&str; 10] =
    ["lianfang", "liánfáng", "yucheng", "yaan", "yaanyucheng", "sichuan", "fangyi", "联防", "雅安雨城", "疫情防控"];

/// Each hash takes 19 MiB and tens of milliseconds of a core: more at once would starve the rest.
static SLOTS: Semaphore = Semaphore::const_new(2);
/// How many may wait for a slot before sign-in says 503.
const MAX_WAITING: usize = 64;
static WAITING: Semaphore = Semaphore::const_new(MAX_WAITING);

/// Verified where the account doesn't exist, so that both answers take the same time.
static DECOY: LazyLock<String> = LazyLock::new(|| hash_now("no account has this password").unwrap_or_default());

/// Hashes a password: argon2id, OWASP's parameters, PHC string.
pub async fn hash(password: String) -> Result<String, Problem> {
    off_workers(move || hash_now(&password)).await?
}

/// Whether a password is the one of a hash. Without a hash (no such account) it takes as long and
/// says no.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, Problem> {
    off_workers(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DECOY.clone());
        let matches = PasswordHash::new(&hash)
            .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
        matches && known
    })
    .await
}

/// A password to be used once: 20 characters that can be read aloud, about 94 bits.
pub fn one_time() -> String {
    const ALPHABET: &[u8; 27] = b"abcdefghjkmnpqrstuvwxyz2345";
    let mut text = String::with_capacity(24);
    while text.len() < 23 {
        // Rejection keeps the draw uniform.
        let byte: u8 = rand::random();
        let Some(letter) = (byte < 243).then(|| ALPHABET.get(usize::from(byte) % ALPHABET.len())).flatten() else {
            continue;
        };
        if matches!(text.len(), 5 | 11 | 17) {
            text.push('-');
        }
        text.push(char::from(*letter));
    }
    text
}

/// Weakness of a new password, if any: too short, or guessed within a day by whoever knows the lists of
/// passwords that leaked, common words and names, rows of keys, years, and what the account is called.
pub fn weakness(password: &str, known: &[&str]) -> Option<FaultCode> {
    if password.chars().count() < MIN_CHARACTERS {
        return Some(FaultCode::TOO_SHORT);
    }
    let lower = password.to_lowercase();
    let distinct = lower.chars().collect::<std::collections::BTreeSet<_>>().len();
    let named = known.iter().any(|word| word.chars().count() > 2 && lower.contains(&word.to_lowercase()));
    let inputs: Vec<&str> = known.iter().chain(&LOCAL_WORDS).copied().collect();
    let weak = distinct < 5 || named || zxcvbn::zxcvbn(password, &inputs).score() < zxcvbn::Score::Three;
    weak.then_some(WEAK_PASSWORD)
}

fn hash_now(password: &str) -> Result<String, Problem> {
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(Problem::internal)
}

async fn off_workers<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R, Problem> {
    let busy = || Problem::unavailable(Code::UNAVAILABLE, 5, "too many sign-ins wait");
    let _waiting = WAITING.try_acquire().map_err(|_| busy())?;
    let _slot = SLOTS.acquire().await.map_err(Problem::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let hash = hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!verify("wrong horse".into(), Some(hash)).await.unwrap());
        assert!(!verify("no account has this password".into(), None).await.unwrap());
    }

    #[test]
    fn one_time_passwords_differ_and_are_strong() {
        let one = one_time();
        assert_eq!(one.len(), 23);
        assert_ne!(one, one_time());
        assert_eq!(weakness(&one, &["admin"]), None);
    }

    #[test]
    fn weak_passwords_are_refused() {
        assert_eq!(weakness("short", &["x"]), Some(FaultCode::TOO_SHORT));
        assert_eq!(weakness("tr0ub4dor&3", &["x"]), Some(FaultCode::TOO_SHORT), "11 characters");
        for weak in [
            "aaaaaaaaaaaa",
            "Password2020!",
            "zhangsan-2020",
            "123456789012",
            "qwertyuiop12",
            "1qaz2wsx3edc",
            "iloveyou1314",
            "abc123abc123",
            "admin123456789",
            "liverpool2020",
            "P@ssw0rd1234",
            "20200202020202",
            "lianfang2020",
            "雅安雨城12345678",
        ] {
            assert_eq!(weakness(weak, &["zhangsan", "张三"]), Some(WEAK_PASSWORD), "{weak}");
        }
        for strong in [
            "雅安雨城二零二零春日防疫志",
            "choose-your-own-2020",
            "correct horse battery staple",
            "gate 龙溪苑 北门 7 pm",
        ] {
            assert_eq!(weakness(strong, &["zhangsan", "张三"]), None, "{strong}");
        }
    }
}
