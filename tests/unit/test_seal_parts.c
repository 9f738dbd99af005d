/*
 * test_seal_parts.c: suite 2: a letter in parts opens again, and no part can be moved, left out, doubled,
 * cut, changed or taken from another letter.
 */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "known_answers.h"
#include "seal.h"

#define LETTER_SIZE (3 * (size_t)SCH_PART_SIZE)
#define COUNT 4                         /* its parts */

/* A sealed letter with its keys. */
struct sealed {
    struct sch_key_pair sign, other_sign, practice, stranger;
    struct sch_key practice_key;
    struct sch_seal_to to;
    struct sch_seal seal;
    uint8_t header[64];
    uint8_t *letter, *body;             /* padded; part i at i * SCH_PART_SIZE */
    size_t letter_size, count;
    uint8_t hashes[SCH_PARTS_MAX * SCH_HASH_SIZE];
};

static struct sch_bytes header_of(const struct sealed *s)
{
    return (struct sch_bytes){ s->header, sizeof s->header };
}

static struct sch_bytes part_of(const struct sealed *s, size_t index)
{
    return (struct sch_bytes){ s->body + index * SCH_PART_SIZE,
                               sch_seal_part_size(s->seal.padded_size, index) };
}

static int seal_it(struct sealed *s, sch_error *error)
{
    struct sch_seal_stream stream;
    int code = sch_seal_begin(&stream, &s->seal, header_of(s), s->letter, s->letter_size, &s->to, 1,
                              "rand-sign", error);
    if (code != SCH_OK)
        return code;
    size_t size;
    for (s->count = 0; (size = sch_seal_next(&stream, s->body + s->count * SCH_PART_SIZE)) > 0; s->count++) {
        assert_int_equal(size, sch_seal_part_size(s->seal.padded_size, s->count));
        sch_seal_part_hash(part_of(s, s->count), s->hashes + s->count * SCH_HASH_SIZE);
    }
    sch_seal_end(&stream, s->sign.secret_key);
    assert_true(sodium_is_zero((const unsigned char *)&stream, sizeof stream));
    return SCH_OK;
}

static void prepare(struct sealed *s, size_t letter_size)
{
    memset(s, 0, sizeof *s);
    assert_int_equal(sch_key_pair_new(&s->sign, SCH_KEY_SIGN), SCH_OK);
    assert_int_equal(sch_key_pair_new(&s->other_sign, SCH_KEY_SIGN), SCH_OK);
    assert_int_equal(sch_key_pair_new(&s->practice, SCH_KEY_SEAL), SCH_OK);
    assert_int_equal(sch_key_pair_new(&s->stranger, SCH_KEY_SEAL), SCH_OK);
    strcpy(s->practice_key.id, "linde-seal");
    memcpy(s->practice_key.public_key, s->practice.public_key, 32);
    strcpy(s->to.address.text, "agb:01234567");
    s->to.key = &s->practice_key;
    randombytes_buf(s->header, sizeof s->header);
    s->letter_size = letter_size;
    s->letter = malloc(sch_seal_padded_size(letter_size));
    s->body = malloc(sch_seal_part_count(sch_seal_padded_size(letter_size)) * SCH_PART_SIZE);
    assert_true(s->letter != NULL && s->body != NULL);
    randombytes_buf(s->letter, letter_size);
}

static void set_up(struct sealed *s, size_t letter_size)
{
    prepare(s, letter_size);
    assert_int_equal(seal_it(s, NULL), SCH_OK);
}

static void tear_down(struct sealed *s)
{
    free(s->letter);
    free(s->body);
}

static int verify(const struct sealed *s)
{
    return sch_seal_verify(&s->seal, header_of(s), (struct sch_bytes){ s->hashes, s->count * SCH_HASH_SIZE },
                           s->sign.public_key);
}

/* Opens the given parts in the given order. */
static int open_parts(const struct sealed *s, const struct sch_bytes *part, size_t count, size_t *size,
                      uint8_t *letter)
{
    struct sch_open_stream stream;
    int code = sch_seal_open_begin(&stream, &s->seal, header_of(s), "agb:01234567", s->practice.public_key,
                                   s->practice.secret_key, letter, NULL);
    for (size_t i = 0; code == SCH_OK && i < count; i++)
        code = sch_seal_open_next(&stream, part[i], NULL);
    int ended = sch_seal_open_end(&stream, size, NULL);
    return code != SCH_OK ? code : ended;
}

