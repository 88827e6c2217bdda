/// The child: what happens between clone3 and the first instruction of the job.
///
/// The parent fills in one `brig_plan` and calls `brig_cell_start`. The child carries the plan out in the order of `enum brig_stage`, with raw
/// system calls only: nothing here allocates, takes a lock or calls the C library. Whatever fails ends the child after one message that names
/// the stage.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Where the child is. The order of the constants is the order of the work.
enum brig_stage {
    BRIG_STAGE_CLONE = 0,
    BRIG_STAGE_CGROUP,
    BRIG_STAGE_WAIT,
    BRIG_STAGE_IDENTITY,
    BRIG_STAGE_KEYRING,
    BRIG_STAGE_PRIVATE,
    BRIG_STAGE_ROOT,
    BRIG_STAGE_PIVOT,
    BRIG_STAGE_LOOPBACK,
    BRIG_STAGE_HOSTNAME,
    BRIG_STAGE_TERMINAL,
    BRIG_STAGE_INIT,
    BRIG_STAGE_STDIO,
    BRIG_STAGE_DIRECTORY,
    BRIG_STAGE_LIMITS,
    BRIG_STAGE_BOUNDING,
    BRIG_STAGE_IDS,
    BRIG_STAGE_CAPABILITIES,
    BRIG_STAGE_APPARMOR,
    BRIG_STAGE_NO_NEW_PRIVILEGES,
    BRIG_STAGE_SECCOMP,
    BRIG_STAGE_READY,
    BRIG_STAGE_EXEC,
};

/// One step of building the root file system.
///
/// There are two trees. The *scratch tree* is one file system in memory, bounded and made by this child; everything that the job can write to
/// and that dies with it is a directory of it. The *root* is what the job sees. Paths have no leading slash; they are resolved within their
/// tree and never through a magic link, and mounts are attached by descriptor.
enum brig_step_kind {
    /// A directory `target` with `mode`; one that exists is left as it is.
    BRIG_STEP_DIRECTORY = 1,
    /// A symbolic link `target` with the text `source`.
    BRIG_STEP_SYMLINK,
    /// The mount tree `source_fd` (detached), or a clone of the host's path `source`, at `target`.
    BRIG_STEP_BIND,
    /// A clone of the directory `source` of the scratch tree, at `target`.
    BRIG_STEP_SCRATCH,
    /// A new file system of type `source` with `options` ("key=value" separated by NUL, ended by an empty one), at `target`.
    BRIG_STEP_FILESYSTEM,
    /// The root: an overlay with `options`, whose relative paths are of the scratch tree.
    BRIG_STEP_OVERLAY_ROOT,
    /// Something that shows nothing over `target`: an empty read-only directory, or /dev/null.
    BRIG_STEP_MASK,
    /// The mount at `target` becomes read-only; where `target` is no mount, it becomes one.
    BRIG_STEP_READ_ONLY,
};

enum {
    /// Missing target: skip the step.
    BRIG_STEP_OPTIONAL = 1,
    /// Missing target: make it (a directory, or a file where the source is one), never through symbolic links.
    BRIG_STEP_CREATE = 2,
    /// The source is not a directory.
    BRIG_STEP_SOURCE_IS_FILE = 4,
    /// `target` is a path of the scratch tree.
    BRIG_STEP_IN_SCRATCH = 8,
    /// The directory belongs to the job's user and group.
    BRIG_STEP_OWNED = 16,
    /// What is mounted becomes the root that later targets are resolved in (its own target is of the scratch tree).
    BRIG_STEP_IS_ROOT = 32,
    /// A mount of the policy's: never over the root, procfs, /dev or devpts, wherever a link that its target goes by may lead.
    BRIG_STEP_OF_POLICY = 64,
};

struct brig_step {
    uint32_t kind;
    uint32_t flags;
    int32_t source_fd;
    uint32_t mode;
    /// The file that a path `source` must lead to (statx(2)), where the inode is not 0: what the launcher has looked at is what is mounted.
    uint32_t source_major, source_minor;
    uint64_t source_inode;
    /// MOUNT_ATTR_* to set on the mount, and on all below it.
    uint64_t attributes;
    const char *source;
    const char *target;
    const char *options;
};

