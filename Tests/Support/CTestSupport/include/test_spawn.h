/// GNU extensions that tests need to start programs and that Swift's Glibc module does not show.
#pragma once

#include <spawn.h>

/// pipe2(2) with O_CLOEXEC: 0, or -1 with errno set.
int test_pipe(int ends[2]);

/// The program starts with no descriptor at or above `first`.
int test_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/// The program starts in `directory`.
int test_spawn_directory(posix_spawn_file_actions_t *actions, const char *directory);

/// Whether bpf(2) lets this process run a program at a raw tracepoint: 0, or -1 with errno set. Nothing stays attached.
int test_attach_tracing(void);
