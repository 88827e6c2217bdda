#include "brig_policies.h"

// Added with the shipped policies.
const struct brig_builtin_policy brig_builtin_policies[] = {{0, 0, 0}};
