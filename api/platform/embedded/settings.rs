//! The settings the server runs with.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::Durability;

/// The compression of full pages in the log that is cheaper by far than the server's first one.
pub(super) const FAST_WAL_COMPRESSION: &str = "lz4";
/// The one that every server has: those before version 15, and those built without the other.
pub(super) const PLAIN_WAL_COMPRESSION: &str = "on";

/// The settings as arguments of the server: they apply at every start, whatever the cluster's own files say, so a
/// later version of the service can change them.
pub(super) fn arguments(socket_directory: &Path, durability: Durability, wal_compression: &str) -> Vec<OsString> {
    let safe = if durability == Durability::Full { "on" } else { "off" };
    let fixed = [
        // Only the socket, and only for the server's user (and root).
        ("listen_addresses", ""),
        ("port", "5432"),
        ("unix_socket_permissions", "0700"),
        ("ssl", "off"),
        ("password_encryption", "scram-sha-256"),
        ("max_connections", "100"),
        ("shared_buffers", "128MB"),
        ("max_wal_size", "1GB"),
        ("wal_compression", wal_compression),
        ("fsync", safe),
        ("full_page_writes", safe),
        ("synchronous_commit", safe),
        // Plans are kept; statistics must follow soon when tables grow from nothing. Disks are not tapes.
        ("autovacuum_naptime", "10s"),
        ("random_page_cost", "1.1"),
        ("timezone", "UTC"),
        ("lc_messages", "C"),
        // Nothing personal in the log: no statements, no parameters, no DETAIL or CONTEXT (keys and
        // rows), and no errors of statements, whose text quotes values. The client gets those.
        ("log_min_messages", "log"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
        ("log_statement", "none"),
        ("log_min_duration_statement", "-1"),
        ("log_parameter_max_length", "0"),
        ("log_parameter_max_length_on_error", "0"),
        ("log_checkpoints", "off"),
        ("log_timezone", "UTC"),
        ("log_destination", "stderr"),
        ("logging_collector", "off"),
    ];
    let mut directories = OsString::from("unix_socket_directories=");
    directories.push(quote(socket_directory));
    let values = fixed.iter().map(|(name, value)| OsString::from(format!("{name}={value}")));
    values.chain([directories]).flat_map(|setting| [OsString::from("-c"), setting]).collect()
}

/// The setting is a list: quotes keep commas and blanks of a path together.
fn quote(directory: &Path) -> OsString {
    let mut quoted = vec![b'"'];
    for byte in directory.as_os_str().as_bytes() {
        if *byte == b'"' {
            quoted.push(b'"');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    OsString::from_vec(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_directory_is_one_element_of_the_list() {
        assert_eq!(quote(Path::new("/a, \"b\"/c")), OsString::from("\"/a, \"\"b\"\"/c\""));
    }

    #[test]
    fn durability_is_full_unless_relaxed() {
        let has = |durability, setting: &str| {
            arguments(Path::new("/s"), durability, PLAIN_WAL_COMPRESSION).iter().any(|argument| argument == setting)
        };
        for name in ["fsync", "full_page_writes", "synchronous_commit"] {
            assert!(has(Durability::Full, &format!("{name}=on")));
            assert!(has(Durability::Relaxed, &format!("{name}=off")));
        }
        assert!(has(Durability::Full, "unix_socket_directories=\"/s\""));
    }
}