static int try(const struct sealed *s, const struct sch_bytes *part, size_t count)
{
    uint8_t *letter = malloc(s->seal.padded_size);
    size_t size = 0;
    assert_non_null(letter);
    int code = open_parts(s, part, count, &size, letter);
    if (code == SCH_OK) {
        assert_int_equal(size, s->letter_size);
        assert_memory_equal(letter, s->letter, size);
    }
    free(letter);
    return code;
}

static void all_parts(const struct sealed *s, struct sch_bytes part[SCH_PARTS_MAX])
{
    for (size_t i = 0; i < s->count; i++)
        part[i] = part_of(s, i);
}

/* ---- sizes ---------------------------------------------------------------------------------------- */

static void sizes_are_those_of_the_protocol(void **state)
{
    (void)state;
    /* Two parts hold 24 bytes of the stream's header, 17 for each part, and the rest. */
    size_t most_in_two = 2 * (size_t)SCH_PART_SIZE - 24 - 2 * 17;
    assert_int_equal(sch_seal_part_count(most_in_two), 2);
    assert_int_equal(sch_seal_parts_size(most_in_two), 2 * SCH_PART_SIZE);
    assert_int_equal(sch_seal_part_size(most_in_two, 1), SCH_PART_SIZE);
    assert_int_equal(sch_seal_part_count(most_in_two + 1), 3);
    assert_int_equal(sch_seal_part_size(most_in_two + 1, 2), 18);
    for (size_t padded = 512; padded < 3 * (size_t)SCH_PART_SIZE; padded += 512) {
        size_t sum = 0;
        for (size_t i = 0; i < sch_seal_part_count(padded); i++) {
            sum += sch_seal_part_size(padded, i);
            assert_true(sch_seal_part_size(padded, i) > 17 && sch_seal_part_size(padded, i) <= SCH_PART_SIZE);
        }
        assert_int_equal(sum, sch_seal_parts_size(padded));
    }
    size_t most_inline = (SCH_BODY_SIZE_MAX - 40) / 512 * 512 - 1;
    assert_false(sch_seal_is_large(most_inline));
    assert_true(sch_seal_is_large(most_inline + 1));
    assert_true(sch_seal_is_large(SIZE_MAX - 1024));
}

static void letters_of_many_sizes_open(void **state)
{
    (void)state;
    size_t edge = 2 * (size_t)SCH_PART_SIZE - 24 - 2 * 17;
    const size_t sizes[] = { SCH_PART_SIZE, edge / 512 * 512 - 1, edge / 512 * 512, edge, SCH_BODY_SIZE_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct sealed s;
        struct sch_bytes part[SCH_PARTS_MAX];
        set_up(&s, sizes[i]);
        all_parts(&s, part);
        assert_int_equal(s.seal.suite, SCH_SUITE_PARTS);
        assert_int_equal(verify(&s), SCH_OK);
        assert_int_equal(try(&s, part, s.count), SCH_OK);
        tear_down(&s);
    }
}

static void the_largest_letter_and_one_more(void **state)
{
    (void)state;
    struct sealed s;
    struct sch_bytes part[SCH_PARTS_MAX];
    size_t most = (SCH_LARGE_SIZE_MAX - 24 - 17 * (size_t)SCH_PARTS_MAX) / 512 * 512 - 1;
    set_up(&s, most);
    all_parts(&s, part);
    assert_int_equal(s.count, SCH_PARTS_MAX);
    assert_int_equal(verify(&s), SCH_OK);
    assert_int_equal(try(&s, part, s.count), SCH_OK);
    tear_down(&s);
    sch_error error = SCH_ERROR_INIT;
    prepare(&s, most + 1);
    assert_int_equal(seal_it(&s, &error), SCH_E_TOO_LARGE);
    assert_int_equal(error.code, SCH_E_TOO_LARGE);
    tear_down(&s);
    prepare(&s, 1000);
    assert_int_equal(seal_it(&s, &error), SCH_E_TOO_SMALL);
    memset(s.practice_key.public_key, 0, 32);
    tear_down(&s);
    prepare(&s, LETTER_SIZE);
    memset(s.practice_key.public_key, 0, 32);
    assert_int_equal(seal_it(&s, &error), SCH_E_NO_SEAL_KEY);
    tear_down(&s);
}

