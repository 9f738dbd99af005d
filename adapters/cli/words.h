/*
 * words.h: Dutch words for coordinators: what is awaited, how late, which silence. DOMAIN, "The silences".
 *
 * Must not know: printing, the library's handles. Everything here is a value of its arguments.
 */
#ifndef SCH_CLI_WORDS_H
#define SCH_CLI_WORDS_H

#include <scharnier/query.h>

/* What closes E<number>: "bericht na intake". "?" outside 1..15. Constant. */
const char *sch_words_awaited(unsigned expectation);

/*
 * Which silence an open promise is. A promise that cannot be kept before an earlier one counts as the earlier
 * one: a referral that nobody decided on lacks a decision, not also an appointment and a start; and one that
 * was never collected is not "collected, not decided".
 */
enum sch_silence sch_words_silence(const struct sch_unanswered_row *row, bool collected);
/* Was the referral collected, as far as the open promises of its dossier show? */
bool sch_words_collected(const struct sch_unanswered_row *rows, size_t count);
const char *sch_silence_code(enum sch_silence silence);
const char *sch_silence_dutch(enum sch_silence silence);

/* "binnen norm", "nadert norm" (from three quarters of the term), "over norm", "ver over norm" (twice the
 * term); with an announced wait "over norm, aangekondigd" once the norm itself has passed. */
const char *sch_words_term(const struct sch_unanswered_row *row, int64_t now_ms);

#endif
