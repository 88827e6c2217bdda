#include <linux/btf.h>
#include <string.h>

#include "brig_tracing.h"

/// The description, with its parts checked to lie inside it.
struct description {
    const char *types, *types_end;
    const char *strings;
    size_t strings_size;
};

/// Types by number, for unnamed members: only the few structures that are asked for are looked into again.
static const struct btf_type *next_type(const struct description *all, const struct btf_type *type) {
    uint32_t count = BTF_INFO_VLEN(type->info);
    size_t size = sizeof *type;
    switch (BTF_INFO_KIND(type->info)) {
    case BTF_KIND_INT:
    case BTF_KIND_VAR:
    case BTF_KIND_DECL_TAG: size += 4; break;
    case BTF_KIND_ARRAY: size += sizeof(struct btf_array); break;
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION: size += count * sizeof(struct btf_member); break;
    case BTF_KIND_ENUM: size += count * sizeof(struct btf_enum); break;
    case BTF_KIND_ENUM64: size += count * sizeof(struct btf_enum64); break;
    case BTF_KIND_FUNC_PROTO: size += count * sizeof(struct btf_param); break;
    case BTF_KIND_DATASEC: size += count * sizeof(struct btf_var_secinfo); break;
    default: break;
    }
    const char *next = (const char *)type + size;
    return next + sizeof *type <= all->types_end ? (const struct btf_type *)next : NULL;
}

static const struct btf_type *first_type(const struct description *all) {
    return all->types + sizeof(struct btf_type) <= all->types_end ? (const struct btf_type *)all->types : NULL;
}

static const struct btf_type *type_numbered(const struct description *all, uint32_t number) {
    const struct btf_type *type = first_type(all);
    for (uint32_t id = 1; type && id < number; id++) type = next_type(all, type);
    return type;
}

static bool is_named(const struct description *all, uint32_t offset, const char *name) {
    return offset > 0 && offset < all->strings_size && strcmp(all->strings + offset, name) == 0;
}

/// In bytes; -1 where there is none. Looks into unnamed members at most four deep.
static int32_t member_offset(const struct description *all, const struct btf_type *type, const char *name, int depth) {
    uint32_t count = BTF_INFO_VLEN(type->info);
    const struct btf_member *members = (const struct btf_member *)(type + 1);
    if ((const char *)(members + count) > all->types_end) return -1;
    bool has_bit_fields = BTF_INFO_KFLAG(type->info);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits = has_bit_fields ? BTF_MEMBER_BIT_OFFSET(members[i].offset) : members[i].offset;
        if (is_named(all, members[i].name_off, name)) return bits % 8 == 0 ? (int32_t)(bits / 8) : -1;
        if (members[i].name_off != 0 || depth == 0) continue;
        const struct btf_type *inner = type_numbered(all, members[i].type);
        if (!inner) continue;
        uint32_t kind = BTF_INFO_KIND(inner->info);
        if (kind != BTF_KIND_STRUCT && kind != BTF_KIND_UNION) continue;
        int32_t offset = member_offset(all, inner, name, depth - 1);
        if (offset >= 0) return (int32_t)(bits / 8) + offset;
    }
    return -1;
}

/// How many it has found.
static size_t find_members(const struct description *all, const struct btf_type *type, struct brig_member *members, size_t count) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (members[i].offset >= 0 || !is_named(all, type->name_off, members[i].structure)) continue;
        members[i].offset = members[i].member ? member_offset(all, type, members[i].member, 4) : (int32_t)type->size;
        found += members[i].offset >= 0;
    }
    return found;
}

int brig_kernel_types(const void *bytes, size_t size, struct brig_member *members, size_t member_count, struct brig_type *types, size_t type_count) {
    const struct btf_header *header = bytes;
    if (size < sizeof *header || header->magic != BTF_MAGIC || header->hdr_len > size) return -1;
    size_t room = size - header->hdr_len;
    if (header->type_off > room || header->type_len > room - header->type_off) return -1;
    if (header->str_off > room || header->str_len > room - header->str_off || header->str_len == 0) return -1;
    const char *start = (const char *)bytes + header->hdr_len;
    struct description all = {
        .types = start + header->type_off,
        .types_end = start + header->type_off + header->type_len,
        .strings = start + header->str_off,
        .strings_size = header->str_len,
    };
    if (all.strings[all.strings_size - 1] != 0) return -1;
    for (size_t i = 0; i < member_count; i++) members[i].offset = -1;
    for (size_t i = 0; i < type_count; i++) types[i].id = 0;
    uint32_t id = 1;
    // What is asked for lies near the beginning of a hundred thousand types.
    size_t missing = member_count + type_count;
    for (const struct btf_type *type = first_type(&all); type && missing > 0; type = next_type(&all, type), id++) {
        uint32_t kind = BTF_INFO_KIND(type->info);
        if (type->name_off == 0) continue;
        if (kind == BTF_KIND_STRUCT) missing -= find_members(&all, type, members, member_count);
        if (kind != BTF_KIND_TYPEDEF) continue;
        for (size_t i = 0; i < type_count; i++) {
            if (types[i].id != 0 || !is_named(&all, type->name_off, types[i].name)) continue;
            types[i].id = id;
            missing--;
        }
    }
    return 0;
}
