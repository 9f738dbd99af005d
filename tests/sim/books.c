/*
 * books.c: the directories, norms and permits between which a region changes on the way.
 */
#include <assert.h>
#include <string.h>

#include "region_sim.h"
#include "world.h"

/* Whose transport keys are revoked in turn. */
static const int revoked[] = { 2, 0, 6 };
#define REVOKED (sizeof revoked / sizeof revoked[0])
static_assert(SIM_BOOK_REVOKED + REVOKED == SIM_BOOKS, "every book has its place");

static struct sch_book *books[SIM_BOOKS];

/* Shorter terms from now on; what is owed already keeps its own. */
static void change_norms(struct sch_book *book)
{
    for (size_t i = 0; i < book->norms.count; i++) {
        struct sch_norm *norm = &book->norms.row[i];

        norm->version = 2;
        if (norm->expectation == 2 || norm->expectation == 10)
            norm->term = (uint16_t)(norm->term + 2);
        if (norm->expectation == 4)
            norm->term = 3;
    }
}

/* The same key ids name other keys. */
static void rotate(struct sch_book *book)
{
    for (size_t i = 0; i < book->directory_count; i++)
        for (size_t k = 0; k < book->directory[i]->key_count; k++)
            if (book->directory[i]->keys[k].use == SCH_KEY_TRANSPORT)
                book->directory[i]->keys[k].public_key[0] ^= 0x80;
}

void sim_books_open(void)
{
    for (int i = 0; i < SIM_BOOK_REVOKED; i++)
        books[i] = sch_region_sim_book();
    for (size_t i = 0; i < REVOKED; i++)
        books[SIM_BOOK_REVOKED + i] = sch_region_sim_book_revoking(sim_key_id(revoked[i]));
    change_norms(books[SIM_BOOK_NORMS]);
    memset(books[SIM_BOOK_PERMITS]->permits.allowed, 0xff, sizeof books[SIM_BOOK_PERMITS]->permits.allowed);
    rotate(books[SIM_BOOK_ROTATED]);
}

void sim_books_close(void)
{
    for (int i = 0; i < SIM_BOOKS; i++)
        sch_region_sim_book_free(books[i]);
}

const struct sch_book *sim_book(int number)
{
    return books[number];
}

int sim_book_revokes(int number)
{
    return number >= SIM_BOOK_REVOKED ? revoked[number - SIM_BOOK_REVOKED] : -1;
}
