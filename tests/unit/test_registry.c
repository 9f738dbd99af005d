/* test_registry.c: two regions side by side: neither speaks for the other's parties. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "registry.h"

#define NOW_MS INT64_C(1781596800000)

static struct sch_client_config config;
static struct sch_registry registry;
static uint8_t secret[2][64];
static char folder[] = "/tmp/scharnier-registry-XXXXXX";

static int set_up(void **state)
{
    static const char *const name[2] = { "gooi", "utrecht" };

    (void)state;
    memset(&config, 0, sizeof config);
    strcpy(folder, "/tmp/scharnier-registry-XXXXXX");
    if (sodium_init() < 0 || mkdtemp(folder) == NULL)
        return 1;
    strcpy(config.state, folder);
    config.region_count = 2;
    for (size_t i = 0; i < 2; i++) {
        strcpy(config.region[i].name, name[i]);
        config.region[i].has_key = true;
        crypto_sign_keypair(config.region[i].key, secret[i]);
    }
    sch_registry_init(&registry, &config);
    return 0;
}

static int tear_down(void **state)
{
    char path[128];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/directory-%s", folder, config.region[i].name);
        (void)unlink(path);
    }
    sch_registry_close(&registry);
    return rmdir(folder);
}

/* A region's directory, of one party with a signing and a seal key. */
static void take(size_t region, const char *address, char digit)
{
    char hex[2][65] = { { 0 } }, text[1024];
    uint8_t signature[64];
    sch_error error = SCH_ERROR_INIT;
    const char *name = config.region[region].name;
    int size;

    memset(hex[0], digit, 64);
    memset(hex[1], digit + 1, 64);
    size = snprintf(text, sizeof text,
                    "[directory]\nregion = %s\nserial = 1\nnot_after = 2099-01-01\n"
                    "[party %s]\nname = Praktijk\nkind = GP_PRACTICE\n"
                    "[key %s-sign]\nuse = sign\npublic = %s\nparty = %s\n"
                    "[key %s-seal]\nuse = seal\npublic = %s\nparty = %s\n",
                    name, address, name, hex[0], address, name, hex[1], address);
    sch_directory_sign((const uint8_t *)text, (size_t)size, secret[region], signature);
    if (sch_registry_take(&registry, name, (struct sch_bytes){ (uint8_t *)text, (size_t)size },
                          (struct sch_bytes){ signature, sizeof signature }, NOW_MS, &error) != SCH_OK)
        fail_msg("%s", error.text);
}

static void test_each_region_signs_for_its_own(void **state)
{
    (void)state;
    take(0, "agb:01000009", '1');
    take(1, "agb:01000001", '3');
    assert_non_null(sch_registry_signer(&registry, "utrecht-sign", "agb:01000001"));
    assert_non_null(sch_registry_signer(&registry, "gooi-sign", "agb:01000009"));
    assert_null(sch_registry_signer(&registry, "gooi-sign", "agb:01000001"));
    assert_null(sch_registry_signer(&registry, "utrecht-sign", "agb:01000002"));
    assert_non_null(sch_registry_seal_key(&registry, "agb:01000001", NOW_MS, NULL));
}

/* Which of the two is right cannot be told here: the address is nobody's until they agree. */
static void test_address_of_two_regions_is_nobodys(void **state)
{
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    take(1, "agb:01000001", '3');
    assert_non_null(sch_registry_party(&registry, "agb:01000001"));
    take(0, "agb:01000001", '1');
    assert_null(sch_registry_signer(&registry, "gooi-sign", "agb:01000001"));
    assert_null(sch_registry_party(&registry, "agb:01000001"));
    assert_null(sch_registry_seal_key(&registry, "agb:01000001", NOW_MS, &error));
    assert_int_equal(error.code, SCH_E_UNKNOWN_RECEIVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_region_signs_for_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_address_of_two_regions_is_nobodys, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
