//! Parts of the container image, where nobody can build one: Dockerfile, context, compose file, program fit together.

use std::path::Path;
use std::process::Command;

#[test]
fn what_the_image_is_made_of_fits_together() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut check = Command::new(root.join(".ci/container"));
    let done = check.arg("--check").env("SERVICE_BINARY", env!("CARGO_BIN_EXE_lianfang")).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    for looked_at in ["Dockerfile: ", "context: ", "program: ", "no image made"] {
        assert!(said.contains(looked_at), "{said}");
    }
}