/* ---- tampering with parts -------------------------------------------------------------------------- */

static void parts_cannot_be_moved_or_left_out(void **state)
{
    (void)state;
    struct sealed s;
    struct sch_bytes good[SCH_PARTS_MAX], part[SCH_PARTS_MAX];
    set_up(&s, LETTER_SIZE);
    assert_int_equal(s.count, COUNT);
    all_parts(&s, good);
    assert_int_equal(try(&s, good, COUNT), SCH_OK);
    for (size_t i = 0; i < COUNT; i++) {
        /* One left out, at the end too. */
        memcpy(part, good, sizeof part);
        memmove(part + i, part + i + 1, (COUNT - i) * sizeof *part);
        assert_int_equal(try(&s, part, COUNT - 1), SCH_E_LETTER_FALSE);
        /* One twice. */
        memcpy(part, good, sizeof part);
        memmove(part + i + 1, part + i, (COUNT - i) * sizeof *part);
        assert_int_equal(try(&s, part, COUNT + 1), SCH_E_LETTER_FALSE);
        /* One in another's place. */
        for (size_t j = 0; j < COUNT; j++) {
            memcpy(part, good, sizeof part);
            part[i] = good[j];
            assert_int_equal(try(&s, part, COUNT), i == j ? SCH_OK : SCH_E_LETTER_FALSE);
            part[j] = good[i];
            assert_int_equal(try(&s, part, COUNT), i == j ? SCH_OK : SCH_E_LETTER_FALSE);
        }
        /* One cut. */
        memcpy(part, good, sizeof part);
        part[i].len--;
        assert_int_equal(try(&s, part, COUNT), SCH_E_LETTER_FALSE);
    }
    assert_int_equal(try(&s, good, 0), SCH_E_LETTER_FALSE);
    memcpy(part, good, sizeof part);
    part[COUNT] = good[COUNT - 1];
    assert_int_equal(try(&s, part, COUNT + 1), SCH_E_LETTER_FALSE);
    tear_down(&s);
}

/* The signature notices the same from the hashes alone. */
static void hashes_cannot_be_moved_or_left_out(void **state)
{
    (void)state;
    struct sealed s;
    uint8_t good[sizeof s.hashes];
    set_up(&s, LETTER_SIZE);
    memcpy(good, s.hashes, sizeof good);
    assert_int_equal(verify(&s), SCH_OK);
    s.count = COUNT - 1;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.count = COUNT + 1;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.count = COUNT;
    memcpy(s.hashes, good + SCH_HASH_SIZE, SCH_HASH_SIZE);
    memcpy(s.hashes + SCH_HASH_SIZE, good, SCH_HASH_SIZE);
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    memcpy(s.hashes, good, SCH_HASH_SIZE);
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    memcpy(s.hashes, good, sizeof good);
    struct sch_bytes digest = { s.hashes, COUNT * SCH_HASH_SIZE };
    assert_int_equal(sch_seal_verify(&s.seal, header_of(&s), digest, s.other_sign.public_key),
                     SCH_E_SIGNATURE);
    for (size_t bit = 0; bit < 8 * COUNT * SCH_HASH_SIZE; bit += 7) {
        s.hashes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(verify(&s), SCH_E_SIGNATURE);
        s.hashes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    tear_down(&s);
}

static void changed_bytes_are_noticed(void **state)
{
    (void)state;
    struct sealed s;
    struct sch_bytes part[SCH_PARTS_MAX];
    set_up(&s, LETTER_SIZE);
    all_parts(&s, part);
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t *bytes = s.body + i * SCH_PART_SIZE;
        const size_t at[] = { 0, 23, 24, 40, 41, part[i].len / 2, part[i].len - 1 };
        for (size_t j = 0; j < sizeof at / sizeof *at; j++) {
            bytes[at[j]] ^= 0x10;
            assert_int_equal(try(&s, part, COUNT), SCH_E_LETTER_FALSE);
            bytes[at[j]] ^= 0x10;
        }
    }
    s.header[3] ^= 1;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    assert_int_equal(try(&s, part, COUNT), SCH_E_LETTER_FALSE);
    s.header[3] ^= 1;
    s.seal.commitment[0] ^= 1;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    assert_int_equal(try(&s, part, COUNT), SCH_E_LETTER_FALSE);
    tear_down(&s);
}

