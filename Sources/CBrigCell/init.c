// Pid 1 of the job's namespace: it reaps, and says how the job ended.

#include "cell.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/// All that init does from now on.
static const struct sock_filter init_filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    ALLOW(__NR_wait4),
    ALLOW(__NR_sendmsg),
    ALLOW(__NR_exit_group),
    ALLOW(__NR_restart_syscall),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};

static void drop_everything(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    cell_must(cell, raw2(__NR_prctl, PR_SET_DUMPABLE, 0));
    if (plan->control_fd > 0) cell_must(cell, raw3(__NR_close_range, 0, plan->control_fd - 1, 0));
    cell_must(cell, raw3(__NR_close_range, plan->control_fd + 1, ~0U, 0));
    for (uint32_t capability = 0; capability <= plan->last_capability; capability++) cell_must(cell, raw2(__NR_prctl, PR_CAPBSET_DROP, capability));
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    cell_must(cell, raw2(__NR_capset, &header, none));
    cell_die_with_parent(cell);
    cell_must(cell, raw5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    struct sock_fprog program = {sizeof init_filter / sizeof init_filter[0], (struct sock_filter *)init_filter};
    cell_must(cell, raw3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

_Noreturn void cell_init(struct cell *cell, long job) {
    drop_everything(cell);
    for (;;) {
        int status = 0;
        long pid = raw4(__NR_wait4, -1, &status, __WALL, 0);
        if (pid == -EINTR || (pid > 0 && pid != job)) continue;
        if (pid < 0) cell_fail(cell, pid);
        struct brig_message message = {.kind = BRIG_MESSAGE_EXITED, .status = status};
        struct iovec vector = {&message, sizeof message};
        struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
        raw3(__NR_sendmsg, cell->plan->control_fd, &header, MSG_NOSIGNAL);
        for (;;) raw1(__NR_exit_group, 0);
    }
}
