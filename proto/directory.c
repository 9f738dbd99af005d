/*
 * directory.c: the signature of a directory, and looking things up in one.
 *
 * Must not know: the form of the file (directory_file.c), sockets, stores, what a party may do.
 */
#include <scharnier/directory.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"

#define HASH_SIZE 32
#define SIGNATURE_DIGITS 128

static const char tag_directory[] = "scharnier.v1.directory";

void sch_directory_free(struct sch_directory *directory)
{
    if (directory == NULL)
        return;
    free(directory->parties);
    free(directory->keys);
    free(directory->content);
    free(directory);
}

/* ---- signature ------------------------------------------------------------------------------------- */

#define SIGNED_SIZE (sizeof tag_directory - 1 + HASH_SIZE)

static void signed_text(const uint8_t *content, size_t size, uint8_t text[SIGNED_SIZE])
{
    memcpy(text, tag_directory, sizeof tag_directory - 1);
    crypto_generichash(text + sizeof tag_directory - 1, HASH_SIZE, content, size, NULL, 0);
}

void sch_directory_sign(const uint8_t *content, size_t size, const uint8_t secret_key[64],
                        uint8_t signature[64])
{
    uint8_t text[SIGNED_SIZE];
    signed_text(content, size, text);
    crypto_sign_detached(signature, NULL, text, sizeof text, secret_key);
}

int sch_directory_verify(const struct sch_directory *directory, const uint8_t region_key[32])
{
    uint8_t text[SIGNED_SIZE];
    signed_text(directory->content, directory->content_size, text);
    if (crypto_sign_verify_detached(directory->signature, text, sizeof text, region_key) != 0)
        return SCH_E_DIRECTORY_FALSE;
    return SCH_OK;
}

/* Reads a whole file of at most max bytes. Gives the bytes to free, or NULL with *error. */
static uint8_t *read_file(const char *path, size_t max, size_t *size, sch_error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
        return NULL;
    }
    uint8_t *bytes = malloc(max + 1);
    if (bytes == NULL) {
        sch_fail(error, SCH_E_NO_MEMORY, "%s: no memory to read it", path);
        goto failed;
    }
    *size = fread(bytes, 1, max + 1, file);
    if (ferror(file)) {
        sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
        goto failed;
    }
    if (*size > max) {
        sch_fail(error, SCH_E_DIRECTORY_FORMAT, "%s: larger than %zu bytes", path, max);
        goto failed;
    }
    fclose(file);
    return bytes;

failed:
    free(bytes);
    fclose(file);
    return NULL;
}

static int read_signature(const char *path, uint8_t signature[64], sch_error *error)
{
    char name[4096];
    int length = snprintf(name, sizeof name, "%s.sig", path);
    if (length < 0 || (size_t)length >= sizeof name)
        return sch_fail(error, SCH_E_IO, "the path of the directory is too long");
    size_t size = 0;
    uint8_t *text = read_file(name, SIGNATURE_DIGITS + 2, &size, error);
    if (text == NULL)
        return SCH_E_IO;
    while (size > SIGNATURE_DIGITS && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    size_t got = 0;
    const char *end = NULL;
    int rc = SCH_OK;
    if (size != SIGNATURE_DIGITS ||
        sodium_hex2bin(signature, 64, (const char *)text, size, NULL, &got, &end) != 0 || got != 64)
        rc = sch_fail(error, SCH_E_DIRECTORY_FORMAT, "%s:1: a signature is %d hexadecimal digits", name,
                      SIGNATURE_DIGITS);
    free(text);
    return rc;
}

struct sch_directory *sch_directory_load(const char *path, const uint8_t region_key[32], int64_t now_ms,
                                         sch_error *error)
{
    size_t size = 0;
    uint8_t *content = read_file(path, SCH_DIRECTORY_SIZE_MAX, &size, error);
    if (content == NULL)
        return NULL;
    struct sch_directory *directory = sch_directory_parse(path, content, size, error);
    free(content);
    if (directory == NULL)
        return NULL;
    if (read_signature(path, directory->signature, error) != SCH_OK)
        goto failed;
    if (sch_directory_verify(directory, region_key) != SCH_OK) {
        sch_fail(error, SCH_E_DIRECTORY_FALSE, "%s: the signature in %s.sig is not the region's", path, path);
        goto failed;
    }
    if (now_ms != 0 && now_ms >= directory->not_after_ms) {
        sch_fail(error, SCH_E_DIRECTORY_OLD, "%s: serial %llu is past its not_after", path,
                 (unsigned long long)directory->serial);
        goto failed;
    }
    return directory;

failed:
    sch_directory_free(directory);
    return NULL;
}

/* ---- look-ups -------------------------------------------------------------------------------------- */

static int match_party(const void *address, const void *party)
{
    return strcmp(address, ((const struct sch_party *)party)->address.text);
}

static int match_key(const void *id, const void *key)
{
    return strcmp(id, ((const struct sch_key *)key)->id);
}

const struct sch_party *sch_directory_party(const struct sch_directory *directory, const char *address)
{
    if (directory->party_count == 0)
        return NULL;
    return bsearch(address, directory->parties, directory->party_count, sizeof *directory->parties,
                   match_party);
}

const struct sch_key *sch_directory_key(const struct sch_directory *directory, const char *id)
{
    if (directory->key_count == 0)
        return NULL;
    return bsearch(id, directory->keys, directory->key_count, sizeof *directory->keys, match_key);
}

const struct sch_key *sch_directory_transport(const struct sch_directory *directory,
                                              const uint8_t public_key[32])
{
    for (size_t i = 0; i < directory->key_count; i++) {
        const struct sch_key *key = &directory->keys[i];
        if (key->use == SCH_KEY_TRANSPORT && memcmp(key->public_key, public_key, sizeof key->public_key) == 0)
            return key;
    }
    return NULL;
}

static const struct sch_key *newest_seal_key(const struct sch_directory *directory, const char *address,
                                             int64_t now_ms)
{
    const struct sch_key *newest = NULL;
    for (size_t i = 0; i < directory->key_count; i++) {
        const struct sch_key *key = &directory->keys[i];
        if (key->use != SCH_KEY_SEAL || !sch_key_acts_for(key, address) || !sch_key_valid(key, now_ms))
            continue;
        if (newest == NULL || key->valid_from_ms >= newest->valid_from_ms)
            newest = key;
    }
    return newest;
}

const struct sch_key *sch_directory_seal_key(const struct sch_directory *directory, const char *address,
                                             int64_t now_ms)
{
    const struct sch_key *key = newest_seal_key(directory, address, now_ms);
    struct sch_address own, organisation;
    if (key != NULL || !sch_address_set(&own, address))
        return key;
    sch_address_organisation(&own, &organisation);
    return newest_seal_key(directory, organisation.text, now_ms);
}

bool sch_key_valid(const struct sch_key *key, int64_t now_ms)
{
    return !key->revoked && now_ms >= key->valid_from_ms && now_ms < key->valid_until_ms;
}

bool sch_key_acts_for(const struct sch_key *key, const char *address)
{
    if (key->use == SCH_KEY_SIGN || key->use == SCH_KEY_SEAL)
        return strcmp(key->party.text, address) == 0;
    for (size_t i = 0; i < key->acts_for_count; i++)
        if (strcmp(key->acts_for[i].text, address) == 0)
            return true;
    return false;
}
