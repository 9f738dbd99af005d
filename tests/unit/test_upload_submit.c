/*
 * test_upload_submit.c: the message that takes an upload: all parts or nothing, the seal, the signature, the receipt;
 * and an upload's row in the store.
 */
#include "parts_stage.h"

/* ---- the submission ----------------------------------------------------------------------------- */

static void test_all_parts_or_nothing(void **state)
{
    struct fixture *f = *state;

    submit(f, f->linde, &f->letter);
    expect_rejected(f, SCH_E_UPLOAD_MISSING, "submit.upload");
    send_part(f, f->linde, &f->letter, 1);
    submit(f, f->linde, &f->letter);
    expect_rejected(f, SCH_E_UPLOAD_MISSING, "submit.upload");
    send_part(f, f->linde, &f->letter, 0);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
}

static void test_seals_that_do_not_fit(void **state)
{
    struct fixture *f = *state;
    struct sch_seal seal = seal_of(f, &f->letter, PADDED);
    struct letter letter = f->letter;

    upload(f, f->linde, &f->letter);
    seal.suite = SCH_SUITE;
    seal_with(f, &letter, &seal);
    submit(f, f->linde, &letter);
    expect_rejected(f, SCH_E_FIELD_INVALID, "seal.suite");
    for (int more = -1; more <= 1; more += 2) {
        seal = seal_of(f, &f->letter, PADDED);
        seal.padded_size += (uint32_t)more;
        seal_with(f, &letter, &seal);
        submit(f, f->linde, &letter);
        expect_rejected(f, SCH_E_FIELD_INVALID, "seal.padded_size");
    }
    /* Without a letter there is nothing to upload. */
    (void)sch_region_sim_seal(book, &letter.message.header, 0, START_MS, &f->stage.prng, &seal);
    seal_with(f, &letter, &seal);
    submit(f, f->linde, &letter);
    expect_rejected(f, SCH_E_FIELD_INVALID, "seal.suite");
    /* The second suite without an upload; and an upload with a second frame. */
    seal = seal_of(f, &f->letter, PADDED);
    memset(&letter.upload, 0, sizeof letter.upload);
    seal_with(f, &letter, &seal);
    letter.message.body_size = sch_seal_body_size(PADDED);
    submit(f, f->linde, &letter);
    expect_rejected(f, SCH_E_FIELD_INVALID, "seal.suite");
    letter = f->letter;
    letter.message.body_size = 1;
    submit(f, f->linde, &letter);
    expect_rejected(f, SCH_E_PROTOCOL, "body");
    /* The upload outlives them all. */
    expect_rows(f, 1, 2);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
}

static void test_the_same_receipt(void **state)
{
    struct fixture *f = *state;
    struct sch_reply first;

    upload(f, f->linde, &f->letter);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    first = f->reply;
    restart(f);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, true);
    assert_int_equal(f->reply.receipt.sequence, first.receipt.sequence);
    assert_int_equal(f->reply.receipt.stored_ms, first.receipt.stored_ms);
    expect_rows(f, 0, 2);
    /* Whoever uploads it all again before he asks gets the same, and what he uploaded goes. */
    upload(f, f->linde, &f->letter);
    expect_rows(f, 1, 4);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, true);
    expect_rows(f, 0, 2);
    assert_int_equal(f->stage.metrics.upload_bytes, 0);
    fetch(f, f->haven, HAVEN, &f->letter.message.header.id, 0);
    expect_part(f, &f->letter, 0);
    /* Also when the letter is gone. */
    settle(f, f->haven, HAVEN, &f->letter.message.header.id, SCH_VERDICT_COLLECTED);
    expect_rows(f, 0, 0);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, true);
    /* Another seal under the same id is another message. */
    struct sch_seal seal = seal_of(f, &f->letter, PADDED);
    struct letter other = f->letter;
    seal_with(f, &other, &seal);
    upload(f, f->linde, &other);
    submit(f, f->linde, &other);
    assert_int_equal(f->reply.rejection.code, SCH_E_ID_IN_USE);
}

