#include "brig_linux.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int brig_notification_sizes(void) {
    struct seccomp_notif_sizes sizes;
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0) return -1;
    if (sizes.seccomp_notif <= sizeof(struct seccomp_notif) && sizes.seccomp_notif_resp <= sizeof(struct seccomp_notif_resp)) return 0;
    errno = EOVERFLOW;
    return -1;
}

int brig_notification_receive(int listener, struct seccomp_notif *notification) {
    memset(notification, 0, sizeof *notification);
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, notification);
}

int brig_notification_answer(int listener, uint64_t id, int error) {
    struct seccomp_notif_resp response = {.id = id, .error = -error};
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int brig_notification_continue(int listener, uint64_t id) {
    struct seccomp_notif_resp response = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

int brig_notification_share_processor(int listener) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP); }

int brig_notification_serve(int listener, int others, uint32_t architecture, const bool *runs, uint64_t *counts, uint32_t bound, struct seccomp_notif *notification) {
    struct pollfd waiting[] = {{.fd = listener, .events = POLLIN}, {.fd = others, .events = POLLIN}};
    for (;;) {
        int ready = poll(waiting, 2, -1);
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return -1;
        if (waiting[1].revents) return 0;
        // It was asked for only with something to take: else it waits, and nothing else would be looked at.
        if (!(waiting[0].revents & POLLIN)) return 2;
        if (brig_notification_receive(listener, notification) != 0) {
            if (errno == ENOENT || errno == EINTR) continue;
            return -1;
        }
        uint32_t number = (uint32_t)notification->data.nr;
        if (notification->data.arch != architecture || number >= bound || !runs[number]) return 1;
        counts[number]++;
        if (brig_notification_continue(listener, notification->id) != 0 && errno != ENOENT) return -1;
    }
}

int brig_notification_is_valid(int listener, uint64_t id) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id); }
