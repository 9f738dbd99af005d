/*
 * test_seal.c: suite 1: what is sealed opens again, and a change of any part is noticed.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "seal.h"

#define LETTER_ROOM 4096

/* A sealed letter for two recipients, with all keys. */
struct sealed {
    struct sch_key_pair sign, practice, nurse, stranger, other_sign;
    struct sch_key practice_key, nurse_key;
    struct sch_seal_to to[2];
    struct sch_seal seal;
    uint8_t header[64];
    uint8_t letter[LETTER_ROOM];
    size_t letter_size;
    uint8_t body[LETTER_ROOM + 1024];
    size_t body_size;
};

static struct sch_bytes header_of(const struct sealed *s)
{
    return (struct sch_bytes){ s->header, sizeof s->header };
}

static struct sch_bytes body_of(const struct sealed *s)
{
    return (struct sch_bytes){ s->body, s->body_size };
}

static void set_up(struct sealed *s, size_t letter_size)
{
    memset(s, 0, sizeof *s);
    assert_int_equal(sch_key_pair_new(&s->sign, SCH_KEY_SIGN), SCH_OK);
    assert_int_equal(sch_key_pair_new(&s->other_sign, SCH_KEY_SIGN), SCH_OK);
    assert_int_equal(sch_key_pair_new(&s->practice, SCH_KEY_SEAL), SCH_OK);
    assert_int_equal(sch_key_pair_new(&s->nurse, SCH_KEY_SEAL), SCH_OK);
    assert_int_equal(sch_key_pair_new(&s->stranger, SCH_KEY_SEAL), SCH_OK);
    strcpy(s->practice_key.id, "linde-seal");
    strcpy(s->nurse_key.id, "linde-poh-seal");
    memcpy(s->practice_key.public_key, s->practice.public_key, 32);
    memcpy(s->nurse_key.public_key, s->nurse.public_key, 32);
    strcpy(s->to[0].address.text, "agb:01234567");
    strcpy(s->to[1].address.text, "agb:01234567/poh-ggz");
    s->to[0].key = &s->practice_key;
    s->to[1].key = &s->nurse_key;
    randombytes_buf(s->header, sizeof s->header);
    randombytes_buf(s->letter, letter_size);
    s->letter_size = letter_size;
    assert_int_equal(sch_seal_make(&s->seal, s->body, &s->body_size, header_of(s),
                                   (struct sch_bytes){ s->letter, letter_size }, s->to, 2, "rand-sign",
                                   s->sign.secret_key, NULL),
                     SCH_OK);
}

static int verify(const struct sealed *s)
{
    return sch_seal_verify(&s->seal, header_of(s), body_of(s), s->sign.public_key);
}

static int open_as(const struct sealed *s, const char *address, const struct sch_key_pair *pair,
                   uint8_t *letter,
                   size_t *size)
{
    return sch_seal_open(&s->seal, header_of(s), body_of(s), address, pair->public_key, pair->secret_key,
                         letter,
                         size, NULL);
}

static int open_practice(const struct sealed *s)
{
    uint8_t letter[LETTER_ROOM + 512];
    size_t size;
    return open_as(s, "agb:01234567", &s->practice, letter, &size);
}

static void every_recipient_opens(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 511, 512, 513, 2300, LETTER_ROOM - 1 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct sealed s;
        uint8_t letter[LETTER_ROOM + 512];
        size_t size = 0;
        set_up(&s, sizes[i]);
        assert_int_equal(s.body_size, sch_seal_body_size(sch_seal_padded_size(sizes[i])));
        assert_int_equal(verify(&s), SCH_OK);
        assert_int_equal(open_as(&s, "agb:01234567", &s.practice, letter, &size), SCH_OK);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(letter, s.letter, size);
        memset(letter, 0, sizeof letter);
        assert_int_equal(open_as(&s, "agb:01234567/poh-ggz", &s.nurse, letter, &size), SCH_OK);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(letter, s.letter, size);
    }
}

static void padding_hides_the_length(void **state)
{
    (void)state;
    assert_int_equal(sch_seal_padded_size(1), 512);
    assert_int_equal(sch_seal_padded_size(511), 512);
    assert_int_equal(sch_seal_padded_size(512), 1024);
    assert_int_equal(sch_seal_body_size(512), 552);
}

static void strangers_do_not_open(void **state)
{
    (void)state;
    struct sealed s;
    uint8_t letter[LETTER_ROOM + 512];
    size_t size;
    set_up(&s, 100);
    assert_int_equal(open_as(&s, "agb:01234567", &s.stranger, letter, &size), SCH_E_LETTER_OPEN);
    assert_int_equal(open_as(&s, "agb:01234567", &s.nurse, letter, &size), SCH_E_LETTER_OPEN);
    assert_int_equal(open_as(&s, "agb:07654321", &s.practice, letter, &size), SCH_E_LETTER_OPEN);
}

