/*
 * lives.h: what happens to patients in a year, and who falls silent: drawn from one seed, written into a ledger.
 */
#ifndef YEAR_LIVES_H
#define YEAR_LIVES_H

#include "ledger.h"

/* Draws when adapters are away and when the broker stands still, then lives until there are so many dossiers. */
void lives_draw(struct ledger *ledger, uint64_t seed, int32_t dossiers);

#endif
