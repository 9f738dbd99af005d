/* message.c: see message.h. */
#include "message.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "charset.h"

/* ---- reading ----------------------------------------------------------------------------------- */

static struct sch_bytes slice(const uint8_t *ptr, size_t len)
{
    struct sch_bytes bytes = {ptr, len};
    return bytes;
}

static bool is_end(uint8_t byte)
{
    return byte == '\r' || byte == '\n';
}

static struct sch_bytes without_mark(struct sch_bytes raw)
{
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};

    if (raw.len >= sizeof mark && memcmp(raw.ptr, mark, sizeof mark) == 0)
        return slice(raw.ptr + 3, raw.len - 3);
    return raw;
}

/* Delimiters must differ from each other and be visible signs that no name of a segment consists of. */
static bool delimiters_fit(const char sign[5])
{
    for (int i = 0; i < 5; i++) {
        bool word = (sign[i] >= '0' && sign[i] <= '9') || (sign[i] >= 'A' && sign[i] <= 'Z')
                    || (sign[i] >= 'a' && sign[i] <= 'z');
        if (sign[i] <= ' ' || sign[i] > '~' || word)
            return false;
        for (int j = 0; j < i; j++)
            if (sign[i] == sign[j])
                return false;
    }
    return true;
}

/* "MSH|^~\&": a sender that leaves out the last ones gets the usual signs. */
static bool read_delimiters(struct sch_bytes text, struct sch_hl7_message *message)
{
    char sign[5] = {'|', '^', '~', '\\', '&'};

    if (text.len < 8 || memcmp(text.ptr, "MSH", 3) != 0)
        return false;
    sign[0] = (char)text.ptr[3];
    for (size_t i = 1; i < 5 && i + 3 < text.len && text.ptr[i + 3] != text.ptr[3]; i++)
        sign[i] = (char)text.ptr[i + 3];
    message->field = sign[0];
    message->component = sign[1];
    message->repetition = sign[2];
    message->escape = sign[3];
    message->subcomponent = sign[4];
    return delimiters_fit(sign);
}

static size_t count_segments(struct sch_bytes text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += !is_end(text.ptr[i]) && (i == 0 || is_end(text.ptr[i - 1]));
    return count;
}

static void split_segments(struct sch_bytes text, struct sch_hl7_message *message)
{
    size_t count = 0;

    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && !is_end(text.ptr[end]))
            end++;
        if (end > at)
            message->segments[count++] = slice(text.ptr + at, end - at);
        at = end + 1;
    }
    assert(count == message->segment_count);
}

int sch_hl7_parse(struct sch_bytes raw, struct sch_arena *arena, struct sch_hl7_message *message)
{
    memset(message, 0, sizeof *message);
    raw = without_mark(raw);
    if (raw.len == 0 || memchr(raw.ptr, 0, raw.len) != NULL)
        return SCH_E_PROTOCOL;

    uint8_t *copy = sch_arena_take(arena, sch_charset_utf8_size(raw));
    if (copy == NULL)
        return SCH_E_TOO_LARGE;
    struct sch_bytes text = slice(copy, sch_charset_to_utf8(raw, copy));
    while (text.len > 0 && (is_end(text.ptr[0]) || text.ptr[0] == ' '))
        text = slice(text.ptr + 1, text.len - 1);
    if (!read_delimiters(text, message))
        return SCH_E_PROTOCOL;

    message->segment_count = count_segments(text);
    if (message->segment_count > SCH_HL7_SEGMENTS_MAX)
        return SCH_E_TOO_LARGE;
    message->segments = sch_arena_take(arena, message->segment_count * sizeof *message->segments);
    if (message->segments == NULL)
        return SCH_E_TOO_LARGE;
    split_segments(text, message);
    return SCH_OK;
}

bool sch_hl7_is(struct sch_bytes segment, const char *name)
{
    return segment.len >= 3 && memcmp(segment.ptr, name, 3) == 0;
}

size_t sch_hl7_find(const struct sch_hl7_message *message, const char *name, size_t index)
{
    while (index < message->segment_count && !sch_hl7_is(message->segments[index], name))
        index++;
    return index;
}

