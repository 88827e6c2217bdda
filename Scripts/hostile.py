"""What an untrusted program may try: `make demo` runs this inside a job. Every line says what it got; the last attempt ends it."""
import ctypes
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)


def attempt(what, action):
    try:
        print(f"{what}: {action()}", flush=True)
    except OSError as error:
        print(f"{what}: {error.strerror}", flush=True)


def call(name, *arguments):
    if getattr(libc, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "done"


attempt("read the password hashes", lambda: open("/etc/shadow").read(64))
attempt("list the root user's files", lambda: os.listdir("/root"))
attempt("write to the machine's files", lambda: open("/usr/bin/ls", "ab"))
attempt("trace the reaper", lambda: call("ptrace", 16, 1, 0, 0))
attempt("become root in a new namespace", lambda: call("unshare", 0x10000000))
attempt("mount a file system", lambda: call("mount", b"tmpfs", b"/tmp", b"tmpfs", 0, None))
attempt("open a network connection", lambda: socket.create_connection(("127.0.0.1", 80), 1))
attempt("start a shell", lambda: os.posix_spawn("/bin/sh", ["sh"], {}))
attempt("see other processes", lambda: [name for name in os.listdir("/proc") if name.isdigit()])

print("take all the memory there is", flush=True)
taken = []
while True:
    taken.append(b"x" * (1 << 20))
