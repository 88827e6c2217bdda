#include "brig_linux.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { waiting_records_bytes = 4 << 20 };

int brig_audit_listen(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
    if (fd < 0) return fd;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1 << (AUDIT_NLGRP_READLOG - 1)};
    // What a burst leaves waiting. Without CAP_NET_ADMIN the system's own size stays.
    int bytes = waiting_records_bytes;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

ssize_t brig_audit_receive(int fd, uint16_t *type, char *text, size_t capacity) {
    struct nlmsghdr header = {0};
    struct sockaddr_nl sender = {0};
    struct iovec vectors[] = {{&header, sizeof header}, {text, capacity}};
    struct msghdr message = {.msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = vectors, .msg_iovlen = 2};
    ssize_t got = recvmsg(fd, &message, 0);
    if (got < 0) return got;
    *type = 0;
    // Only the kernel has the number 0.
    if (sender.nl_pid != 0 || got < (ssize_t)sizeof header) return 0;
    *type = header.nlmsg_type;
    if (message.msg_flags & MSG_TRUNC) {
        errno = EMSGSIZE;
        return -1;
    }
    return got - (ssize_t)sizeof header;
}

/// Sends AUDIT_GET and waits for what the kernel answers.
static int ask_state(int fd, struct audit_status *status) {
    struct nlmsghdr request = {.nlmsg_len = sizeof request, .nlmsg_type = AUDIT_GET, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 1};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(fd, &request, sizeof request, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0) return -1;
    struct {
        struct nlmsghdr header;
        union {
            struct nlmsgerr error;
            struct audit_status status;
            char more[256]; // newer kernels know more
        } body;
    } answer;
    memset(&answer, 0, sizeof answer);
    ssize_t got = recv(fd, &answer, sizeof answer, 0);
    if (got < 0) return -1;
    if (answer.header.nlmsg_type == NLMSG_ERROR && answer.body.error.error != 0) {
        errno = -answer.body.error.error;
        return -1;
    }
    // `backlog` is the last field that is read here; it is as old as the message.
    if (answer.header.nlmsg_type != AUDIT_GET || got < (ssize_t)(sizeof answer.header + offsetof(struct audit_status, backlog) + sizeof status->backlog)) {
        errno = EPROTO;
        return -1;
    }
    *status = answer.body.status;
    return 0;
}

int brig_audit_state(uint32_t *lost, uint32_t *waiting) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    if (fd < 0) return fd;
    // The kernel answers from a thread of its own.
    struct timeval patience = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    struct audit_status status;
    int result = ask_state(fd, &status), error = errno;
    close(fd);
    errno = error;
    if (result < 0) return -1;
    *lost = status.lost;
    *waiting = status.backlog;
    return 0;
}