struct brig_limit {
    /// RLIMIT_*
    uint32_t resource;
    uint64_t value;
};

struct brig_filter_instruction {
    uint16_t code;
    uint8_t jump_true;
    uint8_t jump_false;
    uint32_t value;
};

/// Everything that the child needs, in memory that nobody writes to any more.
struct brig_plan {
    /// CLONE_NEW* for clone3.
    uint64_t namespaces;
    /// Directory of a version 2 cgroup to start in, or -1.
    int32_t cgroup_fd;
    /// The version 1 `tasks` files to join.
    const int32_t *join_fds;
    uint32_t join_count;
    /// Both ends of the control socket (SOCK_SEQPACKET): the parent's is closed in the child.
    int32_t control_fd;
    int32_t parent_control_fd;

    /// Take user and group 0 of the namespace for the set-up (where they are mapped).
    bool become_root;
    /// The set-up may and must drop the supplementary groups.
    bool drop_groups;

    const struct brig_step *steps;
    uint32_t step_count;
    /// Options of the scratch file system (tmpfs), as in brig_step.
    const char *scratch_options;
    /// The root is made read-only when all is in place.
    bool read_only_root;

    bool loopback;
    const char *host_name;

    bool terminal;
    uint16_t terminal_rows, terminal_columns;
    /// The job's standard streams (ignored with a terminal).
    int32_t stdio[3];
    /// A file of the host to be opened anew as standard input, on a read-only mount, or NULL: through /proc/self/fd the job could open what stdio[0]
    /// leads to for writing. It must be that file (statx(2)), and is read from `input_offset`.
    const char *input_directory, *input_name;
    uint32_t input_major, input_minor;
    uint64_t input_inode;
    int64_t input_offset;

    /// The job's pid 1 is a process of ours; otherwise the job is, of a namespace below that of our process.
    bool init;
    /// The job may share memory with init until its exec. Off for an account that is not root: it has to be traceable, which init must not be.
    bool share_memory;

    const struct brig_limit *limits;
    uint32_t limit_count;
    uint32_t file_mode_mask;
    const char *working_directory;

    uint32_t user, group;
    uint64_t capabilities;
    bool ambient;
    uint32_t last_capability;

    /// What is written to /proc/thread-self/attr/exec, or NULL.
    const char *apparmor;

    const struct brig_filter_instruction *filter;
    uint16_t filter_length;
    /// SECCOMP_FILTER_FLAG_*
    uint32_t filter_flags;
    /// Carried in the sixth argument of the calls between filter and exec.
    uint64_t launch_key;

    /// Candidates for the program, in the order of the search, ended by NULL.
    const char *const *candidates;
    const char *const *arguments;
    const char *const *environment;
};

enum brig_message_kind {
    /// Child to parent: everything is in force. Descriptors: the scratch tree; with recording the listener; with a terminal its master.
    BRIG_MESSAGE_READY = 1,
    /// Child to parent: `stage` failed with `error`; `detail` tells more (the step's number, the descriptor).
    BRIG_MESSAGE_FAILED,
    /// Init to parent: the job ended; `status` is its wait status.
    BRIG_MESSAGE_EXITED,
    /// Parent to child: go on. With a descriptor for each step whose source_fd is BRIG_SOURCE_FOLLOWS, in their order.
    BRIG_MESSAGE_GO,
};

/// A step's source_fd: the descriptor comes with the first BRIG_MESSAGE_GO.
enum { BRIG_SOURCE_FOLLOWS = -2, BRIG_MAXIMUM_FOLLOWING = 250 };

struct brig_message {
    uint32_t kind;
    uint32_t stage;
    int32_t error;
    uint32_t detail;
    int32_t status;
    uint32_t descriptors;
};

/// Starts the child. Returns its process id and stores a pidfd, or returns -errno.
int32_t brig_cell_start(const struct brig_plan *plan, int32_t *pidfd);
