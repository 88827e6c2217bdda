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

int brig_notification_answer(int listener, uint64_t id, int error) {
    struct seccomp_notif_resp response = {.id = id, .error = -error};
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int brig_notification_continue(int listener, uint64_t id) {
    struct seccomp_notif_resp response = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int brig_notification_is_valid(int listener, uint64_t id) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id); }
