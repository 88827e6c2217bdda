#include "brig_linux.h"

#include <string.h>

const char *brig_errno_name(int number) { return strerrorname_np(number); }

const char *brig_errno_text(int number) { return strerrordesc_np(number); }
