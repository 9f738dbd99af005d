/*
 * wire.c: the scan that stands before protobuf-c, and checks of single values.
 *
 * Must not know: any particular message; descriptors say what a field is.
 */
#include "wire.h"

#include <assert.h>
#include <string.h>

#include "id.h"
#include "utf8.h"

#define ELEMENTS_MAX SCH_PAGE_ROWS_MAX  /* repeated elements of one message, all its lists together */
#define UNKNOWN_MAX 64                  /* unknown fields of one frame */
#define TIME_MAX_MS INT64_C(253402300799999)

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5 };

struct scan {
    struct sch_fault *fault;
    enum sch_wire_unknown unknown;
    unsigned unknown_count;
};

/* One field as it stands in the frame. */
struct piece {
    uint32_t tag;
    unsigned wire_type;
    uint64_t number;                    /* VARINT */
    struct sch_bytes bytes;             /* LENGTH */
};

bool sch_wire_fail(struct sch_fault *fault, enum sch_error_code code, const char *field)
{
    fault->code = code;
    fault->field = field;
    return false;
}

/* ---- pieces ------------------------------------------------------------------------------------ */

/* protobuf-c reads keys and lengths of at most five bytes, also when the rest would be padding. */
#define KEY_SIZE_MAX 5
#define NUMBER_SIZE_MAX 10

static bool take_varint(struct sch_bytes *rest, unsigned size_max, uint64_t *value)
{
    uint64_t result = 0;
    for (unsigned i = 0; i < size_max && i < rest->len; i++) {
        uint64_t byte = rest->ptr[i];
        result |= (byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            rest->ptr += i + 1;
            rest->len -= i + 1;
            *value = result;
            return i < 9 || byte <= 1;
        }
    }
    return false;
}

static bool take_bytes(struct sch_bytes *rest, uint64_t size, struct sch_bytes *taken)
{
    if (size > rest->len) {
        return false;
    }
    taken->ptr = rest->ptr;
    taken->len = (size_t)size;
    rest->ptr += size;
    rest->len -= (size_t)size;
    return true;
}

static bool take_piece(struct sch_bytes *rest, struct piece *piece)
{
    uint64_t key;
    if (!take_varint(rest, KEY_SIZE_MAX, &key) || key >> 3 == 0 || key > UINT32_MAX) {
        return false;
    }
    piece->tag = (uint32_t)(key >> 3);
    piece->wire_type = (unsigned)(key & 7);
    piece->number = 0;
    switch (piece->wire_type) {
    case WIRE_VARINT:
        return take_varint(rest, NUMBER_SIZE_MAX, &piece->number);
    case WIRE_64:
        return take_bytes(rest, 8, &piece->bytes);
    case WIRE_32:
        return take_bytes(rest, 4, &piece->bytes);
    case WIRE_LENGTH: {
        uint64_t size;
        return take_varint(rest, KEY_SIZE_MAX, &size) && take_bytes(rest, size, &piece->bytes);
    }
    default:
        return false;                   /* groups, and types that do not exist */
    }
}

/* ---- scan -------------------------------------------------------------------------------------- */

static bool is_varint(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_UINT64 || type == PROTOBUF_C_TYPE_BOOL ||
           type == PROTOBUF_C_TYPE_ENUM;
}

static unsigned wire_type_of(ProtobufCType type)
{
    if (is_varint(type)) {
        return WIRE_VARINT;
    }
    return type == PROTOBUF_C_TYPE_FIXED32 ? WIRE_32 : WIRE_LENGTH;
}

/* protobuf-c cuts numbers to their type, and takes any enumerator. */
static bool number_fits(const ProtobufCFieldDescriptor *field, uint64_t number)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
        return number <= UINT32_MAX;
    case PROTOBUF_C_TYPE_BOOL:
        return number <= 1;
    case PROTOBUF_C_TYPE_ENUM:
        return number <= INT32_MAX && protobuf_c_enum_descriptor_get_value(field->descriptor, (int)number);
    default:
        return true;
    }
}

/* A repeated enumeration, packed: as many elements as it has numbers. */
static bool scan_packed(const ProtobufCFieldDescriptor *field, struct sch_bytes bytes, unsigned *elements)
{
    while (bytes.len > 0) {
        uint64_t number;
        if (!take_varint(&bytes, NUMBER_SIZE_MAX, &number) || !number_fits(field, number) ||
            ++*elements > ELEMENTS_MAX) {
            return false;
        }
    }
    return true;
}

static bool scan_message(struct scan *scan, const ProtobufCMessageDescriptor *descriptor,
                         struct sch_bytes bytes);

