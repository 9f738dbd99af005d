/* test_draft.c: addressing, sections, limits and refusals of drafts, without a broker. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client_world.h"
#include "core/kind.h"
#include "draft.h"
#include "id.h"

struct fixture {
    struct sch_client_world world;
    sch_client *client;
    sch_draft *draft;
    sch_error error;
    uint8_t *buffer;
    char parcel[128];
    struct sch_frames frames;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return 1;
    sch_client_world_init(&f->world);
    f->buffer = malloc(SCH_OUTBOX_FRAMES_MAX);
    snprintf(f->parcel, sizeof f->parcel, "%s/parcel", f->world.folder);
    const char *path = sch_client_world_config(&f->world, "practice", "tcp://127.0.0.1:1", NULL);
    f->client = sch_open(path, &f->error);
    if (!f->buffer || !f->client)
        return 1;
    struct sch_bytes content = { (const uint8_t *)f->world.directory, f->world.directory_size };
    struct sch_bytes signature = { f->world.signature, 64 };
    *state = f;
    return sch_registry_take(&f->client->registry, "utrecht", content, signature, 1, &f->error);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sch_draft_free(f->draft);
    sch_close(f->client);
    sch_client_world_close(&f->world);
    free(f->buffer);
    free(f);
    return 0;
}

static sch_draft *draft(struct fixture *f, enum sch_kind kind)
{
    sch_draft_free(f->draft);
    f->error = (sch_error)SCH_ERROR_INIT;
    f->draft = sch_draft_new(f->client, kind);
    assert_non_null(f->draft);
    sch_draft_key(f->draft, "key");
    return f->draft;
}

static sch_draft *referral(struct fixture *f)
{
    sch_draft *d = draft(f, SCH_KIND_REFERRAL);
    sch_draft_to(d, WORLD_GGZ);
    sch_draft_copy(d, WORLD_POH);
    sch_draft_fact(d, SCH_FACT_URGENCY, SCH_URGENCY_SOON);
    sch_draft_fact(d, SCH_FACT_LETTER_DATE, 20260920);
    return d;
}

static void expect(struct fixture *f, enum sch_error_code code, const char *said)
{
    int got = sch_draft_seal(f->draft, f->buffer, f->parcel, &f->frames, &f->error);
    if (got != (int)code || !strstr(f->error.text, said))
        fail_msg("expected %s, got %s: %s", sch_error_name(code), sch_error_name((enum sch_error_code)got),
                 f->error.text);
}

/* The library's table must say what the core's does, for every kind that the core handles. */
static void test_directions_are_the_cores(void **state)
{
    (void)state;
    static const enum sch_toward toward[] = {
        [SCH_DIRECTION_OPENS] = SCH_TOWARD_NOBODY, [SCH_DIRECTION_FEEDBACK] = SCH_TOWARD_CREDITOR,
        [SCH_DIRECTION_ONWARD] = SCH_TOWARD_RECEIVER_AND_COPIES, [SCH_DIRECTION_ANSWER] = SCH_TOWARD_RECEIVER,
        [SCH_DIRECTION_LEDGER] = SCH_TOWARD_LEDGER, [SCH_DIRECTION_BROKER] = SCH_TOWARD_NOBODY,
        [SCH_DIRECTION_RESULT] = SCH_TOWARD_RESULT, [SCH_DIRECTION_BOTH] = SCH_TOWARD_OTHER_SIDE,
        [SCH_DIRECTION_SAME] = SCH_TOWARD_NOBODY,
    };
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
        enum sch_direction direction = sch_kind_rule((enum sch_kind)kind)->direction;
        if (kind == SCH_KIND_REFUSAL || kind == SCH_KIND_REMINDER)
            continue;                   /* a practice refuses a BACK_REFERRAL; a coordinator may remind */
        if (direction != SCH_DIRECTION_NONE)
            assert_int_equal(sch_draft_toward((enum sch_kind)kind), toward[direction]);
    }
}

static struct sch_header a_referral(void)
{
    struct sch_header header = { .id = { { 7 } }, .kind = SCH_KIND_REFERRAL };
    strcpy(header.sender.text, WORLD_POH);
    strcpy(header.receiver.text, WORLD_GGZ);
    strcpy(header.creditor.text, WORLD_PRACTICE);
    strcpy(header.copies[0].text, WORLD_PRACTICE);
    strcpy(header.copies[1].text, WORLD_POH);
    header.copy_count = 2;
    return header;
}

