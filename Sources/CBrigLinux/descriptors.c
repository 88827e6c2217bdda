#include "brig_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { maximum_descriptors = 250 };

int brig_send(int socket, const void *bytes, size_t length, const int *descriptors, size_t count) {
    struct iovec vector = {(void *)bytes, length};
    union {
        char bytes[CMSG_SPACE(sizeof(int) * maximum_descriptors)];
        struct cmsghdr align;
    } control;
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count > maximum_descriptors) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *first = CMSG_FIRSTHDR(&header);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(first), descriptors, sizeof(int) * count);
    }
    return sendmsg(socket, &header, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

ssize_t brig_receive(int socket, void *bytes, size_t length, pid_t *sender, int *descriptors, size_t capacity, size_t *count) {
    struct iovec vector = {bytes, length};
    union {
        char bytes[CMSG_SPACE(sizeof(int) * maximum_descriptors) + CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *count = 0;
    *sender = 0;
    ssize_t got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    if (got < 0) return got;
    for (struct cmsghdr *next = CMSG_FIRSTHDR(&header); next; next = CMSG_NXTHDR(&header, next)) {
        if (next->cmsg_level != SOL_SOCKET) continue;
        if (next->cmsg_type == SCM_CREDENTIALS) *sender = ((struct ucred *)CMSG_DATA(next))->pid;
        if (next->cmsg_type == SCM_RIGHTS) {
            size_t found = (next->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            if (found <= capacity) {
                memcpy(descriptors, CMSG_DATA(next), found * sizeof(int));
                *count = found;
            }
        }
    }
    return got;
}

int brig_control_sockets(int pair[2]) {
    int on = 1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return -1;
    return setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

int brig_lock_byte(int fd, uint64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)offset, .l_len = 1};
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) return 0;
    return errno == EAGAIN || errno == EACCES ? 1 : -1;
}

int brig_unlock_byte(int fd, uint64_t offset) {
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = (off_t)offset, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock);
}

int brig_byte_is_locked(int fd, uint64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)offset, .l_len = 1};
    if (fcntl(fd, F_OFD_GETLK, &lock) < 0) return -1;
    return lock.l_type != F_UNLCK;
}

int brig_signal_descriptor(const int *signals) {
    sigset_t set;
    sigemptyset(&set);
    for (; *signals; signals++) sigaddset(&set, *signals);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int brig_take_signal(int fd) {
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

int brig_timer(uint64_t nanos, bool periodic) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0) return -1;
    if (nanos == 0) nanos = 1; // 0 would disarm it
    struct timespec time = {(time_t)(nanos / 1000000000), (long)(nanos % 1000000000)};
    struct itimerspec setting = {.it_value = time};
    if (periodic) setting.it_interval = time;
    return timerfd_settime(fd, 0, &setting, NULL) < 0 ? -1 : fd;
}

int brig_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int brig_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int brig_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int brig_epoll_add(int epoll, int fd, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int brig_epoll_add_output(int epoll, int fd, uint64_t token) {
    struct epoll_event event = {.events = EPOLLOUT, .data.u64 = token};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int brig_epoll_remove(int epoll, int fd) { return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL); }

int brig_epoll_wait(int epoll, uint64_t *tokens, int capacity, int milliseconds) {
    struct epoll_event events[16];
    int count = epoll_wait(epoll, events, capacity < 16 ? capacity : 16, milliseconds);
    for (int i = 0; i < count; i++) tokens[i] = events[i].data.u64;
    return count;
}

int brig_exchange(int directory, const char *one, const char *other) { return (int)syscall(SYS_renameat2, directory, one, directory, other, RENAME_EXCHANGE); }
