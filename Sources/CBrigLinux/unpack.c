#include "brig_unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

uint64_t brig_unpack_namespaces(int user) { return CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | (user ? CLONE_NEWUSER : 0); }

// Runs in the child, where other threads of the parent may hold any lock: system calls only.
static _Noreturn void start(int executable, char *const argv[], const int *descriptors, int count) {
    char *const environment[] = {"LC_ALL=C", "TZ=UTC", NULL};
    sigset_t none;
    sigemptyset(&none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);

    // Out of the way of the numbers that they shall get.
    int moved[8];
    int program = fcntl(executable, F_DUPFD, 64);
    int null = open("/dev/null", O_RDWR);
    if (program < 0 || null < 0 || count > 8) _exit(125);
    for (int i = 0; i < count; i++)
        if ((moved[i] = fcntl(descriptors[i], F_DUPFD, 64)) < 0) _exit(125);
    for (int i = 0; i < 3; i++)
        if (dup2(null, i) < 0) _exit(125);
    for (int i = 0; i < count; i++)
        if (dup2(moved[i], 3 + i) < 0) _exit(125);
    if (dup2(program, 3 + count) < 0 || fcntl(3 + count, F_SETFD, FD_CLOEXEC) < 0) _exit(125);
    if (syscall(SYS_close_range, 4 + count, ~0U, 0) < 0) _exit(125);

    char go;
    if (read(3, &go, 1) != 1) _exit(125);
    sigprocmask(SIG_SETMASK, &none, NULL);
    syscall(SYS_execveat, 3 + count, "", argv, environment, AT_EMPTY_PATH);
    _exit(126);
}

pid_t brig_unpack_spawn(int executable, char *const argv[], const int *descriptors, int count, uint64_t namespaces, int *pidfd) {
    struct clone_args arguments = {.flags = namespaces | CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)pidfd, .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) start(executable, argv, descriptors, count);
    return pid;
}

int brig_unpack_wait(int pidfd) {
    siginfo_t info = {0};
    while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
        if (errno != EINTR) return -1;
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

// The descriptor came from another mount namespace, whose mounts cannot be cloned here: the same directory in this one.
static int same_directory(int directory) {
    char link[32], path[4096];
    struct stat ours, theirs;
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return -1;
    path[length] = 0;
    int found = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (found < 0) return -1;
    if (fstat(found, &ours) == 0 && fstat(directory, &theirs) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino) return found;
    close(found);
    errno = ESTALE;
    return -1;
}

int brig_unpack_pivot(int outside) {
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return -1;
    int directory = same_directory(outside);
    if (directory < 0) return -1;
    int root = (int)syscall(SYS_open_tree, directory, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (root < 0) {
        close(directory);
        return -1;
    }
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
    int result = -1;
    if (syscall(SYS_mount_setattr, root, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0 &&
        syscall(SYS_move_mount, root, "", directory, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0 && fchdir(root) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
        umount2(".", MNT_DETACH) == 0 && chdir("/") == 0)
        // One for reading: that of a tree only names it.
        result = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int reason = errno;
    close(root);
    close(directory);
    errno = reason;
    return result;
}

// Rights of the first version of the interface, and those that came with a later one.
static uint64_t handled_rights(long version) {
    uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
    if (version >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) rights |= 1ULL << 14; // LANDLOCK_ACCESS_FS_TRUNCATE, newer than some headers.
    if (version >= 5) rights |= 1ULL << 15; // LANDLOCK_ACCESS_FS_IOCTL_DEV
    return rights;
}

static int allow_below(int rules, int directory, uint64_t rights) {
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = directory};
    return directory < 0 ? 0 : (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

int brig_unpack_landlock(int writable, int readable) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0) return -1;
    uint64_t handled = handled_rights(version);
    uint64_t unwanted = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | (1ULL << 15);
    uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    struct landlock_ruleset_attr attributes = {.handled_access_fs = handled};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (rules < 0) return -1;
    int result = -1;
    if (allow_below(rules, writable, handled & ~unwanted) == 0 && allow_below(rules, readable, reading) == 0) result = (int)syscall(SYS_landlock_restrict_self, rules, 0);
    int reason = errno;
    close(rules);
    errno = reason;
    return result;
}

int brig_unpack_drop_capabilities(uint64_t keep) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    for (int i = 0; i < 2; i++) {
        uint32_t permitted = data[i].permitted & (uint32_t)(keep >> (32 * i));
        data[i] = (struct __user_cap_data_struct){.effective = permitted, .permitted = permitted};
    }
    return (int)syscall(SYS_capset, &header, data);
}

int brig_unpack_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -1 : prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int brig_unpack_open_beneath(int directory, const char *path, int flags, unsigned mode) {
    struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC), .mode = mode, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int brig_unpack_rename_new(int from_directory, const char *from, int to_directory, const char *to) { return renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE); }

int brig_unpack_sync_file_system(int descriptor) { return syncfs(descriptor); }

int brig_unpack_start_writing(int descriptor) { return sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE); }

int brig_unpack_socket_pair(int ends[2]) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends); }

int brig_unpack_whiteout(int directory, const char *name) { return mknodat(directory, name, S_IFCHR, 0); }

int brig_unpack_set_attribute(int descriptor, const char *name, const void *value, size_t size) { return fsetxattr(descriptor, name, value, size, 0); }

ssize_t brig_unpack_get_attribute(int descriptor, const char *name, void *value, size_t size) { return fgetxattr(descriptor, name, value, size); }

ssize_t brig_unpack_list_attributes(int descriptor, char *names, size_t size) { return flistxattr(descriptor, names, size); }
