// From the standard streams to exec: everything here happens in the process that becomes the job.

#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/vfs.h>

static void take_streams(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    for (int fd = 0; fd < 3; fd++) {
        int source = plan->terminal ? cell->slave_fd : fd == 0 && cell->input_fd >= 0 ? cell->input_fd : plan->stdio[fd];
        cell->detail = (uint32_t)fd;
        // The parent has put all three above 2, so that none overwrites another.
        cell_must(cell, raw3(__NR_dup3, source, fd, 0));
    }
    cell->detail = 0;
    cell_must(cell, raw0(__NR_setsid));
    if (plan->terminal) cell_must(cell, raw3(__NR_ioctl, 0, TIOCSCTTY, 0));
    cell_must(cell, raw3(__NR_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC));
}

static void set_limits(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    for (uint32_t i = 0; i < plan->limit_count; i++) {
        // A hard limit of the caller's that is lower already is the tighter ceiling: it stays.
        struct rlimit64 limit;
        cell->detail = plan->limits[i].resource;
        cell_must(cell, raw4(__NR_prlimit64, 0, plan->limits[i].resource, 0, &limit));
        if (plan->limits[i].value < limit.rlim_max) limit.rlim_max = plan->limits[i].value;
        limit.rlim_cur = limit.rlim_max;
        cell_must(cell, raw4(__NR_prlimit64, 0, plan->limits[i].resource, &limit, 0));
    }
    cell->detail = 0;
    raw1(__NR_umask, plan->file_mode_mask);
}

static void drop_bounding(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    for (uint32_t capability = 0; capability <= plan->last_capability; capability++) {
        cell->detail = capability;
        if (!(plan->capabilities >> capability & 1)) cell_must(cell, raw2(__NR_prctl, PR_CAPBSET_DROP, capability));
    }
    cell->detail = 0;
}

static void take_ids(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    // Permitted capabilities would go with user 0; they are set exactly in the next stage.
    cell_must(cell, raw2(__NR_prctl, PR_SET_KEEPCAPS, 1));
    cell_must(cell, raw3(__NR_setresgid, plan->group, plan->group, plan->group));
    cell_must(cell, raw3(__NR_setresuid, plan->user, plan->user, plan->user));
    cell_must(cell, raw2(__NR_prctl, PR_SET_KEEPCAPS, 0));
}

/// With the job's own identity and inside its root: what it could not enter is no place to start. Never through a magic link: those of
/// /proc/self/fd lead to descriptors of the set-up.
static void enter_directory(struct cell *cell) {
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    long fd = cell_must(cell, raw4(__NR_openat2, AT_FDCWD, cell->plan->working_directory, &how, sizeof how));
    cell_must(cell, raw1(__NR_fchdir, fd));
    raw1(__NR_close, fd);
}

/// For the same reason a program is not executed through a magic link (/proc/self/exe is still brig's own).
static void screen_candidates(struct cell *cell) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    for (uint32_t i = 0; cell->plan->candidates[i] && i < 64; i++) {
        long fd = raw4(__NR_openat2, AT_FDCWD, cell->plan->candidates[i], &how, sizeof how);
        if (fd == -ELOOP) cell->unusable_candidates |= 1ULL << i;
        if (fd >= 0) raw1(__NR_close, fd);
    }
}

static void set_capabilities(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    uint32_t low = (uint32_t)plan->capabilities, high = (uint32_t)(plan->capabilities >> 32);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{low, low, low}, {high, high, high}};
    cell_must(cell, raw2(__NR_capset, &header, sets));
    cell_must(cell, raw5(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    for (uint32_t capability = 0; plan->ambient && capability <= plan->last_capability; capability++) {
        cell->detail = capability;
        if (plan->capabilities >> capability & 1) cell_must(cell, raw5(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0));
    }
    cell->detail = 0;
}

static void set_apparmor(struct cell *cell) {
    const char *text = cell->plan->apparmor;
    if (!text) return;
    // Through the descriptor of the procfs that was mounted here, so that no file of the image can stand in for it.
    static const char *const names[] = {"thread-self/attr/apparmor/exec", "thread-self/attr/exec"};
    struct open_how how = {.flags = O_WRONLY | O_CLOEXEC | O_NOCTTY, .resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV | RESOLVE_BENEATH};
    long fd = -ENOENT;
    for (int i = 0; i < 2 && fd == -ENOENT; i++) fd = raw4(__NR_openat2, cell->proc_fd, names[i], &how, sizeof how);
    cell_must(cell, fd);
    struct statfs file_system;
    cell_must(cell, raw2(__NR_fstatfs, fd, &file_system));
    if (file_system.f_type != PROC_SUPER_MAGIC) cell_fail(cell, -EXDEV);
    cell_must(cell, raw3(__NR_write, fd, text, strlen(text)));
    raw1(__NR_close, fd);
}

/// Installs the filter; returns the listener, or -1 where there is none.
static int install_filter(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    struct {
        unsigned short length;
        const struct brig_filter_instruction *filter;
    } program = {plan->filter_length, plan->filter};
    long result = cell_must(cell, raw3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, plan->filter_flags, &program));
    cell->key = plan->launch_key;
    return plan->filter_flags & SECCOMP_FILTER_FLAG_NEW_LISTENER ? (int)result : -1;
}

