// System calls that a sandbox has an opinion on, made directly.
#include "probe.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static long argument(int count, char **arguments, int index) { return index < count ? (long)number(arguments[index]) : 0; }

#define ARGUMENTS(from)                                                                                                                                                            \
    argument(count, arguments, from), argument(count, arguments, from + 1), argument(count, arguments, from + 2), argument(count, arguments, from + 3),                            \
        argument(count, arguments, from + 4), argument(count, arguments, from + 5)

/// syscall NUMBER [ARGUMENT...]
static void raw(int count, char **arguments) { result("syscall", syscall(number(arguments[0]), ARGUMENTS(1))); }

/// x32 NUMBER [ARGUMENT...]: the same call by its number in the x32 ABI.
static void x32(int count, char **arguments) { result("x32", syscall(number(arguments[0]) | 0x40000000, ARGUMENTS(1))); }

/// i386 NUMBER [ARGUMENT...]: through the 32-bit entry.
static void i386(int count, char **arguments) {
#ifdef __x86_64__
    int value;
    __asm__ volatile("int $0x80"
                     : "=a"(value)
                     : "a"((int)number(arguments[0])), "b"((int)argument(count, arguments, 1)), "c"((int)argument(count, arguments, 2)), "d"((int)argument(count, arguments, 3)),
                     "S"((int)argument(count, arguments, 4)), "D"((int)argument(count, arguments, 5))
                     : "memory", "r8", "r9", "r10", "r11");
    errno = value < 0 && value > -4096 ? -value : 0;
    result("i386", value < 0 && value > -4096 ? -1 : value);
#else
    (void)count, (void)arguments;
    errno = ENOSYS;
    result("i386", -1);
#endif
}

