#include "brig_try.h"

#include "brig_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t clone_child(uint64_t flags) {
    struct clone_args arguments = {.flags = flags, .exit_signal = SIGCHLD};
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

/// A child's exit status is its errno.
static int result_of(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, __WALL) < 0)
        if (errno != EINTR) return -1;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    return errno == 0 ? 0 : -1;
}

static int write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t written = write(fd, text, strlen(text));
    int error = errno;
    close(fd);
    errno = error;
    return written < 0 ? -1 : 0;
}

/// Become root of new namespaces, with mounts that do not reach the old ones.
static int enter_namespaces(int others) {
    unsigned user = geteuid(), group = getegid();
    char map[64];
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | others) < 0) return -1;
    if (write_file("/proc/self/setgroups", "deny") < 0) return -1;
    snprintf(map, sizeof map, "0 %u 1", user);
    if (write_file("/proc/self/uid_map", map) < 0) return -1;
    snprintf(map, sizeof map, "0 %u 1", group);
    if (write_file("/proc/self/gid_map", map) < 0) return -1;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static int install_filter(unsigned flags) {
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {1, &allow};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int copy_mounts(void) {
    if (enter_namespaces(0) < 0) return -1;
    int root = open("/", O_PATH | O_CLOEXEC);
    if (root < 0) return -1;
    int tree = brig_clone_tree(root, true);
    return tree < 0 ? -1 : brig_mount_setattr(tree, true, BRIG_MOUNT_RDONLY | BRIG_MOUNT_NOSUID | BRIG_MOUNT_NODEV, -1);
}

static int new_proc(void) {
    if (enter_namespaces(CLONE_NEWPID) < 0) return -1;
    pid_t child = clone_child(0); // a process's own pid namespace stays: it is for children
    if (child == 0) _exit(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? errno : 0);
    return child < 0 ? -1 : result_of(child);
}

/// A detached tmpfs; the working directory is in it then.
static int new_tmpfs(void) {
    int context = (int)syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */);
    if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) return -1;
    int tree = (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
    return tree;
}

static int overlay(void) {
    if (enter_namespaces(0) < 0) return -1;
    int tree = new_tmpfs();
    // Over "/", which exists on every host; only paths from this descriptor lead into it.
    if (tree < 0 || syscall(SYS_move_mount, tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(tree) < 0) return -1;
    if (mkdir("lower", 0755) < 0 || mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0 || mkdir("merged", 0755) < 0) return -1;
    return mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work,userxattr");
}

static int map_ids(void) {
    pid_t holder = brig_hold_user_namespace();
    if (holder < 0) return -1;
    char path[64];
    int done = -1;
    snprintf(path, sizeof path, "/proc/%d/uid_map", holder);
    if (write_file(path, "0 100000 1") == 0) {
        snprintf(path, sizeof path, "/proc/%d/gid_map", holder);
        done = write_file(path, "0 100000 1");
    }
    snprintf(path, sizeof path, "/proc/%d/ns/user", holder);
    int space = done < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    int tree = space < 0 ? -1 : new_tmpfs();
    done = tree < 0 ? -1 : brig_mount_setattr(tree, false, 0, space);
    int error = errno;
    kill(holder, SIGKILL);
    result_of(holder);
    errno = error;
    return done;
}

static int carry_out(enum brig_trial trial) {
    switch (trial) {
    case BRIG_TRY_FILTER: return install_filter(0);
    case BRIG_TRY_NOTIFICATION:
        if (brig_notification_sizes() < 0) return -1;
        return install_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    case BRIG_TRY_MOUNT_TREE: return copy_mounts();
    case BRIG_TRY_PROC: return new_proc();
    case BRIG_TRY_OVERLAY: return overlay();
    case BRIG_TRY_ID_MAP: return map_ids();
    }
    errno = EINVAL;
    return -1;
}

int brig_try(enum brig_trial trial) {
    pid_t child = clone_child(0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(carry_out(trial) < 0 ? errno : 0);
    }
    return child < 0 ? -1 : result_of(child);
}

int brig_try_namespaces(uint64_t flags) {
    pid_t child = clone_child(flags);
    if (child == 0) _exit(0);
    return child < 0 ? -1 : result_of(child);
}

int brig_try_trace(void) {
    pid_t child = clone_child(0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    if (child < 0) return -1;
    int done = brig_trace_exec(child);
    int error = errno;
    kill(child, SIGKILL);
    result_of(child);
    errno = error;
    return done < 0 ? -1 : 0;
}

bool brig_has_borrowed_privileges(void) { return getauxval(AT_SECURE) != 0; }