/* The number-th part of text between separators, counted from 1; empty when there are fewer. */
static struct sch_bytes part(struct sch_bytes text, char separator, unsigned number)
{
    assert(number >= 1);
    while (text.len > 0) {
        const uint8_t *end = memchr(text.ptr, separator, text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        if (--number == 0)
            return slice(text.ptr, len);
        if (end == NULL)
            break;
        text = slice(end + 1, text.len - len - 1);
    }
    return slice(text.ptr, 0);
}

struct sch_bytes sch_hl7_field(const struct sch_hl7_message *message, struct sch_bytes segment,
                               unsigned number)
{
    if (!sch_hl7_is(segment, "MSH"))
        return part(segment, message->field, number + 1);
    if (number == 1)
        return slice(segment.ptr + 3, 1);
    return part(segment, message->field, number);
}

/* MSH-2 holds the delimiters themselves and is never divided. */
static bool is_delimiters(const struct sch_hl7_message *message, struct sch_bytes field)
{
    return field.len >= 2 && field.ptr[0] == (uint8_t)message->component
           && field.ptr[1] == (uint8_t)message->repetition && message->segment_count > 0
           && field.ptr == message->segments[0].ptr + 4;
}

struct sch_bytes sch_hl7_repetition(const struct sch_hl7_message *message, struct sch_bytes field,
                                    unsigned number)
{
    if (is_delimiters(message, field))
        return number == 1 ? field : slice(field.ptr, 0);
    return part(field, message->repetition, number);
}

unsigned sch_hl7_repetitions(const struct sch_hl7_message *message, struct sch_bytes field)
{
    unsigned count = field.len > 0;

    if (is_delimiters(message, field))
        return 1;
    for (size_t i = 0; i < field.len; i++)
        count += field.ptr[i] == (uint8_t)message->repetition;
    return count;
}

struct sch_bytes sch_hl7_component(const struct sch_hl7_message *message, struct sch_bytes repetition,
                                   unsigned number)
{
    if (is_delimiters(message, repetition))
        return number == 1 ? repetition : slice(repetition.ptr, 0);
    return part(repetition, message->component, number);
}

struct sch_bytes sch_hl7_subcomponent(const struct sch_hl7_message *message, struct sch_bytes component,
                                      unsigned number)
{
    if (is_delimiters(message, component))
        return number == 1 ? component : slice(component.ptr, 0);
    return part(component, message->subcomponent, number);
}

static int hex_digit(uint8_t sign)
{
    if (sign >= '0' && sign <= '9')
        return sign - '0';
    if (sign >= 'A' && sign <= 'F')
        return sign - 'A' + 10;
    if (sign >= 'a' && sign <= 'f')
        return sign - 'a' + 10;
    return -1;
}

/* "X0D0A": bytes in hexadecimal. Control signs become LF or blank, so that no NUL enters a text. Writes at
 * most 2 bytes per pair; returns 0 when it is not hexadecimal. */
static size_t put_hex(struct sch_bytes code, uint8_t *out)
{
    uint8_t bytes[32];
    size_t count = 0;

    if (code.len % 2 == 0 || code.len / 2 > sizeof bytes)
        return 0;
    for (size_t i = 1; i + 1 < code.len; i += 2) {
        int high = hex_digit(code.ptr[i]), low = hex_digit(code.ptr[i + 1]);
        if (high < 0 || low < 0)
            return 0;
        uint8_t byte = (uint8_t)(high << 4 | low);
        bytes[count++] = byte >= ' ' ? byte : is_end(byte) ? '\n' : ' ';
    }
    return sch_charset_to_utf8(slice(bytes, count), out);
}

/* What stands between two escape signs. Writes at most code.len + 1 bytes; 0: unknown; *known tells of
 * those that stand for nothing. */
static size_t put_escape(const struct sch_hl7_message *message, struct sch_bytes code, uint8_t *out,
                         bool *known)
{
    *known = true;
    if (code.len == 1) {
        switch (code.ptr[0]) {
        case 'F': *out = (uint8_t)message->field; return 1;
        case 'S': *out = (uint8_t)message->component; return 1;
        case 'R': *out = (uint8_t)message->repetition; return 1;
        case 'E': *out = (uint8_t)message->escape; return 1;
        case 'T': *out = (uint8_t)message->subcomponent; return 1;
        case 'H': case 'N': return 0;   /* highlighting on and off */
        default: break;
        }
    }
    if (code.len >= 3 && (memcmp(code.ptr, ".br", 3) == 0 || memcmp(code.ptr, ".sp", 3) == 0)) {
        *out = '\n';
        return 1;
    }
    size_t size = code.len >= 3 && code.ptr[0] == 'X' ? put_hex(code, out) : 0;
    *known = size > 0;
    return size;
}

const char *sch_hl7_text(const struct sch_hl7_message *message, struct sch_bytes text,
                         struct sch_arena *arena)
{
    uint8_t *out = sch_arena_take(arena, text.len + 2);
    size_t size = 0;