/* A known field's value. The recursion goes no deeper than scharnier.proto does, which has no cycle. */
static bool scan_value(struct scan *scan, const ProtobufCMessageDescriptor *descriptor, size_t index,
                       const struct piece *piece, unsigned *elements)
{
    const ProtobufCFieldDescriptor *field = &descriptor->fields[index];
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (repeated && piece->wire_type == WIRE_LENGTH && is_varint(field->type)) {
        return scan_packed(field, piece->bytes, elements) ||
               sch_wire_fail(scan->fault, SCH_E_FIELD_INVALID, sch_wire_field_name(descriptor, index));
    }
    if (piece->wire_type != wire_type_of(field->type)) {
        return sch_wire_fail(scan->fault, SCH_E_PROTOCOL, sch_wire_field_name(descriptor, index));
    }
    if (repeated && ++*elements > ELEMENTS_MAX) {
        return sch_wire_fail(scan->fault, SCH_E_TOO_LARGE, sch_wire_field_name(descriptor, index));
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return scan_message(scan, field->descriptor, piece->bytes);
    }
    bool good = number_fits(field, piece->number);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        good = memchr(piece->bytes.ptr, 0, piece->bytes.len) == NULL &&
               sch_utf8_valid(piece->bytes.ptr, piece->bytes.len);
    }
    return good || sch_wire_fail(scan->fault, SCH_E_FIELD_INVALID, sch_wire_field_name(descriptor, index));
}

/* Index of the field with this number, n_fields when there is none. Fields are in order of their numbers
 * and mostly come in that order, so the search begins where the last one ended. */
static size_t find_field(const ProtobufCMessageDescriptor *descriptor, uint32_t tag, size_t hint)
{
    size_t count = descriptor->n_fields;
    size_t i = hint < count && descriptor->fields[hint].id <= tag ? hint : 0;
    while (i < count && descriptor->fields[i].id < tag) {
        i++;
    }
    return i < count && descriptor->fields[i].id == tag ? i : count;
}

static bool scan_message(struct scan *scan, const ProtobufCMessageDescriptor *descriptor,
                         struct sch_bytes bytes)
{
    uint64_t seen = 0;
    bool member_seen = false;           /* of the oneof; a message has at most one */
    unsigned elements = 0;
    size_t index = 0;
    assert(descriptor->n_fields <= 64);
    while (bytes.len > 0) {
        struct piece piece;
        if (!take_piece(&bytes, &piece)) {
            return sch_wire_fail(scan->fault, SCH_E_PROTOCOL, sch_wire_message_name(descriptor));
        }
        size_t found = find_field(descriptor, piece.tag, index);
        if (found == descriptor->n_fields) {
            if (scan->unknown == SCH_WIRE_REFUSE || ++scan->unknown_count > UNKNOWN_MAX) {
                return sch_wire_fail(scan->fault, SCH_E_PROTOCOL, sch_wire_message_name(descriptor));
            }
            continue;
        }
        index = found;
        const ProtobufCFieldDescriptor *field = &descriptor->fields[index];
        bool member = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        bool single = field->label != PROTOBUF_C_LABEL_REPEATED;
        if ((single && (seen >> index & 1) != 0) || (member && member_seen)) {
            return sch_wire_fail(scan->fault, SCH_E_PROTOCOL, sch_wire_field_name(descriptor, index));
        }
        seen |= UINT64_C(1) << index;
        member_seen = member_seen || member;
        if (!scan_value(scan, descriptor, index, &piece, &elements)) {
            return false;
        }
    }
    return true;
}

uint64_t sch_wire_peek(struct sch_bytes bytes, uint32_t tag)
{
    struct piece piece;
    for (unsigned i = 0; i < UNKNOWN_MAX && bytes.len > 0 && take_piece(&bytes, &piece); i++) {
        if (piece.tag == tag && piece.wire_type == WIRE_VARINT) {
            return piece.number;
        }
    }
    return 0;
}

/* ---- unpack and pack --------------------------------------------------------------------------- */

static void *arena_alloc(void *arena, size_t size)
{
    return sch_arena_take(arena, size);
}

static void arena_free(void *arena, void *taken)
{
    (void)arena;
    (void)taken;
}

ProtobufCMessage *sch_wire_unpack(const ProtobufCMessageDescriptor *descriptor, struct sch_bytes bytes,
                                  enum sch_wire_unknown unknown, struct sch_arena *arena,
                                  enum sch_error_code exhausted, struct sch_fault *fault)
{
    struct scan scan = { .fault = fault, .unknown = unknown };
    if (!scan_message(&scan, descriptor, bytes)) {
        return NULL;
    }
    ProtobufCAllocator allocator = { arena_alloc, arena_free, arena };
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, bytes.len, bytes.ptr);
    if (message == NULL) {
        /* After the scan only memory can be the cause. */
        sch_wire_fail(fault, exhausted, sch_wire_message_name(descriptor));
    }
    return message;
}

size_t sch_wire_pack(const ProtobufCMessage *message, uint8_t *buffer, size_t capacity)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    return size <= capacity ? protobuf_c_message_pack(message, buffer) : 0;
}

