/*
 * words.h: Dutch words for coordinators: what is awaited, and how it stands against its norm.
 *
 * Which silence a promise is, and its term's state, come with the broker's rows. Must not know: printing, the
 * library's handles. Everything here is a value of its arguments.
 */
#ifndef SCH_CLI_WORDS_H
#define SCH_CLI_WORDS_H

#include <scharnier/query.h>

/* What closes E<number>: "bericht na intake". "?" outside 1..15. Constant. */
const char *sch_words_awaited(unsigned expectation);

#define SCH_WORDS_TERM_SIZE 96

/* Word, shape and dates: "▲ over norm (9 apr)", with an announced wait "● binnen norm (9 apr, aangekondigd 23
 * apr)", put off "…, uitgesteld t/m 1 mei". */
const char *sch_words_term(const struct sch_unanswered_row *row, int64_t now_ms,
                           char text[SCH_WORDS_TERM_SIZE]);

#endif
