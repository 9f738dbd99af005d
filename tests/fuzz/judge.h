/*
 * judge.h: is what a step says lawful? DOMAIN's tables, by the simulation's reading of them, for fuzz_core.
 *
 * Asks tests/sim/oracle_rules.c and tests/year/almanac.c, which know nothing of broker/core. A judgement that
 * fails aborts. Must not know: how events are drawn.
 */
#ifndef FUZZ_JUDGE_H
#define FUZZ_JUDGE_H

#include "step_fixture.h"

/* What f->event did to f->dossier, which was *before; f->effects tell it. default_norms: DOMAIN's terms
 * hold. */
void judge_step(const struct step_fixture *f, const struct sch_dossier *before, bool default_norms);

/* An assertion of a fuzz program: says what was broken, and aborts. */
void judge_broken(const char *what);

#endif
