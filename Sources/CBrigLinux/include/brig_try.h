/// What this host and account can do, found out by doing it.
///
/// Each trial runs in a process of its own, which is gone when the call returns, and with it all that the trial has made. Results are 0, or -1
/// with the errno of the step that failed.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum brig_trial {
    /// A seccomp filter, after no_new_privs.
    BRIG_TRY_FILTER,
    /// A filter whose calls are answered by another process, which only a fatal signal interrupts (Linux 5.19).
    BRIG_TRY_NOTIFICATION,
    /// A recursive copy of all mounts, made read-only (open_tree, mount_setattr).
    BRIG_TRY_MOUNT_TREE,
    /// A new /proc in a new process namespace.
    BRIG_TRY_PROC,
    /// An overlay on a tmpfs.
    BRIG_TRY_OVERLAY,
    /// A tmpfs whose ids are mapped to those of another user namespace.
    BRIG_TRY_ID_MAP,
};

int brig_try(enum brig_trial trial);

/// A process in new namespaces: CLONE_NEW* bits, for an ordinary account beside CLONE_NEWUSER.
int brig_try_namespaces(uint64_t flags);

/// PTRACE_SEIZE of a child.
int brig_try_trace(void);

/// Whether this program runs with privileges that its caller does not have: set-uid, set-gid or file capabilities (AT_SECURE, getauxval(3)).
bool brig_has_borrowed_privileges(void);
