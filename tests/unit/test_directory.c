/*
 * test_directory.c: reading, signing and searching a directory; what is wrong is named by line.
 */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <scharnier/directory.h>

#define KEY_A "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY_B "2222222222222222222222222222222222222222222222222222222222222222"
#define KEY_C "3333333333333333333333333333333333333333333333333333333333333333"
#define KEY_D "4444444444444444444444444444444444444444444444444444444444444444"
#define KEY_E "5555555555555555555555555555555555555555555555555555555555555555"

#define HEAD "[directory]\nregion = utrecht\nserial = 7\nnot_after = 2027-01-01\n"
#define LINDE "[party agb:01234567]\nname = Praktijk De Linde\nkind = GP_PRACTICE\n"
#define NURSE "[party agb:01234567/poh-ggz]\nname = POH De Linde\nkind = poh-ggz\n"

static const char sample[] =
    "; a region for tests\n" HEAD "\n" LINDE NURSE
    "[party agb:06290713]\nname = GGZ Noordrand\nkind = S_GGZ\nregion = utrecht\n"
    "[key linde-transport]\nuse = transport\npublic = " KEY_A "\n"
    "acts_for = agb:01234567,\n  agb:01234567/poh-ggz\n"
    "valid_from = 2026-01-01\nvalid_until = 2027-01-01T12:00:00Z\n"
    "[key linde-sign]\nuse = sign\npublic = " KEY_B "\nparty = agb:01234567\ngp = yes\n"
    "[key linde-seal-1]\nuse = seal\npublic = " KEY_C "\nparty = agb:01234567\nvalid_from = 2026-01-01\n"
    "[key linde-seal-2]\nuse = seal\npublic = " KEY_D "\nparty = agb:01234567\nvalid_from = 2026-06-01\n"
    "[key noordrand-seal]\nuse = seal\npublic = " KEY_E "\nparty = agb:06290713\nrevoked = yes\n";

#define DAY INT64_C(86400000)
#define JAN_2026 (INT64_C(1767225600) * 1000)

static struct sch_directory *parse(const char *text, sch_error *error)
{
    return sch_directory_parse("regio.ini", (const uint8_t *)text, strlen(text), error);
}

static void a_directory_is_read(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    struct sch_directory *d = parse(sample, &error);
    if (d == NULL)
        fail_msg("%s", error.text);
    assert_string_equal(d->region, "utrecht");
    assert_int_equal(d->serial, 7);
    assert_int_equal(d->not_after_ms, JAN_2026 + 365 * DAY);
    assert_int_equal(d->party_count, 3);
    assert_int_equal(d->key_count, 5);
    assert_int_equal(d->content_size, sizeof sample - 1);
    assert_memory_equal(d->content, sample, sizeof sample - 1);

    const struct sch_party *party = sch_directory_party(d, "agb:01234567/poh-ggz");
    assert_non_null(party);
    assert_int_equal(party->kind, SCH_PARTY_POH_GGZ);
    assert_string_equal(party->region, "utrecht");
    assert_string_equal(party->name, "POH De Linde");
    assert_null(sch_directory_party(d, "agb:01234568"));

    const struct sch_key *key = sch_directory_key(d, "linde-transport");
    assert_non_null(key);
    assert_int_equal(key->use, SCH_KEY_TRANSPORT);
    assert_int_equal(key->acts_for_count, 2);
    assert_true(sch_key_acts_for(key, "agb:01234567"));
    assert_true(sch_key_acts_for(key, "agb:01234567/poh-ggz"));
    assert_false(sch_key_acts_for(key, "agb:06290713"));
    assert_false(sch_key_acts_for(key, "agb:0123456"));
    assert_true(sch_key_valid(key, JAN_2026));
    assert_false(sch_key_valid(key, JAN_2026 - 1));
    assert_true(sch_key_valid(key, JAN_2026 + 365 * DAY + DAY / 2 - 1));
    assert_false(sch_key_valid(key, JAN_2026 + 365 * DAY + DAY / 2));
    assert_true(sch_directory_key(d, "linde-sign")->gp);
    assert_true(sch_key_acts_for(sch_directory_key(d, "linde-sign"), "agb:01234567"));
    assert_false(sch_key_valid(sch_directory_key(d, "noordrand-seal"), JAN_2026));
    assert_null(sch_directory_key(d, "linde"));

    uint8_t bytes[32];
    memset(bytes, 0x11, sizeof bytes);
    assert_ptr_equal(sch_directory_transport(d, bytes), key);
    memset(bytes, 0x22, sizeof bytes);                          /* a sign key is no transport key */
    assert_null(sch_directory_transport(d, bytes));
    sch_directory_free(d);
}

