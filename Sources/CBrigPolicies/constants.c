#include "brig_system_calls.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <string.h>

static const struct brig_constant constants[] = {
#define CONSTANT(name) {#name, (uint64_t)(name)},
#include "constants.def"
#undef CONSTANT
};
const size_t brig_constant_count = sizeof constants / sizeof constants[0];

const struct brig_constant *brig_constant_at(size_t index) { return &constants[index]; }

const struct brig_constant *brig_constant_named(const char *name) {
    size_t low = 0, high = brig_constant_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, constants[middle].name);
        if (order == 0) return &constants[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}