static void test_placing(void **state)
{
    struct fixture *f = *state;
    struct sch_header opened = a_referral();
    sch_draft *d = draft(f, SCH_KIND_ACCEPTANCE);
    sch_draft_from(d, WORLD_GGZ);
    sch_draft_on(d, &opened);
    const struct sch_header *header = sch_draft_header(d);
    assert_true(sch_id_equal(&header->dossier, &opened.id));
    assert_string_equal(header->receiver.text, WORLD_PRACTICE);
    assert_int_equal(header->copy_count, 1);        /* the creditor stands only once */
    assert_string_equal(header->copies[0].text, WORLD_POH);
    assert_string_equal(header->creditor.text, "");

    d = draft(f, SCH_KIND_WITHDRAWAL);
    sch_draft_from(d, WORLD_POH);
    sch_draft_on(d, &opened);
    header = sch_draft_header(d);
    assert_string_equal(header->receiver.text, WORLD_GGZ);
    assert_int_equal(header->copy_count, 1);        /* the sender is none of its own recipients */
    assert_string_equal(header->copies[0].text, WORLD_PRACTICE);

    d = draft(f, SCH_KIND_TAKEN_UP);
    sch_draft_on(d, &opened);
    assert_string_equal(sch_draft_header(d)->receiver.text, WORLD_GGZ);
    assert_int_equal(sch_draft_header(d)->copy_count, 0);

    d = draft(f, SCH_KIND_WAIVER);
    sch_draft_on(d, &opened);
    assert_string_equal(sch_draft_header(d)->receiver.text, "");

    opened.kind = SCH_KIND_ACCEPTANCE;
    d = draft(f, SCH_KIND_TAKEN_UP);
    sch_draft_on(d, &opened);
    expect(f, SCH_E_STATE, "opens a dossier");
}

/* Kinds that both sides may send go to the other side; a result reaches the referrer too. */
static void test_placing_by_side(void **state)
{
    struct fixture *f = *state;
    struct sch_header opened = a_referral();
    static const enum sch_kind both[] = { SCH_KIND_INFORMATION_REQUEST, SCH_KIND_INFORMATION_REPLY,
                                          SCH_KIND_CHANGE_NOTICE, SCH_KIND_REFUSAL };
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        sch_draft *d = draft(f, both[i]);
        sch_draft_from(d, WORLD_GGZ);
        sch_draft_on(d, &opened);
        assert_string_equal(sch_draft_header(d)->receiver.text, WORLD_PRACTICE);
        assert_int_equal(sch_draft_header(d)->copy_count, 1);
        d = draft(f, both[i]);
        sch_draft_on(d, &opened);
        assert_string_equal(sch_draft_header(d)->receiver.text, WORLD_GGZ);
        assert_int_equal(sch_draft_header(d)->copy_count, 0);
    }
    opened.copy_count = 1;              /* the referrer is no copy */
    sch_draft *d = draft(f, SCH_KIND_TEAM_RESULT);
    sch_draft_from(d, WORLD_GGZ);
    sch_draft_on(d, &opened);
    assert_string_equal(sch_draft_header(d)->receiver.text, WORLD_PRACTICE);
    assert_int_equal(sch_draft_header(d)->copy_count, 1);
    assert_string_equal(sch_draft_header(d)->copies[0].text, WORLD_POH);
    /* Who gave notice of care owes the letters. */
    struct sch_header notice = { .id = { { 8 } }, .kind = SCH_KIND_CARE_NOTICE };
    strcpy(notice.sender.text, WORLD_GGZ);
    strcpy(notice.receiver.text, WORLD_PRACTICE);
    d = draft(f, SCH_KIND_DISCHARGE_LETTER);
    sch_draft_from(d, WORLD_GGZ);
    sch_draft_on(d, &notice);
    assert_string_equal(sch_draft_header(d)->receiver.text, WORLD_PRACTICE);
}

