#include "brig_system_calls.h"

#include <string.h>

enum group_index {
#define GROUP(constant, name, summary) constant##_INDEX,
#include "groups.def"
#undef GROUP
};

enum group_bit : uint32_t {
#define GROUP(constant, name, summary) constant = UINT32_C(1) << constant##_INDEX,
#include "groups.def"
#undef GROUP
};

static const struct brig_system_call_group system_call_groups[] = {
#define GROUP(constant, name, summary) {"@" name, summary},
#include "groups.def"
#undef GROUP
};
const size_t brig_system_call_group_count = sizeof system_call_groups / sizeof system_call_groups[0];

static const struct brig_system_call system_calls[] = {
#define CALL(name, x86_64, aarch64, arguments, groups) {#name, x86_64, aarch64, arguments, groups},
#include "system_calls.def"
#undef CALL
};
const size_t brig_system_call_count = sizeof system_calls / sizeof system_calls[0];

const struct brig_system_call_group *brig_system_call_group_at(size_t index) { return &system_call_groups[index]; }

const struct brig_system_call *brig_system_call_at(size_t index) { return &system_calls[index]; }

const struct brig_system_call *brig_system_call_named(const char *name) {
    size_t low = 0, high = brig_system_call_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, system_calls[middle].name);
        if (order == 0) return &system_calls[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}

int brig_system_call_number(const struct brig_system_call *call) {
#if defined(__x86_64__)
    return call->x86_64;
#elif defined(__aarch64__)
    return call->aarch64;
#else
#error "the catalog has no numbers for this architecture"
#endif
}

const struct brig_system_call *brig_system_call_newest(void) {
    const struct brig_system_call *newest = system_calls;
    for (size_t i = 1; i < brig_system_call_count; i++)
        if (brig_system_call_number(&system_calls[i]) > brig_system_call_number(newest)) newest = &system_calls[i];
    return newest;
}