static void the_newest_valid_seal_key_is_found(void **state)
{
    (void)state;
    struct sch_directory *d = parse(sample, NULL);
    assert_non_null(d);
    const struct sch_key *key = sch_directory_seal_key(d, "agb:01234567", JAN_2026 + 10 * DAY);
    assert_string_equal(key->id, "linde-seal-1");
    key = sch_directory_seal_key(d, "agb:01234567", JAN_2026 + 200 * DAY);
    assert_string_equal(key->id, "linde-seal-2");
    /* The nurse has none of her own and inherits the practice's. */
    key = sch_directory_seal_key(d, "agb:01234567/poh-ggz", JAN_2026 + 200 * DAY);
    assert_string_equal(key->id, "linde-seal-2");
    assert_null(sch_directory_seal_key(d, "agb:01234567", JAN_2026 - 1));
    assert_null(sch_directory_seal_key(d, "agb:06290713", JAN_2026 + DAY));
    assert_null(sch_directory_seal_key(d, "not an address", JAN_2026));
    sch_directory_free(d);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } wrong[] = {
        { LINDE, "there is no section [directory]" },
        { "x = 1\n" HEAD, "regio.ini:1: " },
        { HEAD HEAD, "regio.ini:5: [directory] stands twice" },
        { "[directory]\nregion = utrecht\nserial = 7\n", "[directory] has no line not_after" },
        { "[directory]\nregion = Utrecht\n", "regio.ini:2: \"Utrecht\" is no region code" },
        { "[directory]\nserial = 0\n", "regio.ini:2: serial" },
        { "[directory]\nserial = -1\n", "regio.ini:2: serial" },
        { "[directory]\nserial = 7\nserial = 8\n", "regio.ini:3: \"serial\" is given twice" },
        { "[directory]\nregion = utrecht\n  gelderland\n", "regio.ini:3: region takes one line" },
        { "[directory]\nnot_after = 2026-02-30\n", "regio.ini:2: not_after" },
        { "[directory]\nnot_aftr = 2026-02-20\n",
          "regio.ini:2: unknown key \"not_aftr\"; did you mean \"not_after\"?" },
        { HEAD "[prty agb:01234567]\nname = x\n", "regio.ini:5: unknown section" },
        { HEAD "[party agb:1234567]\nname = x\n", "regio.ini:5: \"agb:1234567\" is no address" },
        { HEAD "[party agb:01234567]\nkind = GP_PRACTISE\n",
          "regio.ini:6: unknown kind \"GP_PRACTISE\"; did you mean \"GP_PRACTICE\"?" },
        { HEAD "[party agb:01234567]\nkind = GP_PRACTICE\n",
          "regio.ini:5: party agb:01234567: there is no line name" },
        { HEAD "[party agb:01234567]\nname = x\n", "regio.ini:5: party agb:01234567: there is no line kind" },
        { HEAD "[party agb:01234567]\nname = x\nuse = seal\n", "regio.ini:7: unknown key \"use\"" },
        { HEAD LINDE LINDE, "regio.ini:8: party agb:01234567: stands twice" },
        { HEAD LINDE "region = gelderland\n",
          "regio.ini:5: party agb:01234567: only the directory's own region" },
        { HEAD LINDE "[key A]\nuse = seal\n", "regio.ini:8: \"A\" is no key id" },
        { HEAD LINDE "[key a]\nuse = sael\n", "regio.ini:9: unknown use \"sael\"; did you mean \"seal\"?" },
        { HEAD LINDE "[key a]\nuse = seal\npublic = " KEY_A "1\n",
          "regio.ini:10: public: expected 64 hex digits" },
        { HEAD LINDE "[key a]\nuse = seal\npublic = 11\n", "regio.ini:10: public: expected 64 hex digits" },
        { HEAD LINDE "[key a]\nuse = seal\npublic = " KEY_A "\n",
          "regio.ini:8: key a: there is no line party" },
        { HEAD LINDE "[key a]\nuse = transport\npublic = " KEY_A "\n",
          "regio.ini:8: key a: there is no line acts_for" },
        { HEAD LINDE "[key a]\nuse = transport\npublic = " KEY_A "\nacts_for = ,\n",
          "regio.ini:8: key a: acts_for is empty" },
        { HEAD LINDE "[key a]\nuse = transport\npublic = " KEY_A "\nacts_for = agb:01234567\n"
          "party = agb:01234567\n",
          "regio.ini:8: key a: a transport key has acts_for, not party" },
        { HEAD LINDE "[key a]\nuse = seal\npublic = " KEY_A "\nparty = agb:01234567\n"
          "acts_for = agb:01234567\n",
          "regio.ini:8: key a: a sign or seal key has party, not acts_for" },
        { HEAD LINDE "[key a]\nuse = seal\npublic = " KEY_A "\nparty = agb:01234567\ngp = yes\n",
          "regio.ini:8: key a: only a sign key can be marked gp" },
        { HEAD LINDE "[key a]\nuse = seal\npublic = " KEY_A "\nparty = agb:01234567\ngp = maybe\n",
          "regio.ini:12: gp" },
        { HEAD LINDE "[key a]\nuse = seal\npublic = " KEY_A "\nparty = agb:07777777\n",
          "regio.ini:8: key a: there is no party agb:07777777" },
        { HEAD LINDE "[key a]\nuse = transport\npublic = " KEY_A "\nacts_for = agb:01234567, agb:07777777\n",
          "regio.ini:8: key a: acts_for names an unknown party agb:07777777" },
        { HEAD LINDE "[key a]\nuse = transport\npublic = " KEY_A "\nacts_for = agb:01234567, x\n",
          "regio.ini:11: \"x\" in acts_for is no address" },
        { HEAD LINDE "[key a]\nuse = transport\npublic = " KEY_A "\nacts_for = agb:01234567, agb:01234567\n",
          "regio.ini:11: agb:01234567 stands twice in acts_for" },
        { HEAD LINDE "[key a]\nuse = seal\npublic = " KEY_A "\nparty = agb:01234567\n"
          "valid_from = 2027-01-01\nvalid_until = 2026-01-01\n",
          "regio.ini:8: key a: valid_until is not after valid_from" },
        { HEAD LINDE "[key a]\nuse = seal\npublic = " KEY_A "\nparty = agb:01234567\n"
          "[key a]\nuse = seal\npublic = " KEY_B "\nparty = agb:01234567\n",
          "regio.ini:12: key a: stands twice" },
        { HEAD LINDE "[key a]\nuse = seal\npublic = " KEY_A "\nparty = agb:01234567\n"
          "[key b]\nuse = seal\npublic = " KEY_A "\nparty = agb:01234567\n", "has the same public key as" },
        { HEAD LINDE "[key a]\nuse = seal\nparty = agb:01234567\npublic = "
          "0000000000000000000000000000000000000000000000000000000000000000\n",
          "regio.ini:8: key a: public is all zeros" },
        { HEAD "[party agb:01234567]\nname = De \xff Linde\n", "regio.ini:6: " },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sch_error error = SCH_ERROR_INIT;
        struct sch_directory *d = parse(wrong[i].text, &error);
        if (d != NULL || strstr(error.text, wrong[i].message) == NULL)
            fail_msg("case %zu: expected \"%s\", got \"%s\"", i, wrong[i].message, error.text);
        assert_int_equal(error.code, SCH_E_DIRECTORY_FORMAT);
    }
}

