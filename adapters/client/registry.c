/* registry.c: see registry.h. Must not know sockets. */
#include "registry.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

#define SIGNATURE_SIZE 64

/* "<state>/directory-<region>": the signature, then the signed bytes: one file, so that one rename swaps
 * both. */
static void cache_path(const struct sch_registry *registry, size_t region, const char *suffix,
                       char path[PATH_MAX + 64])
{
    snprintf(path, PATH_MAX + 64, "%s/directory-%s%s", registry->config->state,
             registry->config->region[region].name, suffix);
}

/* Parses and verifies. NULL with *error. */
static struct sch_directory *admit(const struct sch_client_region *region, struct sch_bytes content,
                                   struct sch_bytes signature, sch_error *error)
{
    char name[SCH_REGION_MAX + 16];
    snprintf(name, sizeof name, "directory of %s", region->name);
    if (signature.len != SIGNATURE_SIZE) {
        sch_fail(error, SCH_E_DIRECTORY_FALSE, "%s: no signature of 64 bytes", name);
        return NULL;
    }
    struct sch_directory *directory = sch_directory_parse(name, content.ptr, content.len, error);
    if (!directory)
        return NULL;
    memcpy(directory->signature, signature.ptr, SIGNATURE_SIZE);
    if (sch_directory_verify(directory, region->key) != SCH_OK)
        sch_fail(error, SCH_E_DIRECTORY_FALSE, "%s: not signed with the configured region key", name);
    else if (strcmp(directory->region, region->name) != 0)
        sch_fail(error, SCH_E_DIRECTORY_FALSE, "%s: it is of region %s", name, directory->region);
    else
        return directory;
    sch_directory_free(directory);
    return NULL;
}

static struct sch_directory *load_cached(const struct sch_registry *registry, size_t region)
{
    char path[PATH_MAX + 64];
    cache_path(registry, region, "", path);
    FILE *file = fopen(path, "rbe");
    if (!file)
        return NULL;
    struct sch_directory *directory = NULL;
    uint8_t *bytes = malloc(SCH_DIRECTORY_SIZE_MAX + SIGNATURE_SIZE);
    size_t size = bytes ? fread(bytes, 1, SCH_DIRECTORY_SIZE_MAX + SIGNATURE_SIZE, file) : 0;
    if (size > SIGNATURE_SIZE) {
        struct sch_bytes signature = { bytes, SIGNATURE_SIZE };
        struct sch_bytes content = { bytes + SIGNATURE_SIZE, size - SIGNATURE_SIZE };
        directory = admit(&registry->config->region[region], content, signature, NULL);
    }
    free(bytes);
    fclose(file);
    return directory;
}

void sch_registry_init(struct sch_registry *registry, const struct sch_client_config *config)
{
    memset(registry, 0, sizeof *registry);
    registry->config = config;
    for (size_t i = 0; i < config->region_count; i++)
        registry->region[i].directory = load_cached(registry, i);
}

void sch_registry_release(struct sch_registry *registry)
{
    for (size_t i = 0; i < registry->retired_count; i++)
        sch_directory_free(registry->retired[i]);
    registry->retired_count = 0;
}

void sch_registry_close(struct sch_registry *registry)
{
    sch_registry_release(registry);
    for (size_t i = 0; i < SCH_CLIENT_REGIONS_MAX; i++)
        sch_directory_free(registry->region[i].directory);
    memset(registry, 0, sizeof *registry);
}

int sch_registry_find(const struct sch_registry *registry, const char *region)
{
    for (size_t i = 0; registry->config && i < registry->config->region_count; i++) {
        if (strcmp(registry->config->region[i].name, region) == 0)
            return (int)i;
    }
    return -1;
}

