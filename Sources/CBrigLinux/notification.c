#include "brig_linux.h"

#include <errno.h>
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

/// Taking the listener's lock can be interrupted.
static int send(int listener, struct seccomp_notif_resp *response) {
    int result;
    do result = ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response);
    while (result != 0 && errno == EINTR);
    return result;
}

int brig_notification_answer(int listener, uint64_t id, int error) {
    struct seccomp_notif_resp response = {.id = id, .error = -error};
    return send(listener, &response);
}

int brig_notification_continue(int listener, uint64_t id) {
    struct seccomp_notif_resp response = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    return send(listener, &response);
}

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

int brig_notification_share_processor(int listener) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP); }

int brig_notification_is_valid(int listener, uint64_t id) {
    int result;
    do result = ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
    while (result != 0 && errno == EINTR);
    return result;
}