static void test_about_a_message(void **state)
{
    struct fixture *f = *state;
    struct sch_header letter = { .id = { { 9 } }, .kind = SCH_KIND_INTAKE_REPORT, .dossier = { { 7 } } };
    strcpy(letter.sender.text, WORLD_GGZ);
    strcpy(letter.receiver.text, WORLD_PRACTICE);
    strcpy(letter.copies[0].text, WORLD_POH);
    letter.copy_count = 1;
    sch_draft *d = draft(f, SCH_KIND_LETTER_INCOMPLETE);
    sch_draft_fact(d, SCH_FACT_MISSING_SECTIONS, SCH_SECTION_AFTERCARE);
    sch_draft_about(d, &letter);
    const struct sch_header *header = sch_draft_header(d);
    assert_string_equal(header->receiver.text, WORLD_GGZ);
    assert_int_equal(header->copy_count, 0);
    assert_true(sch_id_equal(&header->subject, &letter.id));
    assert_true(sch_id_equal(&header->dossier, &letter.dossier));
    expect(f, SCH_OK, "");

    d = draft(f, SCH_KIND_CORRECTION);
    sch_draft_from(d, WORLD_GGZ);
    sch_draft_about(d, &letter);
    header = sch_draft_header(d);
    assert_string_equal(header->receiver.text, WORLD_PRACTICE);
    assert_string_equal(header->copies[0].text, WORLD_POH);
    assert_int_equal(header->copy_count, 1);

    sch_draft_about(draft(f, SCH_KIND_ACCEPTANCE), &letter);
    expect(f, SCH_E_STATE, "CORRECTION");
    d = draft(f, SCH_KIND_REDIRECTION);
    sch_draft_concerned(d, "agb:06299999");
    assert_string_equal(sch_draft_header(d)->concerned.text, "agb:06299999");
    sch_draft_concerned(d, "nobody");
    expect(f, SCH_E_FIELD_INVALID, "header.concerned");
}

static void test_sections(void **state)
{
    struct fixture *f = *state;
    sch_draft *d = referral(f);
    assert_false(sch_draft_header(d)->sections_known);
    expect(f, SCH_OK, "");
    assert_int_equal(f->frames.body.len, 0);
    sch_draft_attach(d, "application/pdf", "brief.pdf", "%PDF", 4);
    assert_false(sch_draft_header(d)->sections_known);
    expect(f, SCH_OK, "");
    assert_true(f->frames.body.len >= 512);
    sch_draft_section(d, 4, "geen");
    sch_draft_section(d, 4, "toch wel");
    assert_true(sch_draft_header(d)->sections_known);
    assert_int_equal(sch_draft_header(d)->sections, SCH_SECTION_RISK);
    expect(f, SCH_OK, "");
}

static void test_setters_first_error_stays(void **state)
{
    struct fixture *f = *state;
    sch_draft *d = referral(f);
    sch_draft_to(d, "agb:123");
    sch_draft_fact(d, SCH_FACT_URGENCY, 99);
    expect(f, SCH_E_FIELD_INVALID, "header.receiver");
    d = referral(f);
    sch_draft_fact(d, SCH_FACT_URGENCY, 99);
    expect(f, SCH_E_FIELD_INVALID, "urgency");
    d = referral(f);
    sch_draft_fact(d, SCH_FACT_LETTER_DATE, 19991231);
    expect(f, SCH_E_FIELD_INVALID, "letter_date");
    d = referral(f);
    for (int i = 0; i < 4; i++)
        sch_draft_copy(d, WORLD_POH);
    expect(f, SCH_E_FIELD_INVALID, "header.copies");
    d = referral(f);
    sch_draft_section(d, 0, "\xff\xfe");
    assert_int_not_equal(sch_draft_seal(d, f->buffer, f->parcel, &f->frames, &f->error), SCH_OK);
    sch_draft_free(f->draft);
    f->draft = sch_draft_new(f->client, SCH_KIND_REFERRAL);
    expect(f, SCH_E_USAGE, "mandatory");
}

/* Attaches a file that makes the letter exactly `size` bytes, and seals. */
static size_t letter_of(struct fixture *f, const char *content, size_t size)
{
    sch_draft_attach(referral(f), "text/plain", "x", content, size - 64);
    size_t over = sch_letter_size(&f->draft->letter) - (size - 64);
    sch_draft_attach(referral(f), "text/plain", "x", content, size - over);
    return sch_letter_size(&f->draft->letter);
}

