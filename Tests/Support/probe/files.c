// Files, mounts and sockets.
#include "probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

/// read PATH: its first line.
static void read_path(int count, char **arguments) {
    (void)count;
    int file = open(arguments[0], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) {
        result("open", -1);
        return;
    }
    char line[256];
    ssize_t length = read(file, line, sizeof line - 1);
    result("read", length);
    if (length > 0) {
        line[length] = 0;
        line[strcspn(line, "\n")] = 0;
        printf("text: %s\n", line);
    }
    close(file);
}

/// open PATH FLAGS [MODE]
static void open_path(int count, char **arguments) {
    int file = open(arguments[0], (int)number(arguments[1]) | O_CLOEXEC, count > 2 ? number(arguments[2]) : 0600);
    result("open", file);
    if (file >= 0) close(file);
}

/// write PATH TEXT: without creating it.
static void write_path(int count, char **arguments) {
    (void)count;
    int file = open(arguments[0], O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        result("open", -1);
    else
        result("write", write(file, arguments[1], strlen(arguments[1])));
    if (file >= 0) close(file);
}

/// create PATH TEXT
static void create(int count, char **arguments) {
    (void)count;
    int file = open(arguments[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0)
        result("open", -1);
    else
        result("write", write(file, arguments[1], strlen(arguments[1])));
    if (file >= 0) close(file);
}

static void chmod_path(int count, char **arguments) {
    (void)count;
    result("chmod", chmod(arguments[1], (mode_t)number(arguments[0])));
}

static void chown_path(int count, char **arguments) {
    (void)count;
    result("chown", chown(arguments[2], (uid_t)number(arguments[0]), (gid_t)number(arguments[1])));
}

static void mkdir_path(int count, char **arguments) {
    (void)count;
    result("mkdir", mkdir(arguments[0], 0755));
}

/// mknod PATH MODE MAJOR MINOR
static void mknod_path(int count, char **arguments) {
    (void)count;
    result("mknod", mknod(arguments[0], (mode_t)number(arguments[1]), makedev(number(arguments[2]), number(arguments[3]))));
}

static void link_path(int count, char **arguments) {
    (void)count;
    result("link", link(arguments[0], arguments[1]));
}

static void symlink_path(int count, char **arguments) {
    (void)count;
    result("symlink", symlink(arguments[0], arguments[1]));
}

static void unlink_path(int count, char **arguments) {
    (void)count;
    result("unlink", unlink(arguments[0]));
}

/// mount SOURCE TARGET TYPE [FLAGS]
static void mount_path(int count, char **arguments) { result("mount", mount(arguments[0], arguments[1], arguments[2], count > 3 ? number(arguments[3]) : 0, NULL)); }

static void umount_path(int count, char **arguments) {
    (void)count;
    result("umount2", umount2(arguments[0], MNT_DETACH));
}

/// remount PATH: writable.
static void remount(int count, char **arguments) {
    (void)count;
    result("mount", mount(NULL, arguments[0], NULL, MS_REMOUNT | MS_BIND, NULL));
}

static void chroot_path(int count, char **arguments) {
    (void)count;
    result("chroot", chroot(arguments[0]));
}

/// pivot NEW OLD
static void pivot(int count, char **arguments) {
    (void)count;
    result("pivot_root", syscall(SYS_pivot_root, arguments[0], arguments[1]));
}

static int write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : write(file, text, strlen(text));
    if (file >= 0) close(file);
    return length < 0 ? -1 : 0;
}

/// enter FLAGS: new namespaces, with this user as root of the user namespace.
static void enter(int count, char **arguments) {
    (void)count;
    char users[32], groups[32];
    snprintf(users, sizeof users, "0 %u 1", geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", getegid());
    int made = unshare((int)number(arguments[0]));
    result("unshare", made);
    if (made) return;
    write_text("/proc/self/setgroups", "deny");
    result("uid_map", write_text("/proc/self/uid_map", users));
    write_text("/proc/self/gid_map", groups);
}

/// open-tree DIR FLAGS NAME: a clone of the mount at DIR, and whether NAME can be read there.
static void open_tree_at(int count, char **arguments) {
    (void)count;
    long tree = syscall(SYS_open_tree, AT_FDCWD, arguments[0], number(arguments[1]));
    result("open_tree", tree < 0 ? -1 : 0);
    if (tree < 0) return;
    int file = openat((int)tree, arguments[2], O_RDONLY | O_CLOEXEC);
    char text[256];
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    result("read", length);
    if (length > 0) printf("text: %.*s\n", (int)length, text);
}

/// file-caps PATH: CAP_SYS_ADMIN to whoever executes it.
static void file_capabilities(int count, char **arguments) {
    (void)count;
    const uint32_t capabilities[5] = {0x02000001, 1U << 21, 0, 0, 0};
    result("setxattr", setxattr(arguments[0], "security.capability", capabilities, sizeof capabilities, 0));
}

/// climb: goes up from the root a hundred times by a directory descriptor, with a chroot below it, and tells the inode of where it is.
static void climb(int count, char **arguments) {
    (void)count, (void)arguments;
    struct stat before, after;
    int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fstat(root, &before);
    result("chroot", chroot("/tmp"));
    result("fchdir", fchdir(root));
    for (int each = 0; each < 100; each++)
        if (chdir("..")) break;
    stat(".", &after);
    printf("climb: %s\n", before.st_ino == after.st_ino && before.st_dev == after.st_dev ? "same root" : "another root");
}

/// fill DIR MIB: one file; says how many MiB went in.
static void fill(int count, char **arguments) {
    (void)count;
    char path[4096];
    snprintf(path, sizeof path, "%s/fill", arguments[0]);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    static char block[1 << 20];
    memset(block, 1, sizeof block);
    unsigned long wanted = number(arguments[1]), mib = 0;
    while (mib < wanted && write(file, block, sizeof block) == (ssize_t)sizeof block) mib++;
    if (mib < wanted) result("write", -1);
    printf("fill: %lu\n", mib);
}

/// inodes DIR N: empty files; says how many it made.
static void inodes(int count, char **arguments) {
    (void)count;
    char path[4096];
    unsigned long wanted = number(arguments[1]), made = 0;
    for (; made < wanted; made++) {
        snprintf(path, sizeof path, "%s/%lu", arguments[0], made);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0) break;
        close(file);
    }
    if (made < wanted) result("open", -1);
    printf("inodes: %lu\n", made);
}

/// exec PATH [ARGUMENT...]: never comes back where it succeeds.
static void exec_path(int count, char **arguments) {
    (void)count;
    fflush(stdout);
    result("execv", execv(arguments[0], arguments));
}

/// i386-elf PATH: writes a 32-bit program that exits with 42.
static void i386_elf(int count, char **arguments) {
    (void)count;
    static const unsigned char program[] = {
        0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, // identification: 32-bit, little endian
        2, 0, 3, 0, 1, 0, 0, 0, 0x54, 0x80, 4, 8, 52, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 52, 0, 32, 0, 1, 0, // executable, i386, entry 0x08048054
        0, 0, 0, 0, 0, 0, // no sections
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 4, 8, 0, 0x80, 4, 8, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0, // one segment, r-x
        0xb8, 1, 0, 0, 0, 0xbb, 42, 0, 0, 0, 0xcd, 0x80, // mov eax, 1; mov ebx, 42; int 0x80
    };
    int file = open(arguments[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    result("write", file < 0 ? -1 : write(file, program, sizeof program));
    if (file >= 0) close(file);
}

/// socket FAMILY TYPE [PROTOCOL]
static void socket_with(int count, char **arguments) {
    int one = socket((int)number(arguments[0]), (int)number(arguments[1]), count > 2 ? (int)number(arguments[2]) : 0);
    result("socket", one);
    if (one >= 0) close(one);
}

/// connect ADDRESS PORT: TCP over IPv4; waits a second at most.
static void connect_to(int count, char **arguments) {
    (void)count;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number(arguments[1]))};
    inet_pton(AF_INET, arguments[0], &address.sin_addr);
    int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int value = one < 0 ? -1 : connect(one, (struct sockaddr *)&address, sizeof address);
    if (value == -1 && errno == EINPROGRESS) {
        struct pollfd wait = {.fd = one, .events = POLLOUT};
        int error = poll(&wait, 1, 1000) > 0 ? 0 : ETIMEDOUT;
        if (!error) getsockopt(one, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error});
        errno = error;
        value = error ? -1 : 0;
    }
    result("connect", value);
    if (one >= 0) close(one);
}

