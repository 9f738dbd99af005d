/*
 * fuzz_wire.c: any bytes as a command, reply, header, seal or letter.
 *
 * The first byte chooses. What decodes is encoded, decoded again and must be the same: byte for byte where
 * the value borrows nothing, and in its encoding always.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sch_arena first, second, scratch;
static uint8_t one[SCH_BODY_SIZE_MAX], two[SCH_BODY_SIZE_MAX];

/* A refusal names its code and its place. */
static void check_fault(int code, const struct sch_fault *fault)
{
    assert(code == (int)fault->code);
    assert(sch_error_name(fault->code)[0] != '\0');
    assert(fault->field != NULL && fault->field[0] != '\0');
}

static void try_command(struct sch_bytes bytes)
{
    struct sch_command in, out;
    struct sch_fault fault = { SCH_OK, NULL };
    int code = sch_command_decode(bytes, &first, &in, &fault);
    if (code != SCH_OK) {
        check_fault(code, &fault);
        assert(code != SCH_E_BROKER_BUSY && first.used == 0);
        return;
    }
    size_t size = sch_command_encode(&in, one, sizeof one);
    struct sch_bytes again = { one, size };
    assert(size > 0 && sch_command_decode(again, &second, &out, &fault) == SCH_OK);
    assert(in.type == SCH_COMMAND_SUBMIT || memcmp(&in, &out, sizeof in) == 0);
    assert(sch_command_encode(&out, two, sizeof two) == size && memcmp(one, two, size) == 0);
}

static void try_reply(struct sch_bytes bytes)
{
    struct sch_reply in, out;
    struct sch_fault fault = { SCH_OK, NULL };
    int code = sch_reply_decode(bytes, &first, &in, &fault);
    if (code != SCH_OK) {
        check_fault(code, &fault);
        assert(code != SCH_E_NO_MEMORY);
        return;
    }
    size_t size = sch_reply_encode(&in, &scratch, one, sizeof one);
    struct sch_bytes again = { one, size };
    assert(size > 0 && sch_reply_decode(again, &second, &out, &fault) == SCH_OK);
    assert(sch_reply_encode(&out, &scratch, two, sizeof two) == size && memcmp(one, two, size) == 0);
    assert(scratch.used == 0);
}

static void try_header(struct sch_bytes bytes)
{
    struct sch_header in, out;
    struct sch_fault fault = { SCH_OK, NULL };
    int code = sch_header_decode(bytes, &first, &in, &fault);
    assert(first.used == 0 && code != SCH_E_BROKER_BUSY);
    if (code != SCH_OK) {
        check_fault(code, &fault);
        return;
    }
    size_t size = sch_header_encode(&in, one, SCH_HEADER_SIZE_MAX);
    struct sch_bytes again = { one, size };
    assert(size > 0 && sch_header_decode(again, &second, &out, &fault) == SCH_OK);
    assert(memcmp(&in, &out, sizeof in) == 0);
}

static void try_seal(struct sch_bytes bytes)
{
    struct sch_seal in, out;
    struct sch_fault fault = { SCH_OK, NULL };
    int code = sch_seal_decode(bytes, &first, &in, &fault);
    assert(first.used == 0 && code != SCH_E_BROKER_BUSY);
    if (code != SCH_OK) {
        check_fault(code, &fault);
        return;
    }
    size_t size = sch_seal_encode(&in, one, SCH_SEAL_SIZE_MAX);
    struct sch_bytes again = { one, size };
    assert(size > 0 && sch_seal_decode(again, &second, &out, &fault) == SCH_OK);
    assert(memcmp(&in, &out, sizeof in) == 0);
}

static void try_letter(struct sch_bytes bytes)
{
    struct sch_letter in, out;
    struct sch_fault fault = { SCH_OK, NULL };
    int code = sch_letter_decode(bytes, &first, &in, &fault);
    if (code != SCH_OK) {
        check_fault(code, &fault);
        assert(code == SCH_E_LETTER_FORMAT);
        return;
    }
    size_t size = sch_letter_encode(&in, one, sizeof one);
    struct sch_bytes again = { one, size };
    assert(size > 0 && size == sch_letter_size(&in));
    assert(sch_letter_decode(again, &second, &out, &fault) == SCH_OK);
    assert(sch_letter_encode(&out, two, sizeof two) == size && memcmp(one, two, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct sch_bytes) = { try_command, try_reply, try_header, try_seal,
                                                         try_letter };
    if (size == 0) {
        return 0;
    }
    if (first.base == NULL && (sch_arena_init(&first, SCH_ARENA_LETTER_SIZE(SCH_BODY_SIZE_MAX)) != SCH_OK ||
                               sch_arena_init(&second, SCH_ARENA_LETTER_SIZE(SCH_BODY_SIZE_MAX)) != SCH_OK ||
                               sch_arena_init(&scratch, SCH_ARENA_REPLY_SIZE) != SCH_OK)) {
        abort();
    }
    sch_arena_reset(&first);
    sch_arena_reset(&second);
    sch_arena_reset(&scratch);
    /* Each kind of message gets the arena that codec.h calls enough for it. */
    static const size_t room[] = { SCH_ARENA_COMMAND_SIZE, SCH_ARENA_REPLY_SIZE, SCH_ARENA_COMMAND_SIZE,
                                   SCH_ARENA_COMMAND_SIZE, SCH_ARENA_LETTER_SIZE(SCH_BODY_SIZE_MAX) };
    size_t choice = data[0] % (sizeof targets / sizeof targets[0]);
    first.size = second.size = room[choice];
    targets[choice]((struct sch_bytes){ data + 1, size - 1 });
    first.size = second.size = SCH_ARENA_LETTER_SIZE(SCH_BODY_SIZE_MAX);
    return 0;
}
