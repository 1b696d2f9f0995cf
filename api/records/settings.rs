//! Dated settings that rules ask for: policies, cadences. Themes list theirs ([`SettingSource`]); the frame reads them
//! before it asks a rule, and hands them on.

use std::any::Any;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use kit::problem::Problem;

use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};

/// Any setting, as it was read.
pub type Known = Arc<dyn Any + Send + Sync>;

/// A dated setting.
pub trait Setting: Any + Send + Sync {
    /// Value that holds where nobody ever gave any, and no theme listed it.
    fn without_any() -> &'static Self;
}

/// Access to a dated setting of a theme.
pub struct SettingSource {
    /// Gives the setting as it was read last.
    pub known: fn(&Core) -> Known,
    /// Reads it anew, where that was not done just now.
    pub refresh: fn(&Core) -> BoxFuture<'_, Result<(), Problem>>,
}

/// The settings of all themes.
#[derive(Clone, Copy, Default)]
pub struct SettingSources(pub &'static [&'static SettingSource]);

impl Extension for SettingSources {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

/// The settings as they stood at one moment.
#[derive(Clone, Default)]
pub struct Settings(Vec<Known>);

impl Settings {
    /// One of them, by its type.
    pub fn of<T: Setting>(&self) -> &T {
        self.0.iter().find_map(|known| known.downcast_ref()).unwrap_or_else(|| T::without_any())
    }
}

impl Core {
    /// Reads the settings that rules ask for, where that was not done just now.
    pub async fn refresh_settings(&self) -> Result<(), Problem> {
        for source in self.ext::<SettingSources>().0 {
            (source.refresh)(self).await?;
        }
        Ok(())
    }

    /// The settings as they were read last.
    pub fn settings(&self) -> Settings {
        Settings(self.ext::<SettingSources>().0.iter().map(|source| (source.known)(self)).collect())
    }
}
