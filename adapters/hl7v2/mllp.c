/* mllp.c: see mllp.h. */
#include "mllp.h"

#include <stdlib.h>
#include <string.h>

#define VT 0x0B
#define FS 0x1C
#define CR 0x0D
#define KEPT_CAPACITY (256U * 1024)

void sch_mllp_init(struct sch_mllp_decoder *decoder, size_t limit)
{
    memset(decoder, 0, sizeof *decoder);
    decoder->limit = limit;
}

void sch_mllp_close(struct sch_mllp_decoder *decoder)
{
    free(decoder->text);
    sch_mllp_init(decoder, decoder->limit);
}

void sch_mllp_next(struct sch_mllp_decoder *decoder)
{
    decoder->size = 0;
    decoder->dropped = 0;
    decoder->stray = 0;
    decoder->inside = false;
    if (decoder->capacity > KEPT_CAPACITY) {
        free(decoder->text);
        decoder->text = NULL;
        decoder->capacity = 0;
    }
}

/* Room for size more bytes within the limit. */
static bool reserve(struct sch_mllp_decoder *decoder, size_t size)
{
    if (size > decoder->limit - decoder->size)
        return false;
    if (size <= decoder->capacity - decoder->size)
        return true;
    size_t capacity = (decoder->size + size) * 2 + 4096;
    if (capacity > decoder->limit)
        capacity = decoder->limit;
    uint8_t *text = realloc(decoder->text, capacity);
    if (text == NULL)
        return false;
    decoder->text = text;
    decoder->capacity = capacity;
    return true;
}

static void keep(struct sch_mllp_decoder *decoder, const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return;
    if (decoder->dropped == 0 && reserve(decoder, size)) {
        memcpy(decoder->text + decoder->size, bytes, size);
        decoder->size += size;
        return;
    }
    if (decoder->dropped == 0) {
        /* Keep a head only: what came in one piece may be the whole oversize frame. */
        size_t head = decoder->limit < SCH_MLLP_HEAD_SIZE ? decoder->limit : SCH_MLLP_HEAD_SIZE;
        size_t taken = 0;
        if (decoder->size < head) {
            taken = head - decoder->size < size ? head - decoder->size : size;
            if (reserve(decoder, taken)) {
                memcpy(decoder->text + decoder->size, bytes, taken);
                decoder->size += taken;
            }
        } else {
            decoder->size = head;
        }
    }
    decoder->dropped += size;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Between frames: skips to the VT. Returns the bytes used. */
static size_t skip(struct sch_mllp_decoder *decoder, const uint8_t *bytes, size_t size,
                   enum sch_mllp_event *event)
{
    size_t at = 0;

    while (at < size && !decoder->inside) {
        decoder->inside = bytes[at] == VT;
        decoder->stray += !decoder->inside && !is_blank(bytes[at]);
        at++;
        if (decoder->stray > SCH_MLLP_STRAY_MAX) {
            *event = SCH_MLLP_GARBAGE;
            break;
        }
    }
    return at;
}

/* Within a frame: keeps bytes up to FS or VT. Returns the bytes used. */
static size_t gather(struct sch_mllp_decoder *decoder, const uint8_t *bytes, size_t size,
                     enum sch_mllp_event *event)
{
    const uint8_t *end = memchr(bytes, FS, size);
    size_t len = end != NULL ? (size_t)(end - bytes) : size;
    const uint8_t *again = memchr(bytes, VT, len);

    if (again != NULL) {
        decoder->size = 0;
        decoder->dropped = 0;
        decoder->abandoned++;
        return (size_t)(again - bytes) + 1;
    }
    keep(decoder, bytes, len);
    if (decoder->dropped > SCH_MLLP_OVERSIZE_MAX)
        *event = SCH_MLLP_GARBAGE;
    else if (end != NULL)
        *event = decoder->dropped > 0 ? SCH_MLLP_OVERSIZE : SCH_MLLP_FRAME;
    return len + (end != NULL);
}

size_t sch_mllp_feed(struct sch_mllp_decoder *decoder, const uint8_t *bytes, size_t size,
                     enum sch_mllp_event *event)
{
    size_t used = 0;

    *event = SCH_MLLP_MORE;
    while (used < size && *event == SCH_MLLP_MORE) {
        if (decoder->inside)
            used += gather(decoder, bytes + used, size - used, event);
        else
            used += skip(decoder, bytes + used, size - used, event);
    }
    return used;
}

uint8_t *sch_mllp_encode(struct sch_bytes text, size_t *frame_size)
{
    uint8_t *frame = malloc(text.len + 3);

    if (frame == NULL)
        return NULL;
    frame[0] = VT;
    if (text.len > 0)
        memcpy(frame + 1, text.ptr, text.len);
    frame[text.len + 1] = FS;
    frame[text.len + 2] = CR;
    *frame_size = text.len + 3;
    return frame;
}