/* Parts and submission at once, and a second message that wants the same upload. */
static void test_all_in_one_turn(void **state)
{
    struct fixture *f = *state;
    struct letter second = f->letter;
    struct sch_seal seal;

    stage_referral(&f->stage, &second.message, "linde", "haven");
    seal = seal_of(f, &second, PADDED);
    seal_with(f, &second, &seal);
    for (uint32_t i = 0; i < 2; i++) {
        struct sch_command command = part_command(LINDE, &f->letter.upload, i, 2);

        put(f, f->linde, &command, part_of(&f->letter, i));
    }
    stage_send(&f->stage, f->linde, &f->letter.message);
    stage_send(&f->stage, f->linde, &second.message);
    stage_run(&f->stage);
    for (size_t i = 0; i < 2; i++) {
        assert_true(stage_take(&f->stage, f->linde, &f->reply));
        expect_missing(f, 1 - i, 1);
    }
    assert_true(stage_take(&f->stage, f->linde, &f->reply));
    expect_receipt(f, false);
    assert_true(stage_take(&f->stage, f->linde, &f->reply));
    expect_rejected(f, SCH_E_UPLOAD_MISSING, "submit.upload");
    expect_rows(f, 0, 2);
}

/* What the core refuses takes nothing. */
static void test_a_refused_submission_leaves_the_upload(void **state)
{
    struct fixture *f = *state;
    struct letter letter = f->letter;
    struct sch_seal seal;

    upload(f, f->linde, &f->letter);
    letter.message.header.dossier = sch_region_sim_id(START_MS, &f->stage.prng);
    letter.message.header.kind = SCH_KIND_CHANGE_NOTICE;
    letter.message.header.id = sch_region_sim_id(START_MS, &f->stage.prng);
    seal = seal_of(f, &letter, PADDED);
    seal_with(f, &letter, &seal);
    submit(f, f->linde, &letter);
    assert_int_equal(f->reply.type, SCH_REPLY_REJECTION);
    expect_rows(f, 1, 2);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
}

/* ---- signatures --------------------------------------------------------------------------------- */

static struct sch_key *key_in(struct sch_book *in, const char *id)
{
    return (struct sch_key *)(uintptr_t)sch_book_key(in, id);
}

/* Seals a real letter for haven, signed by linde, and verifies it at the door from the hashes of its parts. */
static void test_the_signature_covers_every_part(void **state)
{
    struct fixture *f = *state;
    struct sch_book *real = sch_region_sim_book();
    uint8_t sign_public[32], sign_secret[64], box_secret[32];
    size_t letter_size = 700000;
    uint8_t *letter = calloc(1, sch_seal_padded_size(letter_size));
    uint8_t header[SCH_HEADER_SIZE_MAX];
    struct sch_seal_to to = { .address = f->letter.message.header.receiver };
    struct sch_key seal_key = *sch_directory_seal_key(real->directory[0], HAVEN, START_MS);
    struct sch_seal_stream *stream = calloc(1, sizeof *stream);
    struct sch_seal seal;
    sch_error error = SCH_ERROR_INIT;
    size_t size;

    assert_true(letter != NULL && stream != NULL);
    crypto_sign_keypair(sign_public, sign_secret);
    crypto_box_keypair(seal_key.public_key, box_secret);
    memcpy(key_in(real, "linde-sign")->public_key, sign_public, 32);
    to.key = &seal_key;
    f->stage.options.verify_signatures = true;
    f->stage.book = real;
    restart(f);
    free(f->letter.bytes);
    f->letter.count = (uint32_t)sch_seal_part_count(sch_seal_padded_size(letter_size));
    f->letter.size = sch_seal_parts_size(sch_seal_padded_size(letter_size));
    f->letter.bytes = malloc(f->letter.size);
    size = sch_header_encode(&f->letter.message.header, header, sizeof header);
    assert_int_equal(sch_seal_begin(stream, &seal, (struct sch_bytes){ header, size }, letter, letter_size, &to, 1,
                                    "linde-sign", &error), SCH_OK);
    for (size_t at = 0; at < f->letter.size;)
        at += sch_seal_next(stream, f->letter.bytes + at);
    sch_seal_end(stream, sign_secret);
    seal_with(f, &f->letter, &seal);
    for (uint32_t i = 0; i < f->letter.count; i++) {
        f->letter.bytes[(size_t)i * SCH_PART_SIZE + 7] ^= 1;
        upload(f, f->linde, &f->letter);
        submit(f, f->linde, &f->letter);
        expect_rejected(f, SCH_E_SIGNATURE, "seal.signature");
        f->letter.bytes[(size_t)i * SCH_PART_SIZE + 7] ^= 1;
    }
    upload(f, f->linde, &f->letter);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    stage_stop(&f->stage);
    stage_start(&f->stage);
    free(letter);
    free(stream);
    f->stage.book = book;
    sch_turn_reload(f->stage.turn, book);
    stage_run(&f->stage);
    sch_region_sim_book_free(real);
}

