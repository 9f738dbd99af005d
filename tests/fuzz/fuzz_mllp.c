/*
 * fuzz_mllp.c: a stream of bytes in pieces, as a socket may give them, through the MLLP decoder.
 *
 * The first bytes say the frame limit and where the pieces end. Held: however it is cut, the same messages
 * come out, and they are what a plain reading of the stream, byte by byte, finds; nothing is larger than the
 * limit, and what is exactly as large is whole; what the encoder writes is read back.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../adapters/hl7v2/mllp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VT 0x0B
#define FS 0x1C
#define EVENTS_MAX 512

/* What came of a stream: each message's event, size and a sum over its bytes. */
struct outcome {
    size_t count;
    struct {
        enum sch_mllp_event event;
        size_t size;
        uint64_t sum;
    } message[EVENTS_MAX];
};

static void note(struct outcome *outcome, enum sch_mllp_event event, const uint8_t *text, size_t size)
{
    uint64_t sum = 0;

    if (outcome->count == EVENTS_MAX)
        return;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + text[i] + 1;
    outcome->message[outcome->count].event = event;
    outcome->message[outcome->count].size = size;
    outcome->message[outcome->count++].sum = sum;
}

/* The contract of mllp.h, by a byte at a time and without a buffer of its own. */
static void read_plainly(const uint8_t *data, size_t size, size_t limit, struct outcome *outcome)
{
    size_t begin = 0, stray = 0, head = limit < SCH_MLLP_HEAD_SIZE ? limit : SCH_MLLP_HEAD_SIZE;
    bool inside = false;

    for (size_t i = 0; i < size; i++) {
        if (data[i] == VT) {
            inside = true;
            begin = i + 1;
        } else if (inside && data[i] == FS) {
            bool large = i - begin > limit;
            note(outcome, large ? SCH_MLLP_OVERSIZE : SCH_MLLP_FRAME, data + begin, large ? head : i - begin);
            inside = false;
            stray = 0;
        } else if (!inside && strchr(" \t\r\n", data[i]) == NULL) {
            stray++;
        } else if (!inside && data[i] == 0) {
            stray++;
        }
        if (stray > SCH_MLLP_STRAY_MAX) {
            note(outcome, SCH_MLLP_GARBAGE, NULL, 0);
            return;
        }
    }
}

/* The same by the decoder, fed as much as cut says, over and over. */
static void read_cut(const uint8_t *data, size_t size, size_t limit, const uint8_t *cut, size_t cuts,
                     struct outcome *outcome)
{
    struct sch_mllp_decoder decoder;
    enum sch_mllp_event event = SCH_MLLP_MORE;
    size_t at = 0, turn = 0;

    sch_mllp_init(&decoder, limit);
    while (at < size && event != SCH_MLLP_GARBAGE) {
        size_t piece = cuts == 0 ? size : (size_t)cut[turn++ % cuts] + 1;
        size_t end = piece < size - at ? at + piece : size;
        while (at < end && event != SCH_MLLP_GARBAGE) {
            /* From memory of its own: what is read beyond it is found. */
            uint8_t *copy = malloc(end - at);
            assert(copy != NULL);
            memcpy(copy, data + at, end - at);
            size_t used = sch_mllp_feed(&decoder, copy, end - at, &event);
            free(copy);
            assert(used > 0 && used <= end - at && decoder.size <= limit);
            assert(event != SCH_MLLP_MORE || used == end - at);
            at += used;
            if (event != SCH_MLLP_MORE)
                note(outcome, event, decoder.text, event == SCH_MLLP_GARBAGE ? 0 : decoder.size);
            if (event == SCH_MLLP_FRAME || event == SCH_MLLP_OVERSIZE)
                sch_mllp_next(&decoder);
        }
    }
    sch_mllp_close(&decoder);
}

/* What can be said in a frame at all comes back as it was. */
static void check_encoder(const uint8_t *data, size_t size, size_t limit)
{
    struct outcome outcome = {0};
    size_t frame_size = 0;

    if (memchr(data, VT, size) != NULL || memchr(data, FS, size) != NULL)
        return;
    uint8_t *frame = sch_mllp_encode((struct sch_bytes){data, size}, &frame_size);
    assert(frame != NULL && frame_size == size + 3);
    read_cut(frame, frame_size, limit, NULL, 0, &outcome);
    assert(outcome.count == 1);
    assert(outcome.message[0].event == (size <= limit ? SCH_MLLP_FRAME : SCH_MLLP_OVERSIZE));
    free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome plain, whole, pieces;

    if (size < 4)
        return 0;
    size_t limit = 1 + (size_t)data[0] + (data[0] >= 250 ? 4096U : 0), cuts = data[1] % 8;
    const uint8_t *cut = data + 2;
    if (cuts > size - 2)
        return 0;
    data += 2 + cuts;
    size -= 2 + cuts;
    memset(&plain, 0, sizeof plain);
    memset(&whole, 0, sizeof whole);
    memset(&pieces, 0, sizeof pieces);
    read_plainly(data, size, limit, &plain);
    read_cut(data, size, limit, NULL, 0, &whole);
    read_cut(data, size, limit, cut, cuts, &pieces);
    assert(memcmp(&plain, &whole, sizeof plain) == 0);
    assert(memcmp(&plain, &pieces, sizeof plain) == 0);
    check_encoder(data, size, limit);
    return 0;
}