/// Tells the parent that all is in force, hands over the descriptors, and waits for its word.
static void report_ready(struct cell *cell, int listener) {
    struct brig_message message = {.kind = BRIG_MESSAGE_READY, .stage = cell->stage};
    int descriptors[3];
    if (cell->scratch_fd >= 0) descriptors[message.descriptors++] = cell->scratch_fd;
    if (listener >= 0) descriptors[message.descriptors++] = listener;
    if (cell->master_fd >= 0) descriptors[message.descriptors++] = cell->master_fd;
    struct iovec vector = {&message, sizeof message};
    union {
        char bytes[CMSG_SPACE(sizeof descriptors)];
        struct cmsghdr align;
    } control;
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    if (message.descriptors > 0) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(message.descriptors * sizeof(int));
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(message.descriptors * sizeof(int));
        memcpy(CMSG_DATA(&control.align), descriptors, message.descriptors * sizeof(int));
    }
    cell_must(cell, keyed5(cell->key, __NR_sendmsg, cell->plan->control_fd, &header, MSG_NOSIGNAL, 0, 0));
    long got;
    do {
        got = keyed5(cell->key, __NR_read, cell->plan->control_fd, &message, sizeof message, 0, 0);
    } while (got == -EINTR);
    if (got != (long)sizeof message || message.kind != BRIG_MESSAGE_GO) keyed5(cell->key, __NR_exit_group, 125, 0, 0, 0, 0);
}

/// The search of execvp(3): the first candidate that can be executed; a candidate without permission is remembered.
_Noreturn static void execute(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    long failure = -ENOENT;
    for (uint32_t i = 0; plan->candidates[i]; i++) {
        cell->detail = i;
        if (i < 64 && (cell->unusable_candidates >> i & 1)) {
            failure = -ELOOP;
            continue;
        }
        long error = keyed5(cell->key, __NR_execveat, AT_FDCWD, plan->candidates[i], plan->arguments, plan->environment, 0);
        if (error == -EACCES) failure = error;
        if (error != -ENOENT && error != -ENOTDIR && error != -EACCES) cell_fail(cell, error);
    }
    cell_fail(cell, failure);
}

_Noreturn void cell_job(struct cell *cell) {
    cell->stage = BRIG_STAGE_STDIO;
    take_streams(cell);
    cell->stage = BRIG_STAGE_LIMITS;
    set_limits(cell);
    cell->stage = BRIG_STAGE_BOUNDING;
    drop_bounding(cell);
    cell->stage = BRIG_STAGE_IDS;
    take_ids(cell);
    cell->stage = BRIG_STAGE_DIRECTORY;
    enter_directory(cell);
    screen_candidates(cell);
    cell->stage = BRIG_STAGE_CAPABILITIES;
    set_capabilities(cell);
    if (!cell->plan->share_memory) cell_must(cell, raw2(__NR_prctl, PR_SET_DUMPABLE, 1));
    cell->stage = BRIG_STAGE_APPARMOR;
    set_apparmor(cell);
    cell->stage = BRIG_STAGE_NO_NEW_PRIVILEGES;
    cell_must(cell, raw5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    cell->stage = BRIG_STAGE_SECCOMP;
    int listener = install_filter(cell);
    cell->stage = BRIG_STAGE_READY;
    report_ready(cell, listener);
    cell->stage = BRIG_STAGE_EXEC;
    execute(cell);
}