/* ---- limits ---------------------------------------------------------------------------------------- */

/* A directory with this many parties, and this many keys of the first one. */
static char *build(size_t parties, size_t keys)
{
    char *text = malloc(sizeof HEAD + parties * 64 + keys * 140);
    assert_non_null(text);
    char *p = text + sprintf(text, "%s", HEAD);
    for (size_t i = 0; i < parties; i++)
        p += sprintf(p, "[party agb:%08zu]\nname=p\nkind=S_GGZ\n", i);
    for (size_t i = 0; i < keys; i++)
        p += sprintf(p, "[key k%zu]\nuse=seal\npublic=%064zx\nparty=agb:00000000\n", i, i + 1);
    return text;
}

static bool accepted(const char *text, const char *message)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_directory *d = parse(text, &error);
    bool good = d != NULL;
    if (!good && (message == NULL || strstr(error.text, message) == NULL))
        fail_msg("unexpected: %s", error.text);
    sch_directory_free(d);
    return good;
}

static void limits_hold(void **state)
{
    (void)state;
    char *text = build(SCH_PARTIES_MAX, 1);
    assert_true(accepted(text, NULL));
    free(text);
    text = build(SCH_PARTIES_MAX + 1, 1);
    assert_false(accepted(text, "more than 16384 parties"));
    free(text);

    char name[SCH_NAME_MAX + 2];
    char one[512];
    memset(name, 'n', sizeof name);
    name[SCH_NAME_MAX] = '\0';
    snprintf(one, sizeof one, HEAD "[party agb:01234567]\nkind=S_GGZ\nname=%s\n", name);
    assert_true(accepted(one, NULL));
    name[SCH_NAME_MAX] = 'n';
    name[SCH_NAME_MAX + 1] = '\0';
    snprintf(one, sizeof one, HEAD "[party agb:01234567]\nkind=S_GGZ\nname=%s\n", name);
    assert_false(accepted(one, "a name has 1 to 95 bytes"));

    snprintf(one, sizeof one, HEAD LINDE "[key %.*s]\nuse=seal\npublic=" KEY_A "\nparty=agb:01234567\n",
             SCH_KEY_ID_MAX, name);
    assert_true(accepted(one, NULL));
    snprintf(one, sizeof one, HEAD LINDE "[key %.*s]\nuse=seal\npublic=" KEY_A "\nparty=agb:01234567\n",
             SCH_KEY_ID_MAX + 1, name);
    assert_false(accepted(one, "is no key id"));
    snprintf(one, sizeof one, "[directory]\nregion=%.*s\nserial=1\nnot_after=2027-01-01\n", SCH_REGION_MAX,
             name);
    assert_true(accepted(one, NULL));
    snprintf(one, sizeof one, "[directory]\nregion=%.*s\nserial=1\nnot_after=2027-01-01\n",
             SCH_REGION_MAX + 1, name);
    assert_false(accepted(one, "is no region code"));

    for (size_t count = SCH_ACTS_FOR_MAX; count <= SCH_ACTS_FOR_MAX + 1; count++) {
        text = build(count, 0);
        char *whole = malloc(strlen(text) + 1024);
        assert_non_null(whole);
        char *p = whole + sprintf(whole, "%s[key t]\nuse=transport\npublic=" KEY_A "\nacts_for=", text);
        for (size_t i = 0; i < count; i++)
            p += sprintf(p, "agb:%08zu,\n ", i);
        sprintf(p, ",\n");
        assert_int_equal(accepted(whole, "acts for at most 16"), count == SCH_ACTS_FOR_MAX);
        free(whole);
        free(text);
    }
}

