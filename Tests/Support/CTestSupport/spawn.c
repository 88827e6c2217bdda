#include "test_spawn.h"

#include <fcntl.h>
#include <unistd.h>

int test_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int test_spawn_close_from(posix_spawn_file_actions_t *actions, int first) { return posix_spawn_file_actions_addclosefrom_np(actions, first); }

int test_spawn_directory(posix_spawn_file_actions_t *actions, const char *directory) { return posix_spawn_file_actions_addchdir_np(actions, directory); }
