/*
 * region_sim.h: the region in which simulations and scenarios play: parties, keys, norms and permits.
 *
 * One book, made in memory from the norms and permits of the repository and two directories: utrecht, where
 * everything happens, and gooi, from where somebody looks who may not see it. Keys are numbers that nobody
 * has
 * the secret of; a seal only looks right. So the broker must not verify signatures.
 */
#ifndef SCH_TEST_REGION_SIM_H
#define SCH_TEST_REGION_SIM_H

#include "codec.h"
#include "prng.h"
#include "shell/book.h"

/* A mailbox of the region, the name that people give it, and the transport key that acts for it. */
struct sch_region_party {
    const char *name;                   /* "noordrand/angst" */
    const char *address;
    enum sch_party_kind kind;
    const char *key_id;                 /* NULL: an organisation that has no mailbox of its own */
    const char *signing_key;
};

/* A party by its name, by its address; NULL when there is none. */
const struct sch_region_party *sch_region_sim_named(const char *name);
const struct sch_region_party *sch_region_sim_at(const char *address);

/* A new book; never NULL. Run from the top of the repository: adapters/norms/ is read. */
struct sch_book *sch_region_sim_book(void);
void sch_region_sim_book_free(struct sch_book *book);

/* The same book, but this key is revoked. */
struct sch_book *sch_region_sim_book_revoking(const char *key_id);

/* To whom a message is sealed: the receiver and the copies of its header, but not its sender; how many. */
size_t sch_region_sim_recipients(const struct sch_header *header, struct sch_address to[SCH_RECIPIENTS_MAX]);

/* A seal for a letter of letter_size bytes once padded, 0: without a letter. Returns the size of the body. */
size_t sch_region_sim_seal(const struct sch_book *book, const struct sch_header *header, size_t letter_size,
                           int64_t now_ms, struct sch_prng *prng, struct sch_seal *seal);

/* A UUIDv7 of now_ms. */
struct sch_id sch_region_sim_id(int64_t now_ms, struct sch_prng *prng);

#endif
