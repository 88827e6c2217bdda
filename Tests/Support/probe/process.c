// What processes do to resources, to time and to each other.
#include "probe.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/// hog MIB: touches so much memory in steps of 1 MiB and says how far it came.
static void hog(int count, char **arguments) {
    (void)count;
    unsigned long wanted = number(arguments[0]);
    for (unsigned long mib = 0; mib < wanted; mib++) {
        char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) {
            result("mmap", -1);
            return;
        }
        memset(block, (int)(mib | 1), 1 << 20);
    }
    result("hog", (long)wanted);
}

/// hog-child MIB: the same in a child, whose end is printed; the parent goes on.
static void hog_child(int count, char **arguments) {
    pid_t child = fork();
    if (child == 0) {
        hog(count, arguments);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("hog-child: %s %d\n", WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/// memfd-hog MIB: the same in a file without a name.
static void memfd_hog(int count, char **arguments) {
    (void)count;
    int file = memfd_create("hog", MFD_CLOEXEC);
    static char block[1 << 20];
    memset(block, 1, sizeof block);
    unsigned long wanted = number(arguments[0]), mib = 0;
    while (mib < wanted && write(file, block, sizeof block) == (ssize_t)sizeof block) mib++;
    result("memfd-hog", mib == wanted ? (long)mib : -1);
}

/// fork-bomb [SECONDS]: every process forks as fast as it can, for so long and until the first one, which says how many it made, has been refused one; not
/// for a minute more.
static void fork_bomb(int count, char **arguments) {
    time_t seconds = count > 0 ? (time_t)number(arguments[0]) : 1, start = time(NULL);
    volatile int *over = mmap(NULL, sizeof *over, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ((void *)over == MAP_FAILED) return;
    pid_t first = getpid();
    long made = 0;
    int reason = 0;
    while (!*over) {
        time_t passed = time(NULL) - start;
        if (getpid() == first && passed >= seconds && (reason || passed >= seconds + 60)) *over = 1;
        pid_t child = fork();
        if (child > 0) made++;
        if (child < 0) reason = errno;
        if (getpid() != first && child < 0) pause_for(0.01);
    }
    if (getpid() != first) _exit(0);
    printf("fork-bomb: %ld %s\n", made, reason ? strerrorname_np(reason) : "-");
}

/// limit PID RESOURCE VALUE: prlimit(2), soft and hard.
static void limit(int count, char **arguments) {
    (void)count;
    struct rlimit limit = {number(arguments[2]), number(arguments[2])};
    result("prlimit", syscall(SYS_prlimit64, (pid_t)number(arguments[0]), (int)number(arguments[1]), &limit, NULL));
}

/// orphans N: processes whose parents are gone, for init to wait for.
static void orphans(int count, char **arguments) {
    (void)count;
    for (unsigned long left = number(arguments[0]); left > 0; left--) {
        pid_t child = fork();
        if (child == 0) {
            if (fork() == 0) _exit(0);
            _exit(0);
        }
        if (child > 0) waitpid(child, NULL, 0);
    }
    printf("orphans: done\n");
}

/// forks N: makes so many children that wait, and says how many it got.
static void forks(int count, char **arguments) {
    (void)count;
    long wanted = (long)number(arguments[0]), made = 0;
    pid_t *children = calloc((size_t)wanted + 1, sizeof *children);
    for (; children && made < wanted; made++) {
        children[made] = fork();
        if (children[made] == 0) {
            pause();
            _exit(0);
        }
        if (children[made] < 0) break;
    }
    if (made < wanted) result("fork", -1);
    printf("forks: %ld\n", made);
    fflush(stdout);
    while (made > 0) kill(children[--made], SIGKILL);
    free(children);
}

static void *idle(void *argument) {
    pause_for(0.2);
    return argument;
}

/// threads N: makes so many threads and says how many it got.
static void threads(int count, char **arguments) {
    (void)count;
    long wanted = (long)number(arguments[0]), made = 0;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    pthread_t last;
    while (made < wanted && (errno = pthread_create(&last, &attributes, idle, NULL)) == 0) made++;
    if (made < wanted) result("pthread_create", -1);
    printf("threads: %ld\n", made);
    pause_for(0.3);
}

/// spin N SECONDS: burns the processor in N processes, each in a session of its own.
static void spin(int count, char **arguments) {
    double seconds = count > 1 ? strtod(arguments[1], NULL) : 1;
    for (long left = (long)number(arguments[0]); left > 1; left--) {
        if (fork() != 0) continue;
        setsid();
        break;
    }
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
    while (wait(NULL) > 0) {}
}

static void sleep_for(int count, char **arguments) {
    (void)count;
    pause_for(strtod(arguments[0], NULL));
}

/// stubborn SECONDS: ignores every signal that can be ignored, and sleeps.
static void stubborn(int count, char **arguments) {
    for (int each = 1; each < 65; each++) signal(each, SIG_IGN);
    printf("stubborn: ready\n");
    fflush(stdout);
    sleep_for(count, arguments);
}

static void segv(int count, char **arguments) {
    (void)count, (void)arguments;
    *(volatile int *)(uintptr_t)(count + 8) = 1;
}

static void abort_self(int count, char **arguments) {
    (void)count, (void)arguments;
    abort();
}

static void kill_self(int count, char **arguments) {
    (void)count;
    result("kill", kill(getpid(), (int)number(arguments[0])));
}

static void kill_pid(int count, char **arguments) {
    (void)count;
    result("kill", kill((pid_t)strtol(arguments[0], NULL, 10), (int)number(arguments[1])));
}

static void exit_with(int count, char **arguments) {
    (void)count;
    fflush(stdout);
    _exit((int)number(arguments[0]));
}

/// daemonize SECONDS [FILE]: leaves a grandchild in a session of its own that outlives this process and then writes FILE.
static void daemonize(int count, char **arguments) {
    double seconds = strtod(arguments[0], NULL);
    fflush(stdout);
    if (fork() == 0) {
        setsid();
        if (fork() != 0) _exit(0);
        signal(SIGHUP, SIG_IGN);
        pause_for(seconds);
        if (count > 1) {
            int file = open(arguments[1], O_WRONLY | O_CREAT, 0644);
            if (file < 0 || write(file, "alive\n", 6) != 6) _exit(1);
        }
        _exit(0);
    }
    wait(NULL);
    printf("daemonize: left\n");
}

/// flood BYTES [2]: writes so many bytes, numbered lines, to standard output (or error).
static void flood(int count, char **arguments) {
    unsigned long left = number(arguments[0]);
    FILE *stream = count > 1 && arguments[1][0] == '2' ? stderr : stdout;
    static char buffer[1 << 16];
    setvbuf(stream, buffer, _IOFBF, sizeof buffer);
    for (unsigned long line = 0; left >= 16; line++, left -= 16)
        if (fprintf(stream, "line %010lu\n", line) < 0) return;
    while (left-- > 0) fputc('.', stream);
    fflush(stream);
}

/// realtime PRIORITY
static void realtime(int count, char **arguments) {
    (void)count;
    struct sched_param parameters = {.sched_priority = (int)number(arguments[0])};
    result("sched_setscheduler", sched_setscheduler(0, SCHED_FIFO, &parameters));
}

static void nice_to(int count, char **arguments) {
    (void)count;
    result("setpriority", setpriority(PRIO_PROCESS, 0, (int)strtol(arguments[0], NULL, 10)));
}

static void lock_memory(int count, char **arguments) {
    (void)count, (void)arguments;
    result("mlockall", mlockall(MCL_CURRENT | MCL_FUTURE));
}

const struct command process_commands[] = {
    {"hog", 1, hog, "MIB: touch memory"},
    {"hog-child", 1, hog_child, "MIB: touch memory in a child and tell its end"},
    {"memfd-hog", 1, memfd_hog, "MIB: fill an unnamed file"},
    {"fork-bomb", 0, fork_bomb, "[SECONDS]: fork without end"},
    {"limit", 3, limit, "PID RESOURCE VALUE: set a limit of a process"},
    {"orphans", 1, orphans, "N: processes for init"},
    {"forks", 1, forks, "N: children that wait"},
    {"threads", 1, threads, "N: threads that wait"},
    {"spin", 1, spin, "N [SECONDS]: burn the processor in N processes"},
    {"sleep", 1, sleep_for, "SECONDS"},
    {"stubborn", 1, stubborn, "SECONDS: ignore signals and sleep"},
    {"segv", 0, segv, "write to an invalid address"},
    {"abort", 0, abort_self, "abort(3)"},
    {"kill-self", 1, kill_self, "SIGNAL"},
    {"kill", 2, kill_pid, "PID SIGNAL"},
    {"exit", 1, exit_with, "CODE"},
    {"daemonize", 1, daemonize, "SECONDS [FILE]: leave a process behind"},
    {"flood", 1, flood, "BYTES [2]: write to standard output (error)"},
    {"realtime", 1, realtime, "PRIORITY: SCHED_FIFO"},
    {"nice", 1, nice_to, "VALUE"},
    {"mlockall", 0, lock_memory, "lock all memory"},
    {NULL, 0, NULL, NULL},
};
