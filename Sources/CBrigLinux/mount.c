#include "brig_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

int brig_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int brig_clone_tree(int fd, bool recursive) {
    unsigned int depth = recursive ? AT_RECURSIVE : 0;
    int tree = (int)syscall(SYS_open_tree, fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | depth);
    // The clone of a shared mount, as systemd makes all of them, is its peer: no root for pivot_root(2), and a way for mounts from and to the host.
    struct mount_attr private = {.propagation = MS_PRIVATE};
    if (tree >= 0 && syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | depth, &private, sizeof private) < 0) {
        int error = errno;
        close(tree);
        errno = error;
        return -1;
    }
    return tree;
}

int brig_mount_setattr(int fd, bool recursive, uint64_t attributes, int user_namespace_fd) {
    struct mount_attr attr = {.attr_set = attributes};
    if (user_namespace_fd >= 0) {
        attr.attr_set |= MOUNT_ATTR_IDMAP;
        attr.userns_fd = (uint64_t)user_namespace_fd;
    }
    return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr);
}

int brig_is_cgroup(int fd) {
    struct statfs system;
    if (fstatfs(fd, &system) < 0) return -1;
    return system.f_type == CGROUP_SUPER_MAGIC || system.f_type == CGROUP2_SUPER_MAGIC;
}

int brig_file_system_use(int fd, uint64_t *bytes, uint64_t *inodes) {
    struct statfs use;
    if (fstatfs(fd, &use) < 0) return -1;
    *bytes = (use.f_blocks - use.f_bfree) * (uint64_t)use.f_bsize;
    *inodes = use.f_files - use.f_ffree;
    return 0;
}