    if (out == NULL)
        return NULL;
    if (text.len == 2 && memcmp(text.ptr, "\"\"", 2) == 0)
        text.len = 0;
    for (size_t at = 0; at < text.len;) {
        const uint8_t *end = NULL;
        if (text.ptr[at] == (uint8_t)message->escape && !is_delimiters(message, text))
            end = memchr(text.ptr + at + 1, message->escape, text.len - at - 1);
        if (end != NULL) {
            bool known;
            struct sch_bytes code = slice(text.ptr + at + 1, (size_t)(end - (text.ptr + at + 1)));
            size += put_escape(message, code, out + size, &known);
            if (known) {
                at += code.len + 2;
                continue;
            }
        }
        out[size++] = text.ptr[at++];
    }
    out[size] = 0;
    return (const char *)out;
}

const char *sch_hl7_get(const struct sch_hl7_message *message, const char *segment, unsigned field,
                        unsigned component, struct sch_arena *arena)
{
    size_t index = sch_hl7_find(message, segment, 0);
    if (index == message->segment_count)
        return "";
    struct sch_bytes text = sch_hl7_field(message, message->segments[index], field);
    text = sch_hl7_component(message, sch_hl7_repetition(message, text, 1), component);
    const char *value = sch_hl7_text(message, text, arena);
    return value != NULL ? value : "";
}

/* ---- writing ----------------------------------------------------------------------------------- */

void sch_hl7_writer_init(struct sch_hl7_writer *writer)
{
    memset(writer, 0, sizeof *writer);
}

static void put_bytes(struct sch_hl7_writer *writer, const void *bytes, size_t size)
{
    if (writer->failed || size == 0)
        return;
    if (writer->capacity - writer->size < size) {
        size_t capacity = (writer->size + size) * 2 + 1024;
        uint8_t *text = realloc(writer->text, capacity);
        if (text == NULL) {
            writer->failed = true;
            return;
        }
        writer->text = text;
        writer->capacity = capacity;
    }
    memcpy(writer->text + writer->size, bytes, size);
    writer->size += size;
}

static void put_string(struct sch_hl7_writer *writer, const char *text)
{
    put_bytes(writer, text, strlen(text));
}

void sch_hl7_begin(struct sch_hl7_writer *writer, const char *name)
{
    assert(strlen(name) == 3);
    put_string(writer, name);
    writer->field = 0;
    writer->component = 1;
    if (strcmp(name, "MSH") == 0) {
        put_string(writer, "|^~\\&");
        writer->field = 2;
    }
}

static void move_pen(struct sch_hl7_writer *writer, unsigned field, unsigned component)
{
    assert(field > writer->field || (field == writer->field && component >= writer->component));
    for (; writer->field < field; writer->field++) {
        put_string(writer, "|");
        writer->component = 1;
    }
    for (; writer->component < component; writer->component++)
        put_string(writer, "^");
}

static const char *escape_of(char sign)
{
    switch (sign) {
    case '|': return "\\F\\";
    case '^': return "\\S\\";
    case '~': return "\\R\\";
    case '\\': return "\\E\\";
    case '&': return "\\T\\";
    case '\n': return "\\.br\\";
    default: return NULL;
    }
}

void sch_hl7_put(struct sch_hl7_writer *writer, unsigned field, unsigned component, const char *value)
{
    if (value == NULL || *value == 0)
        return;
    move_pen(writer, field, component);
    while (*value != 0) {
        size_t plain = 0;
        while ((uint8_t)value[plain] >= ' ' && escape_of(value[plain]) == NULL)
            plain++;
        put_bytes(writer, value, plain);
        value += plain;
        if (*value == 0)
            break;
        const char *escape = escape_of(*value);
        if (escape != NULL)
            put_string(writer, escape);
        else if (*value != '\r')
            put_string(writer, " ");
        value++;
    }
}

void sch_hl7_put_number(struct sch_hl7_writer *writer, unsigned field, unsigned component, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)value);
    sch_hl7_put(writer, field, component, text);
}

void sch_hl7_put_raw(struct sch_hl7_writer *writer, unsigned field, unsigned component,
                     struct sch_bytes value)
{
    move_pen(writer, field, component);
    put_bytes(writer, value.ptr, value.len);
}

void sch_hl7_repeat(struct sch_hl7_writer *writer)
{
    put_string(writer, "~");
    writer->component = 1;
}

void sch_hl7_end(struct sch_hl7_writer *writer)
{
    put_string(writer, "\r");
}

/* Replaces each delimiter by the standard one; a sign that is plain there and a delimiter here is escaped.
 * What stands between two escape signs is copied: its letters mean the same under any delimiters. */
void sch_hl7_copy(struct sch_hl7_writer *writer, const struct sch_hl7_message *message,
                  struct sch_bytes segment)
{
    const char from[5] = {message->field, message->component, message->repetition, message->escape,
                          message->subcomponent};
    static const char to[5] = {'|', '^', '~', '\\', '&'};

    for (size_t i = 0; i < segment.len; i++) {
        char sign = (char)segment.ptr[i];
        const char *at = memchr(from, sign, sizeof from);
        const char *escape = at == NULL ? escape_of(sign) : NULL;
        if (at != NULL)
            put_bytes(writer, &to[at - from], 1);
        else if (escape != NULL)
            put_string(writer, escape);
        else
            put_bytes(writer, &sign, 1);
    }
    sch_hl7_end(writer);
}

void sch_hl7_put_segment(struct sch_hl7_writer *writer, struct sch_bytes segment)
{
    if (segment.len == 0)
        return;
    put_bytes(writer, segment.ptr, segment.len);
    sch_hl7_end(writer);
}

int sch_hl7_writer_take(struct sch_hl7_writer *writer, uint8_t **text, size_t *size)
{
    if (writer->failed || writer->text == NULL) {
        free(writer->text);
        sch_hl7_writer_init(writer);
        return SCH_E_NO_MEMORY;
    }
    *text = writer->text;
    *size = writer->size;
    sch_hl7_writer_init(writer);
    return SCH_OK;
}
