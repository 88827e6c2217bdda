// What a job can tell of itself.
#include "probe.h"

#include <dirent.h>
#include <grp.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

extern char **environ;

/// fds: every open descriptor and what it leads to.
static void descriptors(int count, char **arguments) {
    (void)count, (void)arguments;
    for (int each = 0; each < 1024; each++) {
        char link[32], target[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", each);
        ssize_t length = readlink(link, target, sizeof target - 1);
        if (length < 0) continue;
        target[length] = 0;
        printf("fd %d: %s\n", each, target);
    }
}

/// list DIR: names, one a line.
static void list(int count, char **arguments) {
    (void)count;
    DIR *directory = opendir(arguments[0]);
    if (!directory) {
        result("opendir", -1);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) printf("name: %s\n", entry->d_name);
    closedir(directory);
}

static void ids(int count, char **arguments) {
    (void)count, (void)arguments;
    uid_t uids[3];
    gid_t gids[3], groups[64];
    getresuid(&uids[0], &uids[1], &uids[2]);
    getresgid(&gids[0], &gids[1], &gids[2]);
    printf("uid: %u %u %u\ngid: %u %u %u\ngroups:", uids[0], uids[1], uids[2], gids[0], gids[1], gids[2]);
    int many = getgroups(64, groups);
    for (int each = 0; each < many; each++) printf(" %u", groups[each]);
    printf("\npid: %d\nppid: %d\nsid: %d\n", getpid(), getppid(), getsid(0));
}

/// status [FIELD...]: lines of /proc/self/status (all of them without names).
static void status(int count, char **arguments) {
    FILE *file = fopen("/proc/self/status", "re");
    if (!file) {
        result("open", -1);
        return;
    }
    char line[1024];
    while (fgets(line, sizeof line, file)) {
        int wanted = count == 0;
        for (int each = 0; each < count; each++) {
            size_t length = strlen(arguments[each]);
            wanted |= !strncmp(line, arguments[each], length) && line[length] == ':';
        }
        if (wanted) fputs(line, stdout);
    }
    fclose(file);
}

static void capabilities(int count, char **arguments) {
    (void)count, (void)arguments;
    char *fields[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", NULL};
    status(7, fields);
}

static void environment(int count, char **arguments) {
    (void)count, (void)arguments;
    for (char **each = environ; *each; each++) printf("env: %s\n", *each);
}

static void limits(int count, char **arguments) {
    (void)count, (void)arguments;
    static const struct {
        const char *name;
        int number;
    } all[] = {{"fsize", RLIMIT_FSIZE}, {"nofile", RLIMIT_NOFILE}, {"core", RLIMIT_CORE}, {"stack", RLIMIT_STACK}, {"memlock", RLIMIT_MEMLOCK}, {"rtprio", RLIMIT_RTPRIO},
        {"nproc", RLIMIT_NPROC}};
    for (size_t each = 0; each < sizeof all / sizeof *all; each++) {
        struct rlimit limit;
        getrlimit(all[each].number, &limit);
        printf("%s: %lld %lld\n", all[each].name, (long long)limit.rlim_cur, (long long)limit.rlim_max);
    }
}

static void namespaces(int count, char **arguments) {
    (void)count, (void)arguments;
    static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};
    for (size_t each = 0; each < sizeof names / sizeof *names; each++) {
        char path[64];
        struct stat file;
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[each]);
        if (stat(path, &file))
            result(names[each], -1);
        else
            printf("%s: %lu\n", names[each], (unsigned long)file.st_ino);
    }
}

static void place(int count, char **arguments) {
    (void)count, (void)arguments;
    char directory[4096];
    struct utsname system;
    mode_t mask = umask(0);
    umask(mask);
    uname(&system);
    printf("cwd: %s\nhost: %s\numask: %04o\n", getcwd(directory, sizeof directory) ? directory : "?", system.nodename, mask);
}

static void interfaces(int count, char **arguments) {
    (void)count, (void)arguments;
    struct if_nameindex *all = if_nameindex();
    if (!all) result("if_nameindex", -1);
    for (struct if_nameindex *each = all; each && each->if_index; each++) printf("interface: %s\n", each->if_name);
}

/// dump PATH: the whole file.
static void dump(int count, char **arguments) {
    (void)count;
    FILE *file = fopen(arguments[0], "re");
    if (!file) {
        result("open", -1);
        return;
    }
    for (int byte; (byte = fgetc(file)) != EOF;) putchar(byte);
    fclose(file);
}

const struct command fact_commands[] = {
    {"fds", 0, descriptors, "open descriptors"},
    {"list", 1, list, "DIR"},
    {"ids", 0, ids, "users, groups, processes"},
    {"status", 0, status, "[FIELD...]: of /proc/self/status"},
    {"caps", 0, capabilities, "capability sets, no_new_privs, seccomp"},
    {"env", 0, environment, "the environment"},
    {"limits", 0, limits, "resource limits"},
    {"namespaces", 0, namespaces, "their inodes"},
    {"place", 0, place, "directory, host name, umask"},
    {"interfaces", 0, interfaces, "network interfaces"},
    {"dump", 1, dump, "PATH"},
    {NULL, 0, NULL, NULL},
};
