#include "brig_linux.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int brig_pidfd_open(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int brig_pidfd_send_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

pid_t brig_wait(pid_t pid, int *status, struct rusage *usage, int options) { return wait4(pid, status, options | __WALL, usage); }

int brig_trace_exec(pid_t pid) { return (int)ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL); }

int brig_trace_detach(pid_t pid, int signal) { return (int)ptrace(PTRACE_DETACH, pid, NULL, signal); }

int brig_trace_continue(pid_t pid, int signal) { return (int)ptrace(PTRACE_CONT, pid, NULL, signal); }

bool brig_is_exec_stop(int status) { return status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8); }

int brig_enter_network(int fd) { return (int)syscall(SYS_setns, fd, CLONE_NEWNET); }

pid_t brig_hold_user_namespace(void) {
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    pid_t parent = getpid();
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent) pause();
        _exit(0);
    }
    return (pid_t)pid;
}
