/*
 * pack.c: see pack.h.
 */
#include "shell/pack.h"

#include <string.h>

/* The forms of a short id. */
enum { ID_NONE = 0, ID_USUAL = 1, ID_FULL = 2 };

static unsigned id_form(const struct sch_id *id, const struct sch_id *usual)
{
    static const struct sch_id none;

    if (memcmp(id, &none, sizeof(none)) == 0)
        return ID_NONE;
    return memcmp(id, usual, sizeof(*usual)) == 0 ? ID_USUAL : ID_FULL;
}

void sch_pack_be64(uint8_t bytes[8], uint64_t number)
{
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
}

uint64_t sch_unpack_be64(const uint8_t bytes[8])
{
    uint64_t number = 0;

    for (size_t i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

/* ---- writing ----------------------------------------------------------------------------------- */

void sch_pack_raw(struct sch_pack *pack, const void *bytes, size_t size)
{
    if (pack->full || size > (size_t)(pack->end - pack->at)) {
        pack->full = true;
        return;
    }
    if (size > 0)
        memcpy(pack->at, bytes, size);
    pack->at += size;
}

void sch_pack_uint(struct sch_pack *pack, uint64_t number)
{
    uint8_t bytes[10];
    size_t size = 0;

    while (number >= 0x80) {
        bytes[size++] = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    bytes[size++] = (uint8_t)number;
    sch_pack_raw(pack, bytes, size);
}

void sch_pack_int(struct sch_pack *pack, int64_t number)
{
    sch_pack_uint(pack, (uint64_t)number);
}

void sch_pack_bool(struct sch_pack *pack, bool value)
{
    sch_pack_uint(pack, value ? 1 : 0);
}

void sch_pack_bytes(struct sch_pack *pack, struct sch_bytes bytes)
{
    sch_pack_uint(pack, bytes.len);
    sch_pack_raw(pack, bytes.ptr, bytes.len);
}

void sch_pack_text(struct sch_pack *pack, const char *text)
{
    sch_pack_bytes(pack, (struct sch_bytes){ (const uint8_t *)text, strlen(text) });
}

void sch_pack_id(struct sch_pack *pack, const struct sch_id *id)
{
    sch_pack_raw(pack, id->bytes, SCH_ID_SIZE);
}

void sch_pack_id_short(struct sch_pack *pack, const struct sch_id *id, const struct sch_id *usual)
{
    unsigned form = id_form(id, usual);

    sch_pack_uint(pack, form);
    if (form == ID_FULL)
        sch_pack_id(pack, id);
}

/* ---- reading ----------------------------------------------------------------------------------- */

void sch_unpack_raw(struct sch_unpack *unpack, void *bytes, size_t size)
{
    if (unpack->bad || size > (size_t)(unpack->end - unpack->at)) {
        unpack->bad = true;
        memset(bytes, 0, size);
        return;
    }
    memcpy(bytes, unpack->at, size);
    unpack->at += size;
}

uint64_t sch_unpack_uint(struct sch_unpack *unpack, uint64_t max)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        sch_unpack_raw(unpack, &byte, 1);
        if (unpack->bad)
            return 0;
        /* The tenth byte holds one bit; a last byte of zero would be a longer form of the same number. */
        if ((shift == 63 && byte > 1) || (byte == 0 && shift > 0))
            break;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            if (number > max)
                break;
            return number;
        }
    }
    unpack->bad = true;
    return 0;
}

int64_t sch_unpack_int(struct sch_unpack *unpack)
{
    uint64_t number = sch_unpack_uint(unpack, UINT64_MAX);
    int64_t value;

    memcpy(&value, &number, sizeof(value));
    return value;
}

bool sch_unpack_bool(struct sch_unpack *unpack)
{
    return sch_unpack_uint(unpack, 1) == 1;
}

struct sch_bytes sch_unpack_bytes(struct sch_unpack *unpack, size_t max)
{
    size_t size = (size_t)sch_unpack_uint(unpack, max);
    struct sch_bytes bytes = { unpack->at, size };

    if (unpack->bad || size > (size_t)(unpack->end - unpack->at)) {
        unpack->bad = true;
        return (struct sch_bytes){ NULL, 0 };
    }
    unpack->at += size;
    return bytes;
}

void sch_unpack_text(struct sch_unpack *unpack, char *text, size_t max)
{
    struct sch_bytes bytes = sch_unpack_bytes(unpack, max);

    memset(text, 0, max + 1);
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] < 0x20 || bytes.ptr[i] == 0x7f) {
            unpack->bad = true;
            memset(text, 0, max + 1);
            return;
        }
        text[i] = (char)bytes.ptr[i];
    }
}

void sch_unpack_id(struct sch_unpack *unpack, struct sch_id *id)
{
    sch_unpack_raw(unpack, id->bytes, SCH_ID_SIZE);
}

void sch_unpack_id_short(struct sch_unpack *unpack, struct sch_id *id, const struct sch_id *usual)
{
    uint64_t form = sch_unpack_uint(unpack, ID_FULL);

    memset(id, 0, sizeof(*id));
    if (form == ID_USUAL)
        *id = *usual;
    else if (form == ID_FULL)
        sch_unpack_id(unpack, id);
    if (id_form(id, usual) != form) {
        unpack->bad = true;
        memset(id, 0, sizeof(*id));
    }
}

bool sch_unpack_done(const struct sch_unpack *unpack)
{
    return !unpack->bad && unpack->at == unpack->end;
}
