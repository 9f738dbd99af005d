/* directory.c: scharnier directory: sign a region's directory with its offline key, and verify one. */
#include "output.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seal.h"

#define PATH_SIZE 4096

/* The region's public key: 64 hex digits, or a file whose last word they are (keygen's .pub). */
static int public_key(const char *text, uint8_t key[32], sch_error *error)
{
    char *content = NULL;
    const char *hex = text;
    size_t size = 0;
    if (strlen(text) != 64) {
        content = sch_cli_read(text, 4096, &size, error);
        if (content == NULL)
            return (int)error->code;
        content[strcspn(content, "\r\n")] = '\0';
        const char *blank = strrchr(content, ' ');
        hex = blank != NULL ? blank + 1 : content;
    }
    size_t bytes = 0;
    const char *end = NULL;
    int code = sodium_hex2bin(key, 32, hex, strlen(hex), NULL, &bytes, &end);
    bool good = code == 0 && bytes == 32 && *end == '\0';
    free(content);
    if (good)
        return SCH_OK;
    return sch_fail(error, SCH_E_KEY_FILE, "%s: is no public key: 64 hex digits, or keygen's .pub file",
                    text);
}

static int write_signature(const char *path, const uint8_t signature[64], sch_error *error)
{
    char name[PATH_SIZE];
    char hex[130];
    int size = snprintf(name, sizeof name, "%s.sig", path);
    if (size < 0 || (size_t)size >= sizeof name)
        return sch_fail(error, SCH_E_USAGE, "the path is too long");
    sodium_bin2hex(hex, 129, signature, 64);
    hex[128] = '\n';
    /* An older signature is of an older content, and goes only once the new one is made. */
    unlink(name);
    return sch_cli_write(name, false, hex, 129, error);
}

int sch_cli_run_directory_sign(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    const char *path = cli->operand[0];
    const char *key_path = sch_cli_option(cli, "key");
    struct sch_key_pair pair = { 0 };
    struct sch_directory *directory = NULL;
    uint8_t signature[64];
    size_t size = 0;
    char *content = sch_cli_read(path, SCH_DIRECTORY_SIZE_MAX, &size, &error);
    if (content == NULL)
        goto out;
    directory = sch_directory_parse(path, (const uint8_t *)content, size, &error);
    if (directory == NULL)
        goto out;
    if (key_path == NULL) {
        (void)sch_fail(&error, SCH_E_USAGE, "--key FILE: the region's secret signing key");
        goto out;
    }
    if (sch_key_pair_load(&pair, key_path, &error) != SCH_OK)
        goto out;
    if (pair.use != SCH_KEY_SIGN) {
        (void)sch_fail(&error, SCH_E_KEY_FILE, "%s: is no signing key", key_path);
        goto out;
    }
    sch_directory_sign((const uint8_t *)content, size, pair.secret_key, signature);
    if (write_signature(path, signature, &error) != SCH_OK)
        goto out;
    if (cli->json)
        (void)sch_json_print("directory",
                             json_pack("{s:s,s:I,s:i,s:i}", "region", directory->region, "serial",
                                       (json_int_t)directory->serial, "parties", (int)directory->party_count,
                                       "keys", (int)directory->key_count));
    else
        printf("%s.sig: region %s, serial %llu, %zu parties, %zu keys\n", path, directory->region,
               (unsigned long long)directory->serial, directory->party_count, directory->key_count);
    sch_cli_next(cli, "lay both files where scharnierd.conf says, then systemctl reload scharnierd");
out:
    sodium_memzero(&pair, sizeof pair);
    sch_directory_free(directory);
    free(content);
    return error.code == SCH_OK ? 0 : sch_cli_fail(cli, &error);
}

int sch_cli_run_directory_verify(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    uint8_t key[32];
    const char *given = sch_cli_option(cli, "key");
    struct sch_directory *directory = NULL;
    if (given == NULL)
        (void)sch_fail(&error, SCH_E_USAGE,
                       "--key: the region's public key, 64 hex digits or keygen's .pub file");
    else if (public_key(given, key, &error) == SCH_OK)
        directory = sch_directory_load(cli->operand[0], key, 0, &error);
    if (directory == NULL)
        return sch_cli_fail(cli, &error);
    char until[SCH_TIME_SIZE];
    if (cli->json)
        (void)sch_json_print("directory", json_pack("{s:s,s:I,s:o,s:i,s:i,s:b}", "region", directory->region,
                                                    "serial", (json_int_t)directory->serial, "not_after",
                                                    sch_time_json(directory->not_after_ms), "parties",
                                                    (int)directory->party_count, "keys",
                                                    (int)directory->key_count, "signed", 1));
    else
        printf("good: region %s, serial %llu, until %s, %zu parties, %zu keys\n", directory->region,
               (unsigned long long)directory->serial, sch_time_utc(directory->not_after_ms, until),
               directory->party_count, directory->key_count);
    sch_directory_free(directory);
    return 0;
}
