/*
 * fuzz_hl7v2.c: any bytes from an MLLP peer, through frames, messages and both example maps, and out again.
 *
 * Held: what is mapped is UTF-8 without more parts than there is room for; a fault has a text; what the
 * adapter writes, acknowledgements included, it can read itself; 8859/1 never grows.
 */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../adapters/hl7v2/charset.h"
#include "../../adapters/hl7v2/map_file.h"
#include "../../adapters/hl7v2/mllp.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define ARENA_SIZE (8U * 1024 * 1024)

static struct sch_map his, epd;
static struct sch_arena arena;

static void load(const char *path, struct sch_map *map)
{
    sch_error error = SCH_ERROR_INIT;

    if (sch_map_file_read(path, NULL, NULL, map, &error) != SCH_OK) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (sodium_init() < 0 || sch_arena_init(&arena, ARENA_SIZE) != SCH_OK)
        abort();
    load("adapters/examples/his.map.ini", &his);
    load("adapters/examples/epd.map.ini", &epd);
    return 0;
}

static void check_readable(uint8_t *text, size_t size)
{
    struct sch_hl7_message message;
    char type[SCH_MAP_TYPE_SIZE];

    sch_arena_reset(&arena);
    assert(sch_hl7_parse((struct sch_bytes){text, size}, &arena, &message) == SCH_OK);
    sch_map_type(&message, &arena, type);
    assert(sch_charset_to_latin1((struct sch_bytes){text, size}, text) <= size);
}

static void check_values(const struct sch_map_values *values)
{
    assert(values->kind > 0 && values->kind < SCH_KIND_COUNT);
    assert(values->attachment_count < SCH_ATTACHMENTS_MAX && values->copy_count <= SCH_COPIES_MAX);
    for (unsigned s = 0; s < SCH_SECTION_COUNT; s++) {
        const char *text = values->section[s];
        assert(text == NULL || (*text != 0 && strlen(text) <= SCH_SECTION_SIZE_MAX));
        assert(text == NULL || sch_utf8_valid((const uint8_t *)text, strlen(text)));
    }
}

static void map_through(const struct sch_map *in, const struct sch_map *out, struct sch_bytes raw)
{
    struct sch_hl7_message message;
    struct sch_map_values values;
    struct sch_map_fault fault;
    uint8_t *text;
    size_t size;

    sch_arena_reset(&arena);
    if (sch_hl7_parse(raw, &arena, &message) != SCH_OK)
        return;
    if (sch_map_in(in, &message, &arena, &values, &fault) != SCH_MAP_OK) {
        assert(fault.reason != SCH_MAP_OK && fault.text[0] != 0);
        return;
    }
    check_values(&values);
    struct sch_map_envelope envelope = {.control_id = "0123456789ABCDEFGHJK",
                                        .time = "20261123083000+0000",
                                        .sender_name = "",
                                        .sender_agb = "01054321",
                                        .receiver_agb = "",
                                        .receiver = ""};
    if (sch_map_out(out, &values, &envelope, &text, &size) != SCH_OK)
        return;
    check_readable(text, size);
    free(text);
}

static void acknowledge(struct sch_bytes raw)
{
    struct sch_map_ack ack = {.code = "AA", .text = "", .error = "", .control_id = "1", .time = ""};
    struct sch_hl7_message message;
    uint8_t *text;
    size_t size;

    sch_arena_reset(&arena);
    if (sch_hl7_parse(raw, &arena, &message) != SCH_OK)
        return;
    if (sch_map_acknowledge(&message, &arena, &ack, &text, &size) != SCH_OK)
        return;
    check_readable(text, size);
    free(text);
}

static void try_message(struct sch_bytes raw)
{
    map_through(&his, &epd, raw);
    map_through(&epd, &his, raw);
    acknowledge(raw);
}

/* The bytes are a stream of frames when they begin with VT, and one message otherwise. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sch_mllp_decoder decoder;
    enum sch_mllp_event event = SCH_MLLP_MORE;

    if (size == 0 || data[0] != 0x0B) {
        try_message((struct sch_bytes){data, size});
        return 0;
    }
    sch_mllp_init(&decoder, 8192);
    for (size_t at = 0; at < size && event != SCH_MLLP_GARBAGE;) {
        at += sch_mllp_feed(&decoder, data + at, size - at, &event);
        assert(decoder.size <= 8192);
        if (event == SCH_MLLP_FRAME || event == SCH_MLLP_OVERSIZE) {
            try_message((struct sch_bytes){decoder.text, decoder.size});
            sch_mllp_next(&decoder);
        }
    }
    sch_mllp_close(&decoder);
    return 0;
}
