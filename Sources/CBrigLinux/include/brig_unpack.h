/// What unpacking an image needs of the kernel: a confined process, opens that stay below a directory, extended attributes.
///
/// Functions return what the system call returns: -1 with errno set on failure, unless the comment says otherwise.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// open(2) flags that the Swift module of the C library does not show.
enum brig_open_flag { BRIG_O_PATH = 010000000, BRIG_AT_EMPTY_PATH = 0x1000 };

/// Starts the program behind `executable` in a new process with the namespaces `namespaces` (CLONE_NEW* bits), with `descriptors[i]` as its
/// descriptor 3 + i, /dev/null as 0 to 2 and nothing else, dying with the calling thread. It waits for one byte on descriptor 3 before it
/// execs, so that the caller can write its id maps first. Returns the process id; *pidfd gets a descriptor of it.
pid_t brig_unpack_spawn(int executable, char *const argv[], const int *descriptors, int count, uint64_t namespaces, int *pidfd);

/// Waits for the process behind `pidfd`: its exit status, or 128 + the signal that ended it.
int brig_unpack_wait(int pidfd);

/// All namespaces that a confined process gets, without and with the one for users.
uint64_t brig_unpack_namespaces(int user);

/// Makes `directory` the root of this mount namespace (nosuid, nodev, noexec) and lets go of the old one. Returns a descriptor of the new root.
int brig_unpack_pivot(int directory);

/// Landlock: from now on only below `writable` may be written and only below `readable` (or `writable`) may be read; -1 for none.
/// Fails with ENOSYS or EOPNOTSUPP where the kernel has no Landlock.
int brig_unpack_landlock(int writable, int readable);

/// Leaves this process the capabilities in `keep` (bits by number) as far as it has them, and no way to gain others.
int brig_unpack_drop_capabilities(uint64_t keep);

/// Keeps this process and what it execs from gaining privileges, and others from looking into it.
int brig_unpack_no_new_privileges(void);

/// openat2(2) with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_XDEV, closed on exec.
int brig_unpack_open_beneath(int directory, const char *path, int flags, unsigned mode);

/// renameat2(2) with RENAME_NOREPLACE.
int brig_unpack_rename_new(int from_directory, const char *from, int to_directory, const char *to);

/// syncfs(2).
int brig_unpack_sync_file_system(int descriptor);

/// Starts writing a file's dirty pages without waiting for them.
int brig_unpack_start_writing(int descriptor);

/// A socket pair that keeps message boundaries (SOCK_SEQPACKET), closed on exec.
int brig_unpack_socket_pair(int ends[2]);

/// mknodat(2) of an overlayfs whiteout: the character device 0:0, which needs no privilege since Linux 5.8.
int brig_unpack_whiteout(int directory, const char *name);

int brig_unpack_set_attribute(int descriptor, const char *name, const void *value, size_t size);
/// Length of the value; with size 0 the length only.
ssize_t brig_unpack_get_attribute(int descriptor, const char *name, void *value, size_t size);
/// Names, each ended by a NUL.
ssize_t brig_unpack_list_attributes(int descriptor, char *names, size_t size);
