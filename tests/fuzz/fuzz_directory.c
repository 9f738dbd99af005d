/*
 * fuzz_directory.c: any bytes as a region's directory.
 *
 * Held: what is accepted is sorted and finds every one of its own parties and keys; what is refused names
 * the file and an error of the list.
 */
#include <assert.h>
#include <string.h>

#include <scharnier/directory.h>

#include "id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parties(const struct sch_directory *directory)
{
    for (size_t i = 0; i < directory->party_count; i++) {
        const struct sch_party *party = &directory->parties[i];
        assert(sch_address_valid(party->address.text));
        assert(party->kind > SCH_PARTY_UNSPECIFIED && party->kind < SCH_PARTY_COUNT);
        assert(sch_directory_party(directory, party->address.text) == party);
        assert(i == 0 || strcmp(party[-1].address.text, party->address.text) < 0);
    }
}

static void check_keys(const struct sch_directory *directory)
{
    for (size_t i = 0; i < directory->key_count; i++) {
        const struct sch_key *key = &directory->keys[i];
        assert(sch_directory_key(directory, key->id) == key);
        assert(i == 0 || strcmp(key[-1].id, key->id) < 0);
        assert(key->acts_for_count <= SCH_ACTS_FOR_MAX);
        (void)sch_key_valid(key, directory->not_after_ms);
        (void)sch_directory_transport(directory, key->public_key);
        (void)sch_directory_seal_key(directory, key->party.text, key->valid_from_ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_directory *directory = sch_directory_parse("f.ini", data, size, &error);
    if (directory == NULL) {
        assert(error.code != SCH_OK && error.text[0] != '\0');
        return 0;
    }
    assert(error.code == SCH_OK);
    assert(directory->region[0] != '\0');
    assert(directory->content_size == size && memcmp(directory->content, data, size) == 0);
    check_parties(directory);
    check_keys(directory);
    sch_directory_free(directory);
    return 0;
}
