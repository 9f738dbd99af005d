/*
 * book.h: all that the broker is told rather than learns: directories, norms, permits. One snapshot.
 *
 * A reload builds a new book beside the old one and swaps them between two turns; a book never changes.
 */
#ifndef SCH_SHELL_BOOK_H
#define SCH_SHELL_BOOK_H

#include <scharnier/directory.h>

#include "core/norm.h"
#include "core/permit.h"

#define SCH_BOOK_DIRECTORIES_MAX 32

struct sch_book {
    struct sch_directory *directory[SCH_BOOK_DIRECTORIES_MAX];  /* one per region */
    size_t directory_count;
    struct sch_norms norms;
    struct sch_permits permits;
};

/* What a book is read from. */
struct sch_book_source {
    struct {
        char region[SCH_REGION_MAX + 1];
        char path[256];
        uint8_t key[32];                /* the region's public Ed25519 key */
    } directory[SCH_BOOK_DIRECTORIES_MAX];
    size_t directory_count;
    char norms_path[256];
    char permits_path[256];
};

/* Gives a book, or NULL with the first error. A directory past its not_after is an error when now_ms > 0; a
 * serial below that of previous (may be NULL) for the same region too (DIRECTORY_OLD). */
struct sch_book *sch_book_load(const struct sch_book_source *source, const struct sch_book *previous,
                               int64_t now_ms, sch_error *error);
void sch_book_free(struct sch_book *book);

/* Look-ups over all directories; NULL when absent. A party counts only in the directory of its own region. */
const struct sch_party *sch_book_party(const struct sch_book *book, const char *address);
const struct sch_key *sch_book_key(const struct sch_book *book, const char *key_id);
const struct sch_key *sch_book_transport(const struct sch_book *book, const uint8_t public_key[32]);
const struct sch_directory *sch_book_directory(const struct sch_book *book, const char *region);

#endif
