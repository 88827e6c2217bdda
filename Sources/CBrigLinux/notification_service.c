// Answering all calls of a job. A notification costs its job two switches between tasks, and what is done here between them: so this is a loop of two system
// calls that looks at nothing else, and another thread interrupts it where something else is to be looked at.
#include "brig_linux.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { known_capacity = 1024 };

struct brig_notification_service {
    int listener;
    /// What else may become readable.
    int others;
    uint32_t architecture;
    bool goes_on[BRIG_COUNTED_CALLS];
    uint16_t kept[BRIG_COUNTED_CALLS];
    uint64_t counts[BRIG_COUNTED_CALLS];
    struct brig_counted_call known[known_capacity];
    uint32_t known_count;
    pthread_t server;
    pthread_t watcher;
    /// Readable: the watcher ends.
    int end;
    /// The server waits for a notification, or is about to.
    atomic_bool is_waiting;
    /// The server is to look at the others.
    atomic_bool is_wanted;
};

// MARK: The watcher

static int interruption(void) { return SIGRTMIN; }

static void interrupted(int number) { (void)number; }

static void *watch(void *argument) {
    struct brig_notification_service *service = argument;
    struct pollfd watched[] = {{.fd = service->others, .events = POLLIN}, {.fd = service->end, .events = POLLIN}};
    const struct timespec pause = {.tv_nsec = 200000};
    for (;;) {
        if (poll(watched, 2, -1) > 0 && watched[1].revents) return NULL;
        // What is readable stays so until the server has read it. Sent just before the server waits, a signal is lost: so again, after a pause.
        atomic_store(&service->is_wanted, true);
        if (atomic_load(&service->is_waiting)) pthread_kill(service->server, interruption());
        nanosleep(&pause, NULL);
    }
}

/// 0 or an errno.
static int start_watcher(struct brig_notification_service *service) {
    // Without SA_RESTART, so that waiting ends.
    const struct sigaction action = {.sa_handler = interrupted};
    sigset_t own, all, before;
    sigfillset(&all);
    sigemptyset(&own);
    sigaddset(&own, interruption());
    if (sigaction(interruption(), &action, NULL) != 0) return errno;
    // Signals to the process are for the server.
    int error = pthread_sigmask(SIG_UNBLOCK, &own, NULL);
    if (!error) error = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error) return error;
    error = pthread_create(&service->watcher, NULL, watch, service);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

struct brig_notification_service *brig_notification_service(int listener, int others, uint32_t architecture, const bool *goes_on, const uint16_t *kept) {
    struct brig_notification_service *service = calloc(1, sizeof *service);
    if (!service) return NULL;
    service->listener = listener;
    service->others = others;
    service->architecture = architecture;
    memcpy(service->goes_on, goes_on, sizeof service->goes_on);
    memcpy(service->kept, kept, sizeof service->kept);
    service->server = pthread_self();
    service->end = eventfd(0, EFD_CLOEXEC);
    int error = service->end < 0 ? errno : start_watcher(service);
    if (!error) return service;
    if (service->end >= 0) close(service->end);
    free(service);
    errno = error;
    return NULL;
}

void brig_notification_service_end(struct brig_notification_service *service) {
    eventfd_write(service->end, 1);
    pthread_join(service->watcher, NULL);
    close(service->end);
    free(service);
}

// MARK: Counts

/// The entry of a set of arguments, or where it would go; NULL where there is neither.
static struct brig_counted_call *find(struct brig_notification_service *service, uint32_t number, const uint64_t *values) {
    uint64_t hash = number;
    for (int index = 0; index < 6; index++) hash = (hash ^ values[index]) * 0x9e3779b97f4a7c15;
    for (uint32_t step = 0; step < known_capacity; step++) {
        struct brig_counted_call *call = &service->known[((uint32_t)(hash >> 40) + step) % known_capacity];
        if (!call->is_known || (call->number == number && memcmp(call->values, values, sizeof call->values) == 0)) return call;
    }
    return NULL;
}

void brig_notification_let(struct brig_notification_service *service, uint32_t number, const uint64_t *values) {
    // Half of the places stay free, so that looking one up is short.
    if (service->known_count >= known_capacity / 2) return;
    struct brig_counted_call *call = find(service, number, values);
    if (!call || call->is_known) return;
    call->number = number;
    memcpy(call->values, values, sizeof call->values);
    call->is_known = true;
    service->known_count++;
}

uint64_t brig_notification_count(const struct brig_notification_service *service, uint32_t number) { return number < BRIG_COUNTED_CALLS ? service->counts[number] : 0; }

const struct brig_counted_call *brig_notification_known(const struct brig_notification_service *service, uint32_t index) {
    return index < known_capacity ? &service->known[index] : NULL;
}

/// Whether a call goes on without being asked about further; if so, it is counted.
static bool count(struct brig_notification_service *service, const struct seccomp_data *data) {
    uint32_t number = (uint32_t)data->nr;
    if (data->arch != service->architecture || number >= BRIG_COUNTED_CALLS) return false;
    if (!service->goes_on[number]) {
        uint16_t kept = service->kept[number];
        uint64_t values[6] = {0};
        for (int index = 0; index < 6; index++) {
            if (kept >> index & 1) values[index] = kept >> (index + 8) & 1 ? (uint32_t)data->args[index] : data->args[index];
        }
        struct brig_counted_call *call = kept ? find(service, number, values) : NULL;
        if (!call || !call->is_known) return false;
        call->count++;
    }
    service->counts[number]++;
    return true;
}

// MARK: The server

static bool has(int descriptor, short event) {
    struct pollfd looked = {.fd = descriptor, .events = event};
    return poll(&looked, 1, 0) > 0 && looked.revents & event;
}

int brig_notification_serve(struct brig_notification_service *service, struct seccomp_notif *notification) {
    if (has(service->others, POLLIN)) return 0;
    for (;;) {
        atomic_store(&service->is_waiting, true);
        int received = brig_notification_receive(service->listener, notification);
        int error = errno;
        atomic_store(&service->is_waiting, false);
        if (received == 0) {
            if (!count(service, &notification->data)) return 1;
            if (brig_notification_continue(service->listener, notification->id) != 0 && errno != ENOENT) return -1;
        } else if (error == EINTR || error == ENOENT) {
            // ENOENT: who called is gone, or (Linux 6.11) all that could.
            if (has(service->listener, POLLHUP)) return has(service->others, POLLIN) ? 0 : 2;
        } else {
            errno = error;
            return -1;
        }
        if (atomic_exchange(&service->is_wanted, false) && has(service->others, POLLIN)) return 0;
    }
}