static void size_and_keys_are_bounded(void **state)
{
    (void)state;
    /* 65,536 keys do not fit in 4 MiB, so the size is the limit that is met. */
    size_t size = SCH_DIRECTORY_SIZE_MAX + 1;
    uint8_t *text = malloc(size);
    assert_non_null(text);
    memset(text, '\n', size);
    memcpy(text, HEAD, sizeof HEAD - 1);
    struct sch_directory *d = sch_directory_parse("d", text, size - 1, NULL);
    assert_non_null(d);
    sch_directory_free(d);
    assert_null(sch_directory_parse("d", text, size, NULL));
    assert_null(sch_directory_parse("d", text, 0, NULL));
    free(text);
}

/* ---- files ----------------------------------------------------------------------------------------- */

static char path[] = "/tmp/sch-directory-XXXXXX";
static char signature_path[sizeof path + 4];

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void signed_files_are_checked(void **state)
{
    (void)state;
    uint8_t public_key[32], secret[64], other_public[32], other[64], signature[64];
    char hex[129];
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(public_key, secret);
    crypto_sign_keypair(other_public, other);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(signature_path, sizeof signature_path, "%s.sig", path);
    write_file(path, sample, sizeof sample - 1);

    sch_error error = SCH_ERROR_INIT;
    assert_null(sch_directory_load(path, public_key, 0, &error));
    assert_int_equal(error.code, SCH_E_IO);

    sch_directory_sign((const uint8_t *)sample, sizeof sample - 1, secret, signature);
    sodium_bin2hex(hex, sizeof hex, signature, sizeof signature);
    hex[128] = '\n';
    write_file(signature_path, hex, 129);
    struct sch_directory *d = sch_directory_load(path, public_key, JAN_2026, &error);
    assert_non_null(d);
    assert_memory_equal(d->signature, signature, 64);
    assert_int_equal(sch_directory_verify(d, public_key), SCH_OK);
    assert_int_equal(sch_directory_verify(d, other_public), SCH_E_DIRECTORY_FALSE);
    sch_directory_free(d);

    assert_null(sch_directory_load(path, other_public, JAN_2026, &error));
    assert_int_equal(error.code, SCH_E_DIRECTORY_FALSE);
    assert_null(sch_directory_load(path, public_key, JAN_2026 + 365 * DAY, &error));
    assert_int_equal(error.code, SCH_E_DIRECTORY_OLD);

    write_file(signature_path, hex, 127);
    assert_null(sch_directory_load(path, public_key, 0, &error));
    assert_int_equal(error.code, SCH_E_DIRECTORY_FORMAT);

    write_file(signature_path, hex, 129);
    char changed[sizeof sample];
    memcpy(changed, sample, sizeof sample);
    changed[2] = 'A';                                           /* in a comment: every byte is signed */
    write_file(path, changed, sizeof changed - 1);
    assert_null(sch_directory_load(path, public_key, 0, &error));
    assert_int_equal(error.code, SCH_E_DIRECTORY_FALSE);
}

static int remove_files(void **state)
{
    (void)state;
    unlink(path);
    unlink(signature_path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_is_read),
        cmocka_unit_test(the_newest_valid_seal_key_is_found),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(size_and_keys_are_bounded),
        cmocka_unit_test_teardown(signed_files_are_checked, remove_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
