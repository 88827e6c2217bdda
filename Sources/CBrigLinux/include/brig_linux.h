/// System calls and constants that Swift cannot import or that the C library does not wrap.
///
/// Functions return what the system call returns: -1 with errno set on failure, unless the comment says otherwise.
#pragma once

#include <asm/unistd.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

// MARK: Errors

/// The symbolic name of an error number (`ENOENT`), or NULL where it has none.
const char *brig_errno_name(int number);

/// The sentence for an error number in the C locale, or NULL where it has none.
const char *brig_errno_text(int number);

// MARK: Build

/// The commit that this was built from (-DBRIG_COMMIT=...), or NULL.
const char *brig_build_commit(void);

// MARK: Paths and mounts

/// openat2(2); `resolve` is RESOLVE_*.
int brig_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/// A detached clone of the mount tree at a descriptor (open_tree(2)), private: later mounts on either are not the other's.
int brig_clone_tree(int fd, bool recursive);

/// Attaches a file to a free loop device, for reading, until the device is closed for the last time (loop(4)); its path goes into `device`.
/// Returns a descriptor of the device, or -1 with errno.
int brig_attach_loop(int file, char *device, size_t size);

/// Mounts a block device read-only, nosuid and nodev, at no place (fsopen(2)). Returns a descriptor of the mount's root, or -1 with errno.
int brig_mount_device(const char *type, const char *device);

/// Sets MOUNT_ATTR_* on the mount (tree) of a descriptor; with `user_namespace_fd` >= 0 also maps its ids (mount_setattr(2)).
int brig_mount_setattr(int fd, bool recursive, uint64_t attributes, int user_namespace_fd);

#define BRIG_MOUNT_RDONLY 0x01
#define BRIG_MOUNT_NOSUID 0x02
#define BRIG_MOUNT_NODEV 0x04
#define BRIG_MOUNT_NOEXEC 0x08

/// Whether a descriptor is of a cgroup file system, of version 1 or 2: 0 or 1.
int brig_is_cgroup(int fd);

/// Bytes and inodes in use in the file system of a descriptor.
int brig_file_system_use(int fd, uint64_t *bytes, uint64_t *inodes);

/// Exchanges what two names of a directory stand for (renameat2(2), RENAME_EXCHANGE).
int brig_exchange(int directory, const char *one, const char *other);

// MARK: Processes

/// pidfd_open(2); closed on exec.
int brig_pidfd_open(int process);
int brig_pidfd_send_signal(int pidfd, int signal);

/// waitid(2) on a child, with its resource use, as wait4(2) gives it. `status` is a wait status.
pid_t brig_wait(pid_t pid, int *status, struct rusage *usage, int options);

/// Starts tracing a process without stopping it; it will stop at its next exec, and end with the tracer.
int brig_trace_exec(pid_t pid);

/// Lets a traced process run on, untraced; `signal` is delivered to it.
int brig_trace_detach(pid_t pid, int signal);
int brig_trace_continue(pid_t pid, int signal);

/// Whether a wait status is a stop at exec.
bool brig_is_exec_stop(int status);

/// Makes the network namespace of a descriptor that of this thread and of the processes that it starts.
int brig_enter_network(int fd);

/// A process in a new user namespace that does nothing until it is killed. Returns its id.
pid_t brig_hold_user_namespace(void);

// MARK: Descriptors

/// Sends a message over a SOCK_SEQPACKET socket with descriptors beside it. Returns 0 or -1.
int brig_send(int socket, const void *bytes, size_t length, const int *descriptors, size_t count);

/// Receives one message: its length, its sender's process id (needs SO_PASSCRED) and at most `capacity` descriptors, closed on exec.
ssize_t brig_receive(int socket, void *bytes, size_t length, pid_t *sender, int *descriptors, size_t capacity, size_t *count);

/// A pair of connected SOCK_SEQPACKET sockets, closed on exec; the first tells who sent a message.
int brig_control_sockets(int pair[2]);

/// Takes an exclusive lock of one byte of a file for this open file description. 0 held, 1 somebody else holds it, -1 error.
int brig_lock_byte(int fd, uint64_t offset);

int brig_unlock_byte(int fd, uint64_t offset);

/// Whether somebody holds a lock of this byte: 1 yes, 0 no, -1 error.
int brig_byte_is_locked(int fd, uint64_t offset);

/// A signalfd for a set of blocked signals; `signals` ends with 0.
int brig_signal_descriptor(const int *signals);

/// The number of a signal that has arrived at a signalfd; 0 where there is none.
int brig_take_signal(int fd);