static int save_cached(const struct sch_registry *registry, size_t region, sch_error *error)
{
    const struct sch_directory *directory = registry->region[region].directory;
    char path[PATH_MAX + 64], fresh[PATH_MAX + 64];
    cache_path(registry, region, "", path);
    cache_path(registry, region, ".new", fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && sch_file_write(fd, directory->signature, SIGNATURE_SIZE, 0) &&
                sch_file_write(fd, directory->content, directory->content_size, SIGNATURE_SIZE) &&
                fsync(fd) == 0;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    if (good && rename(fresh, path) == 0)
        return sch_file_sync_folder(path, error);
    return sch_fail(error, SCH_E_IO, "%s: %s", fresh, strerror(good ? errno : cause));
}

/* May next take the place of the one before? The same serial must mean the same bytes. */
static int check_successor(const struct sch_directory *now, const struct sch_directory *next, int64_t now_ms,
                           sch_error *error)
{
    if (next->not_after_ms <= now_ms)
        return sch_fail(error, SCH_E_DIRECTORY_OLD, "directory of %s: serial %llu is past its not_after",
                        next->region, (unsigned long long)next->serial);
    if (!now)
        return SCH_OK;
    if (next->serial < now->serial)
        return sch_fail(error, SCH_E_DIRECTORY_OLD, "directory of %s: serial %llu came after %llu",
                        next->region, (unsigned long long)next->serial, (unsigned long long)now->serial);
    if (next->serial == now->serial && (next->content_size != now->content_size ||
                                        memcmp(next->content, now->content, now->content_size) != 0))
        return sch_fail(error, SCH_E_DIRECTORY_FALSE, "directory of %s: two different ones have serial %llu",
                        next->region, (unsigned long long)next->serial);
    return SCH_OK;
}

int sch_registry_take(struct sch_registry *registry, const char *region, struct sch_bytes content,
                      struct sch_bytes signature, int64_t now_ms, sch_error *error)
{
    int position = sch_registry_find(registry, region);
    assert(position >= 0);
    struct sch_registry_region *slot = &registry->region[position];
    if (content.len == 0) {
        return SCH_OK;
    }
    struct sch_directory *next = admit(&registry->config->region[position], content, signature, error);
    if (!next)
        return error ? (int)error->code : (int)SCH_E_DIRECTORY_FALSE;
    int code = check_successor(slot->directory, next, now_ms, error);
    if (code != SCH_OK) {
        sch_directory_free(next);
        return code;
    }
    if (slot->directory && slot->directory->serial == next->serial) {
        sch_directory_free(next);
        return SCH_OK;
    }
    if (slot->directory) {
        /* A caller may hold the old one until its next call; the oldest of many is long out of use. */
        if (registry->retired_count == SCH_CLIENT_REGIONS_MAX) {
            sch_directory_free(registry->retired[0]);
            registry->retired_count--;
            memmove(registry->retired, registry->retired + 1,
                    registry->retired_count * sizeof *registry->retired);
        }
        registry->retired[registry->retired_count++] = slot->directory;
    }
    slot->directory = next;
    return save_cached(registry, (size_t)position, error);
}

/* ---- look-ups ----------------------------------------------------------------------------------- */

static const struct sch_directory *home_of(const struct sch_registry *registry, const char *address,
                                           const struct sch_party **party)
{
    const struct sch_directory *home = NULL;
    *party = NULL;
    for (size_t i = 0; i < registry->config->region_count; i++) {
        const struct sch_directory *directory = registry->region[i].directory;
        const struct sch_party *found = directory ? sch_directory_party(directory, address) : NULL;
        if (!found || strcmp(found->region, directory->region) != 0)
            continue;
        if (home) {                     /* one of them speaks for another's party: which cannot be told here */
            *party = NULL;
            return NULL;
        }
        *party = found;
        home = directory;
    }
    return home;
}

const struct sch_party *sch_registry_party(const struct sch_registry *registry, const char *address)
{
    const struct sch_party *party;
    home_of(registry, address, &party);
    return party;
}

const struct sch_key *sch_registry_key(const struct sch_registry *registry, const char *key_id)
{
    for (size_t i = 0; i < registry->config->region_count; i++) {
        const struct sch_directory *directory = registry->region[i].directory;
        const struct sch_key *key = directory ? sch_directory_key(directory, key_id) : NULL;
        if (key)
            return key;
    }
    return NULL;
}

const struct sch_key *sch_registry_signer(const struct sch_registry *registry, const char *key_id,
                                          const char *sender)
{
    const struct sch_party *party;
    const struct sch_directory *directory = home_of(registry, sender, &party);
    return directory ? sch_directory_key(directory, key_id) : NULL;
}

const struct sch_key *sch_registry_seal_key(const struct sch_registry *registry, const char *address,
                                            int64_t now_ms, sch_error *error)
{
    const struct sch_party *party;
    const struct sch_directory *directory = home_of(registry, address, &party);
    if (!directory) {
        sch_fail(error, SCH_E_UNKNOWN_RECEIVER, "%s is in no directory of this client's regions", address);
        return NULL;
    }
    if (directory->not_after_ms <= now_ms) {
        sch_fail(error, SCH_E_DIRECTORY_OLD, "the directory of %s is past its not_after", directory->region);
        return NULL;
    }
    const struct sch_key *key = sch_directory_seal_key(directory, address, now_ms);
    if (!key)
        sch_fail(error, SCH_E_NO_SEAL_KEY, "%s has no valid seal key", address);
    return key;
}
