/*
 * wire.h: what the files behind codec.h share: scan, unpack, and checks of single values. Private to proto/.
 *
 * A message is read in three strides. The scan walks its bytes by protobuf-c's descriptors and refuses what
 * protobuf-c would take: a field given twice, two members of a oneof, a number wider than its type, text
 * that is not UTF-8 or holds a NUL, an enumerator that is not in scharnier.proto, more than 200 repeated
 * elements or 64 unknown fields. So what unpacking takes from the arena stays within a small multiple of
 * the frame. Then protobuf-c unpacks, and then each message's own checks run. Every check returns true, or
 * fills the fault and returns false.
 */
#ifndef SCH_PROTO_WIRE_H
#define SCH_PROTO_WIRE_H

#include "codec.h"
#include "scharnier.pb-c.h"

/* Form errors of a whole message carry its name, those of a field the field's: both constants. */
const char *sch_wire_message_name(const ProtobufCMessageDescriptor *descriptor);
const char *sch_wire_field_name(const ProtobufCMessageDescriptor *descriptor, size_t index);

/* What happens to fields that scharnier.proto does not have. Commands, replies and letters may come from a
 * newer version and are read without them. Header and Seal are signed and enforced: there every field must
 * be understood. */
enum sch_wire_unknown { SCH_WIRE_SKIP, SCH_WIRE_REFUSE };

/* The number in field `tag`, when it stands among the first 64 fields before the first unreadable byte; 0
 * otherwise. For the request of a frame that is refused. */
uint64_t sch_wire_peek(struct sch_bytes bytes, uint32_t tag);

/* Scans and unpacks. NULL with *fault; `exhausted` is the code when the arena is used up. */
ProtobufCMessage *sch_wire_unpack(const ProtobufCMessageDescriptor *descriptor, struct sch_bytes bytes,
                                  enum sch_wire_unknown unknown, struct sch_arena *arena,
                                  enum sch_error_code exhausted, struct sch_fault *fault);

/* Packs when it fits; else 0. */
size_t sch_wire_pack(const ProtobufCMessage *message, uint8_t *buffer, size_t capacity);

/* ---- single values ----------------------------------------------------------------------------- */

bool sch_wire_fail(struct sch_fault *fault, enum sch_error_code code, const char *field);

/* *out: 16 bytes, not all zero; or none when not required. */
bool sch_wire_id(const ProtobufCBinaryData *bytes, bool required, const char *field, struct sch_id *out,
                 struct sch_fault *fault);
bool sch_wire_address(const char *text, bool required, const char *field, struct sch_address *out,
                      struct sch_fault *fault);
/* At most `max` addresses, none of them empty. */
bool sch_wire_addresses(char **texts, size_t text_count, size_t max, const char *field,
                        struct sch_address *out, size_t *count, struct sch_fault *fault);
/* min..max bytes of plain text, copied with padding into out[max + 1]. */
bool sch_wire_text(const char *text, size_t min, size_t max, const char *field, char *out,
                   struct sch_fault *fault);
/* The same for an identifier: visible ASCII only. */
bool sch_wire_word(const char *text, size_t min, size_t max, const char *field, char *out,
                   struct sch_fault *fault);
bool sch_wire_bytes(const ProtobufCBinaryData *bytes, size_t min, size_t max, const char *field,
                    struct sch_bytes *out, struct sch_fault *fault);
/* min..max; a zero below min is "missing". */
bool sch_wire_range(uint64_t value, uint64_t min, uint64_t max, const char *field, struct sch_fault *fault);
/* yyyymm, 200001..209912; or none, 0. */
bool sch_wire_month(uint32_t value, const char *field, struct sch_fault *fault);
/* UTC milliseconds up to the year 9999. */
bool sch_wire_time(uint64_t value, const char *field, int64_t *out, struct sch_fault *fault);

/* For encoding: views of plain values, without a copy. */
ProtobufCBinaryData sch_wire_id_view(const struct sch_id *id);
ProtobufCBinaryData sch_wire_view(const uint8_t *bytes, size_t size);
char *sch_wire_string(const char *text);

#define SCH_PARTS_MIN 2                 /* a body of one part is a second frame */

/* One Page of a Reply, wire_page.c and wire_page_write.c. Encoding takes the rows' forms from the arena. */
bool sch_wire_page_read(const Scharnier__V1__Page *message, struct sch_arena *arena, struct sch_page *page,
                        struct sch_fault *fault);
bool sch_wire_page_write(const struct sch_page *page, struct sch_arena *arena, Scharnier__V1__Page *message);

#endif