/// eventfd(2) and pipe2(2), closed on exec; the first does not block.
int brig_eventfd(void);
int brig_pipe(int ends[2]);

/// epoll_create1(2), closed on exec.
int brig_epoll_create(void);

/// Watches a descriptor for input; `token` tells it apart.
int brig_epoll_add(int epoll, int fd, uint64_t token);

/// Watches a descriptor for room to write.
int brig_epoll_add_output(int epoll, int fd, uint64_t token);

/// Stops watching a descriptor.
int brig_epoll_remove(int epoll, int fd);

/// Stores the tokens of what is ready, at most `capacity` (16); returns their number.
int brig_epoll_wait(int epoll, uint64_t *tokens, int capacity, int milliseconds);

/// A timer of the monotonic clock that fires once after `nanos` (or every `nanos`).
int brig_timer(uint64_t nanos, bool periodic);

// MARK: Seccomp

/// Sizes of the structures that the running kernel uses, compared with ours: 0 where ours suffice.
int brig_notification_sizes(void);

/// SECCOMP_IOCTL_NOTIF_RECV into a zeroed structure.
int brig_notification_receive(int listener, struct seccomp_notif *notification);

/// Answers with an error number. Never lets the call go on.
int brig_notification_answer(int listener, uint64_t id, int error);

/// Lets the call go on (SECCOMP_USER_NOTIF_FLAG_CONTINUE): only for one that the policy would allow whatever its memory holds.
int brig_notification_continue(int listener, uint64_t id);

/// Has the caller of a notified call and who answers it wake each other on one processor (SECCOMP_IOCTL_NOTIF_SET_FLAGS, Linux 6.6): about half the time where
/// a job waits for each answer. An error changes nothing else.
int brig_notification_share_processor(int listener);

/// Numbers of native calls that are counted.
#define BRIG_COUNTED_CALLS 512

/// A distinct set of a call's kept arguments, and how often it came.
struct brig_counted_call {
    uint64_t values[6];
    uint64_t count;
    uint32_t number;
    bool is_known;
};

struct brig_notification_service;

/// Begins to answer all calls of a job, for the calling thread, with another thread that watches `others` (SIGRTMIN interrupts the first). `goes_on` and `kept` have
/// BRIG_COUNTED_CALLS entries: whether a native call of this architecture goes on whatever its arguments, and of others which arguments tell them apart (bits 0 to
/// 5; with bits 8 to 13 the low 32 bits of them). Ends with `brig_notification_service_end`. NULL with errno set on failure.
struct brig_notification_service *brig_notification_service(int listener, int others, uint32_t architecture, const bool *goes_on, const uint16_t *kept);
void brig_notification_service_end(struct brig_notification_service *service);

/// From now on calls with these arguments, zeros for those that are not kept, go on too. Has no effect where there are very many.
void brig_notification_let(struct brig_notification_service *service, uint32_t number, const uint64_t *values);

/// Lets calls go on and counts them, until another call comes or `others` can be read.
/// Returns 1 with another call in `notification`, 0 where `others` is to be read, 2 where no task of the filter is left, -1 on error.
int brig_notification_serve(struct brig_notification_service *service, struct seccomp_notif *notification);

/// How often a call was let go on, and with which of the arguments that were told: NULL beyond the last index, entries between may be unknown.
uint64_t brig_notification_count(const struct brig_notification_service *service, uint32_t number);
const struct brig_counted_call *brig_notification_known(const struct brig_notification_service *service, uint32_t index);

/// Whether the calling thread still waits.
int brig_notification_is_valid(int listener, uint64_t id);

// MARK: Audit

/// A record of an access that a security module was asked about (AUDIT_AVC, linux/audit.h).
#define BRIG_AUDIT_ACCESS 1400

/// A socket that hears the kernel's audit records (AUDIT_NLGRP_READLOG, kernel/audit.c), not blocking and closed on exec. Needs CAP_AUDIT_READ in the
/// first user namespace.
int brig_audit_listen(void);

/// Takes one record: its type, and its text as far as `capacity` goes; returns the text's length. EAGAIN: there is none; ENOBUFS: some were dropped since
/// they were not taken fast enough; EMSGSIZE: this one was longer. What did not come from the kernel has type 0 and no text.
ssize_t brig_audit_receive(int fd, uint16_t *type, char *text, size_t capacity);

/// How many records the kernel has lost since it started, and how many wait to be sent (AUDIT_GET). Needs CAP_AUDIT_CONTROL, in the first user and process
/// namespaces.
int brig_audit_state(uint32_t *lost, uint32_t *waiting);
