#include "brig_tracing.h"

#include <errno.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static int bpf(enum bpf_cmd command, union bpf_attr *attributes) { return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes); }

int brig_tracing_map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t entries, uint32_t flags) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.map_type = type;
    attributes.key_size = key_size;
    attributes.value_size = value_size;
    attributes.max_entries = entries;
    attributes.map_flags = flags;
    return bpf(BPF_MAP_CREATE, &attributes);
}

static int element(enum bpf_cmd command, int map, const void *key, const void *value) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.map_fd = (uint32_t)map;
    attributes.key = (uint64_t)(uintptr_t)key;
    attributes.value = (uint64_t)(uintptr_t)value;
    return bpf(command, &attributes);
}

int brig_tracing_lookup(int map, const void *key, void *value) { return element(BPF_MAP_LOOKUP_ELEM, map, key, value); }

int brig_tracing_update(int map, const void *key, const void *value) { return element(BPF_MAP_UPDATE_ELEM, map, key, value); }

int brig_tracing_next_key(int map, const void *key, void *next) { return element(BPF_MAP_GET_NEXT_KEY, map, key, next); }

int brig_tracing_delete(int map, const void *key) { return element(BPF_MAP_DELETE_ELEM, map, key, NULL); }

static int describe(int object, void *info, size_t size) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.info.bpf_fd = (uint32_t)object;
    attributes.info.info_len = (uint32_t)size;
    attributes.info.info = (uint64_t)(uintptr_t)info;
    return bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes);
}

int brig_tracing_shape(int map, uint32_t *type, uint32_t *key_size, uint32_t *value_size, uint32_t *entries) {
    struct bpf_map_info info;
    memset(&info, 0, sizeof info);
    if (describe(map, &info, sizeof info) < 0) return -1;
    *type = info.type;
    *key_size = info.key_size;
    *value_size = info.value_size;
    *entries = info.max_entries;
    return 0;
}

int brig_tracing_load(const void *instructions, uint32_t count, uint32_t attach_type_id, char *log, uint32_t log_size) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_TRACING;
    attributes.expected_attach_type = BPF_TRACE_RAW_TP;
    attributes.attach_btf_id = attach_type_id;
    attributes.insn_cnt = count;
    attributes.insns = (uint64_t)(uintptr_t)instructions;
    // The kernel gives its helpers only to programs that say this; nothing in them is derived from it.
    attributes.license = (uint64_t)(uintptr_t) "GPL";
    strcpy(attributes.prog_name, "brig");
    int program = bpf(BPF_PROG_LOAD, &attributes);
    if (program >= 0 || log_size == 0 || errno == EPERM) return program;
    // Only now: writing the log takes longer than the check.
    int error = errno;
    attributes.log_level = 1;
    attributes.log_buf = (uint64_t)(uintptr_t)log;
    attributes.log_size = log_size;
    program = bpf(BPF_PROG_LOAD, &attributes);
    if (program < 0) errno = error;
    return program;
}

int brig_tracing_attach(int program) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.raw_tracepoint.prog_fd = (uint32_t)program;
    return bpf(BPF_RAW_TRACEPOINT_OPEN, &attributes);
}

int brig_tracing_misses(int program, uint64_t *misses) {
    struct bpf_prog_info info;
    memset(&info, 0, sizeof info);
    if (describe(program, &info, sizeof info) < 0) return -1;
    *misses = info.recursion_misses;
    return 0;
}

int brig_tracing_is_file_system(int descriptor) {
    struct statfs status;
    if (fstatfs(descriptor, &status) < 0) return -1;
    return (uint32_t)status.f_type == BPF_FS_MAGIC;
}

int brig_tracing_pin(int object, const char *path) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.pathname = (uint64_t)(uintptr_t)path;
    attributes.bpf_fd = (uint32_t)object;
    return bpf(BPF_OBJ_PIN, &attributes);
}

int brig_tracing_open(const char *path) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.pathname = (uint64_t)(uintptr_t)path;
    return bpf(BPF_OBJ_GET, &attributes);
}

int brig_tracing_settle(void) { return (int)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0); }
