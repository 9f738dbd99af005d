/*
 * book.c: loads directories, norms and permits into one snapshot, and looks things up in it.
 *
 * Each region's key vouches for that region's own parties and for nobody else's. A directory's parser sees to
 * it that its keys name its own parties only; here an address or a key id that stands in two directories is
 * refused: otherwise one region could speak for another's practice.
 */
#include "book.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "norm_file.h"
#include "permit_file.h"

/* What no directory alone can show: the same id or address in two of them. */
static int check_apart(const struct sch_directory *one, const struct sch_directory *other, sch_error *error)
{
    for (size_t i = 0; i < one->key_count; i++)
        if (sch_directory_key(other, one->keys[i].id) != NULL)
            return sch_fail(error, SCH_E_DIRECTORY_FORMAT, "key id %s stands in the directories of %s and %s",
                            one->keys[i].id, one->region, other->region);
    for (size_t i = 0; i < one->party_count; i++)
        if (sch_directory_party(other, one->parties[i].address.text) != NULL)
            return sch_fail(error, SCH_E_DIRECTORY_FORMAT, "%s stands in the directories of %s and %s",
                            one->parties[i].address.text, one->region, other->region);
    return SCH_OK;
}

static int check_directory(const struct sch_book *book, const struct sch_directory *directory,
                           const char *region, const char *path, const struct sch_book *previous,
                           sch_error *error)
{
    if (strcmp(directory->region, region) != 0)
        return sch_fail(error, SCH_E_DIRECTORY_FORMAT, "%s: is the directory of region %s, not of %s", path,
                        directory->region, region);
    const struct sch_directory *before = previous == NULL ? NULL : sch_book_directory(previous, region);
    if (before != NULL && directory->serial < before->serial)
        return sch_fail(error, SCH_E_DIRECTORY_OLD, "%s: serial %llu, but %llu is in use", path,
                        (unsigned long long)directory->serial, (unsigned long long)before->serial);
    for (size_t i = 0; i < book->directory_count; i++) {
        int code = check_apart(book->directory[i], directory, error);
        if (code != SCH_OK)
            return code;
    }
    return SCH_OK;
}

static int load_directories(struct sch_book *book, const struct sch_book_source *source,
                            const struct sch_book *previous, int64_t now_ms, sch_error *error)
{
    for (size_t i = 0; i < source->directory_count; i++) {
        const char *path = source->directory[i].path;
        struct sch_directory *directory =
            sch_directory_load(path, source->directory[i].key, now_ms, error);
        if (directory == NULL)
            return SCH_E_DIRECTORY_FORMAT;
        int code = check_directory(book, directory, source->directory[i].region, path, previous, error);
        if (code != SCH_OK) {
            sch_directory_free(directory);
            return code;
        }
        book->directory[book->directory_count++] = directory;
    }
    return SCH_OK;
}

struct sch_book *sch_book_load(const struct sch_book_source *source, const struct sch_book *previous,
                               int64_t now_ms, sch_error *error)
{
    assert(source->directory_count <= SCH_BOOK_DIRECTORIES_MAX);
    struct sch_book *book = calloc(1, sizeof *book);
    if (book == NULL) {
        sch_fail(error, SCH_E_NO_MEMORY, "no memory for the directories");
        return NULL;
    }
    if (load_directories(book, source, previous, now_ms, error) != SCH_OK
        || sch_norm_file_load(source->norms_path, &book->norms, NULL, NULL, error) != SCH_OK
        || sch_permit_file_load(source->permits_path, &book->permits, NULL, NULL, error) != SCH_OK) {
        sch_book_free(book);
        return NULL;
    }
    return book;
}

void sch_book_free(struct sch_book *book)
{
    if (book == NULL)
        return;
    for (size_t i = 0; i < book->directory_count; i++)
        sch_directory_free(book->directory[i]);
    free(book);
}

const struct sch_party *sch_book_party(const struct sch_book *book, const char *address)
{
    const struct sch_party *party = NULL;
    for (size_t i = 0; party == NULL && i < book->directory_count; i++)
        party = sch_directory_party(book->directory[i], address);
    return party;
}

const struct sch_key *sch_book_key(const struct sch_book *book, const char *key_id)
{
    const struct sch_key *key = NULL;
    for (size_t i = 0; key == NULL && i < book->directory_count; i++)
        key = sch_directory_key(book->directory[i], key_id);
    return key;
}

const struct sch_key *sch_book_transport(const struct sch_book *book, const uint8_t public_key[32])
{
    const struct sch_key *key = NULL;
    for (size_t i = 0; key == NULL && i < book->directory_count; i++)
        key = sch_directory_transport(book->directory[i], public_key);
    return key;
}

const struct sch_directory *sch_book_directory(const struct sch_book *book, const char *region)
{
    for (size_t i = 0; i < book->directory_count; i++)
        if (strcmp(book->directory[i]->region, region) == 0)
            return book->directory[i];
    return NULL;
}