/* ---- rows --------------------------------------------------------------------------------------- */

static void test_rows(void **state)
{
    struct sch_address linde;
    struct sch_id id = { { 1, 2, 3 } }, read_id;
    struct sch_upload_row row = { .number = 300, .count = 10, .since_ms = 5, .last_size = 200,
                                  .there = { 0x05, 0x02 } };
    struct sch_upload_row out;
    uint8_t bytes[SCH_RECORD_UPLOAD_MAX + 1];
    uint64_t number;
    uint32_t index;
    size_t size;

    (void)state;
    memset(row.hash[0], 0xa0, 32);
    memset(row.hash[2], 0xa2, 32);
    memset(row.hash[9], 0xa9, 32);
    size = sch_record_upload_encode(&row, bytes, sizeof bytes);
    assert_int_equal(size, 2 + 1 + 1 + 2 + 2 + 3 * 32);
    assert_memory_equal(bytes, "\xac\x02\x0a\x05\xc8\x01\x05\x02\xa0\xa0", 10);
    assert_int_equal(sch_record_upload_decode((struct sch_bytes){ bytes, size }, &out), SCH_OK);
    assert_memory_equal(&row, &out, sizeof row);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(sch_record_upload_decode((struct sch_bytes){ bytes, cut }, &out), SCH_E_STORE_DAMAGED);
    bytes[size] = 0;
    assert_int_equal(sch_record_upload_decode((struct sch_bytes){ bytes, size + 1 }, &out), SCH_E_STORE_DAMAGED);
    bytes[7] = 0x04;                    /* a part beyond the last, and the last is not there */
    assert_int_equal(sch_record_upload_decode((struct sch_bytes){ bytes, size }, &out), SCH_E_STORE_DAMAGED);
    /* The largest. */
    row.count = SCH_PARTS_MAX;
    row.number = UINT64_MAX;
    row.since_ms = INT64_MAX;
    row.last_size = SCH_PART_SIZE;
    memset(row.there, 0xff, sizeof row.there);
    size = sch_record_upload_encode(&row, bytes, SCH_RECORD_UPLOAD_MAX);
    assert_true(size > 0);
    assert_int_equal(sch_record_upload_decode((struct sch_bytes){ bytes, size }, &out), SCH_OK);

    struct sch_record_key key = sch_record_key_part(0x0102030405060708, 127);
    assert_int_equal(key.size, 12);
    assert_memory_equal(key.bytes, "\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\x7f", 12);
    assert_int_equal(sch_record_read_part(sch_record_key_bytes(&key), &number, &index), SCH_OK);
    assert_true(number == 0x0102030405060708 && index == 127);
    key.bytes[11] = 128;
    assert_int_equal(sch_record_read_part(sch_record_key_bytes(&key), &number, &index), SCH_E_STORE_DAMAGED);
    key.size = 11;
    assert_int_equal(sch_record_read_part(sch_record_key_bytes(&key), &number, &index), SCH_E_STORE_DAMAGED);

    assert_true(sch_address_set(&linde, LINDE));
    key = sch_record_key_upload(&linde, &id);
    memset(&linde, 0, sizeof linde);
    assert_int_equal(sch_record_read_upload(sch_record_key_bytes(&key), &linde, &read_id), SCH_OK);
    assert_string_equal(linde.text, LINDE);
    assert_true(sch_id_equal(&id, &read_id));
    key.size--;
    assert_int_equal(sch_record_read_upload(sch_record_key_bytes(&key), &linde, &read_id), SCH_E_STORE_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_parts_or_nothing), TEST(test_seals_that_do_not_fit), TEST(test_the_same_receipt),
        TEST(test_all_in_one_turn), TEST(test_a_refused_submission_leaves_the_upload),
        TEST(test_the_signature_covers_every_part), cmocka_unit_test(test_rows),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