/* Even the sender's own content key does not make one letter of two. */
static void parts_of_two_letters_do_not_mix(void **state)
{
    (void)state;
    struct sealed one, two;
    struct sch_bytes part[SCH_PARTS_MAX], other[SCH_PARTS_MAX];
    uint8_t content_key[32], start[24];
    prepare(&one, LETTER_SIZE);
    prepare(&two, LETTER_SIZE);
    two.sign = one.sign;
    two.practice = one.practice;
    two.practice_key = one.practice_key;
    randombytes_buf(content_key, sizeof content_key);
    randombytes_buf(start, sizeof start);
    struct sealed *both[] = { &one, &two };
    for (size_t i = 0; i < 2; i++) {
        struct sealed *s = both[i];
        struct sch_seal_stream stream;
        assert_int_equal(sch_seal_begin_fixed(&stream, &s->seal, header_of(s), s->letter, s->letter_size,
                                              &s->to, 1, "rand-sign", content_key, start),
                         SCH_OK);
        for (s->count = 0; sch_seal_next(&stream, s->body + s->count * SCH_PART_SIZE) > 0; s->count++)
            ;
        sch_seal_end(&stream, s->sign.secret_key);
    }
    all_parts(&one, part);
    all_parts(&two, other);
    assert_int_equal(try(&one, part, COUNT), SCH_OK);
    assert_int_equal(try(&two, other, COUNT), SCH_OK);
    for (size_t i = 0; i < COUNT; i++) {
        struct sch_bytes kept = part[i];
        part[i] = other[i];
        assert_int_equal(try(&one, part, COUNT), SCH_E_LETTER_FALSE);
        part[i] = kept;
    }
    assert_int_equal(try(&one, other, COUNT), SCH_E_LETTER_FALSE);
    tear_down(&one);
    tear_down(&two);
}

/* ---- keys and forms --------------------------------------------------------------------------------- */

static int open_as(const struct sealed *s, const char *address, const struct sch_key_pair *pair)
{
    struct sch_open_stream stream;
    uint8_t *letter = malloc(s->seal.padded_size);
    size_t size;
    assert_non_null(letter);
    int code = sch_seal_open_begin(&stream, &s->seal, header_of(s), address, pair->public_key,
                                   pair->secret_key, letter, NULL);
    assert_int_equal(sch_seal_open_end(&stream, &size, NULL), SCH_E_LETTER_FALSE);
    free(letter);
    return code;
}

static void strangers_and_other_suites(void **state)
{
    (void)state;
    struct sealed s;
    uint8_t letter[1024];
    size_t size;
    set_up(&s, LETTER_SIZE);
    assert_int_equal(open_as(&s, "agb:01234567", &s.stranger), SCH_E_LETTER_OPEN);
    assert_int_equal(open_as(&s, "agb:07654321", &s.practice), SCH_E_LETTER_OPEN);
    assert_int_equal(open_as(&s, "agb:01234567", &s.practice), SCH_OK);
    /* Neither suite takes what the other made. */
    assert_int_equal(sch_seal_open(&s.seal, header_of(&s), (struct sch_bytes){ s.body, 552 }, "agb:01234567",
                                   s.practice.public_key, s.practice.secret_key, letter, &size, NULL),
                     SCH_E_LETTER_FALSE);
    s.seal.suite = SCH_SUITE;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    assert_int_equal(open_as(&s, "agb:01234567", &s.practice), SCH_E_LETTER_FALSE);
    s.seal.suite = 3;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.seal.suite = SCH_SUITE_PARTS;
    s.seal.has_letter = false;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.seal.has_letter = true;
    s.seal.padded_size = 512;           /* a letter of one part is none of this suite */
    s.count = 1;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.seal.padded_size = UINT32_MAX / 512 * 512;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    tear_down(&s);
}

/* ---- a sender that seals otherwise ------------------------------------------------------------------- */