/// unix NAME: connects to a socket by path, or with a leading @ by abstract name.
static void unix_to(int count, char **arguments) {
    (void)count;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(arguments[0]);
    if (length >= sizeof address.sun_path) exit(2);
    memcpy(address.sun_path, arguments[0], length);
    if (address.sun_path[0] == '@') address.sun_path[0] = 0;
    int one = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    result("connect", one < 0 ? -1 : connect(one, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)));
    if (one >= 0) close(one);
}

const struct command file_commands[] = {
    {"read", 1, read_path, "PATH: print its first line"},
    {"open", 2, open_path, "PATH FLAGS [MODE]"},
    {"write", 2, write_path, "PATH TEXT: to what exists"},
    {"create", 2, create, "PATH TEXT"},
    {"chmod", 2, chmod_path, "MODE PATH"},
    {"chown", 3, chown_path, "UID GID PATH"},
    {"mkdir", 1, mkdir_path, "PATH"},
    {"mknod", 4, mknod_path, "PATH MODE MAJOR MINOR"},
    {"link", 2, link_path, "OLD NEW"},
    {"symlink", 2, symlink_path, "TEXT PATH"},
    {"unlink", 1, unlink_path, "PATH"},
    {"mount", 3, mount_path, "SOURCE TARGET TYPE [FLAGS]"},
    {"umount", 1, umount_path, "PATH"},
    {"remount", 1, remount, "PATH: writable"},
    {"chroot", 1, chroot_path, "PATH"},
    {"pivot", 2, pivot, "NEW OLD"},
    {"enter", 1, enter, "FLAGS: new namespaces"},
    {"open-tree", 3, open_tree_at, "DIR FLAGS NAME: look into a clone of a mount"},
    {"file-caps", 1, file_capabilities, "PATH"},
    {"climb", 0, climb, "leave the root by a descriptor"},
    {"fill", 2, fill, "DIR MIB"},
    {"inodes", 2, inodes, "DIR N"},
    {"exec", 1, exec_path, "PATH [ARGUMENT...]"},
    {"i386-elf", 1, i386_elf, "PATH: write a 32-bit program"},
    {"socket", 2, socket_with, "FAMILY TYPE [PROTOCOL]"},
    {"connect", 2, connect_to, "ADDRESS PORT"},
    {"unix", 1, unix_to, "NAME"},
    {NULL, 0, NULL, NULL},
};
