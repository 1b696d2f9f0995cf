"""A folder of the drill's own, and a user who owns nothing else."""

import os
import pwd
import shutil
import socket
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def become_unprivileged(prefix):
    """PostgreSQL refuses to run as root; files of the drill belong to whoever runs it."""
    scratch = os.environ.get("SCRATCH") or tempfile.mkdtemp(prefix=prefix)
    os.environ["SCRATCH"] = scratch
    os.makedirs(scratch, exist_ok=True)
    binary = os.path.join(scratch, "lianfang")
    if not os.path.exists(binary):
        shutil.copy(os.environ.get("LIANFANG") or os.path.join(ROOT, "target/debug/lianfang"), binary)
    if os.getuid() == 0:
        user = pwd.getpwnam(os.environ.get("SCRATCH_USER", "nobody"))
        os.chown(scratch, user.pw_uid, user.pw_gid)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    os.environ["HOME"] = scratch
    os.chdir(scratch)
    os.umask(0o077)
    return scratch


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
