// The root file system: built from the plan's steps, then entered.

#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

// glibc's sys/mount.h and the kernel's linux/mount.h cannot be included together everywhere.
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static long open_in(int base, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve | RESOLVE_NO_MAGICLINKS};
    return raw4(__NR_openat2, base, path, &how, sizeof how);
}

/// Makes `path` below `base`, with all that leads to it. An existing component must not be a symbolic link: it could lead into a tree that
/// is not the job's to change.
static long make_path(int base, const char *path, bool is_file, uint32_t mode) {
    char prefix[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof prefix) return -ENAMETOOLONG;
    long parent = open_in(base, ".", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
    for (size_t start = 0; parent >= 0 && start < length;) {
        size_t end = start;
        while (end < length && path[end] != '/') end++;
        memcpy(prefix, path + start, end - start);
        prefix[end - start] = 0;
        bool is_last = end == length;
        long next;
        if (is_last && is_file) {
            next = raw4(__NR_mknodat, parent, prefix, 0100000 | mode, 0);
        } else {
            next = raw3(__NR_mkdirat, parent, prefix, is_last ? mode : 0755);
        }
        if (next == 0 || next == -EEXIST) next = open_in((int)parent, prefix, O_PATH | (is_last && is_file ? 0 : O_DIRECTORY), RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        raw1(__NR_close, parent);
        parent = next;
        start = end + 1;
    }
    return parent;
}

static int target_base(const struct cell *cell, const struct brig_step *step) {
    return step->flags & (BRIG_STEP_IN_SCRATCH | BRIG_STEP_IS_ROOT) ? cell->scratch_fd : cell->root_fd;
}

/// The step's target as an O_PATH descriptor; -ENOENT where it may be missing and is.
static long open_target(struct cell *cell, const struct brig_step *step) {
    int base = target_base(cell, step);
    long fd = open_in(base, step->target, O_PATH, RESOLVE_IN_ROOT);
    if (fd == -ENOENT && (step->flags & BRIG_STEP_CREATE))
        fd = make_path(base, step->target, step->flags & BRIG_STEP_SOURCE_IS_FILE, step->flags & BRIG_STEP_SOURCE_IS_FILE ? 0644 : 0755);
    return fd;
}

static void set_attributes(struct cell *cell, long tree, uint64_t attributes, bool recursive) {
    struct mount_attr attr = {.attr_set = attributes};
    if (attributes) cell_must(cell, raw5(__NR_mount_setattr, tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr));
}

/// A policy cannot say these targets; a link that an image or an earlier job has left must not either.
static void refuse_reserved(struct cell *cell, long target) {
    struct statfs system;
    struct statx here, root;
    cell_must(cell, raw2(__NR_fstatfs, target, &system));
    cell_must(cell, raw5(__NR_statx, target, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &here));
    cell_must(cell, raw5(__NR_statx, cell->root_fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &root));
    bool is_root = here.stx_mnt_id == root.stx_mnt_id && here.stx_ino == root.stx_ino;
    if (is_root || here.stx_mnt_id == cell->device_mount || system.f_type == PROC_SUPER_MAGIC || system.f_type == DEVPTS_SUPER_MAGIC) cell_fail(cell, -ELOOP);
}

/// Attaches a tree at the step's target; the tree's descriptor is closed unless it is the new root.
static void attach(struct cell *cell, const struct brig_step *step, long tree) {
    long target = open_target(cell, step);
    if (target == -ENOENT && (step->flags & BRIG_STEP_OPTIONAL)) {
        raw1(__NR_close, tree);
        return;
    }
    cell_must(cell, target);
    if (step->flags & BRIG_STEP_OF_POLICY) refuse_reserved(cell, target);
    cell_must(cell, raw5(__NR_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
    raw1(__NR_close, target);
    if (strlen(step->target) == 3 && memcmp(step->target, "dev", 3) == 0) {
        struct statx status;
        cell_must(cell, raw5(__NR_statx, tree, "", AT_EMPTY_PATH, STATX_MNT_ID, &status));
        cell->device_mount = status.stx_mnt_id;
    }
    if (step->flags & BRIG_STEP_IS_ROOT)
        cell->root_fd = (int)tree;
    else
        raw1(__NR_close, tree);
}

static long new_file_system(struct cell *cell, const char *type, const char *options, uint64_t attributes) {
    long context = cell_must(cell, raw2(__NR_fsopen, type, 1 /* FSOPEN_CLOEXEC */));
    for (const char *option = options; option && *option; option += strlen(option) + 1) {
        char key[64];
        size_t length = 0;
        while (option[length] && option[length] != '=') length++;
        if (length >= sizeof key) cell_fail(cell, -EINVAL);
        memcpy(key, option, length);
        key[length] = 0;
        bool is_flag = option[length] == 0;
        cell_must(cell, raw5(__NR_fsconfig, context, is_flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, key, is_flag ? 0 : option + length + 1, 0));
    }
    cell_must(cell, raw5(__NR_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0));
    long tree = cell_must(cell, raw3(__NR_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, attributes));
    raw1(__NR_close, context);
    return tree;
}

static long clone_tree(struct cell *cell, int base, const char *path, bool recursive) {
    long source = cell_must(cell, open_in(base, path, O_PATH, base == AT_FDCWD ? RESOLVE_NO_SYMLINKS : RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS));
    long tree = cell_must(cell, raw3(__NR_open_tree, source, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | O_CLOEXEC | (recursive ? AT_RECURSIVE : 0)));
    raw1(__NR_close, source);
    return tree;
}

static void must_be(struct cell *cell, long fd, uint32_t major, uint32_t minor, uint64_t inode) {
    struct statx status;
    cell_must(cell, raw5(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &status));
    if (status.stx_ino != inode || status.stx_dev_major != major || status.stx_dev_minor != minor) cell_fail(cell, -ESTALE);
}

static long step_source(struct cell *cell, const struct brig_step *step) {
    if (step->source_fd >= 0) return step->source_fd;
    if (step->source_fd == BRIG_SOURCE_FOLLOWS) {
        if (cell->following_used == cell->following_count) cell_fail(cell, -EBADF);
        return cell->following[cell->following_used++];
    }
    // Recursive: what hides a part of the source on the host must hide it here too (and the kernel insists).
    long tree = clone_tree(cell, AT_FDCWD, step->source, true);
    if (step->source_inode) must_be(cell, tree, step->source_major, step->source_minor, step->source_inode);
    set_attributes(cell, tree, step->attributes, true);
    return tree;
}

static void make_directory(struct cell *cell, const struct brig_step *step) {
    int base = target_base(cell, step);
    long fd = open_in(base, step->target, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
    if (fd == -ENOENT) {
        fd = cell_must(cell, make_path(base, step->target, false, step->mode));
        if (step->flags & BRIG_STEP_OWNED) cell_must(cell, raw5(__NR_fchownat, fd, "", cell->plan->user, cell->plan->group, AT_EMPTY_PATH));
    }
    cell_must(cell, fd);
    raw1(__NR_close, fd);
}

/// The link's directory is resolved like every other path of the job's root: a directory that the image has replaced by a link leads nowhere else.
static void make_symlink(struct cell *cell, const struct brig_step *step) {
    char directory[PATH_MAX];
    size_t name = strlen(step->target);
    while (name > 0 && step->target[name - 1] != '/') name--;
    if (name >= sizeof directory) cell_fail(cell, -ENAMETOOLONG);
    memcpy(directory, step->target, name);
    directory[name] = 0;
    long parent = cell_must(cell, open_in(target_base(cell, step), name ? directory : ".", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT));
    cell_must(cell, raw3(__NR_symlinkat, step->source, parent, step->target + name));
    raw1(__NR_close, parent);
}

/// What is to be hidden; where a directory on the way cannot be entered, that directory.
static long open_hidden(struct cell *cell, const struct brig_step *step) {
    char path[PATH_MAX];
    size_t length = strlen(step->target);
    if (length >= sizeof path) return -ENAMETOOLONG;
    memcpy(path, step->target, length + 1);
    long target = open_in(cell->root_fd, path, O_PATH, RESOLVE_IN_ROOT);
    while (target == -EACCES && length > 0) {
        while (length > 0 && path[length - 1] != '/') length--;
        while (length > 0 && path[length - 1] == '/') length--;
        path[length] = 0;
        if (length > 0) target = open_in(cell->root_fd, path, O_PATH, RESOLVE_IN_ROOT);
    }
    return target;
}

static void hide(struct cell *cell, const struct brig_step *step) {
    long target = open_hidden(cell, step);
    if (target == -ENOENT || target == -ENOTDIR) return;
    cell_must(cell, target);
    struct statx status;
    cell_must(cell, raw5(__NR_statx, target, "", AT_EMPTY_PATH, STATX_TYPE, &status));
    bool is_directory = (status.stx_mode & 0170000) == 0040000;
    long tree = is_directory ? clone_tree(cell, cell->scratch_fd, "empty", false) : clone_tree(cell, AT_FDCWD, "/dev/null", false);
    set_attributes(cell, tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false);
    cell_must(cell, raw5(__NR_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
    raw1(__NR_close, tree);
    raw1(__NR_close, target);
}

static void make_read_only(struct cell *cell, const struct brig_step *step) {
    long target = open_target(cell, step);
    if (target == -ENOENT) return;
    cell_must(cell, target);
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    long done = raw5(__NR_mount_setattr, target, "", AT_EMPTY_PATH, &attr, sizeof attr);
    if (done == -EINVAL) { // no mount of its own yet
        long tree = cell_must(cell, raw3(__NR_open_tree, target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE));
        set_attributes(cell, tree, MOUNT_ATTR_RDONLY, true);
        done = raw5(__NR_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
        raw1(__NR_close, tree);
    }
    cell_must(cell, done);
    raw1(__NR_close, target);
}

static void take_step(struct cell *cell, const struct brig_step *step) {
    long tree;
    switch ((enum brig_step_kind)step->kind) {
    case BRIG_STEP_DIRECTORY: make_directory(cell, step); return;
    case BRIG_STEP_SYMLINK: make_symlink(cell, step); return;
    case BRIG_STEP_BIND: attach(cell, step, step_source(cell, step)); return;
    case BRIG_STEP_SCRATCH:
        tree = clone_tree(cell, cell->scratch_fd, step->source, false);
        set_attributes(cell, tree, step->attributes, false);
        attach(cell, step, tree);
        return;
    case BRIG_STEP_FILESYSTEM:
        tree = new_file_system(cell, step->source, step->options, step->attributes);
        if (strlen(step->source) == 4 && memcmp(step->source, "proc", 4) == 0) cell->proc_fd = (int)cell_must(cell, raw3(__NR_fcntl, tree, F_DUPFD_CLOEXEC, 3));
        attach(cell, step, tree);
        return;
    case BRIG_STEP_OVERLAY_ROOT: cell_overlay_root(cell, step); return;
    case BRIG_STEP_MASK: hide(cell, step); return;
    case BRIG_STEP_READ_ONLY: make_read_only(cell, step); return;
    }
    cell_fail(cell, -EINVAL);
}

void cell_open_input(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    if (!plan->input_directory) return;
    // The directory's tree, since a tree's own root has no path to open it by.
    long tree = clone_tree(cell, AT_FDCWD, plan->input_directory, true);
    set_attributes(cell, tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, true);
    long fd = cell_must(cell, open_in((int)tree, plan->input_name, O_RDONLY | O_NOCTTY | O_NONBLOCK, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    must_be(cell, fd, plan->input_major, plan->input_minor, plan->input_inode);
    cell_must(cell, raw3(__NR_fcntl, fd, F_SETFL, 0));
    cell_must(cell, raw3(__NR_lseek, fd, plan->input_offset, SEEK_SET));
    raw1(__NR_close, tree);
    cell->input_fd = (int)fd;
}

void cell_build_root(struct cell *cell) {
    const struct brig_plan *plan = cell->plan;
    raw1(__NR_umask, 0);
    long scratch = new_file_system(cell, "tmpfs", plan->scratch_options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    cell->scratch_fd = (int)scratch;
    // Over "/", which exists on every host; paths from "/" go on leading to the host, since a process's root is not looked up again.
    cell_must(cell, raw5(__NR_move_mount, scratch, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
    for (uint32_t i = 0; i < plan->step_count; i++) {
        cell->detail = i;
        take_step(cell, &plan->steps[i]);
    }
    cell->detail = 0;
    if (cell->root_fd < 0) cell_fail(cell, -EINVAL);
    if (plan->read_only_root) set_attributes(cell, cell->root_fd, MOUNT_ATTR_RDONLY, false);
}

static uint64_t mount_id(struct cell *cell, const char *path) {
    struct statx status;
    cell_must(cell, raw5(__NR_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &status));
    return status.stx_mnt_id;
}

void cell_pivot(struct cell *cell) {
    cell_must(cell, raw1(__NR_fchdir, cell->root_fd));
    cell_must(cell, raw2(__NR_pivot_root, ".", "."));
    // Over the new root there now lies the old one, and over that the scratch tree, which was mounted there. Each goes on its own, the upper one
    // first, and with them all of the host.
    cell_must(cell, raw2(__NR_umount2, ".", MNT_DETACH));
    cell_must(cell, raw2(__NR_umount2, ".", MNT_DETACH));
    cell_must(cell, raw1(__NR_chdir, "/"));
    // "/" leads to the process's root, "/.." to whatever lies over it: were that anything else, the job would have a way out.
    if (mount_id(cell, "/") != mount_id(cell, "/..")) cell_fail(cell, -EXDEV);
}
