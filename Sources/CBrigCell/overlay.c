// The root of an image with layers.
#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <unistd.h>

// Not with fsconfig(2), which takes values of at most 255 bytes: the names of many layers are longer.
void cell_overlay_root(struct cell *cell, const struct brig_step *step) {
    char data[4096]; // mount(2) reads a page
    size_t length = 0;
    for (const char *option = step->options; *option; option += strlen(option) + 1) {
        size_t size = strlen(option);
        if (length + size + 2 > sizeof data) cell_fail(cell, -E2BIG);
        if (length) data[length++] = ',';
        memcpy(data + length, option, size);
        length += size;
    }
    data[length] = 0;
    // Relative layers, and the target, are of the scratch tree.
    cell_must(cell, raw1(__NR_fchdir, cell->scratch_fd));
    cell_must(cell, raw5(__NR_mount, "overlay", step->target, "overlay", MS_NOSUID | MS_NODEV, data));
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    long tree = cell_must(cell, raw4(__NR_openat2, cell->scratch_fd, step->target, &how, sizeof how));
    struct mount_attr attr = {.attr_set = step->attributes};
    if (step->attributes) cell_must(cell, raw5(__NR_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof attr));
    cell->root_fd = (int)tree;
}
