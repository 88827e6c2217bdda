/// The catalog of system calls, their groups, and the constants that rules may name. Tables that need no work at start.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct brig_system_call {
    const char *name;
    /// Numbers by architecture; -1 where it has no such call.
    int16_t x86_64;
    int16_t aarch64;
    /// One letter an argument: i (32 bits), l (64 bits), m (16 bits), p (an address).
    char arguments[7];
    /// Bit N: it is in group N.
    uint32_t groups;
};

extern const size_t brig_system_call_count;

/// The calls by name; `index` below the count.
const struct brig_system_call *brig_system_call_at(size_t index);

/// The call with the highest number on the architecture that this was compiled for.
const struct brig_system_call *brig_system_call_newest(void);

/// The call of that name, or NULL.
const struct brig_system_call *brig_system_call_named(const char *name);

/// The call's number on the architecture that this was compiled for, or -1.
int brig_system_call_number(const struct brig_system_call *call);

struct brig_system_call_group {
    /// With the at sign.
    const char *name;
    /// One sentence.
    const char *summary;
};

/// At most 32.
extern const size_t brig_system_call_group_count;

/// The index is the bit in `groups`, below the count.
const struct brig_system_call_group *brig_system_call_group_at(size_t index);

struct brig_constant {
    const char *name;
    uint64_t value;
};

extern const size_t brig_constant_count;

/// The constants by name; `index` below the count.
const struct brig_constant *brig_constant_at(size_t index);

/// The constant of that name, or NULL.
const struct brig_constant *brig_constant_named(const char *name);
