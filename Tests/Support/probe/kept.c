// What the kernel keeps by a name or a number: keys, segments of shared memory, queues of messages.
#include "probe.h"

/// keyctl: adds a key to the session's keyring and asks for the keyring.
static void keyctl(int count, char **arguments) {
    (void)count, (void)arguments;
    result("add_key", syscall(SYS_add_key, "user", "probe", "x", 1, -3));
    result("keyctl", syscall(SYS_keyctl, 0, -3, 1));
}

/// with-key NAME TEXT PROGRAM [ARGUMENT...]: in a new session keyring with one key.
static void with_key(int count, char **arguments) {
    (void)count;
    long ring = syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, 0);
    long key = ring < 0 ? -1 : syscall(SYS_add_key, "user", arguments[0], arguments[1], strlen(arguments[1]), -3 /* the session's keyring */);
    if (key < 0)
        result("add_key", key);
    else
        execvp(arguments[2], arguments + 2);
}

/// find-key NAME: what a key of the session's keyring holds.
static void find_key(int count, char **arguments) {
    (void)count;
    char text[256] = {0};
    long key = syscall(SYS_keyctl, 10 /* KEYCTL_SEARCH */, -3, "user", arguments[0], 0);
    result("search", key < 0 ? -1 : 0);
    if (key >= 0 && syscall(SYS_keyctl, 11 /* KEYCTL_READ */, key, text, sizeof text - 1) > 0) printf("key: %s\n", text);
}

/// shmget KEY FLAGS: a segment of System V shared memory.
static void shared_memory(int count, char **arguments) {
    (void)count;
    long segment = syscall(SYS_shmget, number(arguments[0]), 4096, number(arguments[1]));
    result("shmget", segment < 0 ? -1 : 0);
}

/// shmrm KEY
static void remove_shared_memory(int count, char **arguments) {
    (void)count;
    result("shmctl", syscall(SYS_shmctl, syscall(SYS_shmget, number(arguments[0]), 0, 0), 0 /* IPC_RMID */, 0));
}

/// mq NAME FLAGS: a queue of POSIX messages.
static void message_queue(int count, char **arguments) {
    (void)count;
    long queue = syscall(SYS_mq_open, arguments[0], number(arguments[1]), 0666, 0);
    result("mq_open", queue < 0 ? -1 : 0);
}

/// mqrm NAME
static void remove_message_queue(int count, char **arguments) {
    (void)count;
    result("mq_unlink", syscall(SYS_mq_unlink, arguments[0]));
}

const struct command kept_commands[] = {
    {"keyctl", 0, keyctl, "use the session's keyring"},
    {"with-key", 3, with_key, "NAME TEXT PROGRAM...: with a key in a session of its own"},
    {"find-key", 1, find_key, "NAME: of the session's keyring"},
    {"shmget", 2, shared_memory, "KEY FLAGS"},
    {"shmrm", 1, remove_shared_memory, "KEY"},
    {"mq", 2, message_queue, "NAME FLAGS"},
    {"mqrm", 1, remove_message_queue, "NAME"},
    {NULL, 0, NULL, NULL},
};
