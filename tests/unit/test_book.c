/*
 * test_book.c: several directories as one book: each region speaks for its own parties, for nobody else's.
 */
#include "shell/book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#define HEX_A "00000000000000000000000000000000000000000000000000000000000000aa"
#define HEX_B "00000000000000000000000000000000000000000000000000000000000000bb"
#define LINDE "[party agb:01234567]\nname = Praktijk De Linde\nkind = GP_PRACTICE\n"
#define HAVEN "[party agb:94000001]\nname = Praktijk Haven\nkind = GB_GGZ\n"
#define KEY(id, hex, address) "[key " id "]\nuse = transport\npublic = " hex "\nacts_for = " address "\n"

struct fixture {
    char directory[64];
    struct sch_book_source source;
    uint8_t secret[2][64];
    sch_error error;
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_true(sodium_init() >= 0);
    snprintf(f->directory, sizeof f->directory, "/tmp/test_book.XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    static const char *const regions[] = { "utrecht", "gooi" };
    f->source.directory_count = 2;
    for (size_t i = 0; i < 2; i++) {
        crypto_sign_keypair(f->source.directory[i].key, f->secret[i]);
        snprintf(f->source.directory[i].region, sizeof f->source.directory[i].region, "%s", regions[i]);
        snprintf(f->source.directory[i].path, sizeof f->source.directory[i].path, "%s/%s.ini", f->directory,
                 regions[i]);
    }
    snprintf(f->source.norms_path, sizeof f->source.norms_path, "%s/nl.ini", f->directory);
    snprintf(f->source.permits_path, sizeof f->source.permits_path, "%s/permits.ini", f->directory);
    write_file(f->source.norms_path, "[norms]\nid = nl\nversion = 1\n"
                                     "[E2]\nterm = 5\nunit = working_days\nsource = test\nid = nl/E2\n");
    write_file(f->source.permits_path, "[GP_PRACTICE]\nREFERRAL = GB_GGZ\n");
    f->error = (sch_error)SCH_ERROR_INIT;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char path[512];
    for (size_t i = 0; i < 2; i++) {
        unlink(f->source.directory[i].path);
        snprintf(path, sizeof path, "%s.sig", f->source.directory[i].path);
        unlink(path);
    }
    unlink(f->source.norms_path);
    unlink(f->source.permits_path);
    rmdir(f->directory);
    free(f);
    return 0;
}

static void put(struct fixture *f, size_t index, const char *region, unsigned serial, const char *rest)
{
    char text[2048], path[512], hex[129];
    uint8_t signature[64];
    snprintf(text, sizeof text, "[directory]\nregion = %s\nserial = %u\nnot_after = 2030-01-01T00:00:00Z\n%s",
             region, serial, rest);
    write_file(f->source.directory[index].path, text);
    sch_directory_sign((const uint8_t *)text, strlen(text), f->secret[index], signature);
    snprintf(path, sizeof path, "%s.sig", f->source.directory[index].path);
    write_file(path, sodium_bin2hex(hex, sizeof hex, signature, sizeof signature));
}

static struct sch_book *load(struct fixture *f, const struct sch_book *previous)
{
    f->error = (sch_error)SCH_ERROR_INIT;
    return sch_book_load(&f->source, previous, 0, &f->error);
}

static void assert_refused(struct fixture *f, const struct sch_book *previous, enum sch_error_code code,
                           const char *text)
{
    assert_null(load(f, previous));
    assert_int_equal(f->error.code, code);
    if (strstr(f->error.text, text) == NULL)
        fail_msg("%s", f->error.text);
}

static void test_look_up(void **state)
{
    struct fixture *f = *state;
    put(f, 0, "utrecht", 1, LINDE KEY("linde", HEX_A, "agb:01234567"));
    put(f, 1, "gooi", 1, HAVEN KEY("haven", HEX_B, "agb:94000001"));
    struct sch_book *book = load(f, NULL);
    if (book == NULL)
        fail_msg("%s", f->error.text);
    uint8_t public_key[32] = { 0 };
    public_key[31] = 0xbb;
    assert_string_equal(sch_book_party(book, "agb:94000001")->region, "gooi");
    assert_null(sch_book_party(book, "agb:11111111"));
    assert_string_equal(sch_book_key(book, "linde")->acts_for[0].text, "agb:01234567");
    assert_null(sch_book_key(book, "nobody"));
    assert_string_equal(sch_book_transport(book, public_key)->id, "haven");
    public_key[31] = 0xcc;
    assert_null(sch_book_transport(book, public_key));
    assert_string_equal(sch_book_directory(book, "gooi")->region, "gooi");
    assert_null(sch_book_directory(book, "twente"));
    assert_int_equal(book->norms.count, 1);
    sch_book_free(book);
    sch_book_free(NULL);
}

/* A region that lists a key for another region's practice does not get its book. */
static void test_foreign_party(void **state)
{
    struct fixture *f = *state;
    put(f, 0, "utrecht", 1, LINDE KEY("linde", HEX_A, "agb:01234567"));
    put(f, 1, "gooi", 1, HAVEN KEY("haven", HEX_B, "agb:94000001, agb:01234567"));
    assert_null(load(f, NULL));
    assert_int_equal(f->error.code, SCH_E_DIRECTORY_FORMAT);
    put(f, 1, "gooi", 1, HAVEN LINDE KEY("haven", HEX_B, "agb:94000001, agb:01234567"));
    assert_refused(f, NULL, SCH_E_DIRECTORY_FORMAT,
                   "agb:01234567 stands in the directories of utrecht and gooi");
    put(f, 1, "gooi", 1, HAVEN KEY("linde", HEX_B, "agb:94000001"));
    assert_refused(f, NULL, SCH_E_DIRECTORY_FORMAT, "key id linde stands in the directories of");
}

static void test_wrong_region(void **state)
{
    struct fixture *f = *state;
    put(f, 0, "utrecht", 1, LINDE);
    put(f, 1, "twente", 1, HAVEN);
    assert_refused(f, NULL, SCH_E_DIRECTORY_FORMAT, "is the directory of region twente, not of gooi");
}

/* A signature by the other region's key is none. */
static void test_signature(void **state)
{
    struct fixture *f = *state;
    uint8_t swap[64];
    put(f, 0, "utrecht", 1, LINDE);
    memcpy(swap, f->secret[1], sizeof swap);
    memcpy(f->secret[1], f->secret[0], sizeof swap);
    put(f, 1, "gooi", 1, HAVEN);
    assert_refused(f, NULL, SCH_E_DIRECTORY_FALSE, "signature");
}

static void test_serial(void **state)
{
    struct fixture *f = *state;
    put(f, 0, "utrecht", 5, LINDE);
    put(f, 1, "gooi", 7, HAVEN);
    struct sch_book *book = load(f, NULL);
    assert_non_null(book);
    struct sch_book *same = load(f, book);
    assert_non_null(same);
    put(f, 1, "gooi", 6, HAVEN);
    assert_refused(f, book, SCH_E_DIRECTORY_OLD, "serial 6, but 7 is in use");
    sch_book_free(same);
    sch_book_free(book);
}

static void test_not_after(void **state)
{
    struct fixture *f = *state;
    const int64_t end_ms = INT64_C(1893456000000);
    put(f, 0, "utrecht", 1, LINDE);
    put(f, 1, "gooi", 1, HAVEN);
    struct sch_book *book = sch_book_load(&f->source, NULL, end_ms - 1, &f->error);
    assert_non_null(book);
    sch_book_free(book);
    assert_null(sch_book_load(&f->source, NULL, end_ms, &f->error));
    assert_int_equal(f->error.code, SCH_E_DIRECTORY_OLD);
}

static void test_broken_norms(void **state)
{
    struct fixture *f = *state;
    put(f, 0, "utrecht", 1, LINDE);
    put(f, 1, "gooi", 1, HAVEN);
    write_file(f->source.norms_path, "[E99]\nterm = 5\n");
    assert_refused(f, NULL, SCH_E_NORM_FORMAT, "nl.ini:1:");
}

#define BOOK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOK_TEST(test_look_up),
        BOOK_TEST(test_foreign_party),
        BOOK_TEST(test_wrong_region),
        BOOK_TEST(test_signature),
        BOOK_TEST(test_serial),
        BOOK_TEST(test_not_after),
        BOOK_TEST(test_broken_norms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
