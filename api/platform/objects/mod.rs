//! Files that records have beside them, as objects: sealed as personal fields are, so that neither a folder nor somebody
//! else's bucket tells anything. In a folder by default, in an S3-compatible bucket where the settings name one.

mod carrier;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kit::catalogue::Code;
use kit::problem::Problem;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, RetryConfig};

use self::carrier::Carrier;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::privacy::seal::{self, Owner};

/// Seconds after which to come again where the store can't be used.
const RETRY_S: u32 = 30;

/// How long a request to a bucket is tried again: whoever waits for it comes again himself.
const RETRIED_FOR: Duration = Duration::from_secs(10);

/// The store; else why there is none.
pub struct Objects(Result<Arc<dyn ObjectStore>, String>);

impl Extension for Objects {
    fn begin(config: &Config) -> Self {
        let store = match &config.attachments_bucket {
            Some(bucket) => in_bucket(config, bucket),
            None => in_folder(config),
        };
        Self(store)
    }
}

fn in_folder(config: &Config) -> Result<Arc<dyn ObjectStore>, String> {
    let folder = config.attachments_dir().join("kept");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| error.to_string())?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| error.to_string())?;
    Ok(Arc::new(store.with_fsync(true)))
}

fn in_bucket(config: &Config, bucket: &str) -> Result<Arc<dyn ObjectStore>, String> {
    let mut builder = AmazonS3Builder::from_env()
        .with_http_connector(Carrier)
        .with_bucket_name(bucket)
        .with_retry(RetryConfig { max_retries: 2, retry_timeout: RETRIED_FOR, ..RetryConfig::default() })
        .with_region(&config.attachments_region);
    if let Some(endpoint) = &config.attachments_endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    builder.build().map(|store| Arc::new(store) as Arc<dyn ObjectStore>).map_err(|error| error.to_string())
}

/// Where an object lies: by what it belongs to, which tells nothing else.
fn path(owner: Owner<'_>) -> Path {
    Path::from_iter([owner.kind, owner.district_code, &format!("{}.{}", owner.id, owner.field)])
}

fn unusable(error: impl std::fmt::Display) -> Problem {
    Problem::unavailable(Code::UNAVAILABLE, RETRY_S, format!("the store of files: {error}"))
}

impl Objects {
    fn store(&self) -> Result<&Arc<dyn ObjectStore>, Problem> {
        self.0.as_ref().map_err(unusable)
    }
}

/// Keeps an object, sealed, in the place of the one that was there.
pub async fn put(core: &Core, owner: Owner<'_>, plain: &[u8]) -> Result<(), Problem> {
    let sealed = core.sealer.seal(owner, plain).map_err(Problem::internal)?;
    core.ext::<Objects>().store()?.put(&path(owner), sealed.into()).await.map(|_| ()).map_err(unusable)
}

/// Deletes an object; none there is no fault.
pub async fn delete(core: &Core, owner: Owner<'_>) -> Result<(), Problem> {
    match core.ext::<Objects>().store()?.delete(&path(owner)).await {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(unusable(error)),
    }
}

/// Number of the key that an object is sealed with; none where there is none.
pub async fn key_of(core: &Core, owner: Owner<'_>) -> Result<Option<u32>, Problem> {
    let head = u64::try_from(seal::KEY_ID.end).map_err(Problem::internal)?;
    match core.ext::<Objects>().store()?.get_range(&path(owner), 0..head).await {
        // More than what a purge leaves: what was cut has no key.
        Ok(head) => Ok(head.get(seal::KEY_ID).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(unusable(error)),
    }
}

/// Seals an object again with the key that seals now; whether it had another one.
pub async fn seal_again(core: &Core, owner: Owner<'_>) -> Result<bool, Problem> {
    let store = core.ext::<Objects>().store()?;
    let found = match store.get(&path(owner)).await {
        Ok(found) => found.bytes().await.map_err(unusable)?,
        Err(Error::NotFound { .. }) => return Ok(false),
        Err(error) => return Err(unusable(error)),
    };
    let Some(sealed) = core.sealer.sealed_again(owner, &found).map_err(Problem::internal)? else { return Ok(false) };
    store.put(&path(owner), sealed.into()).await.map(|_| true).map_err(unusable)
}

/// The object in plain; none where there is none. One that doesn't open is a defect and told as such.
pub async fn get(core: &Core, owner: Owner<'_>) -> Result<Option<Bytes>, Problem> {
    let found = match core.ext::<Objects>().store()?.get(&path(owner)).await {
        Ok(found) => found.bytes().await.map_err(unusable)?,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(unusable(error)),
    };
    core.sealer.open(owner, &found).map(|plain| plain.map(Bytes::from)).map_err(Problem::internal)
}