/* Seals and signs by hand, straight from PROTOCOL.md, with tags of the test's choice. */
static void seal_by_hand(struct sealed *s, unsigned char tag_of_others, unsigned char tag_of_last)
{
    crypto_secretstream_xchacha20poly1305_state state;
    struct sch_known_signed text;
    uint8_t content_key[32], h[32], key[32];
    randombytes_buf(content_key, sizeof content_key);
    memset(&s->seal, 0, sizeof s->seal);
    s->seal.suite = SCH_SUITE_PARTS;
    strcpy(s->seal.signing_key, "rand-sign");
    s->seal.has_letter = true;
    s->seal.padded_size = (uint32_t)sch_seal_padded_size(s->letter_size);
    s->seal.stanza_count = 1;
    s->seal.stanza[0].address = s->to.address;
    strcpy(s->seal.stanza[0].key, s->practice_key.id);
    crypto_box_seal(s->seal.stanza[0].sealed_key, content_key, sizeof content_key, s->practice.public_key);
    sch_known_h(&s->seal, header_of(s), h);
    sch_known_key("scharnier.v1.commit-parts", content_key, h, s->seal.commitment);
    sch_known_key("scharnier.v1.encrypt-parts", content_key, h, key);
    size_t padded = 0;
    assert_int_equal(sodium_pad(&padded, s->letter, s->letter_size, 512, s->seal.padded_size), 0);

    const uint8_t *chunk = s->letter;
    s->count = sch_seal_part_count(padded);
    crypto_secretstream_xchacha20poly1305_init_push(&state, s->body, key);
    for (size_t i = 0; i < s->count; i++) {
        size_t lead = i == 0 ? 24 : 0, size = sch_seal_part_size(padded, i) - lead - 17;
        crypto_secretstream_xchacha20poly1305_push(&state, s->body + i * SCH_PART_SIZE + lead, NULL, chunk, size,
                                                   h, sizeof h, i + 1 < s->count ? tag_of_others : tag_of_last);
        sch_seal_part_hash(part_of(s, i), s->hashes + i * SCH_HASH_SIZE);
        chunk += size;
    }
    sch_known_signed(&s->seal, h, (struct sch_bytes){ s->hashes, s->count * SCH_HASH_SIZE }, &text);
    crypto_sign_detached(s->seal.signature, NULL, text.bytes, text.size, s->sign.secret_key);
}

static void only_the_last_part_ends_it(void **state)
{
    (void)state;
    const unsigned char message = crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    const unsigned char final = crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    struct sealed s;
    struct sch_bytes part[SCH_PARTS_MAX];
    prepare(&s, LETTER_SIZE);
    seal_by_hand(&s, message, final);
    all_parts(&s, part);
    assert_int_equal(verify(&s), SCH_OK);
    assert_int_equal(try(&s, part, COUNT), SCH_OK);
    const unsigned char wrong[][2] = { { message, message }, { final, final }, { final, message },
                                       { crypto_secretstream_xchacha20poly1305_TAG_PUSH, final },
                                       { crypto_secretstream_xchacha20poly1305_TAG_REKEY, final } };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        seal_by_hand(&s, wrong[i][0], wrong[i][1]);
        assert_int_equal(verify(&s), SCH_OK);
        assert_int_equal(try(&s, part, COUNT), SCH_E_LETTER_FALSE);
    }
    tear_down(&s);
}

static void one_part_is_none_of_this_suite(void **state)
{
    (void)state;
    struct sealed s;
    struct sch_bytes part[SCH_PARTS_MAX];
    prepare(&s, 1000);
    seal_by_hand(&s, 0, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
    all_parts(&s, part);
    assert_int_equal(s.count, 1);
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    assert_int_equal(try(&s, part, 1), SCH_E_LETTER_FALSE);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_those_of_the_protocol),
        cmocka_unit_test(letters_of_many_sizes_open),
        cmocka_unit_test(the_largest_letter_and_one_more),
        cmocka_unit_test(parts_cannot_be_moved_or_left_out),
        cmocka_unit_test(hashes_cannot_be_moved_or_left_out),
        cmocka_unit_test(changed_bytes_are_noticed),
        cmocka_unit_test(parts_of_two_letters_do_not_mix),
        cmocka_unit_test(strangers_and_other_suites),
        cmocka_unit_test(only_the_last_part_ends_it),
        cmocka_unit_test(one_part_is_none_of_this_suite),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("seal parts", tests, NULL, NULL);
}
