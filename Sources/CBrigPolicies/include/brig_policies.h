/// The shipped policies and the schema, embedded at compile time so that one executable carries them and nobody can change them on the way.
#pragma once

#include <stddef.h>

struct brig_builtin_policy {
    /// The name that `--policy NAME` takes.
    const char *name;
    /// The file's bytes, exactly as in Policies/.
    const unsigned char *bytes;
    size_t length;
};

/// All of them, ordered by name; NULL from the first index that is none.
const struct brig_builtin_policy *brig_builtin_policy_at(size_t index);

/// Policies/policy.schema.json.
struct brig_builtin_policy brig_policy_schema(void);
