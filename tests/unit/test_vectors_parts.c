/*
 * test_vectors_parts.c: proto/vectors/suite-2.ini is what this code makes of fixed keys and fixed chance.
 *
 * With --print it writes the file instead. A letter of two parts is too large to print: the file has the
 * rule that its content is made by, and the hashes of what comes of it.
 */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec.h"
#include "id.h"
#include "known_answers.h"
#include "seal.h"

#define VECTORS "proto/vectors/suite-2.ini"
#define CONTENT_SIZE 300000

struct vector {
    struct sch_known_region region;
    struct sch_seal seal;
    uint8_t header[SCH_HEADER_SIZE_MAX], sealed[SCH_SEAL_SIZE_MAX];
    size_t header_size, sealed_size;
    uint8_t *letter;                    /* padded */
    size_t letter_size;
    uint8_t part[2][SCH_PART_SIZE];
    size_t part_size[2];
    uint8_t hashes[2 * SCH_HASH_SIZE];
};

static struct sch_bytes header_of(const struct vector *v)
{
    return (struct sch_bytes){ v->header, v->header_size };
}

static struct sch_bytes digest_of(const struct vector *v)
{
    return (struct sch_bytes){ v->hashes, sizeof v->hashes };
}

static void make_header(struct vector *v)
{
    struct sch_header header;
    memset(&header, 0, sizeof header);
    header.id = sch_known_id(KNOWN_STORED_MS - 1000, 0x33);
    header.kind = SCH_KIND_REFERRAL;
    sch_address_set(&header.sender, "agb:01234567");
    sch_address_set(&header.receiver, "agb:06290713");
    sch_address_set(&header.copies[0], "agb:01234567/poh-ggz");
    header.copy_count = 1;
    header.sections = SCH_SECTION_QUESTION;
    header.sections_known = true;
    header.fact[SCH_FACT_URGENCY] = SCH_URGENCY_ROUTINE;
    header.fact[SCH_FACT_LETTER_DATE] = 20260616;
    v->header_size = sch_header_encode(&header, v->header, sizeof v->header);
    assert_true(v->header_size > 0);
}

static void make_letter(struct vector *v)
{
    uint8_t *content = malloc(CONTENT_SIZE);
    assert_non_null(content);
    for (size_t i = 0; i < CONTENT_SIZE; i++)
        content[i] = (uint8_t)(i * 31 + i / 251);
    struct sch_letter letter = { .attachment_count = 1 };
    letter.section[0] = "Zie de bijlage.";
    letter.attachment[0] = (struct sch_attachment){ "application/octet-stream", "scan.bin",
                                                    { content, CONTENT_SIZE } };
    v->letter_size = sch_letter_size(&letter);
    v->letter = malloc(sch_seal_padded_size(v->letter_size));
    assert_non_null(v->letter);
    assert_int_equal(sch_letter_encode(&letter, v->letter, v->letter_size), v->letter_size);
    free(content);
}

static void make_parts(struct vector *v, const uint8_t content_key[32], const uint8_t start[24])
{
    struct sch_seal_to to[2] = { v->region.provider_to, v->region.nurse_to };
    struct sch_seal_stream stream;
    assert_int_equal(sch_seal_begin_fixed(&stream, &v->seal, header_of(v), v->letter, v->letter_size, to, 2,
                                          "linde-gp-sign", content_key, start),
                     SCH_OK);
    for (size_t i = 0; i < 2; i++) {
        v->part_size[i] = sch_seal_next(&stream, v->part[i]);
        sch_seal_part_hash((struct sch_bytes){ v->part[i], v->part_size[i] }, v->hashes + i * SCH_HASH_SIZE);
    }
    assert_int_equal(sch_seal_next(&stream, v->part[0]), 0);
    sch_seal_end(&stream, v->region.gp_sign.secret_key);
    v->sealed_size = sch_seal_encode(&v->seal, v->sealed, sizeof v->sealed);
    assert_true(v->sealed_size > 0);
}

