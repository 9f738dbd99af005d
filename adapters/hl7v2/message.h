/*
 * message.h: HL7 version 2 as text: read a message's parts, and write one.
 *
 * Reading copies the message once, as UTF-8, into the caller's arena, and splits it into segments. Below
 * that nothing is built: fields, repetitions, components and subcomponents are slices that are found by
 * counting delimiters, so that what is not looked at costs nothing and what is copied stays as it was.
 * Delimiters come from MSH. Accepted: segments that end in CR, LF or CRLF, a missing last one, a byte
 * order mark, 8859/1 and UTF-8. A message with a NUL is refused.
 *
 * Example: in "PID|1||999900018^^^NLMINBIZA^NNNLD~ZP1", field 3 has two repetitions; component 4 of the
 * first is "NLMINBIZA". Pure; must not know: what a referral is, sockets, files.
 */
#ifndef SCH_HL7V2_MESSAGE_H
#define SCH_HL7V2_MESSAGE_H

#include <scharnier/error.h>
#include <scharnier/types.h>

#include "codec.h"      /* struct sch_arena */

#define SCH_HL7_SEGMENTS_MAX 8192

struct sch_hl7_message {
    char field, component, repetition, escape, subcomponent;
    struct sch_bytes *segments;         /* in the arena, without their ends */
    size_t segment_count;
};

/* Reads raw (borrowed during the call only). SCH_OK; PROTOCOL: no MSH at its head, a NUL, delimiters that
 * are not five different signs; TOO_LARGE: too many segments, or the arena is used up. */
int sch_hl7_parse(struct sch_bytes raw, struct sch_arena *arena, struct sch_hl7_message *message)
    __attribute__((warn_unused_result));

/* Is this segment's name `name` (three characters)? */
bool sch_hl7_is(struct sch_bytes segment, const char *name);

/* The first segment of this name at or after index; its index, or segment_count. */
size_t sch_hl7_find(const struct sch_hl7_message *message, const char *name, size_t index);

/* Parts, numbered from 1 as in the standard (MSH-1 is the delimiter itself); empty when absent. A part
 * that is absent at a finer level is the coarser part itself only when number is 1. */
struct sch_bytes sch_hl7_field(const struct sch_hl7_message *message, struct sch_bytes segment,
                               unsigned number);
struct sch_bytes sch_hl7_repetition(const struct sch_hl7_message *message, struct sch_bytes field,
                                    unsigned number);
unsigned sch_hl7_repetitions(const struct sch_hl7_message *message, struct sch_bytes field);
struct sch_bytes sch_hl7_component(const struct sch_hl7_message *message, struct sch_bytes repetition,
                                   unsigned number);
struct sch_bytes sch_hl7_subcomponent(const struct sch_hl7_message *message, struct sch_bytes component,
                                      unsigned number);

/* A part with its escapes resolved, NUL-terminated, in the arena; "" for the HL7 null (two quotes). Line
 * breaks become LF; an escape that is not known stays as it is. NULL: the arena is used up. */
const char *sch_hl7_text(const struct sch_hl7_message *message, struct sch_bytes part,
                         struct sch_arena *arena);

/* Shorthand: the text of component `component` of the first repetition of a field of the first segment of
 * this name; "" when absent or out of memory. */
const char *sch_hl7_get(const struct sch_hl7_message *message, const char *segment, unsigned field,
                        unsigned component, struct sch_arena *arena);

/* ---- writing ----------------------------------------------------------------------------------- */

/*
 * Text that grows, with the standard delimiters |^~\& and UTF-8. Failure (memory) sticks: the last call
 * tells. Fields, components and values must come in ascending order within a segment.
 */
struct sch_hl7_writer {
    uint8_t *text;                      /* heap */
    size_t size, capacity;
    unsigned field, component;          /* where the pen is, in the open segment */
    bool failed;
};

void sch_hl7_writer_init(struct sch_hl7_writer *writer);

/* Begins a segment; "MSH" writes its first two fields too. */
void sch_hl7_begin(struct sch_hl7_writer *writer, const char *name);
/* Writes value, escaped, at this place; "" and NULL write nothing. */
void sch_hl7_put(struct sch_hl7_writer *writer, unsigned field, unsigned component, const char *value);
void sch_hl7_put_number(struct sch_hl7_writer *writer, unsigned field, unsigned component, int64_t value);
/* The same without escaping: for base64. */
void sch_hl7_put_raw(struct sch_hl7_writer *writer, unsigned field, unsigned component,
                     struct sch_bytes value);
/* The next repetition of the field where the pen is. */
void sch_hl7_repeat(struct sch_hl7_writer *writer);
void sch_hl7_end(struct sch_hl7_writer *writer);
/* A whole segment of a message, its delimiters replaced by the standard ones, with its end. */
void sch_hl7_copy(struct sch_hl7_writer *writer, const struct sch_hl7_message *message,
                  struct sch_bytes segment);
/* A segment that sch_hl7_copy() wrote before, without its end. Nothing when empty. */
void sch_hl7_put_segment(struct sch_hl7_writer *writer, struct sch_bytes segment);

/* Gives the text (heap, to free) and empties the writer. SCH_OK or NO_MEMORY. */
int sch_hl7_writer_take(struct sch_hl7_writer *writer, uint8_t **text, size_t *size)
    __attribute__((warn_unused_result));

#endif
