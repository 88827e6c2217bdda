/// bpf(2), and the kernel's own description of its types (BTF).
///
/// Functions return what the system call returns: -1 with errno set on failure, unless the comment says otherwise.
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: Maps and programs

/// BPF_MAP_CREATE; `type` is BPF_MAP_TYPE_*, `flags` BPF_F_*. The descriptor is closed on exec.
int brig_tracing_map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t entries, uint32_t flags);

/// BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM and BPF_MAP_GET_NEXT_KEY; with `key` NULL the last gives the first key.
int brig_tracing_lookup(int map, const void *key, void *value);
int brig_tracing_update(int map, const void *key, const void *value);
int brig_tracing_next_key(int map, const void *key, void *next);

/// BPF_MAP_DELETE_ELEM.
int brig_tracing_delete(int map, const void *key);

/// What a map is (BPF_OBJ_GET_INFO_BY_FD).
int brig_tracing_shape(int map, uint32_t *type, uint32_t *key_size, uint32_t *value_size, uint32_t *entries);

/// Loads a program that is attached to the raw tracepoint of a BTF type (BPF_TRACE_RAW_TP). `log` gets the verifier's words where it is refused.
int brig_tracing_load(const void *instructions, uint32_t count, uint32_t attach_type_id, char *log, uint32_t log_size);

/// Attaches it until the descriptor is closed.
int brig_tracing_attach(int program);

/// Times that a program was skipped since it was running on that processor already (BPF_OBJ_GET_INFO_BY_FD).
int brig_tracing_misses(int program, uint64_t *misses);

// MARK: Names in a bpf file system

/// 1 where a descriptor is of a bpf file system, 0 where it is of another.
int brig_tracing_is_file_system(int descriptor);

/// BPF_OBJ_PIN: `path` holds the map, program or link from now on, until it is removed.
int brig_tracing_pin(int object, const char *path);

/// BPF_OBJ_GET: a descriptor, closed on exec, for what `path` holds.
int brig_tracing_open(const char *path);

/// membarrier(2), MEMBARRIER_CMD_GLOBAL: returns when no program runs that had begun before.
int brig_tracing_settle(void);

// MARK: Types of the kernel

/// Where a member of a structure is.
struct brig_member {
    const char *structure;
    /// A member's name, also of an unnamed structure or union inside; NULL asks for the size of the whole.
    const char *member;
    /// In bytes from the start of the structure; -1 where there is none.
    int32_t offset;
};

/// The id of a type.
struct brig_type {
    const char *name;
    /// 0 where there is none.
    uint32_t id;
};

/// Looks up members of structures and ids of type definitions in BTF (Documentation/bpf/btf.rst). Returns 0, or -1 where the bytes are no BTF.
int brig_kernel_types(const void *bytes, size_t size, struct brig_member *members, size_t member_count, struct brig_type *types, size_t type_count);