static void put_result(const struct vector *v, const uint8_t content_key[32])
{
    struct sch_known_signed text;
    uint8_t h[32], key[32];
    sch_known_h(&v->seal, header_of(v), h);
    sch_known_bytes("h", h, 32);
    sch_known_key("scharnier.v1.encrypt-parts", content_key, h, key);
    sch_known_bytes("encryption_key", key, 32);
    sch_known_key("scharnier.v1.commit-parts", content_key, h, key);
    sch_known_bytes("commitment", key, 32);
    assert_memory_equal(key, v->seal.commitment, 32);
    for (size_t i = 0; i < 2; i++) {
        fprintf(sch_known_out, "part_size_%zu = %zu\n", i + 1, v->part_size[i]);
        char name[32];
        snprintf(name, sizeof name, "part_hash_%zu", i + 1);
        sch_known_bytes(name, v->hashes + i * SCH_HASH_SIZE, SCH_HASH_SIZE);
    }
    sch_known_signed(&v->seal, h, digest_of(v), &text);
    sch_known_bytes("signed", text.bytes, text.size);
    sch_known_bytes("signature", v->seal.signature, 64);
    sch_known_bytes("seal", v->sealed, v->sealed_size);
    sch_seal_hash(header_of(v), (struct sch_bytes){ v->sealed, v->sealed_size }, digest_of(v), h);
    sch_known_bytes("message_hash", h, 32);
}

/* Makes it all, and writes what belongs in the file; chance is drawn in this order and no other. */
static void make(struct vector *v)
{
    uint8_t content_key[32], start[24], hash[32];
    FILE *file = sch_known_out;
    sch_known_out = fopen("/dev/null", "w");
    assert_non_null(sch_known_out);
    sch_known_region(&v->region);
    fclose(sch_known_out);
    sch_known_out = file;
    make_header(v);
    make_letter(v);
    randombytes_buf(content_key, sizeof content_key);
    randombytes_buf(start, sizeof start);
    crypto_generichash(hash, 32, v->letter, v->letter_size, NULL, 0);
    make_parts(v, content_key, start);

    fprintf(sch_known_out,
            "# Known answers for suite 2: PROTOCOL.md, \"Large letters\". Keys are those of suite-1.ini.\n"
            "# The letter: section 0 \"Zie de bijlage.\", and one attachment, application/octet-stream, "
            "scan.bin, of\n# %d bytes of which the i-th, from 0, is (31 i + i / 251) mod 256, the division rounding down.\n"
            "# Bytes in hexadecimal. Written by tests/unit/test_vectors_parts.c --print.\n\n[letter]\n",
            CONTENT_SIZE);
    sch_known_text("signing_key", "linde-gp-sign");
    sch_known_text("recipients", "agb:06290713 noordrand-seal, agb:01234567/poh-ggz linde-poh-seal");
    sch_known_bytes("header", v->header, v->header_size);
    fprintf(sch_known_out, "letter_size = %zu\n", v->letter_size);
    sch_known_bytes("letter_hash", hash, 32);
    fprintf(sch_known_out, "padded_size = %u\n", (unsigned)v->seal.padded_size);
    sch_known_bytes("content_key", content_key, 32);
    sch_known_bytes("start", start, 24);
    sch_known_bytes("sealed_key_1", v->seal.stanza[0].sealed_key, SCH_STANZA_SIZE);
    sch_known_bytes("sealed_key_2", v->seal.stanza[1].sealed_key, SCH_STANZA_SIZE);
    put_result(v, content_key);
}

static void put_all(void)
{
    struct vector *v = calloc(1, sizeof *v);
    assert_non_null(v);
    make(v);
    free(v->letter);
    free(v);
}

static void the_file_is_what_we_make(void **state)
{
    (void)state;
    assert_true(sch_known_file_is(VECTORS, put_all));
}

static void the_vector_opens(void **state)
{
    (void)state;
    struct vector *v = calloc(1, sizeof *v);
    assert_non_null(v);
    sch_known_out = fopen("/dev/null", "w");
    assert_non_null(sch_known_out);
    make(v);
    fclose(sch_known_out);
    assert_int_equal(sch_seal_verify(&v->seal, header_of(v), digest_of(v), v->region.gp_sign.public_key),
                     SCH_OK);
    struct sch_open_stream stream;
    uint8_t *letter = malloc(v->seal.padded_size);
    size_t size = 0;
    assert_non_null(letter);
    assert_int_equal(sch_seal_open_begin(&stream, &v->seal, header_of(v), "agb:01234567/poh-ggz",
                                         v->region.nurse_seal.public_key, v->region.nurse_seal.secret_key,
                                         letter, NULL),
                     SCH_OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(sch_seal_open_next(&stream, (struct sch_bytes){ v->part[i], v->part_size[i] }, NULL),
                         SCH_OK);
    assert_int_equal(sch_seal_open_end(&stream, &size, NULL), SCH_OK);
    assert_int_equal(size, v->letter_size);
    assert_memory_equal(letter, v->letter, size);
    free(letter);
    free(v->letter);
    free(v);
}

int main(int argc, char **argv)
{
    if (!sch_known_chance() || sodium_init() < 0)
        return 1;
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        sch_known_out = stdout;
        put_all();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_what_we_make),
        cmocka_unit_test(the_vector_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
