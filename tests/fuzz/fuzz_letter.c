/*
 * fuzz_letter.c: any bytes as the letter of a message, and what readers see of it.
 *
 * The first bytes choose the kind of message and facts; the rest is the plaintext of the letter, as a
 * sender's software wrote it. Held: what decodes encodes to a letter that decodes to the same; scharnier(1)
 * shows it without a character that steers a terminal, as text and as JSON that can be read; an attachment's
 * file name stays in its folder; an HL7v2 adapter writes what it can read itself.
 */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For what prints a message: its functions are its own. */
#include "../../adapters/cli/inbox.c"
#include "../../adapters/hl7v2/map_file.h"
#include "msg.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define DRAWN 4                         /* bytes before the letter */

static struct sch_arena again_arena, map_arena;
static struct sch_map his, epd;
static struct sch_msg msg;
static uint8_t one[SCH_BODY_SIZE_MAX], two[SCH_BODY_SIZE_MAX];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    sch_error error = SCH_ERROR_INIT;
    (void)argc;
    (void)argv;
    if (sodium_init() < 0 || sch_arena_init(&msg.arena, SCH_ARENA_LETTER_SIZE(SCH_BODY_SIZE_MAX)) != SCH_OK ||
        sch_arena_init(&again_arena, SCH_ARENA_LETTER_SIZE(SCH_BODY_SIZE_MAX)) != SCH_OK ||
        sch_arena_init(&map_arena, 8 * SCH_BODY_SIZE_MAX) != SCH_OK ||
        sch_map_file_read("adapters/examples/his.map.ini", NULL, NULL, &his, &error) != SCH_OK ||
        sch_map_file_read("adapters/examples/epd.map.ini", NULL, NULL, &epd, &error) != SCH_OK)
        abort();
    return 0;
}

static void check_same(const struct sch_letter *letter)
{
    struct sch_letter again;
    struct sch_fault fault = { SCH_OK, NULL };
    size_t size = sch_letter_encode(letter, one, sizeof one);
    assert(size > 0 && size == sch_letter_size(letter));
    sch_arena_reset(&again_arena);
    assert(sch_letter_decode((struct sch_bytes){ one, size }, &again_arena, &again, &fault) == SCH_OK);
    assert(sch_letter_encode(&again, two, sizeof two) == size && memcmp(one, two, size) == 0);
    for (unsigned i = 0; i < SCH_SECTION_COUNT; i++) {
        assert((letter->section[i] == NULL) == (again.section[i] == NULL));
        assert(letter->section[i] == NULL || strcmp(letter->section[i], again.section[i]) == 0);
    }
    assert(letter->attachment_count == again.attachment_count);
    for (size_t i = 0; i < letter->attachment_count; i++)
        assert(letter->attachment[i].content.len == again.attachment[i].content.len);
}

/* No C0 but newline and tab, no DEL, no C1 (in UTF-8: C2 80 to C2 9F). */
static void check_shown(const char *text, size_t size)
{
    assert(sch_utf8_valid((const uint8_t *)text, size));
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)text[i];
        assert(byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7f));
        assert(byte != 0xc2 || (uint8_t)text[i + 1] >= 0xa0);
    }
}

static void show_plain(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *kept = stdout;
    stdout = open_memstream(&text, &size);
    assert(stdout != NULL);
    print_message(&msg);
    assert(fclose(stdout) == 0);
    stdout = kept;
    check_shown(text, size);
    free(text);
}

static void show_json(void)
{
    json_t *object = message_json(&msg);
    char *text = json_dumps(object, JSON_INDENT(2));
    json_t *read = text == NULL ? NULL : json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert(object != NULL && text != NULL && read != NULL && json_equal(object, read));
    assert(json_object_size(json_object_get(read, "text")) <= SCH_SECTION_COUNT);
    assert(json_array_size(json_object_get(read, "attachments")) == msg.letter.attachment_count);
    json_decref(read);
    free(text);
    json_decref(object);
}

static void check_names(void)
{
    for (size_t i = 0; i < msg.letter.attachment_count; i++) {
        char name[160];
        safe_name(msg.letter.attachment[i].name, i, name, sizeof name);
        assert(name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL && strlen(name) < sizeof name);
    }
}

/* As outbound.c gives it to a HIS or EPD. */
static void map_through(const struct sch_map *map)
{
    struct sch_map_values values = { .kind = msg.header.kind, .kenmerk = msg.kenmerk, .order = "PLAC1" };
    struct sch_map_envelope envelope = { .control_id = "0123456789ABCDEFGHJK", .time = "20261123083000+0000",
                                         .sender_name = msg.sender_name, .sender_agb = "01054321",
                                         .receiver_agb = "", .receiver = "" };
    struct sch_hl7_message message;
    char said[512];
    uint8_t *text;
    size_t size;
    memcpy(values.fact, msg.header.fact, sizeof values.fact);
    memcpy(values.section, msg.letter.section, sizeof values.section);
    memcpy(values.attachment, msg.letter.attachment, sizeof values.attachment);
    values.attachment_count = msg.letter.attachment_count;
    sch_map_describe(&values, said, sizeof said);
    assert(sch_utf8_valid((const uint8_t *)said, strlen(said)) && said[0] != '\0');
    if (sch_map_out(map, &values, &envelope, &text, &size) != SCH_OK)
        return;
    sch_arena_reset(&map_arena);
    assert(sch_hl7_parse((struct sch_bytes){ text, size }, &map_arena, &message) == SCH_OK);
    assert(strcmp(sch_hl7_get(&message, "MSH", 10, 1, &map_arena), envelope.control_id) == 0);
    free(text);
}

static void take_header(const uint8_t drawn[DRAWN])
{
    struct sch_header *header = &msg.header;
    memset(header, 0, sizeof *header);
    header->kind = (enum sch_kind)(1 + drawn[0] % (SCH_KIND_COUNT - 1));
    header->fact[drawn[1] % SCH_FACT_COUNT] = 1 + drawn[2] % 4;
    header->fact[SCH_FACT_EVENT_DATE] = 20260101 + drawn[3] % 28;
    memcpy(header->sender.text, "agb:06000001", sizeof "agb:06000001");
    memcpy(msg.mailbox.text, "agb:01000001", sizeof "agb:01000001");
    memcpy(msg.kenmerk, "SN-7F3K-29QD", sizeof "SN-7F3K-29QD");
    memcpy(msg.sender_name, "GGZ Noordrand", sizeof "GGZ Noordrand");
    msg.stored_ms = INT64_C(1772442000000);
    msg.has_letter = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sch_fault fault = { SCH_OK, NULL };
    if (size < DRAWN)
        return 0;
    sch_arena_reset(&msg.arena);
    struct sch_bytes bytes = { data + DRAWN, size - DRAWN };
    int code = sch_letter_decode(bytes, &msg.arena, &msg.letter, &fault);
    if (code != SCH_OK) {
        assert(code == SCH_E_LETTER_FORMAT && fault.code == SCH_E_LETTER_FORMAT && fault.field[0] != '\0');
        return 0;
    }
    take_header(data);
    check_same(&msg.letter);
    show_plain();
    show_json();
    check_names();
    map_through(&his);
    map_through(&epd);
    return 0;
}
