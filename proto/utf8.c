/*
 * utf8.c: a checker of UTF-8 that reads eight ASCII bytes at a time, since nearly all text here is ASCII.
 *
 * Must not know: where the text is from.
 */
#include "utf8.h"

#include <string.h>

/* The size of the well-formed sequence at text, 0 when there is none. */
static size_t sequence(const uint8_t *text, size_t size)
{
    uint8_t lead = text[0];
    if (lead < 0x80) {
        return 1;
    }
    /* The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF. */
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0xc2 || lead > 0xf4 || size < length || text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

bool sch_utf8_valid(const uint8_t *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint64_t eight;
        if (size - at >= sizeof eight) {
            memcpy(&eight, text + at, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        size_t length = sequence(text + at, size - at);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

bool sch_utf8_plain(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool low = (text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f;
        bool high = text[i] == 0xc2 && i + 1 < size && text[i + 1] < 0xa0;      /* U+0080 to U+009F */
        if (low || high) {
            return false;
        }
    }
    return sch_utf8_valid(text, size);
}
