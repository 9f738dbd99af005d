/*
 * silence.h: which of the silences of DOMAIN ("Expectations") an open promise is, and how it stands against
 * its norm.
 *
 * A promise that cannot be kept before an earlier one counts as the earlier: a referral that nobody decided
 * on lacks a decision, not also an appointment and a start; and one that was never collected is not
 * "collected, not decided". Must not know: who asks, how it is shown.
 */
#ifndef SCH_CORE_SILENCE_H
#define SCH_CORE_SILENCE_H

#include "dossier.h"

/* SCH_SILENCE_NONE when the instance is not owed. */
enum sch_silence sch_silence_of(const struct sch_dossier *dossier, const struct sch_instance *instance);

/* The silence of the promise that is due first; SCH_SILENCE_NONE when nothing is owed. */
enum sch_silence sch_silence_of_dossier(const struct sch_dossier *dossier);

/* How an owed instance stands at now_ms: the term runs from from_ms to due_ms, an announced wait included. */
enum sch_term sch_silence_term(const struct sch_instance *instance, int64_t now_ms);

#endif
