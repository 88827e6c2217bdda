/// The shipped AppArmor profiles, embedded at compile time as the policies are.
#pragma once

#include <stddef.h>

struct brig_profile {
    /// The name that the text declares.
    const char *name;
    /// The file's bytes, exactly as in Profiles/.
    const unsigned char *bytes;
    size_t length;
};

/// All of them, the job's first; NULL from the first index that is none.
const struct brig_profile *brig_profile_at(size_t index);