static void test_inline_or_parts(void **state)
{
    struct fixture *f = *state;
    char *large = calloc(1, SCH_LARGE_SIZE_MAX + 1);
    assert_non_null(large);
    size_t most = (SCH_BODY_SIZE_MAX - 40) / 512 * 512 - 1;
    assert_int_equal(letter_of(f, large, most), most);
    expect(f, SCH_OK, "");
    assert_int_equal(f->frames.parts_size, 0);
    assert_true(f->frames.body.len <= SCH_BODY_SIZE_MAX && f->frames.body.len > SCH_BODY_SIZE_MAX - 512);
    assert_int_not_equal(access(f->parcel, F_OK), 0);

    assert_int_equal(letter_of(f, large, most + 1), most + 1);
    expect(f, SCH_OK, "");
    assert_int_equal(f->frames.body.len, 0);
    assert_int_equal(f->frames.parts_size, sch_seal_parts_size(sch_seal_padded_size(most + 1)));
    struct sch_parcel parcel;
    assert_int_equal(sch_parcel_open(&parcel, f->parcel, SCH_PARTS_MAX, NULL), SCH_OK);
    assert_int_equal(parcel.have, sch_seal_part_count(sch_seal_padded_size(most + 1)));
    sch_parcel_close(&parcel);

    /* An older broker takes no parts, and one may take fewer. */
    f->client->body_size_max = SCH_BODY_SIZE_MAX;
    expect(f, SCH_E_TOO_LARGE, "");
    f->client->large_size_max = SCH_BODY_SIZE_MAX + 100;
    expect(f, SCH_E_TOO_LARGE, "");
    f->client->large_size_max = SCH_LARGE_SIZE_MAX;
    expect(f, SCH_OK, "");
    memset(large, 'a', SCH_SECTION_SIZE_MAX + 1);
    sch_draft_section(referral(f), 0, large);
    expect(f, SCH_E_TOO_LARGE, "question");
    free(large);
}

static void test_the_largest(void **state)
{
    struct fixture *f = *state;
    char *large = calloc(1, SCH_LARGE_SIZE_MAX + 1);
    assert_non_null(large);
    size_t room = SCH_LARGE_SIZE_MAX - 24 - 17 * (size_t)SCH_PARTS_MAX;
    size_t most = room / 512 * 512 - 1;
    assert_int_equal(letter_of(f, large, most), most);
    expect(f, SCH_OK, "");
    assert_true(f->frames.parts_size <= SCH_LARGE_SIZE_MAX);
    assert_true(f->frames.parts_size > SCH_LARGE_SIZE_MAX - 512);
    assert_int_equal(unlink(f->parcel), 0);
    assert_int_equal(letter_of(f, large, most + 1), most + 1);
    expect(f, SCH_E_TOO_LARGE, "");
    assert_int_not_equal(access(f->parcel, F_OK), 0);
    /* What cannot fit in any way is refused at once. */
    sch_draft_attach(referral(f), "text/plain", "x", large, SCH_LARGE_SIZE_MAX + 1);
    expect(f, SCH_E_TOO_LARGE, "attachments");
    sch_draft_attach(referral(f), "text/plain", "x", large, SCH_LARGE_SIZE_MAX / 2);
    sch_draft_attach(f->draft, "text/plain", "y", large, SCH_LARGE_SIZE_MAX / 2 + 1);
    expect(f, SCH_E_TOO_LARGE, "attachments");
    free(large);
}

static void test_keys(void **state)
{
    struct fixture *f = *state;
    sch_draft_from(referral(f), WORLD_GGZ);
    expect(f, SCH_E_NOT_YOURS, WORLD_GGZ);
    sch_draft_to(referral(f), "agb:06299999");
    sch_draft_section(f->draft, 0, "vraag");
    expect(f, SCH_E_UNKNOWN_RECEIVER, "agb:06299999");
    /* The file is another key than the directory shows. */
    referral(f);
    f->client->config.mailbox[0].sign_key = f->world.ggz_sign;
    expect(f, SCH_E_SIGNING_KEY, "linde-sign");
    f->client->config.mailbox[0].sign_key = f->world.practice_sign;
    strcpy(f->client->config.mailbox[0].sign_key_id, "linde-poh-sign");
    f->client->config.mailbox[0].sign_key = f->world.poh_sign;
    expect(f, SCH_E_SIGNING_KEY, "linde-poh-sign");
}

static void test_too_old(void **state)
{
    struct fixture *f = *state;
    referral(f);
    f->draft->header.id = sch_id_new(sch_now_ms(f->client) - SCH_ID_AGE_MAX_MS - 1000);
    expect(f, SCH_E_TOO_OLD, "too old");
    f->draft->header.id = sch_id_new(sch_now_ms(f->client) + SCH_ID_AHEAD_MAX_MS + 1000);
    expect(f, SCH_E_TOO_OLD, "clock");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_directions_are_the_cores), TEST(test_placing), TEST(test_placing_by_side),
        TEST(test_about_a_message), TEST(test_sections), TEST(test_setters_first_error_stays),
        TEST(test_inline_or_parts), TEST(test_the_largest), TEST(test_keys), TEST(test_too_old),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("draft", tests, NULL, NULL);
}
