// clone3, the order of the set-up, and the messages.

#include "cell.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <time.h>

_Noreturn static void cell_main(const struct brig_plan *plan);

int32_t brig_cell_start(const struct brig_plan *plan, int32_t *pidfd) {
    int fd = -1;
    struct clone_args arguments = {
        .flags = plan->namespaces | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&fd,
        .exit_signal = SIGCHLD,
    };
    size_t size = CLONE_ARGS_SIZE_VER1;
    if (plan->cgroup_fd >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)plan->cgroup_fd;
        size = CLONE_ARGS_SIZE_VER2;
    }
    long pid = raw2(__NR_clone3, &arguments, size);
    if (pid == 0) cell_main(plan);
    if (pid > 0) *pidfd = fd;
    return (int32_t)pid;
}

_Noreturn void cell_fail(struct cell *cell, long error) {
    struct brig_message message = {.kind = BRIG_MESSAGE_FAILED, .stage = cell->stage, .error = (int32_t)-error, .detail = cell->detail};
    struct iovec vector = {&message, sizeof message};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    keyed5(cell->key, __NR_sendmsg, cell->plan->control_fd, &header, MSG_NOSIGNAL, 0, 0);
    for (;;) keyed5(cell->key, __NR_exit_group, 125, 0, 0, 0, 0);
}

void cell_wait(struct cell *cell) {
    struct brig_message message;
    struct iovec vector = {&message, sizeof message};
    union {
        char bytes[CMSG_SPACE(sizeof(int) * BRIG_MAXIMUM_FOLLOWING)];
        struct cmsghdr align;
    } control;
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    long got = raw3(__NR_recvmsg, cell->plan->control_fd, &header, MSG_CMSG_CLOEXEC);
    if (got != (long)sizeof message || message.kind != BRIG_MESSAGE_GO) raw1(__NR_exit_group, 125);
    struct cmsghdr *first = CMSG_FIRSTHDR(&header);
    if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS) {
        cell->following_count = (uint32_t)((first->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(cell->following, CMSG_DATA(first), cell->following_count * sizeof(int));
    }
    if (cell->following_count != message.descriptors) cell_fail(cell, -EBADMSG);
}

void cell_die_with_parent(struct cell *cell) {
    cell_must(cell, raw2(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL));
    struct pollfd control = {.fd = cell->plan->control_fd};
    struct timespec now = {0, 0};
    long ready = raw5(__NR_ppoll, &control, 1, &now, 0, 0);
    if (ready < 0 || (control.revents & (POLLHUP | POLLERR))) raw1(__NR_exit_group, 125);
}

static void join_cgroups(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    // "0" is the writer itself: the kernel then takes no global lock, which writing a process id would.
    for (cell->detail = 0; cell->detail < plan->join_count; cell->detail++) cell_must(cell, raw3(__NR_write, plan->join_fds[cell->detail], "0", 1));
    cell->detail = 0;
}

static void become_root(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    if (plan->become_root) {
        cell_must(cell, raw3(__NR_setresgid, 0, 0, 0));
        if (plan->drop_groups) cell_must(cell, raw2(__NR_setgroups, 0, 0));
        cell_must(cell, raw3(__NR_setresuid, 0, 0, 0));
    }
    // Only now is the job's cgroup this process's own, so that it becomes the root of the namespace.
    cell_must(cell, raw1(__NR_unshare, CLONE_NEWCGROUP));
}

/// The caller's session keyring comes along with its credentials, and possession of it is a right to the keys: a new one, empty, takes its place.
static void leave_session_keyring(struct cell *cell) {
    long joined = raw2(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
    // Refused by a filter around brig, as containers have them: then no process below it reaches any key.
    if (joined == -EPERM && raw3(__NR_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) == -EPERM) return;
    if (joined != -ENOSYS) cell_must(cell, joined);
}

/// Nothing of the caller's signal handling reaches the job, and no key pressed at the caller's terminal reaches this process.
static void reset_signals(struct cell *cell) {
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } by_default = {0, 0, 0, 0};
    for (int signal = 1; signal <= 64; signal++)
        if (signal != SIGKILL && signal != SIGSTOP) cell_must(cell, raw4(__NR_rt_sigaction, signal, &by_default, 0, 8));
    uint64_t none = 0;
    cell_must(cell, raw4(__NR_rt_sigprocmask, SIG_SETMASK, &none, 0, 8));
    cell_must(cell, raw0(__NR_setsid));
}

/// The job's root, and what else its namespaces need.
static void arrange(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    cell->stage = BRIG_STAGE_STDIO;
    cell_open_input(cell);
    cell->stage = BRIG_STAGE_ROOT;
    cell_build_root(cell);
    cell->stage = BRIG_STAGE_PIVOT;
    cell_pivot(cell);
    cell->stage = BRIG_STAGE_LOOPBACK;
    if (plan->loopback) cell_loopback_up(cell);
    cell->stage = BRIG_STAGE_HOSTNAME;
    cell_must(cell, raw2(__NR_sethostname, plan->host_name, strlen(plan->host_name)));
    cell->stage = BRIG_STAGE_TERMINAL;
    if (plan->terminal) cell_open_terminal(cell);
}

static void run_job(struct cell *cell) {
    // /proc shows the processes of whoever mounts it: as process 1 of its own namespace, the job's own.
    if (!cell->plan->init) arrange(cell);
    cell_job(cell);
}

_Noreturn static void cell_main(const struct brig_plan *plan) {
    struct cell cell = {.plan = plan, .root_fd = -1, .scratch_fd = -1, .proc_fd = -1, .master_fd = -1, .slave_fd = -1, .input_fd = -1};
    raw1(__NR_close, plan->parent_control_fd);
    reset_signals(&cell);

    cell.stage = BRIG_STAGE_CGROUP;
    join_cgroups(&cell);
    cell.stage = BRIG_STAGE_WAIT;
    cell_wait(&cell);
    cell.stage = BRIG_STAGE_IDENTITY;
    become_root(&cell);
    cell.stage = BRIG_STAGE_KEYRING;
    leave_session_keyring(&cell);
    cell.stage = BRIG_STAGE_PRIVATE;
    cell_die_with_parent(&cell); // after the change of ids, which clears the request
    cell_must(&cell, raw2(__NR_prctl, PR_SET_DUMPABLE, 0));
    cell_must(&cell, raw5(__NR_mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0));
    if (plan->init) arrange(&cell);
    cell.stage = BRIG_STAGE_INIT;
    // The tie to brig's life is this process's, which no job can undo; a job's own it could clear, or lose at an exec. So a job that is to be
    // process 1 is that of a second namespace.
    long job = cell_must(&cell, cell_spawn(&cell, plan->share_memory, !plan->init, run_job));
    cell_init(&cell, job);
}