/// ptrace [PID]: attach, or be traced.
static void trace(int count, char **arguments) {
    if (count > 0)
        result("ptrace", ptrace(PTRACE_ATTACH, (pid_t)number(arguments[0]), 0, 0));
    else
        result("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0));
}

/// unshare FLAGS
static void unshare_with(int count, char **arguments) { result("unshare", unshare((int)argument(count, arguments, 0))); }

/// clone FLAGS: a child with these flags.
static void clone_with(int count, char **arguments) {
    long child = syscall(SYS_clone, (unsigned long)argument(count, arguments, 0) | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    result("clone", child);
}

/// clone3 FLAGS
static void clone3_with(int count, char **arguments) {
    uint64_t structure[8] = {(uint64_t)argument(count, arguments, 0), 0, 0, 0, SIGCHLD};
    long child = syscall(SYS_clone3, structure, sizeof structure);
    if (child == 0) _exit(0);
    result("clone3", child);
}

static void bpf(int count, char **arguments) {
    (void)count, (void)arguments;
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    result("bpf", syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map));
}

/// prctl OPTION [ARGUMENT...]
static void prctl_with(int count, char **arguments) {
    result("prctl", prctl((int)number(arguments[0]), argument(count, arguments, 1), argument(count, arguments, 2), argument(count, arguments, 3), argument(count, arguments, 4)));
}

static void *exec_in_thread(void *arguments) {
    execv(((char **)arguments)[0], arguments);
    result("execv", -1);
    _exit(1);
}

/// thread-exec PATH [ARGUMENT...]: by a thread that is not the first.
static void thread_exec(int count, char **arguments) {
    (void)count;
    fflush(stdout);
    pthread_t thread;
    if (!pthread_create(&thread, NULL, exec_in_thread, arguments)) pthread_join(thread, NULL);
}

/// deny-and-die N: children that make denied calls while they are killed.
static void deny_and_die(int count, char **arguments) {
    (void)count;
    for (unsigned long left = number(arguments[0]); left > 0; left--) {
        pid_t child = fork();
        if (child == 0)
            for (;;) syscall(SYS_kexec_load, 0, 0, 0, 0, 0, 0);
        pause_for(0.002);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    printf("deny-and-die: done\n");
}

/// trace-change NUMBER: a traced child calls getpid, which its tracer changes to another call before the kernel carries it out.
static void trace_change(int count, char **arguments) {
    (void)count;
#ifdef __x86_64__
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        syscall(SYS_getpid);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    long value = -1, changed = 0;
    while (ptrace(PTRACE_SYSCALL, child, 0, 0) == 0 && waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        // struct user_regs_struct: orig_rax and rax, in words.
        if (!changed && ptrace(PTRACE_PEEKUSER, child, 15 * 8, 0) == SYS_getpid) {
            ptrace(PTRACE_POKEUSER, child, 15 * 8, number(arguments[0]));
            changed = 1;
        } else if (changed == 1) {
            value = ptrace(PTRACE_PEEKUSER, child, 10 * 8, 0);
            changed = 2;
        }
    }
    errno = value < 0 && value > -4096 ? (int)-value : 0;
    result("trace-change", changed != 2 ? -1 : value < 0 && value > -4096 ? -1 : value);
#else
    (void)arguments;
    errno = ENOSYS;
    result("trace-change", -1);
#endif
}

/// tiocsti [HIGH]: pushes a byte into the terminal, with HIGH in the request's upper word, which the kernel does not look at.
static void tiocsti(int count, char **arguments) {
    char byte = '\n';
    result("tiocsti", syscall(SYS_ioctl, 0, TIOCSTI | (unsigned long)argument(count, arguments, 0) << 32, &byte));
}

/// ioctl FD REQUEST [HIGH]
static void ioctl_with(int count, char **arguments) {
    result("ioctl", syscall(SYS_ioctl, argument(count, arguments, 0), argument(count, arguments, 1) | argument(count, arguments, 2) << 32, 0));
}

static void io_uring(int count, char **arguments) {
    (void)count, (void)arguments;
    char parameters[120] = {0};
    result("io_uring_setup", syscall(SYS_io_uring_setup, 4, parameters));
}

/// listener: a second filter with a listener of its own.
static void listener(int count, char **arguments) {
    (void)count, (void)arguments;
    struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    struct sock_fprog program = {1, &allow};
    result("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    result("seccomp", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

/// own-filter: a filter that answers kexec_load with EACCES, before any other one is asked.
static void own_filter(int count, char **arguments) {
    (void)count, (void)arguments;
    struct sock_filter code[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_kexec_load},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EACCES},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    result("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    result("own-filter", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

/// denied N [NUMBER]: makes the same call N times as fast as it can (default: kexec_load); prints the last result.
static void denied(int count, char **arguments) {
    long value = 0, call = count > 1 ? (long)number(arguments[1]) : SYS_kexec_load;
    for (unsigned long left = number(arguments[0]); left > 0; left--) value = syscall(call, 0, 0, 0, 0, 0, 0);
    result("denied", value);
}

static void *deny_often(void *times) {
    for (unsigned long left = (unsigned long)times; left > 0; left--) syscall(SYS_kexec_load, 0, 0, 0, 0, 0, 0);
    return NULL;
}

/// denied-threads THREADS N
static void denied_threads(int count, char **arguments) {
    (void)count;
    enum { most = 64 };
    pthread_t all[most];
    unsigned long wanted = number(arguments[0]), made = 0;
    while (made < wanted && made < most && pthread_create(&all[made], NULL, deny_often, (void *)number(arguments[1])) == 0) made++;
    for (unsigned long each = 0; each < made; each++) pthread_join(all[each], NULL);
    printf("denied-threads: %lu\n", made);
}

/// memfd-exec PATH: copies a program into an unnamed file and executes that.
static void memfd_exec(int count, char **arguments) {
    (void)count;
    int source = open(arguments[0], O_RDONLY), copy = memfd_create("program", 0);
    static char buffer[1 << 16];
    for (ssize_t length; (length = read(source, buffer, sizeof buffer)) > 0;)
        if (write(copy, buffer, (size_t)length) != length) break;
    char *const program[] = {"memfd", "exit", "42", NULL}, *const environment[] = {NULL};
    result("execveat", syscall(SYS_execveat, copy, "", program, environment, AT_EMPTY_PATH));
}

/// dangerous: calls that would be fatal to the machine get arguments that the kernel refuses after its permission check.
static void dangerous(int count, char **arguments) {
    (void)count, (void)arguments;
    struct {
        const char *name;
        long number, a, b, c, d, e;
    } const calls[] = {
        {"init_module", SYS_init_module, 0, 0, 0, 0, 0},
        {"finit_module", SYS_finit_module, -1, 0, 0, 0, 0},
        {"delete_module", SYS_delete_module, 0, 0, 0, 0, 0},
        {"kexec_load", SYS_kexec_load, 0, 99, 0, 0, 0},
        {"reboot", SYS_reboot, 0, 0, 0, 0, 0},
        {"swapon", SYS_swapon, 0, 0, 0, 0, 0},
        {"swapoff", SYS_swapoff, 0, 0, 0, 0, 0},
        {"perf_event_open", SYS_perf_event_open, 0, 0, -1, -1, 0},
        {"userfaultfd", SYS_userfaultfd, 0, 0, 0, 0, 0},
        {"open_by_handle_at", SYS_open_by_handle_at, AT_FDCWD, 0, 0, 0, 0},
        {"process_vm_readv", SYS_process_vm_readv, 1, 0, 0, 0, 0},
        {"kcmp", SYS_kcmp, 1, 1, 0, 0, 0},
        {"quotactl", SYS_quotactl, 0, 0, 0, 0, 0},
        {"settimeofday", SYS_settimeofday, 0, 0, 0, 0, 0},
        {"syslog", SYS_syslog, 3, 0, 0, 0, 0},
        {"acct", SYS_acct, 0, 0, 0, 0, 0},
        {"setns", SYS_setns, -1, 0, 0, 0, 0},
        {"fsopen", SYS_fsopen, (long)"tmpfs", 0, 0, 0, 0},
        {"open_tree", SYS_open_tree, AT_FDCWD, (long)"/", 1, 0, 0},
        {"move_mount", SYS_move_mount, -1, (long)"", -1, (long)"", 0},
        {"mount_setattr", SYS_mount_setattr, -1, (long)"", 0, 0, 0},
        {"pidfd_getfd", SYS_pidfd_getfd, -1, 0, 0, 0, 0},
    };
    for (size_t each = 0; each < sizeof calls / sizeof *calls; each++)
        result(calls[each].name, syscall(calls[each].number, calls[each].a, calls[each].b, calls[each].c, calls[each].d, calls[each].e, 0));
}

const struct command call_commands[] = {
    {"syscall", 1, raw, "NUMBER [ARGUMENT...]"},
    {"x32", 1, x32, "NUMBER [ARGUMENT...]: in the x32 ABI"},
    {"i386", 1, i386, "NUMBER [ARGUMENT...]: through int 0x80"},
    {"ptrace", 0, trace, "[PID]"},
    {"unshare", 1, unshare_with, "FLAGS"},
    {"clone", 1, clone_with, "FLAGS"},
    {"clone3", 1, clone3_with, "FLAGS"},
    {"bpf", 0, bpf, "create a map"},
    {"prctl", 1, prctl_with, "OPTION [ARGUMENT...]"},
    {"thread-exec", 1, thread_exec, "PATH [ARGUMENT...]: by a second thread"},
    {"deny-and-die", 1, deny_and_die, "N: children killed in denied calls"},
    {"trace-change", 1, trace_change, "NUMBER: change a traced child's call"},
    {"tiocsti", 0, tiocsti, "[HIGH]: push a byte into the terminal"},
    {"ioctl", 2, ioctl_with, "FD REQUEST [HIGH]"},
    {"io_uring", 0, io_uring, "set up a ring"},
    {"listener", 0, listener, "install a filter with a listener"},
    {"own-filter", 0, own_filter, "install a filter that answers kexec_load"},
    {"denied", 1, denied, "N [NUMBER]: the same call N times"},
    {"denied-threads", 2, denied_threads, "THREADS N: in several threads"},
    {"memfd-exec", 1, memfd_exec, "PATH: execute a copy in memory"},
    {"dangerous", 0, dangerous, "calls that no job needs, with harmless arguments"},
    {NULL, 0, NULL, NULL},
};