/* ---- single values ----------------------------------------------------------------------------- */

bool sch_wire_id(const ProtobufCBinaryData *bytes, bool required, const char *field, struct sch_id *out,
                 struct sch_fault *fault)
{
    memset(out, 0, sizeof *out);
    if (bytes->len == 0) {
        return !required || sch_wire_fail(fault, SCH_E_FIELD_MISSING, field);
    }
    if (bytes->len != SCH_ID_SIZE) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, field);
    }
    memcpy(out->bytes, bytes->data, SCH_ID_SIZE);
    return !sch_id_is_none(out) || sch_wire_fail(fault, SCH_E_FIELD_INVALID, field);
}

bool sch_wire_address(const char *text, bool required, const char *field, struct sch_address *out,
                      struct sch_fault *fault)
{
    if (text[0] == '\0') {
        memset(out, 0, sizeof *out);
        return !required || sch_wire_fail(fault, SCH_E_FIELD_MISSING, field);
    }
    return sch_address_set(out, text) || sch_wire_fail(fault, SCH_E_FIELD_INVALID, field);
}

bool sch_wire_addresses(char **texts, size_t text_count, size_t max, const char *field,
                        struct sch_address *out, size_t *count, struct sch_fault *fault)
{
    if (text_count > max) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, field);
    }
    for (size_t i = 0; i < text_count; i++) {
        if (!sch_wire_address(texts[i], true, field, &out[i], fault)) {
            return false;
        }
    }
    *count = text_count;
    return true;
}

static bool copy_text(const char *text, size_t min, size_t max, const char *field, char *out,
                      struct sch_fault *fault)
{
    size_t size = strlen(text);
    if (size < min) {
        return sch_wire_fail(fault, size == 0 ? SCH_E_FIELD_MISSING : SCH_E_FIELD_INVALID, field);
    }
    if (size > max) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, field);
    }
    memset(out, 0, max + 1);
    memcpy(out, text, size);
    return true;
}

bool sch_wire_text(const char *text, size_t min, size_t max, const char *field, char *out,
                   struct sch_fault *fault)
{
    return copy_text(text, min, max, field, out, fault) &&
           (sch_utf8_plain((const uint8_t *)text, strlen(text)) ||
            sch_wire_fail(fault, SCH_E_FIELD_INVALID, field));
}

bool sch_wire_word(const char *text, size_t min, size_t max, const char *field, char *out,
                   struct sch_fault *fault)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= 0x20 || *c >= 0x7f) {
            return sch_wire_fail(fault, SCH_E_FIELD_INVALID, field);
        }
    }
    return copy_text(text, min, max, field, out, fault);
}

bool sch_wire_bytes(const ProtobufCBinaryData *bytes, size_t min, size_t max, const char *field,
                    struct sch_bytes *out, struct sch_fault *fault)
{
    if (bytes->len < min) {
        return sch_wire_fail(fault, bytes->len == 0 ? SCH_E_FIELD_MISSING : SCH_E_FIELD_INVALID, field);
    }
    if (bytes->len > max) {
        return sch_wire_fail(fault, SCH_E_TOO_LARGE, field);
    }
    out->ptr = bytes->data;
    out->len = bytes->len;
    return true;
}

bool sch_wire_range(uint64_t value, uint64_t min, uint64_t max, const char *field, struct sch_fault *fault)
{
    if (value == 0 && min > 0) {
        return sch_wire_fail(fault, SCH_E_FIELD_MISSING, field);
    }
    return (value >= min && value <= max) || sch_wire_fail(fault, SCH_E_FIELD_INVALID, field);
}

bool sch_wire_month(uint32_t value, const char *field, struct sch_fault *fault)
{
    uint32_t month = value % 100;
    return value == 0 || (value >= 200001 && value <= 209912 && month >= 1 && month <= 12) ||
           sch_wire_fail(fault, SCH_E_FIELD_INVALID, field);
}

bool sch_wire_time(uint64_t value, const char *field, int64_t *out, struct sch_fault *fault)
{
    if (value > (uint64_t)TIME_MAX_MS) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, field);
    }
    *out = (int64_t)value;
    return true;
}

/* ---- views ------------------------------------------------------------------------------------- */

ProtobufCBinaryData sch_wire_view(const uint8_t *bytes, size_t size)
{
    /* protobuf-c has no const form of its structures; packing only reads. */
    ProtobufCBinaryData view = { .len = size, .data = (uint8_t *)(uintptr_t)bytes };
    return view;
}

ProtobufCBinaryData sch_wire_id_view(const struct sch_id *id)
{
    return sch_wire_view(id->bytes, sch_id_is_none(id) ? 0 : SCH_ID_SIZE);
}

char *sch_wire_string(const char *text)
{
    return (char *)(uintptr_t)text;
}
