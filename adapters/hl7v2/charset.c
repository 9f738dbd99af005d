/* charset.c: see charset.h. */
#include "charset.h"

#include <string.h>

#include "utf8.h"

/* The bytes of the sequence that begins at text[at]; 0 when it is malformed. *point: its code point. */
static size_t sequence(struct sch_bytes text, size_t at, uint32_t *point)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.ptr[at];
    size_t size = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;

    if (size == 0 || first > 0xF4 || size > text.len - at)
        return 0;
    uint32_t value = size == 1 ? first : first & (0x7FU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text.ptr[at + i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (text.ptr[at + i] & 0x3FU);
    }
    if (value < least[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *point = value;
    return size;
}

size_t sch_charset_utf8_size(struct sch_bytes text)
{
    size_t high = 0;

    for (size_t i = 0; i < text.len; i++)
        high += text.ptr[i] >= 0x80;
    return text.len + high;
}

size_t sch_charset_to_utf8(struct sch_bytes text, uint8_t *out)
{
    size_t size = 0;

    if (sch_utf8_valid(text.ptr, text.len)) {
        if (text.len != 0)
            memcpy(out, text.ptr, text.len);
        return text.len;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (byte < 0x80) {
            out[size++] = byte;
        } else {
            out[size++] = (uint8_t)(0xC0 | byte >> 6);
            out[size++] = (uint8_t)(0x80 | (byte & 0x3F));
        }
    }
    return size;
}

size_t sch_charset_to_latin1(struct sch_bytes text, uint8_t *out)
{
    size_t size = 0;
    uint32_t point = 0;

    for (size_t at = 0; at < text.len;) {
        size_t used = sequence(text, at, &point);
        out[size++] = used != 0 && point <= 0xFF ? (uint8_t)point : (uint8_t)'?';
        at += used != 0 ? used : 1;
    }
    return size;
}
