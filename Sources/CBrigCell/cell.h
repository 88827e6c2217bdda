// What the files of the child share.
#pragma once

#include "brig_cell.h"
#include "raw.h"

/// The child's own state. One per child, on its stack.
struct cell {
    const struct brig_plan *plan;
    enum brig_stage stage;
    uint32_t detail;
    /// The root file system as it grows, the scratch tree, and procfs; -1 until they exist.
    int root_fd, scratch_fd, proc_fd;
    /// The mount at /dev (statx(2), stx_mnt_id).
    uint64_t device_mount;
    int master_fd, slave_fd;
    /// Standard input where it was opened anew, or -1.
    int input_fd;
    int following[BRIG_MAXIMUM_FOLLOWING];
    uint32_t following_count, following_used;
    /// The key that calls must carry once the filter is there.
    uint64_t key;
    /// Bit N: the program's candidate N is not to be tried.
    uint64_t unusable_candidates;
};

/// Tells the parent which stage failed, and ends the process.
_Noreturn void cell_fail(struct cell *cell, long error);

/// Goes on only where `result` is no error.
static inline long cell_must(struct cell *cell, long result) {
    if (result < 0) cell_fail(cell, result);
    return result;
}

/// Receives the parent's "go"; an end of file means that there is no parent any more.
void cell_wait(struct cell *cell);

/// The parent's death ends this process; where it died before the request, nobody holds the other end of the socket. To be asked for again after
/// each change of ids or capabilities, which clears it.
void cell_die_with_parent(struct cell *cell);

/// Opens the plan's input file, while the host's paths are still there.
void cell_open_input(struct cell *cell);
void cell_build_root(struct cell *cell);
/// Mounts the overlay that `step` describes, and makes it the root to build on.
void cell_overlay_root(struct cell *cell, const struct brig_step *step);
void cell_pivot(struct cell *cell);
void cell_loopback_up(struct cell *cell);
void cell_open_terminal(struct cell *cell);

/// Reaps until the job ends, tells the parent how, and ends; the kernel then ends everything in the namespace.
_Noreturn void cell_init(struct cell *cell, long job);

/// Everything from the standard streams to exec.
_Noreturn void cell_job(struct cell *cell);

/// Starts `run(cell)` in a new process; the caller waits until that process has executed a program or ended. Returns its id. With
/// `own_namespace` the process is number 1 of a process namespace below the caller's.
long cell_spawn(struct cell *cell, bool share_memory, bool own_namespace, void (*run)(struct cell *));
