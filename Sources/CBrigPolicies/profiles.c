#include "brig_profiles.h"

static const unsigned char job[] = {
#embed "../../Profiles/brig-job"
};
static const unsigned char strict[] = {
#embed "../../Profiles/brig-strict"
};
static const unsigned char command[] = {
#embed "../../Profiles/brig"
};

static const struct brig_profile profiles[] = {
    {"brig-job", job, sizeof job},
    {"brig-strict", strict, sizeof strict},
    {"brig", command, sizeof command},
};

const struct brig_profile *brig_profile_at(size_t index) { return index < sizeof profiles / sizeof profiles[0] ? &profiles[index] : 0; }