/* ---- tampering: each case changes one thing ------------------------------------------------------- */

static void every_header_bit_counts(void **state)
{
    (void)state;
    struct sealed s;
    set_up(&s, 100);
    for (size_t bit = 0; bit < 8 * sizeof s.header; bit++) {
        s.header[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(verify(&s), SCH_E_SIGNATURE);
        assert_int_equal(open_practice(&s), SCH_E_LETTER_FALSE);
        s.header[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_int_equal(verify(&s), SCH_OK);
    struct sch_bytes shorter = { s.header, sizeof s.header - 1 };
    assert_int_equal(sch_seal_verify(&s.seal, shorter, body_of(&s), s.sign.public_key), SCH_E_SIGNATURE);
}

static void every_body_bit_counts(void **state)
{
    (void)state;
    struct sealed s;
    set_up(&s, 100);
    for (size_t bit = 0; bit < 8 * s.body_size; bit++) {
        s.body[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(verify(&s), SCH_E_SIGNATURE);
        assert_int_equal(open_practice(&s), SCH_E_LETTER_FALSE);
        s.body[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_int_equal(open_practice(&s), SCH_OK);
    s.body_size--;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    assert_int_equal(open_practice(&s), SCH_E_LETTER_FALSE);
}

static void stanzas_cannot_be_touched(void **state)
{
    (void)state;
    struct sealed s;
    set_up(&s, 100);
    struct sch_seal good = s.seal;

    struct sch_stanza first = s.seal.stanza[0];
    s.seal.stanza[0] = s.seal.stanza[1];
    s.seal.stanza[1] = first;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    assert_int_equal(open_practice(&s), SCH_E_LETTER_FALSE);

    s.seal = good;
    memcpy(s.seal.stanza[0].sealed_key, good.stanza[1].sealed_key, SCH_STANZA_SIZE);
    memcpy(s.seal.stanza[1].sealed_key, good.stanza[0].sealed_key, SCH_STANZA_SIZE);
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    assert_int_equal(open_practice(&s), SCH_E_LETTER_OPEN);

    s.seal = good;
    s.seal.stanza_count = 1;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.seal = good;
    s.seal.stanza[2] = s.seal.stanza[1];
    s.seal.stanza_count = 3;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.seal = good;
    s.seal.stanza[1].address.text[4] ^= 1;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.seal = good;
    s.seal.stanza[1].key[0] ^= 1;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    for (size_t i = 0; i < SCH_STANZA_SIZE; i++) {
        s.seal = good;
        s.seal.stanza[0].sealed_key[i] ^= 1;
        assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    }
    s.seal = good;
    assert_int_equal(verify(&s), SCH_OK);
}

static void the_rest_of_the_seal_counts(void **state)
{
    (void)state;
    struct sealed s;
    set_up(&s, 100);
    struct sch_seal good = s.seal;
    for (size_t i = 0; i < sizeof s.seal.commitment; i++) {
        s.seal = good;
        s.seal.commitment[i] ^= 0x80;
        assert_int_equal(verify(&s), SCH_E_SIGNATURE);
        assert_int_equal(open_practice(&s), SCH_E_LETTER_FALSE);
    }
    for (size_t i = 0; i < sizeof s.seal.signature; i++) {
        s.seal = good;
        s.seal.signature[i] ^= 0x80;
        assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    }
    s.seal = good;
    s.seal.padded_size += 512;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    assert_int_equal(open_practice(&s), SCH_E_LETTER_FALSE);
    s.seal = good;
    s.seal.padded_size -= 1;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.seal = good;
    s.seal.suite = 2;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.seal = good;
    s.seal.signing_key[0] ^= 1;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.seal = good;
    s.seal.has_letter = false;
    assert_int_equal(verify(&s), SCH_E_SIGNATURE);
    s.seal = good;
    assert_int_equal(sch_seal_verify(&s.seal, header_of(&s), body_of(&s), s.other_sign.public_key),
                     SCH_E_SIGNATURE);
}

/* Who holds the content key can make another body, but not one that fits the commitment and the header. */
static void a_letter_stays_with_its_header(void **state)
{
    (void)state;
    struct sealed one, two;
    set_up(&one, 100);
    two = one;
    two.header[0] ^= 1;
    assert_int_equal(sch_seal_make(&two.seal, two.body, &two.body_size, header_of(&two),
                                   (struct sch_bytes){ two.letter, two.letter_size }, two.to, 2, "rand-sign",
                                   two.sign.secret_key, NULL),
                     SCH_OK);
    assert_int_equal(open_practice(&two), SCH_OK);
    memcpy(two.body, one.body, one.body_size);
    assert_int_equal(open_practice(&two), SCH_E_LETTER_FALSE);
}

static void a_header_alone_is_signed_too(void **state)
{
    (void)state;
    struct sealed s;
    set_up(&s, 100);
    size_t size = 77;
    struct sch_bytes none = { NULL, 0 };
    assert_int_equal(sch_seal_make(&s.seal, NULL, &size, header_of(&s), none, s.to, 2, "rand-sign",
                                   s.sign.secret_key, NULL),
                     SCH_OK);
    assert_int_equal(size, 0);
    assert_false(s.seal.has_letter);
    assert_int_equal(s.seal.stanza_count, 0);
    assert_int_equal(s.seal.padded_size, 0);
    assert_int_equal(sch_seal_verify(&s.seal, header_of(&s), none, s.sign.public_key), SCH_OK);
    assert_int_equal(sch_seal_verify(&s.seal, header_of(&s), (struct sch_bytes){ s.body, 552 },
                                     s.sign.public_key),
                     SCH_E_SIGNATURE);
    s.header[10] ^= 4;
    assert_int_equal(sch_seal_verify(&s.seal, header_of(&s), none, s.sign.public_key), SCH_E_SIGNATURE);
    assert_int_equal(open_practice(&s), SCH_E_LETTER_OPEN);
}

static void the_largest_letter_fits(void **state)
{
    (void)state;
    struct sealed s;
    set_up(&s, 1);
    size_t most = (SCH_BODY_SIZE_MAX - 40) / 512 * 512 - 1;
    uint8_t *letter = malloc(most + 513);
    uint8_t *body = malloc(SCH_BODY_SIZE_MAX);
    uint8_t *opened = malloc(SCH_BODY_SIZE_MAX);
    assert_true(letter != NULL && body != NULL && opened != NULL);
    memset(letter, 'x', most + 1);
    size_t size = 0;
    assert_int_equal(sch_seal_make(&s.seal, body, &size, header_of(&s), (struct sch_bytes){ letter, most },
                                   s.to, 2,
                                   "rand-sign", s.sign.secret_key, NULL),
                     SCH_OK);
    assert_true(size <= SCH_BODY_SIZE_MAX);
    struct sch_bytes sealed = { body, size };
    assert_int_equal(sch_seal_verify(&s.seal, header_of(&s), sealed, s.sign.public_key), SCH_OK);
    assert_int_equal(sch_seal_open(&s.seal, header_of(&s), sealed, "agb:01234567", s.practice.public_key,
                                   s.practice.secret_key, opened, &size, NULL),
                     SCH_OK);
    assert_int_equal(size, most);
    sch_error error = SCH_ERROR_INIT;
    assert_int_equal(sch_seal_make(&s.seal, body, &size, header_of(&s), (struct sch_bytes){ letter,
                                                                                            most + 1 }, s.to,
                                   2, "rand-sign", s.sign.secret_key, &error),
                     SCH_E_TOO_LARGE);
    assert_int_equal(error.code, SCH_E_TOO_LARGE);
    free(letter);
    free(body);
    free(opened);
}

static void an_unusable_key_is_an_error(void **state)
{
    (void)state;
    struct sealed s;
    set_up(&s, 10);
    memset(s.practice_key.public_key, 0, 32);
    assert_int_equal(sch_seal_make(&s.seal, s.body, &s.body_size, header_of(&s),
                                   (struct sch_bytes){ s.letter, 10 }, s.to, 2, "rand-sign",
                                   s.sign.secret_key,
                                   NULL),
                     SCH_E_NO_SEAL_KEY);
}

static void a_resend_has_the_same_hash(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    struct sch_bytes none = { NULL, 0 };
    struct sch_bytes x = { (const uint8_t *)"abc", 3 }, y = { (const uint8_t *)"ab", 2 },
    z = { (const uint8_t *)"c", 1 };
    sch_seal_hash(x, y, z, a);
    sch_seal_hash(x, y, z, b);
    assert_memory_equal(a, b, 32);
    sch_seal_hash(x, y, none, b);
    assert_memory_not_equal(a, b, 32);
    sch_seal_hash(x, none, z, b);
    assert_memory_not_equal(a, b, 32);
    /* The border between the parts counts: "ab" and "c" are not "abc" and nothing. */
    uint8_t c[32];
    sch_seal_hash(y, z, none, a);
    sch_seal_hash(x, none, none, b);
    sch_seal_hash(y, none, z, c);
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(a, c, 32);
}

/* ---- key files ------------------------------------------------------------------------------------ */

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[2][160];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void key_files_come_back(void **state)
{
    (void)state;
    static const char *const name[] = { "", "transport", "sign", "seal" };
    for (enum sch_key_use use = SCH_KEY_TRANSPORT; use <= SCH_KEY_SEAL; use++) {
        struct sch_key_pair pair, back;
        struct stat status;
        sch_error error = SCH_ERROR_INIT;
        assert_int_equal(sch_key_pair_new(&pair, use), SCH_OK);
        assert_int_equal(sch_key_pair_save(&pair, in_folder(name[use]), &error), SCH_OK);
        assert_int_equal(stat(in_folder(name[use]), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        assert_int_equal(sch_key_pair_load(&back, in_folder(name[use]), &error), SCH_OK);
        assert_int_equal(back.use, use);
        assert_memory_equal(back.public_key, pair.public_key, 32);
        assert_memory_equal(back.secret_key, pair.secret_key, use == SCH_KEY_SIGN ? 64 : 32);
        /* Never written over. */
        assert_int_equal(sch_key_pair_save(&back, in_folder(name[use]), &error), SCH_E_KEY_FILE);
    }
    assert_int_equal(access(in_folder("sign.pub"), R_OK), 0);
}

static void write_key(const char *name, const char *text, mode_t mode)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void damaged_key_files_are_refused(void **state)
{
    (void)state;
    struct sch_key_pair pair;
    struct sch_key_pair good;
    char hex[129], text[256];
    assert_int_equal(sch_key_pair_load(&pair, in_folder("absent"), NULL), SCH_E_KEY_FILE);
    assert_int_equal(sch_key_pair_new(&good, SCH_KEY_SIGN), SCH_OK);
    sodium_bin2hex(hex, sizeof hex, good.secret_key, 64);
    snprintf(text, sizeof text, "scharnier-sign-key %s\n", hex);
    write_key("k", text, 0600);
    assert_int_equal(sch_key_pair_load(&pair, in_folder("k"), NULL), SCH_OK);
    write_key("k", text, 0640);
    assert_int_equal(sch_key_pair_load(&pair, in_folder("k"), NULL), SCH_OK);
    write_key("k", text, 0644);
    assert_int_equal(sch_key_pair_load(&pair, in_folder("k"), NULL), SCH_E_KEY_FILE);
    text[40] = text[40] == '0' ? '1' : '0';
    write_key("k", text, 0600);
    assert_int_equal(sch_key_pair_load(&pair, in_folder("k"), NULL), SCH_E_KEY_FILE);
    static const char *const wrong[] = {
        "", "\n", "scharnier-sign-key \n", "scharnier-sign-key 00\n", "scharnier-seal-key zz\n",
        "scharnier-box-key 0000000000000000000000000000000000000000000000000000000000000001\n",
        "scharnier-seal-key 000000000000000000000000000000000000000000000000000000000000000100\n",
        "scharnier-seal-key 0000000000000000000000000000000000000000000000000000000000000001\nmore\n",
        "scharnier-sign-public 0000000000000000000000000000000000000000000000000000000000000001\n"
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_key("k", wrong[i], 0600);
        assert_int_equal(sch_key_pair_load(&pair, in_folder("k"), NULL), SCH_E_KEY_FILE);
    }
    assert_int_equal(sch_key_pair_save(&good, in_folder("absent/k"), NULL), SCH_E_IO);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/sch-seal-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = { "transport", "sign", "seal", "transport.pub", "sign.pub",
                                         "seal.pub", "k" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i]));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recipient_opens),
        cmocka_unit_test(padding_hides_the_length),
        cmocka_unit_test(strangers_do_not_open),
        cmocka_unit_test(every_header_bit_counts),
        cmocka_unit_test(every_body_bit_counts),
        cmocka_unit_test(stanzas_cannot_be_touched),
        cmocka_unit_test(the_rest_of_the_seal_counts),
        cmocka_unit_test(a_letter_stays_with_its_header),
        cmocka_unit_test(a_header_alone_is_signed_too),
        cmocka_unit_test(the_largest_letter_fits),
        cmocka_unit_test(an_unusable_key_is_an_error),
        cmocka_unit_test(a_resend_has_the_same_hash),
        cmocka_unit_test(key_files_come_back),
        cmocka_unit_test(damaged_key_files_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
