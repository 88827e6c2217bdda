#include "brig_policies.h"

static const unsigned char build[] = {
#embed "../../Policies/build.json"
};
static const unsigned char ci_memory[] = {
#embed "../../Policies/ci-memory.json"
};
static const unsigned char standard[] = {
#embed "../../Policies/default.json"
};
static const unsigned char network_client[] = {
#embed "../../Policies/network-client.json"
};
static const unsigned char strict[] = {
#embed "../../Policies/strict.json"
};

static const unsigned char schema[] = {
#embed "../../Policies/policy.schema.json"
};

static const struct brig_builtin_policy policies[] = {
    {"build", build, sizeof build},
    {"ci-memory", ci_memory, sizeof ci_memory},
    {"default", standard, sizeof standard},
    {"network-client", network_client, sizeof network_client},
    {"strict", strict, sizeof strict},
};

const struct brig_builtin_policy *brig_builtin_policy_at(size_t index) { return index < sizeof policies / sizeof policies[0] ? &policies[index] : 0; }

struct brig_builtin_policy brig_policy_schema(void) {
    return (struct brig_builtin_policy){"policy.schema", schema, sizeof schema};
}
