#include "brig_linux.h"

#include <stddef.h>

#ifdef BRIG_COMMIT
#define TEXT(word) #word
#define TEXT_OF(word) TEXT(word)
const char *brig_build_commit(void) { return TEXT_OF(BRIG_COMMIT); }
#else
const char *brig_build_commit(void) { return NULL; }
#endif
